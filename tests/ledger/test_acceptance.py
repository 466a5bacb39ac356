"""Accepted and registered land (ledger rules §3): what documents take, and what they must not take."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
import shapely

from schemas.codes import LandState
from schemas.measures import AreaUnit, shown
from sync.ledger.accounts.acceptance import Accepted
from sync.ledger.land import exact
from sync.ledger.land.events import EventKind, LandEvent
from sync.ledger.statement.unit_figures import Level
from tests.ledger import land_kit as kit
from tests.ledger.land_kit import FARMLAND, FOREST, PARK, acceptance, book, box, cleared, parcel, passed, survey

YARD = box(0, 0, 100, 80)
SPRING, SUMMER, AUTUMN = date(2024, 3, 1), date(2024, 6, 1), date(2024, 9, 1)
END = date(2024, 12, 31)


def taken(made: Accepted) -> tuple[Fraction | int, Fraction | int]:
    return exact.m2(made.accepted.sum()), exact.m2(made.registered.sum())


def restored(area: shapely.Geometry = YARD, code: str = FOREST) -> list[LandEvent]:
    return [cleared("E1", SPRING, ["A"], YARD), passed("E2", SUMMER, ["A"], area, code)]


def test_golden_chain_of_domain_5_3() -> None:
    """14,871.06 ⊇ 13,111.33 >= 12,765.83 >= 11,690.72 m² (domain §0.5); 12,765.83 m² are 19.1487 mu, 97.36 %."""
    project, base = box(0, 0, 148.7106, 100), box(0, 0, 131.1133, 100)
    facts = book(
        [parcel("A", project, part=base)],
        checks=[acceptance("C1", AUTUMN, ["A"], {FOREST: 12_765.83})],
        surveys=[survey("S1", "A", 2024, {FOREST: 11_690.72, "0702": 3_180.34})],
    )
    made = kit.statement(facts, [cleared("E1", SPRING, ["A"], project), passed("E2", SUMMER, ["A"], project)])
    stock = made.row(Level.CITY, "city").figures.stock
    near = [exact.m2(1) * 2**6] * 2
    assert abs(stock.area_m2 - Fraction("14871.06")) < near[0]
    assert abs(stock.base_m2 - Fraction("13111.33")) < near[1]
    assert stock.verified_m2 == stock.base_m2
    assert stock.accepted_m2 == Fraction("12765.83")
    assert stock.registered_m2 == Fraction("11690.72")
    assert stock.registered_m2 <= stock.accepted_m2 <= stock.verified_m2 <= stock.base_m2 <= stock.area_m2
    assert shown(stock.area_m2, AreaUnit.M2) == Decimal("14871.06")
    assert shown(stock.base_m2, AreaUnit.M2) == Decimal("13111.33")
    assert shown(stock.accepted_m2, AreaUnit.MU) == Decimal("19.1487")
    assert round(float(stock.accepted_m2 / Fraction("13111.33")) * 100, 2) == 97.36


@pytest.mark.parametrize(
    ("figures", "took"),
    [
        ({FOREST: 5000}, 5000),
        ({FOREST: 9000}, 8000),
        ({FARMLAND: 5000}, 0),
        ({FOREST: 5000, FARMLAND: 2000}, 5000),
        ({PARK: 5000}, 0),
        ({"9999": 5000}, 0),
        ({FOREST: 10**11}, 8000),
    ],
)
def test_a_document_takes_the_smaller_class_by_class(figures: dict[str, float], took: int) -> None:
    facts = book([parcel("A", YARD)], checks=[acceptance("C1", AUTUMN, ["A"], figures)])
    assert taken(kit.accepted(facts, restored(), END)) == (took, 0)


def test_a_document_before_the_ground_was_verified_takes_nothing() -> None:
    for on, took in ((SUMMER, 8000), (date(2024, 5, 31), 0), (date(2025, 1, 1), 0)):
        facts = book([parcel("A", YARD)], checks=[acceptance("C1", on, ["A"], {FOREST: 8000})])
        assert taken(kit.accepted(facts, restored(), END))[0] == took


def test_ground_that_broke_needs_a_new_acceptance() -> None:
    yard, half = parcel("A", YARD), box(0, 0, 50, 80)
    events = [
        *restored(),
        kit.built("E3", date(2024, 10, 1), ["A"], half),
        cleared("E4", date(2024, 10, 2), ["A"], half),
        passed("E5", date(2024, 11, 1), ["A"], half),
    ]
    old = acceptance("C1", AUTUMN, ["A"], {FOREST: 8000})
    assert taken(kit.accepted(book([yard], checks=[old]), events, END))[0] == 4000
    new = acceptance("C2", date(2024, 12, 1), ["A"], {FOREST: 4000}, seq=2)
    assert taken(kit.accepted(book([yard], checks=[old, new]), events, END))[0] == 8000


def test_documents_add_and_nothing_is_taken_twice() -> None:
    both = [
        acceptance("C1", AUTUMN, ["A"], {FOREST: 5000}),
        acceptance("C2", date(2024, 10, 1), ["A"], {FOREST: 5000}, seq=2),
    ]
    for checks in (both, both[::-1], [*both, both[0]]):
        assert taken(kit.accepted(book([parcel("A", YARD)], checks=checks), restored(), END))[0] == 8000


def test_the_same_document_entered_twice_counts_once() -> None:
    one = acceptance("C1", AUTUMN, ["A"], {FOREST: 3000})
    again = replace(one, said=kit.said("C2", 2))
    assert taken(kit.accepted(book([parcel("A", YARD)], checks=[one, again]), restored(), END))[0] == 3000


def test_a_document_takes_inside_its_own_outline_and_leaves_later_ones_what_only_they_can_take() -> None:
    half = box(0, 0, 50, 80)
    inside = acceptance("C1", AUTUMN, ["A"], {FOREST: 8000}, outline=half)
    assert taken(kit.accepted(book([parcel("A", YARD)], checks=[inside]), restored(), END))[0] == 4000
    anywhere = acceptance("C0", SUMMER, ["A"], {FOREST: 4000})
    facts = book([parcel("A", YARD)], checks=[inside, anywhere])
    assert taken(kit.accepted(facts, restored(), END))[0] == 8000


def test_a_superseding_document_replaces_from_its_own_date() -> None:
    old = acceptance("C1", AUTUMN, ["A"], {FOREST: 5000})
    less = acceptance("C2", date(2024, 11, 1), ["A"], {FOREST: 2000}, supersedes="C1", seq=2)
    facts = book([parcel("A", YARD)], checks=[old, less])
    assert taken(kit.accepted(facts, restored(), date(2024, 10, 31)))[0] == 5000
    assert taken(kit.accepted(facts, restored(), END))[0] == 2000
    failed = replace(less, passed=False)
    assert taken(kit.accepted(book([parcel("A", YARD)], checks=[old, failed]), restored(), END))[0] == 0


def test_stopping_a_step_never_raises_the_accepted_area() -> None:
    old = acceptance("C1", AUTUMN, ["A"], {FOREST: 5000})
    less = acceptance("C2", date(2024, 10, 1), ["A"], {FOREST: 2000}, supersedes="C1", seq=2)
    more = acceptance("C3", date(2024, 11, 1), ["A"], {FOREST: 6000}, supersedes="C2", seq=3)
    facts = book([parcel("A", YARD)], checks=[old, less, more])
    expected = {(): 6000, ("C3",): 2000, ("C2",): 6000, ("C2", "C3"): 2000, ("C1",): 6000, ("C1", "C2", "C3"): 0}
    for stopped, area in expected.items():
        assert taken(kit.accepted(facts, restored(), END, frozenset(stopped)))[0] == area, stopped


def test_a_document_on_several_parcels_takes_its_figure_once() -> None:
    parcels = [parcel("A", YARD), parcel("B", box(200, 0, 300, 80))]
    events = [
        cleared("E1", SPRING, ["A", "B"], box(0, 0, 300, 80)),
        passed("E2", SUMMER, ["A", "B"], box(0, 0, 300, 80)),
    ]
    facts = book(parcels, checks=[acceptance("C1", AUTUMN, ["B", "A"], {FOREST: 9000})])
    made = kit.accepted(facts, events, END)
    assert [exact.m2(one) for one in made.accepted] == [1000, 8000]


def test_registered_follows_the_latest_survey_down() -> None:
    facts = book(
        [parcel("A", YARD)],
        checks=[acceptance("C1", AUTUMN, ["A"], {FOREST: 6000})],
        surveys=[survey("S1", "A", 2023, {FOREST: 8000})],
    )
    assert taken(kit.accepted(facts, restored(), END)) == (6000, 0)
    first = replace(facts, surveys=(*facts.surveys, survey("S2", "A", 2024, {FOREST: 5500, "0702": 2500}, 2)))
    assert taken(kit.accepted(first, restored(), END)) == (6000, 5500)
    again = replace(first, surveys=(*first.surveys, survey("S3", "A", 2025, {FOREST: 3000, PARK: 5000}, 3)))
    assert taken(kit.accepted(again, restored(), END)) == (6000, 5500)
    assert taken(kit.accepted(again, restored(), date(2025, 12, 31))) == (6000, 3000)


def test_reuse_and_failed_checks_take_accepted_ground_back() -> None:
    facts = book([parcel("A", YARD)], checks=[acceptance("C1", AUTUMN, ["A"], {FOREST: 8000})])
    late = date(2024, 11, 1)
    for kind in (EventKind.REUSE, EventKind.REGREENING_FAILED):
        undone = kit.event("E9", kind, late, ["A"], box(0, 0, 50, 80), code="0601")
        assert taken(kit.accepted(facts, [*restored(), undone], END))[0] == 4000


def test_the_states_of_the_statement_add_up() -> None:
    made = kit.statement(book([parcel("A", YARD)]), restored(box(0, 0, 50, 80)))
    stock = made.row(Level.UNIT, kit.UNIT).figures.stock
    assert stock.states_m2[LandState.CLEARED] == stock.states_m2[LandState.RESTORED] == 4000
    assert sum(stock.states_m2.values()) == stock.area_m2 == 8000
