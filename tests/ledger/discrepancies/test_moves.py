"""D12, D16, D18, D19, D20, D28: what the fold marks, what waits, and what lies over the parcels."""

from __future__ import annotations

import pytest

from schemas.codes import CodeSystem, Discrepancy, OverlayKind, RegreeningOutcome
from schemas.register_fields import Overlay
from tests.ledger.discrepancies.kit import Ledger, entries, land_class, ms, of_code

D = Discrepancy


def cleared(day: str = "2025-03-01T10:00") -> Ledger:
    return Ledger().parcel().record("R1", day=day)


def over(kind: OverlayKind, code: str | None = None) -> Overlay:
    return Overlay(
        overlay=kind, class_system=CodeSystem.THIRD_LAND_SURVEY if code else None, class_code=code, name=None
    )


def test_d12_restored_without_clearing() -> None:
    (one,) = of_code(Ledger().parcel().green("G1", (0, 0, 60, 40)), D.D12)
    assert one.entries == ("G1",) and one.figures == {"area_m2": 2400.0, "state": "baseline"}
    assert not of_code(cleared().green("G1", day="2025-06-01T10:00"), D.D12)


def test_d12_slivers_are_left_out() -> None:
    wider = (0, 0, 60.02, 40)  # 0.8 m² beyond the cleared ground
    assert not of_code(cleared().green("G1", wider, "2025-06-01T10:00"), D.D12)
    assert of_code(cleared().green("G1", (0, 0, 60.03, 40), "2025-06-01T10:00"), D.D12)


def test_d16_a_class_that_does_not_reduce() -> None:
    (one,) = of_code(cleared().green("G1", day="2025-06-01T10:00", observed_class=land_class("0810")), D.D16)
    assert one.variant == "" and one.figures["land_class"] == "0810"
    assert not of_code(cleared().green("G1", day="2025-06-01T10:00"), D.D16)


def test_d16_another_class_than_before() -> None:
    ledger = cleared().green("G1", day="2025-06-01T10:00").green("G2", day="2025-07-01T10:00")
    assert not of_code(ledger, D.D16)
    (one,) = of_code(ledger.green("G3", day="2025-08-01T10:00", observed_class=land_class("0103")), D.D16)
    assert one.entries == ("G3",) and one.variant == "changed"


def test_d18_relapse_and_how_large() -> None:
    (one,) = of_code(cleared().sighting("N1", (0, 0, 20, 20), "2025-05-01T10:00"), D.D18)
    assert one.entries == ("N1",) and one.variant == ""
    assert one.figures["area_m2"] == pytest.approx(400, abs=0.01)
    assert one.figures["threshold_m2"] == pytest.approx(120, abs=0.01)
    (small,) = of_code(cleared().sighting("N1", (0, 0, 2.9, 40), "2025-05-01T10:00"), D.D18)
    assert small.variant == "small"
    assert not of_code(cleared().sighting("N1", (0, 40, 20, 60), "2025-05-01T10:00"), D.D18)
    assert not of_code(cleared().sighting("N1", (0, 0, 0.9, 1), "2025-05-01T10:00"), D.D18)


def test_d18_by_a_record_nobody_has_reviewed() -> None:
    assert entries(of_code(cleared().sighting("N1", day="2025-05-01T10:00", approved=False), D.D18)) == [("N1",)]


def test_d19_after_180_days_with_a_notice_at_90() -> None:
    def on(day: str) -> list[str]:
        return [one.variant for one in of_code(cleared("2025-03-01T10:00"), D.D19, ms(day))]

    assert on("2025-05-30T11:00") == []  # day 90
    assert on("2025-05-31T11:00") == ["notice"]
    assert on("2025-08-28T11:00") == ["notice"]  # day 180
    assert on("2025-08-29T11:00") == [""]
    (one,) = of_code(cleared(), D.D19, ms("2025-08-29T11:00"))
    assert one.entries == ("R1",) and one.figures["days"] == 181 and one.since_ms == ms("2025-03-01T10:00")


@pytest.mark.parametrize("outcome", [RegreeningOutcome.PASSED, RegreeningOutcome.WORKS_DONE])
def test_d19_closes_on_restoration_or_works(outcome: RegreeningOutcome) -> None:
    assert not of_code(cleared().green("G1", day="2025-06-01T10:00", outcome=outcome), D.D19)
    part = cleared().green("G1", (0, 0, 30, 40), "2025-06-01T10:00", outcome=outcome)
    (one,) = of_code(part, D.D19)
    assert one.figures["area_m2"] == pytest.approx(1200, abs=0.01)


