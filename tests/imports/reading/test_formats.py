"""Every format gives the same sheet: cells as the file says, outlines in EPSG:4490, rows as a person counts them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import shapely

from schemas.errors import Code, LedgerError
from sync.imports.reading import read_sheet
from sync.imports.sheet import ReadOptions, Sheet
from tests.imports.reading import kit

IN_4490 = ReadOptions(crs=4490)


def same_parcels(sheet: Sheet, within_deg: float = 2e-9) -> bool:
    pairs = zip(sheet.geometries, kit.PARCELS, strict=True)
    return all(shapely.hausdorff_distance(mine, true) <= within_deg for mine, true in pairs)


@pytest.mark.parametrize("epsg", [4490, 4326, 4527, 4548])
def test_geopackage_in_each_system(tmp_path: Path, epsg: int) -> None:
    sheet = read_sheet(kit.gpkg(tmp_path / "a.gpkg", kit.moved(kit.PARCELS, epsg), f"EPSG:{epsg}"))
    assert (sheet.crs, sheet.layer, sheet.rows.tolist()) == (epsg, "parcels", [1, 2, 3])
    assert same_parcels(sheet)
    assert sheet.columns["code"].tolist() == kit.CODES
    assert sheet.columns["name"].tolist() == kit.NAMES
    assert sheet.columns["area"].tolist() == kit.AREAS
    assert not sheet.faults and not sheet.warnings and not sheet.repairs
    assert list((tmp_path).iterdir()) == [tmp_path / "a.gpkg"]  # nothing is left beside it


def test_beijing_1954_is_read_with_a_warning(tmp_path: Path) -> None:
    sheet = read_sheet(kit.gpkg(tmp_path / "a.gpkg", kit.moved(kit.PARCELS, 2436), "EPSG:2436"))
    assert [warning.code for warning in sheet.warnings] == [Code.IMPORT_CRS_APPROXIMATE]
    assert same_parcels(sheet)


@pytest.mark.parametrize("epsg", [4490, 4326, 4527, 4548])
@pytest.mark.parametrize("dialect", ["gdal", "esri"])
def test_shapefile(tmp_path: Path, epsg: int, dialect: str) -> None:
    path = kit.shapefile(tmp_path, kit.moved(kit.PARCELS, epsg), f"EPSG:{epsg}")
    if dialect == "esri":
        path = kit.rewritten(path, tmp_path / "b.zip", {"parcels.prj": kit.prj(epsg)})
    sheet = read_sheet(path)
    assert (sheet.crs, sheet.layer, sheet.encoding) == (epsg, "parcels", "utf-8")
    assert same_parcels(sheet)
    assert sheet.columns["code"].tolist() == kit.CODES
    assert sheet.columns["name"].tolist() == kit.NAMES
    assert sheet.columns["count"].tolist() == [0, 1, 2]
    assert [type(cell) for cell in sheet.columns["count"]] == [int] * 3


def test_shapefile_of_a_chinese_office(tmp_path: Path) -> None:
    """GBK text, no .cpg, entries named in Chinese inside a folder: what the field's software makes."""
    path = kit.shapefile(tmp_path, encoding="GBK")
    import zipfile

    other = tmp_path / "b.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for info in old.infolist():
            if not info.filename.endswith(".cpg"):
                new.writestr("成果/图斑" + Path(info.filename).suffix, old.read(info.filename))
    sheet = read_sheet(other)
    assert (sheet.layer, sheet.encoding) == ("图斑", "gb18030")
    assert sheet.columns["name"].tolist() == kit.NAMES


def test_geojson(tmp_path: Path) -> None:
    sheet = read_sheet(kit.geojson(tmp_path / "a.geojson"))
    assert (sheet.crs, sheet.rows.tolist()) == (4326, [1, 2, 3])
    assert same_parcels(sheet)
    assert sheet.columns["code"].tolist() == kit.CODES
    assert sheet.columns["count"].tolist() == [1, None, 3]
    assert [type(cell) for cell in sheet.columns["count"] if cell is not None] == [int, int]  # whole beside a null


def test_geojson_with_named_system(tmp_path: Path) -> None:
    shapes = [json.loads(shapely.to_geojson(shape)) for shape in kit.moved(kit.PARCELS, 4527)]
    sheet = read_sheet(kit.geojson(tmp_path / "a.geojson", shapes, "urn:ogc:def:crs:EPSG::4527"))
    assert sheet.crs == 4527 and same_parcels(sheet)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = kit.csv_text()
    if delimiter != ",":
        head, *lines = text.splitlines()
        lines = [line.replace(",", delimiter, 3) for line in lines]
        text = "\n".join([head.replace(",", delimiter), *lines]) + "\n"
    sheet = read_sheet(kit.csv(tmp_path / "a.csv", text, encoding), IN_4490)
    assert sheet.rows.tolist() == [2, 3, 4]
    assert sheet.encoding == ("gb18030" if encoding == "gb18030" else "utf-8")
    assert same_parcels(sheet)
    assert sheet.columns["code"].tolist() == kit.CODES
    assert sheet.columns["name"].tolist() == kit.NAMES
    assert sheet.columns["area"].tolist() == ["3800.25", "12.5", "7.0"]
    assert "WKT" not in sheet.columns


