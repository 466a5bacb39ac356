"""What the district has said of findings: each is open, or closed by a `resolution` (rules §5).

A resolution answers a finding where it names the code and either the finding's id, or every entry that caused it (and,
where it names parcels of the ledger besides, those of the finding only). A finding that no entry caused is answered
through all its parcels, or its units. So when another entry joins the cause, an old answer no longer covers it and the
finding is open again. The author or a reviewer of a record that caused it closes nothing, nor does anybody but the
district. Of several answers the last of the log holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from schemas.codes import Discrepancy, DiscrepancyScope
from schemas.ids import is_entry_id
from schemas.roles import Role
from sync.ledger.book.facts import Book, Decision, Resolved, Version
from sync.ledger.discrepancies.finding import Finding, in_order


class State(StrEnum):
    """The state of a finding; the closed ones are the outcomes of a resolution."""

    OPEN = "open"
    UPHELD = "upheld"
    EXPLAINED = "explained"
    CORRECTED = "corrected"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Settled:
    """A finding and how it stands; `answer` is the resolution that closed it."""

    finding: Finding
    state: State
    answer: Resolved | None = None

    @property
    def stops(self) -> bool:
        """Whether what its scope names is stopped: while it is open, and where the district found it to be so.

        A claim that the district upheld a discrepancy against must not begin to count by that.
        """
        return self.state in (State.OPEN, State.UPHELD)


@dataclass(frozen=True)
class Bench:
    """Resolutions and who may not close what: made of a book, or of the part of it that the findings name."""

    answers: Mapping[str, tuple[Resolved, ...]] = field(default_factory=dict)
    """By subject (entry, parcel, unit or finding id)."""
    barred: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By entry the people who made or reviewed its record."""

    @classmethod
    def of_book(cls, book: Book) -> Bench:
        """All resolutions of a book."""
        return cls.of(book.resolutions, book.versions, book.decisions)

    @classmethod
    def of(cls, resolutions: Iterable[Resolved], versions: Iterable[Version], decisions: Iterable[Decision]) -> Bench:
        """The resolutions about some records, and all versions and decisions of those records."""
        answers: dict[str, list[Resolved]] = defaultdict(list)
        for one in resolutions:
            for subject in one.about:
                answers[subject].append(one)
        record = {version.id: version.record for version in versions}
        people: dict[str, set[str]] = defaultdict(set)
        for version in versions:
            people[version.record].add(version.said.author)
        for decision in decisions:
            for root in {record[entry] for entry in decision.about if entry in record}:
                if decision.outcome is not None:
                    people[root].add(decision.said.author)
        return cls(
            {subject: tuple(found) for subject, found in answers.items()},
            {entry: frozenset(people[root]) for entry, root in record.items()},
        )


def settle(findings: Iterable[Finding], bench: Bench) -> tuple[Settled, ...]:
    """How each finding stands, in order."""
    return tuple(_settled(finding, bench) for finding in in_order(findings))


def holding(settled: Iterable[Settled]) -> frozenset[tuple[str, Discrepancy]]:
    """(entry, code) of every record that is held: what judgement asks for (`Terms.held`).

    Judgement lets what is held make its adverse moves all the same, so no discrepancy suppresses an adverse fact.
    """
    return frozenset(
        (entry, one.finding.code)
        for one in settled
        if one.stops and one.finding.scope is DiscrepancyScope.RECORD
        for entry in one.finding.entries
    )


def stopped_documents(settled: Iterable[Settled]) -> frozenset[str]:
    """Acceptance documents whose step is stopped by a D23 of their cycle: what `acceptance.accept` asks for."""
    return frozenset(
        str(one.finding.figures["acceptance"])
        for one in settled
        if one.stops and one.finding.code is Discrepancy.D23 and one.finding.figures.get("acceptance")
    )


def answers(resolved: Resolved, finding: Finding) -> bool:
    """Whether a resolution speaks of this finding, whoever said it."""
    about = set(resolved.about)
    if resolved.code is not finding.code:
        return False
    if finding.id in about:
        return True
    if not finding.entries:
        causes = finding.parcels or finding.units
        return bool(causes) and about.issuperset(causes)
    named_parcels = {subject for subject in about - set(finding.entries) if not is_entry_id(subject)}
    covered = not named_parcels or not finding.parcels or named_parcels.issuperset(finding.parcels)
    return about.issuperset(finding.entries) and covered


def _settled(finding: Finding, bench: Bench) -> Settled:
    subjects = (finding.id, *finding.entries, *finding.parcels, *finding.units)
    said = {one.said.entry: one for subject in subjects for one in bench.answers.get(subject, ())}
    valid = [one for one in said.values() if answers(one, finding) and _may_close(one, finding, bench)]
    if not valid:
        return Settled(finding, State.OPEN)
    last = max(valid, key=lambda one: (one.said.seq, one.said.entry))
    return Settled(finding, State(last.outcome), last)


def _may_close(resolved: Resolved, finding: Finding, bench: Bench) -> bool:
    if resolved.said.role is not None and resolved.said.role != Role.DISTRICT:
        return False
    return not any(resolved.said.author in bench.barred.get(entry, ()) for entry in finding.entries)
