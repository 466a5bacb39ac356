"""Bad outlines: each a coded fault with row and column, repairs listed, nothing half done (issue point 8)."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
import shapely

from schemas.errors import Code
from schemas.geometry import MAX_VERTICES
from sync.imports.reading import read_sheet
from sync.imports.sheet import ReadOptions, Sheet
from sync.ledger.land.geodesy_arrays import areas_m2
from tests.imports.reading import kit

GOOD = kit.PARCELS[0]
BOWTIE = shapely.Polygon([(116.40, 39.90), (116.41, 39.91), (116.41, 39.90), (116.40, 39.91), (116.40, 39.90)])
FLAT = shapely.Polygon([(116.40, 39.90), (116.41, 39.90), (116.42, 39.90), (116.40, 39.90)])
NAN = shapely.Polygon([(116.40, 39.90), (math.nan, 39.91), (116.41, 39.90), (116.40, 39.90)])
INFINITE = shapely.Polygon([(116.40, 39.90), (math.inf, 39.91), (116.41, 39.90), (116.40, 39.90)])
CURVE = struct.pack("<BIIBIIdddddd", 1, 10, 1, 1, 8, 3, 116.4, 39.9, 116.41, 39.91, 116.4, 39.9)
"""CURVEPOLYGON (CIRCULARSTRING (...)) in well-known binary."""


def circle(vertices: int) -> shapely.Polygon:
    turn = np.linspace(0, 2 * np.pi, vertices - 1, endpoint=False)
    return shapely.Polygon(np.column_stack((116.45 + 0.01 * np.cos(turn), 39.95 + 0.01 * np.sin(turn))))


BAD = [
    (FLAT, Code.IMPORT_GEOMETRY_NO_AREA),
    (NAN, Code.IMPORT_GEOMETRY_NOT_FINITE),
    (INFINITE, Code.IMPORT_GEOMETRY_NOT_FINITE),
    (shapely.Polygon(), Code.IMPORT_GEOMETRY_EMPTY),
    (shapely.MultiPolygon(), Code.IMPORT_GEOMETRY_EMPTY),
    (shapely.Point(116.4, 39.9), Code.IMPORT_GEOMETRY_NOT_POLYGON),
    (shapely.LineString([(116.4, 39.9), (116.5, 39.9)]), Code.IMPORT_GEOMETRY_NOT_POLYGON),
    (shapely.GeometryCollection([GOOD]), Code.IMPORT_GEOMETRY_NOT_POLYGON),
    (circle(MAX_VERTICES + 1), Code.IMPORT_GEOMETRY_TOO_MANY_VERTICES),
    (CURVE, Code.IMPORT_GEOMETRY_CURVED),
]


def expect(sheet: Sheet, code: Code, row: int, column: str) -> None:
    assert [(fault.code, fault.row, fault.column) for fault in sheet.faults] == [(code, row, column)]
    place = sheet.rows.tolist().index(row)
    assert sheet.geometries[place] is None
    assert sum(shape is not None for shape in sheet.geometries) == len(sheet.rows) - 1
    assert "…" not in sheet.faults[0].text("zh") + sheet.faults[0].text("en")


@pytest.mark.parametrize(("shape", "code"), BAD)
def test_in_a_geopackage(tmp_path: Path, shape: object, code: Code) -> None:
    expect(read_sheet(kit.gpkg(tmp_path / "a.gpkg", [GOOD, shape, kit.PARCELS[1]])), code, 2, "geom")


@pytest.mark.parametrize(("shape", "code"), BAD[:-1])
def test_as_wkt(tmp_path: Path, shape: shapely.Geometry, code: Code) -> None:
    path = kit.csv(tmp_path / "a.csv", kit.csv_text([GOOD, shape, kit.PARCELS[1]]))
    expect(read_sheet(path, ReadOptions(crs=4490)), code, 3, "WKT")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CURVEPOLYGON(CIRCULARSTRING(0 0, 1 1, 0 0))", Code.IMPORT_GEOMETRY_CURVED),
        ("SRID=4490;MULTISURFACE EMPTY", Code.IMPORT_GEOMETRY_CURVED),
        ("POLYGON((0 0, 1 1", Code.IMPORT_GEOMETRY_UNREADABLE),
        ("POLYGON((116.4 39.9, 116.5 39.9, 116.5 40))", Code.IMPORT_GEOMETRY_UNREADABLE),
        ("116.4,39.9;116.5,39.9", Code.IMPORT_GEOMETRY_UNREADABLE),
        ("POLYGON((" + "1 1," * 1_000_000 + "1 1))", Code.IMPORT_GEOMETRY_TOO_MANY_VERTICES),
        ("POLYGON((116.4 39.9, NaN 39.9, 116.5 40, 116.4 39.9))", Code.IMPORT_GEOMETRY_NOT_FINITE),
    ],
)
def test_bad_wkt(tmp_path: Path, text: str, code: Code) -> None:
    path = kit.csv(tmp_path / "a.csv", kit.csv_text([GOOD, text, kit.PARCELS[1]]))
    expect(read_sheet(path, ReadOptions(crs=4490)), code, 3, "WKT")


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (
            {"type": "Polygon", "coordinates": [[["116.4", 39.9], [116.5, 39.9], [116.5, 40], ["116.4", 39.9]]]},
            "UNREADABLE",
        ),
        ({"type": "Polygon", "coordinates": [[[116.4, 39.9], [116.5, 39.9], [116.5, 40]]]}, "UNREADABLE"),
        ({"type": "Polygon", "coordinates": [[[116.4, 39.9], [116.5], [116.5, 40], [116.4, 39.9]]]}, "UNREADABLE"),
        (
            {"type": "Polygon", "coordinates": [[[116.4, 39.9], [math.nan, 40], [116.5, 40], [116.4, 39.9]]]},
            "NOT_FINITE",
        ),
        ({"type": "Polygon", "coordinates": None}, "UNREADABLE"),
        ({"type": "Polygon", "coordinates": []}, "EMPTY"),
        ({"type": "Point", "coordinates": [116.4, 39.9]}, "NOT_POLYGON"),
        ({"type": "CurvePolygon", "coordinates": []}, "CURVED"),
        ({"coordinates": []}, "UNREADABLE"),
        ([], "UNREADABLE"),
    ],
)
def test_bad_geojson(tmp_path: Path, geometry: object, code: str) -> None:
    good = [shapely.geometry.mapping(shape) for shape in kit.PARCELS]
    path = kit.geojson(tmp_path / "a.geojson", [good[0], geometry, good[1]])
    expect(read_sheet(path), Code[f"IMPORT_GEOMETRY_{code}"], 2, "geometry")


def test_a_bowtie_is_repaired_and_listed(tmp_path: Path) -> None:
    sheet = read_sheet(kit.gpkg(tmp_path / "a.gpkg", [GOOD, BOWTIE]))
    assert not sheet.faults
    (repair,) = sheet.repairs
    assert repair.row == 2 and "Self-intersection" in repair.what
    assert repair.area_before_m2 < 1 and repair.area_after_m2 == pytest.approx(
        areas_m2([shapely.make_valid(BOWTIE)])[0], rel=1e-6
    )
    assert [(w.code, w.row, w.column) for w in sheet.warnings] == [(Code.IMPORT_GEOMETRY_REPAIRED, 2, "geom")]
    assert shapely.is_valid(sheet.geometries).all()
    assert sheet.geometries[1].geom_type == "MultiPolygon"


def test_a_spike_leaves_its_polygon_parts_only(tmp_path: Path) -> None:
    spike = shapely.Polygon(
        [(116.4, 39.9), (116.41, 39.9), (116.42, 39.9), (116.41, 39.9), (116.41, 39.91), (116.4, 39.91)]
    )
    sheet = read_sheet(kit.gpkg(tmp_path / "a.gpkg", [spike]))
    assert sheet.geometries[0].geom_type == "Polygon" and len(sheet.repairs) == 1


def test_a_hole_outside_its_ring_is_repaired(tmp_path: Path) -> None:
    hole = shapely.Polygon(GOOD.exterior.coords, [shapely.box(116.45, 39.95, 116.46, 39.96).exterior.coords])
    sheet = read_sheet(kit.gpkg(tmp_path / "a.gpkg", [hole]))
    assert len(sheet.repairs) == 1 and shapely.is_valid(sheet.geometries[0])


def test_heights_are_dropped_and_counted(tmp_path: Path) -> None:
    high = [shapely.force_3d(shape, 40.0) for shape in kit.PARCELS]
    for path in (kit.gpkg(tmp_path / "a.gpkg", high), kit.shapefile(tmp_path, high, geometry_type="Polygon Z")):
        sheet = read_sheet(path)
        assert [warning.code for warning in sheet.warnings] == [Code.IMPORT_HEIGHTS_DROPPED]
        assert sheet.warnings[0].details["count"] == 3
        assert not shapely.has_z(sheet.geometries).any()


def test_heights_in_geojson_may_be_mixed(tmp_path: Path) -> None:
    mixed = {"type": "Polygon", "coordinates": [[[*xy, 40.0] for xy in GOOD.exterior.coords]]}
    sheet = read_sheet(kit.geojson(tmp_path / "a.geojson", [shapely.geometry.mapping(GOOD), mixed]))
    assert shapely.equals(sheet.geometries[0], sheet.geometries[1])
    assert [warning.code for warning in sheet.warnings] == [Code.IMPORT_HEIGHTS_DROPPED]


def test_the_most_vertices_that_are_allowed(tmp_path: Path) -> None:
    sheet = read_sheet(kit.gpkg(tmp_path / "a.gpkg", [circle(MAX_VERTICES)]))
    assert not sheet.faults and shapely.get_num_coordinates(sheet.geometries[0]) == MAX_VERTICES
