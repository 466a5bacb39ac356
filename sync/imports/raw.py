"""What each format's reader hands on: cells and shapes as the file has them, in the file's own coordinate system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.errors import Code
from sync.imports.sheet import Fault

Objects = NDArray[np.object_]
Mask = NDArray[np.bool_]
Progress = Callable[[int, int], None]

MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
MAX_CELLS = 20_000_000
EXACT_FLOAT = 2**53
"""Whole numbers beyond this have lost digits as floating point."""


@dataclass
class Raw:
    """One layer as read. `shapes` are shapely geometries in `crs`, None where there is none or it was unreadable."""

    layer: str | None
    crs: int | None
    """EPSG code that the file proves, None when it names none."""
    encoding: str | None
    rows: NDArray[np.int64]
    columns: dict[str, Objects]
    shapes: Objects
    geometry_column: str | None
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


def objects(values: Sequence[object]) -> Objects:
    """A one-dimensional object array, whatever the elements are (numpy would unpack sequences)."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def imprecise(rows: NDArray[np.int64], columns: dict[str, Objects], limit: int = EXACT_FLOAT) -> list[Fault]:
    """A fault for each float cell that is a whole number beyond `limit`: digits were lost before we saw it."""
    faults = []
    for name, cells in columns.items():
        if float not in set(map(type, cells)):
            continue
        for index, cell in enumerate(cells):
            if type(cell) is float and not -limit <= cell <= limit:
                faults.append(Fault(Code.IMPORT_NUMBER_IMPRECISE, int(rows[index]), name))
    return faults
