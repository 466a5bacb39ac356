"""Figures of parcels (ledger rules §3) at one state date: areas by state, verified, pending, held, contested, claims.

Arrays over parcels in the order of `Land.parcels`, m² in floating point, unrounded: whoever shows a figure rounds it
once (`measures`). `acceptance.py` adds accepted and registered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.ledger.land.events import EventKind, Force
from sync.ledger.land.fold import BUILT, CLEARED, RESTORED, REUSED, STATES, Fold, fold
from sync.ledger.land.ground import Floats, Ints
from sync.ledger.land.layout import Land

DEMOLITIONS = frozenset({EventKind.DEMOLITION_CLEARED, EventKind.DEMOLITION_NOT_CLEARED, EventKind.NO_LAND})


@dataclass(frozen=True)
class ClassAreas:
    """Restored ground by parcel and class: three columns of equal length, classes by their row in `ClassTable`."""

    parcel: Ints
    land_class: Ints
    area_m2: Floats


@dataclass(frozen=True)
class Claims:
    """What people entered, by parcel: of events in force, and of those not yet decided. Hundredths of m², summed."""

    gfa_e2: Ints
    cleared_e2: Ints
    restored_e2: Ints
    submitted_gfa_e2: Ints
    submitted_cleared_e2: Ints
    submitted_restored_e2: Ints


@dataclass(frozen=True)
class ParcelFigures:
    """Figures of all parcels of a `Land` at `at_ms`. Chain: verified + pending + green_not_reducing <= base (B)."""

    at_ms: int
    area_m2: Floats
    states_m2: NDArray[np.float64]
    """Parcels × states, columns in the order of `LandState`; rows add up to `area_m2`."""
    restored: ClassAreas
    base_m2: Floats
    """B: baseline that counts as urban-rural construction land."""
    pending_m2: Floats
    green_not_reducing_m2: Floats
    reused_m2: Floats
    verified_m2: Floats
    held_m2: Floats
    contested_m2: Floats
    occupied_m2: Floats
    """Built or reused ground whose baseline is not in B: the parcel's part of O (rules §4)."""
    claims: Claims
    folded: Fold


def parcel_figures(land: Land, at_ms: int) -> ParcelFigures:
    """The figures at a state date."""
    now = _folded(land, land.modes(at_ms), at_ms)
    verified = _verified(land, now)
    held = np.zeros(len(land.parcels))
    if (land.force == Force.HELD).any():
        held = np.maximum(0.0, _verified(land, _folded(land, land.modes(at_ms, with_held=True), at_ms)) - verified)
    contested = np.zeros(len(land.parcels))
    if ((land.force == Force.ADVERSE) | (land.force == Force.HELD)).any():
        without = _folded(land, land.modes(at_ms, without_contested=True), at_ms)
        contested = np.maximum(0.0, _verified(land, without) - verified)
    in_base, classes, state = land.in_base, land.classes, now.state
    restored = state == RESTORED
    taken = (state == BUILT) | (state == REUSED)
    return ParcelFigures(
        at_ms=at_ms,
        area_m2=_sum(land, np.ones(len(state), dtype=bool)),
        states_m2=np.stack([_sum(land, state == number) for number in range(len(STATES))], axis=1),
        restored=_by_class(land, now),
        base_m2=_sum(land, in_base),
        pending_m2=_sum(land, in_base & (state == CLEARED)),
        green_not_reducing_m2=_sum(land, in_base & restored & ~classes.restores[now.land_class]),
        reused_m2=_sum(land, in_base & (state == REUSED)),
        verified_m2=verified,
        held_m2=held,
        contested_m2=contested,
        occupied_m2=_sum(land, taken & ~in_base),
        claims=_claims(land, at_ms),
        folded=now,
    )


def verified_pieces(land: Land, folded: Fold) -> NDArray[np.bool_]:
    """By piece: whether it is verified reduction: B, restored to a class that counts (rules §3)."""
    return np.asarray((folded.state == RESTORED) & land.in_base & land.classes.restores[folded.land_class], dtype=bool)


def _folded(land: Land, modes: NDArray[np.int8], at_ms: int) -> Fold:
    return fold(land.ground, land.start(at_ms), land.base_class, land.pairs, modes, land.classes)


def _verified(land: Land, folded: Fold) -> Floats:
    return _sum(land, verified_pieces(land, folded))


def _sum(land: Land, chosen: NDArray[np.bool_]) -> Floats:
    weights = np.where(chosen, land.ground.area_m2, 0.0)
    return np.bincount(land.ground.parcel, weights=weights, minlength=len(land.parcels)).astype(np.float64)


def _by_class(land: Land, now: Fold) -> ClassAreas:
    pieces = np.flatnonzero(now.state == RESTORED)
    width = len(land.classes.classes) + 1
    keys = land.ground.parcel[pieces] * width + now.land_class[pieces]
    found, place = np.unique(keys, return_inverse=True)
    areas = np.bincount(place, weights=land.ground.area_m2[pieces], minlength=len(found)).astype(np.float64)
    parcel, land_class = np.divmod(found, width)
    return ClassAreas(parcel, land_class, areas)


def _claims(land: Land, at_ms: int) -> Claims:
    """Sums of what events in force, and events not yet decided, say: each at the first of its parcels."""
    columns = land.columns
    known = (columns.first >= 0) & (columns.at_ms <= at_ms)
    in_force = columns.force == Force.FULL
    sums = []
    for counts in (known & in_force, known & ~in_force & ~columns.decided):
        for kinds, entered in (
            (DEMOLITIONS, columns.floor_area_e2),
            ({EventKind.DEMOLITION_CLEARED}, columns.claimed_e2),
            ({EventKind.REGREENING_PASSED}, columns.claimed_e2),
        ):
            chosen = counts & np.isin(columns.kind, list(kinds))
            of_parcel = np.zeros(len(land.parcels), dtype=np.int64)
            np.add.at(of_parcel, columns.first[chosen], entered[chosen])
            sums.append(of_parcel)
    return Claims(*sums)
