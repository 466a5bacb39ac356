"""D11b, D13, D23, D25, D26: what the log says of times, photos and people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.codes import AreaSource, Discrepancy, DiscrepancyScope, InspectionKind, Shot
from schemas.standing import Standing
from sync.ledger.book.facts import Version
from tests.ledger.discrepancies.kit import Ledger, changed, entries, ms, of_code, photo

D = Discrepancy
HOUR = 3_600_000
SHUTTER = ms("2025-03-01T10:00")


def test_d11b_outside_what_the_log_proves() -> None:
    def observed(at_ms: int, known_ms: int | None = SHUTTER - HOUR) -> list[str]:
        ledger = changed(Ledger().parcel().record("R1"), "R1", observed_ms=at_ms, known_ms=known_ms)
        return [one.variant for one in of_code(ledger, D.D11B)]

    received = SHUTTER + HOUR
    assert observed(received) == [] and observed(received + 1) == ["after"]
    assert observed(SHUTTER - HOUR) == [] and observed(SHUTTER - HOUR - 1) == ["before"]
    assert observed(SHUTTER - 900 * HOUR, None) == []
    assert observed(253_402_300_799_999) == ["after"]


def test_d13_every_photo_has_arrived() -> None:
    ledger = Ledger().parcel().record("R1")
    assert not of_code(ledger, D.D13)
    (one,) = of_code(changed(ledger, "R1", photos_complete=False), D.D13)
    assert one.variant == "hashes" and one.scope is DiscrepancyScope.RECORD and one.figures["listed"] == 6


def without(version: Version, *shots: Shot) -> Version:
    return replace(version, photos=tuple(one for one in version.photos if one.shot not in shots))


@pytest.mark.parametrize("shot", [Shot.AFTER_GROUND, Shot.GROUND_PROOF, Shot.AFTER_WIDE])
def test_d13_the_minimum_set(shot: Shot) -> None:
    (one,) = of_code(changed(Ledger().parcel().record("R1"), "R1", lambda v: without(v, shot)), D.D13)
    assert one.variant == "" and one.figures["missing"] == shot.value


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({}, True),
        ({"structures": ("S1",)}, False),
        ({"area_source": AreaSource.LEDGER}, False),
        ({"area_source": AreaSource.IMAGERY}, False),
    ],
)
def test_d13_what_stands_in_for_a_photo_before(more: dict[str, Any], missing: bool) -> None:
    ledger = Ledger().parcel().record("R1", **more)
    changed(ledger, "R1", lambda version: without(version, Shot.BEFORE_WIDE, Shot.BEFORE_NEAR))
    assert bool(of_code(ledger, D.D13)) is missing


def test_d13_a_plot_photo_only_where_survival_is_claimed() -> None:
    def green(percent_e2: int | None) -> Ledger:
        ledger = Ledger().parcel().green("G1", survival_percent_e2=percent_e2)
        return changed(ledger, "G1", lambda version: without(version, Shot.SURVIVAL_PLOT))

    assert not of_code(green(None), D.D13) and of_code(green(9000), D.D13)


def wide(*photos: Any) -> Ledger:
    rest = (photo(Shot.NEAR, 9),)
    return changed(Ledger().parcel().sighting("N1"), "N1", photos=(*photos, *rest))


def test_d13_headings_apart() -> None:
    def apart(first: float, second: float) -> list[str]:
        return [one.variant for one in of_code(wide(photo(Shot.WIDE, 1, first), photo(Shot.WIDE, 2, second)), D.D13)]

    assert apart(330, 29) == ["one_side"] and apart(330, 30) == []


def test_d13_without_headings_the_bearing_to_the_outline_stands_in() -> None:
    west, east = (116.411, 40.009), (116.414, 40.009)
    assert not of_code(wide(photo(Shot.WIDE, 1, at=west), photo(Shot.WIDE, 2, at=east)), D.D13)
    (one,) = of_code(wide(photo(Shot.WIDE, 1, at=west), photo(Shot.WIDE, 2, at=west)), D.D13)
    assert one.variant == "one_side"


def test_d13_no_heading_says_so_and_blocks_nobody() -> None:
    (one,) = of_code(wide(photo(Shot.WIDE, 1), photo(Shot.WIDE, 2, 10.0)), D.D13)
    assert not one.checked and one.scope is DiscrepancyScope.NOTHING


def test_d13_one_photo_listed_twice_is_one_photo() -> None:
    (one,) = of_code(wide(photo(Shot.WIDE, 1, 0.0), photo(Shot.WIDE, 1, 0.0)), D.D13)
    assert one.variant == "" and one.figures["missing"] == "WIDE"


def test_d23_inspector_and_acceptance() -> None:
    ledger = Ledger().parcel().record("R1").check("A1", "acceptance", "li", "2025-06-01")
    (one,) = of_code(ledger, D.D23)
    assert one.entries == ("R1", "A1") and one.parcels == ("P1",) and one.scope is DiscrepancyScope.ACCEPTANCE_STEP
    assert one.figures["person"] == "li" and one.figures["acceptance"] == "A1"


def test_d23_four_people_raise_nothing() -> None:
    ledger = Ledger().parcel().record("R1").check("F1", "first_check", "zhao", "2025-05-01")
    assert not of_code(ledger.check("A1", "acceptance", "chen", "2025-06-01"), D.D23)


def test_d23_reviewer_of_another_record_of_the_item() -> None:
    ledger = Ledger().parcel().record("R1", author="li", reviewer="wang")
    ledger.record("R2", (0, 40, 60, 80), author="wang", reviewer="zhou")
    assert [one.figures["person"] for one in of_code(ledger, D.D23)] == ["wang"]
    apart = Ledger().parcel().parcel("P2", (100, 0, 200, 80)).record("R1", author="li", reviewer="wang")
    apart.record("R2", (100, 0, 160, 40), author="wang", reviewer="zhou", parcels=("P2",))
    assert not of_code(apart, D.D23)


def test_d23_a_cycle_ends_with_an_acceptance() -> None:
    ledger = Ledger().parcel().record("R1", author="li", reviewer="wang")
    ledger.check("A1", "acceptance", "chen", "2025-06-01")
    ledger.record("R2", (0, 40, 60, 80), "2025-08-01T10:00", author="wang", reviewer="li")
    assert not of_code(ledger, D.D23)
    failed = Ledger().parcel().record("R1", author="li", reviewer="wang")
    failed.check("A1", "acceptance", "chen", "2025-06-01", passed=False)
    failed.record("R2", (0, 40, 60, 80), "2025-08-01T10:00", author="wang", reviewer="li")
    assert len(of_code(failed, D.D23)) == 2


def test_d23_sightings_are_no_item() -> None:
    assert not of_code(Ledger().parcel().record("R1", reviewer="wang").sighting("N1", author="wang"), D.D23)


def visits(minutes: int, kilometres: float, **more: Any) -> Ledger:
    ledger = Ledger().parcel().record("R1", day="2025-03-01T10:00", position=(116.4, 40.0), position_accuracy_m=5.0)
    later = f"2025-03-01T{10 + minutes // 60:02d}:{minutes % 60:02d}"
    facts = {"position": (116.4, 40.0 + kilometres / 111.04), "position_accuracy_m": 5.0, **more}
    return ledger.record("R2", (0, 40, 60, 80), later, **facts)


def test_d25_faster_than_travel_allows() -> None:
    (one,) = of_code(visits(5, 9.0), D.D25)
    assert one.entries == ("R1", "R2") and one.figures["person"] == "li" and one.figures["seconds"] == 300
    assert not of_code(visits(6, 9.0), D.D25)
    assert not of_code(visits(5, 9.0, author="sun"), D.D25)
    assert not of_code(visits(0, 0.009), D.D25)
    assert not of_code(visits(0, 0.03, position_accuracy_m=None), D.D25)


def test_d26_a_branch() -> None:
    ledger = Ledger().parcel().record("R1", standing=Standing.BRANCH, in_force=False, approved=False)
    ledger.record("R1b", standing=Standing.BRANCH, in_force=False, approved=False)
    changed(ledger, "R1b", record="R1")
    (one,) = of_code(ledger, D.D26)
    assert one.entries == ("R1", "R1b") and one.scope is DiscrepancyScope.RECORD
    changed(ledger, "R1", standing=Standing.SUPERSEDED)
    changed(ledger, "R1b", standing=Standing.APPROVED)
    assert not of_code(ledger, D.D26)


def test_facilities_are_asked_for_photos_and_times_only() -> None:
    ledger = Ledger().parcel().record("F1", (500, 0, 600, 40), kind=InspectionKind.FACILITY, claimed=1)
    assert [one.code for code in D for one in of_code(ledger, code)] == []
    changed(ledger, "F1", photos_complete=False)
    assert entries(of_code(ledger, D.D13)) == [("F1",)]
