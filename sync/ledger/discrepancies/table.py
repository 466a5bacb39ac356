"""All checks in one table, and the one way to run them. What is not in the table is not checked.

Checks of photos (D07 to D11a, D14, D15, D24, D09w) join `BEFORE_FOLD` with part 4; nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.codes import Discrepancy
from sync.ledger.discrepancies import (
    areas,
    claims,
    moves,
    overlays,
    people,
    photos,
    places,
    planting,
    times,
    totals,
    waiting,
)
from sync.ledger.discrepancies.asked import Asked, AskedOfLand
from sync.ledger.discrepancies.finding import Finding, in_order
from sync.ledger.discrepancies.totals import AskedOfTotals

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
    Check(Discrepancy.D11B, times.time_impossible),
    Check(Discrepancy.D13, photos.photo_set),
    Check(Discrepancy.D17, areas.no_construction),
    Check(Discrepancy.D20, planting.survival_low),
    Check(Discrepancy.D23, people.one_person_twice),
    Check(Discrepancy.D25, times.impossible_pace),
    Check(Discrepancy.D26, people.branch),
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

ON_TOTALS: tuple[Check[AskedOfTotals], ...] = (
    Check(Discrepancy.D21, totals.new_build_without_demolition),
    Check(Discrepancy.D22, totals.green_balance_negative),
    Check(Discrepancy.D27, totals.survey_disagrees),
    Check(Discrepancy.D30, totals.target_rollup),
)
"""From sums of units and from what was accepted."""

ALL = (*BEFORE_FOLD, *ON_LAND, *ON_TOTALS)


def before_fold(asked: Asked) -> tuple[Finding, ...]:
    """What records show by themselves, in order."""
    return in_order(one for check in BEFORE_FOLD for one in check.run(asked))


def on_land(asked: AskedOfLand) -> tuple[Finding, ...]:
    """What the folded ground shows, in order."""
    return in_order(one for check in ON_LAND for one in check.run(asked))


def on_totals(asked: AskedOfTotals) -> tuple[Finding, ...]:
    """What offices' figures show, in order."""
    return in_order(one for check in ON_TOTALS for one in check.run(asked))


def all_findings(asked: AskedOfTotals) -> tuple[Finding, ...]:
    """Everything, in order."""
    return in_order((*before_fold(asked.ground.records), *on_land(asked.ground), *on_totals(asked)))
