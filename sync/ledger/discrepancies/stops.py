"""What open findings stop while a ledger grows: the claims that are held, the acceptance documents whose step waits.

A keeper beside a `Reconciliation`, which asks it after every portion of rows (`blocking`, `stopped`). It checks again
only the records and parcels that the portion touched; the answer is that of all checks on the whole book.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from schemas.codes import Discrepancy, DiscrepancyScope
from schemas.findings import discrepancies
from sync.ledger.book import BookBuilder, Changes
from sync.ledger.classes import ClassTable
from sync.ledger.days import day_of
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.finding import Finding
from sync.ledger.discrepancies.people import ACCEPTANCE, one_person_twice
from sync.ledger.discrepancies.settling import Bench, holding, settle, stopped_documents
from sync.ledger.discrepancies.table import BEFORE_FOLD
from sync.ledger.facts import Book, Check, Parcel, Resolved
from sync.ledger.holding import parcels_on
from sync.ledger.land import Project
from sync.ledger.plane import to_plane

Pair = tuple[str, Discrepancy]


class Stops:
    """Findings of scope record and acceptance step, kept up to date. `now_ms` says the state date of the ledger that
    asks; it goes forward only."""

    def __init__(
        self,
        classes: ClassTable,
        now_ms: Callable[[], int],
        *,
        rules_edition: str | None = None,
        photo_edition: str | None = None,
        project: Project = to_plane,
    ) -> None:
        self._classes, self._now_ms, self._project = classes, now_ms, project
        self._editions = rules_edition, photo_edition
        self._held: set[Pair] = set()
        self._held_by: dict[str, frozenset[Pair]] = {}
        self._record_of_finding: dict[str, str] = {}
        self._listing: dict[str, set[str]] = defaultdict(set)
        self._listed: dict[str, set[str]] = defaultdict(set)
        self._checks_on: dict[str, dict[str, Check]] = defaultdict(dict)
        self._acceptances: set[str] = set()
        self._dirty: set[str] = set()
        self._stopped_on: dict[str, frozenset[str]] = {}
        self._parcel_of_finding: dict[str, str] = {}
        self._dated: set[str] = set()
        self._day = day_of(0)

    def blocking(self, builder: BookBuilder, changes: Changes) -> frozenset[Pair]:
        """(entry, code) of every claim that is held as the book stands (`reconcile.Blocking`)."""
        records = set(changes.records)
        records |= {root for one in changes.resolved if (root := builder.record_of(one)) is not None}
        records |= {self._record_of_finding[one] for one in changes.resolved & self._record_of_finding.keys()}
        for parcel in changes.parcels | self._due(builder, changes):
            records |= self._listing.get(parcel, set())
        self._index(builder, records)
        if changes.about:
            self._take_checks(builder)
        self._dirty |= changes.about | (changes.resolved & self._checks_on.keys())
        self._dirty |= {parcel for record in records for parcel in self._listed[record]}
        self._dirty |= {self._parcel_of_finding[one] for one in changes.resolved & self._parcel_of_finding.keys()}
        self._check_records(builder, records)
        return frozenset(self._held)

    def stopped(self, builder: BookBuilder) -> frozenset[str]:
        """Acceptance documents whose step an open D23 stops; asked after `blocking`."""
        parcels = self._dirty & self._acceptances
        self._dirty = set()
        if parcels:
            records = {record for parcel in parcels for record in self._listing.get(parcel, ())}
            checks = {one.said.entry: one for parcel in parcels for one in self._checks_on[parcel].values()}
            asked = self._asked(builder, records, parcels, checks.values())
            found = [one for one in one_person_twice(asked) if parcels.issuperset(one.parcels)]
            bench = self._bench(builder, found, asked.book)
            for parcel in parcels:
                mine = [one for one in found if parcel in one.parcels]
                self._parcel_of_finding.update({one.id: parcel for one in mine})
                self._stopped_on[parcel] = stopped_documents(settle(mine, bench))
        return frozenset(entry for documents in self._stopped_on.values() for entry in documents)

    # -- private -----------------------------------------------------------------------------------------------------

    def _check_records(self, builder: BookBuilder, records: set[str]) -> None:
        if not records:
            return
        parcels = {parcel for record in records for parcel in self._listed[record]}
        asked = self._asked(builder, records, parcels, ())
        found = [one for check in BEFORE_FOLD if check.code in _RECORD_CODES for one in check.run(asked)]
        pairs: dict[str, set[Pair]] = defaultdict(set)
        record = {version.id: version.record for version in asked.book.versions}
        for one in found:
            self._record_of_finding[one.id] = record[one.entries[0]]
        for pair in holding(settle(found, self._bench(builder, found, asked.book))):
            pairs[record[pair[0]]].add(pair)
        for name in records:
            self._held -= self._held_by.pop(name, frozenset())
            if pairs[name]:
                self._held_by[name] = frozenset(pairs[name])
                self._held |= pairs[name]

    def _asked(
        self, builder: BookBuilder, records: Iterable[str], parcels: Iterable[str], checks: Iterable[Check]
    ) -> Asked:
        """The part of the book about these records and parcels."""
        names = sorted(set(records))
        book = Book(
            builder.position,
            versions=tuple(version for name in names for version in builder.versions(name)),
            decisions=tuple(decision for name in names for decision in builder.decisions(name)),
            checks=tuple(checks),
        )
        now = self._now_ms()
        rows = [row for name in sorted(set(parcels)) for row in _row_on(builder, name, now)]
        rules_edition, photo_edition = self._editions
        return Asked.of_book(
            book,
            tuple(rows),
            now,
            self._classes,
            rules_edition=rules_edition,
            photo_edition=photo_edition,
            project=self._project,
        )

    def _bench(self, builder: BookBuilder, found: list[Finding], book: Book) -> Bench:
        said: dict[str, Resolved] = {}
        for one in found:
            for subject in (one.id, *one.entries, *one.parcels):
                said.update({answer.said.entry: answer for answer in builder.resolutions(subject)})
        return Bench.of(said.values(), book.versions, book.decisions)

    def _index(self, builder: BookBuilder, records: Iterable[str]) -> None:
        for record in records:
            for version in builder.versions(record):
                for parcel in version.parcels:
                    self._listing[parcel].add(record)
                    self._listed[record].add(parcel)

    def _take_checks(self, builder: BookBuilder) -> None:
        for check in builder.checks():
            for parcel in check.parcels:
                self._checks_on[parcel][check.said.entry] = check
                if check.kind == ACCEPTANCE:
                    self._acceptances.add(parcel)

    def _due(self, builder: BookBuilder, changes: Changes) -> set[str]:
        """Parcels whose row may be another today than when they were last looked at."""
        today = day_of(self._now_ms())
        for parcel in changes.parcels:
            rows = builder.parcel_rows(parcel)
            if len(rows) > 1 or rows[0].valid_to is not None or (rows[0].valid_from or today) > today:
                self._dated.add(parcel)
        moved, self._day = today != self._day, today
        return self._dated if moved else set()


_RECORD_CODES = discrepancies().with_scope(DiscrepancyScope.RECORD)


def _row_on(builder: BookBuilder, parcel: str, at_ms: int) -> tuple[Parcel, ...]:
    return parcels_on(Book(0, parcels=builder.parcel_rows(parcel)), day_of(at_ms))
