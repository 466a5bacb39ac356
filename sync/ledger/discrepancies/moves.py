"""What the fold itself marks: steps out of order (D12), classes (D16), relapse (D18), survival (D20).

One finding an event and parcel, with the ground that it is about; what is below `sliver_m2` is left out of lists, never
out of sums (domain §5.3).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schemas.codes import Discrepancy
from schemas.rules import relapse_threshold_m2
from sync.ledger.discrepancies.asked import AskedOfLand
from sync.ledger.discrepancies.finding import Finding, found
from sync.ledger.discrepancies.site import is_live
from sync.ledger.land.fold import CLEARED, D12, D16, D18, D20, RESTORED, STATES
from sync.ledger.land.ground import Floats, Ints

_STATE_NAMES = tuple(state.value for state in STATES)


def date_order(asked: AskedOfLand) -> Iterator[Finding]:
    """D12: steps out of order, as the table of rules §2 marks them."""
    before = _states_before(asked, D12)
    for pair, area in _marked(asked, D12):
        yield _of_pair(asked, Discrepancy.D12, pair, area_m2=area, state=_STATE_NAMES[before[pair]])


def class_not_reducing(asked: AskedOfLand) -> Iterator[Finding]:
    """D16: restored to a class that does not reduce, or to another class than before (rules §2)."""
    land = asked.land
    for pair, area in _marked(asked, D16):
        named = int(land.pairs.class_index[pair])
        reduces = bool(land.classes.restores[named])
        yield _of_pair(
            asked,
            Discrepancy.D16,
            pair,
            "changed" if reduces else "",
            area_m2=area,
            land_class=land.classes.code(named) if named >= 0 else "?",
        )


def relapse(asked: AskedOfLand) -> Iterator[Finding]:
    """D18: building or rubble seen on ground cleared, restored or reused (疑似回潮).

    Every such move takes figures away, so every one is told; `threshold_m2` (larger of 10 m² and 5 % of the ground that
    was cleared, domain §5.4) says whether it is more than a trifle.
    """
    cleared = _once_cleared(asked)
    for pair, area in _marked(asked, D18):
        threshold = relapse_threshold_m2(asked.records.values, float(cleared[asked.land.pairs.parcel[pair]]))
        small = "" if area > threshold else "small"
        yield _of_pair(asked, Discrepancy.D18, pair, small, area_m2=area, threshold_m2=threshold)


def survival(asked: AskedOfLand) -> Iterator[Finding]:
    """D20: restored ground failed a later check; or a check passed inside the waiting period and so counts as works
    done (rules §2)."""
    for pair, area in _marked(asked, D20):
        yield _of_pair(asked, Discrepancy.D20, pair, "failed", area_m2=area)
    for event in asked.land.events:
        if event.early and event.at_ms <= asked.figures.at_ms and is_live(event):
            yield found(
                Discrepancy.D20,
                edition=asked.records.edition,
                since_ms=event.at_ms,
                entries=[event.id],
                parcels=event.parcels,
                units=[event.unit],
                variant="early",
                waiting_days=asked.records.values.waiting_period_days,
            )


def _marked(asked: AskedOfLand, mark: int) -> Iterator[tuple[int, float]]:
    """Pairs with `mark` and the area (m²) that each concerns."""
    moves = asked.figures.folded.moves
    chosen = (moves.marks & mark) > 0
    pairs, place = np.unique(moves.pair[chosen], return_inverse=True)
    areas = np.bincount(place, weights=asked.land.ground.area_m2[moves.piece[chosen]], minlength=len(pairs))
    for pair, area in zip(pairs.tolist(), areas.tolist(), strict=True):
        if area >= asked.records.values.sliver_m2:
            yield int(pair), float(area)


def _states_before(asked: AskedOfLand, mark: int) -> dict[int, int]:
    """By pair the state in which the largest part of the marked ground was."""
    moves = asked.figures.folded.moves
    chosen = (moves.marks & mark) > 0
    pairs, place = np.unique(moves.pair[chosen], return_inverse=True)
    areas = np.zeros((len(pairs), len(STATES)))
    np.add.at(areas, (place, moves.from_state[chosen]), asked.land.ground.area_m2[moves.piece[chosen]])
    return dict(zip(pairs.tolist(), areas.argmax(axis=1).tolist(), strict=True))


def _once_cleared(asked: AskedOfLand) -> Floats:
    """By parcel the ground (m²) that was ever cleared or restored."""
    land, moves = asked.land, asked.figures.folded.moves
    started = land.start(asked.figures.at_ms)[0]
    ever = (started == CLEARED) | (started == RESTORED)
    ever[moves.piece[(moves.to_state == CLEARED) | (moves.to_state == RESTORED)]] = True
    weights = np.where(ever, land.ground.area_m2, 0.0)
    return np.bincount(land.ground.parcel, weights=weights, minlength=len(land.parcels)).astype(np.float64)


def _of_pair(
    asked: AskedOfLand, code: Discrepancy, pair: int, variant: str = "", **figures: float | int | str
) -> Finding:
    land = asked.land
    event = land.events[int(land.pairs.event[pair])]
    parcel = land.parcels[int(land.pairs.parcel[pair])]
    return found(
        code,
        edition=asked.records.edition,
        since_ms=event.at_ms,
        entries=[event.id],
        parcels=[parcel.id],
        units=[event.unit, parcel.unit],
        variant=variant,
        **figures,
    )


def last_cleared_ms(asked: AskedOfLand) -> Ints:
    """By piece when it last came to be cleared (Unix ms; -1: it is not cleared; 0: before anything known)."""
    land, folded = asked.land, asked.figures.folded
    since = np.where(land.initial_state == CLEARED, land.initial_ms, -1)
    moved = folded.moves.changed & (folded.moves.to_state == CLEARED)
    # Moves of a piece stand in order, so the last assignment is the last move.
    since[folded.moves.piece[moved]] = land.pairs.at_ms[folded.moves.pair[moved]]
    return np.where(folded.state == CLEARED, since, -1)
