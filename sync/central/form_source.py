"""From an office's file to an XForm: XLSX and Markdown tables by pyxform, XForm XML as it is; and which row says what.

Only central has pyxform; a tablet gets forms compiled. Files come from outside, so their size is limited before they
are opened, and whatever pyxform cannot make sense of becomes a coded error with the row that it names.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from schemas.errors import Code, LedgerError

MAX_SOURCE_BYTES = 8 * 1024 * 1024
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
_ENDINGS = (".xlsx", ".md", ".xml")
_ROW = re.compile(r"\[row : (\d+)\]\s*")
_QUOTED = re.compile(r"question type '([^']+)'")
_TABLE_RULE = re.compile(r"\|?[\s|:-]+\Z")


@dataclass(frozen=True)
class _Row:
    """A row of the survey: its place in the file, and what it asks."""

    number: int
    type: str
    name: str


@dataclass(frozen=True)
class FormSource:
    """A compiled form: the XForm, and the row of each question in the survey sheet (line, where it is Markdown)."""

    xml: str
    rows: Mapping[str, int] = field(default_factory=dict)


def read_form(path: Path) -> FormSource:
    """The XForm of a file. Raises LedgerError(FORM_SOURCE_UNREADABLE or FORM_COMPILE_FAILED)."""
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise LedgerError(Code.FORM_SOURCE_UNREADABLE, reason=path.suffix or path.name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LedgerError(Code.FORM_SOURCE_UNREADABLE, reason=error.strerror or str(error)) from error
    if not data or len(data) > MAX_SOURCE_BYTES:
        raise LedgerError(Code.FORM_SOURCE_UNREADABLE, reason=f"{len(data)} bytes")
    if ending == ".xml":
        return FormSource(_text(data))
    if ending == ".md":
        rows = _markdown_rows(_text(data))
    else:
        _check_archive(data)
        rows = _sheet_rows(data)
    names: dict[str, int] = {}
    for row in rows:
        if row.name:
            names.setdefault(row.name, row.number)
    return FormSource(_compiled(data, ending, rows), names)


def _compiled(data: bytes, kind: str, rows: list[_Row]) -> str:
    """The XForm; where pyxform refuses, the row that it names, or whose type it quotes."""
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert

    try:
        return str(convert(xlsform=BytesIO(data), file_type=kind, validate=False).xform)
    except PyXFormError as error:
        text = str(error)
        details: dict[str, Any] = {"reason": _ROW.sub("", text).strip()[:600]}
        row = _row_of(text, kind, rows)
        if row is not None:
            details["row"] = row
        raise LedgerError(Code.FORM_COMPILE_FAILED, **details) from error
    except Exception as error:  # pyxform fails in many ways on sheets that are no form; none may end as a traceback
        raise LedgerError(Code.FORM_SOURCE_UNREADABLE, reason=f"{type(error).__name__}: {error}"[:300]) from error


def _row_of(text: str, kind: str, rows: list[_Row]) -> int | None:
    """The row of an error: pyxform counts a Markdown table's rows, a person the lines of the file."""
    found = _ROW.search(text)
    if found is not None:
        row = int(found.group(1))
        return rows[row - 2].number if kind == ".md" and 2 <= row <= len(rows) + 1 else row
    quoted = _QUOTED.search(text)
    return next((row.number for row in rows if quoted and row.type == quoted.group(1)), None)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LedgerError(Code.FORM_SOURCE_UNREADABLE, reason="UTF-8") from error


def _check_archive(data: bytes) -> None:
    """A workbook is a zip: refuse one that is none, and one that unpacks to more than any form needs."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except zipfile.BadZipFile as error:
        raise LedgerError(Code.FORM_SOURCE_UNREADABLE, reason="XLSX") from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise LedgerError(Code.FORM_SOURCE_UNREADABLE, reason=f"{unpacked} bytes unpacked")


def _sheet_rows(data: bytes) -> list[_Row]:
    """The rows of the sheet `survey` below its headings; none where it cannot be read, which pyxform then says."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        sheet = next((book[name] for name in book.sheetnames if name.lower() == "survey"), None)
        table = [
            (number, ["" if cell is None else str(cell).strip() for cell in cells])
            for number, cells in enumerate(sheet.iter_rows(values_only=True) if sheet is not None else (), 1)
        ]
        book.close()
    except Exception:  # whatever is wrong with a workbook, pyxform opens it next and its answer is the one shown
        return []
    return _rows(table)


def _markdown_rows(text: str) -> list[_Row]:
    """The rows of the table `survey` below its headings, by their lines."""
    table: list[tuple[int, list[str]]] = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped.startswith("|") or _TABLE_RULE.fullmatch(stripped):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", stripped)[1:-1]]
        if cells and cells[0]:
            inside = cells[0] == "survey"
        elif inside:
            table.append((number, cells))
    return _rows(table)


def _rows(table: list[tuple[int, list[str]]]) -> list[_Row]:
    filled = [(number, cells) for number, cells in table if any(cells)]
    headings = filled[0][1] if filled else []
    places = [headings.index(name) if name in headings else None for name in ("type", "name")]
    return [
        _Row(number, *("" if at is None or at >= len(cells) else cells[at] for at in places))
        for number, cells in filled[1:]
    ]
