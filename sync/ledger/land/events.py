"""Land events (ledger rules §1): what moves a square metre, with the right that each has to move it (§2, who counts).

`judgement.py` makes these of the versions of records and of reuse rows; the fold knows nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from shapely.geometry.base import BaseGeometry

from schemas.codes import AreaSource


class EventKind(IntEnum):
    """Rows of the table in ledger rules §2; the number is the row in `fold.TABLE`."""

    DEMOLITION_NOT_CLEARED = 0
    DEMOLITION_CLEARED = 1
    REGREENING_PASSED = 2
    REGREENING_FAILED = 3
    WORKS_DONE = 4
    REUSE = 5
    NEW_BUILD = 6
    NO_LAND = 7
    """A demolition that freed no land (interior, roof, upper floors): floor area only."""


RANK = {
    EventKind.DEMOLITION_NOT_CLEARED: 0,
    EventKind.DEMOLITION_CLEARED: 1,
    EventKind.REGREENING_PASSED: 2,
    EventKind.REGREENING_FAILED: 2,
    EventKind.WORKS_DONE: 2,
    EventKind.REUSE: 3,
    EventKind.NEW_BUILD: 4,
    EventKind.NO_LAND: 5,
}
"""Order at equal times; after it comes the id (ledger rules §1)."""


class Force(IntEnum):
    """What moves an event may make."""

    NONE = 0
    """Dismissed by the district, or replaced by an approved revision: no moves."""
    ADVERSE = 1
    """Arrived, not in force: adverse moves only, inside parcels of its author's units."""
    HELD = 2
    """As ADVERSE; approved, but held by an open blocking discrepancy or a provisional outline."""
    FULL = 3
    """In force: all moves in the parcels that it lists, adverse ones wherever it lies."""


@dataclass(frozen=True, slots=True)
class LandEvent:
    """One event. `id` is the entry's (or register row's), `record` its thread, `stage` names kind and stage for D02.

    `at_ms` is the time of observation clipped into what the log proves; `class_index` a row of `ClassTable`
    (-1: none). `decided` is False while nobody has reviewed it. `early`: a `passed` inside the waiting period (it has
    become WORKS_DONE, with D20). Areas as entered, hundredths of m². `units` are the author's units, to which an event
    that is not in force is bound: none where it is larger than the rules allow and waits for the district, None where
    it is no longer bound, for somebody has approved it or the district upheld it.
    """

    id: str
    record: str
    kind: EventKind
    force: Force
    at_ms: int
    unit: str
    units: frozenset[str] | None
    author: str
    parcels: tuple[str, ...]
    outline: BaseGeometry | None
    class_index: int = -1
    claimed_e2: int = 0
    floor_area_e2: int = 0
    structures: tuple[str, ...] = ()
    area_source: AreaSource = AreaSource.SURVEYED
    decided: bool = True
    early: bool = False
    seq: int = 0
    supersedes: str | None = None

    @property
    def order(self) -> tuple[int, int, str]:
        """Where the event stands in the fold."""
        return self.at_ms, RANK[self.kind], self.id
