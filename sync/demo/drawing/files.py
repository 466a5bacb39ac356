"""Writing the files that offices would hand in: GeoPackage, GeoJSON, zipped Shapefile, XLSX and CSV.

Only what a stranger's software would write: plain columns with Chinese headings, outlines in CGCS2000 degrees.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
import xlsxwriter

from schemas.geometry import E9
from sync.demo.drawing.people import MARK

SYSTEM = "三调"
"""The code system of all land classes in these files."""
Cell = str | int | float | None
Row = Mapping[str, Cell]
Ring = Sequence[tuple[int, int]]
CRS = "EPSG:4490"


@dataclass(frozen=True)
class Filing:
    """A file handed in: what it is (a form of `sync.imports`), on what day, and what else is needed to read it."""

    form: str
    file: Path
    on: date
    baseline: Path | None = None
    mapping: Path | None = None


def geopackage(path: Path, rows: Sequence[Row], rings: Sequence[Ring]) -> None:
    """One layer of polygons with their rows."""
    _vector(path, rows, rings, "GPKG", CRS)


def zipped_shapefile(path: Path, rows: Sequence[Row], rings: Sequence[Ring]) -> None:
    """A Shapefile with its siblings in one zip, texts in GB18030 as offices write them."""
    base = path.with_suffix("")
    _vector(base.with_suffix(".shp"), rows, rings, "ESRI Shapefile", CRS, encoding="GB18030")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(path.parent.glob(f"{base.stem}.*")):
            if part.suffix != ".zip":
                archive.write(part, part.name)
                part.unlink()


def geojson(path: Path, rows: Sequence[Row], rings: Sequence[Ring]) -> None:
    """A feature collection that names its reference system."""
    features = [
        {
            "type": "Feature",
            "properties": dict(row),
            "geometry": {"type": "Polygon", "coordinates": [[[lon / E9, lat / E9] for lon, lat in ring]]},
        }
        for row, ring in zip(rows, rings, strict=True)
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    whole = {"type": "FeatureCollection", "name": MARK, "crs": crs, "features": features}
    path.write_text(json.dumps(whole, ensure_ascii=False), "utf-8")


def workbook(path: Path, sheet: str, rows: Sequence[Row]) -> None:
    """One sheet with a row of headings; its name says what it is."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        page = book.add_worksheet(f"{sheet}（{MARK}）")
        for column, heading in enumerate(rows[0]):
            page.write_string(0, column, heading)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row.values()):
                if cell is not None:
                    page.write(number, column, cell)


def delimited(path: Path, rows: Sequence[Row], encoding: str = "utf-8") -> None:
    """A table of text in one encoding."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _vector(
    path: Path, rows: Sequence[Row], rings: Sequence[Ring], driver: str, crs: str, encoding: str | None = None
) -> None:
    shapes = shapely.polygons([shapely.linearrings(np.array(ring, dtype=np.float64) / E9) for ring in rings])
    names = list(rows[0])
    columns = [_column([row[name] for row in rows]) for name in names]
    options: dict[str, Any] = {} if encoding is None else {"encoding": encoding}
    pyogrio.raw.write(
        path,
        np.array(shapely.to_wkb(shapes), dtype=object),
        columns,
        np.array(names, dtype=object),
        geometry_type="Polygon",
        crs=crs,
        driver=driver,
        **options,
    )


def _column(cells: Sequence[Cell]) -> np.ndarray[Any, np.dtype[Any]]:
    if all(isinstance(cell, int | float) for cell in cells):
        return np.array(cells)
    made = np.empty(len(cells), dtype=object)
    made[:] = [None if cell is None else str(cell) for cell in cells]
    return made
