"""Footprints over parcels: what records say of ground, before any fold, as arrays in the ledger's plane.

Made of the versions of records (the log) or of a laid-out `Land` (a scenario, a benchmark), so that every check on
outlines is written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from schemas.codes import AreaSource, InspectionKind, LandFreed, RegreeningOutcome
from schemas.standing import Standing
from sync.ledger.book.facts import Parcel, Version
from sync.ledger.land.events import RANK, EventKind, Force, LandEvent
from sync.ledger.land.ground import Floats
from sync.ledger.land.layout import Land, Project
from sync.ledger.land.plane import Geometries

CLAIMS = frozenset(
    {
        EventKind.DEMOLITION_CLEARED,
        EventKind.DEMOLITION_NOT_CLEARED,
        EventKind.NO_LAND,
        EventKind.REGREENING_PASSED,
        EventKind.WORKS_DONE,
    }
)
"""Events that claim something for their author's unit; the others (a sighting, a failed check) only report."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one entry says of ground. `since_ms` is its receipt (its observation where there is no log), `claimed_e2`
    the area entered (hundredths of m², 0: none), `accuracy_m` that of its position."""

    entry: str
    record: str
    kind: EventKind
    unit: str
    author: str
    parcels: tuple[str, ...]
    at_ms: int
    since_ms: int
    claimed_e2: int = 0
    area_source: AreaSource | None = None
    accuracy_m: float | None = None

    @property
    def claims(self) -> bool:
        """Whether it claims something, so that holding it stops something."""
        return self.kind in CLAIMS


@dataclass(frozen=True)
class Site:
    """Parcels and footprints with their outlines in plane metres (None: no outline), parcels by id, footprints in the
    order of the fold. Only footprints that still say something are here: see `is_current` and `of_land`."""

    parcels: tuple[Parcel, ...]
    parcel_outlines: Geometries
    prints: tuple[Footprint, ...]
    outlines: Geometries

    @classmethod
    def of_versions(cls, versions: Sequence[Version], parcels: Sequence[Parcel], project: Project) -> Site:
        """The current versions' footprints over the parcels' rows that hold; `project` as for `lay_out`."""
        current = [(one, kind) for one in versions if is_current(one) and (kind := event_kind(one)) is not None]
        made = {
            version.id: (
                Footprint(
                    version.id, version.record, kind, version.said.unit, version.said.author, version.parcels,
                    version.observed_ms, version.said.received_ms, version.claimed_e2 or 0, version.area_source,
                    version.position_accuracy_m,
                ),
                version.outline,
            )
            for version, kind in current
        }  # fmt: skip
        prints = sorted(made.values(), key=lambda pair: (pair[0].at_ms, RANK[pair[0].kind], pair[0].entry))
        rows = sorted({parcel.id: parcel for parcel in parcels}.values(), key=lambda parcel: parcel.id)
        return cls(
            tuple(rows),
            project(_array([parcel.outline for parcel in rows])),
            tuple(one for one, _ in prints),
            project(_array([outline for _, outline in prints])),
        )

    @classmethod
    def of_land(cls, land: Land, at_ms: int) -> Site:
        """The footprints of a `Land` up to a state date; a claim that was returned or rejected says nothing more."""
        kept = [
            number
            for number, event in enumerate(land.events)
            if event.at_ms <= at_ms and (event.kind not in CLAIMS or is_live(event))
        ]
        prints = tuple(_of_event(land.events[number]) for number in kept)
        return cls(land.parcels, land.plane_outlines, prints, land.event_outlines[np.array(kept, dtype=np.int64)])

    @cached_property
    def place(self) -> dict[str, int]:
        """Number of each parcel by id."""
        return {parcel.id: number for number, parcel in enumerate(self.parcels)}

    @cached_property
    def areas_m2(self) -> Floats:
        """Area of each footprint; 0 without an outline."""
        areas: Floats = np.nan_to_num(shapely.area(self.outlines)).astype(np.float64)
        return areas

    @cached_property
    def under(self) -> list[list[int]]:
        """Which parcels each footprint meets, by number."""
        return self._queried("intersects")

    def within_one_of(self, number: int, parcels: list[int]) -> bool:
        """Whether one of `parcels` covers the footprint: the ordinary case, which needs no cut."""
        return any(parcel in parcels for parcel in self._covering[number])

    @cached_property
    def _covering(self) -> list[list[int]]:
        return self._queried("covered_by")

    def _queried(self, predicate: str) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in self.prints]
        if self.parcels and self.prints:
            prints, parcels = shapely.STRtree(self.parcel_outlines).query(self.outlines, predicate=predicate)
            for number, parcel in sorted(zip(prints.tolist(), parcels.tolist(), strict=True)):
                found[number].append(parcel)
        return found


def is_live(event: LandEvent) -> bool:
    """Whether an event's claims still stand: in force, held, or waiting for a review."""
    return event.force in (Force.FULL, Force.HELD) or not event.decided


_OPEN = frozenset({Standing.SUBMITTED, Standing.APPROVED, Standing.BRANCH})
_GONE = frozenset({Standing.WITHDRAWN, Standing.SUPERSEDED})


def is_current(version: Version) -> bool:
    """Whether a version still says something: waiting, approved or on a branch; of what only reports adverse facts also
    when returned or rejected (rules §2)."""
    if version.standing in _OPEN:
        return True
    return version.standing not in _GONE and event_kind(version) in (EventKind.NEW_BUILD, EventKind.REGREENING_FAILED)


def event_kind(version: Version) -> EventKind | None:
    """The row of the fold's table that a version would be; None for a facility. Waiting periods are not asked here."""
    if version.kind is InspectionKind.NEW_BUILD_SIGHTING:
        return EventKind.NEW_BUILD
    if version.kind is InspectionKind.REGREENING:
        return _OUTCOMES[version.outcome] if version.outcome else None
    if version.kind is InspectionKind.DEMOLITION:
        if version.land_freed is LandFreed.NONE:
            return EventKind.NO_LAND
        return EventKind.DEMOLITION_CLEARED if version.site_cleared else EventKind.DEMOLITION_NOT_CLEARED
    return None


_OUTCOMES = {
    RegreeningOutcome.WORKS_DONE: EventKind.WORKS_DONE,
    RegreeningOutcome.PASSED: EventKind.REGREENING_PASSED,
    RegreeningOutcome.FAILED: EventKind.REGREENING_FAILED,
}


def _of_event(event: LandEvent) -> Footprint:
    return Footprint(
        event.id, event.record, event.kind, event.unit, event.author, event.parcels, event.at_ms, event.at_ms,
        event.claimed_e2, event.area_source,
    )  # fmt: skip


def _array(outlines: Sequence[shapely.Geometry | None]) -> Geometries:
    made = np.empty(len(outlines), dtype=object)
    made[:] = outlines
    return made
