"""D03, D04, D05, D06, D17, D29, D31: each raised, and just not."""

from __future__ import annotations

from datetime import date

import pytest
import shapely

from schemas.codes import AreaSource, Discrepancy, DiscrepancyScope, LandFreed, OverlayKind
from schemas.register_fields import Overlay
from schemas.rules import rules
from schemas.standing import Standing
from sync.ledger.book.facts import UnitRow
from sync.ledger.discrepancies.areas import slip_factor, walked_sigma_m2
from tests.ledger.discrepancies.kit import Ledger, box, changed, entries, of_code

D = Discrepancy


def unit(ledger: Ledger, at: tuple[float, float, float, float] | None, belt: str | None = None) -> Ledger:
    row = UnitRow(ledger.said("unit-U1"), "U1", "柳树乡", belt, (), box(*at) if at else None, date(2020, 1, 1), None)
    ledger.more["units"] = (row,)
    return ledger


def test_d04_more_than_five_percent_outside() -> None:
    (one,) = of_code(Ledger().parcel().record("R1", (50, 0, 103, 40)), D.D04)
    assert one.entries == ("R1",) and one.parcels == ("P1",) and one.scope is DiscrepancyScope.RECORD
    assert one.figures["outside_m2"] == pytest.approx(120.0, abs=0.01)
    assert one.figures["outside_percent"] == pytest.approx(5.66)


def test_d04_not_at_five_percent() -> None:
    assert not of_code(Ledger().parcel().record("R1", (5, 0, 105, 40)), D.D04)


def test_d04_parcels_listed_count_together() -> None:
    both = Ledger().parcel().parcel("P2", (100, 0, 150, 80))
    assert not of_code(both.record("R1", (80, 0, 130, 40), parcels=("P1", "P2")), D.D04)
    one = Ledger().parcel().parcel("P2", (100, 0, 150, 80))
    assert entries(of_code(one.record("R1", (80, 0, 130, 40), parcels=("P1",)), D.D04)) == [("R1",)]


def test_d04_claim_on_a_parcel_that_it_does_not_list() -> None:
    (one,) = of_code(Ledger().parcel().record("R1", parcels=()), D.D04)
    assert one.figures["outside_percent"] == 100.0
    assert not of_code(Ledger().parcel().sighting("N1", parcels=()), D.D04)


@pytest.mark.parametrize("standing", [Standing.RETURNED, Standing.REJECTED, Standing.WITHDRAWN, Standing.SUPERSEDED])
def test_a_claim_that_says_nothing_more_is_not_checked(standing: Standing) -> None:
    ledger = Ledger().parcel().record("R1", (90, 0, 150, 40), approved=False, claimed=1)
    assert of_code(ledger, D.D04)
    changed(ledger, "R1", standing=standing)
    assert not of_code(ledger, D.D04) and not of_code(ledger, D.D03)


def test_d05_nothing_under_a_claim() -> None:
    (one,) = of_code(Ledger().parcel().record("R1", (200, 0, 260, 40)), D.D05)
    assert one.entries == ("R1",) and one.parcels == () and one.scope is DiscrepancyScope.NOTHING
    assert not of_code(Ledger().parcel().record("R1", (90, 0, 150, 40)), D.D05)


def test_d05_part_of_a_sighting_outside() -> None:
    (one,) = of_code(Ledger().parcel().sighting("N1", (90, 0, 110, 10)), D.D05)
    assert one.variant == "sighting" and one.figures["outside_m2"] == pytest.approx(100, abs=0.01)
    within_a_sliver = Ledger().parcel().sighting("N1", (90, 0, 100.09, 10))
    assert not of_code(within_a_sliver, D.D05)


def test_d06_outside_the_unit() -> None:
    ledger = Ledger().parcel("P1", (0, 0, 200, 80)).record("R1", (50, 0, 110, 40))
    (one,) = of_code(unit(ledger, (0, 0, 100, 80)), D.D06)
    assert one.variant == "unit" and one.entries == ("R1",)
    assert one.figures["outside_m2"] == pytest.approx(400, abs=0.01)
    within = Ledger().parcel("P1", (0, 0, 200, 80)).record("R1", (42.9, 0, 102.9, 40))
    assert not of_code(unit(within, (0, 0, 100, 80)), D.D06)


