"""From a cell as an office writes it to the JSON text of a field: each distinct cell is read once, however often it
stands in a column.

Readers are dictionaries that fill themselves; they say `Refused` for a cell that cannot be read, never raise for it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from json.encoder import encode_basestring
from operator import ne
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from schemas.entries import first_fault
from schemas.errors import Code, Detail, LedgerError
from schemas.measures import M2_PER_UNIT, AreaUnit, exact_m2, parse_area, stored
from sync.imports.sheet import Cell

NULL = "null"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a cell cannot be read, by its code."""

    code: Code
    details: Mapping[str, Detail]


Fragment = str | Refused
"""The JSON text of a field's value, or why there is none."""


def encoded(value: Any) -> str:
    """The canonical JSON text of plain text, numbers and lists of them."""
    if type(value) is str:  # by far the most; the same bytes, five times faster
        return encode_basestring(value)
    if type(value) is int:
        return int.__repr__(value)
    return _ENCODER.encode(value)


class CellReader(dict[Cell, Fragment]):
    """JSON text by cell. `parse` gets a cell that is not empty and returns a plain value, or raises LedgerError."""

    def __init__(self, parse: Callable[[Cell], Any], words: Mapping[str, Cell] | None = None) -> None:
        super().__init__()
        self._parse = parse
        self._words = words or {}
        self.refused = False
        """Whether any cell was refused."""

    def __missing__(self, cell: Cell) -> Fragment:
        made = self._read(cell)
        self[cell] = made
        return made

    def _read(self, cell: Cell) -> Fragment:
        said = self._words.get(plain(cell), cell) if cell is not None and self._words else cell
        if said is None or (isinstance(said, str) and not said.strip()):
            return NULL
        try:
            return encoded(self._parse(said))
        except LedgerError as error:
            self.refused = True
            return Refused(error.code, error.details)


def plain(cell: Cell) -> str:
    """A cell as text: no blanks around it, and a whole number without a decimal point."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell).strip()


class TextParser:
    """Text as a field's own annotation allows it: a cell, or a whole column in one go."""

    def __init__(self, annotation: Any) -> None:
        self._check = TypeAdapter(annotation).validate_python
        self._check_all = TypeAdapter(list[annotation]).validate_python

    def __call__(self, cell: Cell) -> Any:
        return _checked(self._check, plain(cell))

    def column(self, column: Sequence[Cell]) -> list[str] | None:
        """The JSON text of all cells, where each is plain text that stands for itself; else None: look one by one."""
        if set(map(type, column)) != {str}:
            return None
        said = cast("Sequence[str]", column)
        if "" in said or any(map(ne, map(str.strip, said), said)):
            return None
        try:
            return list(map(encode_basestring, self._check_all(said)))
        except ValidationError:
            return None


def text(annotation: Any) -> TextParser:
    """Text as a field's own annotation allows it."""
    return TextParser(annotation)


def number(annotation: Any) -> Callable[[Cell], Any]:
    """A whole number as a field's own annotation allows it."""
    check = TypeAdapter(annotation).validate_python

    def parse(cell: Cell) -> Any:
        said = plain(cell)
        if not re.fullmatch(r"-?[0-9]{1,15}", said):
            raise LedgerError(Code.VALUE_INVALID, reason=f"not a whole number: {said[:40]}")
        return _checked(check, int(said))

    return parse


def hundredths(annotation: Any) -> Callable[[Cell], Any]:
    """A decimal such as a score, in hundredths, with no more than two decimals."""
    check = TypeAdapter(annotation).validate_python

    def parse(cell: Cell) -> Any:
        said = plain(cell)
        if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,2})?", said):
            raise LedgerError(Code.VALUE_INVALID, reason=f"not a number with at most two decimals: {said[:40]}")
        return _checked(check, int(Decimal(said) * 100))

    return parse


