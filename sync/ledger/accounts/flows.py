"""Flows of a period (a, b] (ledger rules §4): ground that was cleared, re-greened, lost again; and how long it took.

Read from the changes of each piece up to b, by parcel; areas in ticks (`exact.py`). Ground counts as cleared or
re-greened the first time it gets there; every further time stands apart, so a relapse never makes a flow larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schemas.rules import Thresholds
from sync.ledger.book.days import DAY_MS, day_of
from sync.ledger.land import exact
from sync.ledger.land.exact import Ints
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.fold import BUILT, CLEARED, DEMOLISHED, RESTORED, REUSED
from sync.ledger.land.history import Bools, History, freed
from sync.ledger.land.layout import Land
from sync.ledger.statement.field_sections import DayBin, Lags, Relapse


@dataclass(frozen=True)
class Flows:
    """By parcel, ticks. `green` is what was first re-greened in the period and still is green at its end (M12)."""

    cleared: Ints
    cleared_again: Ints
    regreened_reducing: Ints
    regreened_not_reducing: Ints
    regreened_again: Ints
    relapsed: Ints
    occupied: Ints
    green: Ints


def flows(land: Land, figures: ParcelFigures, past: History, after_ms: int, until_ms: int) -> Flows:
    """Flows of the period (after_ms, until_ms] on every parcel; `past` reaches at least to `until_ms`.

    Re-greened land reduces where it belongs to B and its new class counts as restoration (rules §3); the rest is green
    and reduces nothing. What was cleared or restored before the ledger flows on its day, or, undated, in no period.
    """
    within = (past.at_ms > after_ms) & (past.at_ms <= until_ms)
    was_free, is_free = freed(past.from_state), freed(past.to_state)
    clearing = is_free & ~was_free
    first_cleared = past.first(clearing)
    greening = (past.to_state == RESTORED) & (past.from_state != RESTORED)
    first_greened = past.first(greening)
    reducing = land.in_base[past.piece] & land.classes.restores[past.to_class]
    taking = np.isin(past.to_state, (BUILT, REUSED)) & ~np.isin(past.from_state, (BUILT, REUSED))
    kind_of = np.array([kind is not None for kind in (*land.classes.kinds, None)])
    folded = figures.folded
    still = (folded.state == RESTORED) & kind_of[folded.land_class]
    return Flows(
        cleared=_sum(land, past, within & first_cleared),
        cleared_again=_sum(land, past, within & clearing & ~first_cleared),
        regreened_reducing=_sum(land, past, within & first_greened & reducing),
        regreened_not_reducing=_sum(land, past, within & first_greened & ~reducing),
        regreened_again=_sum(land, past, within & greening & ~first_greened),
        relapsed=_sum(land, past, within & _relapsing(past)),
        occupied=_sum(land, past, within & taking & ~land.in_base[past.piece]),
        green=_sum(land, past, within & first_greened & still[past.piece]),
    )


def relapses(land: Land, past: History, after_ms: int, until_ms: int, chosen: Bools) -> tuple[Relapse, ...]:
    """回潮 of the period on the `chosen` parcels, a row each parcel and event: ground cleared, or further, that was
    built on or buried again."""
    rows = np.flatnonzero((past.at_ms > after_ms) & (past.at_ms <= until_ms) & _relapsing(past))
    rows = rows[chosen[land.ground.parcel[past.piece[rows]]]]
    pairs, place = np.unique(past.pair[rows], return_inverse=True)
    areas = exact.summed(place, exact.from_m2(land.ground.area_m2[past.piece[rows]]), len(pairs))
    found = []
    for pair, area in zip(pairs.tolist(), areas.tolist(), strict=True):
        parcel, event = land.parcels[land.pairs.parcel[pair]], land.events[land.pairs.event[pair]]
        found.append(Relapse(parcel.id, parcel.unit, event.id, day_of(event.at_ms), exact.m2(area)))
    return tuple(sorted(found, key=lambda row: (row.unit, row.parcel, row.on, row.entry)))


def lags(
    land: Land, figures: ParcelFigures, past: History, values: Thresholds, after_ms: int, until_ms: int, chosen: Bools
) -> Lags:
    """Days between clearing and restoration on the `chosen` parcels (M08): of what was restored in the period, and how
    long pending ground (B, cleared) has waited at its end. Bins break at the notice and the limit of D19."""
    edges = sorted({0, 30, values.unrestored_notice_days, values.unrestored_days, 365, 730})
    greening = (past.to_state == RESTORED) & (past.from_state != RESTORED)
    rows = np.flatnonzero(greening & (past.at_ms > after_ms) & (past.at_ms <= until_ms))
    rows = rows[chosen[land.ground.parcel[past.piece[rows]]]]
    areas = exact.from_m2(land.ground.area_m2[past.piece[rows]])
    dated = (past.from_state[rows] == CLEARED) & (past.before_ms[rows] > 0)
    days = (past.at_ms[rows] - past.before_ms[rows])[dated] // DAY_MS
    pending = land.in_base & (figures.folded.state == CLEARED) & chosen[land.ground.parcel]
    known = pending & (past.since_ms > 0)
    ages = (until_ms - past.since_ms[known]) // DAY_MS
    undated = int(areas[~dated].sum()) + int(exact.from_m2(land.ground.area_m2[pending & ~known]).sum())
    return Lags(
        restored=_bins(edges, days, areas[dated]),
        waiting=_bins(edges, ages, exact.from_m2(land.ground.area_m2[known])),
        median_days=_median(days, areas[dated]),
        undated_m2=exact.m2(undated),
    )


def _relapsing(past: History) -> Bools:
    return np.asarray(freed(past.from_state) & np.isin(past.to_state, (BUILT, DEMOLISHED)), dtype=bool)


def _sum(land: Land, past: History, chosen: Bools) -> Ints:
    piece = past.piece[chosen]
    return exact.summed(land.ground.parcel[piece], exact.from_m2(land.ground.area_m2[piece]), len(land.parcels))


def _bins(edges: list[int], days: Ints, ticks: Ints) -> tuple[DayBin, ...]:
    totals = exact.summed(np.searchsorted(edges, days, side="right") - 1, ticks, len(edges)).tolist()
    ends = [*edges[1:], None]
    return tuple(DayBin(start, end, exact.m2(total)) for start, end, total in zip(edges, ends, totals, strict=True))


def _median(days: Ints, ticks: Ints) -> int | None:
    if not len(days):
        return None
    order = np.argsort(days, kind="stable")
    reached = np.cumsum(ticks[order])
    return int(days[order][np.searchsorted(2 * reached, reached[-1])])
