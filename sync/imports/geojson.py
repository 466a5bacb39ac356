"""GeoJSON by the standard library, one feature at a time: numbers and nulls as written, a fault for each bad outline.

GDAL reads GeoJSON too, but turns coordinates that are no numbers into missing geometry and a coordinate system that it
does not know into WGS-84, both without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from schemas.errors import Code, Detail, LedgerError
from sync.imports import encodings
from sync.imports.crs import recognised
from sync.imports.gate import parsing
from sync.imports.raw import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Objects, Progress, Raw, imprecise, objects
from sync.imports.sheet import Cell, Fault, ReadOptions

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_CRS84 = "OGC:1.3:CRS84"
_STEP = 20_000
_COLUMN = "geometry"
_CURVED = ("CircularString", "CompoundCurve", "CurvePolygon", "MultiCurve", "MultiSurface")  # JSON-FG


def read(path: Path, options: ReadOptions, progress: Progress) -> Raw:
    """The feature collection in `path`; rows count features from 1. WGS-84 unless it says otherwise (RFC 7946).

    Raises LedgerError: IMPORT_ENCODING_UNKNOWN, IMPORT_FILE_DAMAGED, IMPORT_FORMAT_UNKNOWN, IMPORT_CRS_*.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LedgerError(Code.IMPORT_ENCODING_UNKNOWN, reason=f"line {line} is not UTF-8") from error
    del data
    table = _Table()
    rings = _Rings()
    members: dict[str, Any] = {}
    with parsing("GeoJSON"):
        for feature in _features(text, members):
            _take(feature, table, rings)
            if table.count % _STEP == 0:
                progress(table.count, table.count)
    del text
    if members.get("type") != "FeatureCollection" or "features" not in members:
        raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason="JSON, but no GeoJSON FeatureCollection")
    rows = np.arange(1, table.count + 1, dtype=np.int64)
    columns = {name: objects(cells) for name, cells in table.columns.items()}
    faults = table.faults + rings.faults + imprecise(rows, columns)
    return Raw(None, _crs(members), encodings.UTF8, rows, columns, rings.shapes(table.count), _COLUMN, faults)


@dataclass
class _Table:
    """Columns grown feature by feature; a property that appears late is None above."""

    count: int = 0
    columns: dict[str, list[Cell]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def append(self, properties: dict[str, Any]) -> None:
        for name in [name for name in properties if name not in self.columns]:
            if len(self.columns) >= MAX_COLUMNS:
                raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="columns", limit=MAX_COLUMNS)
            self.columns[name] = [None] * self.count
        self.count += 1
        if self.count > MAX_ROWS or self.count * len(self.columns) > MAX_CELLS:
            raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="rows", limit=self.count - 1)
        for name, cells in self.columns.items():
            cells.append(self._cell(properties.get(name), name))

    def _cell(self, value: Any, name: str) -> Cell:
        if value is None or type(value) is int:
            return value
        if type(value) is str:
            if not value.isascii() and encodings.foreign(value, encodings.UTF8, False):
                self.faults.append(Fault(Code.IMPORT_ENCODING_MIXED, self.count, name, {"encoding": encodings.UTF8}))
                value = encodings.shown(value)
            return value or None
        if type(value) is float and value - value != 0.0:  # NaN and infinities are no JSON, but get written
            self.faults.append(Fault(Code.IMPORT_CELL_ERROR, self.count, name, {"cell": name, "value": str(value)}))
            return None
        return value if type(value) is float else json.dumps(value, ensure_ascii=False)