def test_d06_without_a_boundary_is_not_checked_and_blocks_nobody() -> None:
    for ledger in (unit(Ledger().parcel().record("R1"), None), Ledger().parcel().record("R1").record("R2")):
        (one,) = of_code(ledger, D.D06)
        assert not one.checked and one.entries == () and one.units == ("U1",)
        assert one.scope is DiscrepancyScope.NOTHING


def test_d06_outside_the_belt() -> None:
    ledger = unit(Ledger().parcel().record("R1"), (0, 0, 100, 80), "G1")
    assert not of_code(ledger, D.D06)
    belt = Overlay(overlay=OverlayKind.BELT, class_system=None, class_code=None, name="G1")
    (one,) = of_code(ledger.overlay("belt", (30, 0, 500, 500), belt), D.D06)
    assert one.variant == "belt" and one.figures["outside_percent"] == pytest.approx(50)


@pytest.mark.parametrize(
    ("claimed", "source", "raised"),
    [
        (2424.9, AreaSource.SURVEYED, False),
        (2425.5, AreaSource.SURVEYED, True),
        (2374.5, AreaSource.SURVEYED, True),
        (2520.0, AreaSource.IMAGERY, False),
        (2522.0, AreaSource.IMAGERY, True),
    ],
)
def test_d03_tolerance_by_source(claimed: float, source: AreaSource, raised: bool) -> None:
    assert bool(of_code(Ledger().parcel().record("R1", claimed=claimed, area_source=source), D.D03)) is raised


def test_d03_a_walked_outline_has_two_sigma() -> None:
    # 60 x 40 m at 3 m: 2 sigma = 433 m² (domain §0.8).
    def walked(claimed: float) -> Ledger:
        return (
            Ledger().parcel().record("R1", claimed=claimed, area_source=AreaSource.GNSS_WALK, position_accuracy_m=3.0)
        )

    assert not of_code(walked(2400 + 433), D.D03)
    assert of_code(walked(2400 + 436), D.D03)


def test_d03_more_than_the_ledger_has() -> None:
    ledger = Ledger().parcel("P1", (0, 0, 50, 40)).record("R1", (0, 0, 60, 40), claimed=2400)
    (one,) = of_code(ledger, D.D03)
    assert one.variant == "ledger" and one.figures["ledger_m2"] == pytest.approx(2000, abs=0.01)


def test_d03_not_of_floor_area() -> None:
    assert not of_code(Ledger().parcel().record("R1", claimed=9000, land_freed=LandFreed.NONE), D.D03)


@pytest.mark.parametrize(("claimed", "raised"), [(3.6, True), (3.68, False), (36000, True), (24000, False)])
def test_d29_a_slip_of_unit(claimed: float, raised: bool) -> None:
    found = of_code(Ledger().parcel().record("R1", claimed=claimed), D.D29)
    assert bool(found) is raised
    if found:
        assert found[0].variant == ("below" if claimed < 2400 else "above")


def test_d29_factors() -> None:
    values = rules().values
    assert [slip_factor(ratio, values) for ratio in (15, 1 / 10_000, 666.67, 15.31, 1.0)] == [
        15.0, 10_000.0, pytest.approx(666.67, abs=0.01), None, None,
    ]  # fmt: skip


def test_walked_sigma_of_the_norm() -> None:
    assert walked_sigma_m2(shapely.box(0, 0, 60, 40), 0.05) * 2 == pytest.approx(7.2, abs=0.02)


def test_d31_until_an_admitted_source_supersedes() -> None:
    (one,) = of_code(Ledger().parcel().record("R1", area_source=AreaSource.DRAWN), D.D31)
    assert one.scope is DiscrepancyScope.RECORD and one.entries == ("R1",)
    assert of_code(Ledger().parcel().record("R1", area_source=None), D.D31)
    for admitted in (AreaSource.LEDGER, AreaSource.SURVEYED, AreaSource.IMAGERY):
        assert not of_code(Ledger().parcel().record("R1", area_source=admitted), D.D31)
    assert not of_code(Ledger().parcel().record("R1", None, area_source=AreaSource.DRAWN), D.D31)


def test_d17_no_construction_land() -> None:
    (one,) = of_code(Ledger().parcel(code="1202").record("R1"), D.D17)
    assert one.parcels == ("P1",) and one.entries == ("R1",) and one.figures["classes"] == "1202"
    assert not of_code(Ledger().parcel(code="0702").record("R1"), D.D17)
    (none,) = of_code(Ledger().parcel(code="").record("R1"), D.D17)
    assert none.variant == "none"
