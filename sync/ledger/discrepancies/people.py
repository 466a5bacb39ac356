"""Who did what: one person in two stages of one item (D23), one record in two versions (D26)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Set
from dataclasses import dataclass

from schemas.codes import Discrepancy, InspectionKind
from schemas.standing import Standing
from sync.ledger.book.facts import Book, Said, Version
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.finding import Finding, found

INSPECTOR, REVIEWER = "inspector", "reviewer"
_ITEM_KINDS = frozenset({InspectionKind.DEMOLITION, InspectionKind.REGREENING})
_WITHOUT_EFFECT = frozenset({Standing.WITHDRAWN, Standing.REJECTED})
ACCEPTANCE = "acceptance"


def one_person_twice(asked: Asked) -> Iterator[Finding]:
    """D23: inspector, reviewer, first check and acceptance of one item are four people (M09).

    An item is a parcel and an acceptance cycle: what was said of the parcel since the acceptance before, by the order
    of the log, up to and including the next one that passed. Sightings and facilities are no items. The figure
    `acceptance` names the document of the cycle, whose step an open finding stops.
    """
    parcels = {parcel.id: parcel.unit for parcel in asked.site.parcels}
    steps = _steps(asked.book, parcels.keys())
    for parcel in sorted(steps):
        for cycle in _cycles(steps[parcel]):
            yield from _doubled(asked, parcel, parcels[parcel], cycle)


def branch(asked: Asked) -> Iterator[Finding]:
    """D26: a record whose versions or decisions did not know of each other; until a person chooses none counts."""
    heads: dict[str, list[Version]] = defaultdict(list)
    for version in asked.book.versions:
        if version.standing is Standing.BRANCH:
            heads[version.record].append(version)
    for record in sorted(heads):
        versions = sorted(heads[record], key=lambda version: version.said.seq)
        said = [one.said for one in asked.book.decisions if {version.id for version in versions} & set(one.about)]
        yield found(
            Discrepancy.D26,
            edition=asked.edition,
            since_ms=max(one.received_ms for one in (*(version.said for version in versions), *said)),
            entries=[version.id for version in versions],
            parcels=[name for version in versions for name in version.parcels],
            units=[version.said.unit for version in versions],
            versions=len(versions) + len(said),
        )


@dataclass(frozen=True, slots=True)
class _Step:
    said: Said
    stage: str
    ends: bool = False


def _steps(book: Book, known: Set[str]) -> dict[str, list[_Step]]:
    """What was said of each known parcel, in order of the log."""
    found_steps: dict[str, list[_Step]] = defaultdict(list)
    listed: dict[str, Version] = {}
    for version in book.versions:
        if version.kind in _ITEM_KINDS and version.standing not in _WITHOUT_EFFECT:
            listed[version.id] = version
            for name in version.parcels:
                found_steps[name].append(_Step(version.said, INSPECTOR))
    for decision in book.decisions:
        if decision.outcome is None or not decision.counts:
            continue
        for name in {name for entry in decision.about if entry in listed for name in listed[entry].parcels}:
            found_steps[name].append(_Step(decision.said, REVIEWER))
    for check in book.checks:
        for name in check.parcels:
            found_steps[name].append(_Step(check.said, check.kind, check.kind == ACCEPTANCE and check.passed))
    return {
        name: sorted(steps, key=lambda step: (step.said.seq, step.said.entry))
        for name, steps in found_steps.items()
        if name in known
    }


def _cycles(steps: list[_Step]) -> Iterator[list[_Step]]:
    cycle: list[_Step] = []
    for step in steps:
        cycle.append(step)
        if step.ends:
            yield cycle
            cycle = []
    yield cycle


def _doubled(asked: Asked, parcel: str, unit: str, cycle: list[_Step]) -> Iterator[Finding]:
    by_person: dict[str, list[_Step]] = defaultdict(list)
    for step in cycle:
        by_person[step.said.author].append(step)
    acceptance = next((step.said.entry for step in cycle if step.ends), "")
    for person in sorted(by_person):
        mine = by_person[person]
        stages = sorted({step.stage for step in mine})
        if len(stages) > 1:
            yield found(
                Discrepancy.D23,
                edition=asked.edition,
                since_ms=mine[-1].said.received_ms,
                entries=[step.said.entry for step in mine],
                parcels=[parcel],
                units=[unit],
                person=person,
                stages="、".join(stages),
                acceptance=acceptance,
            )
