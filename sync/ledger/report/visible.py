"""What a reader sees against what the document says: both are printed again from the document and compared.

Writers depend on the report alone, so an untouched file equals its reprint byte for byte. Where it does not, the cells
that differ are named, from what to what; where no cell differs, something else in the file was touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape

from schemas.errors import Code, Detail
from sync.ledger.report.container import SheetCells, parts_of, place_name, sheets_of
from sync.ledger.report.findings import Finding
from sync.ledger.report.page import OPENING, page
from sync.ledger.report.sealed import Report
from sync.ledger.report.xlsx import DOCUMENT_SHEET, HEADER_ROW, workbook

MAX_FINDINGS = 200
_SHORT = 120


def compare_workbook(data: bytes, parts: Mapping[str, bytes], report: Report, *, intact: bool) -> list[Finding]:
    """What differs between a workbook and its reprint; `intact`: the document in it is as it was signed."""
    reprint = workbook(report)
    if data == reprint:
        return []
    expected_parts = parts_of(reprint)
    expected, found = sheets_of(expected_parts), sheets_of(parts)
    differences = list(_workbook_differences(expected, found, intact=intact))
    if differences:
        return differences[:MAX_FINDINGS]
    touched = sorted(
        name for name in {*parts, *expected_parts} if parts.get(name) != expected_parts.get(name)
    ) or ["zip"]  # fmt: skip
    return [Finding(Code.REPORT_FILE_CHANGED, {"where": ", ".join(touched[:6])[:300]})]


def compare_page(data: bytes, report: Report, *, intact: bool) -> list[Finding]:
    """What differs between a page and its reprint."""
    reprint = page(report)
    if data == reprint:
        return []
    found, expected = data.decode("utf-8", "replace").split("\n"), reprint.decode("utf-8").split("\n")
    start = _common(expected, found)
    end = _common(expected[start:][::-1], found[start:][::-1])
    old, new = expected[start : len(expected) - end], found[start : len(found) - end]
    places = _Places(expected)
    if len(old) != len(new):
        what = f"{_visible(' '.join(old))[:_SHORT]} → {_visible(' '.join(new))[:_SHORT]}"
        return [Finding(Code.REPORT_SHEET_CHANGED, {"sheet": places.sheet(start), "what": what})]
    differences: list[Finding] = []
    for offset, (was, now) in enumerate(zip(old, new, strict=True)):
        if was != now and len(differences) < MAX_FINDINGS:
            differences.extend(_line_differences(places, start + offset, was, now, intact=intact))
    return differences


def _workbook_differences(expected: list[SheetCells], found: list[SheetCells], *, intact: bool) -> Iterator[Finding]:
    by_name = {sheet.name: sheet for sheet in found}
    for sheet in expected:
        other = by_name.pop(sheet.name, None)
        if other is None:
            yield _changed(sheet.name, "工作表缺失 the sheet is missing")
            continue
        if sheet.name == DOCUMENT_SHEET:
            continue
        if sheet.state != other.state:
            yield _changed(sheet.name, f"{sheet.state} → {other.state}")
        for place, formula in sorted(other.formulas.items()):
            yield _changed(sheet.name, f"{place_name(*place)}: ={formula[:_SHORT]}")
        for place in sorted({*sheet.cells, *other.cells}):
            was, now = sheet.cells.get(place, ""), other.cells.get(place, "")
            if not _same(was, now):
                yield _cell(sheet.name, place, sheet, was, now, intact=intact)
    for name in by_name:
        yield _changed(name[:80], "工作表不属于报告 the sheet is not the report's")


def _cell(name: str, place: tuple[int, int], sheet: SheetCells, was: str, now: str, *, intact: bool) -> Finding:
    row, column = place
    heading = sheet.cells.get((HEADER_ROW, column), "")
    subject = sheet.cells.get((row, 0), "") if row > HEADER_ROW else ""
    return _difference(name, place_name(row, column), heading, subject, was, now, intact=intact)


def _difference(sheet: str, cell: str, column: str, name: str, was: str, now: str, *, intact: bool) -> Finding:
    details: dict[str, Detail] = {
        "sheet": sheet, "cell": cell, "column": column[:60], "name": name[:60], "now": now[:_SHORT],
    }  # fmt: skip
    if intact:
        return Finding(Code.REPORT_CELL_CHANGED, {**details, "was": was[:_SHORT]})
    return Finding(Code.REPORT_CELL_DISAGREES, {**details, "data": was[:_SHORT]})


def _changed(sheet: str, what: str) -> Finding:
    return Finding(Code.REPORT_SHEET_CHANGED, {"sheet": sheet, "what": what})


def _same(was: str, now: str) -> bool:
    """Whether two cells hold the same; numbers may be written with other digits by other software."""
    if was == now:
        return True
    try:
        return float(was) == float(now) and was.strip() != "" and not {"_", "n"} & {*was.lower(), *now.lower()}
    except ValueError:
        return False


_SECTION = re.compile(r'<section id="([a-z_]+)"')
_CELL = re.compile(r"<t[hd]\b[^>]*>(.*?)</t[hd]>")
_TAG = re.compile(r"<[^>]*>")


class _Places:
    """Which section, headings and row a line of the page belongs to."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def sheet(self, line: int) -> str:
        for number in range(min(line, len(self.lines) - 1), -1, -1):
            found = _SECTION.search(self.lines[number])
            if found is not None:
                return _visible(self.lines[number + 1])
        return "页首 head of the page"

    def headings(self, line: int) -> list[str]:
        for number in range(line, -1, -1):
            if self.lines[number].startswith("<thead>"):
                return [_visible(cell) for cell in _CELL.findall(self.lines[number])]
        return []

    def row(self, line: int) -> int:
        number = line
        while number > 0 and self.lines[number].startswith("<tr"):
            number -= 1
        return line - number


def _line_differences(places: _Places, line: int, was: str, now: str, *, intact: bool) -> Iterator[Finding]:
    sheet = places.sheet(line)
    if OPENING in was:
        yield Finding(Code.REPORT_FILE_CHANGED, {"where": "JSON"})
        return
    old, new = _CELL.findall(was), _CELL.findall(now)
    if _visible(was) == _visible(now):
        yield Finding(Code.REPORT_FILE_CHANGED, {"where": f"{sheet}, line {line + 1}"})
    elif not was.startswith(("<tr", "<thead")) or len(old) != len(new):
        yield _changed(sheet, f"{_visible(was)[:_SHORT]} → {_visible(now)[:_SHORT]}")
    else:
        headings = places.headings(line)
        changed = [number for number, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
        if not changed:
            yield _changed(sheet, f"{_visible(was)[:_SHORT]} → {_visible(now)[:_SHORT]}")
        for number in changed:
            heading = headings[number] if number < len(headings) else ""
            cell = f"第 {places.row(line)} 行 row {places.row(line)}"
            yield _difference(
                sheet, cell, heading, _visible(old[0]), _visible(old[number]), _visible(new[number]), intact=intact
            )


def _visible(markup: str) -> str:
    """The text between tags, Chinese beside English where both are there."""
    return " ".join(unescape(_TAG.sub(" ", markup)).split())


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
