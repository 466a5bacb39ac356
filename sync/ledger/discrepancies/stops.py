"""What open findings stop while a ledger grows: the claims that are held, the acceptance documents whose step waits.

A keeper beside a `Reconciliation`, which asks it after every portion of rows (`blocking`, `stopped`). It checks again
only the records and parcels that the portion touched; the answer is that of all checks on the whole book.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from schemas.codes import Discrepancy, DiscrepancyScope
from schemas.findings import discrepancies
from sync.ledger.book.builder import BookBuilder, Changes
from sync.ledger.book.facts import Book, Check, Parcel, Resolved
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.finding import Finding
from sync.ledger.discrepancies.people import ACCEPTANCE, one_person_twice
from sync.ledger.discrepancies.settling import Bench, holding, settle, stopped_documents
from sync.ledger.discrepancies.table import BEFORE_FOLD
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.layout import Project
from sync.ledger.land.plane import to_plane

Pair = tuple[str, Discrepancy]


class Ledger(Protocol):
    """What is read of the ledger that asks (`reconcile.Reconciliation`)."""

    @property
    def builder(self) -> BookBuilder:
        """Its facts."""
        ...

    @property
    def at_ms(self) -> int:
        """Its state date."""
        ...

    def parcel(self, name: str) -> Parcel | None:
        """The row of a parcel that holds."""
        ...


class Stops:
    """Findings of scope record and acceptance step, kept up to date with one growing ledger."""

    def __init__(
        self,
        classes: ClassTable,
        *,
        rules_edition: str | None = None,
        photo_edition: str | None = None,
        project: Project = to_plane,
    ) -> None:
        self._classes, self._project = classes, project
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

    def blocking(self, ledger: Ledger, changes: Changes) -> frozenset[Pair]:
        """(entry, code) of every record that is held as the book stands; `changes` name the parcels whose row became
        another, for the day or by a new row (`reconcile.Blocking`)."""
        builder = ledger.builder
        records = set(changes.records)
        records |= {root for one in changes.resolved if (root := builder.record_of(one)) is not None}
        records |= {self._record_of_finding[one] for one in changes.resolved & self._record_of_finding.keys()}
        for parcel in changes.parcels:
            records |= self._listing.get(parcel, set())
        self._index(builder, records)
        for check in changes.checks:
            for parcel in check.parcels:
                self._dirty.add(parcel)
                self._checks_on[parcel][check.said.entry] = check
                if check.kind == ACCEPTANCE:
                    self._acceptances.add(parcel)
        self._dirty |= changes.parcels | (changes.resolved & self._checks_on.keys())
        self._dirty |= {parcel for record in records for parcel in self._listed[record]}
        self._dirty |= {self._parcel_of_finding[one] for one in changes.resolved & self._parcel_of_finding.keys()}
        self._check_records(ledger, records)
        return frozenset(self._held)

    def stopped(self, ledger: Ledger) -> frozenset[str]:
        """Acceptance documents whose step an open D23 stops; asked after `blocking`."""
        parcels = self._dirty & self._acceptances
        self._dirty = set()
        if parcels:
            records = {record for parcel in parcels for record in self._listing.get(parcel, ())}
            checks = {one.said.entry: one for parcel in parcels for one in self._checks_on[parcel].values()}
            asked = self._asked(ledger, records, parcels, checks.values())
            found = [one for one in one_person_twice(asked) if parcels.issuperset(one.parcels)]
            bench = self._bench(ledger.builder, found, asked.book)
            for parcel in parcels:
                mine = [one for one in found if parcel in one.parcels]
                self._parcel_of_finding.update({one.id: parcel for one in mine})
                self._stopped_on[parcel] = stopped_documents(settle(mine, bench))
        return frozenset(entry for documents in self._stopped_on.values() for entry in documents)

    # -- private -----------------------------------------------------------------------------------------------------

    def _check_records(self, ledger: Ledger, records: set[str]) -> None:
        if not records:
            return
        parcels = {parcel for record in records for parcel in self._listed[record]}
        asked = self._asked(ledger, records, parcels, ())
        found = [one for check in BEFORE_FOLD if check.code in _RECORD_CODES for one in check.run(asked)]
        pairs: dict[str, set[Pair]] = defaultdict(set)
        record = {version.id: version.record for version in asked.book.versions}
        for one in found:
            self._record_of_finding[one.id] = record[one.entries[0]]
        for pair in holding(settle(found, self._bench(ledger.builder, found, asked.book))):
            pairs[record[pair[0]]].add(pair)
        for name in records:
            self._held -= self._held_by.pop(name, frozenset())
            if pairs[name]:
                self._held_by[name] = frozenset(pairs[name])
                self._held |= pairs[name]

    def _asked(self, ledger: Ledger, records: Iterable[str], parcels: Iterable[str], checks: Iterable[Check]) -> Asked:
        """The part of the book about these records and parcels."""
        names, builder = sorted(set(records)), ledger.builder
        book = Book(
            builder.position,
            versions=tuple(version for name in names for version in builder.versions(name)),
            decisions=tuple(decision for name in names for decision in builder.decisions(name)),
            checks=tuple(checks),
        )
        rows = tuple(row for name in sorted(set(parcels)) if (row := ledger.parcel(name)) is not None)
        rules_edition, photo_edition = self._editions
        return Asked.of_book(
            book,
            rows,
            ledger.at_ms,
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


_RECORD_CODES = discrepancies().with_scope(DiscrepancyScope.RECORD)
