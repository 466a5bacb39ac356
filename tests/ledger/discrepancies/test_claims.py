"""D01 and D02: more claimed than there is, the same ground claimed twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.codes import Discrepancy, DiscrepancyScope, RegreeningOutcome
from schemas.standing import Standing
from tests.ledger.discrepancies.kit import Ledger, changed, entries, of_code

D = Discrepancy
BASE = (0, 0, 100, 60)


def test_d01_one_claim_above_the_plan() -> None:
    over = Ledger().parcel(planned_land_area_e2=240_000).record("R1", claimed=2425.2)
    (one,) = of_code(over, D.D01)
    assert one.entries == ("R1",) and one.parcels == ("P1",) and one.variant == "cleared"
    assert one.figures["limit_m2"] == 2400 and one.figures["tolerance_m2"] == 25
    assert not of_code(Ledger().parcel(planned_land_area_e2=240_000).record("R1", claimed=2424.8), D.D01)


def test_d01_claims_add_up_against_the_baseline() -> None:
    def two(second: float) -> Ledger:
        return Ledger().parcel().record("R1", BASE, claimed=6000).record("R2", (0, 60, 100, 80), claimed=second)

    (one,) = of_code(two(2090), D.D01)
    assert one.entries == ("R1", "R2") and one.figures["claimed_m2"] == 8090
    assert not of_code(two(2070), D.D01)


def test_d01_two_visits_to_one_yard_raise_nothing() -> None:
    yard = Ledger().parcel(planned_land_area_e2=240_000)
    yard.record("R1", day="2025-03-01T10:00", claimed=2400, site_cleared=False)
    yard.record("R2", day="2025-05-01T10:00", claimed=2400)
    yard.green("G1", day="2025-09-01T10:00", claimed=2400)
    yard.green("G2", day="2025-12-01T10:00", claimed=2400)
    assert not of_code(yard, D.D01) and not of_code(yard, D.D02)


def test_d01_a_claim_on_two_parcels_is_shared_by_its_outline() -> None:
    both = Ledger().parcel("P1", (0, 0, 10, 40)).parcel("P2", (10, 0, 100, 40))
    assert not of_code(both.record("R1", (0, 0, 100, 40), claimed=4000, parcels=("P1", "P2")), D.D01)


def test_d01_a_revision_waiting_does_not_count_twice() -> None:
    ledger = Ledger().parcel(planned_land_area_e2=240_000).record("R1", claimed=2400)
    ledger.record("R1b", claimed=2410, approved=False, supersedes="R1")
    changed(ledger, "R1b", record="R1")
    assert not of_code(ledger, D.D01)


def duplicate(at: tuple[float, float, float, float] = (0, 0, 60, 40), unit: str = "U2", **more: object) -> Ledger:
    first = Ledger().parcel().record("R1", (0, 0, 60, 40), "2025-03-01T10:00")
    return first.record("R4", at, "2025-03-04T10:00", unit=unit, **more)


def test_d02_the_credit_goes_to_the_earlier() -> None:
    (one,) = of_code(duplicate(), D.D02)
    assert one.entries == ("R1", "R4") and one.scope is DiscrepancyScope.CREDIT and one.units == ("U1", "U2")
    assert one.figures["credit_to"] == "R1" and one.figures["later"] == "R4"
    assert one.figures["overlap_m2"] == pytest.approx(2400, abs=0.01) and one.figures["overlap_percent"] == 100


def test_d02_ten_square_metres_or_half_of_the_union() -> None:
    assert not of_code(duplicate((59.8, 0, 90, 40)), D.D02)  # 8 m²
    assert of_code(duplicate((59.7, 0, 90, 40)), D.D02)  # 12 m²
    small = Ledger().parcel().record("R1", (0, 0, 3, 3)).record("R2", (0, 0, 3, 2.6), unit="U2", day="2025-04-01T10:00")
    assert of_code(small, D.D02)  # 7.8 m² of 9


@pytest.mark.parametrize(
    "more",
    [
        {"unit": "U1"},
        {"site_cleared": False},
        {"supersedes": "R1"},
        {"standing": Standing.REJECTED, "in_force": False, "approved": False},
    ],
)
def test_d02_not_an_ordinary_visit(more: dict[str, object]) -> None:
    assert not of_code(duplicate(**more), D.D02)


def test_d02_another_author_of_one_unit() -> None:
    assert of_code(duplicate(unit="U1", author="sun"), D.D02)


def test_d02_a_claim_that_waits_counts() -> None:
    assert entries(of_code(duplicate(approved=False), D.D02)) == [("R1", "R4")]


def test_d02_three_claimants() -> None:
    three = duplicate().record("R5", (0, 0, 60, 40), "2025-04-01T10:00", unit="U3")
    assert entries(of_code(three, D.D02)) == [("R1", "R4"), ("R1", "R4", "R5")]


def test_d02_relapse_between() -> None:
    ledger = Ledger().parcel().record("R1", day="2025-03-01T10:00").sighting("N1", day="2025-04-01T10:00")
    ledger.record("R2", day="2025-05-01T10:00", unit="U2")
    assert not of_code(ledger, D.D02)
    later = Ledger().parcel().record("R1", day="2025-03-01T10:00").sighting("N1", day="2025-06-01T10:00")
    assert of_code(later.record("R2", day="2025-05-01T10:00", unit="U2"), D.D02)


def test_d02_relapse_on_a_part() -> None:
    ledger = Ledger().parcel().record("R1", day="2025-03-01T10:00").sighting("N1", (0, 0, 30, 40), "2025-04-01T10:00")
    (one,) = of_code(ledger.record("R2", day="2025-05-01T10:00", unit="U2"), D.D02)
    assert one.figures["overlap_m2"] == pytest.approx(1200, abs=0.01)


def test_d02_restored_twice() -> None:
    ledger = Ledger().parcel().record("R1").green("G1", day="2025-06-01T10:00")
    ledger.green("G2", day="2025-07-01T10:00", unit="U2")
    assert entries(of_code(ledger, D.D02)) == [("G1", "G2")]
    works = Ledger().parcel().record("R1").green("G1", day="2025-06-01T10:00")
    works.green("G2", day="2025-07-01T10:00", unit="U2", outcome=RegreeningOutcome.WORKS_DONE)
    assert not of_code(works, D.D02)


def test_d02_not_at_a_date_before_the_second() -> None:
    from tests.ledger.discrepancies.kit import ms

    assert not of_code(duplicate(), D.D02, ms("2025-03-03T00:00"))


def test_order_of_the_log_changes_no_credit() -> None:
    ledger = duplicate()
    ledger.versions = [replace(one, said=replace(one.said, seq=100 - one.said.seq)) for one in ledger.versions]
    (one,) = of_code(ledger, D.D02)
    assert one.figures["credit_to"] == "R1"
