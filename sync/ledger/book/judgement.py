"""Who counts (ledger rules §2): versions of records and reuse rows become land events, each with the right that it has.

A version in force makes all its moves; one that has arrived makes its adverse moves only, within its author's unit and
up to the rules' area; an adverse move ends by the district alone. What stops a record besides (an open blocking
discrepancy of scope record) is found elsewhere, from the book alone and before the fold, and comes in as `Terms.held`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from schemas.codes import Discrepancy, ReviewOutcome
from schemas.roles import Role
from schemas.standing import Standing
from sync.ledger.book.entered import Terms, event_of, no_outlines, reuse_event
from sync.ledger.book.facts import Book, Decision, RegisterRow, Resolved, Version
from sync.ledger.land.events import EventKind, Force, LandEvent
from sync.ledger.land.geodesy_arrays import areas_m2
from sync.ledger.land.layout import may_be_adverse

REUSE = "reuse"
NOWHERE: frozenset[str] = frozenset()
"""The units of an event that waits for the district: its claims are there, its adverse moves are not yet."""
ADVERSE_CODES: dict[EventKind, frozenset[Discrepancy]] = {
    EventKind.NEW_BUILD: frozenset({Discrepancy.D05, Discrepancy.D18}),
    EventKind.DEMOLITION_NOT_CLEARED: frozenset({Discrepancy.D18}),
    EventKind.REGREENING_FAILED: frozenset({Discrepancy.D20}),
    EventKind.REGREENING_PASSED: frozenset({Discrepancy.D16}),
}
"""The codes under which the district speaks of an event's adverse moves. A resolution under another code speaks of a
discrepancy of the record: that one dismissed, the record counts."""


@dataclass(frozen=True)
class Case:
    """A record as a judge needs it: its versions and decisions, and resolutions about any of its versions."""

    versions: tuple[Version, ...]
    decisions: tuple[Decision, ...] = ()
    resolutions: tuple[Resolved, ...] = ()

    def ruled(self, version: Version) -> frozenset[tuple[str, Discrepancy]]:
        """What the district has said of this version, outcome and code; never by an author or a reviewer of the record
        (§5)."""
        if not self.resolutions:
            return frozenset()
        barred = {one.said.author for one in self.versions}
        barred |= {one.said.author for one in self.decisions if one.outcome is not None}
        return frozenset(
            (one.outcome, one.code)
            for one in self.resolutions
            if version.id in one.about and one.said.author not in barred and one.said.role in (None, Role.DISTRICT)
        )


def judge_book(book: Book, terms: Terms) -> list[LandEvent]:
    """The events of a whole book. Where `terms` know no outlines, those of the book's last parcel rows are taken."""
    outlines = {parcel.id: parcel.outline for parcel in book.parcels}
    if terms.outline_of is no_outlines:
        terms = replace(terms, outline_of=outlines.get)
    versions: dict[str, list[Version]] = defaultdict(list)
    record: dict[str, str] = {}
    for version in book.versions:
        versions[version.record].append(version)
        record[version.id] = version.record
    decisions: dict[str, list[Decision]] = defaultdict(list)
    for decision in book.decisions:
        if decision.record is not None:
            decisions[decision.record].append(decision)
    resolutions: dict[str, list[Resolved]] = defaultdict(list)
    for resolved in book.resolutions:
        for root in {record[entry] for entry in resolved.about if entry in record}:
            resolutions[root].append(resolved)
    cases = [
        Case(tuple(found), tuple(decisions.get(root, ())), tuple(resolutions.get(root, ())))
        for root, found in versions.items()
    ]
    return judge(cases, terms) + judge_reuse(book.registers, book.resolutions, terms)


def judge(cases: Iterable[Case], terms: Terms) -> list[LandEvent]:
    """The events of these records; every version makes at most one. Facility visits make none."""
    held = {entry for entry, _ in terms.held}
    events: list[LandEvent] = []
    for case in cases:
        events.extend(_judged(case, terms, held))
    return _within_limit(events, terms)


def judge_reuse(rows: Iterable[RegisterRow], resolutions: Iterable[Resolved], terms: Terms) -> list[LandEvent]:
    """The events of reuse rows (§1): said by an office, so in force; of rows that replace one another the last one."""
    last: dict[str, RegisterRow] = {}
    for row in rows:
        if row.subtype == REUSE and (row.row not in last or last[row.row].said.seq < row.said.seq):
            last[row.row] = row
    dismissed = {entry for one in resolutions if one.outcome == "dismissed" for entry in one.about}
    live = [row for row in last.values() if row.said.entry not in dismissed]
    return [event for row in live if (event := reuse_event(row, terms)) is not None]


# -- one record ------------------------------------------------------------------------------------------------------


