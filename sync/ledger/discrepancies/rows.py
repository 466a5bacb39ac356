"""Which of several imported rows holds at a state date: the last one in the log that is valid on that Beijing day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

from sync.ledger.facts import Book, RegisterRow, UnitRow

BEIJING = timezone(timedelta(hours=8))
DAY_MS = 86_400_000


def day_of(at_ms: int) -> date:
    """The Beijing date of an instant (Unix milliseconds)."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(BEIJING).date()


def start_of(day: date) -> int:
    """The first instant of a Beijing day, Unix milliseconds."""
    return round(datetime(day.year, day.month, day.day, tzinfo=BEIJING).timestamp() * 1000)


def units_at(book: Book, at_ms: int) -> dict[str, UnitRow]:
    """The rows of units that hold, by id."""
    day = day_of(at_ms)
    held = {}
    for row in sorted(book.units, key=lambda row: row.said.seq):
        if row.valid_from <= day and (row.valid_to is None or day < row.valid_to):
            held[row.id] = row
    return held


def registers_at(book: Book, subtype: str, at_ms: int) -> Iterator[RegisterRow]:
    """The rows of a register that hold, in order of their names."""
    day = day_of(at_ms)
    held = {}
    for row in sorted(book.registers, key=lambda row: row.said.seq):
        if row.subtype == subtype and row.on <= day:
            held[row.row] = row
    return iter([held[name] for name in sorted(held)])


def overlays_at(book: Book, at_ms: int) -> Iterator[RegisterRow]:
    """The overlays (叠加图层) that hold."""
    return registers_at(book, "overlay", at_ms)
