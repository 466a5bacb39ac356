"""Claims on one parcel against it and one another: more than there is (D01), the same ground twice (D02).

Both go by the pieces of the ground, parcel by parcel, so a part of the ledger gives the same as the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.codes import Discrepancy
from sync.ledger.discrepancies.areas import tolerance_m2
from sync.ledger.discrepancies.asked import AskedOfLand
from sync.ledger.discrepancies.finding import Finding, found
from sync.ledger.discrepancies.site import Footprint, is_live
from sync.ledger.land.events import EventKind, LandEvent
from sync.ledger.land.fold import ADVERSE
from sync.ledger.land.ground import Floats, Ints
from sync.ledger.land.layout import Land

STAGES = {
    EventKind.DEMOLITION_NOT_CLEARED: "demolished",
    EventKind.DEMOLITION_CLEARED: "cleared",
    EventKind.REGREENING_PASSED: "restored",
}
"""Kinds and stages of which a square metre can be claimed once."""


def over_claim(asked: AskedOfLand) -> Iterator[Finding]:
    """D01: what is claimed of one stage on a parcel exceeds its baseline B or its planned area, beyond tolerance.

    Areas as entered are summed, a claim on several parcels by the share of its outline on each. Ground that one unit
    visits again (a second look, a yearly check, a relapse cleared again) is no new claim: what its footprints have in
    common is taken off. Where B is empty the parcel's own area stands in, for D17 says the rest.
    """
    land, values = asked.land, asked.records.values
    sums = _Claims.of(asked)
    for (parcel, kind), events in sums.by_stage.items():
        row = land.parcels[parcel]
        base = float(asked.figures.base_m2[parcel])
        limit = base if base >= values.sliver_m2 else float(asked.figures.area_m2[parcel])
        planned = row.planned_land_area_e2
        if planned is not None:
            limit = min(limit, planned / 100)
        claimed = sum(share for _, share in events) - sums.repeated_m2.get((parcel, kind), 0.0)
        if claimed <= limit:
            continue
        tolerance = max(
            tolerance_m2(asked.records, _as_footprint(land.events[e]), limit, land.event_outlines[e]) for e, _ in events
        )
        if claimed > limit + tolerance:
            named = [land.events[e] for e, _ in events]
            yield found(
                Discrepancy.D01,
                edition=asked.records.edition,
                since_ms=named[-1].at_ms,
                entries=[event.id for event in named],
                parcels=[row.id],
                units=[row.unit],
                variant=STAGES[kind],
                claimed_m2=claimed,
                baseline_m2=base,
                planned_m2=-1.0 if planned is None else planned / 100,
                limit_m2=limit,
                tolerance_m2=tolerance,
            )


def duplicate_claim(asked: AskedOfLand) -> Iterator[Finding]:
    """D02: two claims of the same kind and stage on the same ground of a parcel by different units or authors, neither
    superseding the other, no relapse between them; more than `duplicate_overlap_m2` or `duplicate_iou`.

    A parcel belongs to one project, so claims of two projects never meet on one.
    One finding for each later claimant and parcel, with the earlier ones; the first entry has the credit (rules §5).
    """
    land, values = asked.land, asked.records.values
    earlier, later = _candidates(land, asked.figures.at_ms)
    if not len(earlier):
        return
    overlap, union = _overlaps(asked, earlier, later)
    with np.errstate(invalid="ignore", divide="ignore"):
        iou = np.where(union > 0, overlap / union, 0.0)
    doubled = (overlap > values.duplicate_overlap_m2) | (iou > values.duplicate_iou)
    by_later: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(doubled):
        by_later[int(later[place])].append(int(place))
    for pair, places in by_later.items():
        event = land.events[int(land.pairs.event[pair])]
        parcel = land.parcels[int(land.pairs.parcel[pair])]
        before = [land.events[int(land.pairs.event[int(earlier[place])])] for place in places]
        yield found(
            Discrepancy.D02,
            edition=asked.records.edition,
            since_ms=event.at_ms,
            entries=[*(one.id for one in before), event.id],
            parcels=[parcel.id],
            units=[event.unit, *(one.unit for one in before)],
            overlap_m2=float(overlap[places].max()),
            overlap_percent=100 * float(iou[places].max()),
            credit_to=before[0].id,
            credit_unit=before[0].unit,
            later=event.id,
        )


@dataclass(frozen=True)
class _Claims:
    """Claims by parcel and stage: (event, m² claimed there), and the ground that one unit claims again."""

    by_stage: dict[tuple[int, EventKind], list[tuple[int, float]]]
    repeated_m2: dict[tuple[int, EventKind], float]

    @classmethod
    def of(cls, asked: AskedOfLand) -> _Claims:
        land = asked.land
        latest = _latest_versions(land, asked.figures.at_ms)
        pairs = _claiming(land, asked.figures.at_ms)
        pairs = pairs[np.isin(land.pairs.event[pairs], latest)]
        row, piece = _pieces_under(land, pairs)
        inside = np.bincount(row, weights=land.ground.area_m2[piece], minlength=len(pairs)).astype(np.float64)
        with_pair = defaultdict(list)
        for place_of, pair in enumerate(pairs.tolist()):
            on = int(land.pairs.parcel[pair]), float(inside[place_of])
            with_pair[int(land.pairs.event[pair])].append(on)
        by_stage: dict[tuple[int, EventKind], list[tuple[int, float]]] = defaultdict(list)
        place = {parcel.id: number for number, parcel in enumerate(land.parcels)}
        for number in latest:
            event = land.events[number]
            for parcel, share in _shares(event, with_pair.get(number, []), place, _area(land, number)):
                if event.claimed_e2:
                    by_stage[parcel, event.kind].append((number, share * event.claimed_e2 / 100))
        return cls(by_stage, _repeated(land, pairs, row, piece))


def _shares(
    event: LandEvent, on: list[tuple[int, float]], place: dict[str, int], area_m2: float
) -> list[tuple[int, float]]:
    """Parcel and share of the claim: all of it where one parcel is listed or there is no outline to share it by."""
    if len(event.parcels) > 1 and area_m2 > 0:
        return [(parcel, inside / area_m2) for parcel, inside in on if inside > 0]
    first = next((place[name] for name in event.parcels if name in place), None)
    return [] if first is None else [(first, 1.0)]


def _latest_versions(land: Land, at_ms: int) -> list[int]:
    """The claims that stand; of several versions of one record (one in force, one waiting) the last in the log."""
    standing = [n for n, event in enumerate(land.events) if event.kind in STAGES and _claims_at(event, at_ms)]
    last = {land.events[n].record: n for n in sorted(standing, key=lambda n: land.events[n].seq)}
    return sorted(last.values())


def _repeated(land: Land, pairs: Ints, row: Ints, piece: Ints) -> dict[tuple[int, EventKind], float]:
    """By parcel and stage the ground (m²) under more than one claim of a unit, once for each claim too many."""
    names = _numbers([land.events[int(e)].unit for e in land.pairs.event[pairs]])
    key = np.stack([names[row], land.pairs.kind[pairs][row].astype(np.int64), piece], axis=1)
    groups, times = np.unique(key, axis=0, return_counts=True)
    repeated: dict[tuple[int, EventKind], float] = defaultdict(float)
    for (_, kind, one), count in zip(groups[times > 1].tolist(), times[times > 1].tolist(), strict=True):
        repeated[int(land.ground.parcel[one]), EventKind(kind)] += float(land.ground.area_m2[one]) * (count - 1)
    return repeated


def _claiming(land: Land, at_ms: int) -> Ints:
    """Pairs of a parcel and a claim on it that stands at the state date."""
    standing = np.array([e.kind in STAGES and _claims_at(e, at_ms) for e in land.events], dtype=bool)
    return np.flatnonzero(land.listed & standing[land.pairs.event]) if len(land.events) else np.empty(0, dtype=np.int64)


def _claims_at(event: LandEvent, at_ms: int) -> bool:
    return event.at_ms <= at_ms and is_live(event)


def _candidates(land: Land, at_ms: int) -> tuple[Ints, Ints]:
    """Pairs (earlier, later) of claims of one stage on one parcel that different people made."""
    pairs = _claiming(land, at_ms)
    none = np.empty(0, dtype=np.int64)
    if len(pairs) < 2:
        return none, none
    key = land.pairs.parcel[pairs] * len(EventKind) + land.pairs.kind[pairs]
    order = np.argsort(key, kind="stable")  # keeps the order of the fold within a parcel
    pairs, key = pairs[order], key[order]
    start, size = np.searchsorted(key, key), np.bincount(np.unique(key, return_inverse=True)[1])
    size = size[np.unique(key, return_inverse=True)[1]]
    place = np.arange(len(pairs))
    after = start + size - 1 - place  # claims of the same group after this one
    first = np.repeat(place, after)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(after) - after, after)
    events = [land.events[int(e)] for e in land.pairs.event[pairs]]
    unit, author = _numbers([e.unit for e in events]), _numbers([e.author for e in events])
    record, ids, supersedes = [e.record for e in events], [e.id for e in events], [e.supersedes for e in events]
    seen, above, thread = _numbers(ids, supersedes), _numbers(supersedes, ids), _numbers(record)
    differ = (unit[first] != unit[second]) | (author[first] != author[second])
    differ &= thread[first] != thread[second]
    differ &= (above[first] != seen[second]) & (above[second] != seen[first])
    return pairs[first[differ]], pairs[second[differ]]


def _overlaps(asked: AskedOfLand, earlier: Ints, later: Ints) -> tuple[Floats, Floats]:
    """By candidate the ground under both without what relapsed between them, and the ground under either (m²)."""
    land = asked.land
    row, piece = _pieces_of(land, land.pairs.parcel[earlier])
    one = land.ground.inside(piece, land.pairs.layer[earlier][row])
    two = land.ground.inside(piece, land.pairs.layer[later][row])
    both = one & two
    both[both] = ~_relapsed_between(asked, piece[both], earlier[row[both]], later[row[both]])
    area = land.ground.area_m2[piece]
    overlap = np.bincount(row, weights=np.where(both, area, 0.0), minlength=len(earlier)).astype(np.float64)
    union = np.bincount(row, weights=np.where(one | two, area, 0.0), minlength=len(earlier)).astype(np.float64)
    return overlap, union


def _relapsed_between(asked: AskedOfLand, piece: Ints, earlier: Ints, later: Ints) -> NDArray[np.bool_]:
    """Whether an adverse move struck `piece` between two pairs; pairs of a parcel are numbered in order of the fold."""
    moves = asked.figures.folded.moves
    struck = moves.changed & ((moves.marks & ADVERSE) > 0)
    width = len(asked.land.pairs) + 1
    keys = np.sort(moves.piece[struck] * width + moves.pair[struck])
    next_one = np.searchsorted(keys, piece * width + earlier, side="right")
    return np.asarray(next_one < np.searchsorted(keys, piece * width + later, side="left"), dtype=bool)


def _pieces_under(land: Land, pairs: Ints) -> tuple[Ints, Ints]:
    """(place in `pairs`, piece) for every piece inside the outline of each pair."""
    row, piece = _pieces_of(land, land.pairs.parcel[pairs])
    inside = land.ground.inside(piece, land.pairs.layer[pairs][row])
    return row[inside], piece[inside]


def _pieces_of(land: Land, parcels: Ints) -> tuple[Ints, Ints]:
    """(place in `parcels`, piece) for every piece of each parcel."""
    start = np.searchsorted(land.ground.parcel, parcels)
    count = np.searchsorted(land.ground.parcel, parcels, side="right") - start
    row = np.repeat(np.arange(len(parcels)), count)
    return row, np.repeat(start - (np.cumsum(count) - count), count) + np.arange(len(row))


def _numbers(names: list[str] | list[str | None], others: list[str] | list[str | None] | None = None) -> Ints:
    """Equal names get equal numbers, None a number of its own; `others` widens the numbering to a second list."""
    distinct = sorted({name for name in [*names, *(others or [])] if name is not None})
    known: dict[str | None, int] = {name: number for number, name in enumerate(distinct)}
    return np.array([known.get(name, -1 - place) for place, name in enumerate(names)], dtype=np.int64)


def _area(land: Land, event: int) -> float:
    outline = land.event_outlines[event]
    return 0.0 if outline is None else float(outline.area)


def _as_footprint(event: LandEvent) -> Footprint:
    return Footprint(
        event.id, event.record, event.kind, event.unit, event.author, event.parcels, event.at_ms, event.at_ms,
        event.claimed_e2, event.area_source,
    )  # fmt: skip
