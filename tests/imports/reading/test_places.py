"""Coordinate systems: what is recognised and proven, what is refused, and the slips that put a file beside Beijing."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
import shapely
from pyproj import CRS

from schemas.errors import Code, LedgerError
from sync.imports.crs import TAKEN, recognised
from sync.imports.reading import read_sheet
from sync.imports.sheet import ReadOptions
from tests.imports.reading import kit


def refusal(path: Path, options: ReadOptions = ReadOptions()) -> LedgerError:  # noqa: B008
    with pytest.raises(LedgerError) as error:
        read_sheet(path, options)
    return error.value


@pytest.mark.parametrize("epsg", TAKEN)
@pytest.mark.parametrize("dialect", ["WKT1_ESRI", "WKT1_GDAL", "WKT2_2019"])
def test_each_system_is_proven_by_its_parameters(epsg: int, dialect: str) -> None:
    assert recognised(CRS.from_epsg(epsg).to_wkt(dialect)) == epsg


def test_a_name_proves_nothing() -> None:
    """A public list has EPSG:4527 at 120°E (domain §3.9): the zone number and the meridian disagree."""
    text = kit.prj(4527).decode().replace("117.0", "120.0")
    with pytest.raises(LedgerError) as error:
        recognised(text)
    assert error.value.code is Code.IMPORT_ZONE_SLIP
    renamed = kit.prj(4548).decode().replace("CGCS2000_3_Degree_GK_CM_117E", "图斑坐标系")
    assert recognised(renamed) == 4548


@pytest.mark.parametrize("bad", [3857, 32650, 4610, 4214, "GCJ-02", "", 'LOCAL_CS["x"]'])
def test_other_systems_are_refused(bad: int | str) -> None:
    with pytest.raises(LedgerError) as error:
        recognised(bad)
    assert error.value.code is Code.IMPORT_CRS_UNKNOWN


@pytest.mark.parametrize(
    ("old", "new"),
    [("6378137.0,298.257222101", "6378140.0,298.257"), ("500000.0", "500001.0"), ('"Meter",1.0', '"Foot",0.3048')],
)
def test_changed_parameters_are_another_system(old: str, new: str) -> None:
    text = kit.prj(4548).decode()
    assert old in text
    with pytest.raises(LedgerError) as error:
        recognised(text.replace(old, new))
    assert error.value.code is Code.IMPORT_CRS_UNKNOWN


def test_a_shapefile_without_prj(tmp_path: Path) -> None:
    kit.shapefile(tmp_path)
    path = kit.zipped(tmp_path, "b.zip", leave_out=[".prj"])
    assert refusal(path).code is Code.IMPORT_CRS_MISSING
    assert read_sheet(path, ReadOptions(crs=4490)).crs == 4490


def test_the_office_may_not_contradict_the_file(tmp_path: Path) -> None:
    path = kit.gpkg(tmp_path / "a.gpkg")
    assert refusal(path, ReadOptions(crs=4548)).code is Code.IMPORT_CRS_CONTRADICTS
    assert read_sheet(path, ReadOptions(crs=4326)).crs == 4490  # the two degrees count as equal
    assert refusal(kit.csv(tmp_path / "a.csv", kit.csv_text()), ReadOptions(crs=3857)).code is Code.IMPORT_CRS_UNKNOWN


def test_a_geopackage_whose_definition_belies_its_code(tmp_path: Path) -> None:
    path = kit.gpkg(tmp_path / "a.gpkg", kit.moved(kit.PARCELS, 4548), "EPSG:4548")
    with sqlite3.connect(path) as database:
        wkt = CRS.from_epsg(4527).to_wkt("WKT1_GDAL")
        database.execute("UPDATE gpkg_spatial_ref_sys SET definition = ? WHERE srs_id = 4548", (wkt,))
    database.close()
    assert refusal(path).code is Code.IMPORT_CRS_CONTRADICTS


def test_a_geojson_system_that_nobody_knows_is_no_wgs84(tmp_path: Path) -> None:
    assert refusal(kit.geojson(tmp_path / "a.geojson", crs="GCJ-02")).code is Code.IMPORT_CRS_UNKNOWN


@pytest.mark.parametrize(
    ("true", "said", "code"),
    [
        (4527, 4548, Code.IMPORT_ZONE_SLIP),  # a zone prefix where none belongs
        (4548, 4527, Code.IMPORT_ZONE_SLIP),  # none where one belongs
        (4549, 4548, Code.IMPORT_ZONE_SLIP),  # 120°E labelled as 117°E
        (4548, 4549, Code.IMPORT_ZONE_SLIP),  # 117°E labelled as 120°E
        (4527, 4528, Code.IMPORT_ZONE_SLIP),
        (4528, 4527, Code.IMPORT_ZONE_SLIP),
        (4549, 4549, Code.IMPORT_CRS_UNKNOWN),  # truly 120°E: not taken
        (4490, 4548, Code.IMPORT_CRS_CONTRADICTS),
        (4548, 4490, Code.IMPORT_CRS_CONTRADICTS),
    ],
)
def test_mislabelled_systems(tmp_path: Path, true: int, said: int, code: Code) -> None:
    shapes = kit.moved(kit.PARCELS, true)
    error = refusal(kit.csv(tmp_path / "a.csv", kit.csv_text(shapes)), ReadOptions(crs=said))
    assert error.code is code
    if "row" in error.details:
        assert (error.details["row"], error.details["column"], error.details["count"]) == (2, "WKT", 3)


@pytest.mark.parametrize("epsg", [4490, 4527, 4548, 2436])
def test_swapped_axes(tmp_path: Path, epsg: int) -> None:
    turned = shapely.transform(kit.moved(kit.PARCELS, epsg), lambda xy: xy[:, ::-1])
    error = refusal(kit.csv(tmp_path / "a.csv", kit.csv_text(turned)), ReadOptions(crs=epsg))
    assert (error.code, error.details["count"]) == (Code.IMPORT_AXES_SWAPPED, 3)


def test_one_swapped_row_is_parked_alone(tmp_path: Path) -> None:
    shapes = [*kit.PARCELS, shapely.transform(kit.PARCELS[0], lambda xy: xy[:, ::-1])]
    sheet = read_sheet(kit.csv(tmp_path / "a.csv", kit.csv_text(shapes)), ReadOptions(crs=4490))
    assert [(f.code, f.row, f.column) for f in sheet.faults] == [(Code.IMPORT_AXES_SWAPPED, 5, "WKT")]
    assert sheet.geometries[3] is None and sheet.geometries[0] is not None


def test_places_far_away_are_parked_or_refused(tmp_path: Path) -> None:
    shanghai = shapely.box(121.4, 31.2, 121.41, 31.21)
    path = kit.csv(tmp_path / "a.csv", kit.csv_text([*kit.PARCELS, shanghai]))
    assert [(f.code, f.row) for f in read_sheet(path, ReadOptions(crs=4490)).faults] == [
        (Code.IMPORT_OUTSIDE_REGION, 5)
    ]
    path = kit.geojson(tmp_path / "a.geojson", [json.loads(shapely.to_geojson(shanghai))])
    assert refusal(path).code is Code.IMPORT_OUTSIDE_REGION


def test_a_row_half_outside_is_parked(tmp_path: Path) -> None:
    """One vertex in the Gulf of Guinea: the middle alone would look right."""
    stray = shapely.Polygon([(116.4, 39.9), (116.41, 39.9), (0, 0), (116.4, 39.9)])
    sheet = read_sheet(kit.csv(tmp_path / "a.csv", kit.csv_text([*kit.PARCELS, stray])), ReadOptions(crs=4490))
    assert [fault.code for fault in sheet.faults] == [Code.IMPORT_OUTSIDE_REGION]


def test_two_systems_in_one_column(tmp_path: Path) -> None:
    shapes = [f"SRID=4490;{kit.PARCELS[0].wkt}", f"SRID=4548;{kit.PARCELS[1].wkt}"]
    assert refusal(kit.csv(tmp_path / "a.csv", kit.csv_text(shapes))).code is Code.IMPORT_CRS_CONTRADICTS
