"""Where a unit's figures are added up: township, district, belt and city, each square metre once (ledger rules §4).

The reference data with their edition come first; imported `unit` rows stand beside them for units that those do not
name. A unit that lies in several districts is credited to its lead district; an abolished unit whose land went wholly
to another is credited to that one, otherwise to itself, and always to its district, belt and the city (domain §2.3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from schemas.admin_units import CITY, AdminUnits, Unit
from schemas.codes import Belt, TransferMeasure, UnitKind
from schemas.errors import Code, LedgerError
from sync.ledger.book.facts import RegisterRow, UnitRow
from sync.ledger.statement.plan_sections import TransferRow
from sync.ledger.statement.unit_figures import ZERO, FigureRow, Level, UnitFigures

Handed = Mapping[str, Mapping[TransferMeasure, Fraction]]
"""By unit what agreements bring in less what they give away, m²."""

_TOWNSHIPS = frozenset({UnitKind.TOWNSHIP, UnitKind.TOWN, UnitKind.AREA_OFFICE, UnitKind.SUBDISTRICT})


@dataclass(frozen=True)
class Place:
    """A unit with all that it belongs to; empty codes where it has none of that level."""

    unit: str
    name: str
    township: str
    district: str
    belt: str
    managing_body: str | None
    valid: bool
    fictional: bool


class Hierarchy:
    """The units of one admin edition and of the imports, as they stand on a day."""

    def __init__(self, admin: AdminUnits, imported: Sequence[UnitRow], day: date) -> None:
        self._areas = {area.code: area.name for area in admin.areas}
        known = {unit.unit_id for unit in admin.units}
        begun = [unit for unit in admin.units if unit.valid_from <= day]
        self._places = {unit.unit_id: _place(unit, day) for unit in begun}
        self._places |= {row.id: _imported_place(row, day) for row in imported if row.id not in known}
        self._heirs = {
            before.unit_id: unit.unit_id
            for unit in begun
            if unit.valid_on(day)
            for before in unit.predecessors
            if before.whole
        }
        self._townships: dict[str, str] = {}
        for unit in sorted(begun, key=lambda unit: unit.kind not in _TOWNSHIPS):
            self._townships.setdefault(_township(unit), unit.name_on(day))

    def place(self, unit: str) -> Place:
        """Where a unit belongs; one that nobody has named belongs to the city only."""
        return self._places.get(unit) or Place(unit, unit, "", "", "", None, valid=False, fictional=False)

    def known(self, unit: str) -> bool:
        """Whether the reference data or an import name this unit."""
        return unit in self._places

    def credited(self, unit: str) -> str:
        """The unit to which the figures of `unit` are credited: the one that took over all of its land, or itself."""
        seen = {unit}
        while (heir := self._heirs.get(unit)) is not None and heir not in seen:
            seen.add(heir)
            unit = heir
        return unit

    def within(self, scope: str, units: Iterable[str]) -> tuple[str, ...]:
        """Units of `scope` in order: those valid, and those of `units` that are credited to it. Scopes are those of
        `admin_units`, but a unit lies in its lead district only, so that districts add up to the city.

        Raises LedgerError(UNIT_UNKNOWN or CODE_UNKNOWN) for a scope that does not exist.
        """
        candidates = {self.credited(unit) for unit in units} | {one.unit for one in self._places.values() if one.valid}
        sort, _, code = scope.partition(":")
        if scope == CITY:
            return tuple(sorted(candidates))
        if sort == "belt" and code in set(Belt):
            return tuple(sorted(unit for unit in candidates if self.place(unit).belt == code))
        if sort == "district" and code in self._areas:
            homes = ((unit, self.place(unit)) for unit in candidates)
            return tuple(sorted(unit for unit, home in homes if code in (home.district, home.managing_body)))
        if ":" in scope:
            raise LedgerError(Code.CODE_UNKNOWN, code=scope[:64])
        if scope not in self._places and scope not in candidates:
            raise LedgerError(Code.UNIT_UNKNOWN, unit=scope[:64])
        return (self.credited(scope),)

    def codes(self, unit: str) -> dict[Level, str]:
        """The code of each level to which a unit is added."""
        home = self.place(unit)
        return {
            Level.UNIT: unit,
            Level.TOWNSHIP: home.township,
            Level.DISTRICT: home.district,
            Level.BELT: home.belt,
            Level.CITY: CITY,
        }

    def name(self, level: Level, code: str) -> str:
        """What a row is called; its code where nobody gave it a name."""
        if level is Level.UNIT:
            return self.place(code).name
        if level is Level.TOWNSHIP:
            return self._townships.get(code, code) if code else ""
        return self._areas.get(code, code)


def credit(by_unit: Mapping[str, UnitFigures], hierarchy: Hierarchy, scope: str) -> dict[str, UnitFigures]:
    """Figures of every unit in `scope`, those of its predecessors included; nothing for a unit without parcels."""
    parts: dict[str, list[UnitFigures]] = defaultdict(list)
    for unit, figures in by_unit.items():
        parts[hierarchy.credited(unit)].append(figures)
    return {unit: UnitFigures.sum(parts[unit]) for unit in hierarchy.within(scope, by_unit)}


def figure_rows(
    credited: Mapping[str, UnitFigures], hierarchy: Hierarchy, scope: str, handed: Handed
) -> tuple[FigureRow, ...]:
    """Rows of all levels, units first; the last is the whole of `scope`, at level CITY under the scope's own code."""
    rows: list[FigureRow] = []
    for level in Level:
        groups: dict[str, list[str]] = defaultdict(list)
        for unit in credited:
            groups[scope if level is Level.CITY else hierarchy.codes(unit)[level]].append(unit)
        if level is Level.CITY:
            groups.setdefault(scope, [])
        rows.extend(_row(level, code, groups[code], credited, hierarchy, handed) for code in sorted(groups))
    return tuple(rows)


