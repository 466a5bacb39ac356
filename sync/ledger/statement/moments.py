"""The land at one instant and over one period, added up by unit: from arrays over parcels to `UnitFigures`.

Arrays are in ticks, so every sum is exact; from here on figures are `Fraction`s of m².
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from schemas.codes import LandState
from sync.ledger.accounts.acceptance import Accepted, accept
from sync.ledger.accounts.floor_area import Demolished
from sync.ledger.accounts.flows import Flows
from sync.ledger.accounts.net import Outside, Position, position
from sync.ledger.book.days import day_of
from sync.ledger.book.facts import Parcel, Survey
from sync.ledger.land import exact
from sync.ledger.land.exact import Ints
from sync.ledger.land.figures import ParcelFigures, parcel_figures
from sync.ledger.land.history import History, history
from sync.ledger.land.layout import Land
from sync.ledger.statement.unit_figures import ClaimSums, Flow, Stock

_STATES = tuple(LandState)
_CLAIMS = ("gfa", "cleared", "restored", "submitted_gfa", "submitted_cleared", "submitted_restored")


@dataclass(frozen=True)
class Moment:
    """Land folded at `at_ms`: figures, the changes that led there, what is accepted, and A and O by unit. `alive` are
    the places of the parcels that are listed on that day."""

    at_ms: int
    figures: ParcelFigures
    past: History
    accepted: Accepted
    alive: Ints
    position: Position


def moment(land: Land, at_ms: int, surveys: Iterable[Survey], stopped: Set[str], out: Outside) -> Moment:
    """Fold `land` at an instant; `stopped` as in `acceptance.accept`."""
    figures = parcel_figures(land, at_ms)
    past = history(land, figures.folded, at_ms)
    accepted = accept(land, figures, past, surveys, stopped)
    alive = alive_on(land.parcels, at_ms)
    return Moment(at_ms, figures, past, accepted, alive, position(land, figures, accepted, out, alive))


def alive_on(parcels: Sequence[Parcel], at_ms: int) -> Ints:
    """Places of the parcels that are listed on the day of an instant."""
    day = day_of(at_ms)
    listed = [
        (one.valid_from is None or one.valid_from <= day) and (one.valid_to is None or day < one.valid_to)
        for one in parcels
    ]
    return np.flatnonzero(np.array(listed, dtype=bool))


@dataclass(frozen=True)
class ByUnit:
    """Adds columns over parcels up by the unit in each parcel's row; parcels that are not `alive` are left out."""

    units: tuple[str, ...]
    index: Ints

    @classmethod
    def of(cls, parcels: Sequence[Parcel], alive: Ints) -> ByUnit:
        """The units of these parcels, each once."""
        units = tuple(sorted({parcels[number].unit for number in alive.tolist()}))
        place = {unit: number for number, unit in enumerate(units)}
        index = np.full(len(parcels), -1, dtype=np.int64)
        index[alive] = [place[parcels[number].unit] for number in alive.tolist()]
        return cls(units, index)

    def sums(self, column: Ints) -> list[int]:
        """A column (ticks, or any whole numbers) by unit."""
        return [int(one) for one in exact.summed(self.index, column, len(self.units))]


def stocks(land: Land, now: Moment, by_unit: ByUnit) -> dict[str, Stock]:
    """How the land of each unit stands at the moment."""
    figures = now.figures
    columns = {
        name: by_unit.sums(exact.from_m2(getattr(figures, name)))
        for name in (
            "area_m2",
            "base_m2",
            "pending_m2",
            "green_not_reducing_m2",
            "reused_m2",
            "verified_m2",
            "held_m2",
            "contested_m2",
        )
    }
    columns["accepted_m2"] = by_unit.sums(now.accepted.accepted)
    columns["registered_m2"] = by_unit.sums(now.accepted.registered)
    states = [by_unit.sums(exact.from_m2(figures.states_m2[:, number])) for number in range(len(_STATES))]
    planned = by_unit.sums(np.array([one.planned_land_area_e2 or 0 for one in land.parcels], dtype=np.int64))
    parcels = by_unit.sums(np.ones(len(land.parcels), dtype=np.int64))
    return {
        unit: Stock(
            parcels=parcels[number],
            states_m2={state: exact.m2(states[s][number]) for s, state in enumerate(_STATES)},
            planned_m2=exact.hundredths(planned[number]),
            **{name: exact.m2(column[number]) for name, column in columns.items()},
        )
        for number, unit in enumerate(by_unit.units)
    }


def claim_sums(now: Moment, by_unit: ByUnit) -> dict[str, ClaimSums]:
    """What people claimed on the land of each unit."""
    columns = {f"{name}_m2": by_unit.sums(getattr(now.figures.claims, f"{name}_e2")) for name in _CLAIMS}
    return {
        unit: ClaimSums(**{name: exact.hundredths(column[number]) for name, column in columns.items()})
        for number, unit in enumerate(by_unit.units)
    }


def flow_sums(
    flowed: Flows, by_unit: ByUnit, floor_area_e2: Mapping[str, int], outside_ticks: Mapping[str, int]
) -> dict[str, Flow]:
    """What happened in each unit; floor area and new building outside every parcel come by unit."""
    names = (
        "cleared",
        "cleared_again",
        "regreened_reducing",
        "regreened_not_reducing",
        "regreened_again",
        "relapsed",
        "occupied",
    )
    columns = {name: by_unit.sums(getattr(flowed, name)) for name in names}
    place = {unit: number for number, unit in enumerate(by_unit.units)}
    found = {}
    for unit in sorted({*by_unit.units, *floor_area_e2, *outside_ticks}):
        number = place.get(unit)
        areas = {name: 0 if number is None else column[number] for name, column in columns.items()}
        areas["occupied"] += outside_ticks.get(unit, 0)
        found[unit] = Flow(
            demolished_floor_area_m2=exact.hundredths(floor_area_e2.get(unit, 0)),
            **{f"{name}_m2": exact.m2(ticks) for name, ticks in areas.items()},
        )
    return found


def floor_area_by_unit(
    rows: Iterable[Demolished], unit_of: Mapping[str, str], after_ms: int, until_ms: int
) -> dict[str, int]:
    """Demolished floor area (hundredths of m²) in (after_ms, until_ms] by the unit of the parcel, else of the author;
    `unit_of` is the unit of every parcel."""
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        if after_ms < row.at_ms <= until_ms:
            found[unit_of.get(row.parcel or "", row.unit)] += row.floor_area_e2
    return found
