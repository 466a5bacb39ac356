"""Ground that waits: cleared and neither restored nor being restored for too long (D19)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from schemas.codes import Discrepancy
from sync.ledger.book.days import DAY_MS
from sync.ledger.discrepancies.asked import AskedOfLand
from sync.ledger.discrepancies.finding import Finding, found, not_checked
from sync.ledger.discrepancies.moves import last_cleared_ms
from sync.ledger.land.events import EventKind
from sync.ledger.land.fold import CLEARED, Mode
from sync.ledger.land.ground import Ints


def unrestored(asked: AskedOfLand) -> Iterator[Finding]:
    """D19: ground cleared more than `unrestored_days` ago without restoration or works_done since; a notice from
    `unrestored_notice_days` on (M08; planting seasons).

    One finding a parcel, with the events that cleared what waits. Ground cleared on an unknown day before the ledger is
    said not to be checked. Without a state date nothing has an age.
    """
    if asked.records.at_ms is None:
        return
    land, values = asked.land, asked.records.values
    since = last_cleared_ms(asked)
    days = (asked.figures.at_ms - since) // DAY_MS
    waits = (since >= 0) & ~_works_done_since(asked, since)
    overdue = waits & (since > 0) & (days > values.unrestored_days)
    noticed = waits & (since > 0) & (days > values.unrestored_notice_days) & ~overdue
    by_event = _cleared_by(asked)
    told = set()
    first = np.searchsorted(land.ground.parcel, np.arange(len(land.parcels) + 1))
    for variant, chosen in (("", overdue), ("notice", noticed), ("unknown_day", waits & (since == 0))):
        for parcel, area in _areas(asked, chosen):
            if area < values.sliver_m2 or (variant == "notice" and parcel in told):
                continue
            told.add(parcel)
            row = land.parcels[parcel]
            pieces = first[parcel] + np.flatnonzero(chosen[first[parcel] : first[parcel + 1]])
            events = sorted(set(by_event[pieces].tolist()) - {-1})
            if variant == "unknown_day":
                yield not_checked(
                    Discrepancy.D19,
                    variant,
                    edition=asked.records.edition,
                    since_ms=row.said.received_ms,
                    parcels=[row.id],
                    units=[row.unit],
                )
                continue
            yield found(
                Discrepancy.D19,
                edition=asked.records.edition,
                since_ms=int(since[pieces].min()),
                entries=[land.events[event].id for event in events],
                parcels=[row.id],
                units=[row.unit],
                variant=variant,
                area_m2=area,
                days=int(days[pieces].max()),
                limit_days=values.unrestored_days,
            )


def _works_done_since(asked: AskedOfLand, since: Ints) -> NDArray[np.bool_]:
    """By piece whether works in force were reported done on it after it was cleared (they stop the clock, rules §2)."""
    land = asked.land
    stopped = np.zeros(len(land.ground), dtype=bool)
    working = (land.pairs.kind == EventKind.WORKS_DONE) & (land.modes(asked.figures.at_ms) == Mode.ALL)
    cleared = asked.figures.folded.state == CLEARED
    first = np.searchsorted(land.ground.parcel, np.arange(len(land.parcels) + 1))
    for pair in np.flatnonzero(working).tolist():
        parcel = int(land.pairs.parcel[pair])
        pieces = np.arange(first[parcel], first[parcel + 1])
        pieces = pieces[cleared[pieces] & (since[pieces] <= land.pairs.at_ms[pair])]
        inside = land.ground.inside(pieces, np.full(len(pieces), land.pairs.layer[pair]))
        stopped[pieces[inside]] = True
    return stopped


def _cleared_by(asked: AskedOfLand) -> Ints:
    """By piece the event that last cleared it; -1 for none."""
    moves = asked.figures.folded.moves
    by = np.full(len(asked.land.ground), -1, dtype=np.int64)
    moved = moves.changed & (moves.to_state == CLEARED)
    by[moves.piece[moved]] = asked.land.pairs.event[moves.pair[moved]]
    return by


def _areas(asked: AskedOfLand, chosen: NDArray[np.bool_]) -> Iterator[tuple[int, float]]:
    """Parcels with the area (m²) of their chosen pieces."""
    ground = asked.land.ground
    areas = np.bincount(ground.parcel[chosen], weights=ground.area_m2[chosen], minlength=len(asked.land.parcels))
    for parcel in np.flatnonzero(areas > 0).tolist():
        yield int(parcel), float(areas[parcel])
