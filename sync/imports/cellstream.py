"""The rows of one XLSX sheet as a stream of plain values; openpyxl makes objects for every cell and every text instead,

which takes some five times as long. Workbook and styles stay openpyxl's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any
from xml.etree import ElementTree  # document types, hence entities, were refused before

from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.datetime import from_excel

from schemas.errors import Code, LedgerError
from sync.imports.raw import MAX_COLUMNS
from sync.imports.sheet import Cell


@dataclass(frozen=True)
class Book:
    """What the cells of all sheets refer to."""

    sheets: tuple[tuple[str, str, bool], ...]
    """Title, entry in the archive, whether it is visible."""
    texts: list[str]
    date_styles: frozenset[int]
    span_styles: frozenset[int]
    epoch: dt.datetime


@dataclass(frozen=True, slots=True)
class Odd:
    """A cell without a value of its own: a formula or an error. `column` counts from 0."""

    code: Code
    column: int
    cell: str
    value: str = ""


Row = tuple[int, list[Cell], list[Odd]]


def texts(source: IO[bytes]) -> list[str]:
    """The shared strings of a workbook, without their formats and readings aloud."""
    found = []
    for _, element in ElementTree.iterparse(source):  # noqa: S314
        if element.tag[-3:] == "}si":
            found.append(_text(element))
            element.clear()
    return found


def rows(source: IO[bytes], book: Book) -> Iterator[Row]:
    """Number, values (as far as the last cell) and odd cells of each row that the part of a sheet holds.

    Dates become ISO text, truth values `true` and `false`. Raises LedgerError(IMPORT_TABLE_TOO_LARGE) for a cell beyond
    MAX_COLUMNS, IMPORT_FILE_DAMAGED for rows out of order; whatever ElementTree and int() raise at damaged bytes.
    """
    reader = _Reader(book)
    number = 0
    for _, element in ElementTree.iterparse(source):  # noqa: S314
        if element.tag[-4:] != "}row":
            continue
        stated = element.get("r")
        following = number + 1 if stated is None else int(stated)
        if following <= number:
            raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"row {following} comes after row {number}")
        number = following
        yield number, *reader.row(element, number)
        element.clear()


class _Reader:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._letters: dict[str, int] = {}

    def row(self, element: Any, number: int) -> tuple[list[Cell], list[Odd]]:
        values: list[Cell] = []
        odd: list[Odd] = []
        for cell in element:
            if cell.tag[-2:] != "}c":
                continue
            ref = cell.get("r")
            column = len(values) if ref is None else self._column(ref)
            if column < len(values):
                raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"cells of row {number} are out of order")
            if column > len(values):
                values.extend([None] * (column - len(values)))
            value = self._value(cell)
            if isinstance(value, Code):
                text = next((part.text or "" for part in cell if part.tag[-2:] == "}v"), "")
                odd.append(Odd(value, column, ref or f"{get_column_letter(column + 1)}{number}", text[:40]))
                value = None
            values.append(value)
        return values, odd

    def _column(self, ref: str) -> int:
        letters = ref.rstrip("0123456789")
        column = self._letters.get(letters)
        if column is None:
            column = int(column_index_from_string(letters)) - 1
            if column >= MAX_COLUMNS:
                raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="columns", limit=MAX_COLUMNS)
            self._letters[letters] = column
        return column

    def _value(self, cell: Any) -> Cell | Code:
        """The value, or the code that says why there is none."""
        text: str | None = None
        for part in cell:
            tag = part.tag
            if tag[-2:] == "}v":
                text = part.text
            elif tag[-2:] == "}f":
                return Code.IMPORT_CELL_FORMULA
            elif tag[-3:] == "}is":
                return _text(part) or None
        if not text:
            return None
        kind = cell.get("t", "n")
        if kind == "s":
            return self._book.texts[int(text)] or None
        if kind == "n":
            return self._number(text, int(cell.get("s", 0)))
        if kind == "b":
            return "true" if int(text) else "false"
        if kind == "e":
            return Code.IMPORT_CELL_ERROR
        return text.removesuffix("T00:00:00") if kind == "d" else text

    def _number(self, text: str, style: int) -> Cell | Code:
        value = int(text) if text.isdigit() else float(text)
        if value - value != 0:
            return Code.IMPORT_CELL_ERROR
        if style in self._book.date_styles:
            try:
                moment = from_excel(value, self._book.epoch, timedelta=style in self._book.span_styles)
            except (OverflowError, ValueError):
                return Code.IMPORT_CELL_ERROR
            return _iso(moment)
        return int(value) if type(value) is float and value.is_integer() and "." not in text else value


def _text(element: Any) -> str:
    """The plain text of a string: its own, or that of its runs; readings aloud (rPh) are left out."""
    pieces = []
    for child in element:
        if child.tag[-2:] == "}t":
            pieces.append(child.text or "")
        elif child.tag[-2:] == "}r":
            pieces.extend(run.text or "" for run in child if run.tag[-2:] == "}t")
    return "".join(pieces)


def _iso(moment: dt.datetime | dt.time | dt.timedelta) -> str:
    if isinstance(moment, dt.datetime):
        return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat()
    return str(moment)
