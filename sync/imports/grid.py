"""What CSV and XLSX share: a row of headings, then rows of cells, perhaps one column with WKT outlines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from schemas.errors import Code, LedgerError
from schemas.geometry import MAX_VERTICES
from sync.imports.crs import recognised
from sync.imports.raw import MAX_COLUMNS, Objects, Raw
from sync.imports.sheet import Cell, Fault, ReadOptions

WKT_HEADINGS = frozenset({"wkt", "geometry", "geom", "the_geom", "wkt_geom", "shape", "图形", "几何", "坐标串"})
EXCEL_CELL = 32_767
"""Characters that Excel keeps of a cell; what is exactly this long has lost its end."""
_CURVES = re.compile(r"\s*(?:SRID=\d+;)?\s*(CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE)", re.I)
_SRID = re.compile(r"\s*SRID=(\d{1,6});", re.I)


def headings(cells: Sequence[Cell]) -> list[str]:
    """Names of the columns. Empty cells at the right end are left off.

    Raises LedgerError(IMPORT_HEADER_INVALID) for none, too many, empty or repeated headings.
    """
    names = ["" if cell is None else str(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise LedgerError(Code.IMPORT_HEADER_INVALID, reason="no headings")
    if len(names) > MAX_COLUMNS:
        raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="columns", limit=MAX_COLUMNS)
    for number, name in enumerate(names, start=1):
        if not name:
            raise LedgerError(Code.IMPORT_HEADER_INVALID, reason=f"column {number} has no heading")
        if len(name) > 200 or not name.isprintable():
            raise LedgerError(Code.IMPORT_HEADER_INVALID, reason=f"column {number} has an unreadable heading")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise LedgerError(Code.IMPORT_HEADER_INVALID, reason="twice: " + ", ".join(repeated))
    return names


def with_shapes(raw: Raw, options: ReadOptions) -> Raw:
    """`raw` with its WKT column, if it has one, taken out of the columns and read as shapes.

    Raises LedgerError: IMPORT_HEADER_INVALID when the column that was named is missing or several could be it,
    IMPORT_CRS_CONTRADICTS when rows (EWKT) name different systems.
    """
    name = _wkt_column(list(raw.columns), options)
    if name is None:
        return raw
    shapes, faults, crs = _from_wkt(raw.columns[name], raw.rows, name)
    columns = {heading: cells for heading, cells in raw.columns.items() if heading != name}
    return replace(raw, crs=crs, columns=columns, shapes=shapes, geometry_column=name, faults=raw.faults + faults)


def _wkt_column(names: Sequence[str], options: ReadOptions) -> str | None:
    """The column with outlines: the one named, else the only one with a usual heading."""
    if options.geometry_column is not None:
        if options.geometry_column not in names:
            raise LedgerError(Code.IMPORT_HEADER_INVALID, reason=f"no column {options.geometry_column}")
        return options.geometry_column
    found = [name for name in names if name.lower() in WKT_HEADINGS]
    if len(found) > 1:
        raise LedgerError(Code.IMPORT_HEADER_INVALID, reason="several columns may hold outlines: " + ", ".join(found))
    return found[0] if found else None


def _from_wkt(cells: Objects, rows: NDArray[np.int64], column: str) -> tuple[Objects, list[Fault], int | None]:
    """Shapes, faults, and the EPSG code that EWKT names, if it does."""
    texts = cells.copy()
    faults: list[Fault] = []
    srids: set[int] = set()
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        fault = _refused(cell, int(rows[index]), column)
        if fault is not None:
            faults.append(fault)
            texts[index] = None
        elif cell[:5].upper() == "SRID=" and (match := _SRID.match(cell)):
            srids.add(int(match[1]))
            texts[index] = cell[match.end() :]
    if len(srids) > 1:
        said = ", ".join(f"EPSG:{srid}" for srid in sorted(srids))
        raise LedgerError(Code.IMPORT_CRS_CONTRADICTS, found="several", said=said)
    shapes = shapely.from_wkt(texts, on_invalid="ignore")
    given = np.array([text is not None for text in texts], dtype=bool)
    for at in np.flatnonzero(shapely.is_missing(shapes) & given):
        faults.append(Fault(Code.IMPORT_GEOMETRY_UNREADABLE, int(rows[at]), column, {"reason": "not WKT"}))
    return shapes, faults, recognised(srids.pop()) if srids else None


def _refused(cell: object, row: int, column: str) -> Fault | None:
    """What forbids even to parse a cell: no text, curves, NaN, or so many numbers that it is no parcel."""
    if not isinstance(cell, str):
        return Fault(Code.IMPORT_GEOMETRY_UNREADABLE, row, column, {"reason": "not text"})
    if (vertices := cell.count(",") + 1) > MAX_VERTICES:
        details = {"vertices": vertices, "limit": MAX_VERTICES}
        return Fault(Code.IMPORT_GEOMETRY_TOO_MANY_VERTICES, row, column, details)
    if len(cell) == EXCEL_CELL:
        reason = f"cut off at {EXCEL_CELL} characters"
        return Fault(Code.IMPORT_GEOMETRY_UNREADABLE, row, column, {"reason": reason})
    if match := _CURVES.match(cell):
        return Fault(Code.IMPORT_GEOMETRY_CURVED, row, column, {"found": match[1].upper()})
    numbers = cell.lower()  # no name of a shape has these letters in a row
    if "nan" in numbers or "inf" in numbers:
        return Fault(Code.IMPORT_GEOMETRY_NOT_FINITE, row, column)
    return None
