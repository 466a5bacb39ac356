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
_TABLE_RULE = re.compile(r"\|?[\s|:-]+\Z")


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
        lines = _markdown_rows(_text(data))
        rows = {name: line for name, line in lines if name}
        return FormSource(_compiled(data, ".md", [line for _, line in lines]), rows)
    _check_archive(data)
    return FormSource(_compiled(data, ".xlsx", []), _sheet_rows(data))


def _compiled(data: bytes, kind: str, lines: list[int]) -> str:
    """The XForm. `lines` are the lines of the survey's rows, where rows are not what a person counts."""
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert

    try:
        return str(convert(xlsform=BytesIO(data), file_type=kind, validate=False).xform)
    except PyXFormError as error:
        text = str(error)
        found = _ROW.search(text)
        details: dict[str, Any] = {"reason": _ROW.sub("", text).strip()[:600]}
        if found is not None:
            row = int(found.group(1))
            details["row"] = lines[row - 2] if 2 <= row <= len(lines) + 1 else row
        raise LedgerError(Code.FORM_COMPILE_FAILED, **details) from error
    except Exception as error:  # pyxform fails in many ways on sheets that are no form; none may end as a traceback
        raise LedgerError(Code.FORM_SOURCE_UNREADABLE, reason=f"{type(error).__name__}: {error}"[:300]) from error


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


def _sheet_rows(data: bytes) -> dict[str, int]:
    """The row of each name in the sheet `survey`."""
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(data), read_only=True, data_only=True)
    sheet = next((book[name] for name in book.sheetnames if name.lower() == "survey"), None)
    found: dict[str, int] = {}
    column: int | None = None
    for number, cells in enumerate(sheet.iter_rows(values_only=True) if sheet is not None else (), 1):
        texts = ["" if cell is None else str(cell).strip() for cell in cells]
        if column is None:
            column = texts.index("name") if "name" in texts else None
        elif column < len(texts) and texts[column]:
            found.setdefault(texts[column], number)
    book.close()
    return found


def _markdown_rows(text: str) -> list[tuple[str, int]]:
    """(name, line) of each row below the headings of the table `survey`, in order."""
    found: list[tuple[str, int]] = []
    inside, column = False, None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped.startswith("|") or _TABLE_RULE.fullmatch(stripped):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", stripped)[1:-1]]
        if cells and cells[0]:
            inside, column = cells[0] == "survey", None
        elif inside and column is None:
            column = cells.index("name") if "name" in cells else -1
        elif inside and column is not None:
            found.append((cells[column] if 0 <= column < len(cells) else "", number))
    return found
