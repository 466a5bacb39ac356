"""Which row holds on a day: of rows of a book that replace one another, the last that was filed for that day.

A book keeps them all in order of the log, for a state date may be asked for that lies before a change (facts.Book).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import date
from typing import Protocol, TypeVar

from sync.ledger.book.facts import Book, Parcel, ProjectRow, QuotaStep, RegisterRow, Said, TargetLine, UnitRow


class _Filed(Protocol):
    @property
    def said(self) -> Said: ...


Row = TypeVar("Row", bound=_Filed)
Key = TypeVar("Key", bound=Hashable)


def latest(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, Row]:
    """Of the rows of each key the last of the log, in order of key as first filed."""
    found: dict[Key, Row] = {}
    for row in sorted(rows, key=lambda row: (row.said.seq, row.said.entry)):
        found[key(row)] = row
    return found


def parcels_on(book: Book, day: date) -> tuple[Parcel, ...]:
    """The row of each parcel that holds on `day`; none for a parcel that is not listed yet, or no longer."""
    begun = (row for row in book.parcels if row.valid_from is None or row.valid_from <= day)
    rows = latest(begun, lambda row: row.id).values()
    return tuple(row for row in rows if row.valid_to is None or day < row.valid_to)


def units_on(book: Book, day: date) -> tuple[UnitRow, ...]:
    """The imported row of each unit that holds on `day`, ended units too: their records still count."""
    return tuple(latest((row for row in book.units if row.valid_from <= day), lambda row: row.id).values())


def register_on(book: Book, subtype: str, day: date) -> tuple[RegisterRow, ...]:
    """The rows of a register as of `day`: of each row the last filed for that day or before."""
    begun = (row for row in book.registers if row.subtype == subtype and row.on <= day)
    dated = sorted(latest(begun, lambda row: (row.row, row.on)).values(), key=lambda row: (row.on, row.said.seq))
    return tuple({row.row: row for row in dated}.values())


def register_between(book: Book, subtype: str, after: date, until: date) -> tuple[RegisterRow, ...]:
    """The rows of a register that hold at `until` and whose date lies after `after`."""
    return tuple(row for row in register_on(book, subtype, until) if after < row.on)


def targets_of(book: Book) -> tuple[TargetLine, ...]:
    """The target of each unit, measure and year, as last set."""
    return tuple(latest(book.targets, lambda row: (row.unit, row.measure, row.year)).values())


def projects_of(book: Book) -> tuple[ProjectRow, ...]:
    """Each project as last set."""
    return tuple(latest(book.projects, lambda row: row.id).values())


def quota_steps_of(book: Book) -> tuple[QuotaStep, ...]:
    """Each release step as last set."""
    return tuple(latest(book.quotas, lambda row: (row.quota, row.step)).values())
