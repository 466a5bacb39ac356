"""The golden example (domain §5.3) from entries to cells: one parcel, three demolitions, new building, restoration."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyproj import Transformer

from schemas.admin_units import admin_units, demo_units
from schemas.reference import Editions
from sync.commands.report_ledger import Wanted, statement_of
from sync.ledger.book.builder import read_book
from sync.ledger.report.document import Contents, contents_of
from sync.ledger.report.sections import ANNEX, FIGURES, SECTIONS
from tests.ledger.diary import Diary

UNIT, OTHER = "DEMO-LS", "DEMO-HJ"
_TO_DEGREES = Transformer.from_crs("EPSG:4527", "EPSG:4490", always_xy=True)
_EAST, _NORTH = 39_500_000.0, 4_420_000.0  # at the central meridian, where the plane's scale is 1


def metres(x0: float, y0: float, x1: float, y1: float) -> dict[str, Any]:
    """A rectangle in metres from a local origin."""
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    ring = [_TO_DEGREES.transform(_EAST + x, _NORTH + y) for x, y in corners]
    return {"type": "Polygon", "rings": [[[round(lon * 1e9), round(lat * 1e9)] for lon, lat in ring]]}


def golden(*, restored: str = "0301", twice: bool = False) -> Diary:
    """The example's entries; photos are missing everywhere, which the district has explained."""
    diary = Diary()
    part = {
        "class_system": "third_land_survey", "class_code": "0601", "geometry": metres(0, 0, 100, 60),
        "initial_state": None, "initial_class": None, "as_of": None, "document": None,
    }  # fmt: skip
    diary.parcel("P-1", metres(0, 0, 100, 80), baseline=[part], unit=UNIT)
    said = []
    for number, (box, claimed) in enumerate([((0, 0, 60, 40), 240_000), ((50, 0, 100, 40), 200_000),
                                             ((90, 30, 120, 60), 90_000)]):  # fmt: skip
        said.append(diary.demolition(["P-1"], metres(*box), claimed_e2=claimed, unit=UNIT, author=f"insp-{number}"))
    if twice:
        said.append(diary.demolition(["P-1"], metres(0, 0, 60, 40), claimed_e2=240_000, unit=OTHER, author="insp-9"))
    said.append(diary.sighting(metres(0, 0, 20, 20), unit=UNIT))
    said.append(diary.regreening(["P-1"], metres(20, 0, 80, 40), code=restored, claimed_e2=240_000, unit=UNIT))
    for entry in said:
        unit = diary.lines[int(said.index(entry)) + 1].entry["unit"]
        diary.review(entry, unit=unit)
        for code in ("D13", "D04"):
            diary.resolve([entry], "explained", code=code, unit=unit)
    return diary


def contents(diary: Diary, position: int | None = None) -> Contents:
    lines = diary.lines[:position]
    wanted = Wanted(len(lines), date(2024, 12, 31), date(2025, 12, 31), Editions.newest())
    statement = statement_of(read_book(lines), wanted, admin_units().joined(demo_units()))
    return contents_of(statement, log="0" * 32, root="0" * 64, position_ms=lines[-1].received_ms)


def unit_figures(made: Contents, code: str = UNIT) -> dict[str, Any]:
    rows: list[Any] = made.sections["figures"]
    row = next(row for row in rows if row[FIGURES.place("code")] == code)
    return {column.id: value for column, value in zip(FIGURES.columns, row, strict=True)}


def test_the_golden_example() -> None:
    figures = unit_figures(contents(golden()))
    assert figures["claimed_cleared"] == 530_000
    assert figures["base"] == pytest.approx(600_000, abs=10)
    assert figures["verified"] == pytest.approx(240_000, abs=10)
    assert figures["pending"] == pytest.approx(140_000, abs=10)
    assert figures["relapsed"] == pytest.approx(40_000, abs=10)
    assert figures["accepted"] == figures["registered"] == 0


def test_restored_as_a_park_reduces_nothing() -> None:
    figures = unit_figures(contents(golden(restored="0810")))
    assert figures["verified"] == 0
    assert figures["green_not_reducing"] == pytest.approx(240_000, abs=10)
    assert figures["regreened_not_reducing"] == pytest.approx(240_000, abs=10)


def test_a_duplicate_by_another_unit_changes_the_claims_alone() -> None:
    once, twice = contents(golden()), contents(golden(twice=True))
    before, now = unit_figures(once), unit_figures(twice)
    claims = {"claimed_cleared", "claimed_gfa", "demolished_floor_area"}
    assert {key for key in before if before[key] != now[key]} <= claims
    city = unit_figures(twice, "city")
    assert city["claimed_cleared"] + city["submitted_cleared"] >= 530_000
    rows: list[Any] = twice.sections["discrepancies"]
    assert "D02" in {row[SECTIONS["discrepancies"].place("code")] for row in rows}


def test_the_annex_tells_the_same_and_names_the_decisions() -> None:
    made = contents(golden())
    (row,) = made.annex[UNIT]
    assert isinstance(row, list)
    assert row[ANNEX.place("verified")] == unit_figures(made)["verified"]
    kinds = {link[1] for link in row[ANNEX.place("chain")]}  # type: ignore[union-attr, index, misc]
    assert {"demolition", "regreening", "review"} <= kinds


def test_a_position_in_the_past_gives_what_was_known_then() -> None:
    diary = golden()
    early = contents(diary, 4)
    assert unit_figures(early)["claimed_cleared"] == 0
    diary.demolition(["P-1"], metres(0, 40, 100, 60), claimed_e2=1, unit=UNIT, author="insp-7")
    assert contents(diary, 4).digest() == early.digest()
