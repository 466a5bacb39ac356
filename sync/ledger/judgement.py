"""Who counts (ledger rules §2): versions of records and reuse rows become land events, each with the right that it has.

A version in force makes all its moves; one that has arrived makes its adverse moves only, within its author's unit and
up to the rules' area; an adverse move ends by the district alone. What stops a record besides (an open blocking
discrepancy of scope record) is found elsewhere, from the book alone and before the fold, and comes in as `Terms.held`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from schemas.codes import AreaSource, Discrepancy, InspectionKind, LandFreed, RegreeningOutcome, ReviewOutcome
from schemas.errors import LedgerError
from schemas.register_fields import Reuse
from schemas.roles import Role
from schemas.rules import Thresholds
from schemas.standing import Standing
from sync.ledger.classes import NO_CLASS, ClassTable
from sync.ledger.days import day_of, day_start_ms
from sync.ledger.events import EventKind, Force, LandEvent
from sync.ledger.facts import Book, Decision, LandClass, RegisterRow, Resolved, Version
from sync.ledger.geodesy_arrays import areas_m2
from sync.ledger.land import may_be_adverse

REUSE = "reuse"
NOWHERE: frozenset[str] = frozenset()
"""The units of an event that waits for the district: its claims are there, its adverse moves are not yet."""
_AGREED = frozenset({"corrected", "explained"})


@dataclass(frozen=True)
class Terms:
    """What judgement goes by: thresholds and classes of an edition, entries that an open blocking discrepancy of scope
    record holds, and the outline of a parcel (for a demolition that freed all of it and has none of its own)."""

    values: Thresholds
    classes: ClassTable
    held: AbstractSet[tuple[str, Discrepancy]] = frozenset()
    outline_of: Callable[[str], BaseGeometry | None] = lambda _: None


@dataclass(frozen=True)
class Case:
    """A record as a judge needs it: its versions and decisions, and resolutions about any of its versions."""

    versions: tuple[Version, ...]
    decisions: tuple[Decision, ...] = ()
    resolutions: tuple[Resolved, ...] = ()

    def ruled(self, version: Version) -> frozenset[str]:
        """How the district has closed what concerns this version; never said by its author or a reviewer (§5)."""
        if not self.resolutions:
            return frozenset()
        barred = {version.said.author} | {one.said.author for one in self.decisions if one.outcome is not None}
        return frozenset(
            one.outcome for one in self.resolutions if version.id in one.about and one.said.author not in barred
        )


def judge_book(book: Book, terms: Terms) -> list[LandEvent]:
    """The events of a whole book. Where `terms` know no outlines, those of the book's last parcel rows are taken."""
    outlines = {parcel.id: parcel.outline for parcel in book.parcels}
    if terms.outline_of is _NO_OUTLINES:
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
    return [_reuse(row, terms) for row in last.values() if row.said.entry not in dismissed and _typed(row) is not None]


# -- one record ------------------------------------------------------------------------------------------------------


@dataclass
class _Draft:
    version: Version
    event: LandEvent
    ruled: frozenset[str] = field(default_factory=frozenset)


