"""GeoPackage by the standard library's SQLite: whole numbers stay whole beside nulls, bad cells have row and column.

The file is foreign: it is opened read-only and immutable (nothing is written beside it), only plain tables are read
(no view, virtual table or computed column of its own runs), and SQLite checks all its pages first, so that a damaged or
cut-off file cannot pass with fewer rows.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import Code, LedgerError
from sync.imports import encodings
from sync.imports.crs import LABEL, recognised
from sync.imports.gate import parsing
from sync.imports.raw import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Objects, Progress, Raw, imprecise, objects
from sync.imports.sheet import Cell, Fault, ReadOptions
from sync.imports.wkb import from_wkb

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_STEP = 20_000
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class _Layer:
    name: str
    geometry: str | None
    srs_id: int | None


def read(path: Path, options: ReadOptions, progress: Progress) -> Raw:
    """One layer. Raises LedgerError (IMPORT_FILE_DAMAGED, IMPORT_LAYER_*, IMPORT_CRS_*, IMPORT_TABLE_TOO_LARGE)."""
    _refuse_cut_off(path)
    with parsing("GeoPackage"), _opened(path) as database:
        layer = _layer(database, options.layer)
        columns, key = _columns(database, layer)
        crs = _crs(database, layer.srs_id) if layer.srs_id is not None else None
        records = _records(database, layer, columns, key, progress)
    by_column: list[tuple[Any, ...]] = list(zip(*records, strict=True)) if records else [()] * (len(columns) + 2)
    del records
    rows = np.array(by_column[0], dtype=np.int64)
    shapes = objects([None] * len(rows))
    faults: list[Fault] = []
    if layer.geometry is not None:
        blobs, faults = _wkb(by_column[1], rows, layer)
        shapes, unread = from_wkb(blobs, rows, layer.geometry)
        faults += unread
    cells = {}
    for name, values in zip(columns, by_column[2:], strict=True):
        cells[name], bad = _cells(values, rows, name)
        faults += bad
    faults += imprecise(rows, cells)
    return Raw(layer.name, crs, encodings.UTF8, rows, cells, shapes, layer.geometry, faults)


def _refuse_cut_off(path: Path) -> None:
    """The header says how many pages there are; a copy that was cut off has fewer. A journal beside it is not in it."""
    for suffix in ("-wal", "-journal"):
        beside = path.with_name(path.name + suffix)
        if beside.exists() and beside.stat().st_size:
            raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"another program has it open ({suffix} beside it)")
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="cut off in the header")
    page_bytes = int.from_bytes(head[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    pages = int.from_bytes(head[28:32], "big")
    if path.stat().st_size != pages * page_bytes:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="its size is not what its header says")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    uri = path.absolute().as_uri() + "?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
        database.text_factory = _tolerant
        database.execute("PRAGMA trusted_schema=OFF")
        database.execute("PRAGMA cell_size_check=ON")
        (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="SQLite finds damaged pages")
        yield database


def _layer(database: sqlite3.Connection, wanted: str | None) -> _Layer:
    """The layer named, or the only one; a layer is a plain table that the contents list as features or attributes."""
    plain = {
        name
        for name, sql in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        if not re.match(r"\s*create\s+virtual", sql or "", re.I)
    }
    if not {"gpkg_contents", "gpkg_spatial_ref_sys"} <= plain:
        raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason="an SQLite database, but no GeoPackage")
    geometry: dict[str, tuple[str, int]] = {}
    if "gpkg_geometry_columns" in plain:
        listed = database.execute("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns")
        geometry = {table: (column, srs_id) for table, column, srs_id in listed}
    contents = database.execute(
        "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') ORDER BY table_name"
    )
    names = [name for (name,) in contents if name in plain]
    if wanted is None and len(names) > 1:
        raise LedgerError(Code.IMPORT_LAYER_AMBIGUOUS, layers=names[:20])
    name = wanted if wanted is not None else (names[0] if names else "")
    if name not in names:
        raise LedgerError(Code.IMPORT_LAYER_UNKNOWN, layer=name, layers=names[:20])
    column, srs_id = geometry.get(name, (None, None))
    return _Layer(name, column, srs_id)


def _columns(database: sqlite3.Connection, layer: _Layer) -> tuple[list[str], str]:
    """The columns with cells, and the one with row numbers (the integer primary key, else SQLite's own)."""
    names, key, present = [], "rowid", False
    for _, name, declared, _, _, primary, hidden in database.execute(f"PRAGMA table_xinfo({_quoted(layer.name)})"):
        if hidden:
            raise LedgerError(Code.IMPORT_HEADER_INVALID, reason=f"column {encodings.shown(name)} is computed")
        if name == layer.geometry:
            present = True
        elif primary == 1 and declared.upper() == "INTEGER":
            key = name
        elif declared.upper() != "BLOB":
            names.append(name)
    if layer.geometry is not None and not present:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="the layer has no geometry column")
    if len(names) > MAX_COLUMNS:
        raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="columns", limit=MAX_COLUMNS)
    return names, key


