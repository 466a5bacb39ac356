"""Rows of the log to facts: `BookBuilder` takes rows as they come and says what changed, `Book` is all of them.

Entries were checked when they were admitted, so nothing is checked here again; a batch is read in one pass, its
outlines as arrays. The same set of rows makes the same book, in whatever order or portions they come.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from sys import intern
from typing import Any

from schemas.entries import Kind
from sync.ledger.book import reading
from sync.ledger.book.facts import (
    Book,
    Check,
    Decision,
    Parcel,
    RegisterRow,
    Repair,
    Resolved,
    Said,
    Survey,
    UnitRow,
    Version,
)
from sync.ledger.book.outlines import read_outlines
from sync.ledger.book.threads import Threads

_PORTION = 2_000
"""Rows read at once: enough for arrays to pay, few enough that their JSON need not all be held."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A row of the log with its entry as JSON. `counts`: accepted, or admitted by a person up to the log position asked
    for. `role` is that of the author; accounts keep it, for the log does not (docs/decisions.md)."""

    seq: int
    received_ms: int
    counts: bool
    entry: Mapping[str, Any]
    role: str | None = None


@dataclass(frozen=True)
class Changes:
    """What further rows changed: records by their first version, parcels by number, and other facts about parcels."""

    records: frozenset[str]
    parcels: frozenset[str]
    """Parcels with a new row of their own."""
    resolved: frozenset[str]
    """Entries and parcels that a new resolution names."""
    checks: tuple[Check, ...]
    surveys: tuple[Survey, ...]
    registers: tuple[RegisterRow, ...]


class BookBuilder:
    """Grows a book. Not safe for several threads at once."""

    def __init__(self) -> None:
        self._position = 0
        self._taken: dict[str, str] = {}
        self._facts: dict[type[Any], dict[str, Any]] = defaultdict(dict)
        self._repairs: dict[str, list[Repair]] = {}
        self._threads = Threads()
        self._parcel_rows: dict[str, list[Parcel]] = defaultdict(list)
        self._resolutions: dict[str, list[Resolved]] = defaultdict(list)

    @property
    def position(self) -> int:
        """The highest row taken."""
        return self._position

    def add(self, lines: Iterable[LogLine]) -> Changes:
        """Take further rows. Rows that do not count only move the position; an entry that is known is left out."""
        notes = _Notes()
        rest = iter(lines)
        with _without_collecting():
            while portion := list(islice(rest, _PORTION)):
                self._take(portion, notes)
            records = self._threads.settle()
        return Changes(
            records=records,
            parcels=frozenset(notes.parcels),
            resolved=frozenset(notes.resolved),
            checks=tuple(notes.checks),
            surveys=tuple(notes.surveys),
            registers=tuple(notes.registers),
        )

    def book(self) -> Book:
        """All facts so far, each kind in order of the log."""
        named: dict[str, Any] = {
            field: _in_order(self._facts[model].values()) for field, model in reading.FIELDS.items()
        }
        versions = _in_order(self._threads.versions.values())
        decisions = _in_order(self._threads.decisions.values())
        repairs = tuple(repair for entry in sorted(self._repairs) for repair in self._repairs[entry])
        return Book(self._position, versions=versions, decisions=decisions, repairs=repairs, **named)

    # -- what a reconciliation asks ----------------------------------------------------------------------------------

    def versions(self, record: str) -> tuple[Version, ...]:
        """The versions of a record in order of the log."""
        return self._threads.versions_of(record)

    def decisions(self, record: str) -> tuple[Decision, ...]:
        """Reviews and withdrawals in a record in order of the log."""
        return self._threads.decisions_of(record)

    def record_of(self, entry: str) -> str | None:
        """The record that an entry of a thread belongs to."""
        return self._threads.root_of(entry)

    def resolutions(self, subject: str) -> tuple[Resolved, ...]:
        """Resolutions about an entry or parcel in order of the log."""
        return tuple(self._resolutions.get(subject, ()))

    def parcel_rows(self, parcel: str) -> tuple[Parcel, ...]:
        """The rows of a parcel in order of the log."""
        return tuple(self._parcel_rows.get(parcel, ()))

    def units(self) -> tuple[UnitRow, ...]:
        """Rows of units in order of the log."""
        return _in_order(self._facts[UnitRow].values())

    def registers(self, subtype: str) -> tuple[RegisterRow, ...]:
        """The rows of one register in order of the log."""
        return _in_order(row for row in self._facts[RegisterRow].values() if row.subtype == subtype)

    # -- taking rows -------------------------------------------------------------------------------------------------

    def _take(self, portion: list[LogLine], notes: _Notes) -> None:
        fresh: list[LogLine] = []
        for line in portion:
            self._position = max(self._position, line.seq)
            if line.counts and line.entry["id"] not in self._taken:
                self._taken[line.entry["id"]] = line.entry["id"]
                fresh.append(line)
        places: list[tuple[int, str]] = []
        geometries: list[Mapping[str, Any]] = []
        for number, line in enumerate(fresh):
            for where, geometry in reading.geometries(line.entry):
                places.append((number, where))
                geometries.append(geometry)
        made, repairs = read_outlines(geometries)
        outlines: dict[int, dict[str, Any]] = defaultdict(dict)
        for (number, where), outline in zip(places, made, strict=True):
            outlines[number][where] = outline
        for index, reason in repairs.items():
            number, where = places[index]
            entry = fresh[number].entry["id"]
            self._repairs.setdefault(entry, []).append(Repair(entry, where, reason))
        for number, line in enumerate(fresh):
            self._place(line, outlines.get(number, {}), notes)

    def _place(self, line: LogLine, outlines: Mapping[str, Any], notes: _Notes) -> None:
        entry, kind = line.entry, line.entry["kind"]
        said = Said(entry["id"], line.seq, line.received_ms, intern(entry["author"]), line.role, intern(entry["unit"]))
        about = tuple(map(self._same, entry["about"]))
        if kind == Kind.EVIDENCE:
            self._threads.complete(about[0])
        elif kind in _IN_THREAD:
            fact = reading.thread_fact(said, about, entry, outlines)
            before = entry["supersedes"]
            self._threads.take(reading.link(entry, about, None if before is None else self._same(before)), fact, said)
            if isinstance(fact, Resolved):
                self._facts[Resolved][said.entry] = fact
                for subject in about:
                    _insert(self._resolutions[subject], fact)
                notes.resolved.update(about)
        elif kind in reading.READERS:
            self._note(reading.READERS[kind](said, about, entry, outlines), notes)

    def _note(self, fact: Any, notes: _Notes) -> None:
        if fact is None:
            return
        self._facts[type(fact)][fact.said.entry] = fact
        if isinstance(fact, Parcel):
            _insert(self._parcel_rows[fact.id], fact)
            notes.parcels.add(fact.id)
        elif isinstance(fact, Check):
            self._threads.check(fact)
            notes.checks.append(fact)
        elif isinstance(fact, Survey):
            notes.surveys.append(fact)
        elif isinstance(fact, RegisterRow):
            notes.registers.append(fact)

    def _same(self, word: str) -> str:
        """One string object for each entry and parcel that is named."""
        return self._taken.get(word) or intern(word)


_IN_THREAD = frozenset({Kind.INSPECTION, Kind.REVIEW, Kind.WITHDRAWAL, Kind.RESOLUTION})


class _Notes:
    def __init__(self) -> None:
        self.parcels: set[str] = set()
        self.resolved: set[str] = set()
        self.checks: list[Check] = []
        self.surveys: list[Survey] = []
        self.registers: list[RegisterRow] = []


def read_book(lines: Iterable[LogLine]) -> Book:
    """The book of these rows."""
    builder = BookBuilder()
    builder.add(lines)
    return builder.book()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Millions of facts without a cycle among them: looking for cycles while they are made takes longer than making
    them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _in_order(facts: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(facts, key=lambda fact: fact.said.seq))


def _insert(facts: list[Any], fact: Any) -> None:
    """Add in order of the log: nearly always at the end, but an entry that was admitted later has an earlier row."""
    facts.append(fact)
    if len(facts) > 1 and facts[-2].said.seq > fact.said.seq:
        facts.sort(key=lambda one: one.said.seq)
