"""A section of a report as a table: typed columns, where each value comes from, and how a value becomes JSON.

Values in a document are whole numbers and text only (RFC 8785): areas in hundredths of m², ratios as decimal text, days
as ISO text. Each is rounded once, here (domain §3.9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from pydantic import JsonValue

from schemas.measures import stored

RATIO_DECIMALS = 4


class Kind(StrEnum):
    """What a column holds, and so how it travels and how it is shown."""

    TEXT = "text"
    WORD = "word"
    """A code with words in both languages (`words.py`); `Column.words` names the table."""
    COUNT = "count"
    AREA = "area"
    """Hundredths of m²."""
    RATIO = "ratio"
    """Decimal text of four decimals; null where the divisor is 0."""
    DAY = "day"
    LIST = "list"
    """A list of short texts."""
    CLASSES = "classes"
    """A list of [class code or null, hundredths of m²]."""
    CHAIN = "chain"
    """Decision chain: a list of [entry, kind, role, day received, outcome, document]: no person is named."""
    PLACE = "place"
    """[longitude, latitude] in hundredths of a degree: no finer."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the JSON, where it comes from (`path` in the statement's row) and its headings."""

    id: str
    kind: Kind
    zh: str
    en: str
    path: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its name in the JSON, its headings and its columns. `source` is its field of `Statement`."""

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    source: str = ""

    def place(self, column: str) -> int:
        """The position of a column. Raises KeyError."""
        for number, one in enumerate(self.columns):
            if one.id == column:
                return number
        raise KeyError(column)

    def readers(self) -> tuple[Callable[[Any], JsonValue], ...]:
        """For each column, what takes its value out of a row of the statement."""
        return tuple(_reader(column) for column in self.columns)


def rows_of(section: Section, rows: Iterable[Any]) -> list[JsonValue]:
    """Rows of the statement as rows of the document."""
    readers = section.readers()
    return [[read(row) for read in readers] for row in rows]


def area_e2(area_m2: Fraction) -> int:
    """Hundredths of m², rounded half up, once."""
    return stored(area_m2)


def ratio_text(value: Fraction | float | None) -> str | None:
    """A ratio as decimal text of four decimals, half up; None stays None (its divisor was 0)."""
    if value is None:
        return None
    scale = 10**RATIO_DECIMALS
    exact = Fraction(value) * scale
    whole = (abs(exact.numerator) * 2 + exact.denominator) // (2 * exact.denominator)
    return str(Decimal(whole if exact >= 0 else -whole).scaleb(-RATIO_DECIMALS))


def fits(kind: Kind, value: JsonValue) -> bool:
    """Whether a stranger's value is one that a column of `kind` can hold; writers are shown no other."""
    check = _CHECKS.get(kind)
    if check is not None:
        return check(value)
    return value is None or type(value) is str


def _reader(column: Column) -> Callable[[Any], JsonValue]:
    steps = (column.path or column.id).split(".")
    encode = _ENCODERS[column.kind]

    def read(row: Any) -> JsonValue:
        value = row
        for step in steps:
            if value is None:
                break
            value = value.get(step, 0) if isinstance(value, Mapping) else getattr(value, step)
        return encode(value)

    return read


def _text(value: Any) -> JsonValue:
    return None if value is None else str(value)


def _day(value: date | None) -> JsonValue:
    return None if value is None else value.isoformat()


def _area(value: Fraction | None) -> JsonValue:
    return None if value is None else stored(Fraction(value))


def _list(value: Any) -> JsonValue:
    return [str(one) for one in value]


def _classes(value: Any) -> JsonValue:
    return [[None if one.land_class is None else one.land_class.code, stored(one.area_m2)] for one in value]


def _chain(value: Any) -> JsonValue:
    return [
        [link.entry, link.kind, link.role, beijing_day(link.received_ms), link.outcome, link.document_no]
        for link in value
    ]


def _place(value: Any) -> JsonValue:
    return None if value is None else [int(Fraction(one) * 100) for one in value]


def beijing_day(at_ms: int) -> str:
    """The Beijing date of an instant, ISO text; arithmetic only, since years beyond 9999 are no report's."""
    return date.fromordinal(_EPOCH + (at_ms + 8 * 3_600_000) // 86_400_000).isoformat()


_EPOCH = date(1970, 1, 1).toordinal()
_ENCODERS: dict[Kind, Callable[[Any], JsonValue]] = {
    Kind.TEXT: _text,
    Kind.WORD: _text,
    Kind.COUNT: lambda value: None if value is None else int(value),
    Kind.AREA: _area,
    Kind.RATIO: ratio_text,
    Kind.DAY: _day,
    Kind.LIST: _list,
    Kind.CLASSES: _classes,
    Kind.CHAIN: _chain,
    Kind.PLACE: _place,
}


def _is_number(value: JsonValue) -> bool:
    return value is None or type(value) is int


def _is_rows(value: JsonValue, widths: tuple[type, ...]) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, list)
        and len(row) == len(widths)
        and all(one is None or type(one) is want for one, want in zip(row, widths, strict=True))
        for row in value
    )


def _is_ratio(value: JsonValue) -> bool:
    if value is None:
        return True
    return isinstance(value, str) and len(value) <= 40 and value.lstrip("-").replace(".", "", 1).isdecimal()


def _is_place(value: JsonValue) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value))


_CHECKS: dict[Kind, Callable[[JsonValue], bool]] = {
    Kind.COUNT: _is_number,
    Kind.AREA: _is_number,
    Kind.RATIO: _is_ratio,
    Kind.LIST: lambda value: isinstance(value, list) and all(type(one) is str for one in value),
    Kind.CLASSES: lambda value: _is_rows(value, (str, int)) and all(row[1] is not None for row in value),  # type: ignore[index, union-attr]
    Kind.CHAIN: lambda value: _is_rows(value, (str, str, str, str, str, str)),
    Kind.PLACE: _is_place,
}
