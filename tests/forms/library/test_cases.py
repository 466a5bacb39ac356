"""Every form of the library, case by case: answers → relevance, verdicts, what the ledger gets."""

from __future__ import annotations

import pytest

from tests.forms.library.case_tables import Case, Step, all_cases, play, read_cases
from tests.forms.library.kit import FORMS


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.form}: {case.title}") for case in all_cases(FORMS)])
def test_case(case: Case) -> None:
    play(case)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_cases_that_reach_the_ledger(form: str) -> None:
    cases = read_cases(form)
    assert len(cases) >= 2
    assert any(step.do == "ledger" for case in cases for step in case.steps)


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
