"""Laws of figures (issue 3, point 2; domain §5.3) on histories drawn by chance, over all levels of a statement."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.admin_units import AdminUnits, admin_units
from sync.ledger.book.facts import Book, Check
from sync.ledger.land.events import EventKind, Force, LandEvent
from sync.ledger.statement.assembly import start_position
from sync.ledger.statement.contents import Statement
from sync.ledger.statement.unit_figures import Level, Period
from tests.ledger import land_kit as kit
from tests.ledger.land_kit import FARMLAND, FOREST, PARK, acceptance, book, box, parcel, statement, survey

DAY = date(2023, 6, 1)
UNITS = [kit.UNIT, kit.OTHER, kit.THIRD, "BDA-LX", "FT-NYX"]
NAMED = {*UNITS, "FT-NY"}
FEW = AdminUnits.model_validate(
    {**admin_units().model_dump(), "units": [unit for unit in admin_units().units if unit.unit_id in NAMED]}
)
WANT, NEXT = kit.asked(admin=FEW), kit.asked(admin=FEW, period=kit.NEXT)
KINDS = [kind for kind in EventKind if kind not in (EventKind.NO_LAND, EventKind.WORKS_DONE)]
FORCES = [Force.FULL, Force.FULL, Force.FULL, Force.HELD, Force.ADVERSE]


@st.composite
def events(draw: st.DrawFn, forces: list[Force] = FORCES) -> list[LandEvent]:
    found = []
    for number in range(draw(st.integers(0, 9))):
        x, y, wide, deep = draw(st.tuples(*(st.integers(0, most) for most in (28, 8, 20, 9))))
        kind = draw(st.sampled_from(KINDS))
        made = kit.event(
            f"E{number}",
            kind,
            DAY + timedelta(days=draw(st.integers(0, 800))),
            draw(st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, max_size=3, unique=True)),
            box(x, y, x + wide + 1, y + deep + 1),
            code=draw(st.sampled_from([FOREST, FARMLAND, PARK])) if kind in (2, 5) else None,
            force=draw(st.sampled_from(forces)),
            unit=draw(st.sampled_from(UNITS)),
            claimed_e2=draw(st.integers(0, 50_000)),
            floor_area_e2=draw(st.integers(0, 50_000)),
            structures=tuple(draw(st.lists(st.sampled_from(["S1", "S2"]), max_size=2, unique=True))),
        )
        found.append(made)
    return found


@st.composite
def ledgers(draw: st.DrawFn) -> Book:
    units = draw(st.tuples(*(st.sampled_from(UNITS) for _ in range(3))))
    parcels = [
        parcel("A", box(0, 0, 10, 10), units[0], part=box(0, 0, 10, 6)),
        parcel("B", box(10, 0, 20, 10), units[1]),
        parcel("C", box(20, 0, 30, 10), units[2], base=kit.GREENHOUSE),
    ]
    return book(parcels, checks=draw(documents()), surveys=draw(surveys()))


@st.composite
def documents(draw: st.DrawFn) -> list[Check]:
    found: list[Check] = []
    for number in range(draw(st.integers(0, 5))):
        made = acceptance(
            f"C{number}",
            DAY + timedelta(days=draw(st.integers(100, 900))),
            draw(st.lists(st.sampled_from(["A", "B"]), min_size=1, max_size=2, unique=True)),
            {draw(st.sampled_from([FOREST, FARMLAND])): draw(st.integers(1, 90))},
            seq=number + 1,
        )
        earlier = [one.said.entry for one in found]
        found.append(
            replace(
                made,
                outline=draw(st.sampled_from([None, None, box(0, 0, 5, 10), box(3, 0, 17, 10)])),
                supersedes=draw(st.sampled_from([None, None, *earlier])),
                passed=draw(st.sampled_from([True, True, True, False])),
            )
        )
    return found


@st.composite
def surveys(draw: st.DrawFn) -> list[object]:
    return [
        survey(f"S{n}", draw(st.sampled_from("AB")), year, {FOREST: draw(st.integers(0, 90))}, n)
        for n, year in enumerate(draw(st.lists(st.integers(2023, 2025), max_size=3)))
    ]


def stocks_raise_nothing(before: Statement, after: Statement) -> None:
    for one, other in zip(before.rows, after.rows, strict=True):
        assert (one.level, one.code) == (other.level, other.code)
        was, now = one.figures, other.figures
        assert now.stock.verified_m2 <= was.stock.verified_m2
        assert now.stock.accepted_m2 <= was.stock.accepted_m2
        assert now.stock.registered_m2 <= was.stock.registered_m2
        assert now.flow.demolished_floor_area_m2 <= was.flow.demolished_floor_area_m2
        assert now.claims.cleared_m2 <= was.claims.cleared_m2


@settings(max_examples=40, deadline=None)
@given(ledgers(), events())
def test_the_chain_holds_and_states_add_up(facts: Book, happened: list[LandEvent]) -> None:
    made = statement(facts, happened, WANT)
    for stock in [row.figures.stock for row in made.rows] + [row.stock for row in made.annex]:
        assert 0 <= stock.registered_m2 <= stock.accepted_m2 <= stock.verified_m2 <= stock.base_m2 <= stock.area_m2
        outcome = stock.verified_m2 + stock.pending_m2 + stock.green_not_reducing_m2 + stock.reused_m2
        assert outcome <= stock.base_m2
        assert sum(stock.states_m2.values(), Fraction(0)) == stock.area_m2
    for reuse in made.reuse:
        assert sum(reuse.kinds_m2.values(), reuse.unnamed_m2 + reuse.idle_m2) == reuse.cleared_m2


@settings(max_examples=40, deadline=None)
@given(ledgers(), events())
def test_a_parent_is_the_sum_of_its_children_each_square_metre_once(facts: Book, happened: list[LandEvent]) -> None:
    made = statement(facts, happened, WANT)
    total = made.rows[-1].figures
    for level in Level:
        rows = [row.figures for row in made.rows if row.level is level]
        assert type(total).sum(rows) == total
    assert total.stock.area_m2 == 300
    assert sum((row.stock.verified_m2 for row in made.annex), Fraction(0)) == total.stock.verified_m2


@settings(max_examples=40, deadline=None)
@given(ledgers(), events(), st.randoms(use_true_random=False))
def test_order_and_duplication_change_nothing(facts: Book, happened: list[LandEvent], dice: random.Random) -> None:
    shuffled = list(happened)
    dice.shuffle(shuffled)
    checks = [*facts.checks, *facts.checks[:2]]
    dice.shuffle(checks)
    mixed = replace(facts, checks=tuple(checks), parcels=facts.parcels[::-1], surveys=facts.surveys[::-1])
    one, other = statement(facts, happened, WANT), statement(mixed, shuffled, WANT)
    assert one.rows == other.rows
    assert list(one.annex) == [replace(row, chain=was.chain) for row, was in zip(other.annex, one.annex, strict=True)]
    assert (one.flow_matrix, one.lags, one.owners) == (other.flow_matrix, other.lags, other.owners)


@settings(max_examples=40, deadline=None)
@given(ledgers(), events([Force.FULL]), st.data())
def test_splitting_a_record_changes_nothing_but_claims(
    facts: Book, happened: list[LandEvent], data: st.DataObject
) -> None:
    parts = []
    for event in happened:
        at = data.draw(st.integers(1, 49))
        left = event.outline.intersection(box(-100, -100, at, 100))
        right = event.outline.difference(box(-100, -100, at, 100))
        halves = [half for half in (left, right) if half.area > 0]
        parts += [replace(event, id=f"{event.id}{n}", outline=half, floor_area_e2=0) for n, half in enumerate(halves)]
    whole = [replace(event, floor_area_e2=0) for event in happened]
    one, other = statement(facts, whole, WANT), statement(facts, parts, WANT)
    for row, also in zip(one.rows, other.rows, strict=True):
        assert row.figures.stock == also.figures.stock
        assert row.figures.flow == also.figures.flow
        assert row.figures.net == also.figures.net


@settings(max_examples=40, deadline=None)
@given(ledgers(), events(), st.data())
def test_holding_returning_or_rejecting_never_raises_a_figure(
    facts: Book, happened: list[LandEvent], data: st.DataObject
) -> None:
    if not happened:
        return
    chosen = data.draw(st.integers(0, len(happened) - 1))
    changed = list(happened)
    weaker = data.draw(st.sampled_from([Force.HELD, Force.ADVERSE]))
    # Whoever was once in force is bound to no unit any more (events.LandEvent).
    changed[chosen] = replace(changed[chosen], force=min(changed[chosen].force, weaker), units=None)
    was = [replace(event, units=None) for event in happened]
    changed = [replace(event, units=None) for event in changed]
    stocks_raise_nothing(statement(facts, was, WANT), statement(facts, changed, WANT))


@settings(max_examples=40, deadline=None)
@given(ledgers(), events(), st.data())
def test_stopping_an_acceptance_step_never_raises_a_figure(
    facts: Book, happened: list[LandEvent], data: st.DataObject
) -> None:
    names = [check.said.entry for check in facts.checks]
    stopped = frozenset(data.draw(st.lists(st.sampled_from(names), unique=True))) if names else frozenset()
    stocks_raise_nothing(statement(facts, happened, WANT), statement(facts, happened, replace(WANT, stopped=stopped)))


@settings(max_examples=40, deadline=None)
@given(ledgers(), events(), events())
def test_late_facts_change_no_published_figure_and_periods_add_up(
    facts: Book, happened: list[LandEvent], later: list[LandEvent]
) -> None:
    late = [replace(event, id=f"L{event.id}", record=f"L{event.id}") for event in later]
    first = statement(facts, happened, WANT)
    grown = replace(facts, position=facts.position + 50)
    second = statement(grown, [*happened, *late], NEXT, earlier=first)
    both = statement(grown, [*happened, *late], replace(WANT, period=Period(kit.YEAR.after, kit.NEXT.until)))
    restated = statement(grown, [*happened, *late], WANT)
    published = {(row.level, row.code): row.figures.net for row in first.rows}
    for row in second.rows:
        before, net = published[row.level, row.code], row.figures.net
        assert net.accepted_start_published_m2 == before.accepted_end_m2
        reported = net.accepted_end_m2 - before.accepted_end_m2 - (net.occupied_end_m2 - before.occupied_end_m2)
        assert net.reported_m2 == reported
        whole = both.row(row.level, row.code).figures
        again = restated.row(row.level, row.code).figures
        assert again.net.net_m2 + net.net_m2 == whole.net.net_m2
        assert again.flow.cleared_m2 + row.figures.flow.cleared_m2 == whole.flow.cleared_m2
        floor = again.flow.demolished_floor_area_m2 + row.figures.flow.demolished_floor_area_m2
        assert floor == whole.flow.demolished_floor_area_m2
    if not late:
        assert second.restated == ()
        assert all(row.figures.net.late_m2 == 0 for row in second.rows)
    old = start_position(facts, kit.lay(facts, happened), NEXT)
    by_book = statement(grown, [*happened, *late], NEXT, published=old)
    assert by_book.rows == second.rows