def transfers(
    rows: Iterable[RegisterRow], hierarchy: Hierarchy, after: date, until: date
) -> tuple[tuple[TransferRow, ...], Handed]:
    """跨单元调剂 (M18) dated in (after, until], and what they hand from unit to unit: what one gets another gives, so
    no total changes. An agreement of a unit with itself or with an unknown one is listed and hands over nothing."""
    listed: list[TransferRow] = []
    handed: dict[str, dict[TransferMeasure, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for row in rows:
        if not after < row.on <= until:
            continue
        fields = row.fields
        area = Fraction(fields.area_e2, 100)
        giver, taker = hierarchy.credited(fields.from_unit), hierarchy.credited(fields.to_unit)
        flaw = "same_unit" if giver == taker else ""
        if not hierarchy.known(giver) or not hierarchy.known(taker):
            flaw = "unknown_unit"
        if not flaw:
            handed[giver][fields.measure] -= area
            handed[taker][fields.measure] += area
        listed.append(
            TransferRow(
                row.row, fields.from_unit, fields.to_unit, fields.measure, fields.year, area, fields.document, flaw
            )
        )
    return tuple(sorted(listed, key=lambda one: (one.from_unit, one.to_unit, one.row))), handed


def _row(
    level: Level,
    code: str,
    units: Sequence[str],
    credited: Mapping[str, UnitFigures],
    hierarchy: Hierarchy,
    handed: Handed,
) -> FigureRow:
    got: dict[TransferMeasure, Fraction] = defaultdict(Fraction)
    for unit in units:
        for measure, area in handed.get(unit, {}).items():
            got[measure] += area
    home = hierarchy.place(units[0]) if units else None
    low = home is not None and level in (Level.UNIT, Level.TOWNSHIP)
    return FigureRow(
        level=level,
        code=code,
        name=hierarchy.name(level, code),
        parent=home.district if home and low else "" if level is Level.CITY else CITY,
        belt=(home.belt or None) if home and low else code if level is Level.BELT and code else None,
        figures=UnitFigures.sum(credited[unit] for unit in units),
        units=tuple(units),
        transferred_m2={measure: area for measure, area in got.items() if area != ZERO},
    )


def _township(unit: Unit) -> str:
    if unit.stat_code:
        return unit.stat_code
    return unit.unit_id if unit.kind in _TOWNSHIPS else ""


def _place(unit: Unit, day: date) -> Place:
    return Place(
        unit=unit.unit_id,
        name=unit.name_on(day),
        township=_township(unit),
        district=unit.lead_district,
        belt=unit.belt or "",
        managing_body=unit.managing_body,
        valid=unit.valid_on(day),
        fictional=unit.fictional,
    )


def _imported_place(row: UnitRow, day: date) -> Place:
    ended = row.valid_to is not None and row.valid_to <= day
    district = row.districts[0] if row.districts else ""
    return Place(row.id, row.name, "", district, row.belt or "", None, valid=not ended, fictional=False)
