"""Files as offices make them, small: the same three parcels in every format and coordinate system."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio.raw
import shapely
from pyproj import CRS, Transformer

PARCELS = [shapely.box(116.40 + i / 100, 39.90, 116.402 + i / 100, 39.902) for i in range(3)]
CODES = ["0601", "0702", None]
AREAS = [3800.25, 12.5, 7.0]
COUNTS = [1, None, 3]
NAMES = ["十八里店", "来广营", "东小口"]


def obj(values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def moved(shapes: Sequence[Any], epsg: int) -> np.ndarray:
    """Shapes given in EPSG:4490, in `epsg`, east or longitude first."""
    transformer = Transformer.from_crs(4490, epsg, always_xy=True)
    return shapely.transform(obj(shapes), lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))


def gpkg(path: Path, shapes: Sequence[Any] = PARCELS, crs: str | None = "EPSG:4490", **extra: Any) -> Path:
    """A GeoPackage by GDAL; `shapes` already in `crs`; None and raw WKB allowed."""
    count = len(shapes)
    wkb = [each if each is None or isinstance(each, bytes) else shapely.to_wkb(each) for each in shapes]
    fields = {
        "code": obj([CODES[i % 3] for i in range(count)]),
        "name": obj([NAMES[i % 3] for i in range(count)]),
        "area": np.array([AREAS[i % 3] for i in range(count)]),
    }
    options = {"driver": "GPKG", "layer": "parcels", "geometry_type": "Unknown", **extra}
    pyogrio.raw.write(path, obj(wkb), list(fields.values()), list(fields), crs=crs, **options)
    return path


def shapefile(folder: Path, shapes: Sequence[Any] = PARCELS, crs: str | None = "EPSG:4490", **extra: Any) -> Path:
    """A zipped shapefile by GDAL; see `gpkg`."""
    count = len(shapes)
    wkb = [None if each is None else shapely.to_wkb(each) for each in shapes]
    target = folder / "parcels.shp"
    fields = [obj([CODES[i % 3] for i in range(count)]), obj([NAMES[i % 3] for i in range(count)])]
    fields.append(np.array([AREAS[i % 3] for i in range(count)]))
    fields.append(np.arange(count, dtype=np.int32))
    options = {"geometry_type": "Polygon", "encoding": "UTF-8", **extra}
    names = ["code", "name", "area", "count"]
    pyogrio.raw.write(target, obj(wkb), fields, names, driver="ESRI Shapefile", crs=crs, **options)
    return zipped(folder, "parcels.zip")


def zipped(folder: Path, name: str, leave_out: Sequence[str] = ()) -> Path:
    """The parts of the shapefile in `folder` in one zip, those with an ending in `leave_out` left out."""
    target = folder / name
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.glob("parcels.*")):
            if part.suffix not in leave_out and part.suffix != ".zip":
                archive.write(part, part.name)
    return target


def geojson(path: Path, geometries: Sequence[Any] | None = None, crs: str | None = None, **extra: Any) -> Path:
    """A feature collection; `geometries` as GeoJSON objects (None: the parcels)."""
    given = [json.loads(shapely.to_geojson(each)) for each in PARCELS] if geometries is None else geometries
    features = [
        {
            "type": "Feature",
            "properties": {"code": CODES[i % 3], "name": NAMES[i % 3], "area": AREAS[i % 3], "count": COUNTS[i % 3]},
            "geometry": geometry,
        }
        for i, geometry in enumerate(given)
    ]
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features, **extra}
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def csv_text(shapes: Sequence[Any] = PARCELS, heading: str = "code,name,area,WKT") -> str:
    lines = [heading]
    for i, shape in enumerate(shapes):
        wkt = "" if shape is None else shape if isinstance(shape, str) else shapely.to_wkt(shape, rounding_precision=9)
        lines.append(f'{CODES[i % 3] or ""},{NAMES[i % 3]},{AREAS[i % 3]},"{wkt}"')
    return "\n".join(lines) + "\n"


def csv(path: Path, text: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def xlsx(
    path: Path, rows: Sequence[Sequence[Any]], merge: Sequence[str] = (), **sheets: Sequence[Sequence[Any]]
) -> Path:
    """A workbook with one sheet of `rows`, and further `sheets` by title."""
    book = openpyxl.Workbook()
    book.active.title = "台账"
    for title, records in {"台账": rows, **sheets}.items():
        sheet = book[title] if title in book.sheetnames else book.create_sheet(title)
        for record in records:
            sheet.append(list(record))
    for ref in merge:
        book["台账"].merge_cells(ref)
    book.save(path)
    return path


def rewritten(source: Path, target: Path, changes: Mapping[str, bytes | None]) -> Path:
    """The zip `source` with entries replaced, added or (None) left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in changes:
                new.writestr(info.filename, old.read(info.filename))
        for name, data in changes.items():
            if data is not None:
                new.writestr(name, data)
    return target


def prj(epsg: int) -> bytes:
    """What ESRI software writes beside a shapefile: no authority, names of its own."""
    return CRS.from_epsg(epsg).to_wkt("WKT1_ESRI").encode()
