"""Reconciliation (对账): a ledger that takes further rows of the log and computes again only the parcels they touch.

What a row can touch: parcels with a row of their own, parcels that a changed event lies on before or after the change,
parcels of checks and survey results, and through a document the other parcels that it accepts. The figures equal those
of a full recompute to the last bit, for a parcel's figures depend on its own events in their order and nothing else.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from shapely.geometry.base import BaseGeometry

from schemas.codes import Discrepancy
from schemas.errors import LedgerError
from schemas.rules import Thresholds
from sync.ledger.accounts.acceptance import accept
from sync.ledger.board import Board
from sync.ledger.book.builder import BookBuilder, Changes, LogLine
from sync.ledger.book.days import day_of, day_start_ms
from sync.ledger.book.entered import Terms
from sync.ledger.book.facts import Book, Check, Parcel, RegisterRow, Survey
from sync.ledger.book.holding import parcels_on
from sync.ledger.book.judgement import REUSE, Case, judge, judge_reuse
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.events import LandEvent
from sync.ledger.land.figures import ParcelFigures, parcel_figures
from sync.ledger.land.history import history
from sync.ledger.land.layout import Land, Project, lay_out
from sync.ledger.land.plane import to_plane
from sync.ledger.results import ParcelResult, parcel_results

Held = frozenset[tuple[str, Discrepancy]]
"""Entries that an open blocking discrepancy of scope record holds, with its code."""
Blocking = Callable[["Reconciliation", Changes], AbstractSet[tuple[str, Discrepancy]]]
"""All of those as book and parcels stand, given what has just changed in them."""


def nothing_blocks(_ledger: Reconciliation, _changes: Changes) -> Held:
    """For who knows of no discrepancies."""
    return frozenset()


OVERLAY = "overlay"


@dataclass(frozen=True)
class Laid:
    """Some parcels laid out and folded, for questions that figures do not answer (shapes, moves)."""

    land: Land
    figures: ParcelFigures


class Reconciliation:
    """A ledger at a log position and state date. Not safe for several threads at once."""

    def __init__(
        self,
        values: Thresholds,
        classes: ClassTable,
        blocking: Blocking = nothing_blocks,
        stopped: Callable[[Reconciliation], AbstractSet[str]] = lambda _: frozenset(),
        project: Project = to_plane,
        threads: int = 1,
    ) -> None:
        self.builder = BookBuilder()
        self.results: dict[str, ParcelResult] = {}
        self.at_ms = -1
        self._classes = classes
        self._terms = Terms(values, classes, outline_of=self._outline_of)
        self._blocking, self._stopped = blocking, stopped
        self._project, self._threads = project, threads
        self._board = Board(classes, project)
        self._held: AbstractSet[tuple[str, Discrepancy]] = frozenset()
        self._stopped_now: AbstractSet[str] = frozenset()
        self._records_listing: dict[str, set[str]] = defaultdict(set)
        self._reuse: dict[str, list[RegisterRow]] = defaultdict(list)
        self._reuse_row: dict[str, str] = {}
        self._checks: dict[str, Check] = {}
        self._checks_on: dict[str, list[Check]] = defaultdict(list)
        self._superseding: dict[str, list[Check]] = defaultdict(list)
        self._surveys_on: dict[str, list[Survey]] = defaultdict(list)
        self._calendar: list[tuple[int, bool, str]] = []
        # (when, whether an event, its id or the parcel)

    @property
    def position(self) -> int:
        """The log position."""
        return self.builder.position

    @property
    def events(self) -> Iterable[LandEvent]:
        """All events that have any right to move ground."""
        return self._board.events.values()

    def apply(self, lines: Iterable[LogLine], at_ms: int) -> set[str]:
        """Take rows and move the state date on to `at_ms` (it never goes back); the parcels computed again."""
        if at_ms < self.at_ms:
            raise ValueError("the state date goes forward; a date before it needs a reconciliation of its own")
        changes = self.builder.add(lines)
        self.at_ms = at_ms
        touched = self._due() | (changes.resolved & self._board.rows.keys()) | self._take_documents(changes)
        moved = self._board.put_parcels({name: self._holding(name) for name in changes.parcels | touched})
        touched |= moved | self._sharing_claims(moved)
        changes = replace(changes, parcels=changes.parcels | moved)
        held = self._blocking(self, changes)
        records = set(changes.records) | self._records_of(changes.resolved)
        records |= self._records_of(entry for entry, _ in held ^ self._held)
        for parcel in moved:
            records |= self._records_listing.get(parcel, set())
        self._held, self._terms = held, replace(self._terms, held=held)
        touched |= self._board.put_events(self._judged(records) | self._judged_reuse(changes))
        stopped = self._stopped(self)
        for entry in stopped ^ self._stopped_now:
            touched.update(self._checks[entry].parcels if entry in self._checks else ())
        self._stopped_now = stopped
        touched = self._with_documents(touched)
        self._compute(touched)
        return touched

    def parcel(self, name: str) -> Parcel | None:
        """The row of a parcel that holds at the state date."""
        return self._board.rows.get(name)

    def laid(self, parcels: Iterable[str]) -> Laid:
        """These parcels (those that hold) laid out as they were for their figures."""
        rows = [row for name in sorted(set(parcels)) if (row := self._board.rows.get(name)) is not None]
        names = {row.id for row in rows}
        events = [self._without_foreign_claims(event, names) for event in self._board.events_on(names)]
        checks = self._linked(check for name in names for check in self._checks_on.get(name, ()))
        land = lay_out(rows, events, self._classes, checks, self._project, self._threads)
        return Laid(land, parcel_figures(land, self.at_ms))

    def part(self, parcels: Iterable[str]) -> Book:
        """The part of the book about these parcels: records that list them or lie on them, and what was said of all."""
        names = set(parcels)
        records = {record for name in names for record in self._records_listing.get(name, ())}
        records |= {event.record for event in self._board.events_on(names)}
        builder = self.builder
        versions = tuple(version for record in sorted(records) for version in builder.versions(record))
        subjects = sorted(names | {version.id for version in versions})
        said = {one.said.entry: one for subject in subjects for one in builder.resolutions(subject)}
        checks = {one.said.entry: one for name in sorted(names) for one in self._checks_on.get(name, ())}
        return Book(
            builder.position,
            parcels=tuple(row for name in sorted(names) for row in builder.parcel_rows(name)),
            versions=versions,
            decisions=tuple(one for record in sorted(records) for one in builder.decisions(record)),
            resolutions=tuple(said.values()),
            checks=tuple(checks.values()),
            surveys=tuple(one for name in sorted(names) for one in self._surveys_on.get(name, ())),
            units=builder.units(),
            registers=builder.registers(OVERLAY),
        )

    # -- what rows change --------------------------------------------------------------------------------------------

    def _due(self) -> set[str]:
        """Parcels on which something lies whose time has come."""
        due: set[str] = set()
        while self._calendar and self._calendar[0][0] <= self.at_ms:
            _, is_event, name = heapq.heappop(self._calendar)
            due.update(self._board.places(name) if is_event else (name,))
        return due

    def _remind(self, parcel: str, at_ms: int | None) -> None:
        if at_ms is not None and at_ms > self.at_ms:
            heapq.heappush(self._calendar, (at_ms, False, parcel))

    def _sharing_claims(self, moved: AbstractSet[str]) -> set[str]:
        """A claim counts at the first parcel of its list that is in the ledger: which one that is may have changed."""
        events = self._board.events_on(moved)
        return {name for event in events if len(event.parcels) > 1 for name in event.parcels}

    def _holding(self, name: str) -> Parcel | None:
        """The row of a parcel that holds today, without baseline parts of a class that the edition does not know."""
        rows = self.builder.parcel_rows(name)
        for row in rows:
            self._remind(name, None if row.valid_from is None else day_start_ms(row.valid_from))
            self._remind(name, None if row.valid_to is None else day_start_ms(row.valid_to))
        found = parcels_on(Book(0, parcels=rows), day_of(self.at_ms))
        if not found:
            return None
        row = found[0]
        for part in row.baseline:
            self._remind(name, part.as_of_ms)
        if all(self._knows(row, number) for number in range(len(row.baseline))):
            return row
        known = tuple(part for number, part in enumerate(row.baseline) if self._knows(row, number))
        before = self._board.rows.get(name)
        made = replace(row, baseline=known)
        return before if before == made else made

    def _knows(self, row: Parcel, number: int) -> bool:
        part = row.baseline[number]
        try:
            self._classes.index(part.land_class)
            self._classes.index(part.initial_class)
        except LedgerError:
            return False
        return True

    def _take_documents(self, changes: Changes) -> set[str]:
        touched: set[str] = set()
        for check in changes.checks:
            self._checks[check.said.entry] = check
            touched.update(check.parcels)
            if check.supersedes is not None:
                self._superseding[check.supersedes].append(check)
            for parcel in check.parcels:
                self._checks_on[parcel].append(check)
                self._remind(parcel, day_start_ms(check.document_on))
        # What a document supersedes, or would have been superseded by, had it come first, lies on other parcels too.
        for check in self._linked(changes.checks):
            touched.update(check.parcels)
        for survey in changes.surveys:
            touched.add(survey.parcel)
            self._surveys_on[survey.parcel].append(survey)
            self._remind(survey.parcel, day_start_ms(date(survey.year, 1, 1)))
        return touched

    def _linked(self, checks: Iterable[Check]) -> list[Check]:
        """These checks and all that supersede them or are superseded, directly or through others."""
        found = {check.said.entry: check for check in checks}
        waiting = list(found.values())
        while waiting:
            check = waiting.pop()
            linked = list(self._superseding.get(check.said.entry, ()))
            if check.supersedes in self._checks:
                linked.append(self._checks[check.supersedes])
            fresh = [other for other in linked if other.said.entry not in found]
            found.update((other.said.entry, other) for other in fresh)
            waiting.extend(fresh)
        return list(found.values())

    def _records_of(self, entries: Iterable[str]) -> set[str]:
        return {root for entry in entries if (root := self.builder.record_of(entry)) is not None}

    def _judged(self, records: set[str]) -> dict[str, list[LandEvent]]:
        cases = {}
        for record in records:
            versions = self.builder.versions(record)
            for version in versions:
                for parcel in version.parcels:
                    self._records_listing[parcel].add(record)
            said = tuple(
                {one.said.entry: one for version in versions for one in self.builder.resolutions(version.id)}.values()
            )
            cases[record] = Case(versions, self.builder.decisions(record), said)
        judged: dict[str, list[LandEvent]] = {record: [] for record in records}
        for event in judge(cases.values(), self._terms):
            judged[event.record].append(event)
        self._remember(event for events in judged.values() for event in events)
        return judged

    def _judged_reuse(self, changes: Changes) -> dict[str, list[LandEvent]]:
        rows: set[str] = set()
        for row in changes.registers:
            if row.subtype == REUSE:
                self._reuse[row.row].append(row)
                self._reuse_row[row.said.entry] = row.row
                rows.add(row.row)
        rows |= {self._reuse_row[entry] for entry in changes.resolved if entry in self._reuse_row}
        judged = {}
        for name in rows:
            said = [one for row in self._reuse[name] for one in self.builder.resolutions(row.said.entry)]
            judged[f"reuse/{name}"] = judge_reuse(self._reuse[name], said, self._terms)
        self._remember(event for events in judged.values() for event in events)
        return judged

    def _remember(self, events: Iterable[LandEvent]) -> None:
        """An event that lies in the future (a permit from next year) is folded when its time has come."""
        for event in events:
            if event.at_ms > self.at_ms:
                heapq.heappush(self._calendar, (event.at_ms, True, event.id))

    def _outline_of(self, parcel: str) -> BaseGeometry | None:
        row = self._board.rows.get(parcel)
        return None if row is None else row.outline

    # -- computing ---------------------------------------------------------------------------------------------------

    def _with_documents(self, touched: set[str]) -> set[str]:
        """And the parcels of every document about one of them, for a document is shared out over its parcels."""
        whole = set(touched)
        waiting = list(touched)
        while waiting:
            for check in self._checks_on.get(waiting.pop(), ()):
                fresh = set(check.parcels) - whole
                whole |= fresh
                waiting.extend(fresh)
        return whole

    def _without_foreign_claims(self, event: LandEvent, names: AbstractSet[str]) -> LandEvent:
        """A claim counts at the first parcel that it lists; where that one is not laid out here, it counts nowhere."""
        first = next((name for name in event.parcels if name in self._board.rows), None)
        if first is None or first in names or not (event.claimed_e2 or event.floor_area_e2):
            return event
        return replace(event, claimed_e2=0, floor_area_e2=0)

    def _compute(self, touched: set[str]) -> None:
        laid = self.laid(touched)
        land, figures = laid.land, laid.figures
        past = history(land, figures.folded, self.at_ms)
        surveys = [survey for name in touched for survey in self._surveys_on.get(name, ())]
        accepted = accept(land, figures, past, surveys, self._stopped_now)
        for name in touched:
            self.results.pop(name, None)
        for result in parcel_results(land, figures, past.since_ms, accepted):
            self.results[result.id] = result
