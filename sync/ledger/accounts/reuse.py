"""拆违腾退土地利用 (M22): cleared land by what it is used for; kinds and idle ground add up to the cleared land."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from schemas.codes import RestorationKind, ReuseKind
from sync.ledger.book.facts import RegisterRow
from sync.ledger.land import exact
from sync.ledger.land.exact import Ints
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.fold import CLEARED, RESTORED, REUSED
from sync.ledger.land.history import History, freed
from sync.ledger.land.layout import Land
from sync.ledger.statement.moments import ByUnit
from sync.ledger.statement.plan_sections import ReuseShares
from sync.ledger.statement.rollup import Hierarchy
from sync.ledger.statement.unit_figures import ZERO, FigureRow

_KINDS = tuple(ReuseKind)
_UNNAMED, _IDLE = len(_KINDS), len(_KINDS) + 1


@dataclass(frozen=True)
class ReuseColumns:
    """By parcel and column (the kinds in order, unnamed, idle): ticks."""

    ticks: Ints


def reuse_columns(land: Land, figures: ParcelFigures, past: History, rows: Iterable[RegisterRow]) -> ReuseColumns:
    """Cleared land of every parcel by use at the state date.

    Restored ground is 留白增绿 where its class is of that kind, else 腾退还绿; reused ground is what its `reuse` row
    (`rows`, by entry) says; cleared ground is idle.
    """
    kinds = {row.said.entry: row.fields.reuse_kind for row in rows}
    state, now = figures.folded.state, figures.folded.land_class
    pieces = np.flatnonzero(freed(state))
    column = np.full(len(state), _UNNAMED, dtype=np.int64)
    column[state == CLEARED] = _IDLE
    reserve = np.array([kind is RestorationKind.RESERVE_GREEN for kind in (*land.classes.kinds, None)])
    green = np.where(reserve[now], _KINDS.index(ReuseKind.RESERVE_GREEN), _KINDS.index(ReuseKind.VACATED_GREEN))
    column[state == RESTORED] = green[state == RESTORED]
    last = np.full(len(state), -1, dtype=np.int64)
    last[past.piece] = past.pair
    used = np.flatnonzero((state == REUSED) & (last >= 0))
    events = land.pairs.event[last[used]]
    named = [kinds.get(land.events[number].id) for number in events.tolist()]
    column[used] = [_UNNAMED if kind is None else _KINDS.index(kind) for kind in named]
    width = _IDLE + 1
    keys = land.ground.parcel[pieces] * width + column[pieces]
    total = exact.summed(keys, exact.from_m2(land.ground.area_m2[pieces]), len(land.parcels) * width)
    return ReuseColumns(total.reshape(-1, width))


def by_home(columns: ReuseColumns, by_unit: ByUnit, hierarchy: Hierarchy) -> dict[str, Ints]:
    """The columns added up by the unit to which figures are credited."""
    sums = np.array([by_unit.sums(column) for column in columns.ticks.T], dtype=np.int64)
    found: dict[str, Ints] = {}
    for number, unit in enumerate(by_unit.units):
        home = hierarchy.credited(unit)
        found[home] = found.get(home, 0) + sums[:, number]
    return found


def reuse_shares(rows: Iterable[FigureRow], by_unit: Mapping[str, Ints]) -> tuple[ReuseShares, ...]:
    """Shares of each row of a report; `by_unit` holds the sums of `ReuseColumns` by credited unit."""
    found = []
    for row in rows:
        sums: dict[int, Fraction] = defaultdict(Fraction)
        for unit in row.units:
            for column, ticks in enumerate(by_unit[unit].tolist() if unit in by_unit else ()):
                sums[column] += exact.m2(ticks)
        found.append(
            ReuseShares(
                level=row.level,
                code=row.code,
                cleared_m2=sum(sums.values(), ZERO),
                kinds_m2={kind: sums[column] for column, kind in enumerate(_KINDS)},
                unnamed_m2=sums[_UNNAMED],
                idle_m2=sums[_IDLE],
            )
        )
    return tuple(found)
