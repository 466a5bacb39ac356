"""All checks in one table, and the one way to run them. What is not in the table is not checked.

Checks of photos (D07 to D11a, D14, D15, D24, D09w) join `BEFORE_FOLD` with part 4; nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.codes import Discrepancy
from sync.ledger.discrepancies import areas, claims, moves, overlays, places, waiting
from sync.ledger.discrepancies.asked import Asked, AskedOfLand
from sync.ledger.discrepancies.finding import Finding, in_order

T = TypeVar("T")


@dataclass(frozen=True)
class Check(Generic[T]):
    """A code and the pure function that finds it."""

    code: Discrepancy
    run: Callable[[T], Iterator[Finding]]


BEFORE_FOLD: tuple[Check[Asked], ...] = (
    Check(Discrepancy.D03, areas.area_mismatch),
    Check(Discrepancy.D04, places.outside_parcels),
    Check(Discrepancy.D05, places.not_in_ledger),
    Check(Discrepancy.D06, places.outside_unit),
    Check(Discrepancy.D17, areas.no_construction),
    Check(Discrepancy.D29, areas.unit_slip),
    Check(Discrepancy.D31, areas.provisional_area),
)
"""From records alone: what is open here decides which claims are held, so it must be known before the fold."""

ON_LAND: tuple[Check[AskedOfLand], ...] = (
    Check(Discrepancy.D01, claims.over_claim),
    Check(Discrepancy.D02, claims.duplicate_claim),
    Check(Discrepancy.D12, moves.date_order),
    Check(Discrepancy.D16, moves.class_not_reducing),
    Check(Discrepancy.D18, moves.relapse),
    Check(Discrepancy.D19, waiting.unrestored),
    Check(Discrepancy.D20, moves.survival),
    Check(Discrepancy.D28, overlays.protected_overlay),
)
"""From the ground as folded."""


def before_fold(asked: Asked) -> tuple[Finding, ...]:
    """What records show by themselves, in order."""
    return in_order(one for check in BEFORE_FOLD for one in check.run(asked))


def on_land(asked: AskedOfLand) -> tuple[Finding, ...]:
    """What the folded ground shows, in order."""
    return in_order(one for check in ON_LAND for one in check.run(asked))
