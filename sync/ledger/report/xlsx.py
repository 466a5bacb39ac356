"""The report as a workbook in the habit of the field: Chinese, one row a unit, A4 landscape, numbers as numbers.

No cell is a formula or a link, whatever its text begins with; such texts also carry Excel's quote prefix, so that
editing the cell does not make them one. The document stands on a hidden last sheet, where `main.py verify` finds it.
Bytes depend on the report alone: times inside the archive are fixed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from sync.ledger.report.document import DEMO_MARK, TITLE
from sync.ledger.report.sealed import Report
from sync.ledger.report.sheet import Sheet
from sync.ledger.report.sheets import sheets
from sync.ledger.report.show import Format, Shown

DOCUMENT_SHEET = "_report"
CHUNK = 16_000
"""Characters of the document in one cell; a cell holds 32,767 at most."""
MAX_CELL = 32_000
HEADER_ROW = 3
"""Row of the headings, counted from 0: title, line of origin and note stand above."""
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_CREATED = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
_NUMBERS = {Format.WHOLE: "#,##0", Format.TWO: "#,##0.00", Format.FOUR: "#,##0.0000"}
_FONT = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
_LINE = {**_FONT, "border": 1, "border_color": "#999999"}


def workbook(report: Report) -> bytes:
    """The bytes of the XLSX file."""
    target = BytesIO()
    book = xlsxwriter.Workbook(target, _OPTIONS)
    book.set_properties({"title": TITLE, "comments": report.seal.hash, "created": _CREATED})
    demo = report.contents.header.get("demo") is True
    formats = _Formats(book)
    for number, sheet in enumerate(sheets(report)):
        _write(book, formats, sheet, number, report, demo=demo)
    _embed(book, report)
    book.close()
    return target.getvalue()


def sheet_title(number: int, sheet: Sheet) -> str:
    """The name on a sheet's tab: at most 31 characters, none that Excel forbids."""
    name = f"{number} {sheet.zh}" if number else sheet.zh
    return name.replace("/", "、")[:31]


def origin_line(report: Report) -> str:
    """The line under each title: period, position and hash."""
    head = report.contents.header
    mark = f"【{DEMO_MARK}】" if head.get("demo") is True else ""
    return (
        f"{mark}统计期 {head.get('after')} 至 {head.get('until')}　台账位置 {head.get('position')}　"
        f"报告指纹 {report.seal.hash[:16]}"
    )


def document_chunks(report: Report) -> Iterator[str]:
    """The document as plain ASCII in pieces; `_x` is escaped, since Excel takes `_x000A_` for a character."""
    text = json.dumps(report.document(), sort_keys=True, separators=(",", ":")).replace("_x", "\\u005fx")
    return (text[start : start + CHUNK] for start in range(0, len(text), CHUNK))


class _Formats:
    """Cell formats, each made once."""

    def __init__(self, book: Any) -> None:
        self.title = book.add_format({**_FONT, "font_name": "黑体", "font_size": 16, "bold": True})
        self.origin = book.add_format({**_FONT, "font_color": "#444444"})
        self.demo = book.add_format({**_FONT, "font_color": "#C00000", "bold": True})
        self.note = book.add_format({**_FONT, "font_size": 9, "font_color": "#444444"})
        self.head = book.add_format(
            {**_LINE, "bold": True, "align": "center", "text_wrap": True, "bg_color": "#E2EFDA", "font_name": "黑体"}
        )
        self._book = book
        self._made: dict[tuple[Format, bool, bool], Any] = {}

    def cell(self, kind: Format, *, bold: bool, risky: bool) -> Any:
        key = (kind, bold, risky)
        if key not in self._made:
            properties: dict[str, Any] = {**_LINE, "bold": bold, "quote_prefix": risky}
            if bold:
                properties["bg_color"] = "#F2F2F2"
            if kind is Format.TEXT:
                properties.update(align="left", text_wrap=True)
            else:
                properties.update(align="right", num_format=_NUMBERS[kind])
            self._made[key] = self._book.add_format(properties)
        return self._made[key]


def _write(book: Any, formats: _Formats, sheet: Sheet, number: int, report: Report, *, demo: bool) -> None:
    page = book.add_worksheet(sheet_title(number, sheet))
    page.write_string(0, 0, TITLE if number == 0 else f"{TITLE}·{sheet.zh}", formats.title)
    page.write_string(1, 0, origin_line(report), formats.demo if demo else formats.origin)
    page.write_string(2, 0, sheet.note[0] if sheet.note else "", formats.note)
    page.set_row(0, 26)
    page.set_row(HEADER_ROW, 34)
    for place, heading in enumerate(sheet.headings):
        page.set_column(place, place, heading.width)
        page.write_string(HEADER_ROW, place, heading.zh, formats.head)
    last = len(sheet.rows)
    for line, row in enumerate(sheet.every_row):
        bold = line == last or line in sheet.emphasised
        for place, cell in enumerate(row):
            _cell(page, HEADER_ROW + 1 + line, place, cell, formats, bold=bold)
    if not sheet.every_row:
        page.write_string(HEADER_ROW + 1, 0, "（本期无）", formats.cell(Format.TEXT, bold=False, risky=False))
    _set_up(page, sheet, demo=demo)


def _cell(page: Any, row: int, place: int, cell: Shown, formats: _Formats, *, bold: bool) -> None:
    if cell.number is not None:
        page.write_number(row, place, float(cell.number), formats.cell(cell.format, bold=bold, risky=False))
        return
    text = cell.zh if len(cell.zh) <= MAX_CELL else cell.zh[:MAX_CELL] + "…"
    risky = text.startswith(_RISKY)
    page.write_string(row, place, text, formats.cell(cell.format, bold=bold, risky=risky))


def _set_up(page: Any, sheet: Sheet, *, demo: bool) -> None:
    page.freeze_panes(HEADER_ROW + 1, sheet.fixed if len(sheet.headings) > 2 else 0)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(HEADER_ROW)
    page.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    mark = DEMO_MARK if demo else ""
    page.set_header(f"&L{mark}&R&A")
    page.set_footer(f"&L{mark}&C第 &P 页，共 &N 页")


def _embed(book: Any, report: Report) -> None:
    page = book.add_worksheet(DOCUMENT_SHEET)
    if report.contents.header.get("demo") is True:
        page.write_string(0, 1, DEMO_MARK)
    for line, chunk in enumerate(document_chunks(report)):
        page.write_string(line, 0, chunk)
    page.hide()
