"""Who counts (rules §2): one diary a rule, and the force that its events come out with."""

from __future__ import annotations

from datetime import date

import pytest
import shapely

from schemas.codes import Discrepancy
from schemas.rules import rules
from sync.ledger.book.builder import read_book
from sync.ledger.book.entered import Terms
from sync.ledger.book.judgement import NOWHERE, judge_book
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.events import EventKind, Force, LandEvent
from tests.ledger.diary import DAY_MS, NOW_MS, Diary, box, photo

YARD = box(0, 0, 50, 50)
"""Some 43 m × 55 m, 2,370 m²."""
HUGE = box(0, 0, 200, 200)
"""Some 38,000 m²: above the limit of adverse facts."""


def judged(diary: Diary, held: frozenset[tuple[str, Discrepancy]] = frozenset()) -> dict[str, LandEvent]:
    terms = Terms(rules().values, ClassTable.of(), held)
    events = judge_book(read_book(diary.lines), terms)
    assert len({event.id for event in events}) == len(events)
    return {event.id: event for event in events}


def test_submitted_returned_and_rejected_act_adversely_only() -> None:
    d = Diary()
    submitted, returned, rejected, approved = (d.demolition(["甲"], YARD) for _ in range(4))
    d.review(returned, "return")
    d.review(rejected, "reject")
    d.review(approved)
    events = judged(d)
    assert [events[one].force for one in (submitted, returned, rejected)] == [Force.ADVERSE] * 3
    assert events[approved].force is Force.FULL
    assert [events[one].decided for one in (submitted, returned, rejected, approved)] == [False, True, True, True]
    assert events[submitted].units == {"U1"}


def test_photos_on_the_way_keep_an_approved_record_out_of_force() -> None:
    d = Diary()
    one = d.demolition(["甲"], YARD, photos=[photo(1)])
    d.review(one)
    assert judged(d)[one].force is Force.ADVERSE
    d.evidence(one)
    assert judged(d)[one].force is Force.FULL


@pytest.mark.parametrize(
    ("source", "force"), [("DRAWN", Force.HELD), ("GNSS_WALK", Force.HELD), ("LEDGER", Force.FULL)]
)
def test_an_area_source_that_is_not_admitted_holds(source: str, force: Force) -> None:
    d = Diary()
    one = d.demolition(["甲"], YARD, source=source)
    d.review(one)
    assert judged(d)[one].force is force


def test_an_open_blocking_discrepancy_holds_the_record_that_it_names() -> None:
    d = Diary()
    one, two = d.demolition(["甲"], YARD), d.demolition(["甲"], YARD)
    d.review(one)
    d.review(two)
    events = judged(d, frozenset({(one, Discrepancy.D04)}))
    assert (events[one].force, events[two].force) == (Force.HELD, Force.FULL)


def test_on_a_branch_all_versions_act_adversely_and_none_counts() -> None:
    d = Diary()
    one = d.demolition(["甲"], YARD)
    back = d.review(one, "return")
    left = d.demolition(["甲"], YARD, supersedes=back)
    right = d.demolition(["甲"], YARD, supersedes=back)
    d.review(left)
    events = judged(d)
    assert {events[version].force for version in (one, left, right)} == {Force.ADVERSE}
    assert sum(not event.decided for event in events.values()) == 1


@pytest.mark.parametrize(
    ("known", "observed", "received", "at"),
    [(100, 150, 200, 150), (100, 50, 200, 100), (100, 250, 200, 200), (None, 50, 200, 50), (None, 250, 200, 200)],
)
def test_the_time_is_clipped_into_what_the_log_proves(known: int | None, observed: int, received: int, at: int) -> None:
    d = Diary()
    one = d.sighting(
        YARD,
        observed_ms=NOW_MS + observed,
        received_ms=NOW_MS + received,
        known_ms=None if known is None else NOW_MS + known,
    )
    assert judged(d)[one].at_ms == NOW_MS + at


def test_a_check_inside_the_waiting_period_is_works_done() -> None:
    d = Diary()
    days = rules().values.waiting_period_days
    received = NOW_MS + 400 * DAY_MS
    seen_on = date(1970, 1, 1).toordinal() + (received - 1000 + 8 * 3_600_000) // DAY_MS
    last, first = (date.fromordinal(seen_on - days + more).isoformat() for more in (0, 1))
    early = d.regreening(["甲"], YARD, planted_on=first, received_ms=received)
    in_time = d.regreening(["甲"], YARD, planted_on=last, received_ms=received)
    open_ = d.regreening(["甲"], YARD, received_ms=received)
    events = judged(d)
    assert [(events[one].kind, events[one].early) for one in (early, in_time, open_)] == [
        (EventKind.WORKS_DONE, True),
        (EventKind.REGREENING_PASSED, False),
        (EventKind.REGREENING_PASSED, False),
    ]


def test_a_withdrawal_ends_no_adverse_fact() -> None:
    d = Diary()
    seen, failed, claim, by_district = (
        d.sighting(YARD), d.regreening(["甲"], YARD, outcome="failed"), d.demolition(["甲"], YARD, cleared=False),
        d.demolition(["甲"], YARD),
    )  # fmt: skip
    for one in (seen, failed, by_district):
        d.withdraw(one, author="dist-1")
    d.withdraw(claim)
    events = judged(d)
    assert [events[one].force for one in (seen, failed, claim)] == [Force.ADVERSE] * 3
    assert events[by_district].force is Force.NONE