def test_csv_without_outlines_needs_no_system(tmp_path: Path) -> None:
    sheet = read_sheet(kit.csv(tmp_path / "a.csv", "year,area\n2024,1\n\n2025,2\n"))
    assert sheet.crs is None
    assert sheet.rows.tolist() == [2, 4]  # the blank line counts, and makes no row
    assert sheet.geometries.tolist() == [None, None]


def test_csv_quoted_line_breaks_count_as_one_row(tmp_path: Path) -> None:
    sheet = read_sheet(kit.csv(tmp_path / "a.csv", 'a,b\n"x\ny",1\nz,2\n'))
    assert sheet.rows.tolist() == [2, 3]
    assert sheet.columns["a"].tolist() == ["x\ny", "z"]


def test_ewkt_names_the_system(tmp_path: Path) -> None:
    shapes = [f"SRID=4548;{shape.wkt}" for shape in kit.moved(kit.PARCELS, 4548)]
    sheet = read_sheet(kit.csv(tmp_path / "a.csv", kit.csv_text(shapes)))
    assert sheet.crs == 4548 and same_parcels(sheet)


def test_xlsx(tmp_path: Path) -> None:
    import datetime as dt

    head = ["code", "number", "date", "flag", "wkt"]
    record = ["0601", 601, dt.date(2024, 12, 30), True, kit.PARCELS[0].wkt]
    path = kit.xlsx(tmp_path / "a.xlsx", [["减量台账"], head, record, [None] * 5, ["0702", 1.5, None, False, None]])
    sheet = read_sheet(path, ReadOptions(crs=4490, header_row=2))
    assert (sheet.layer, sheet.rows.tolist()) == ("台账", [3, 5])
    assert sheet.columns["code"].tolist() == ["0601", "0702"]
    assert sheet.columns["number"].tolist() == [601, 1.5]
    assert sheet.columns["date"].tolist() == ["2024-12-30", None]
    assert sheet.columns["flag"].tolist() == ["true", "false"]
    assert shapely.equals(sheet.geometries[0], kit.PARCELS[0]) and sheet.geometries[1] is None


def test_progress_ends_at_the_last_row(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    read_sheet(kit.gpkg(tmp_path / "a.gpkg"), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_rows_without_outlines_are_parked_where_outlines_are_needed(tmp_path: Path) -> None:
    path = kit.gpkg(tmp_path / "a.gpkg", [kit.PARCELS[0], None, kit.PARCELS[2]])
    assert not read_sheet(path).faults
    sheet = read_sheet(path, ReadOptions(geometry_required=True))
    assert [(fault.code, fault.row) for fault in sheet.faults] == [(Code.IMPORT_GEOMETRY_MISSING, 2)]
    assert sheet.parked == {2}


def test_several_layers_must_be_named(tmp_path: Path) -> None:
    path = kit.gpkg(tmp_path / "a.gpkg")
    kit.gpkg(path, layer="other", append=True)
    with pytest.raises(LedgerError) as error:
        read_sheet(path)
    assert error.value.code is Code.IMPORT_LAYER_AMBIGUOUS
    assert error.value.details["layers"] == ["other", "parcels"]
    assert read_sheet(path, ReadOptions(layer="other")).layer == "other"
    book = kit.xlsx(tmp_path / "a.xlsx", [["a"], [1]], 二=[["b"], [2]])
    with pytest.raises(LedgerError) as error:
        read_sheet(book)
    assert error.value.code is Code.IMPORT_LAYER_AMBIGUOUS
    assert read_sheet(book, ReadOptions(layer="二")).columns["b"].tolist() == [2]
    with pytest.raises(LedgerError) as error:
        read_sheet(book, ReadOptions(layer="三"))
    assert error.value.code is Code.IMPORT_LAYER_UNKNOWN


def test_whole_numbers_beside_nulls_stay_whole_in_a_geopackage(tmp_path: Path) -> None:
    path = kit.gpkg(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        database.create_function("ST_IsEmpty", 1, lambda blob: 0)
        for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda blob: 0.0)
        database.execute("ALTER TABLE parcels ADD COLUMN bsm INTEGER")
        database.execute("UPDATE parcels SET bsm = 110105000000000123 WHERE fid = 2")
    database.close()
    assert read_sheet(path).columns["bsm"].tolist() == [None, 110105000000000123, None]


def test_numbers_that_lost_digits_are_faults(tmp_path: Path) -> None:
    path = kit.xlsx(tmp_path / "a.xlsx", [["bsm"], [110105000000000123], [12345]])
    assert [(f.code, f.row, f.column) for f in read_sheet(path).faults] == [(Code.IMPORT_NUMBER_IMPRECISE, 2, "bsm")]


def test_coordinates_are_those_that_entries_hold(tmp_path: Path) -> None:
    sheet = read_sheet(kit.gpkg(tmp_path / "a.gpkg", kit.moved(kit.PARCELS, 4548), "EPSG:4548"))
    coordinates = shapely.get_coordinates(sheet.geometries)
    assert np.array_equal(coordinates, np.round(coordinates, 9))
