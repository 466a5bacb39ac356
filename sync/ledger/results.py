"""What the ledger knows of one parcel at a state date and log position: the rows of `ParcelFigures`, one by one.

Compared bit for bit by the tests of reconciliation, so nothing is rounded here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.ledger.accounts.acceptance import Accepted
from sync.ledger.book.facts import Parcel
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.fold import STATES
from sync.ledger.land.layout import Land


@dataclass(frozen=True, slots=True)
class ParcelResult:
    """Figures of a parcel (rules §3): m² as floats on the grid of `exact`, claims in hundredths of m², accepted and
    registered in ticks. `states_m2` in the order of `LandState`, `base_states_m2` the same within B; `restored` by row
    of `ClassTable`; `moved_ms` is the last change of any of its ground (0: none, or nobody says when)."""

    parcel: Parcel
    area_m2: float
    states_m2: tuple[float, ...]
    restored: tuple[tuple[int, float], ...]
    base_m2: float
    base_states_m2: tuple[float, ...]
    pending_m2: float
    green_not_reducing_m2: float
    reused_m2: float
    verified_m2: float
    held_m2: float
    contested_m2: float
    occupied_m2: float
    claims_e2: tuple[int, ...]
    accepted: int
    registered: int
    moved_ms: int

    @property
    def id(self) -> str:
        """The parcel's number in the ledger."""
        return self.parcel.id


def parcel_results(land: Land, figures: ParcelFigures, since_ms: np.ndarray, accepted: Accepted) -> list[ParcelResult]:
    """The results of all parcels of `land`, in its order; `since_ms` by piece as in `History`."""
    restored: list[list[tuple[int, float]]] = [[] for _ in land.parcels]
    by_class = figures.restored
    for number, land_class, area in zip(
        by_class.parcel.tolist(), by_class.land_class.tolist(), by_class.area_m2.tolist(), strict=True
    ):
        restored[number].append((land_class, area))
    moved = np.zeros(len(land.parcels), dtype=np.int64)
    np.maximum.at(moved, land.ground.parcel, since_ms)
    claims = figures.claims
    places = land.ground.parcel * len(STATES) + figures.folded.state
    in_base = np.where(land.in_base, land.ground.area_m2, 0.0)
    base_states = np.bincount(places, weights=in_base, minlength=len(land.parcels) * len(STATES))
    columns = (
        figures.area_m2.tolist(),
        map(tuple, figures.states_m2.tolist()),
        map(tuple, restored),
        figures.base_m2.tolist(),
        map(tuple, base_states.reshape(-1, len(STATES)).tolist()),
        figures.pending_m2.tolist(),
        figures.green_not_reducing_m2.tolist(),
        figures.reused_m2.tolist(),
        figures.verified_m2.tolist(),
        figures.held_m2.tolist(),
        figures.contested_m2.tolist(),
        figures.occupied_m2.tolist(),
        zip(
            claims.gfa_e2.tolist(),
            claims.cleared_e2.tolist(),
            claims.restored_e2.tolist(),
            claims.submitted_gfa_e2.tolist(),
            claims.submitted_cleared_e2.tolist(),
            claims.submitted_restored_e2.tolist(),
            strict=True,
        ),
        accepted.accepted.tolist(),
        accepted.registered.tolist(),
        moved.tolist(),
    )
    return [ParcelResult(parcel, *row) for parcel, *row in zip(land.parcels, *columns, strict=True)]
