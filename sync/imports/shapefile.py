"""A zipped Shapefile: unpacked under names of our own, outlines by GDAL (pyogrio), the table by `dbf.py`.

Zips from Chinese systems name their entries in GB code or UTF-8; only the endings are looked at. GDAL gets nothing but
a .shp and a .shx whose sizes agree with their headers.
"""

from __future__ import annotations

import struct
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pyogrio.raw
from numpy.typing import NDArray

from schemas.errors import Code, LedgerError
from sync.imports import dbf
from sync.imports.crs import recognised
from sync.imports.gate import opened_zip, parsing, unpacked
from sync.imports.raw import MAX_ROWS, Progress, Raw, imprecise
from sync.imports.sheet import ReadOptions
from sync.imports.wkb import from_wkb

_POLYGONS = frozenset({0, 5, 15, 25})
_TYPES = {1: "point", 3: "line", 8: "points", 11: "point", 13: "line", 18: "points", 31: "multipatch"}
_COLUMN = "geometry"


def read(path: Path, options: ReadOptions, progress: Progress) -> Raw:
    """One shapefile of the zip; rows count records from 1.

    Raises LedgerError: IMPORT_ARCHIVE_UNSAFE, IMPORT_FILE_DAMAGED, IMPORT_LAYER_*, IMPORT_CRS_*, _ENCODING_UNKNOWN.
    """
    with opened_zip(path) as archive, tempfile.TemporaryDirectory(prefix="import-") as folder:
        layer, entries = _entries(archive, options.layer)
        shp, shx = Path(folder, "layer.shp"), Path(folder, "layer.shx")
        _unpack(archive, entries[".shp"], shp)
        _unpack(archive, entries[".shx"], shx)
        table = b"".join(unpacked(archive, entries[".dbf"]))
        cpg = b"".join(unpacked(archive, entries[".cpg"])) if ".cpg" in entries else b""
        crs = _crs(b"".join(unpacked(archive, entries[".prj"]))) if ".prj" in entries else None
        count = _count(shp, shx)
        blobs = _blobs(shp, count)
    progress(count // 2, count)
    encoding = options.encoding or cpg.decode("ascii", "replace").strip("\0 \r\n") or None
    cells = dbf.read(table, encoding, count)
    rows = np.flatnonzero(cells.alive).astype(np.int64) + 1
    kept = [blob for blob, alive in zip(blobs, cells.alive, strict=True) if alive]
    shapes, faults = from_wkb(kept, rows, _COLUMN)
    faults += cells.faults + imprecise(rows, cells.columns)
    progress(count, count)
    return Raw(layer, crs, cells.encoding, rows, cells.columns, shapes, _COLUMN, faults)


def _entries(archive: zipfile.ZipFile, wanted: str | None) -> tuple[str, dict[str, str]]:
    """The layer's name and its entries by ending."""
    layers: dict[str, dict[str, str]] = {}
    for info in archive.infolist():
        entry = PurePosixPath(info.filename)
        if entry.parts and entry.parts[0] != "__MACOSX" and not info.is_dir():
            layers.setdefault(str(entry.with_suffix("")), {})[entry.suffix.lower()] = info.filename
    found = {PurePosixPath(stem).name: entries for stem, entries in layers.items() if ".shp" in entries}
    names = sorted(found)
    if wanted is None and len(names) > 1:
        raise LedgerError(Code.IMPORT_LAYER_AMBIGUOUS, layers=names[:20])
    name = wanted if wanted is not None else names[0]
    if name not in found:
        raise LedgerError(Code.IMPORT_LAYER_UNKNOWN, layer=name, layers=names[:20])
    missing = [ending for ending in (".shx", ".dbf") if ending not in found[name]]
    if missing:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="missing beside the .shp: " + ", ".join(missing))
    return name, found[name]


def _unpack(archive: zipfile.ZipFile, entry: str, target: Path) -> None:
    with target.open("wb") as file:
        for chunk in unpacked(archive, entry):
            file.write(chunk)


def _crs(prj: bytes) -> int | None:
    text = prj.decode("utf-8", "replace").lstrip("\ufeff").strip("\0 \r\n\t")
    return recognised(text) if text else None


def _count(shp: Path, shx: Path) -> int:
    """Records, by the index. Sizes must be those that both headers state (in words of two bytes)."""
    for path in (shp, shx):
        with path.open("rb") as file:
            head = file.read(100)
        size = path.stat().st_size
        if len(head) < 100 or head[:4] != b"\0\0\x27\x0a" or struct.unpack(">i", head[24:28])[0] * 2 != size:
            raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"the {path.suffix} is not as long as its header says")
        kind = struct.unpack("<i", head[32:36])[0]
        if kind not in _POLYGONS:
            raise LedgerError(Code.IMPORT_GEOMETRY_NOT_POLYGON, found=_TYPES.get(kind, f"shape type {kind}"))
    count = (shx.stat().st_size - 100) // 8
    if count > MAX_ROWS:
        raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="rows", limit=MAX_ROWS)
    _check_index(shp, shx)
    return count


def _check_index(shp: Path, shx: Path) -> None:
    """Every record must lie inside the file: GDAL would give a missing outline instead of an error."""
    index: NDArray[np.int64] = np.fromfile(shx, dtype=">i4", offset=100)[: (shx.stat().st_size - 100) // 8 * 2]
    index = index.reshape(-1, 2).astype(np.int64) * 2
    ends = index[:, 0] + index[:, 1] + 8
    if ((index[:, 0] < 100) | (index[:, 1] < 4) | (ends > shp.stat().st_size)).any():
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="the .shx points outside the .shp")


def _blobs(shp: Path, count: int) -> list[bytes | None]:
    """Well-known binary of every record in the order of the file."""
    with parsing("shapefile"):
        _, _, blobs, _ = pyogrio.raw.read(shp, columns=[])
    if len(blobs) != count:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="fewer outlines than the index lists")
    return list(blobs)