def _crs(database: sqlite3.Connection, srs_id: int) -> int | None:
    """What the definition proves, held against the EPSG code beside it. None for the GeoPackage's *undefined*."""
    query = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
    row = database.execute(query, (srs_id,)).fetchone()
    if row is None or srs_id in (-1, 0):
        return None
    organization, code, definition = row
    epsg = int(code) if str(organization).upper() == "EPSG" else None
    if not definition or str(definition).lower() == "undefined":
        return recognised(epsg) if epsg is not None else None
    proven = recognised(str(definition))
    if epsg is not None and epsg != proven:
        raise LedgerError(Code.IMPORT_CRS_CONTRADICTS, found=LABEL[proven], said=LABEL.get(epsg, f"EPSG:{epsg}"))
    return proven


def _records(
    database: sqlite3.Connection, layer: _Layer, columns: list[str], key: str, progress: Progress
) -> list[tuple[object, ...]]:
    geometry = _quoted(layer.geometry) if layer.geometry is not None else "NULL"
    chosen = ", ".join([_quoted(key) if key != "rowid" else key, geometry, *(_quoted(name) for name in columns)])
    (total,) = database.execute(f"SELECT count(*) FROM {_quoted(layer.name)}").fetchone()  # noqa: S608
    if total > MAX_ROWS or total * len(columns) > MAX_CELLS:
        raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="rows", limit=min(MAX_ROWS, MAX_CELLS // len(columns)))
    query = f"SELECT {chosen} FROM {_quoted(layer.name)} LIMIT {MAX_ROWS}"  # noqa: S608
    database.text_factory = str
    try:
        return _fetched(database, query, total, progress)
    except sqlite3.OperationalError as error:
        if "UTF-8" not in str(error):
            raise
    # Rare, and three times slower: bytes that are no UTF-8 become lone surrogates, which the checks of cells name.
    database.text_factory = _tolerant
    return _fetched(database, query, total, progress)


def _fetched(database: sqlite3.Connection, query: str, total: int, progress: Progress) -> list[tuple[object, ...]]:
    cursor = database.execute(query)
    records: list[tuple[object, ...]] = []
    while batch := cursor.fetchmany(_STEP):
        records += batch
        progress(len(records), total)
    return records


def _wkb(values: tuple[Any, ...], rows: Rows, layer: _Layer) -> tuple[list[bytes | None], list[Fault]]:
    """The well-known binary in each GeoPackage blob; a damaged head or another system than the layer's: a fault."""
    blobs: list[bytes | None] = []
    faults = []
    srs = {(layer.srs_id or 0).to_bytes(4, order, signed=True) for order in ("little", "big")}
    for index, value in enumerate(values):
        blob = None
        if value is not None:
            reason = _head_fault(value, srs)
            if reason is None:
                blob = value[8 + _ENVELOPE_BYTES[value[3] >> 1 & 7] :]
            else:
                details = {"reason": reason}
                faults.append(Fault(Code.IMPORT_GEOMETRY_UNREADABLE, int(rows[index]), layer.geometry, details))
        blobs.append(blob)
    return blobs, faults


def _head_fault(value: object, srs: set[bytes]) -> str | None:
    if not isinstance(value, bytes) or len(value) < 13 or value[:2] != b"GP":
        return "no GeoPackage geometry"
    if value[3] & 0x20 or value[3] >> 1 & 7 > 4:
        return "an extended geometry type"
    return None if value[4:8] in srs else "another coordinate system than its layer"


def _cells(values: tuple[Any, ...], rows: Rows, name: str) -> tuple[Objects, list[Fault]]:
    kinds = set(map(type, values))
    numbers = kinds <= {int, float, type(None)}
    if numbers or (kinds <= {str, type(None)} and "" not in values and not _foreign(values)):
        return objects(values), []
    cells: list[Cell] = []
    faults = []
    for index, value in enumerate(values):
        if isinstance(value, str):
            if not value.isascii() and encodings.foreign(value, encodings.UTF8, False):
                faults.append(Fault(Code.IMPORT_ENCODING_MIXED, int(rows[index]), name, {"encoding": encodings.UTF8}))
                value = encodings.shown(value)
            cells.append(value or None)
        elif isinstance(value, bytes):
            faults.append(Fault(Code.IMPORT_CELL_ERROR, int(rows[index]), name, {"cell": name, "value": "binary"}))
            cells.append(None)
        else:
            cells.append(value)  # what SQLite has left: int, float, None
    return objects(cells), faults


def _foreign(values: tuple[Any, ...]) -> bool:
    """Whether any text of a column was not UTF-8; one look at all of it."""
    return encodings.foreign("\n".join(filter(None, values)), encodings.UTF8, False)


def _tolerant(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