def _judged(case: Case, terms: Terms, held: set[str]) -> list[LandEvent]:
    drafts = [
        _Draft(version, event, case.ruled(version))
        for version in case.versions
        if (event := _event(version, terms)) is not None
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
        free = ever_approved or "upheld" in draft.ruled
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
    if "dismissed" in draft.ruled:
        return Force.NONE
    on_arrival = version.said.role == Role.THIRD_PARTY and version.standing is Standing.SUBMITTED
    if version.in_force or on_arrival:
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
    if not may_be_adverse(draft.event, terms.classes) or draft.ruled & _AGREED:
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


# -- events ----------------------------------------------------------------------------------------------------------


def _event(version: Version, terms: Terms) -> LandEvent | None:
    at_ms = clipped_ms(version)
    kind, early = _kind(version, at_ms, terms.values)
    if kind is None:
        return None
    outline, source = version.outline, version.area_source
    if outline is None and version.land_freed is LandFreed.ALL:
        outline, source = _whole_parcels(version, terms), AreaSource.LEDGER
    return LandEvent(
        id=version.id,
        record=version.record,
        kind=kind,
        force=Force.ADVERSE,
        at_ms=at_ms,
        unit=version.said.unit,
        units=frozenset({version.said.unit}),
        author=version.said.author,
        parcels=version.parcels,
        outline=outline,
        class_index=_class_index(version.observed_class, terms.classes),
        claimed_e2=version.claimed_e2 or 0,
        floor_area_e2=version.floor_area_e2 or 0,
        structures=version.structures,
        area_source=AreaSource.DRAWN if source is None else source,
        early=early,
        seq=version.said.seq,
        supersedes=version.supersedes,
    )


def clipped_ms(version: Version) -> int:
    """The time of observation within what the log proves: after the last checkpoint that the device had seen, before
    the receipt (§1). A time outside is D11b, which holds the record's claims and never drops its adverse facts."""
    after = version.observed_ms if version.known_ms is None else max(version.observed_ms, version.known_ms)
    return min(after, version.said.received_ms)


def is_early(version: Version, waiting_days: int) -> bool:
    """Whether a check that passed lies closer to the planting than the waiting period (§2: counts as works done)."""
    if version.outcome is not RegreeningOutcome.PASSED or version.planted_on is None:
        return False
    return (day_of(clipped_ms(version)) - version.planted_on).days < waiting_days


def _kind(version: Version, at_ms: int, values: Thresholds) -> tuple[EventKind | None, bool]:
    if version.kind is InspectionKind.NEW_BUILD_SIGHTING:
        return EventKind.NEW_BUILD, False
    if version.kind is InspectionKind.DEMOLITION:
        if version.land_freed is LandFreed.NONE:
            return EventKind.NO_LAND, False
        return (EventKind.DEMOLITION_CLEARED if version.site_cleared else EventKind.DEMOLITION_NOT_CLEARED), False
    if version.kind is InspectionKind.REGREENING:
        if version.outcome is RegreeningOutcome.FAILED:
            return EventKind.REGREENING_FAILED, False
        early = is_early(version, values.waiting_period_days)
        passed = version.outcome is RegreeningOutcome.PASSED and not early
        return (EventKind.REGREENING_PASSED if passed else EventKind.WORKS_DONE), early
    return None, False


def _whole_parcels(version: Version, terms: Terms) -> BaseGeometry | None:
    outlines = [one for name in version.parcels if (one := terms.outline_of(name)) is not None]
    if len(outlines) <= 1:
        return outlines[0] if outlines else None
    whole: BaseGeometry = shapely.union_all(outlines)
    return whole


def _reuse(row: RegisterRow, terms: Terms) -> LandEvent:
    fields = _typed(row)
    land_class = None if fields is None else LandClass(fields.class_system, fields.class_code)
    return LandEvent(
        id=row.said.entry,
        record=row.row,
        kind=EventKind.REUSE,
        force=Force.FULL,
        at_ms=day_start_ms(row.on),
        unit=row.said.unit,
        units=frozenset({row.said.unit}),
        author=row.said.author,
        parcels=row.parcels,
        outline=row.outline,
        class_index=_class_index(land_class, terms.classes),
        seq=row.said.seq,
    )


def _typed(row: RegisterRow) -> Reuse | None:
    return row.fields if isinstance(row.fields, Reuse) else None


def _class_index(land_class: LandClass | None, classes: ClassTable) -> int:
    """A class that the edition does not know counts for nothing; one strange entry must not stop the ledger."""
    try:
        return classes.index(land_class)
    except LedgerError:
        return NO_CLASS


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


_NO_OUTLINES = Terms.__dataclass_fields__["outline_of"].default
