"""What a file of an office holds, once read: typed columns, outlines in EPSG:4490, and every fault by row and column.

The border between the two halves of an import: `reading.read_sheet` makes a `Sheet`; the mapping, the plan and the
commit use it. Nothing here decides what a column means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.errors import Code, Detail, LedgerError

Cell = str | int | float | None
"""A cell as the file gives it: text stays text ("0601" keeps its zero), dates are ISO text, nothing is None."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong, by its code. `row` as a person counts there, None for the whole file."""

    code: Code
    row: int | None = None
    column: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)

    def text(self, language: str = "zh") -> str:
        """The catalogue's message in `zh` or `en`, without row and column."""
        return LedgerError(self.code, **self.details).text(language)


@dataclass(frozen=True, slots=True)
class Repair:
    """An outline made valid; `what` is the reason as GEOS words it. Areas in m², ellipsoidal."""

    row: int
    what: str
    area_before_m2: float
    area_after_m2: float


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the office says about a file. It overrides nothing that the file itself says; a contradiction is refused."""

    layer: str | None = None
    """Layer of a GeoPackage, shapefile inside a zip, or sheet of a workbook; needed only when there are several."""
    crs: int | None = None
    """EPSG code, for files that carry none: CSV, XLSX, a shapefile without .prj."""
    encoding: str | None = None
    """`utf-8` or `gb18030`, for CSV and shapefiles; found out when None."""
    geometry_column: str | None = None
    """Column with WKT in CSV and XLSX; headings such as `wkt` are found when None."""
    header_row: int = 1
    """Row of the headings in CSV and XLSX; titles above it are not read."""
    geometry_required: bool = False
    """Whether a row without an outline is parked (M13) rather than kept with None."""


@dataclass(frozen=True)
class Sheet:
    """One layer of one file. Arrays run alongside each other, one element a row, in the order of the file."""

    source: str
    """The file's name without its folder."""
    sha256: str
    layer: str | None
    crs: int | None
    """EPSG code as found; None where no row has an outline."""
    encoding: str | None
    rows: NDArray[np.int64]
    """Row numbers as a person counts: heading = 1 in CSV and XLSX; feature id in a GeoPackage; 1, 2, … elsewhere."""
    columns: Mapping[str, NDArray[np.object_]]
    geometries: NDArray[np.object_]
    """shapely Polygon or MultiPolygon, EPSG:4490 degrees, longitude first, 2D, valid; None for parked and bare rows."""
    faults: tuple[Fault, ...] = ()
    """A fault parks its row: it makes no entry, and it is counted."""
    repairs: tuple[Repair, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def parked(self) -> frozenset[int]:
        """Row numbers that a fault names."""
        return frozenset(fault.row for fault in self.faults if fault.row is not None)
