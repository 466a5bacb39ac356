"""Administrative areas and implementation units (实施单元): who they are, where they belong, and since when.

A unit's id is our own and never reused; names come and go (Fengtai 2021: 卢沟桥街道 became 六里桥街道 while a new
卢沟桥街道 was formed), so a name means a unit only on a date. A unit may lie in several districts and be managed by a
body that is none (北京经济技术开发区, 首农食品集团). Dates: `valid_to` is the first day on which something no longer
holds. Official lists of the 27 and 61 units are open (domain §8a); this edition holds what the plan names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.codes import Belt, UnitKind
from schemas.errors import Code, LedgerError
from schemas.ids import UnitId
from schemas.reference import Row, Table, load

CITY = "city"
"""The scope of all units."""


class AdminArea(Row):
    """A district (区), or a body that manages units without being one; `code` is GB/T 2260 or our own word."""

    code: Annotated[str, Field(pattern=r"^[0-9A-Z]{2,12}$")]
    name: str
    kind: UnitKind
    stat_code: str | None = None
    lies_in: tuple[str, ...] = ()


class DatedName(Row):
    """A name and the days on which it held; open where nothing is said."""

    name: str
    valid_from: date | None = None
    valid_to: date | None = None

    def held_on(self, day: date) -> bool:
        """Whether the name held on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


class Predecessor(Row):
    """A unit that this one continues; `whole` where all of its land came here, so that its records count here too."""

    unit_id: UnitId
    whole: bool


class Unit(Row):
    """An implementation unit. `districts` names every district it lies in, the one that answers for it first."""

    unit_id: UnitId
    belt: Belt | None
    kind: UnitKind
    names: Annotated[tuple[DatedName, ...], Field(min_length=1)]
    aliases: tuple[str, ...] = ()
    stat_code: Annotated[str, Field(pattern=r"^[0-9]{9}$")] | None = None
    districts: Annotated[tuple[str, ...], Field(min_length=1)]
    managing_body: str | None = None
    valid_from: date
    valid_to: date | None = None
    predecessors: tuple[Predecessor, ...] = ()
    plan_lines: tuple[str, ...] = ()
    note: str = ""
    fictional: bool = False

    def valid_on(self, day: date) -> bool:
        """Whether the unit existed on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def name_on(self, day: date) -> str:
        """The name on `day`; outside all spans the latest name, so that an old record still reads well."""
        return next((dated.name for dated in self.names if dated.held_on(day)), self.names[-1].name)

    @property
    def lead_district(self) -> str:
        """The district that a unit's figures are credited to where districts are added up, so each m² counts once."""
        return self.districts[0]


class AdminUnits(Table):
    """All areas and units of one edition."""

    areas: tuple[AdminArea, ...]
    units: tuple[Unit, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self._by_id) != len(self.units) or len(self._areas) != len(self.areas):
            raise ValueError("a unit id or area code stands twice")
        if len({unit_id.lower() for unit_id in self._by_id}) != len(self.units):
            raise ValueError("unit ids differ in case only")
        for unit in self.units:
            bodies = {*unit.districts, *([unit.managing_body] if unit.managing_body else [])}
            if not bodies <= self._areas.keys() or not {p.unit_id for p in unit.predecessors} <= self._by_id.keys():
                raise ValueError(f"{unit.unit_id}: unknown district, managing body or predecessor")
            if unit.valid_to is not None and unit.valid_to <= unit.valid_from:
                raise ValueError(f"{unit.unit_id}: ends before it begins")
        return self

    def unit(self, unit_id: str) -> Unit:
        """The unit of this id. Raises LedgerError(UNIT_UNKNOWN)."""
        if unit_id not in self._by_id:
            raise LedgerError(Code.UNIT_UNKNOWN, unit=unit_id[:64])
        return self._by_id[unit_id]

    def area(self, code: str) -> AdminArea:
        """The district or managing body of this code. Raises LedgerError(CODE_UNKNOWN)."""
        if code not in self._areas:
            raise LedgerError(Code.CODE_UNKNOWN, code=code[:64])
        return self._areas[code]

    def named(self, name: str, day: date) -> tuple[Unit, ...]:
        """The units that bore `name`, or have it as an alias, on `day`: none, one, or several to choose from."""
        valid = (unit for unit in self.units if unit.valid_on(day))
        return tuple(unit for unit in valid if unit.name_on(day) == name or name in unit.aliases)

    def units_within(self, scope: str, day: date) -> frozenset[str]:
        """Ids of the units in `scope` that are valid on `day`.

        A scope is a unit id, `district:110105` (also `district:BDA`: what that body manages), `belt:G1` or `city`.
        A unit in two districts is in both scopes; who adds districts up uses `lead_district`.
        Raises LedgerError(UNIT_UNKNOWN or CODE_UNKNOWN).
        """
        return frozenset(unit.unit_id for unit in self._in_scope(scope) if unit.valid_on(day))

    def units_counted(self, scope: str, day: date) -> frozenset[str]:
        """Ids whose records count in `scope` on `day`: the valid units and those that ended before it.

        An abolished unit still counts for its district, belt and the city (a 2020 record of 南苑乡 in a Fengtai report
        of 2025), and for a unit that took over all of it. Same scopes and errors as `units_within`.
        """
        counted = {unit.unit_id for unit in self._in_scope(scope) if unit.valid_from <= day}
        waiting = list(counted)
        while waiting:
            before = {p.unit_id for p in self._by_id[waiting.pop()].predecessors if p.whole} - counted
            counted |= before
            waiting.extend(before)
        return frozenset(counted)

    def successors(self, unit_id: str) -> tuple[Unit, ...]:
        """The units that name `unit_id` as a predecessor, wholly or in part."""
        return tuple(unit for unit in self.units if unit_id in {p.unit_id for p in unit.predecessors})

    def joined(self, other: AdminUnits) -> AdminUnits:
        """Both tables as one, for a demo that adds fictional units; its edition names both and its status says so."""
        return AdminUnits(
            table=self.table,
            edition=f"{self.edition}+{other.table}.{other.edition}",
            valid_from=max(self.valid_from, other.valid_from),
            status="fictional" if "fictional" in (self.status, other.status) else self.status,
            source=f"{self.source}; {other.source}",
            areas=self.areas + other.areas,
            units=self.units + other.units,
        )

    def _in_scope(self, scope: str) -> Iterator[Unit]:
        sort, _, code = scope.partition(":")
        if scope == CITY:
            return iter(self.units)
        if sort == "belt" and code in set(Belt):
            return (unit for unit in self.units if unit.belt == code)
        if sort == "district":
            area = self.area(code)
            return (unit for unit in self.units if area.code in (*unit.districts, unit.managing_body))
        if ":" in scope:
            raise LedgerError(Code.CODE_UNKNOWN, code=scope[:64])
        return iter([self.unit(scope)])

    @cached_property
    def _by_id(self) -> Mapping[str, Unit]:
        return {unit.unit_id: unit for unit in self.units}

    @cached_property
    def _areas(self) -> Mapping[str, AdminArea]:
        return {area.code: area for area in self.areas}


def admin_units(edition: str | None = None) -> AdminUnits:
    """The real areas and units of `edition`, the newest unless named. Raises LedgerError(EDITION_UNKNOWN)."""
    return load(AdminUnits, "admin_units", edition)


def demo_units(edition: str | None = None) -> AdminUnits:
    """Fictional units in a fictional district: the only place where demo frauds happen (ledger rules §6)."""
    return load(AdminUnits, "demo_units", edition)
