"""The workbook and the page: numbers as numbers, no cell that runs, nothing from elsewhere, the mark on every sheet."""

from __future__ import annotations

import io
import re
import zipfile
from html.parser import HTMLParser
from typing import Any

import pytest
from openpyxl import load_workbook

from sync.central.keys import verify
from sync.ledger.report.check import check_report
from sync.ledger.report.page import page
from sync.ledger.report.sealed import Report
from sync.ledger.report.sheets import sheets
from sync.ledger.report.xlsx import DOCUMENT_SHEET, HEADER_ROW, workbook
from tests.ledger.report.kit import small_report

DANGEROUS = (
    '=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "http://example.invalid/",
    "0012", "1e5", "_x000A_=1", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&amp;\u2028x",
    "]]>", "{{ 7*7 }}", "|cmd", "\x01\x0b",
)  # fmt: skip


@pytest.fixture(scope="module")
def book(files: dict[str, bytes]) -> Any:
    return load_workbook(io.BytesIO(files["xlsx"]))


def test_a_sheet_a_section(book: Any, report: Report) -> None:
    names = [sheet.title for sheet in book.worksheets]
    assert names[0] == "封面" and names[-1] == DOCUMENT_SHEET
    assert len(names) == len(list(sheets(report))) + 1
    assert all(len(name) <= 31 for name in names)
    assert [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"] == [DOCUMENT_SHEET]


def test_every_sheet_prints_on_a4_landscape_with_its_heading(book: Any) -> None:
    for sheet in book.worksheets[:-1]:
        assert sheet.page_setup.orientation == "landscape"
        assert int(sheet.page_setup.paperSize) == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows == f"${HEADER_ROW + 1}:${HEADER_ROW + 1}"
        assert sheet.freeze_panes is not None


def test_every_sheet_and_page_is_marked(book: Any, files: dict[str, bytes]) -> None:
    for sheet in book.worksheets:
        assert any("演示数据·虚构" in str(cell.value) for row in sheet.iter_rows(max_row=2) for cell in row)
        if sheet.title != DOCUMENT_SHEET:
            assert "演示数据·虚构" in sheet.oddHeader.left.text and "演示数据·虚构" in sheet.oddFooter.left.text
    text = files["html"].decode()
    assert text.count("<caption") == text.count('<span class="mark">演示数据·虚构</span>')


def test_one_row_a_unit_and_a_total(book: Any) -> None:
    sheet = next(one for one in book.worksheets if one.title.endswith("单元·减量台账"))
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=HEADER_ROW + 1)]
    assert rows[0][:3] == ["名称", "代码", "绿隔"]
    assert [row[1] for row in rows[1:4]] == ["DEMO-LS", "DEMO-QL", "DEMO-SH"]
    assert rows[4][0] == "合计"
    place = rows[0].index("核验减量")
    assert rows[4][place] == pytest.approx(sum(row[place] for row in rows[1:4]), abs=0.02)


def test_figures_are_numbers_with_their_decimals(book: Any) -> None:
    sheet = next(one for one in book.worksheets if one.title.endswith("单元·亩与公顷"))
    heads = {cell.value: cell.column for cell in sheet[HEADER_ROW + 1]}
    cells = {unit: sheet.cell(HEADER_ROW + 2, heads[f"核验减量（{unit}）"]) for unit in ("平方米", "亩", "公顷")}
    assert all(isinstance(cell.value, int | float) for cell in cells.values())
    assert [cell.number_format for cell in cells.values()] == ["#,##0.00", "#,##0.0000", "#,##0.0000"]
    assert cells["亩"].value == pytest.approx(cells["平方米"].value * 3 / 2000, abs=5e-5)
    assert cells["公顷"].value == pytest.approx(cells["平方米"].value / 10_000, abs=5e-5)


@pytest.fixture(scope="module", params=DANGEROUS)
def dangerous(request: pytest.FixtureRequest) -> tuple[str, Report]:
    return request.param, small_report(parcels_per_unit=3, name=request.param)


def test_no_text_becomes_a_formula_or_a_link(dangerous: tuple[str, Report]) -> None:
    text, report = dangerous
    data = workbook(report)
    found = 0
    for sheet in load_workbook(io.BytesIO(data)).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f" and cell.hyperlink is None
                if cell.column == 2 and sheet.title.endswith("图斑附表·面积") and cell.row > HEADER_ROW + 1:
                    assert cell.data_type == "s"
                    found += 1
                    if text[0] in "=+-@\t\r＝|":
                        assert cell.quotePrefix
    assert found == 9
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not [name for name in archive.namelist() if "external" in name.lower() or "vba" in name.lower()]
        assert b"<hyperlink" not in b"".join(archive.read(name) for name in archive.namelist())


def test_dangerous_texts_hold_in_every_format(dangerous: tuple[str, Report]) -> None:
    _, report = dangerous
    for data in (report.data(), page(report), workbook(report)):
        verdict = check_report(data, verify, report.seal.public_key)
        assert verdict.holds, [one.text("en") for one in verdict.findings]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_runs_nothing_and_fetches_nothing(dangerous: tuple[str, Report]) -> None:
    reader = _Reader()
    reader.feed(page(dangerous[1]).decode())
    scripts = [attributes for tag, attributes in reader.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "report"}]
    assert not [tag for tag, _ in reader.tags if tag in ("img", "link", "iframe", "object", "embed", "form", "base")]
    for tag, attributes in reader.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "action", "srcset")]
        assert tag != "a" or str(attributes["href"]).startswith("#")
    assert "url(" not in page(dangerous[1]).decode().partition("</style>")[0]


def test_tables_can_be_read_aloud(files: dict[str, bytes]) -> None:
    reader = _Reader()
    reader.feed(files["html"].decode())
    tags = [tag for tag, _ in reader.tags]
    assert tags.count("table") == tags.count("caption") == tags.count("thead")
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in reader.tags if tag == "th")
    assert dict(reader.tags)["html"] == {"lang": "zh-CN"}


def test_every_word_of_the_page_is_in_both_languages(files: dict[str, bytes]) -> None:
    """No Chinese stands in an English span but names, and no heading lacks its English."""
    text = files["html"].decode()
    for heading in re.findall(r"<t?h[12ead]*[^>]*><span lang=\"zh\">[^<]*</span>(?!<span lang=\"en\">)", text):
        pytest.fail(heading)
    for english in re.findall(r"<thead>.*?</thead>", text):
        for words in re.findall(r'<span lang="en">([^<]*)</span>', english):
            assert not re.search("[\u4e00-\u9fff]", words), words


def test_a_plain_ledger_carries_no_mark(report: Report) -> None:
    from dataclasses import replace

    contents = replace(report.contents, header={**report.contents.header, "demo": False})
    plain = replace(report, contents=contents)
    assert "演示数据" not in page(plain).decode()
    for sheet in load_workbook(io.BytesIO(workbook(plain))).worksheets:
        assert sheet.cell(2, 1).value is None or "演示数据" not in str(sheet.cell(2, 1).value)
