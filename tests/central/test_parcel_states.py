"""Parcel states: computed from the log, numbered for whoever asks again, scoped to units, dropped and made again."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from sqlalchemy import delete, select

from schemas.protocol import PROTOCOL, DeskEntry, ParcelState, ParcelStatesAnswer
from schemas.roles import Role
from sync.central import desk as desk_entries
from sync.central.central import Caller, Central
from sync.central.ledger_state import LedgerState
from sync.central.sessions import desk_token
from sync.central.tables import parcel_states, parcel_states_head
from sync.ledger.reconcile import Reconciliation
from tests.central.kit import HJ, LS, NOW_MS, account, desk, enrolled, inspection, review
from tests.ledger.diary import box
from tests.service import served


def _parcel(name: str, x: int) -> dict[str, Any]:
    part = {
        "class_system": "third_land_survey", "class_code": "0601", "geometry": None, "initial_state": None,
        "initial_class": None, "as_of": None, "document": None,
    }  # fmt: skip
    return {
        "ledger_no": name, "name": None, "geometry": box(x, 0, x + 100, 100), "baseline": [part],
        "baseline_on": "2020-12-31", "planned_land_area_e2": None, "planned_class": None, "owner_type": None,
        "project": None, "valid_from": "2021-01-01", "valid_to": None,
    }  # fmt: skip


def _said(kind: str, body: dict[str, Any], about: list[str], *, unit: str = LS, after: str | None = None) -> DeskEntry:
    return DeskEntry(
        protocol=PROTOCOL, kind=kind, schema=1, unit=unit, about=about, supersedes=after, observed_at=None, body=body
    )


def _list_parcels(central: Central, office: Caller, *names: str, unit: str = LS, x: int = 0) -> None:
    desk_entries.append(
        central,
        office,
        [_said("parcel", _parcel(name, x + 200 * n), [name], unit=unit) for n, name in enumerate(names)],
    )


def _cleared(x: int = 0, width: int = 50, **more: Any) -> dict[str, Any]:
    return inspection(footprint=box(x, 0, x + width, 100), area_source="SURVEYED", **more)


def _one(ledger: LedgerState, caller: Caller, parcel: str) -> ParcelState:
    return next(state for state in ledger.states(caller, 0).states if state.parcel == parcel)


def test_a_parcel_goes_its_way(central: Central) -> None:
    office = desk(central, account(central, "office", Role.DISTRICT, LS, HJ))
    boss = desk(central, account(central, "boss", Role.SUPERVISOR, LS))
    hand, ledger = enrolled(central), LedgerState(central)
    _list_parcels(central, office, "甲")
    listed = _one(ledger, office, "甲")
    assert listed.next_step.code == "demolish" and listed.remaining_e2 == listed.base_e2 == listed.area_e2 > 0
    assert listed.states_e2["baseline"] == listed.area_e2 and listed.remaining is not None

    seen = hand.entry(body=_cleared(), about=["甲"])
    assert hand.one(central, seen).status == "accepted"
    assert _one(ledger, office, "甲").pending_e2 == 0  # not reviewed yet
    desk_entries.append(central, boss, [_said("review", review(), [seen["id"]], after=seen["id"])])
    held = _one(ledger, office, "甲")
    (missing,) = [one for one in held.discrepancies if one.code == "D13"]  # no photos: the claim is held
    assert missing.entries == [seen["id"]] and missing.text.zh and missing.text.en
    assert held.pending_e2 == 0 and held.next_step.code == "resolve"
    closing = {"discrepancy": "D13", "outcome": "explained", "reason": "现场核实", "document": None, "set_aside": []}
    judge = desk(central, account(central, "judge", Role.DISTRICT, LS))
    desk_entries.append(central, judge, [_said("resolution", closing, [seen["id"]])])
    freed = _one(ledger, office, "甲")
    assert freed.pending_e2 > 0 == freed.held_e2 and freed.next_step.code == "restore"
    assert freed.remaining_e2 == freed.base_e2 and freed.number > held.number > listed.number


def test_a_sighting_shows_at_once_and_says_so(central: Central) -> None:
    office = desk(central, account(central, "office", Role.DISTRICT, LS))
    hand, ledger = enrolled(central), LedgerState(central)
    _list_parcels(central, office, "甲")
    before = ledger.states(office, 0)
    sighting = _cleared(facts={"type": "new_build_sighting", "first_seen_on": None})
    hand.one(central, hand.entry(body=sighting, about=["甲"]))
    after = ledger.states(office, before.scanned_to)
    (state,) = after.states
    assert state.states_e2["built"] > 0 and state.next_step.code == "look_again"
    assert "疑似新增建设" in state.next_step.text.zh and "违建" not in state.next_step.text.zh
    assert after.log_position > before.log_position


def test_pages_and_numbers_bring_each_change_once(central: Central) -> None:
    office = desk(central, account(central, "office", Role.DISTRICT, LS))
    ledger = LedgerState(central)
    names = [f"图斑-{n}" for n in range(7)]
    _list_parcels(central, office, *names)
    got: list[str] = []
    after, more = 0, True
    while more:
        answer = ledger.states(office, after, 3)
        assert len(answer.states) <= 3
        got.extend(state.parcel for state in answer.states)
        after, more = answer.scanned_to, answer.more
    assert sorted(got) == names
    assert ledger.states(office, after).states == []
    _list_parcels(central, office, "图斑-3", x=1)
    assert [state.parcel for state in ledger.states(office, after).states] == ["图斑-3"]


def test_units_see_their_own(central: Central) -> None:
    office = desk(central, account(central, "office", Role.DISTRICT, LS, HJ))
    insp = desk(central, account(central, "insp-a", Role.INSPECTOR, LS))
    other = desk(central, account(central, "insp-b", Role.INSPECTOR, HJ))
    ledger = LedgerState(central)
    _list_parcels(central, office, "甲")
    _list_parcels(central, office, "乙", unit=HJ, x=500)
    assert [state.parcel for state in ledger.states(insp, 0).states] == ["甲"]
    assert [state.parcel for state in ledger.states(other, 0).states] == ["乙"]
    # a parcel that goes over to another unit leaves the first one, and says so there
    seen = ledger.states(insp, 0).scanned_to
    _list_parcels(central, office, "甲", unit=HJ)
    (left,) = ledger.states(insp, seen).states
    assert (left.parcel, left.listed, left.next_step.code) == ("甲", False, "not_listed")
    assert {state.parcel for state in ledger.states(other, 0).states} == {"甲", "乙"}


def test_dropped_and_computed_again_they_are_the_same(central: Central) -> None:
    office = desk(central, account(central, "office", Role.DISTRICT, LS))
    hand, ledger = enrolled(central), LedgerState(central)
    _list_parcels(central, office, "甲", "乙")
    hand.one(central, hand.entry(body=_cleared(), about=["甲"]))
    first = ledger.states(office, 0)
    with central.store.write() as connection:
        connection.execute(delete(parcel_states))
        connection.execute(delete(parcel_states_head))
    ledger.rebuild()
    again = ledger.states(office, 0)
    assert _bare(again) == _bare(first)
    # another process, or the next start, writes nothing that has not changed
    assert LedgerState(central).states(office, 0) == again
    with central.store.read() as connection:
        assert len(connection.execute(select(parcel_states)).all()) == 2


def _bare(answer: ParcelStatesAnswer) -> list[dict[str, Any]]:
    return sorted((state.model_dump(exclude={"number"}) for state in answer.states), key=lambda one: str(one["parcel"]))


def test_over_http(central: Central) -> None:
    office = desk(central, account(central, "office", Role.DISTRICT, LS))
    _list_parcels(central, office, "甲")
    token = desk_token(central, "office", "password", 600)
    with served(central) as service:
        there = f"{service.url}/v1/parcel-states?after=0"
        answer = requests.get(there, headers={"authorization": f"Bearer {token}"}, timeout=30)
    read = ParcelStatesAnswer.model_validate_json(answer.content)
    assert [state.parcel for state in read.states] == ["甲"]
    assert {"rules", "counting_rule", "admin_units"} <= read.editions.keys() and read.at_ms == NOW_MS


def test_a_ledger_that_stopped_half_way_begins_anew(central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    office = desk(central, account(central, "office", Role.DISTRICT, LS))
    ledger = LedgerState(central)
    _list_parcels(central, office, "甲")
    with monkeypatch.context() as broken:
        broken.setattr(Reconciliation, "_compute", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ledger.states(office, 0)
    assert [state.parcel for state in ledger.states(office, 0).states] == ["甲"]