def test_once_approved_or_upheld_an_event_is_no_longer_bound() -> None:
    d = Diary()
    once, upheld, never = d.sighting(HUGE), d.sighting(HUGE), d.sighting(HUGE)
    approval = d.review(once)
    d.review(once, "reject", after=approval)
    d.resolve([upheld], "upheld")
    events = judged(d)
    assert [events[one].units for one in (once, upheld, never)] == [None, None, NOWHERE]
    assert {events[one].force for one in (once, upheld, never)} == {Force.ADVERSE}


def test_the_limit_is_over_the_whole_outline_and_binds_adverse_facts_alone() -> None:
    d = Diary()
    large = d.sighting(HUGE)
    small = d.sighting(YARD)
    claim = d.demolition(["甲"], HUGE)
    events = judged(d)
    assert (events[large].units, events[small].units, events[claim].units) == (NOWHERE, {"U1"}, {"U1"})


def test_only_the_district_ends_an_adverse_move_and_not_by_its_own_hand() -> None:
    d = Diary()
    one, own, reviewed = d.sighting(YARD), d.sighting(YARD, author="dist-9"), d.sighting(YARD)
    d.review(reviewed, "reject", author="dist-9")
    for entry in (one, own, reviewed):
        d.resolve([entry], "dismissed")
    events = judged(d)
    assert (events[one].force, events[own].force, events[reviewed].force) == (Force.NONE, Force.ADVERSE, Force.ADVERSE)


def test_dismissing_a_discrepancy_of_a_record_leaves_the_record_as_it_is() -> None:
    d = Diary()
    claim, seen = d.demolition(["甲"], YARD), d.sighting(YARD)
    d.review(claim)
    d.resolve([claim], "dismissed", code="D04")
    d.resolve([seen], "dismissed", code="D04")
    events = judged(d)
    assert (events[claim].force, events[seen].force) == (Force.FULL, Force.ADVERSE)


def _revised(old: dict[str, object], new: dict[str, object], **more: object) -> tuple[Diary, str, str]:
    d = Diary()
    first = d.sighting(old)
    back = d.review(first, "return")
    second = d.sighting(new, supersedes=back, **more)
    d.review(second)
    return d, first, second


def test_an_approved_revision_replaces_what_it_supersedes() -> None:
    d, first, second = _revised(YARD, box(0, 0, 60, 50))
    events = judged(d)
    assert (events[first].force, events[second].force) == (Force.NONE, Force.FULL)


def test_a_revision_that_is_not_approved_yet_replaces_nothing() -> None:
    d = Diary()
    first = d.sighting(YARD)
    d.sighting(box(0, 0, 10, 10), supersedes=first)
    assert judged(d)[first].force is Force.ADVERSE


@pytest.mark.parametrize(
    ("new", "force"),
    [
        (box(0, 0, 50, 49), Force.ADVERSE),
        (box(0, 0, 50, 50), Force.NONE),
        (box(5, 0, 55, 50), Force.ADVERSE),
    ],
)
def test_a_revision_that_shrinks_an_adverse_fact_needs_the_district(new: dict[str, object], force: Force) -> None:
    d, first, _ = _revised(YARD, new)
    assert judged(d)[first].force is force
    d.resolve([first], "corrected")
    assert judged(d)[first].force is Force.NONE


def test_a_revision_may_not_move_an_adverse_fact_back_before_the_clearing() -> None:
    d, first, _ = _revised(YARD, YARD, observed_ms=NOW_MS - DAY_MS)
    assert judged(d)[first].force is Force.ADVERSE


def test_a_sighting_revised_into_a_claim_stays() -> None:
    d = Diary()
    first = d.sighting(YARD)
    second = d.demolition(["甲"], YARD, supersedes=first)
    d.review(second)
    assert judged(d)[first].force is Force.ADVERSE


def test_what_a_third_party_records_is_in_force_on_arrival() -> None:
    d = Diary()
    one = d.sighting(YARD, author="third-1")
    assert judged(d)[one].force is Force.FULL


def test_all_of_a_parcel_freed_needs_no_outline_of_its_own() -> None:
    d = Diary()
    d.parcel("甲", YARD)
    one, none = d.demolition(["甲"], None, freed="all"), d.demolition(["甲"], None, freed="none")
    d.review(one)
    events = judged(d)
    assert shapely.equals(events[one].outline, read_book(d.lines).parcels[0].outline)
    assert events[one].force is Force.FULL and events[none].kind is EventKind.NO_LAND


def test_of_reuse_rows_the_last_counts_until_it_is_dismissed() -> None:
    d = Diary()
    d.reuse("R1", ["甲"], YARD)
    last = d.reuse("R1", ["甲"], box(0, 0, 10, 10))
    (event,) = judged(d).values()
    assert (event.id, event.kind, event.force) == (last, EventKind.REUSE, Force.FULL)
    d.resolve([last], "dismissed")
    assert judged(d) == {}
