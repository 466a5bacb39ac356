"""Every form of the library, case by case: answers → relevance, verdicts, what the ledger gets."""

from __future__ import annotations

import pytest

from forms.ledger_fields import Captured, ledger_record
from schemas.errors import Code, LedgerError
from tests.forms.library.case_tables import Case, Step, all_cases, play, read_cases
from tests.forms.library.kit import FORMS, begin, captured, version


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.form}: {case.title}") for case in all_cases(FORMS)])
def test_case(case: Case) -> None:
    play(case)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_cases_that_reach_the_ledger(form: str) -> None:
    cases = read_cases(form)
    assert len(cases) >= 2
    assert any(step.do == "ledger" for case in cases for step in case.steps)


def test_an_ordinary_demolition_is_short() -> None:
    """In the rain: what a person must choose or type, photos apart, when the whole parcel was cleared."""
    whole = read_cases("demolition")[0]
    assert sum(step.do == "answer" for step in whole.steps) <= 8


def test_the_last_value_stands_there_the_next_time() -> None:
    entry = begin("regreening", {"parcel": "P-1"})
    assert entry.value("/data/work/plot/plot_m2") == ""
    saved = "<data xmlns='http://www.w3.org/2002/xforms'><work><plot><plot_m2>25</plot_m2></plot></work></data>"
    again = begin("regreening", {"parcel": "P-1"}, last_saved=saved)
    assert float(again.value("/data/work/plot/plot_m2")) == 25


def test_a_regreening_of_the_whole_parcel_needs_its_outline() -> None:
    """Without an outline the ledger would move nothing, and nobody would be told."""
    entry = begin("regreening", {"parcel": "P-1"})
    for name, value in (
        ("outcome", "works_done"),
        ("soil/soil_depth_cm", "5"),
        ("soil/ground_proof", "pit"),
        ("extent", "all"),
    ):
        assert entry.answer(f"/data/work/{name}", value).ok
    for place in entry.places():
        if place.control is not None and place.control.kind == "upload":
            assert entry.answer(place.ref, "1.jpg").ok
    assert ledger_record(entry, version("regreening"), captured()).body.model_dump()["area_source"] == "LEDGER"
    with pytest.raises(LedgerError) as caught:
        ledger_record(entry, version("regreening"), Captured(photos=captured().photos))
    assert caught.value.code is Code.FORM_FIELD_MISSING


def test_a_photo_that_the_camera_does_not_know_is_refused() -> None:
    entry = begin("greenhouse", {"parcel": "P-2"})
    for name, value in (("greenhouses", "1"), ("opaque_wall", "no"), ("hardening", "no"), ("rubble_left", "no"),
                        ("greenhouse_use", "idle"), ("photos[1]/photo", "77.jpg")):  # fmt: skip
        assert entry.answer(f"/data/work/{name}", value).ok
    with pytest.raises(LedgerError) as caught:
        ledger_record(entry, version("greenhouse"), captured())
    assert caught.value.code is Code.FORM_ANSWER_INVALID


def test_a_wrong_expectation_is_seen() -> None:
    """The player can fail: verdict, relevance, value, text and body."""
    visit = {"parcel": "P-1"}
    for step in (
        Step(1, "answer", "parcel", "X-9", "ok"),
        Step(1, "answer", "parcel", "X-9", "constraint 别的话"),
        Step(1, "asked", "state_before", "", "no"),
        Step(1, "value", "parcel_area_m2", "", "1"),
        Step(1, "label", "parcel", "", "别的话"),
        Step(1, "finish", "", "", "ok"),
    ):
        with pytest.raises(AssertionError):
            play(Case("demolition", "wrong", visit, (step,)))
