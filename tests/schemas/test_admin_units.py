"""Units through time: names are reused, units end, bodies manage land in several districts (domain §2)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.admin_units import AdminUnits, admin_units, demo_units
from schemas.codes import Belt
from schemas.errors import Code, LedgerError
from schemas.ids import UnitId

BEFORE, AFTER = date(2020, 6, 30), date(2025, 6, 30)
DAYS = st.dates(date(2016, 1, 1), date(2035, 12, 31))
FENGTAI = "district:110106"


def test_sixteen_districts_and_two_bodies_that_are_none() -> None:
    kinds = [area.kind for area in admin_units().areas]
    assert (kinds.count("DISTRICT"), kinds.count("FUNCTIONAL_AREA"), kinds.count("ENTERPRISE")) == (16, 1, 1)
    assert admin_units().area("110106").name == "丰台区"
    assert admin_units().area("BDA").lies_in == ("110115", "110112")


def test_the_units_that_the_plan_names() -> None:
    table = admin_units()
    named = [unit for unit in table.units if unit.plan_lines]
    assert len(named) == 40
    assert [sum(unit.belt is belt for unit in named) for belt in Belt] == [25, 15]
    assert len(table.units_within("district:110105", AFTER)) == 19, "all rural townships of Chaoyang"
    assert table.unit("CY-LGY").stat_code == "110105032"
    assert [unit.unit_id for unit in table.named("来广营地区", AFTER)] == ["CY-LGY"]
    for unit in table.units:
        TypeAdapter(UnitId).validate_python(unit.unit_id)
        assert unit.unit_id.isascii() and not unit.fictional


def test_a_record_of_an_abolished_township_still_rolls_up() -> None:
    """A 2020 record of 南苑乡 counts for 丰台, its belt and the city in a 2025 report (domain §2.3)."""
    table = admin_units()
    (township,) = table.named("南苑乡", BEFORE)
    assert table.named("南苑乡", AFTER) == ()
    assert township.unit_id in table.units_within(FENGTAI, BEFORE)
    for scope in (FENGTAI, "belt:G1", "city"):
        assert township.unit_id not in table.units_within(scope, AFTER)
        assert township.unit_id in table.units_counted(scope, AFTER)
    assert township.unit_id not in table.units_counted("belt:G2", AFTER)
    assert table.units_counted("FT-NY", AFTER) == {"FT-NY", township.unit_id}, "its whole land is the plan's 原南苑乡"


def test_land_that_was_divided_counts_for_the_district_only() -> None:
    table = admin_units()
    assert [unit.unit_id for unit in table.successors("FT-LGQX")] == ["FT-WLD", "FT-LLQ", "FT-LGQ"]
    assert table.units_counted("FT-WLD", AFTER) == {"FT-WLD"}
    assert "FT-LGQX" in table.units_counted(FENGTAI, AFTER)


def test_a_reused_name_does_not_merge_two_subdistricts() -> None:
    table = admin_units()
    (then,) = table.named("卢沟桥街道", BEFORE)
    (now,) = table.named("卢沟桥街道", AFTER)
    assert then.unit_id != now.unit_id
    assert then == table.named("六里桥街道", AFTER)[0], "it goes on under another name"
    assert table.named("六里桥街道", BEFORE) == ()
    assert not now.valid_on(BEFORE) and then.valid_on(AFTER)
    assert then.unit_id not in table.units_counted(now.unit_id, AFTER)


def test_a_renamed_town_stays_one_unit() -> None:
    table = admin_units()
    (town,) = table.named("长辛店镇", BEFORE)
    assert (town,) == table.named("北宫镇", AFTER) == table.named("原长辛店镇", AFTER)
    assert table.named("长辛店镇", AFTER) == ()
    assert (town.name_on(BEFORE), town.name_on(AFTER)) == ("长辛店镇", "北宫镇")


def test_the_day_of_change_belongs_to_the_new() -> None:
    table = admin_units()
    last, first = date(2020, 12, 31), date(2021, 1, 1)
    both = {"FT-NYX", "FT-NY"}
    assert table.units_within("city", last) & both == {"FT-NYX"}
    assert table.units_within("city", first) & both == {"FT-NY"}


def test_a_managing_body_that_is_no_district() -> None:
    table = admin_units()
    managed = table.units_within("district:BDA", AFTER)
    assert managed == {"BDA-LX", "BDA-NHZ"}
    assert set(table.unit("BDA-LX").districts) == {"110115", "110112"}
    assert managed <= table.units_within("district:110115", AFTER)
    assert "BDA-LX" in table.units_within("district:110112", AFTER)
    assert table.unit("BDA-LX").lead_district == "110115"
    assert table.units_within("district:SHOUNONG", AFTER) == {"DX-NJ"}


@given(DAYS)
def test_districts_by_their_lead_make_up_the_city_once(day: date) -> None:
    table = admin_units()
    city = table.units_within("city", day)
    by_lead = [u for area in table.areas for u in city if table.unit(u).lead_district == area.code]
    assert sorted(by_lead) == sorted(city)
    belts = [table.units_within(f"belt:{belt}", day) for belt in Belt]
    assert not belts[0] & belts[1] and belts[0] | belts[1] <= city


@given(DAYS, st.sampled_from(["city", "belt:G1", "belt:G2", FENGTAI, "district:BDA", "FT-NY", "FT-LGQ"]))
def test_what_counts_never_shrinks_and_contains_what_is_valid(day: date, scope: str) -> None:
    table = admin_units()
    counted = table.units_counted(scope, day)
    assert table.units_within(scope, day) <= counted
    assert counted <= table.units_counted(scope, date(2036, 1, 1))
    assert all(table.unit(unit_id).valid_from <= day for unit_id in counted)


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ("XX-YY", Code.UNIT_UNKNOWN),
        ("", Code.UNIT_UNKNOWN),
        ("district:999999", Code.CODE_UNKNOWN),
        ("district:", Code.CODE_UNKNOWN),
        ("belt:G3", Code.CODE_UNKNOWN),
        ("ward:110105", Code.CODE_UNKNOWN),
        ("city:110105", Code.CODE_UNKNOWN),
    ],
)
def test_unknown_scopes_are_refused(scope: str, code: Code) -> None:
    for ask in (admin_units().units_within, admin_units().units_counted):
        with pytest.raises(LedgerError) as error:
            ask(scope, AFTER)
        assert error.value.code is code


@pytest.mark.parametrize("load", [admin_units, demo_units])
def test_an_unknown_edition_is_refused(load: Any) -> None:
    with pytest.raises(LedgerError) as error:
        load("2020-01")
    assert error.value.code is Code.EDITION_UNKNOWN


def test_demo_units_are_fictional_and_say_so() -> None:
    real, demo = admin_units(), demo_units()
    assert demo.status == "fictional" and len(demo.units) >= 5
    for unit in demo.units:
        assert unit.fictional and unit.name_on(AFTER).endswith("（虚构）")
        assert all(demo.area(code).name.endswith("（虚构）") for code in unit.districts)
    joined = real.joined(demo)
    assert (joined.edition, joined.status) == ("2026-11+demo_units.2026-11", "fictional")
    assert joined.units_within("city", AFTER) == real.units_within("city", AFTER) | demo.units_within("city", AFTER)
    assert joined.units_within("district:11019X", AFTER) == demo.units_within("city", AFTER)
    with pytest.raises(ValidationError):
        joined.joined(demo)


@pytest.mark.parametrize(
    "fault",
    [
        {"districts": ["110199"]},
        {"managing_body": "NOBODY"},
        {"predecessors": [{"unit_id": "XX-YY", "whole": True}]},
        {"valid_from": "2021-01-01", "valid_to": "2021-01-01"},
        {"unit_id": "cy-cy"},
        {"districts": []},
        {"names": []},
    ],
)
def test_a_table_that_contradicts_itself_is_refused(fault: dict[str, Any]) -> None:
    document = json.loads(admin_units().model_dump_json())
    document["units"][0] |= fault
    with pytest.raises(ValidationError):
        AdminUnits.model_validate_json(json.dumps(document))
