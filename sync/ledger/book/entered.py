"""Versions and reuse rows as land events (ledger rules §1): kind, time, ground, class, before anybody asks whether they
count. That is `judgement.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from schemas.codes import AreaSource, Discrepancy, InspectionKind, LandFreed, RegreeningOutcome
from schemas.errors import LedgerError
from schemas.register_fields import Reuse
from schemas.rules import Thresholds
from sync.ledger.book.days import day_of, day_start_ms
from sync.ledger.book.facts import LandClass, RegisterRow, Version
from sync.ledger.land.classes import NO_CLASS, ClassTable
from sync.ledger.land.events import EventKind, Force, LandEvent


def no_outlines(_parcel: str) -> BaseGeometry | None:
    """For who knows no parcels."""
    return None


@dataclass(frozen=True)
class Terms:
    """What judgement goes by: thresholds and classes of an edition, entries that an open blocking discrepancy of scope
    record holds, and the outline of a parcel (for a demolition that freed all of it and has none of its own)."""

    values: Thresholds
    classes: ClassTable
    held: AbstractSet[tuple[str, Discrepancy]] = frozenset()
    outline_of: Callable[[str], BaseGeometry | None] = no_outlines


def event_of(version: Version, terms: Terms) -> LandEvent | None:
    """The event of a version, with no more right than any that has arrived; None for a facility visit."""
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


def reuse_event(row: RegisterRow, terms: Terms) -> LandEvent | None:
    """The event of a reuse row, at the start of its day; None where the row's fields cannot be read."""
    if not isinstance(row.fields, Reuse):
        return None
    land_class = LandClass(row.fields.class_system, row.fields.class_code)
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


def _class_index(land_class: LandClass | None, classes: ClassTable) -> int:
    """A class that the edition does not know counts for nothing; one strange entry must not stop the ledger."""
    try:
        return classes.index(land_class)
    except LedgerError:
        return NO_CLASS
