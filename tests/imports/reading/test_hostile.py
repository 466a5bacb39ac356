"""Files that are not what they say: refused by code before anything is parsed, or faulted by row and column."""

from __future__ import annotations

import sqlite3
import zipfile
from pathlib import Path

import pytest

from schemas.errors import Code, LedgerError
from sync.imports import gate
from sync.imports.reading import read_sheet
from sync.imports.sheet import ReadOptions
from tests.imports.reading import kit


def refusal(path: Path, options: ReadOptions = ReadOptions()) -> LedgerError:  # noqa: B008
    with pytest.raises(LedgerError) as error:
        read_sheet(path, options)
    assert "…" not in error.value.text("zh") + error.value.text("en")
    return error.value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd0\xcf\x11\xe0" + b"\0" * 600,
        b"\xff\xfea\0,\0",
        b"%PDF-1.7",
        b"Rar!\x1a\x07",
        b"\0\1\2",
        b"PK\x05\x06" + b"\0" * 18,
        b'{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read x"}',
        b"[1, 2]",
        b'{"a": 1}',
        b'{"type":"Polygon","coordinates":[]}',
    ],
)
def test_wrong_magic(tmp_path: Path, data: bytes) -> None:
    assert refusal(kit.csv(tmp_path / "a.gpkg", data)).code is Code.IMPORT_FORMAT_UNKNOWN


