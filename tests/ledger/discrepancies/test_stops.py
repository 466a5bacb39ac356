"""The keeper of stops beside a growing ledger: after every portion it says what all checks on the whole book say."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import Discrepancy
from schemas.rules import rules
from sync.ledger.book.builder import read_book
from sync.ledger.book.days import day_of
from sync.ledger.book.holding import parcels_on
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.settling import Bench, Settled, holding, settle, stopped_documents
from sync.ledger.discrepancies.stops import Stops
from sync.ledger.discrepancies.table import before_fold
from sync.ledger.land.classes import ClassTable
from sync.ledger.reconcile import Reconciliation
from tests.ledger.diary import HOUR_MS, NOW_MS, Diary, box

CLASSES = ClassTable.of()
D = Discrepancy
AT_MS = NOW_MS + 2000 * HOUR_MS


def ledger_with(stops: Stops) -> Reconciliation:
    return Reconciliation(rules().values, CLASSES, stops.blocking, stops.stopped)


def whole(diary: Diary, at_ms: int) -> tuple[Settled, ...]:
    book = read_book(diary.lines)
    return settle(
        before_fold(Asked.of_book(book, parcels_on(book, day_of(at_ms)), at_ms, CLASSES)), Bench.of_book(book)
    )


def lived(dice: random.Random) -> Diary:
    d = Diary()
    d.parcel("甲", box(0, 0, 60, 60))
    d.parcel("乙", box(60, 0, 120, 60), valid_from=dice.choice(["2021-01-01", "2025-10-20"]))
    versions: list[str] = []
    for _ in range(dice.randrange(2, 14)):
        x, y = dice.randrange(-10, 100), dice.randrange(-10, 40)
        outline = box(x, y, x + dice.randrange(5, 40), y + dice.randrange(5, 40))
        parcels = dice.sample(["甲", "乙"], dice.randrange(0, 3))
        author = dice.choice(["insp-1", "insp-2", "sup-1"])
        match dice.randrange(10):
            case 0 | 1:
                versions.append(d.demolition(parcels, outline, author=author))
            case 2:
                versions.append(d.demolition(parcels, outline, source="DRAWN", author=author))
            case 3:
                late = NOW_MS + 10**9
                versions.append(d.regreening(parcels, outline, observed_ms=dice.choice([None, late]), author=author))
            case 4 | 5 if versions:
                d.review(
                    dice.choice(versions), dice.choice(["approve", "return"]), author=dice.choice(["sup-1", "sup-2"])
                )
            case 6 if versions:
                versions.append(d.demolition(parcels, outline, supersedes=dice.choice(versions), author=author))
            case 7 if versions:
                code = dice.choice(["D04", "D13", "D11b", "D31", "D26"])
                outcome = dice.choice(["explained", "upheld", "corrected"])
                d.resolve([dice.choice(versions)], outcome, code=code)
            case 8:
                d.check("acceptance", ["甲"], [("0301", 1000)])
            case _:
                d.parcel("乙", box(60, 0, dice.randrange(90, 140), 60))
    return d


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_as_if_all_were_checked_again(seed: int) -> None:
    dice = random.Random(seed)
    diary = lived(dice)
    stops = Stops(CLASSES)
    asked: list[tuple[frozenset[tuple[str, D]], frozenset[str]]] = []

    class Overheard(Stops):
        def blocking(self, *args: object) -> frozenset[tuple[str, D]]:
            held = stops.blocking(*args)  # type: ignore[arg-type]
            asked.append((held, frozenset()))
            return held

        def stopped(self, *args: object) -> frozenset[str]:
            documents = stops.stopped(*args)  # type: ignore[arg-type]
            asked[-1] = asked[-1][0], documents
            return documents

    ledger = ledger_with(Overheard(CLASSES))
    start = 0
    while start < len(diary.lines):
        end = start + dice.randrange(1, 5)
        at_ms = NOW_MS + (start + 1) * 20 * HOUR_MS
        ledger.apply(diary.lines[start:end], at_ms)
        so_far = Diary()
        so_far.lines = diary.lines[:end]
        settled = whole(so_far, at_ms)
        assert asked[-1] == (holding(settled), stopped_documents(settled)), seed
        start = end


def test_a_resolution_lets_the_claim_count() -> None:
    d = Diary()
    d.parcel("甲", box(0, 0, 60, 60))
    inside = d.demolition(["甲"], box(0, 0, 40, 40), photos=[])
    d.review(inside)
    green = d.regreening(["甲"], box(0, 0, 80, 40))
    d.review(green)
    for entry in (inside, green):
        d.resolve([entry], "explained", code="D13")
    stops = Stops(CLASSES)
    ledger = ledger_with(stops)
    ledger.apply(d.lines, AT_MS)
    before = ledger.results["甲"]
    assert before.verified_m2 == 0 and before.held_m2 > 1000
    taken = len(d.lines)
    d.resolve([green], "corrected", code="D04")
    assert ledger.apply(d.lines[taken:], AT_MS) == {"甲"}
    after = ledger.results["甲"]
    assert after.verified_m2 == before.held_m2 and after.held_m2 == 0


def test_one_person_twice_stops_the_acceptance_until_the_district_has_spoken() -> None:
    d = Diary()
    d.parcel("甲", box(0, 0, 60, 60))
    first = d.demolition(["甲"], box(0, 0, 40, 40))
    d.review(first)
    green = d.regreening(["甲"], box(0, 0, 40, 40), author="sup-1")
    second = d.review(green, author="sup-2")
    for entry in (first, green):
        d.resolve([entry], "explained", code="D13")
    d.check("acceptance", ["甲"], [("0301", 50_000)])
    ledger = ledger_with(Stops(CLASSES))
    ledger.apply(d.lines, AT_MS)
    assert ledger.results["甲"].verified_m2 > 1000 and ledger.results["甲"].accepted == 0
    taken = len(d.lines)
    (twice,) = [one for one in whole(d, AT_MS) if one.finding.code is D.D23]
    assert second not in twice.finding.entries
    d.resolve(list(twice.finding.entries), "explained", code="D23")
    ledger.apply(d.lines[taken:], AT_MS)
    assert ledger.results["甲"].accepted > 0
