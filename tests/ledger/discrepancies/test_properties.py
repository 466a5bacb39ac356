"""What must hold for any ledger: order and repetition change nothing, a part gives what the whole gives."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import AreaSource, RegreeningOutcome
from sync.ledger.book.facts import Book
from sync.ledger.discrepancies.finding import Finding
from sync.ledger.discrepancies.reach import around
from sync.ledger.discrepancies.sentences import sentence
from tests.ledger.discrepancies.kit import Ledger, findings_of, land_class

PLOTS = {"P1": (0, 0, 50, 40), "P2": (50, 0, 100, 40), "P3": (0, 40, 50, 80), "P4": (50, 40, 100, 80)}


def lived(dice: random.Random) -> Ledger:
    """Records by chance on four plots of two units."""
    ledger = Ledger()
    for number, (name, at) in enumerate(PLOTS.items()):
        ledger.parcel(name, at, dice.choice(["0601", "0702", "1202"]), f"U{number % 2 + 1}", planned_class="0301")
    for number in range(dice.randrange(3, 16)):
        west, south = dice.randrange(-10, 90), dice.randrange(-10, 70)
        at = west, south, west + dice.randrange(2, 70), south + dice.randrange(2, 50)
        parcels = tuple(dice.sample(sorted(PLOTS), dice.randrange(0, 3)))
        if dice.random() < 0.7:  # mostly on its own plot, or little would be in force
            parcels = (dice.choice(sorted(PLOTS)),)
            left, bottom, right, top = PLOTS[parcels[0]]
            at = left, bottom, dice.randrange(left + 20, right + 1), dice.randrange(bottom + 20, top + 1)
        day = f"2025-{dice.randrange(1, 13):02d}-{dice.randrange(1, 28):02d}T10:00"
        more: dict[str, Any] = {
            "unit": dice.choice(["U1", "U2"]),
            "author": dice.choice(["li", "sun", "wang"]),
            "parcels": parcels,
            "claimed": dice.choice([None, 100.0, 900.0, 9000.0]),
            "approved": dice.random() < 0.7,
            "area_source": dice.choice([AreaSource.SURVEYED] * 5 + [AreaSource.DRAWN]),
            "position": (116.4 + west / 90_000, 40.0),
        }
        name = f"R{number:02d}"
        match dice.randrange(5):
            case 0 | 1:
                ledger.record(name, at, day, site_cleared=dice.random() < 0.8, **more)
            case 2 | 3:
                outcome = dice.choice(list(RegreeningOutcome))
                observed = land_class(dice.choice(["0301", "0103", "0810"]))
                ledger.green(name, at, day, outcome=outcome, observed_class=observed, **more)
            case _:
                ledger.sighting(name, at, day, **more)
    if dice.random() < 0.5:
        ledger.check("A1", "acceptance", dice.choice(["li", "chen"]), "2025-12-01", areas=(("0301", 50_000),))
    return ledger


def shuffled(book: Book, dice: random.Random) -> Book:
    def mixed(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dice.sample(rows, len(rows)))

    return replace(book, parcels=mixed(book.parcels), versions=mixed(book.versions), decisions=mixed(book.decisions))


def said(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str, str, int]]:
    return sorted((one.id, sentence(one), one.since_ms) for one in findings)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9))
def test_order_changes_nothing(seed: int) -> None:
    dice = random.Random(seed)
    book = lived(dice).book()
    assert said(findings_of(shuffled(book, dice))) == said(findings_of(book))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9))
def test_a_part_finds_what_the_whole_finds_there(seed: int) -> None:
    dice = random.Random(seed)
    book = lived(dice).book()
    parcels = set(dice.sample(sorted(PLOTS), dice.randrange(1, 3)))

    def about(findings: tuple[Finding, ...]) -> list[Finding]:
        return [one for one in findings if not parcels.isdisjoint(one.parcels)]

    assert said(about(findings_of(around(book, parcels)))) == said(about(findings_of(book)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9))
def test_a_record_that_came_twice_changes_nothing(seed: int) -> None:
    """The log takes an entry once (a Book holds each id once); what is asked twice over is told once."""
    book = lived(random.Random(seed)).book()
    twice = replace(book, parcels=book.parcels * 2)
    assert said(findings_of(twice)) == said(findings_of(book))


@pytest.mark.parametrize("seed", range(5))
def test_ids_are_stable_and_distinct(seed: int) -> None:
    findings = findings_of(lived(random.Random(seed)))
    assert len({one.id for one in findings}) == len(findings)
    assert [one.id for one in findings] == [one.id for one in findings_of(lived(random.Random(seed)))]
