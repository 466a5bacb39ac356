"""Differences of two reports: the parts add up, and they name parcel, entry and cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Code, LedgerError
from schemas.reference import Editions
from sync.ledger.report.diff import ROUNDING, explain, restated
from sync.ledger.report.document import Contents
from sync.ledger.statement.contents import ParcelRow, Statement
from sync.ledger.statement.unit_figures import Stock, UnitFigures
from tests.ledger.report.kit import Log, contents, statement


def _later(log: Log, before: Statement, seed: int) -> Statement:
    """The statement after further entries: some parcels' figures have moved by odd fractions."""
    chance = Random(seed)
    annex: list[ParcelRow] = []
    for row in before.annex:
        if chance.random() < 0.5:
            annex.append(row)
            continue
        entry = log.append(1, seed)[0]
        link = replace(row.chain[-1], entry=entry)
        change = Fraction(chance.randrange(-400_000, 400_000), 700)
        stock = replace(row.stock, verified_m2=row.stock.verified_m2 + change, held_m2=Fraction(chance.randrange(9), 7))
        annex.append(replace(row, stock=stock, chain=(*row.chain, link)))
    log.append(3, seed)
    rows = []
    for row in before.rows:
        stock = Stock.sum(one.stock for one in annex if one.unit in row.units)
        rows.append(replace(row, figures=UnitFigures(row.figures.flow, row.figures.net, stock, row.figures.claims)))
    return replace(
        before, annex=annex, rows=tuple(rows), header=replace(before.header, position=len(log.rows))
    )  # fmt: skip


def _pair(seed: int) -> tuple[Contents, Contents]:
    log = Log.new()
    first = statement(log, seed=seed % 5)
    second = _later(log, first, seed)
    return contents(log, first), contents(log, second)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_parts_add_up(seed: int) -> None:
    for difference in explain(_pair(seed)).differences:
        assert sum(part.change for part in difference.parts) == difference.now - difference.before
        for part in difference.parts:
            assert part.cause in ("position", ROUNDING)
            assert part.cause != ROUNDING or abs(part.change) <= 6


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_unit_parts_name_parcels_and_entries(seed: int) -> None:
    first, second = _pair(seed)
    for difference in explain((first, second)).differences:
        if difference.level == "unit" and difference.figure == "verified":
            named = [part for part in difference.parts if part.cause == "position"]
            assert named and all(part.parcel and part.entries for part in named)


def test_steps_give_each_cause_its_share() -> None:
    log = Log.new()
    made = statement(log)
    later = _later(log, made, 5)
    first, second = contents(log, made), contents(log, later)
    dated = replace(later, header=replace(later.header, period=replace(later.header.period, until=date(2026, 1, 31))))
    third = contents(log, _moved(dated, 7))
    editions = Editions.newest().model_copy(update={"counting_rule": "2027-01"})
    other = replace(dated, header=replace(dated.header, editions=editions))
    fourth = contents(log, _moved(other, 8))
    found = explain((first, second, third, fourth))
    causes = {part.cause for one in found.differences for part in one.parts}
    assert {"position", "date", "edition"} <= causes
    for one in found.differences:
        assert sum(part.change for part in one.parts) == one.now - one.before
    assert found.header["edition counting_rule"] == ("2026-11", "2027-01")
    assert "position" in found.header
    together = explain((first, fourth))
    assert {part.cause for one in together.differences for part in one.parts} <= {"several", ROUNDING}


def _moved(made: Statement, seed: int) -> Statement:
    chance = Random(seed)
    annex = [
        replace(row, stock=replace(row.stock, accepted_m2=Fraction(chance.randrange(1, 900_000), 100)))
        for row in made.annex
    ]
    rows = tuple(
        replace(row, figures=replace(row.figures, stock=Stock.sum(o.stock for o in annex if o.unit in row.units)))
        for row in made.rows
    )
    return replace(made, annex=annex, rows=rows)


def test_equal_reports_have_no_difference() -> None:
    log = Log.new()
    made = statement(log)
    found = explain((contents(log, made), contents(log, made)))
    assert (found.header, found.differences, found.sections) == ({}, (), ())


def test_without_an_annex_the_step_is_the_cause() -> None:
    log = Log.new()
    made = statement(log)
    later = _later(log, made, 5)
    none = frozenset[str]()
    found = explain((contents(log, made, annex_units=none), contents(log, later, annex_units=none)))
    assert found.differences
    for one in found.differences:
        assert sum(part.change for part in one.parts) == one.now - one.before
        if one.level == "unit":
            assert [part.cause for part in one.parts] == ["position"]


def test_entries_of_the_log_are_named_where_it_is_at_hand() -> None:
    log = Log.new()
    made = statement(log)
    later = _later(log, made, 5)
    named = {row.parcel: ("entry-a", "entry-b") for row in made.annex}
    found = explain((contents(log, made), contents(log, later)), named)
    parts = [part for one in found.differences for part in one.parts if part.parcel]
    assert parts and all(part.entries == ("entry-a", "entry-b") for part in parts)


def test_a_parcel_that_moves_to_another_unit_leaves_one_and_joins_the_other() -> None:
    log = Log.new()
    made = statement(log)
    moved = replace(made.annex[0], unit="DEMO-QL")
    annex = sorted([moved, *list(made.annex)[1:]], key=lambda row: row.unit)
    rows = tuple(
        replace(row, figures=replace(row.figures, stock=Stock.sum(o.stock for o in annex if o.unit in row.units)))
        for row in made.rows
    )
    found = explain((contents(log, made), contents(log, replace(made, annex=annex, rows=rows))))
    verified = {one.code: one.now - one.before for one in found.differences if one.figure == "verified"}
    assert verified["DEMO-LS"] == -verified["DEMO-QL"] != 0
    assert verified["city"] == 0  # its parts show the move


def test_other_ledgers_are_not_compared() -> None:
    one, other = Log.new(1), Log.new(2)
    with pytest.raises(LedgerError) as caught:
        explain((contents(one, statement(one)), contents(other, statement(other))))
    assert caught.value.code is Code.REPORT_NOT_COMPARABLE


def test_changed_rows_of_other_sections_are_listed() -> None:
    log = Log.new()
    made = statement(log)
    fewer = replace(made, discrepancies=made.discrepancies[1:])
    (change,) = explain((contents(log, made), contents(log, fewer))).sections
    assert change.section == "discrepancies"
    assert change.gone[0][0] == "D18" and change.new == ()


def test_restatement_lists_what_was_published_otherwise() -> None:
    log = Log.new()
    made = statement(log)
    later = _later(log, made, 6)
    rows = restated(contents(log, made), contents(log, later))
    assert rows
    for _, _, figure, before, now, change, cause in rows:
        assert change == now - before != 0
        assert (figure, cause) in {("verified", "late"), ("held", "late")}
