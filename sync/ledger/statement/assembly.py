"""Puts the verification report together (domain §5.5): one book, one land, one period, all sections.

Which entries count has been judged before (`judgement.py`) and lies in the land's events; here figures are added up and
lists are made. Pure: whoever asks fills in checkpoint, software and discrepancies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from schemas.admin_units import CITY
from schemas.codes import LandState
from sync.ledger.accounts import facilities, projects, quota, reuse, targets
from sync.ledger.accounts.balance import balances, planned_green, taken_by_unit
from sync.ledger.accounts.floor_area import structure_stock
from sync.ledger.accounts.flows import lags, relapses
from sync.ledger.accounts.net import Position, outside, sightings
from sync.ledger.accounts.samples import sample_result
from sync.ledger.book.days import day_end_ms
from sync.ledger.book.facts import Book, RegisterRow
from sync.ledger.book.holding import (
    latest,
    parcels_on,
    projects_of,
    quota_steps_of,
    register_between,
    register_on,
    targets_of,
)
from sync.ledger.land import exact
from sync.ledger.land.classes import NO_CLASS, ClassTable
from sync.ledger.land.events import LandEvent
from sync.ledger.land.exact import Ints
from sync.ledger.land.fold import BASELINE, RESTORED, REUSED
from sync.ledger.land.history import Bools
from sync.ledger.land.layout import Land, Project, lay_out
from sync.ledger.land.plane import to_plane
from sync.ledger.statement import rollup
from sync.ledger.statement.annex import Annex
from sync.ledger.statement.contents import FlowCell, Header, Statement
from sync.ledger.statement.field_sections import ImportRow
from sync.ledger.statement.moments import Moment, floor_area_by_unit, moment
from sync.ledger.statement.periods import Asked, Periods
from sync.ledger.statement.restatement import edition_changes, restated
from sync.ledger.statement.unit_figures import FigureRow, Level

_STATES = tuple(LandState)


def land_of(
    book: Book,
    events: Sequence[LandEvent],
    until: date,
    classes: ClassTable,
    project: Project = to_plane,
    threads: int = 1,
) -> Land:
    """The land of a report: the parcels that are listed on the day `until`, with all events and documents."""
    return lay_out(parcels_on(book, until), events, classes, book.checks, project, threads)


def start_position(book: Book, land: Land, asked: Asked) -> Position:
    """A and O at the beginning of the period as `book` and `land` know them: made of an earlier log position, what a
    report published then (ledger rules §4, late facts)."""
    return moment(land, day_end_ms(asked.period.after), book.surveys, asked.stopped, outside(land)).position


def make_statement(
    book: Book, land: Land, asked: Asked, earlier: Statement | None = None, published: Position | None = None
) -> Statement:
    """The report that is asked for, over `land` (`land_of` the book at the period's end).

    `earlier` is the last report: what it said of its period is restated, and where it ended at the beginning of this
    period on the same scope, what it published is where this one starts; `published` (`start_position` of an earlier
    book and land) says the same without a report. Raises LedgerError(UNIT_UNKNOWN, CODE_UNKNOWN) for a scope that does
    not exist.
    """
    periods = Periods(book, land, asked)
    after, until = asked.period.after, asked.period.until
    header = Header(
        scope=asked.scope,
        period=asked.period,
        position=book.position,
        editions=asked.editions,
        admin_edition=asked.admin.edition,
        fictional=any(periods.hierarchy.place(unit).fictional for unit in periods.units),
    )
    if published is None and earlier is not None and _continues(earlier.header, header):
        published = _published(earlier.rows)
    now = periods.at(until)
    chosen = _chosen(land, now, periods)
    now = periods.at(until)
    chosen = _chosen(land, now, periods)
    excluded = projects.exclusions(register_on(book, "exclusion", until), periods.parcel_unit)
    homes = {unit: periods.hierarchy.credited(unit) for unit in set(periods.parcel_unit.values())}
    reasons = {row.parcel: row.reason for row in excluded}
    made = Statement(
        header=header,
        rows=periods.rows(after, until, published),
        annex=Annex(book, land, now.figures, now.past, now.accepted, chosen, homes, reasons),
        excluded=tuple(row for row in excluded if periods.inside(row.unit)),
    )
    made = _with_plans(made, book, land, asked, periods)
    made = _with_projects(made, book, land, asked, periods, chosen, reasons)
    made = _with_findings(made, book, land, asked, periods, chosen)
    return made if earlier is None else _with_restatement(made, earlier, periods)


def _with_plans(made: Statement, book: Book, land: Land, asked: Asked, periods: Periods) -> Statement:
    after, until = asked.period.after, asked.period.until
    now, inside = periods.at(until), periods.inside
    steps = quota_steps_of(book)
    statuses = quota.quota_statuses(steps, quota.verified_demolition(land, now.figures, steps))
    to_date = floor_area_by_unit(periods.floor_area, periods.parcel_unit, -1, now.at_ms)
    floor = periods.by_home({unit: exact.hundredths(area) for unit, area in to_date.items()})
    taken = taken_by_unit(register_between(book, "green_taken", after, until), asked.project)
    by_unit = periods.by_unit(now)
    greened = by_unit.sums(periods.flows(after, until).green)
    added = {unit: exact.m2(ticks) for unit, ticks in zip(by_unit.units, greened, strict=True)}
    lines = [line for line in targets_of(book) if periods.covers(line.year) and periods.is_row(line.unit)]
    set_rows = targets.target_rows(lines, periods.reached)
    totals, faults = targets.phases(set_rows)
    moved, _ = rollup.transfers(register_on(book, "transfer", until), periods.hierarchy, after, until)
    plots = [row for row in latest(book.planned_green, lambda row: row.id).values() if inside(row.said.unit)]
    homes = {row.unit: periods.hierarchy.credited(row.unit) for row in statuses}
    return replace(
        made,
        ratios=quota.ratios(made.rows, statuses, homes, floor),
        quotas=tuple(row for row in statuses if inside(row.unit)),
        green_balance=balances(made.rows, periods.by_home(taken), periods.by_home(added)),
        planned_green=planned_green(plots, land, now.figures, asked.project),
        targets=set_rows,
        target_gaps=targets.gaps(lines),
        phases=totals,
        phase_faults=faults,
        transfers=tuple(row for row in moved if inside(row.from_unit) or inside(row.to_unit)),
    )


def _with_projects(
    made: Statement,
    book: Book,
    land: Land,
    asked: Asked,
    periods: Periods,
    chosen: Ints,
    excluded: Mapping[str, str],
) -> Statement:
    until = asked.period.until
    now = periods.at(until)
    columns = projects.parcel_columns(land, now.figures, now.accepted, asked.values)
    rows = [row for row in projects_of(book) if periods.inside(row.said.unit)]
    by_use = reuse.reuse_columns(land, now.figures, now.past, register_on(book, "reuse", until))
    return replace(
        made,
        owners=projects.owners(land, columns, chosen),
        projects=projects.project_statuses(rows, land, columns, excluded, until),
        milestones=projects.milestones(_register(book, "milestone", until, periods), until),
        awaiting_change=projects.awaiting_change(land, now.accepted, chosen, until),
        reuse=reuse.reuse_shares(made.rows, reuse.by_home(by_use, periods.by_unit(now), periods.hierarchy)),
    )


def _with_findings(made: Statement, book: Book, land: Land, asked: Asked, periods: Periods, chosen: Ints) -> Statement:
    after, until = asked.period.after, asked.period.until
    now, start_ms = periods.at(until), day_end_ms(after)
    mask = np.zeros(len(land.parcels), dtype=bool)
    mask[chosen] = True
    fixtures = _register(book, "facility", until, periods)
    structures = _register(book, "structure", until, periods)
    seen = sightings(land, periods.out, start_ms, now.at_ms)
    return replace(
        made,
        flow_matrix=_flow_matrix(land, now, mask),
        lags=lags(land, now.figures, now.past, asked.values, start_ms, now.at_ms, mask),
        relapses=relapses(land, now.past, start_ms, now.at_ms, mask),
        sightings=tuple(row for row in seen if periods.inside(row.unit)),
        structures=structure_stock(structures, land.events, after, until),
        facilities=facilities.facility_statuses(fixtures, book.versions, until),
        coverage=facilities.coverage(
            _register(book, "village", until, periods),
            fixtures,
            facilities.conditions_on(fixtures, book.versions, until),
        ),
        reclaimed_water=facilities.reclaimed_water(_register(book, "park", until, periods)),
        scores=facilities.scores(_register(book, "satisfaction", until, periods)),
        imports=_imports(_register(book, "import", until, periods), after),
        sample=sample_result(book.findings, book.rectifications, _subjects(book, asked, periods), after, until),
    )


def _with_restatement(made: Statement, earlier: Statement, periods: Periods) -> Statement:
    if earlier.header.scope != made.header.scope:
        return made
    was = earlier.header.period
    again = periods.rows(was.after, was.until)
    return replace(
        made,
        restated=restated(earlier.rows, again, earlier.header, made.header),
        edition_changes=edition_changes(earlier.header, made.header),
    )


def _continues(was: Header, now: Header) -> bool:
    return was.scope == now.scope and was.period.until == now.period.after


def _published(rows: Iterable[FigureRow]) -> Position:
    """The position at the end of an earlier report, as its rows have it."""
    units = [row for row in rows if row.level is Level.UNIT]
    return Position(
        {row.code: exact.ticks(row.figures.net.accepted_end_m2) for row in units},
        {row.code: exact.ticks(row.figures.net.occupied_end_m2) for row in units},
    )


def _chosen(land: Land, now: Moment, periods: Periods) -> Ints:
    """Places of the parcels of the report, in order of the unit to which they are credited, then of their number."""
    inside = [number for number in now.alive.tolist() if periods.inside(land.parcels[number].unit)]
    homes = {unit: periods.hierarchy.credited(unit) for unit in set(periods.parcel_unit.values())}
    inside.sort(key=lambda number: homes[land.parcels[number].unit])  # parcels of a land stand in order of their number
    return np.array(inside, dtype=np.int64)


def _flow_matrix(land: Land, now: Moment, mask: Bools) -> tuple[FlowCell, ...]:
    """Ground by class before, state and class now. Ground that is demolished, cleared or built on has no class yet."""
    width = len(land.classes.classes) + 1
    state, folded = now.figures.folded.state.astype(np.int64), now.figures.folded
    classed = np.isin(state, (BASELINE, RESTORED, REUSED))
    column = np.where(classed, folded.land_class, NO_CLASS) + 1
    keys = ((land.base_class + 1) * len(_STATES) + state) * width + column
    pieces = np.flatnonzero(mask[land.ground.parcel])
    found, place = np.unique(keys[pieces], return_inverse=True)
    ticks = exact.summed(place, exact.from_m2(land.ground.area_m2[pieces]), len(found))
    classes = (None, *land.classes.classes)
    cells = []
    for key, area in zip(found.tolist(), ticks.tolist(), strict=True):
        before, rest = divmod(key, len(_STATES) * width)
        number, after = divmod(rest, width)
        cells.append(FlowCell(classes[before], _STATES[number], classes[after], exact.m2(area)))
    return tuple(cells)


def _register(book: Book, subtype: str, until: date, periods: Periods) -> tuple[RegisterRow, ...]:
    return tuple(row for row in register_on(book, subtype, until) if periods.inside(row.said.unit))


def _imports(rows: Iterable[RegisterRow], after: date) -> tuple[ImportRow, ...]:
    found = (
        ImportRow(
            entry=row.said.entry,
            kind=row.fields.kind,
            on=row.on,
            file_sha256=row.fields.file_sha256,
            new=row.fields.new,
            changed=row.fields.changed,
            unchanged=row.fields.unchanged,
            parked=row.fields.parked,
        )
        for row in rows
        if row.on > after
    )
    return tuple(sorted(found, key=lambda row: (row.on, row.entry)))


def _subjects(book: Book, asked: Asked, periods: Periods) -> frozenset[str] | None:
    """Parcels and entries of the scope; None for all."""
    if asked.scope == CITY:
        return None
    parcels = {parcel for parcel, unit in periods.parcel_unit.items() if periods.inside(unit)}
    return frozenset(parcels | {one.id for one in book.versions if periods.inside(one.said.unit)})