def test_d19_runs_again_after_a_relapse() -> None:
    ledger = cleared().green("G1", day="2025-03-20T10:00", outcome=RegreeningOutcome.WORKS_DONE)
    ledger.sighting("N1", day="2025-04-01T10:00").record("R2", day="2025-05-01T10:00")
    (one,) = of_code(ledger, D.D19)
    assert one.entries == ("R2",) and one.since_ms == ms("2025-05-01T10:00")


def test_d20_restored_ground_failed() -> None:
    ledger = cleared().green("G1", day="2025-06-01T10:00")
    ledger.green("G2", (0, 0, 30, 40), "2025-10-01T10:00", outcome=RegreeningOutcome.FAILED)
    (one,) = of_code(ledger, D.D20)
    assert one.entries == ("G2",) and one.variant == "failed"
    on_bare_ground = cleared().green("G2", day="2025-10-01T10:00", outcome=RegreeningOutcome.FAILED)
    assert not of_code(on_bare_ground, D.D20)


def test_d20_inside_the_waiting_period() -> None:
    from datetime import date

    def planted(on: date) -> list[str]:
        return [one.variant for one in of_code(cleared().green("G1", day="2025-12-01T10:00", planted_on=on), D.D20)]

    assert planted(date(2025, 6, 5)) == ["early"]
    assert planted(date(2025, 6, 4)) == []


def test_d20_survival_as_entered() -> None:
    def survival(percent_e2: int) -> list[str]:
        ledger = cleared().green("G1", day="2025-12-01T10:00", survival_percent_e2=percent_e2)
        return [one.variant for one in of_code(ledger, D.D20)]

    assert survival(8499) == ["survival"] and survival(8500) == []


@pytest.mark.parametrize(
    ("kind", "code", "stands", "raised"),
    [
        (OverlayKind.PERMANENT_FARMLAND, None, "0301", True),
        (OverlayKind.PERMANENT_FARMLAND, None, "0103", False),
        (OverlayKind.ECOLOGICAL_REDLINE, None, "0103", True),
        (OverlayKind.ECOLOGICAL_REDLINE, None, "0301", False),
        (OverlayKind.PLAN_CLASS, "0103", "0301", True),
        (OverlayKind.PLAN_CLASS, "0307", "0301", False),
        (OverlayKind.PROTECTION_ZONE, None, "0301", False),
        (OverlayKind.BELT, None, "0301", False),
    ],
)
def test_d28_restoration_against_layers(kind: OverlayKind, code: str | None, stands: str, raised: bool) -> None:
    ledger = cleared().green("G1", day="2025-06-01T10:00", observed_class=land_class(stands))
    found = of_code(ledger.overlay("layer", (0, 0, 30, 40), over(kind, code)), D.D28)
    assert bool(found) is raised
    for one in found:
        assert one.entries == ("G1",) and one.figures["area_m2"] == pytest.approx(1200, abs=0.01)


def test_d28_slivers_and_layers_of_the_future() -> None:
    farmland = over(OverlayKind.PERMANENT_FARMLAND)
    beside = cleared().green("G1", day="2025-06-01T10:00").overlay("layer", (59.98, 0, 90, 40), farmland)
    assert not of_code(beside, D.D28)
    future = cleared().green("G1", day="2025-06-01T10:00").overlay("layer", (0, 0, 30, 40), farmland, "2027-01-01")
    assert not of_code(future, D.D28)


def test_d28_building_in_a_protection_zone() -> None:
    ledger = cleared().sighting("N1", day="2025-06-01T10:00")
    (one,) = of_code(ledger.overlay("zone", (0, 0, 30, 40), over(OverlayKind.PROTECTION_ZONE)), D.D28)
    assert one.variant == "protection_zone_built"


def test_d28_the_class_planned_in_the_ledger() -> None:
    def planned(code: str) -> list[str]:
        ledger = Ledger().parcel(planned_class=code).record("R1").green("G1", day="2025-06-01T10:00")
        return [one.variant for one in of_code(ledger, D.D28)]

    assert planned("0103") == ["planned"] and planned("0305") == [] and planned("9999") == []