@dataclass
class _Rings:
    """Outlines taken apart into one flat list of coordinates, so that shapely builds them all at once."""

    coordinates: list[NDArray[np.float64]] = field(default_factory=list)
    ring_ends: list[int] = field(default_factory=lambda: [0])
    part_ends: list[int] = field(default_factory=lambda: [0])
    shape_ends: list[int] = field(default_factory=lambda: [0])
    owners: list[int] = field(default_factory=list)
    others: dict[int, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def append(self, geometry: Any, row: int) -> None:
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if kind in ("Polygon", "MultiPolygon"):
            parts = geometry.get("coordinates")
            parts = [parts] if kind == "Polygon" else parts
            arrays = _arrays(parts)
            if arrays is None:
                self._fault(Code.IMPORT_GEOMETRY_UNREADABLE, row, reason="coordinates are no closed rings of numbers")
            elif not any(arrays):
                self._fault(Code.IMPORT_GEOMETRY_EMPTY, row)
            else:
                self._keep([part for part in arrays if part], row)
        elif kind in _CURVED:
            self._fault(Code.IMPORT_GEOMETRY_CURVED, row, found=str(kind))
        elif kind in ("Point", "MultiPoint", "LineString", "MultiLineString", "GeometryCollection"):
            self._fault(Code.IMPORT_GEOMETRY_NOT_POLYGON, row, found=str(kind))
        elif geometry is not None:
            self._fault(Code.IMPORT_GEOMETRY_UNREADABLE, row, reason="no geometry type")

    def shapes(self, count: int) -> Objects:
        """A shape for each row, None where there is none."""
        shapes = objects([None] * count)
        if not self.owners:
            return shapes
        # Heights may stand in some rings only: those without get NaN, as shapely has it, and lose it again later.
        flat = np.concatenate([ring if ring.shape[1] == 3 else _widened(ring) for ring in self.coordinates])
        if np.isnan(flat[:, 2]).all():
            flat = flat[:, :2]
        ends = tuple(np.array(each, dtype=np.int64) for each in (self.ring_ends, self.part_ends, self.shape_ends))
        built = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, np.ascontiguousarray(flat), ends)
        single = shapely.get_num_geometries(built) == 1
        built[single] = shapely.get_geometry(built[single], 0)
        shapes[np.array(self.owners) - 1] = built
        return shapes

    def _keep(self, parts: list[list[NDArray[np.float64]]], row: int) -> None:
        for part in parts:
            for ring in part:
                self.coordinates.append(ring)
                self.ring_ends.append(self.ring_ends[-1] + len(ring))
            self.part_ends.append(self.part_ends[-1] + len(part))
        self.shape_ends.append(self.shape_ends[-1] + len(parts))
        self.owners.append(row)

    def _fault(self, code: Code, row: int, **details: Detail) -> None:
        self.faults.append(Fault(code, row, _COLUMN, details))


def _take(feature: Any, table: _Table, rings: _Rings) -> None:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        reason = f"feature {table.count + 1} is no Feature"
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=reason, row=table.count + 1)
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        reason = f"feature {table.count + 1} has properties that are no object"
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=reason, row=table.count + 1)
    if "id" in feature and "id" not in properties:
        properties = {"id": feature["id"], **properties}
    table.append(properties)
    rings.append(feature.get("geometry"), table.count)


def _features(text: str, members: dict[str, Any]) -> Iterator[Any]:
    """Each element of `features`, parsed alone so that memory stays small; the other members go into `members`.

    Raises LedgerError(IMPORT_FILE_DAMAGED) with the line where the text is no JSON.
    """
    at = 0

    def past(mark: str, position: int) -> int:
        position = _skip(text, position)
        if not text.startswith(mark, position):
            raise json.JSONDecodeError(f"expected {mark}", text, position)
        return position + 1

    try:
        at = past("{", at)
        while True:
            name, at = _DECODER.raw_decode(text, _skip(text, at))
            if not isinstance(name, str) or name in members:
                raise json.JSONDecodeError("a member's name is missing or repeated", text, at)
            at = past(":", at)
            if name == "features":
                members[name] = True
                at = past("[", at)
                if text.startswith("]", _skip(text, at)):
                    at = _skip(text, at)
                else:
                    while True:
                        feature, at = _DECODER.raw_decode(text, _skip(text, at))
                        yield feature
                        at = _skip(text, at)
                        if not text.startswith(",", at):
                            break
                        at += 1
                at = past("]", at)
            else:
                members[name], at = _DECODER.raw_decode(text, _skip(text, at))
            at = _skip(text, at)
            if not text.startswith(",", at):
                break
            at += 1
        at = _skip(text, past("}", at))
        if at != len(text):
            raise json.JSONDecodeError("something follows the collection", text, at)
    except json.JSONDecodeError as error:
        reason = f"no JSON at line {error.lineno}, character {error.colno}"
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=reason) from error


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _arrays(parts: Any) -> list[list[NDArray[np.float64]]] | None:
    """Rings as arrays of two or three columns; None when something is no number or a ring is open or too short."""
    if not isinstance(parts, list):
        return None
    arrays = []
    for part in parts:
        if not isinstance(part, list):
            return None
        rings = []
        for ring in part:
            try:
                array = np.array(ring)
            except (ValueError, OverflowError):
                return None
            if array.dtype.kind not in "if" or array.ndim != 2 or array.shape[1] not in (2, 3) or len(array) < 4:
                return None
            if ring[0][:2] != ring[-1][:2] and np.isfinite(array).all():
                return None
            rings.append(array.astype(np.float64, copy=False))
        arrays.append(rings)
    return arrays


def _widened(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack((ring, np.full(len(ring), np.nan)))


def _crs(members: dict[str, Any]) -> int:
    """The system that the old `crs` member names, else WGS-84. Raises LedgerError(IMPORT_CRS_UNKNOWN)."""
    crs = members.get("crs")
    if crs is None:
        return 4326
    name = crs.get("properties", {}).get("name") if isinstance(crs, dict) and crs.get("type") == "name" else None
    if not isinstance(name, str):
        raise LedgerError(Code.IMPORT_CRS_UNKNOWN, crs=json.dumps(crs)[:80])
    if name.endswith((_CRS84, "OGC::CRS84", "OGC:CRS84")):
        return 4326
    return recognised(name)
