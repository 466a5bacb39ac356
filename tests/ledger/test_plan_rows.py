"""The plan's mechanisms (domain §1.1), each by the test of its row that this part of the ledger answers for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
import shapely

from schemas.codes import (
    CaseState,
    FacilityClass,
    FacilityCondition,
    InspectionKind,
    Measure,
    ReuseKind,
    StockKind,
    TransferMeasure,
)
from schemas.standing import Standing
from sync.ledger.accounts.quota import linked_elsewhere
from sync.ledger.accounts.samples import interval
from sync.ledger.book.days import day_start_ms
from sync.ledger.book.facts import PlannedGreen, RectificationStep, RegisterRow, ThirdPartyFinding, Version
from sync.ledger.land.events import EventKind, LandEvent
from sync.ledger.statement.rollup import Hierarchy
from sync.ledger.statement.unit_figures import Level, Period
from tests.ledger import land_kit as kit
from tests.ledger.land_kit import (
    FOREST,
    OTHER,
    PARK,
    UNIT,
    YEAR,
    acceptance,
    book,
    box,
    built,
    cleared,
    parcel,
    passed,
    statement,
    survey,
    target,
)

A, B = box(0, 0, 100, 100), box(200, 0, 300, 100)
SPRING, SUMMER, AUTUMN = date(2024, 3, 1), date(2024, 6, 1), date(2024, 9, 1)
YARDS = [parcel("A", A), parcel("B", B, OTHER)]


def test_m01_the_ledger_at_two_dates_differs_by_logged_entries_only() -> None:
    facts = book(YARDS)
    events = [cleared("E1", SPRING, ["A"], A), passed("E2", SUMMER, ["A"], A)]
    whole = statement(facts, events, kit.asked(period=Period(date(2023, 12, 31), SUMMER)))
    without = statement(facts, events[:1], kit.asked(period=Period(date(2023, 12, 31), SUMMER)))
    before = statement(facts, events, kit.asked(period=Period(date(2023, 12, 31), date(2024, 5, 31))))
    assert before.rows == without.rows != whole.rows
    assert statement(facts, events[::-1], kit.asked(period=whole.header.period)).rows == whole.rows


def test_m02_children_99_9_against_parent_100_are_a_gap_of_0_1_ha() -> None:
    lines = [target("110105", 1_000_000), target(UNIT, 600_000, "110105"), target(OTHER, 399_000, "110105")]
    (gap,) = statement(book(YARDS, targets=lines)).target_gaps
    assert (gap.parent, gap.gap_m2, gap.children) == ("110105", 1000, (OTHER, UNIT))
    lines[2] = target(OTHER, 400_000, "110105", said=kit.said("T-new", 9, OTHER))
    assert statement(book(YARDS, targets=lines)).target_gaps == ()
    lines[2] = target(OTHER, 400_000.01, "110105")
    (gap,) = statement(book(YARDS, targets=lines)).target_gaps
    assert gap.gap_m2 == Fraction(-1, 100)


def test_m03_what_moves_to_the_next_year_leaves_both_years_right() -> None:
    facts = book(YARDS)
    events = [cleared("E1", SPRING, ["A"], A), cleared("E2", date(2024, 12, 30), ["B"], B)]
    moved = [events[0], cleared("E2", date(2025, 1, 1), ["B"], B)]

    def totals(chosen: list[LandEvent]) -> list[Fraction]:
        made = (statement(facts, chosen, kit.asked(period=one)) for one in (kit.YEAR, kit.NEXT))
        return [one.row(Level.CITY, "city").figures.flow.cleared_m2 for one in made]

    assert totals(events) == [20_000, 0]
    assert totals(moved) == [10_000, 10_000]


def test_m04_a_project_is_complete_only_when_every_parcel_is_accepted_or_excluded() -> None:
    events = [cleared("E1", SPRING, ["A"], A), passed("E2", SUMMER, ["A"], A)]
    checks = [acceptance("C1", AUTUMN, ["A"], {FOREST: 10_000})]
    plan = [kit.project("J", ["A", "B"], deadline=date(2024, 6, 30))]
    (row,) = statement(book(YARDS, checks=checks, projects=plan), events).projects
    assert (row.ratio, row.overdue, row.accepted) == (Fraction(1, 2), True, 1)
    out = kit.row("exclusion", "X", {"reason": "历史遗留", "document": None}, parcels=("B",))
    facts = book(YARDS, checks=checks, projects=plan, registers=[out])
    made = statement(facts, events)
    assert (made.projects[0].ratio, made.projects[0].overdue) == (1, False)
    assert [(one.parcel, one.unit, one.reason) for one in made.excluded] == [("B", OTHER, "历史遗留")]
    assert [one.excluded for one in made.annex] == ["历史遗留", None]
    half = [replace(checks[0], areas=checks[0].areas[:0])]
    assert statement(book(YARDS, checks=half, projects=plan, registers=[out]), events).projects[0].ratio == Fraction(
        1, 2
    )
    missing = [kit.project("J", ["A", "nowhere"])]
    (row,) = statement(book(YARDS, checks=checks, projects=missing), events).projects
    assert (row.ratio, row.unknown) == (Fraction(1, 2), ("nowhere",))


def test_m05_a_late_milestone_appears_the_next_day_without_any_edit() -> None:
    due = {"project": None, "title": "拆除完成", "due_on": "2024-06-30", "done_on": None, "phase": None}
    facts = book(YARDS, registers=[kit.row("milestone", "M", due)])

    def late(on: date) -> int:
        return statement(facts, (), kit.asked(period=Period(date(2023, 12, 31), on))).milestones[0].late_days

    assert [late(date(2024, 6, 30)), late(date(2024, 7, 1)), late(date(2024, 7, 31))] == [0, 1, 31]
    done = replace(facts, registers=(kit.row("milestone", "M", due | {"done_on": "2024-07-05"}),))
    (row,) = statement(done).milestones
    assert (row.late_days, row.done_on) == (5, date(2024, 7, 5))


def structure(name: str, **more: object) -> RegisterRow:
    fields = {
        "category": "棚房", "stock": "stock", "programme": None, "case_state": "DISCOVERED", "floor_area_e2": 50_000,
        "land_area_e2": None, "first_seen_on": "2020-01-01", "demolished_on": None, "owner_type": None, "parcel": "A",
    }  # fmt: skip
    return kit.row("structure", name, fields | more, on=date(2023, 1, 1))


def test_m06_a_new_case_raises_new_and_never_hides_in_the_stock() -> None:
    stock = [structure("S1"), structure("S2")]
    (before,) = statement(book(YARDS, registers=stock)).structures
    new = structure("S3", stock="new", first_seen_on="2024-05-01")
    rows = statement(book(YARDS, registers=[*stock, new])).structures
    assert rows == (replace(before, stock=StockKind.NEW, count=1, open=1, new_in_period=1, oldest_open_days=244,
        open_floor_area_m2=Fraction(500), cases={CaseState.DISCOVERED: 1}), before)  # fmt: skip
    down = [cleared("E1", SPRING, ["A"], A, structures=("S1",))]
    (after,) = statement(book(YARDS, registers=stock), down).structures
    assert (before.open, after.open, after.demolished_in_period) == (2, 1, 1)


def test_m06_a_sighting_counts_in_the_period_and_outside_parcels_once() -> None:
    spot = box(90, 0, 140, 100)
    events = [built("N1", SPRING, ["A"], spot), built("N2", SUMMER, [], box(120, 0, 150, 100), unit=OTHER)]
    made = statement(book(YARDS), events)
    assert [(one.entry, one.area_m2, one.outside_m2) for one in made.sightings] == [
        ("N2", 3000, 1000),
        ("N1", 5000, 4000),
    ]
    assert made.row(Level.CITY, "city").figures.net.occupied_end_m2 == 5000
    assert made.row(Level.UNIT, OTHER).figures.net.net_m2 == -1000


def test_m07_accepted_and_not_changed_yet_is_listed_with_its_age() -> None:
    events = [cleared("E1", SPRING, ["A"], A), passed("E2", SUMMER, ["A"], A)]
    checks = [acceptance("C1", date(2024, 12, 30), ["A"], {FOREST: 9000})]
    unchanged = [survey("S1", "A", 2024, {"0702": 10_000})]
    (row,) = statement(book(YARDS, checks=checks, surveys=unchanged), events).awaiting_change
    assert (row.parcel, row.accepted_m2, row.registered_m2, row.days, row.surveyed_year) == ("A", 9000, 0, 1, 2024)
    changed = [*unchanged, survey("S2", "A", 2024, {FOREST: 10_000}, seq=2)]
    assert statement(book(YARDS, checks=checks, surveys=changed), events).awaiting_change == ()


def test_m08_lags_from_clearing_to_restoration_and_what_still_waits() -> None:
    half, rest = box(0, 0, 50, 100), box(50, 0, 100, 100)
    events = [cleared("E1", SPRING, ["A"], A), passed("E2", date(2024, 8, 28), ["A"], half)]
    lags = statement(book(YARDS), events).lags
    assert [(one.from_days, one.below_days) for one in lags.restored if one.area_m2] == [(180, 365)]
    assert sum(one.area_m2 for one in lags.restored) == 5000
    assert [(one.from_days, one.area_m2) for one in lags.waiting if one.area_m2] == [(180, 5000)]
    assert lags.median_days == 180
    events.append(passed("E3", date(2024, 8, 27), ["A"], rest))
    lags = statement(book(YARDS), events).lags
    assert [one.area_m2 for one in lags.restored if one.area_m2] == [5000, 5000]
    assert not any(one.area_m2 for one in lags.waiting)
    assert lags.median_days == 179


def test_m10_ratios_are_undefined_without_new_building_and_never_infinite() -> None:
    events = [cleared("E1", SPRING, ["A"], A, floor_area_e2=60_000_00)]
    made = statement(book(YARDS), events)
    city = next(one for one in made.ratios if one.level is Level.CITY)
    assert (city.land_ratio, city.floor_area_ratio) == (None, None)
    steps = [kit.quota("Q", 1, ["A"], 5000, land_e2=4000_00, floor_area_e2=20_000_00)]
    made = statement(book(YARDS, quotas=steps), events)
    city = next(one for one in made.ratios if one.level is Level.CITY)
    assert (city.land_ratio, city.floor_area_ratio) == (Fraction(10, 4), 3)


def test_m10_old_land_is_linked_once() -> None:
    first = kit.quota("Q1", 1, ["A"], 10_000, used_e2=5000_00, land_e2=5000_00)
    second = kit.quota("Q2", 1, ["A", "B"], 10_000, seq=2, used_e2=1_00)
    assert linked_elsewhere([first], "Q2", ["A", "B"]) == ("A",)
    assert linked_elsewhere([first], "Q1", ["A"]) == ()
    made = statement(book(YARDS, quotas=[second, first]), [cleared("E1", SPRING, ["A"], A)])
    one, two = made.quotas
    assert (one.released, one.linked_twice, one.over_used_m2, one.uncovered_m2) == (True, (), 0, 0)
    assert (two.verified_m2, two.released, two.linked_twice) == (0, False, ("A",))
    assert (two.over_used_m2, two.uncovered_m2) == (1, 1)


def planned(name: str, outline: object) -> PlannedGreen:
    return PlannedGreen(kit.said(name), name, outline, None, "权属未定")  # type: ignore[arg-type]


def test_m11_overlapping_records_never_realise_more_than_planned() -> None:
    green = [planned("G", box(0, 0, 100, 50))]
    events = [
        cleared("E1", SPRING, ["A"], A),
        passed("E2", SUMMER, ["A"], box(0, 0, 60, 100)),
        passed("E3", SUMMER, ["A"], box(40, 0, 80, 100)),
    ]
    (row,) = statement(book(YARDS, planned_green=green), events).planned_green
    assert row.planned_m2 == 5000
    assert row.realised_m2 == pytest.approx(4000, abs=1e-6)
    events.append(passed("E4", AUTUMN, ["A"], A))
    (row,) = statement(book(YARDS, planned_green=green), events).planned_green
    assert (row.realised_m2, row.unrealised_m2) == (5000, 0)


def test_m12_taken_2_0_ha_added_1_9_is_a_balance_of_minus_0_1_ha() -> None:
    land = [parcel("A", box(0, 0, 190, 100)), parcel("B", box(500, 0, 600, 100), OTHER)]
    taken = {"area_e2": 20_000_00, "class_system": None, "class_code": None, "document": None}
    facts = book(land, registers=[kit.row("green_taken", "T", taken)])
    events = [cleared("E1", SPRING, ["A"], land[0].outline), passed("E2", SUMMER, ["A"], land[0].outline, PARK)]
    made = statement(facts, events)
    unit = next(one for one in made.green_balance if one.level is Level.UNIT and one.code == UNIT)
    assert (unit.taken_m2, unit.added_m2, unit.balance_m2) == (20_000, 19_000, -1000)
    drawn = kit.row("green_taken", "T", taken | {"area_e2": None}, outline=box(0, 0, 10, 10))
    made = statement(replace(facts, registers=(drawn,)), events)
    assert next(one for one in made.green_balance if one.code == UNIT).taken_m2 == 100


def test_m15_a_report_made_again_is_the_same_and_later_facts_are_listed_as_differences() -> None:
    facts = book(YARDS)
    events = [cleared("E1", SPRING, ["A"], A)]
    first = statement(facts, events)
    assert statement(facts, events).rows == first.rows
    again = statement(replace(facts, position=200), [*events, cleared("E0", SPRING, ["B"], B)], earlier=first)
    assert first.rows == statement(facts, events).rows
    changed = {(one.level, one.code, one.figure): (one.before_m2, one.now_m2) for one in again.restated}
    assert changed[Level.CITY, "city", "flow.cleared_m2"] == (10_000, 20_000)
    assert {one.cause for one in again.restated} == {"late"}
    assert {one.code for one in again.restated if one.level is Level.UNIT} == {OTHER}
    assert statement(replace(facts, position=200), events, earlier=first).restated == ()
    newer = kit.asked()
    newer = replace(newer, editions=newer.editions.model_copy(update={"rules": "2027-01"}))
    assert statement(facts, events, newer, earlier=first).edition_changes == {
        "rules": (first.header.editions.rules, "2027-01")
    }


def test_m16_the_share_found_wrong_has_an_interval_and_orders_age() -> None:
    verdicts = ["confirmed"] * 8 + ["not_confirmed", "partly", "not_checked"]
    findings = [
        ThirdPartyFinding(kit.said(f"F{n}", n, on=SUMMER), (f"R{n}",), verdict, None, "随机")
        for n, verdict in enumerate(verdicts)
    ]
    orders = [
        RectificationStep(kit.said("O1", 20, on=SUMMER), "O1", ("R8",), "issued", date(2024, 7, 1)),
        RectificationStep(kit.said("O2", 21, on=SUMMER), "O2", ("R9",), "issued", date(2024, 7, 1)),
        RectificationStep(kit.said("O3", 22, on=AUTUMN), "O2", ("O2",), "closed", None),
    ]
    sample = statement(book(YARDS, findings=findings, rectifications=orders)).sample
    assert sample is not None
    assert (sample.checked, sample.wrong, sample.orders_open, sample.orders_overdue) == (10, 2, 1, 1)
    assert (round(sample.ratio_low, 4), round(sample.ratio_high, 4)) == (0.0567, 0.5098)
    assert interval(10, 10)[1] == 1.0
    assert interval(0, 0) == (0.0, 1.0)


def test_m17_satisfaction_never_touches_an_area() -> None:
    scored = kit.row("satisfaction", "S", {"score_e2": 8_650, "survey": "第三方", "year": 2024})
    plain, made = statement(book(YARDS)), statement(book(YARDS, registers=[scored]))
    assert [(one.unit, one.points) for one in made.scores] == [(UNIT, Fraction("86.5"))]
    assert made.rows == plain.rows


def test_m18_a_transfer_keeps_the_city_total() -> None:
    events = [cleared("E1", SPRING, ["A"], A), passed("E2", SUMMER, ["A"], A)]
    checks = [acceptance("C1", AUTUMN, ["A"], {FOREST: 10_000})]
    agreed = {
        "from_unit": UNIT, "to_unit": kit.THIRD, "measure": "net_reduction", "year": 2024, "area_e2": 3000_00,
        "document": "协议1号",
    }  # fmt: skip
    facts = book(YARDS, checks=checks, registers=[kit.row("transfer", "T", agreed)])
    made = statement(facts, events)
    net = {(row.level, row.code): (row.figures.net.reported_m2, row.net_with_transfers_m2) for row in made.rows}
    assert net[Level.UNIT, UNIT] == (10_000, 7000)
    assert net[Level.UNIT, kit.THIRD] == (0, 3000)
    assert net[Level.DISTRICT, "110105"] == (10_000, 7000)
    assert net[Level.BELT, "G2"] == (0, 3000)
    assert net[Level.CITY, "city"] == (10_000, 10_000)
    for wrong, flaw in (({"to_unit": "XX-NO"}, "unknown_unit"), ({"to_unit": UNIT}, "same_unit")):
        odd = statement(replace(facts, registers=(kit.row("transfer", "T", agreed | wrong),)), events)
        assert [one.flaw for one in odd.transfers] == [flaw]
        assert all(row.figures.net.reported_m2 == row.net_with_transfers_m2 for row in odd.rows)
    assert made.transfers[0].measure is TransferMeasure.NET_REDUCTION


def test_m19_a_step_stays_locked_until_its_condition_is_verified() -> None:
    steps = [kit.quota("Q", 1, ["A"], 4000), kit.quota("Q", 2, ["B"], 12_000), kit.quota("Q", 3, [], 0)]

    def released(*events: LandEvent) -> list[bool]:
        return [one.released for one in statement(book(YARDS, quotas=steps), events).quotas]

    some = cleared("E1", SPRING, ["A"], box(0, 0, 40, 100))
    assert released() == [False, False, False]
    assert released(some) == [True, False, False]
    more = cleared("E2", SPRING, ["B"], B)
    assert released(some, more) == [True, True, True]
    assert released(some, more, built("E3", SUMMER, ["B"], B)) == [True, False, False]
    rubble = kit.event("E2", EventKind.DEMOLITION_NOT_CLEARED, SPRING, ["B"], B)
    assert released(some, rubble) == [True, False, False]


def test_m20_every_figure_is_the_same_number_wherever_it_stands() -> None:
    events = [cleared("E1", SPRING, ["A"], A), passed("E2", SUMMER, ["A"], box(0, 0, 30, 100))]
    made = statement(book(YARDS), events)
    stock = made.row(Level.CITY, "city").figures.stock
    assert sum(row.stock.verified_m2 for row in made.annex) == stock.verified_m2 == 3000
    assert sum(one.area_m2 for one in made.flow_matrix) == stock.area_m2
    assert sum(one.base_m2 for one in made.owners) == stock.base_m2
    restored = [one for one in made.flow_matrix if one.now and one.now.code == FOREST]
    assert [(one.before and one.before.code, one.area_m2) for one in restored] == [("0702", 3000)]


def test_m22_kinds_of_reuse_and_idle_ground_add_up_to_the_cleared_land() -> None:
    def part(number: int) -> shapely.Geometry:
        return box(number * 20, 0, number * 20 + 20, 100)

    used = {"class_system": "third_land_survey", "class_code": "0601", "permit": "许可1", "reuse_kind": "INDUSTRY"}
    rows = [kit.row("reuse", "1", used), kit.row("reuse", "2", used | {"reuse_kind": None})]
    events = [
        cleared("E1", SPRING, ["A"], A),
        passed("E2", SUMMER, ["A"], part(0)),
        passed("E3", SUMMER, ["A"], part(1), PARK),
        kit.event("R-1", EventKind.REUSE, SUMMER, ["A"], part(2), code="0601"),
        kit.event("R-2", EventKind.REUSE, SUMMER, ["A"], part(3), code="0601"),
    ]
    made = statement(book(YARDS, registers=rows), events)
    city = next(one for one in made.reuse if one.level is Level.CITY)
    named = {kind: area for kind, area in city.kinds_m2.items() if area}
    assert named == {ReuseKind.VACATED_GREEN: 2000, ReuseKind.RESERVE_GREEN: 2000, ReuseKind.INDUSTRY: 2000}
    assert (city.unnamed_m2, city.idle_m2, city.cleared_m2) == (2000, 2000, 10_000)


def test_m24_residue_by_type_of_owner_shows_parcels_without_one() -> None:
    land = [parcel("A", A, owner_type="市属国企"), parcel("B", B)]
    events = [cleared("E1", SPRING, ["A"], A), passed("E2", SUMMER, ["A"], box(0, 0, 30, 100))]
    rows = statement(book(land), events).owners
    assert [(one.owner_type, one.parcels, one.residue_m2) for one in rows] == [
        ("市属国企", 1, 7000),
        (None, 1, 10_000),
    ]


def facility(name: str, **more: object) -> RegisterRow:
    fields = {
        "name": None, "facility_class": "HEALTH", "item": None, "condition": None, "village": None, "park": None,
        "target_on": None,
    }  # fmt: skip
    return kit.row("facility", name, fields | more)


def visit(name: str, of: str, condition: str, on: date) -> Version:
    return Version(
        said=kit.said(name),
        record=name,
        kind=InspectionKind.FACILITY,
        parcels=(),
        observed_ms=day_start_ms(on),
        known_ms=None,
        standing=Standing.APPROVED,
        in_force=True,
        facility=of,
        condition=condition,
    )


def test_m27_facilities_by_condition_as_last_seen() -> None:
    rows = [facility("F1", condition="PLANNED", target_on="2024-08-01"), facility("F2")]
    seen = [visit("V1", "F1", "IN_SERVICE", SUMMER), visit("V2", "F1", "DAMAGED", AUTUMN)]
    (status,) = statement(book(YARDS, registers=rows, versions=seen)).facilities
    assert (status.conditions, status.unknown, status.overdue) == ({FacilityCondition.DAMAGED: 1}, 1, 1)
    (status,) = statement(book(YARDS, registers=rows, versions=seen[:1])).facilities
    assert (status.conditions, status.overdue) == ({FacilityCondition.IN_SERVICE: 1}, 0)
    unapproved = [replace(seen[0], in_force=False)]
    (status,) = statement(book(YARDS, registers=rows, versions=unapproved)).facilities
    assert status.conditions == {FacilityCondition.PLANNED: 1}


def test_m30_reclaimed_water_counts_eligible_parks_only() -> None:
    def park(name: str, eligible: bool, used: bool) -> RegisterRow:
        fields = {"name": name, "kind": None, "stage": None, "area_e2": None}
        return kit.row("park", name, fields | {"reclaimed_eligible": eligible, "reclaimed_in_use": used})

    rows = [park("P1", True, True), park("P2", False, True), park("P3", False, False)]
    (made,) = statement(book(YARDS, registers=rows)).reclaimed_water
    assert (made.parks, made.eligible, made.in_use, made.ratio) == (3, 1, 1, 1)
    (made,) = statement(book(YARDS, registers=rows[1:])).reclaimed_water
    assert made.ratio is None


def test_m31_a_village_without_clinic_or_visiting_service_appears() -> None:
    def village(name: str, *services: tuple[str, bool]) -> RegisterRow:
        listed = [{"facility_class": one, "visiting": visiting} for one, visiting in services]
        return kit.row("village", name, {"name": name, "services": listed, "state": None})

    rows = [
        village("V1", ("HEALTH", False)),
        village("V2", ("HEALTH", True)),
        village("V3"),
        village("V4"),
        facility("F1", village="V4", condition="IN_SERVICE"),
        facility("F2", village="V3", condition="PLANNED"),
    ]
    made = statement(book(YARDS, registers=rows)).coverage
    health = next(one for one in made if one.facility_class is FacilityClass.HEALTH)
    assert (health.standing, health.visiting, health.without, health.ratio) == (2, 1, ("V3",), Fraction(3, 4))
    care = next(one for one in made if one.facility_class is FacilityClass.SOCIAL_WELFARE)
    assert care.without == ("V1", "V2", "V3", "V4")


def test_m33_a_target_belongs_to_exactly_one_phase() -> None:
    lines = [target(UNIT, 100), target(OTHER, 200, phase=None)]
    made = statement(book(YARDS, targets=lines))
    assert [(one.phase, one.target_m2, one.targets) for one in made.phases] == [("五年计划", 100, 1)]
    assert [one.unit for one in made.phase_faults] == [OTHER]
    again = [*lines, target(UNIT, 100, phase="两年扫尾", said=kit.said("T2", 5))]
    made = statement(book(YARDS, targets=again))
    assert [(one.phase, one.targets) for one in made.phases] == [("两年扫尾", 1)]
    under = [target("110105", 300), target(UNIT, 100, "110105"), target(OTHER, 200, "110105")]
    assert [one.target_m2 for one in statement(book(YARDS, targets=under)).phases] == [300]


def test_m33_targets_show_what_was_reached_in_their_own_year() -> None:
    events = [cleared("E1", SPRING, ["A"], A), cleared("E2", date(2023, 6, 1), ["B"], B)]
    lines = [
        target("city", 15_000),
        target("G1", 1, measure=Measure.VERIFIED_REDUCTION),
        target(UNIT, 9, year=2023),
        target(OTHER, 9, year=2023),
    ]
    quarter = kit.asked(period=Period(date(2024, 9, 30), date(2024, 12, 31)))
    made = statement(book(YARDS, targets=lines), [*events, passed("E3", SUMMER, ["A"], A)], quarter)
    assert [(one.unit, one.reached_m2, one.open_m2) for one in made.targets] == [
        ("city", 10_000, 5000),
        ("G1", 10_000, -9999),
    ]
    both = statement(book(YARDS, targets=lines), events, kit.asked(period=Period(date(2022, 12, 31), YEAR.until)))
    assert [(one.unit, one.year, one.reached_m2) for one in both.targets if one.year == 2023] == [
        (OTHER, 2023, 10_000),
        (UNIT, 2023, 0),
    ]


def test_m35_a_cost_check_reads_the_figures_of_the_ledger() -> None:
    events = [cleared("E1", SPRING, ["A"], A), passed("E2", SUMMER, ["A"], box(0, 0, 30, 100))]
    made = statement(book(YARDS, projects=[kit.project("J", ["A"])]), events)
    assert made.projects[0].verified_m2 == made.row(Level.UNIT, UNIT).figures.stock.verified_m2 == 3000


def test_an_abolished_township_still_rolls_up_to_its_district() -> None:
    """Domain §2.3: a 2020 record of 南苑乡 in a Fengtai report of 2025; 卢沟桥街道 does not merge with its namesake."""
    land = [parcel("A", A, "FT-NYX"), parcel("B", B, "FT-HXX")]
    events = [cleared("E1", date(2020, 6, 1), ["A", "B"], box(0, 0, 300, 100), unit="FT-NYX")]
    want = kit.asked("district:110106", Period(date(2015, 12, 31), date(2025, 12, 31)))
    made = statement(book(land), events, want)
    assert made.row(Level.DISTRICT, "110106").figures.flow.cleared_m2 == 20_000
    assert made.row(Level.UNIT, "FT-NY").figures.flow.cleared_m2 == 10_000
    assert made.row(Level.UNIT, "FT-HXX").figures.flow.cleared_m2 == 10_000
    assert made.row(Level.UNIT, "FT-HX").figures.flow.cleared_m2 == 0
    assert made.rows[-1].code == "district:110106"
    places = Hierarchy(want.admin, (), date(2025, 12, 31))
    assert places.credited("FT-LGQX") == "FT-LGQX"
    assert len({places.place(one).township for one in ("FT-LGQ", "FT-LLQ")}) == 2


def test_a_district_report_is_the_districts_row_of_the_city_report() -> None:
    land = [*YARDS, parcel("C", box(500, 0, 600, 100), "BDA-LX"), parcel("D", box(700, 0, 800, 100), "XX-NO")]
    whole = box(0, 0, 900, 100)
    events = [cleared("E1", SPRING, ["A", "B", "C", "D"], whole), passed("E2", SUMMER, ["A", "C"], whole)]
    city = statement(book(land), events)
    for code in ("110105", "110115", "110112"):
        own = statement(book(land), events, kit.asked(f"district:{code}"))
        assert own.rows[-1].figures == city.row(Level.DISTRICT, code).figures
    assert city.row(Level.UNIT, "XX-NO").figures.flow.cleared_m2 == 10_000
    assert city.row(Level.DISTRICT, "").figures.flow.cleared_m2 == 10_000
    for level in (Level.UNIT, Level.TOWNSHIP, Level.DISTRICT, Level.BELT):
        own_level = [row.figures for row in city.rows if row.level is level]
        assert sum((one.flow.cleared_m2 for one in own_level), Fraction(0)) == 40_000
