"""Resolutions: what closes a finding, what does not, what opens it again, and what an open one stops."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.codes import Discrepancy
from sync.ledger.discrepancies.counting import count, total
from sync.ledger.discrepancies.settling import Bench, State, holding, settle, stopped_documents
from sync.ledger.discrepancies.table import before_fold
from tests.ledger.discrepancies.kit import NOW, Ledger, asked_of, changed, findings_of, ms

D = Discrepancy
OUTSIDE = (90, 0, 150, 40)


def state(ledger: Ledger, code: Discrepancy) -> State:
    book = ledger.book()
    (one,) = [one for one in settle(findings_of(book), Bench.of_book(book)) if one.finding.code is code]
    return one.state


def outside() -> Ledger:
    return Ledger().parcel().record("R1", OUTSIDE)


@pytest.mark.parametrize("outcome", ["upheld", "explained", "corrected", "dismissed"])
def test_the_district_closes(outcome: str) -> None:
    assert state(outside(), D.D04) is State.OPEN
    assert state(outside().resolve(D.D04, "R1", outcome=outcome), D.D04) == outcome


@pytest.mark.parametrize(
    ("code", "about", "more"),
    [
        (D.D03, ("R1",), {}),
        (D.D04, ("R2",), {}),
        (D.D04, ("P1",), {}),
        (D.D04, ("R1", "P2"), {}),
        (D.D04, ("R1",), {"author": "li"}),
        (D.D04, ("R1",), {"author": "wang"}),
        (D.D04, ("R1",), {"role": "supervisor"}),
        (D.D04, ("R1",), {"role": "city"}),
    ],
)
def test_what_does_not_close(code: Discrepancy, about: tuple[str, ...], more: dict[str, Any]) -> None:
    assert state(outside().resolve(code, *about, **more), D.D04) is State.OPEN


def test_nor_does_who_made_or_reviewed_another_version() -> None:
    ledger = outside().record("R1b", OUTSIDE, approved=False, author="sun", supersedes="R1")
    changed(ledger, "R1b", record="R1")
    ledger.resolve(D.D04, "R1", "R1b", author="sun")
    book = ledger.book()
    states = {one.state for one in settle(findings_of(book), Bench.of_book(book)) if one.finding.code is D.D04}
    assert states == {State.OPEN}


def test_a_finding_named_by_its_id() -> None:
    ledger = outside()
    (one,) = [one for one in findings_of(ledger) if one.code is D.D04]
    assert state(ledger.resolve(D.D04, one.id), D.D04) is State.EXPLAINED


def test_the_last_answer_holds() -> None:
    ledger = outside().resolve(D.D04, "R1", outcome="explained").resolve(D.D04, "R1", outcome="upheld")
    assert state(ledger, D.D04) is State.UPHELD


def test_another_entry_in_the_cause_opens_it_again() -> None:
    ledger = Ledger().parcel().record("R1").record("R2", day="2025-03-05T10:00", unit="U2")
    ledger.resolve(D.D02, "R1", "R2")
    assert state(ledger, D.D02) is State.EXPLAINED
    ledger.record("R0", day="2025-02-01T10:00", unit="U3")
    book = ledger.book()
    found = [one for one in settle(findings_of(book), Bench.of_book(book)) if one.finding.code is D.D02]
    assert [(one.finding.entries, one.state) for one in found] == [
        (("R0", "R1"), State.OPEN),
        (("R0", "R1", "R2"), State.OPEN),
    ]


def test_more_ground_of_the_same_entries_stays_answered() -> None:
    ledger = Ledger().parcel().record("R1").sighting("N1", (0, 0, 20, 20), "2025-05-01T10:00")
    ledger.resolve(D.D18, "N1")
    assert state(ledger, D.D18) is State.EXPLAINED


def test_parcels_named_narrow_an_answer() -> None:
    ledger = (
        Ledger().parcel().parcel("P2", (100, 0, 200, 80)).record("R1").record("R2", (100, 0, 160, 40), parcels=("P2",))
    )
    ledger.sighting("N1", (50, 0, 110, 20), "2025-05-01T10:00", parcels=("P1", "P2")).resolve(D.D18, "N1", "P1")
    book = ledger.book()
    found = [one for one in settle(findings_of(book), Bench.of_book(book)) if one.finding.code is D.D18]
    assert [(one.finding.parcels, one.state) for one in found] == [
        (("P1",), State.EXPLAINED),
        (("P2",), State.OPEN),
    ]


def test_a_finding_without_entries_is_answered_through_its_parcel() -> None:
    ledger = Ledger().parcel(code="1202").resolve(D.D17, "P1")
    assert state(ledger, D.D17) is State.EXPLAINED


def held(ledger: Ledger) -> set[tuple[str, Discrepancy]]:
    book = ledger.book()
    return set(holding(settle(before_fold(asked_of(book)), Bench.of_book(book))))


def test_open_and_upheld_ones_hold_the_record() -> None:
    assert held(outside()) == {("R1", D.D04)}
    assert held(outside().resolve(D.D04, "R1", outcome="upheld")) == {("R1", D.D04)}
    assert held(outside().resolve(D.D04, "R1", outcome="corrected")) == set()


def test_warnings_hold_nothing() -> None:
    assert held(Ledger().parcel(code="1202").record("R1", claimed=9000)) == set()


def test_d23_stops_the_document_of_its_cycle() -> None:
    def stopped(ledger: Ledger) -> set[str]:
        book = ledger.book()
        return set(stopped_documents(settle(before_fold(asked_of(book)), Bench.of_book(book))))

    def twice() -> Ledger:
        ledger = (
            Ledger()
            .parcel()
            .record("R1", reviewer="wang")
            .record("R2", (0, 40, 60, 80), author="wang", reviewer="zhou")
        )
        return ledger.check("A1", "acceptance", "chen", "2025-06-01")

    assert stopped(twice()) == {"A1"}
    book = twice().book()
    (one,) = [one for one in before_fold(asked_of(book)) if one.code is D.D23]
    assert stopped(twice().resolve(D.D23, *one.entries)) == set()


def test_counts_by_code_unit_and_age() -> None:
    ledger = Ledger().parcel().record("R1", OUTSIDE, "2025-12-20T10:00").record("R2", OUTSIDE, "2025-10-15T10:00")
    ledger.record("R3", OUTSIDE, "2025-03-01T10:00", unit="U2").resolve(D.D04, "R1")
    book = ledger.book()
    settled = settle(before_fold(asked_of(book)), Bench.of_book(book))
    by_unit = {(one.code, one.unit): one for one in count(settled, NOW)}
    first, second = by_unit[D.D04, "U1"], by_unit[D.D04, "U2"]
    assert (first.open, first.closed, first.open_by_age, first.oldest_open_days) == (1, 1, (0, 1, 0, 0), 77)
    assert (second.open, second.closed, second.open_by_age) == (1, 0, (0, 0, 0, 1))
    (all_units,) = [one for one in total(settled, NOW) if one.code is D.D04]
    assert (all_units.open, all_units.closed, all_units.oldest_open_days) == (2, 1, 305)
    unchecked = by_unit[D.D06, "U1"]
    assert (unchecked.open, unchecked.not_checked, unchecked.oldest_open_days) == (0, 1, None)


def test_a_notice_is_no_discrepancy() -> None:
    now = ms("2025-06-10T10:00")
    book = Ledger().parcel().record("R1").book()
    (one,) = [one for one in total(settle(findings_of(book, now), Bench.of_book(book)), now) if one.code is D.D19]
    assert (one.open, one.notices) == (0, 1)