def area(unit: AreaUnit | None, *, signed: bool = False) -> Callable[[Cell], int]:
    """An area in hundredths of m². A number is in `unit`; text may carry its own, which must not contradict `unit`.

    Exact and rounded half up once (domain §3.9); a number from a binary file is taken as its shortest decimal.
    """
    least = None if signed else _NOTHING_M2
    factor = 0.0 if unit is None else float(M2_PER_UNIT[unit] * 100)

    def parse(cell: Cell) -> int:
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            if unit is None:
                raise LedgerError(Code.VALUE_INVALID, reason="unit of area missing")
            if not math.isfinite(cell) or (cell < 0 and not signed):
                raise LedgerError(Code.VALUE_INVALID, reason="area below 0 m2" if cell < 0 else "not a finite area")
            near = cell * factor
            # Away from a tie, floating point rounds to the same hundredth, 30x faster than fractions.
            tie = abs(near) > 1e11 or abs(near % 1.0 - 0.5) < 1e-3
            made = stored(exact_m2(Decimal(repr(cell)), unit)) if tie else math.floor(near + 0.5)
        else:
            made = parse_area(str(cell), unit, least_m2=least).centi_m2
        if abs(made) > _MOST_E2:
            raise LedgerError(Code.VALUE_INVALID, reason="area too large")
        return made

    return parse


def day(form: str | None) -> Callable[[Cell], str]:
    """A Beijing date as YYYY-MM-DD; `form` is a strptime format of the mapping, else the usual ways of writing."""

    def parse(cell: Cell) -> str:
        said = plain(cell)
        try:
            if form is not None:
                return datetime.strptime(said, form).date().isoformat()
            match = _DAY.fullmatch(said)
            if match is None:
                raise ValueError(said)
            return date(*(int(part) for part in match.groups() if part is not None)).isoformat()
        except (ValueError, TypeError) as error:
            raise LedgerError(Code.VALUE_INVALID, reason=f"not a date: {said[:40]}") from error

    return parse


def word(choices: type[StrEnum] | Iterable[str], chinese: Mapping[str, str]) -> Callable[[Cell], str]:
    """A code word, or one of the Chinese words for it."""
    known = {str(choice).lower(): str(choice) for choice in choices} | dict(chinese)

    def parse(cell: Cell) -> str:
        said = plain(cell)
        found = known.get(said) or known.get(said.lower())
        if found is None:
            raise LedgerError(Code.CODE_UNKNOWN, code=said[:80])
        return found

    return parse


def flag(cell: Cell) -> bool:
    """Yes or no."""
    found = _FLAGS.get(plain(cell).lower())
    if found is None:
        raise LedgerError(Code.VALUE_INVALID, reason=f"neither yes nor no: {plain(cell)[:40]}")
    return found


def several(one: Callable[[Cell], Any]) -> Callable[[Cell], list[Any]]:
    """A list in one cell, parted by commas, semicolons, 、 or line breaks; a doubled item is refused."""

    def parse(cell: Cell) -> list[Any]:
        items = [one(part) for part in map(str.strip, _PARTED.split(plain(cell))) if part]
        if len({encoded(item) for item in items}) != len(items):
            raise LedgerError(Code.VALUE_INVALID, reason="the list names something twice")
        return items

    return parse


def joined(names: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    """Objects as JSON text, one a row, from the fragments of their fields; names are put in canonical order."""
    order = sorted(range(len(names)), key=lambda index: names[index])
    form = "{" + ",".join(f"{encoded(names[index])}:%s" for index in order) + "}"
    return [form % values for values in zip(*(columns[index] for index in order), strict=True)]


def _checked(check: Callable[[Any], Any], value: Any) -> Any:
    try:
        return check(value)
    except ValidationError as error:
        raise LedgerError(Code.VALUE_INVALID, reason=first_fault(error).removeprefix("$: ")) from error


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_NOTHING_M2 = exact_m2(0, AreaUnit.M2)
_MOST_E2 = 10**13
_DAY = re.compile(
    r"(\d{4})(?:[-/.年]|(?=\d{4}$))(\d{1,2})(?:[-/.月]|(?=\d{2}$))(\d{1,2})日?"
    r"(?:[T ]00:00:00(?:\.0+)?(?:Z|\+08:00)?)?"
)
_PARTED = re.compile(r"[,，;；、\n]+")
_FLAGS = {
    "是": True, "有": True, "1": True, "true": True, "yes": True, "y": True,
    "否": False, "无": False, "0": False, "false": False, "no": False, "n": False,
}  # fmt: skip
