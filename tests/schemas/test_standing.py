"""Where a record stands: the cases of the design as tables, and that order of arrival changes nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.entries import Kind
from schemas.standing import Fact, Standing, stand


def inspection(name: str, on: str | None = None) -> Fact:
    return Fact(name, Kind.INSPECTION, ("P",), on)


def review(name: str, about: str, on: str, outcome: str) -> Fact:
    return Fact(name, Kind.REVIEW, (about,), on, outcome)


def withdrawal(name: str, about: str, on: str) -> Fact:
    return Fact(name, Kind.WITHDRAWAL, (about,), on)


def choice(name: str, on: str, *aside: str) -> Fact:
    return Fact(name, Kind.RESOLUTION, (on, *aside), on, "corrected", aside)


V1 = inspection("v1")
CASES = {
    "just recorded": ([V1], Standing.SUBMITTED, None),
    "approved": ([V1, review("r", "v1", "v1", "approve")], Standing.APPROVED, "v1"),
    "returned": ([V1, review("r", "v1", "v1", "return")], Standing.RETURNED, None),
    "rejected": ([V1, review("r", "v1", "v1", "reject")], Standing.REJECTED, None),
    "resubmitted after a return": (
        [V1, review("r", "v1", "v1", "return"), inspection("v2", "r")],
        Standing.SUBMITTED,
        None,
    ),
    "approved at the second try": (
        [V1, review("r", "v1", "v1", "return"), inspection("v2", "r"), review("s", "v2", "v2", "approve")],
        Standing.APPROVED,
        "v2",
    ),
    "an approved version stays in force while its revision waits": (
        [V1, review("r", "v1", "v1", "approve"), inspection("v2", "r")],
        Standing.SUBMITTED,
        "v1",
    ),
    "an approved version stays in force when its revision is rejected": (
        [V1, review("r", "v1", "v1", "approve"), inspection("v2", "r"), review("s", "v2", "v2", "reject")],
        Standing.REJECTED,
        "v1",
    ),
    "withdrawn": (
        [V1, review("r", "v1", "v1", "approve"), withdrawal("w", "v1", "r")],
        Standing.WITHDRAWN,
        None,
    ),
    "two revisions are a branch": ([V1, inspection("v2", "v1"), inspection("v3", "v1")], Standing.BRANCH, None),
    "two reviews are a branch": (
        [V1, review("r", "v1", "v1", "approve"), review("s", "v1", "v1", "reject")],
        Standing.BRANCH,
        None,
    ),
    "a withdrawal against an approval is a branch": (
        [V1, review("r", "v1", "v1", "approve"), withdrawal("w", "v1", "v1")],
        Standing.BRANCH,
        None,
    ),
    "a branch of what was approved takes it out of force": (
        [V1, review("r", "v1", "v1", "approve"), inspection("v2", "r"), inspection("v3", "r")],
        Standing.BRANCH,
        None,
    ),
    "a person chose": (
        [V1, inspection("v2", "v1"), inspection("v3", "v1"), choice("c", "v2", "v3")],
        Standing.SUBMITTED,
        None,
    ),
    "a person chose and the township approved": (
        [
            V1,
            inspection("v2", "v1"),
            inspection("v3", "v1"),
            choice("c", "v2", "v3"),
            review("r", "v2", "c", "approve"),
        ],
        Standing.APPROVED,
        "v2",
    ),
    "what was set aside and goes on is a branch again": (
        [V1, inspection("v2", "v1"), inspection("v3", "v1"), choice("c", "v2", "v3"), inspection("v4", "v3")],
        Standing.BRANCH,
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_of_the_design(name: str) -> None:
    facts, standing, in_force = CASES[name]
    record = stand(facts)["v1"]
    assert (record.standing, record.in_force) == (standing, in_force)


def test_versions_say_what_became_of_each() -> None:
    facts = [V1, review("r", "v1", "v1", "approve"), inspection("v2", "r"), review("s", "v2", "v2", "approve")]
    assert dict(stand(facts)["v1"].versions) == {"v1": Standing.SUPERSEDED, "v2": Standing.APPROVED}


def test_a_lost_predecessor_starts_a_record_of_its_own() -> None:
    assert stand([inspection("v2", "lost")])["v2"].standing == Standing.SUBMITTED


@given(st.data())
def test_order_and_doubles_change_nothing(data: st.DataObject) -> None:
    facts = _grow(data)
    expected = stand(facts)
    shuffled = facts + facts[: len(facts) // 2]
    random.Random(data.draw(st.integers(0, 2**32))).shuffle(shuffled)
    assert stand(shuffled) == expected


@given(st.data())
def test_a_branch_is_exactly_more_than_one_head(data: st.DataObject) -> None:
    for record in stand(_grow(data)).values():
        assert (record.standing == Standing.BRANCH) == (len(record.heads) > 1)
        assert record.standing != Standing.BRANCH or record.in_force is None


def _grow(data: st.DataObject) -> list[Fact]:
    """A random thread: each further entry supersedes any earlier one."""
    facts = [V1]
    for number in range(data.draw(st.integers(0, 8))):
        on = data.draw(st.sampled_from(facts))
        versions = [fact.id for fact in facts if fact.kind == Kind.INSPECTION]
        about = data.draw(st.sampled_from(versions))
        kind = data.draw(st.sampled_from(["inspection", "approve", "return", "reject", "withdraw", "choose"]))
        name = f"e{number}"
        if kind == "inspection":
            facts.append(inspection(name, on.id))
        elif kind == "withdraw":
            facts.append(withdrawal(name, about, on.id))
        elif kind == "choose":
            aside = data.draw(st.lists(st.sampled_from([fact.id for fact in facts]), max_size=2, unique=True))
            facts.append(choice(name, on.id, *(head for head in aside if head != on.id)))
        else:
            facts.append(review(name, about, on.id, kind))
    return facts
