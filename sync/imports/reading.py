"""From a file to a `Sheet`: GeoPackage, GeoJSON, zipped Shapefile, XLSX and CSV, told apart by content, not by name.

One way for all: gate (size, format) → reader (cells and shapes as the file has them) → structure of the outlines →
place on EPSG:4490 → validity. A fault parks its row, a `LedgerError` refuses the file; nothing comes out half read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely

from schemas.errors import Code, LedgerError
from sync.imports import delimited, geojson, geopackage, placing, shapefile, shapes, workbook
from sync.imports.crs import settled
from sync.imports.gate import Format, admitted
from sync.imports.raw import Objects, Progress, Raw
from sync.imports.sheet import Fault, ReadOptions, Repair, Sheet

_DEFAULTS = ReadOptions()
_READERS: dict[Format, Callable[[Path, ReadOptions, Progress], Raw]] = {
    Format.GEOPACKAGE: geopackage.read,
    Format.GEOJSON: geojson.read,
    Format.SHAPEFILE: shapefile.read,
    Format.WORKBOOK: workbook.read,
    Format.DELIMITED: delimited.read,
}
_NO_CRS = {
    Format.GEOPACKAGE: "undefined in the GeoPackage",
    Format.GEOJSON: "",
    Format.SHAPEFILE: "no .prj",
    Format.WORKBOOK: "a table has none",
    Format.DELIMITED: "a table has none",
}


def read_sheet(path: Path, options: ReadOptions = _DEFAULTS, progress: Progress | None = None) -> Sheet:
    """Read one layer of `path`; `progress(done, total)` counts rows.

    Raises LedgerError (codes `import_*`) when the whole file is refused; faults of single rows stand in the sheet.
    """
    kind, sha256 = admitted(path)
    before = path.stat()
    raw = _READERS[kind](path, options, progress or _silent)
    after = path.stat()
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="it was changed while it was read")
    crs, geometries, faults, repairs, warnings = _outlines(raw, options, _NO_CRS[kind])
    faults = [*raw.faults, *faults]
    if options.geometry_required:
        faults += _bare(raw, geometries, faults)
    return Sheet(
        source=path.name,
        sha256=sha256,
        layer=raw.layer,
        crs=crs,
        encoding=raw.encoding,
        rows=raw.rows,
        columns=raw.columns,
        geometries=_without(geometries, raw, faults),
        faults=tuple(sorted(faults, key=lambda fault: fault.row or 0)),
        repairs=tuple(repairs),
        warnings=(*raw.warnings, *warnings),
    )


def _outlines(
    raw: Raw, options: ReadOptions, no_crs: str
) -> tuple[int | None, Objects, list[Fault], list[Repair], list[Fault]]:
    """Checked, placed and valid outlines with all that was found; a system is asked for only where there are any."""
    column = raw.geometry_column
    shaped = shapes.structured(raw.shapes, raw.rows, column)
    if shapely.is_missing(shaped.geometries).all():
        return raw.crs, shaped.geometries, list(shaped.faults), [], list(shaped.warnings)
    crs = settled(raw.crs, options.crs, no_crs)
    placed = placing.placed(shaped.geometries, crs, raw.rows, column)
    valid = shapes.valid(placed.geometries, raw.rows, column)
    faults = [*shaped.faults, *placed.faults, *valid.faults]
    return crs, valid.geometries, faults, list(valid.repairs), [*shaped.warnings, *placed.warnings, *valid.warnings]


def _bare(raw: Raw, geometries: Objects, faults: list[Fault]) -> list[Fault]:
    """A fault for each row without an outline that no other fault explains (M13)."""
    known = {fault.row for fault in faults}
    rows = raw.rows[shapely.is_missing(geometries)]
    return [Fault(Code.IMPORT_GEOMETRY_MISSING, int(row), raw.geometry_column) for row in rows if int(row) not in known]


def _without(geometries: Objects, raw: Raw, faults: list[Fault]) -> Objects:
    """Geometries with None for every parked row, so that nobody totals one by mistake."""
    parked = np.isin(raw.rows, [fault.row for fault in faults if fault.row is not None])
    kept = geometries.copy()
    kept[parked] = None
    return kept


def _silent(done: int, total: int) -> None:
    del done, total