@dataclass
class _Draft:
    version: Version
    event: LandEvent
    ruled: frozenset[tuple[str, Discrepancy]] = field(default_factory=frozenset)

    def told(self, *outcomes: str) -> bool:
        """Whether the district has said one of these of the event's adverse moves."""
        codes = ADVERSE_CODES.get(self.event.kind, frozenset())
        return any(outcome in outcomes and code in codes for outcome, code in self.ruled)

    @property
    def agreed(self) -> bool:
        """Whether the district agrees that a revision shrinks the adverse moves; choosing a branch (D26) does too."""
        return self.told("corrected", "explained") or any(code is Discrepancy.D26 for _, code in self.ruled)


def _judged(case: Case, terms: Terms, held: set[str]) -> list[LandEvent]:
    drafts = [
        _Draft(version, event, case.ruled(version))
        for version in case.versions
        if (event := event_of(version, terms)) is not None
    ]
    if not drafts:
        return []
    approved = next((draft for draft in drafts if draft.version.in_force), None)
    newest = max(draft.version.id for draft in drafts)
    made = []
    for draft in drafts:
        version = draft.version
        force = _force(case, draft, approved, terms, held)
        ever_approved = any(one.outcome is ReviewOutcome.APPROVE and version.id in one.about for one in case.decisions)
        free = ever_approved or draft.told("upheld")
        made.append(
            replace(
                draft.event,
                force=force,
                units=None if free else draft.event.units,
                decided=version.id != newest or version.standing not in (Standing.SUBMITTED, Standing.BRANCH),
            )
        )
    return made


def _force(case: Case, draft: _Draft, approved: _Draft | None, terms: Terms, held: set[str]) -> Force:
    version = draft.version
    on_arrival = version.said.role == Role.THIRD_PARTY and version.standing is Standing.SUBMITTED
    in_force = version.in_force or on_arrival
    # What a passed check in force restored stays: the district that wants it out withdraws it.
    if draft.told("dismissed") and not (in_force and draft.event.kind is EventKind.REGREENING_PASSED):
        return Force.NONE
    if in_force:
        if not version.photos_complete:
            return Force.ADVERSE
        provisional = (
            draft.event.outline is not None and draft.event.area_source not in terms.values.admitted_area_sources
        )
        return Force.HELD if provisional or version.id in held else Force.FULL
    if approved is not None and _replaces(approved, draft, terms):
        return Force.NONE
    if (
        version.standing is Standing.WITHDRAWN
        and not _only_adverse(draft.event)
        and _withdrawn_by_district(case, version)
    ):
        return Force.NONE
    return Force.ADVERSE


def _replaces(approved: _Draft, draft: _Draft, terms: Terms) -> bool:
    """Whether the approved revision has taken the place of this version, adverse moves included (§2)."""
    version = draft.version
    if version.standing is not Standing.SUPERSEDED and version.said.seq > approved.version.said.seq:
        return False  # a later revision that is not approved yet
    if not may_be_adverse(draft.event, terms.classes) or draft.agreed:
        return True
    return _shrinks_by_m2(draft.event, approved.event, terms) <= terms.values.shrink_needs_district_m2


def _shrinks_by_m2(old: LandEvent, new: LandEvent, terms: Terms) -> float:
    """The area (m²) on which the new version no longer makes the adverse move that the old one made."""
    if old.outline is None:
        return 0.0
    as_bad = new.kind is EventKind.NEW_BUILD or (new.kind is old.kind and may_be_adverse(new, terms.classes))
    # An earlier observation may fall before the clearing that the old one came after: then nothing of it is left.
    if new.outline is None or not as_bad or new.at_ms < old.at_ms:
        return float(areas_m2([old.outline])[0])
    return float(areas_m2([shapely.difference(old.outline, new.outline)])[0])


def _only_adverse(event: LandEvent) -> bool:
    """A fact that says nothing but that land is lost, which nobody withdraws (§2)."""
    return event.kind in (EventKind.NEW_BUILD, EventKind.REGREENING_FAILED)


def _withdrawn_by_district(case: Case, version: Version) -> bool:
    withdrawals = [one for one in case.decisions if one.outcome is None and one.counts and version.id in one.about]
    return any(one.said.role == Role.DISTRICT for one in withdrawals)


# -- the limit -------------------------------------------------------------------------------------------------------


def _within_limit(events: list[LandEvent], terms: Terms) -> list[LandEvent]:
    """An adverse fact that is not in force and larger than the rules allow waits for the district (§2).

    The limit is over the whole outline, wherever it lies: so it depends on nothing but the event, and a tablet gains
    nothing by listing few parcels. It no longer binds once somebody has approved the entry or the district upheld it.
    """
    bound = [
        number
        for number, event in enumerate(events)
        if event.force in (Force.ADVERSE, Force.HELD)
        and event.units is not None
        and event.outline is not None
        and may_be_adverse(event, terms.classes)
    ]
    outlines = np.array([events[number].outline for number in bound], dtype=object)
    for number in np.flatnonzero(areas_m2(outlines) > terms.values.adverse_area_limit_m2):
        events[bound[number]] = replace(events[bound[number]], units=NOWHERE)
    return events