def test_missing_files_and_folders(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv").code is Code.IMPORT_FORMAT_UNKNOWN
    assert refusal(tmp_path).code is Code.IMPORT_FORMAT_UNKNOWN


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_TEXT_BYTES", 20)
    assert refusal(kit.csv(tmp_path / "a.csv", kit.csv_text())).code is Code.IMPORT_FILE_TOO_LARGE


def zip_of(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"parcels.shp": b"x", **entries}.items():
            archive.writestr(name, data)
    return path


def test_a_zip_bomb(tmp_path: Path) -> None:
    assert refusal(zip_of(tmp_path / "a.zip", **{"a.dbf": b"\0" * (8 << 20)})).code is Code.IMPORT_ARCHIVE_UNSAFE


@pytest.mark.parametrize(
    "name", ["../a.dbf", "/etc/a.dbf", "x/../../a.dbf", "C:/a.dbf", "..\\a.dbf", "a\x01.dbf", "PARCELS.SHP"]
)
def test_names_that_leave_the_archive(tmp_path: Path, name: str) -> None:
    assert refusal(zip_of(tmp_path / "a.zip", **{name: b"x"})).code is Code.IMPORT_ARCHIVE_UNSAFE


def test_too_many_entries(tmp_path: Path) -> None:
    many = {f"{number}.txt": b"" for number in range(gate.MAX_ENTRIES + 1)}
    assert refusal(zip_of(tmp_path / "a.zip", **many)).code is Code.IMPORT_ARCHIVE_UNSAFE


def test_an_xml_bomb_in_a_workbook(tmp_path: Path) -> None:
    path = kit.xlsx(tmp_path / "a.xlsx", [["a"], ["x"]])
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
    path = kit.rewritten(path, tmp_path / "b.xlsx", {"xl/sharedStrings.xml": bomb})
    assert refusal(path).code is Code.IMPORT_ARCHIVE_UNSAFE


def test_parts_of_a_shapefile_that_disagree(tmp_path: Path) -> None:
    path = kit.shapefile(tmp_path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for changes in (
        {"parcels.dbf": None},
        {"parcels.shx": None},
        {"parcels.shp": parts["parcels.shp"][:-8]},
        {"parcels.dbf": parts["parcels.dbf"][:-40]},
        {"parcels.dbf": b"\3" + parts["parcels.dbf"][1:4] + (2).to_bytes(4, "little") + parts["parcels.dbf"][8:]},
        {"parcels.shx": parts["parcels.shx"][:100] + b"\x7f" + parts["parcels.shx"][101:]},
    ):
        assert refusal(kit.rewritten(path, tmp_path / "b.zip", changes)).code is Code.IMPORT_FILE_DAMAGED, (
            changes.keys()
        )


def test_a_shapefile_of_points(tmp_path: Path) -> None:
    import shapely

    path = kit.shapefile(tmp_path, [shapely.Point(116.4, 39.9)], geometry_type="Point")
    assert refusal(path).code is Code.IMPORT_GEOMETRY_NOT_POLYGON


def test_records_marked_deleted_are_no_rows(tmp_path: Path) -> None:
    path = kit.shapefile(tmp_path)
    with zipfile.ZipFile(path) as archive:
        dbf = bytearray(archive.read("parcels.dbf"))
    head, width = int.from_bytes(dbf[8:10], "little"), int.from_bytes(dbf[10:12], "little")
    dbf[head + width] = ord("*")
    sheet = read_sheet(kit.rewritten(path, tmp_path / "b.zip", {"parcels.dbf": bytes(dbf)}))
    assert sheet.rows.tolist() == [1, 3] and sheet.columns["count"].tolist() == [0, 2] and len(sheet.geometries) == 2


@pytest.mark.parametrize("length", [50, 3_000, 40_000, -1])
def test_a_truncated_geopackage(tmp_path: Path, length: int) -> None:
    data = kit.gpkg(tmp_path / "a.gpkg").read_bytes()
    assert refusal(kit.csv(tmp_path / "b.gpkg", data[:length])).code is Code.IMPORT_FILE_DAMAGED


def test_a_geopackage_that_another_program_has_open(tmp_path: Path) -> None:
    path = kit.gpkg(tmp_path / "a.gpkg")
    (tmp_path / "a.gpkg-wal").write_bytes(b"x")
    assert refusal(path).code is Code.IMPORT_FILE_DAMAGED


def test_views_and_other_databases_are_not_read(tmp_path: Path) -> None:
    path = kit.gpkg(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('endless', 'attributes', 'e')"
        )
    database.close()
    assert read_sheet(path).layer == "parcels"
    assert refusal(path, ReadOptions(layer="endless")).code is Code.IMPORT_LAYER_UNKNOWN
    other = tmp_path / "b.gpkg"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    assert refusal(other).code is Code.IMPORT_FORMAT_UNKNOWN


def test_text_in_a_geopackage_that_is_no_utf8(tmp_path: Path) -> None:
    path = kit.gpkg(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        for name in ("rtree_parcels_geom_update6", "rtree_parcels_geom_update7"):
            database.execute(f"DROP TRIGGER IF EXISTS {name}")
        database.create_function("ST_IsEmpty", 1, lambda blob: 0)
        for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda blob: 0.0)
        database.execute("UPDATE parcels SET name = CAST(? AS TEXT) WHERE fid = 2", ("来广营".encode("gb18030"),))
    database.close()
    sheet = read_sheet(path)
    assert [(f.code, f.row, f.column) for f in sheet.faults] == [(Code.IMPORT_ENCODING_MIXED, 2, "name")]
    sheet.columns["name"][1].encode()  # what is shown can be stored


HEAD = "id,name\n"


@pytest.mark.parametrize(
    ("main", "stray", "encoding"), [("utf-8", "gb18030", "utf-8"), ("gb18030", "utf-8", "gb18030")]
)
def test_mixed_encodings(tmp_path: Path, main: str, stray: str, encoding: str) -> None:
    lines = [f"{number},十八里店乡\n".encode(main) for number in range(10)]
    lines[4] = "4,来广营地区\n".encode(stray)
    sheet = read_sheet(kit.csv(tmp_path / "a.csv", HEAD.encode() + b"".join(lines)))
    assert sheet.encoding == encoding
    assert [(f.code, f.row, f.column) for f in sheet.faults] == [(Code.IMPORT_ENCODING_MIXED, 6, "name")]
    assert sheet.columns["name"].tolist()[:4] == ["十八里店乡"] * 4


def test_encodings_that_are_neither(tmp_path: Path) -> None:
    assert (
        refusal(kit.csv(tmp_path / "a.csv", HEAD.encode() + b"1,\xff\xff\n" * 3)).code is Code.IMPORT_ENCODING_UNKNOWN
    )
    text = kit.csv(tmp_path / "b.csv", kit.csv_text())
    assert refusal(text, ReadOptions(encoding="big5")).code is Code.IMPORT_ENCODING_UNKNOWN
    bad = kit.geojson(tmp_path / "a.geojson").read_bytes().replace("来广营".encode(), "来广营".encode("gbk"))
    assert refusal(kit.csv(tmp_path / "b.geojson", bad)).code is Code.IMPORT_ENCODING_UNKNOWN


@pytest.mark.parametrize("text", ["", "a,a\n1,2\n", "a,,c\n1,2,3\n", ",,\n"])
def test_bad_headings(tmp_path: Path, text: str) -> None:
    code = Code.IMPORT_HEADER_INVALID if text else Code.IMPORT_FORMAT_UNKNOWN
    assert refusal(kit.csv(tmp_path / "a.csv", text)).code is code


def test_ragged_rows_and_open_quotes(tmp_path: Path) -> None:
    sheet = read_sheet(kit.csv(tmp_path / "a.csv", "a,b\n1,2\n3\n4,5,6\n7,8,\n"))
    assert [(f.code, f.row) for f in sheet.faults] == [(Code.IMPORT_ROW_RAGGED, 3), (Code.IMPORT_ROW_RAGGED, 4)]
    error = refusal(kit.csv(tmp_path / "b.csv", 'a,b\n1,2\n3,"4\n5,6\n'))
    assert (error.code, error.details["row"]) == (Code.IMPORT_FILE_DAMAGED, 3)


def test_merged_cells_formulas_and_errors(tmp_path: Path) -> None:
    rows = [["a", "b"], ["x", "=1+1"], ["y", 2], ["z", 5], ["#DIV/0!", 1], ["w", 3]]
    sheet = read_sheet(kit.xlsx(tmp_path / "a.xlsx", rows, merge=["A3:A4"]))
    found = [(fault.code, fault.row, fault.column, fault.details["cell"]) for fault in sheet.faults]
    assert found == [
        (Code.IMPORT_CELL_FORMULA, 2, "b", "B2"),
        (Code.IMPORT_CELL_MERGED, 3, "a", "A3:A4"),
        (Code.IMPORT_CELL_MERGED, 4, "a", "A3:A4"),
        (Code.IMPORT_CELL_ERROR, 5, "a", "A5"),
    ]
    assert sheet.rows.tolist() == [2, 3, 4, 5, 6] and sheet.parked == {2, 3, 4, 5}


def test_merged_or_computed_headings_refuse_the_sheet(tmp_path: Path) -> None:
    error = refusal(kit.xlsx(tmp_path / "a.xlsx", [["a", None], [1, 2]], merge=["A1:B1"]))
    assert (error.code, error.details["cell"]) == (Code.IMPORT_CELL_MERGED, "A1:B1")
    assert refusal(kit.xlsx(tmp_path / "b.xlsx", [["=1"], [1]])).code is Code.IMPORT_CELL_FORMULA
    titled = kit.xlsx(tmp_path / "c.xlsx", [["台账", None], ["a", "b"], [1, 2]], merge=["A1:B1"])
    assert not read_sheet(titled, ReadOptions(header_row=2)).faults  # a merged title above is a habit


def test_a_cell_far_out_does_not_cost_a_million_columns(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD2"] = "a", 1
    book.save(tmp_path / "a.xlsx")
    assert refusal(tmp_path / "a.xlsx").code is Code.IMPORT_TABLE_TOO_LARGE


def test_wkt_that_excel_cut_off(tmp_path: Path) -> None:
    long = ("POLYGON((" + "116.4 39.9," * 4_000)[:32_767]
    sheet = read_sheet(kit.xlsx(tmp_path / "a.xlsx", [["wkt"], [long]]), ReadOptions(crs=4490))
    assert [(f.code, f.row) for f in sheet.faults] == [(Code.IMPORT_GEOMETRY_UNREADABLE, 2)]


def test_deep_json(tmp_path: Path) -> None:
    deep = '{"type":"FeatureCollection","features":[' + "[" * 200_000
    assert refusal(kit.csv(tmp_path / "a.geojson", deep)).code is Code.IMPORT_FILE_DAMAGED


def test_truncated_geojson_names_the_place(tmp_path: Path) -> None:
    text = kit.geojson(tmp_path / "a.geojson").read_bytes()
    error = refusal(kit.csv(tmp_path / "b.geojson", text[:-3]))
    assert error.code is Code.IMPORT_FILE_DAMAGED and "line 1" in str(error.details["reason"])
