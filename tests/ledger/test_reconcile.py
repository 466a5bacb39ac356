"""Reconciliation: what a batch touches and nothing else, equal to a full recompute to the last bit."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import Discrepancy
from schemas.rules import rules
from sync.ledger.accounts.acceptance import accept
from sync.ledger.book.builder import Changes, LogLine, read_book
from sync.ledger.book.days import day_of
from sync.ledger.book.entered import Terms
from sync.ledger.book.holding import parcels_on
from sync.ledger.book.judgement import judge_book
from sync.ledger.discrepancies.stops import Stops
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.figures import parcel_figures
from sync.ledger.land.history import history
from sync.ledger.land.layout import lay_out
from sync.ledger.reconcile import Held, Reconciliation
from sync.ledger.results import ParcelResult, parcel_results
from tests.ledger.diary import DAY_MS, HOUR_MS, NOW_MS, Diary, box

CLASSES = ClassTable.of()
VALUES = rules().values
NAMES = ["甲", "乙", "丙", "丁"]


def _marked(ledger: Reconciliation, _changes: Changes) -> Held:
    """A stand-in for the checks that hold records: those with an odd claim."""
    versions = ledger.builder.book().versions
    return frozenset((one.id, Discrepancy.D04) for one in versions if (one.claimed_e2 or 0) % 2)


def _full(lines: Sequence[LogLine], at_ms: int) -> dict[str, ParcelResult]:
    """All parcels at once, by the plain way through the book."""
    book = read_book(lines)
    parcels = parcels_on(book, day_of(at_ms))
    held = frozenset((one.id, Discrepancy.D04) for one in book.versions if (one.claimed_e2 or 0) % 2)
    outlines = {parcel.id: parcel.outline for parcel in parcels}
    events = judge_book(book, Terms(VALUES, CLASSES, held, outlines.get))
    land = lay_out(parcels, events, CLASSES, book.checks)
    figures = parcel_figures(land, at_ms)
    past = history(land, figures.folded, at_ms)
    accepted = accept(land, figures, past, book.surveys)
    return {result.id: result for result in parcel_results(land, figures, past.since_ms, accepted)}


def _ledger() -> Reconciliation:
    return Reconciliation(VALUES, CLASSES, _marked)


def _lived(dice: random.Random, steps: int) -> Diary:
    """A diary of `steps` things that happen by chance around four parcels, each after what is there already."""
    d = Diary()
    for number, name in enumerate(NAMES[:3]):
        d.parcel(name, box(number * 60, 0, number * 60 + 60, 60), unit=f"U{number % 2 + 1}")
    versions: list[str] = []
    heads: list[str] = []
    for _ in range(steps):
        x, y = dice.randrange(-10, 150), dice.randrange(-10, 40)
        outline = box(x, y, x + dice.randrange(5, 90), y + dice.randrange(5, 60))
        parcels = dice.sample(NAMES, dice.randrange(1, 3))
        more = {
            "unit": dice.choice(["U1", "U2"]),
            "received_ms": NOW_MS + dice.randrange(400) * HOUR_MS,
            "claimed_e2": dice.randrange(1000, 1005),
        }
        if versions and dice.random() < 0.3:
            more["supersedes"] = dice.choice(heads)
        match dice.randrange(14):
            case 0 | 1 | 2:
                made = d.demolition(parcels, outline, cleared=dice.random() < 0.7, **more)
            case 3:
                made = d.demolition(parcels, None, freed="all", **more)
            case 4 | 5:
                outcome = dice.choice(["passed", "passed", "failed", "works_done"])
                made = d.regreening(parcels, outline, outcome=outcome, code=dice.choice(["0301", "0810"]), **more)
            case 6:
                made = d.sighting(outline, **more)
            case 7 | 8 | 9 if versions:
                outcome = dice.choice(["approve", "approve", "return", "reject"])
                heads.append(d.review(dice.choice(versions), outcome, after=dice.choice(heads)))
                continue
            case 10 if versions:
                one = dice.choice(versions)
                heads.append(d.withdraw(one, after=dice.choice(heads), author=dice.choice(["insp-1", "dist-1"])))
                continue
            case 11 if versions:
                outcome = dice.choice(["dismissed", "upheld", "corrected"])
                keep = dice.choice([None, *heads])
                aside = dice.sample(heads, min(len(heads), 2))
                made = d.resolve([dice.choice(versions)], outcome, keep=keep, aside=aside)
                heads.append(made)
                continue
            case 12:
                on = dice.choice(["2025-10-12", "2025-10-20", "2026-02-01"])
                kind, geometry = dice.choice(["first_check", "acceptance"]), dice.choice([None, outline])
                areas = [("0301", dice.randrange(1000, 400_000))]
                d.check(
                    kind, parcels, areas, on=on, geometry=geometry, outcome=dice.choice(["passed", "passed", "failed"])
                )
                continue
            case 13:
                match dice.randrange(3):
                    case 0:
                        d.survey(dice.choice(NAMES), dice.choice([2025, 2026]), [("0301", 100_000)])
                    case 1:
                        d.reuse(dice.choice("RS"), parcels, outline, on=dice.choice(["2025-10-12", "2026-02-01"]))
                    case _:
                        until = dice.choice([None, "2025-10-15", "2026-02-01"])
                        d.parcel(dice.choice(NAMES), box(120, 0, 200, 60), unit="U2", valid_to=until)
                continue
            case _:
                continue
        versions.append(made)
        heads.append(made)
    return d


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 40), st.integers(1, 12), st.booleans())
def test_incremental_equals_full(seed: int, steps: int, portion: int, shuffled: bool) -> None:
    dice = random.Random(seed)
    lines = _lived(dice, steps).lines
    ledger = _ledger()
    waiting = dice.sample(lines, len(lines)) if shuffled else list(lines)
    at_ms = NOW_MS
    while waiting:
        before = dict(ledger.results)
        at_ms += dice.randrange(3) * 8 * DAY_MS
        touched = ledger.apply(waiting[:portion], at_ms)
        waiting = waiting[portion:]
        for name in before.keys() - touched:
            assert ledger.results[name] == before[name]
    assert ledger.results == _full(lines, at_ms)
    # and a long time later, with no further row
    ledger.apply([], at_ms + 300 * DAY_MS)
    assert ledger.results == _full(lines, at_ms + 300 * DAY_MS)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 30), st.integers(1, 6))
def test_with_the_checks_that_hold_claims_too(seed: int, steps: int, portion: int) -> None:
    lines = _lived(random.Random(seed), steps).lines
    at_ms = NOW_MS + 30 * DAY_MS

    def ledger() -> Reconciliation:
        stops = Stops(CLASSES)
        return Reconciliation(VALUES, CLASSES, stops.blocking, stops.stopped)

    whole, grown = ledger(), ledger()
    whole.apply(lines, at_ms)
    for start in range(0, len(lines), portion):
        grown.apply(lines[start : start + portion], at_ms)
    assert grown.results == whole.results


def test_a_batch_touches_the_parcels_it_lies_on_and_no_other() -> None:
    d = Diary()
    for number, name in enumerate(NAMES):
        d.parcel(name, box(number * 60, 0, number * 60 + 60, 60))
    ledger = _ledger()
    assert ledger.apply(d.lines, NOW_MS) == set(NAMES)
    before = len(d.lines)
    one = d.demolition(["乙"], box(60, 0, 130, 60))
    assert ledger.apply(d.lines[before:], NOW_MS) == {"乙"}  # a claim: only what it lists, though it overlaps 丙
    d.sighting(box(0, 0, 61, 60))
    assert ledger.apply(d.lines[before + 1 :], NOW_MS + DAY_MS) == {"甲", "乙"}
    d.review(one)
    assert ledger.apply(d.lines[before + 2 :], NOW_MS + DAY_MS) == {"乙"}
    assert ledger.apply(d.lines, NOW_MS + DAY_MS) == set()


def test_what_lies_in_the_future_counts_when_its_time_comes() -> None:
    d = Diary()
    d.parcel("甲", box(0, 0, 60, 60))
    one = d.demolition(["甲"], box(0, 0, 60, 60))
    d.review(one)
    d.reuse("R", ["甲"], box(0, 0, 60, 60), on="2026-02-01")
    ledger = _ledger()
    ledger.apply(d.lines, NOW_MS + DAY_MS)
    assert ledger.results["甲"].reused_m2 == 0 < ledger.results["甲"].pending_m2
    assert ledger.apply([], NOW_MS + 200 * DAY_MS) == {"甲"}
    assert ledger.results["甲"].reused_m2 > 0 == ledger.results["甲"].pending_m2
    with pytest.raises(ValueError, match="forward"):
        ledger.apply([], NOW_MS)


def test_a_claim_moves_to_the_first_parcel_when_that_one_comes_late() -> None:
    d = Diary()
    d.parcel("乙", box(60, 0, 120, 60))
    d.demolition(["甲", "乙"], box(30, 0, 90, 60), claimed_e2=7000)
    ledger = _ledger()
    ledger.apply(d.lines, NOW_MS + DAY_MS)
    assert ledger.results["乙"].claims_e2[4] == 7000
    d.parcel("甲", box(0, 0, 60, 60))
    assert ledger.apply(d.lines[-1:], NOW_MS + DAY_MS) == {"甲", "乙"}
    assert (ledger.results["甲"].claims_e2[4], ledger.results["乙"].claims_e2[4]) == (7000, 0)


def test_a_class_that_nobody_knows_stops_nobody() -> None:
    d = Diary()
    d.parcel("甲", box(0, 0, 60, 60), code="9999")
    d.parcel("乙", box(60, 0, 120, 60))
    ledger = _ledger()
    ledger.apply(d.lines, NOW_MS)
    assert ledger.results["甲"].base_m2 == 0 < ledger.results["乙"].base_m2
