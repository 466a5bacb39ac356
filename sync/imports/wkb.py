"""Shapes from well-known binary, with a fault by name for what shapely cannot hold: curves, surfaces, damaged bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from schemas.errors import Code
from sync.imports.raw import Objects, objects
from sync.imports.sheet import Fault

_CURVED = {
    8: "CIRCULARSTRING",
    9: "COMPOUNDCURVE",
    10: "CURVEPOLYGON",
    11: "MULTICURVE",
    12: "MULTISURFACE",
    13: "CURVE",
    14: "SURFACE",
}
_NO_FLAGS = 0x0FFFFFFF
"""GDAL marks heights with a high bit, ISO with thousands."""
_SOLID = {15: "polyhedral surface", 16: "tin", 17: "triangle"}


def from_wkb(blobs: Sequence[bytes | None], rows: NDArray[np.int64], column: str) -> tuple[Objects, list[Fault]]:
    """Shapes (None where there is none, or where a fault says why not). Curves are refused, not approximated:

    how finely a curve is cut decides an area, and that decision is the surveyor's.
    """
    faults = []
    plain = list(blobs)
    for index in np.flatnonzero(~_plain(blobs)):
        blob = plain[index]
        if blob is None:
            continue
        kind = _kind(blob)
        row = int(rows[index])
        if 1 <= kind <= 7:
            continue  # big-endian: rare, and read all the same
        plain[index] = None
        if kind in _CURVED:
            faults.append(Fault(Code.IMPORT_GEOMETRY_CURVED, row, column, {"found": _CURVED[kind]}))
        elif kind in _SOLID:
            faults.append(Fault(Code.IMPORT_GEOMETRY_NOT_POLYGON, row, column, {"found": _SOLID[kind]}))
        else:
            faults.append(Fault(Code.IMPORT_GEOMETRY_UNREADABLE, row, column, {"reason": "damaged bytes"}))
    with np.errstate(invalid="ignore"):  # NaN coordinates are looked for later
        shapes = shapely.from_wkb(objects(plain), on_invalid="ignore")
    given = np.array([blob is not None for blob in plain], dtype=bool)
    for index in np.flatnonzero(given & shapely.is_missing(shapes)):
        faults.append(
            Fault(Code.IMPORT_GEOMETRY_UNREADABLE, int(rows[index]), column, {"reason": "damaged bytes or open rings"})
        )
    return shapes, faults


def _plain(blobs: Sequence[bytes | None]) -> NDArray[np.bool_]:
    """Which are little-endian and of a type from point to collection, whatever their dimensions."""
    if not len(blobs):
        return np.zeros(0, dtype=bool)
    heads = b"".join([blob[:5] if blob is not None and len(blob) >= 5 else b"\0\0\0\0\0" for blob in blobs])
    kinds = np.frombuffer(heads, dtype=np.dtype([("order", "u1"), ("kind", "<u4")]))
    kind = (kinds["kind"] & _NO_FLAGS) % 1000
    return np.asarray((kinds["order"] == 1) & (kind >= 1) & (kind <= 7))


def _kind(blob: bytes) -> int:
    """The type without its dimensions, 0 where there is none to read."""
    if len(blob) < 5 or blob[0] > 1:
        return 0
    return (int.from_bytes(blob[1:5], "little" if blob[0] else "big") & _NO_FLAGS) % 1000
