"""Figures of a unit, township, district, belt or city over a period (a, b] (ledger rules §4): a report's rows.

Every area is an exact `Fraction` of a square metre and unrounded: whoever shows one rounds it once (`measures.shown`,
domain §3.9). All classes here add: the figures of a parent are the sum of its children's, each m² counted once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import reduce
from typing import Self

from schemas.codes import LandState, TransferMeasure

ZERO = Fraction(0)


class Level(StrEnum):
    """What a row of a report stands for, from the smallest to the whole."""

    UNIT = "unit"
    TOWNSHIP = "township"
    DISTRICT = "district"
    BELT = "belt"
    CITY = "city"


@dataclass(frozen=True)
class Summed:
    """Base of figures that add field by field; every field is an int, a Fraction or a mapping to Fractions."""

    def __add__(self, other: Self) -> Self:
        names = [one.name for one in fields(self)]
        return type(self)(**{name: _plus(getattr(self, name), getattr(other, name)) for name in names})

    @classmethod
    def sum(cls, all_of: Iterable[Self]) -> Self:
        """All of them added up; figures of nothing where there are none."""
        return reduce(lambda a, b: a + b, all_of, cls())


@dataclass(frozen=True)
class Flow(Summed):
    """What happened in the period, m². The first three of the four quantities (rules §4) never mix.

    `cleared` and `regreened` count ground that reached the state for the first time; `..._again` after a relapse.
    """

    demolished_floor_area_m2: Fraction = ZERO
    cleared_m2: Fraction = ZERO
    cleared_again_m2: Fraction = ZERO
    regreened_reducing_m2: Fraction = ZERO
    regreened_not_reducing_m2: Fraction = ZERO
    regreened_again_m2: Fraction = ZERO
    relapsed_m2: Fraction = ZERO
    """Ground that had been cleared or further and was built on in the period (回潮)."""
    occupied_m2: Fraction = ZERO
    """Ground newly built or reused outside B, new building outside every parcel included."""

    @property
    def regreened_m2(self) -> Fraction:
        """First re-greened in the period, to whatever class."""
        return self.regreened_reducing_m2 + self.regreened_not_reducing_m2


@dataclass(frozen=True)
class Net(Summed):
    """The fourth quantity, net reduction (减量), m²: A(b) - A(a) - (O(b) - O(a)); negative values stay negative.

    `..._start` is the state at a as known now; `..._start_published` as known at the position of the report that
    published a (the same where nothing arrived late, or nothing was published).
    """

    accepted_start_m2: Fraction = ZERO
    accepted_end_m2: Fraction = ZERO
    occupied_start_m2: Fraction = ZERO
    occupied_end_m2: Fraction = ZERO
    accepted_start_published_m2: Fraction = ZERO
    occupied_start_published_m2: Fraction = ZERO

    @property
    def net_m2(self) -> Fraction:
        """Net reduction of the period by date of observation and acceptance."""
        return self.accepted_end_m2 - self.accepted_start_m2 - (self.occupied_end_m2 - self.occupied_start_m2)

    @property
    def late_m2(self) -> Fraction:
        """What arrived late and changes an earlier period: an addition, or, negative, a reversal. Shown in this one."""
        accepted = self.accepted_start_m2 - self.accepted_start_published_m2
        return accepted - (self.occupied_start_m2 - self.occupied_start_published_m2)

    @property
    def reported_m2(self) -> Fraction:
        """What this report adds to all earlier ones: the period's net and the late facts."""
        return self.net_m2 + self.late_m2


@dataclass(frozen=True)
class Stock(Summed):
    """How the land stands at the end of the period, m². Chain: registered <= accepted <= verified <= base (B);
    verified + pending + green_not_reducing + reused <= base. `states_m2` add up to `area_m2`."""

    parcels: int = 0
    area_m2: Fraction = ZERO
    states_m2: Mapping[LandState, Fraction] = field(default_factory=dict)
    base_m2: Fraction = ZERO
    planned_m2: Fraction = ZERO
    pending_m2: Fraction = ZERO
    green_not_reducing_m2: Fraction = ZERO
    reused_m2: Fraction = ZERO
    verified_m2: Fraction = ZERO
    held_m2: Fraction = ZERO
    contested_m2: Fraction = ZERO
    accepted_m2: Fraction = ZERO
    registered_m2: Fraction = ZERO


@dataclass(frozen=True)
class ClaimSums(Summed):
    """What people entered up to the end of the period, m²: of records in force, and of those not yet decided."""

    gfa_m2: Fraction = ZERO
    cleared_m2: Fraction = ZERO
    restored_m2: Fraction = ZERO
    submitted_gfa_m2: Fraction = ZERO
    submitted_cleared_m2: Fraction = ZERO
    submitted_restored_m2: Fraction = ZERO


@dataclass(frozen=True)
class UnitFigures(Summed):
    """All figures of one row."""

    flow: Flow = Flow()
    net: Net = Net()
    stock: Stock = Stock()
    claims: ClaimSums = ClaimSums()


@dataclass(frozen=True)
class FigureRow:
    """A row of the report: `code` is a unit id, a township or district code, G1 or G2, or `city`; empty for land whose
    unit has none of that level, so that each level adds up to the city.

    `transferred_m2` is what agreements bring in less what they give away (M18); at city level it is zero.
    """

    level: Level
    code: str
    name: str
    parent: str
    """The code of the district of a unit or township, of `city` above."""
    belt: str | None
    figures: UnitFigures
    units: tuple[str, ...] = ()
    """The units that are added up here."""
    transferred_m2: Mapping[TransferMeasure, Fraction] = field(default_factory=dict)

    @property
    def net_with_transfers_m2(self) -> Fraction:
        """Reported net reduction after transfers between units."""
        return self.figures.net.reported_m2 + self.transferred_m2.get(TransferMeasure.NET_REDUCTION, ZERO)


@dataclass(frozen=True)
class Period:
    """(a, b]: from the end of the Beijing day `after` to the end of the Beijing day `until`, the state date."""

    after: date
    until: date


def _plus(one: object, other: object) -> object:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {key: _plus(one.get(key, ZERO), other.get(key, ZERO)) for key in dict.fromkeys((*one, *other))}
    if not other:  # most figures of most units are nothing, and adding fractions is slow
        return one
    return one + other if one else other  # type: ignore[operator]
