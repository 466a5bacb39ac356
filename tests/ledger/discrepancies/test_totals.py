"""D21, D22, D27, D30: quotas, green balance, surveys and targets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from schemas.codes import Discrepancy, DiscrepancyScope, Measure
from sync.ledger.accounts.acceptance import accept
from sync.ledger.accounts.quota import quota_statuses
from sync.ledger.accounts.targets import gaps
from sync.ledger.book.facts import CheckedArea, QuotaStep, RegisterRow, Survey, TargetLine
from sync.ledger.discrepancies.finding import Finding
from sync.ledger.discrepancies.table import on_totals
from sync.ledger.discrepancies.totals import AskedOfTotals
from sync.ledger.land.history import history
from sync.ledger.statement.plan_sections import GreenBalance
from sync.ledger.statement.unit_figures import Level
from tests.ledger.discrepancies.kit import NOW, Ledger, ground_of, land_class

D = Discrepancy


def asked(ledger: Ledger, **more: Any) -> AskedOfTotals:
    ground = ground_of(ledger.book())
    past = history(ground.land, ground.figures.folded, NOW)
    accepted = accept(ground.land, ground.figures, past, ground.records.book.surveys)
    return AskedOfTotals(ground, accepted, **more)


def quota(ledger: Ledger, *steps: tuple[int, int, int], verified: int) -> list[Finding]:
    """Steps of (released land, condition, used) m², with so much verified demolition linked."""
    rows = tuple(
        QuotaStep(ledger.said(f"q{n}"), "Q1", n, land * 100, None, used * 100, None, condition * 100, ("P1",), None)
        for n, (land, condition, used) in enumerate(steps, 1)
    )
    ledger.more["quotas"] = rows
    return list(on_totals(asked(ledger, quotas=quota_statuses(rows, {"P1": Fraction(verified)}))))


def test_d21_used_before_the_condition_is_met() -> None:
    (one,) = quota(Ledger().parcel(), (1000, 2400, 10), verified=2399)
    assert one.code is D.D21 and one.entries == ("q1",) and one.variant == "condition"
    assert one.scope is DiscrepancyScope.QUOTA_STEP
    assert not quota(Ledger().parcel(), (1000, 2400, 10), verified=2400)


def test_d21_used_more_than_released() -> None:
    (one,) = quota(Ledger().parcel(), (1000, 0, 1001), verified=2000)
    assert one.variant == "released" and one.figures["used_m2"] == 1001
    assert not quota(Ledger().parcel(), (1000, 0, 1000), verified=2000)


def test_d21_used_more_than_was_demolished() -> None:
    found = quota(Ledger().parcel(), (1000, 0, 700), (1000, 0, 700), verified=1399)
    assert [(one.entries, one.variant, one.figures["used_m2"]) for one in found] == [(("q2",), "", 1400)]
    assert not quota(Ledger().parcel(), (1000, 0, 700), (1000, 0, 700), verified=1400)


def balance(taken: str, added: str, level: Level = Level.UNIT) -> list[Finding]:
    ledger = Ledger().parcel()
    row = RegisterRow(ledger.said("taken"), "green_taken", "T1", date(2025, 5, 1), (), None, None)
    ledger.registers.append(row)
    rows = (GreenBalance(level, "U1", Fraction(taken), Fraction(added)),)
    return list(on_totals(asked(ledger, balances=rows, period="2025")))


def test_d22_taken_two_hectares_added_one_point_nine() -> None:
    (one,) = balance("20000", "19000")
    assert one.code is D.D22 and one.entries == ("taken",) and one.units == ("U1",)
    assert one.figures["balance_m2"] == -1000
    assert not balance("20000", "20000")
    assert not balance("20000", "19000", Level.DISTRICT)


def surveyed(areas: tuple[tuple[str, int], ...], year: int = 2025) -> list[Finding]:
    ledger = Ledger().parcel().record("R1").green("G1", day="2025-06-01T10:00")
    ledger.check("A1", "acceptance", "chen", "2025-11-30", areas=(("0301", 240_000),))
    listed = tuple(CheckedArea(land_class(code), m2 * 100) for code, m2 in areas)
    ledger.more["surveys"] = (Survey(ledger.said("S1"), "P1", year, listed),)
    return list(on_totals(asked(ledger)))


def test_d27_the_survey_sees_less() -> None:
    (one,) = surveyed((("0301", 2370), ("0601", 5630)))
    assert one.code is D.D27 and one.entries == ("A1", "S1") and one.variant == ""
    assert one.figures["accepted_m2"] == 2400 and one.figures["survey_m2"] == 2370
    assert not surveyed((("0301", 2380), ("0601", 5620)))
    (unchanged,) = surveyed((("0601", 8000),))
    assert unchanged.figures["survey_m2"] == 0


def test_d27_another_class_that_reduces_is_a_warning() -> None:
    (one,) = surveyed((("0103", 2400), ("0601", 5600)))
    assert one.variant == "class" and one.figures["survey_classes"] == "0103"


def test_d27_not_by_a_survey_before_the_acceptance() -> None:
    assert not surveyed((("0601", 8000),), year=2024)


def targets(children: int) -> list[Finding]:
    ledger = Ledger().parcel()
    parent = TargetLine(ledger.said("t0"), "110105", None, Measure.NET_REDUCTION, 2025, 100_000_000, None)
    child = replace(parent, said=ledger.said("t1"), unit="U1", parent_unit="110105", value_e2=children)
    ledger.more["targets"] = (parent, child)
    return list(on_totals(asked(ledger, gaps=gaps((parent, child)))))


def test_d30_children_99_9_under_100_hectares() -> None:
    (one,) = targets(99_900_000)
    assert one.code is D.D30 and one.entries == ("t0", "t1") and one.units == ("110105",)
    assert one.figures["gap_m2"] == pytest.approx(1000)
    assert not targets(100_000_000)
    assert targets(99_999_999)
