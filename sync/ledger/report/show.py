"""How a value of the document is shown, in Chinese and English: what both writers print and a checker compares.

Areas are shown in m² with two decimals, or in mu and hectares with four, converted from the figure in m² that the
document holds (1 mu = 2000/3 m², domain §3.9).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any

from schemas.errors import LedgerError
from schemas.findings import discrepancies
from schemas.land_classes import land_classes
from schemas.measures import DECIMALS, M2_PER_UNIT, AreaUnit
from sync.ledger.report.sections import FIGURES
from sync.ledger.report.table import Column, Kind
from sync.ledger.report.words import WORDS

NONE = "—"
"""Where there is no value: no target was set, or a ratio's divisor is 0."""


NO_CLASS = "无地类"
_NUMBERS = frozenset({Kind.AREA, Kind.COUNT, Kind.RATIO})


class Format(StrEnum):
    """How a cell prints: numbers stay numbers in a spreadsheet."""

    TEXT = "text"
    WHOLE = "whole"
    TWO = "two"
    FOUR = "four"


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell: text in both languages, or a number and its format; a missing number has the format and no number."""

    zh: str
    en: str
    number: Decimal | int | None = None
    format: Format = Format.TEXT

    @classmethod
    def text(cls, zh: str, en: str | None = None) -> Shown:
        """A cell of text, the same in both languages unless said."""
        return cls(zh, zh if en is None else en)

    @classmethod
    def figure(cls, number: Decimal | int, kind: Format) -> Shown:
        """A cell with a number, digits in groups of three."""
        printed = f"{number:,}"
        return cls(printed, printed, number, kind)


def shown_e2(area_e2: int, unit: AreaUnit) -> Decimal:
    """`measures.shown` of a stored area by whole numbers alone: a report has a million of them.

    >>> shown_e2(1_276_583, AreaUnit.MU)
    Decimal('19.1487')
    """
    times, by = _SCALES[unit]
    whole = (2 * abs(area_e2) * times + by) // (2 * by)
    return Decimal(whole if area_e2 >= 0 else -whole).scaleb(-DECIMALS[unit])


_SCALES = {unit: (Fraction(10 ** DECIMALS[unit], 100) / m2).as_integer_ratio() for unit, m2 in M2_PER_UNIT.items()}


def show(column: Column, value: Any, editions: Words, unit: AreaUnit = AreaUnit.M2) -> Shown:
    """The cell of `value`, which fits the column's kind (`table.fits`)."""
    if value is None:
        return Shown(NONE, NONE, None, Format.TWO if column.kind in _NUMBERS else Format.TEXT)
    if column.kind is Kind.AREA:
        return Shown.figure(shown_e2(value, unit), Format.TWO if unit is AreaUnit.M2 else Format.FOUR)
    if column.kind is Kind.COUNT:
        # A year is a name, not a quantity: no groups of three.
        return Shown.text(str(value)) if column.id.endswith("year") else Shown.figure(value, Format.WHOLE)
    if column.kind is Kind.RATIO:
        return Shown.figure(Decimal(value), Format.FOUR)
    if column.kind is Kind.WORD:
        return Shown.text(*editions.word(column.words, value))
    if column.kind is Kind.LIST:
        return _list(column, value)
    if column.kind is Kind.CLASSES:
        parts = [(editions.land_class(code), f"{shown_e2(area, AreaUnit.M2):,}") for code, area in value]
        return Shown.text("；".join(f"{name} {area}" for name, area in parts) or NONE)
    if column.kind is Kind.CHAIN:
        return Shown.text(_chain(value, editions, 0), _chain(value, editions, 1))
    if column.kind is Kind.PLACE:
        return Shown.text(f"{value[0] / 100:.2f}°E {value[1] / 100:.2f}°N")
    if column.id in ("before", "now") and editions.is_class(value):
        return Shown.text(editions.land_class(value))
    return Shown.text(value)


class Words:
    """The words of the editions that a report names; the newest where it names one that is not there."""

    def __init__(self, editions: dict[str, Any], names: dict[str, str]) -> None:
        self._discrepancies = _discrepancy_words(str(editions.get("discrepancies", "")))
        self._classes = _class_names(str(editions.get("land_classes", "")))
        self._names = names

    def word(self, table: str, code: str) -> tuple[str, str]:
        """What stands for a code; the code itself where no table knows it."""
        if table == "discrepancy":
            return self._discrepancies.get(code, (code, code))
        if table == "figure":
            return _FIGURES.get(code, (code, code))
        return WORDS.get(table, {}).get(code, (code, code))

    def is_class(self, code: str) -> bool:
        """Whether `code` is a land class of the edition."""
        return code in self._classes

    def land_class(self, code: str | None) -> str:
        """A class by code and name."""
        return NO_CLASS if code is None else f"{code} {self._classes.get(code, '')}".strip()

    def name(self, code: str) -> str:
        """The name of a unit or area; empty where the report has no row for it."""
        return self._names.get(code, "")


_FIGURES = {column.id: (column.zh, column.en) for column in FIGURES.columns}


@cache
def _discrepancy_words(edition: str) -> dict[str, tuple[str, str]]:
    try:
        table = discrepancies(edition)
    except LedgerError:
        table = discrepancies()
    return {row.code.value: (f"{row.code.value} {row.zh}", f"{row.code.value} {row.en}") for row in table.rows}


@cache
def _class_names(edition: str) -> dict[str, str]:
    try:
        table = land_classes(edition)
    except LedgerError:
        table = land_classes()
    return {row.code: row.name for row in table.classes}


def _list(column: Column, value: list[str]) -> Shown:
    if column.id == "photos":
        return Shown.text(f"{len(value)} 张", str(len(value))) if value else Shown.text(NONE)
    if column.id == "entries":
        return Shown.text(f"{len(value)} 条", str(len(value))) if value else Shown.text(NONE)
    return Shown.text("、".join(value) or NONE, ", ".join(value) or NONE)


def _chain(links: list[list[str | None]], editions: Words, language: int) -> str:
    steps = []
    for _, kind, role, day, outcome, document in links:
        words = [editions.word(table, code)[language] for table, code in (("kind", kind), ("outcome", outcome)) if code]
        parts = [*words, editions.word("role", role)[language] if role else "", day or "", document or ""]
        steps.append(" ".join(part for part in parts if part))
    return " › ".join(steps) or NONE
