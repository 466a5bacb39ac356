"""Figures of every row of a report over any period up to its state date, from one land: folded once a date.

Targets are set by calendar year and a report may be of a quarter, so more than one period is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from schemas.admin_units import CITY, AdminUnits
from schemas.codes import Measure
from schemas.reference import Editions
from schemas.rules import Thresholds
from sync.ledger.accounts.floor_area import demolished
from sync.ledger.accounts.flows import Flows, flows
from sync.ledger.accounts.net import Position, net_of, outside, outside_by_unit
from sync.ledger.book.days import day_end_ms
from sync.ledger.book.facts import Book
from sync.ledger.book.holding import register_on, units_on
from sync.ledger.land.layout import Land, Project
from sync.ledger.land.plane import to_plane
from sync.ledger.statement import moments
from sync.ledger.statement.moments import ByUnit, Moment, moment
from sync.ledger.statement.rollup import Hierarchy, credit, figure_rows, transfers
from sync.ledger.statement.unit_figures import ZERO, ClaimSums, FigureRow, Flow, Level, Period, Stock, UnitFigures


@dataclass(frozen=True)
class Asked:
    """What a report is asked for and by which editions. `stopped`: entries of documents whose step an open D23 stops.
    `project` brings outlines into the plane in which the land was laid out."""

    scope: str
    period: Period
    editions: Editions
    admin: AdminUnits
    values: Thresholds
    stopped: AbstractSet[str] = field(default_factory=frozenset)
    project: Project = to_plane


class Periods:
    """Moments, units and rows of one land. Nothing changes but what is remembered."""

    def __init__(self, book: Book, land: Land, asked: Asked) -> None:
        self._book, self._land, self._asked = book, land, asked
        until = asked.period.until
        self.hierarchy = Hierarchy(asked.admin, units_on(book, until), until)
        self.out = outside(land)
        self.floor_area = demolished(land.events, register_on(book, "structure", until))
        self.parcel_unit = {parcel.id: parcel.unit for parcel in land.parcels}
        self._moments: dict[date, Moment] = {}
        self._by_unit: dict[int, ByUnit] = {}
        self._rows: dict[tuple[date, date], tuple[FigureRow, ...]] = {}
        named = {*self.parcel_unit.values(), *(event.unit for event in land.events)}
        self.units = self.hierarchy.within(asked.scope, sorted(named))
        self._inside = frozenset(self.units)

    def inside(self, unit: str) -> bool:
        """Whether what a unit says or holds belongs to the scope; at city level everything does."""
        return self._asked.scope == CITY or self.hierarchy.credited(unit) in self._inside

    def at(self, day: date) -> Moment:
        """The land at the end of a Beijing day."""
        if day not in self._moments:
            asked = self._asked
            self._moments[day] = moment(self._land, day_end_ms(day), self._book.surveys, asked.stopped, self.out)
        return self._moments[day]

    def flows(self, after: date, until: date) -> Flows:
        """Flows of (after, until] on every parcel."""
        end = self.at(until)
        return flows(self._land, end.figures, end.past, day_end_ms(after), end.at_ms)

    def by_unit(self, now: Moment) -> ByUnit:
        """Sums over the parcels that are listed at a moment, by unit."""
        if now.at_ms not in self._by_unit:
            self._by_unit[now.at_ms] = ByUnit.of(self._land.parcels, now.alive)
        return self._by_unit[now.at_ms]

    def by_home(self, areas_m2: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """Areas by unit as areas by the unit to which each is credited."""
        found: dict[str, Fraction] = {}
        for unit, area in areas_m2.items():
            home = self.hierarchy.credited(unit)
            found[home] = found.get(home, ZERO) + area
        return found

    def rows(self, after: date, until: date, published: Position | None = None) -> tuple[FigureRow, ...]:
        """All rows over (after, until]; `published` is the position at `after` as an earlier report had it."""
        if published is None and (after, until) in self._rows:
            return self._rows[after, until]
        start, end = self.at(after), self.at(until)
        by_unit = self.by_unit(end)
        stock, claims = moments.stocks(self._land, end, by_unit), moments.claim_sums(end, by_unit)
        floor = moments.floor_area_by_unit(self.floor_area, self.parcel_unit, start.at_ms, end.at_ms)
        beyond = outside_by_unit(self._land, self.out, start.at_ms, end.at_ms)
        flow = moments.flow_sums(self.flows(after, until), by_unit, floor, beyond)
        units = {*stock, *flow, *_units_of(start.position), *_units_of(end.position)}
        parts = {
            unit: UnitFigures(
                flow=flow.get(unit, Flow()), stock=stock.get(unit, Stock()), claims=claims.get(unit, ClaimSums())
            )
            for unit in sorted(units)
        }
        at_start, at_end = self.credited(start.position), self.credited(end.position)
        was = None if published is None else self.credited(published)
        credited = {
            unit: replace(figures, net=net_of(unit, at_start, at_end, was))
            for unit, figures in credit(parts, self.hierarchy, self._asked.scope).items()
        }
        registered = register_on(self._book, "transfer", until)
        _, handed = transfers(registered, self.hierarchy, after, until)
        made = figure_rows(credited, self.hierarchy, self._asked.scope, handed)
        if published is None:
            self._rows[after, until] = made
        return made

    def credited(self, position: Position) -> Position:
        """A position by the units to which figures are credited."""
        return Position(self._credited(position.accepted), self._credited(position.occupied))

    def covers(self, year: int) -> bool:
        """Whether some of a calendar year lies in the period."""
        period = self._asked.period
        return period.after < date(year, 12, 31) and date(year, 1, 1) <= period.until

    def reached(self, code: str, measure: Measure, year: int) -> Fraction:
        """What the unit, district, belt or city of this code reached of a measure in a calendar year, up to the state
        date, m²; nothing for one outside the scope."""
        before, end = date(year - 1, 12, 31), min(date(year, 12, 31), self._asked.period.until)
        row = _find(self.rows(before, end), code)
        if row is None:
            return ZERO
        flow = row.figures.flow
        if measure is Measure.VERIFIED_REDUCTION:
            earlier = _find(self.rows(before, before), code)
            verified = ZERO if earlier is None else earlier.figures.stock.verified_m2
            return row.figures.stock.verified_m2 - verified
        return {
            Measure.DEMOLISHED_FLOOR_AREA: flow.demolished_floor_area_m2,
            Measure.CLEARED_LAND: flow.cleared_m2,
            Measure.REGREENED_LAND: flow.regreened_m2,
            Measure.NET_REDUCTION: row.net_with_transfers_m2,
        }[measure]

    def is_row(self, code: str) -> bool:
        """Whether a unit, district, belt or city of this code has a row in the report."""
        period = self._asked.period
        return _find(self.rows(period.after, period.until), code) is not None

    def _credited(self, ticks: Mapping[str, int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for unit, area in ticks.items():
            home = self.hierarchy.credited(unit)
            found[home] = found.get(home, 0) + area
        return found


def _units_of(position: Position) -> set[str]:
    return {*position.accepted, *position.occupied}


def _find(rows: Iterable[FigureRow], code: str) -> FigureRow | None:
    """The row of a code, with or without the sort of its scope (`district:110105`, `belt:G1`)."""
    bare = code.rpartition(":")[2]
    levels = (Level.UNIT, Level.DISTRICT, Level.BELT, Level.CITY)
    return next((row for row in rows if row.level in levels and row.code in (code, bare)), None)
