"""The demonstration's drawing: the same every time, inside real districts, frauds in fictional units only, and counted
by cells that know nothing of the ledger's fold."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import shapely
import shapely.geometry

from schemas.admin_units import admin_units, demo_units
from schemas.codes import ReviewOutcome
from schemas.districts import district_outlines
from schemas.geodesy import area_m2
from schemas.geometry import E9, Point, Polygon
from sync.demo.drawing import accounting, cellfold
from sync.demo.drawing.calendar import PERIOD_AFTER, SEASONS, STATE_DATE, at
from sync.demo.drawing.cells import Box, Grid
from sync.demo.drawing.offices import file_all
from sync.demo.drawing.parcels import Part, Plot
from sync.demo.drawing.people import MARK
from sync.demo.drawing.places import FICTION_LIES_IN, SQUARE_LAT_E9, SQUARE_LON_E9
from sync.demo.drawing.script import Script
from sync.demo.drawing.visits import FULL_SET, Weight
from sync.demo.drawing.what import What
from sync.demo.drawing.world import World, draw
from sync.demo.proof import EXPECTED

DRAWING = Path(accounting.__file__).parent
FICTIONAL = {unit.unit_id for unit in demo_units().units}


@cache
def world() -> World:
    return draw(700)


def test_the_drawing_is_the_same_every_time_and_marked() -> None:
    assert draw(60) == draw(60)
    assert len(world().plots) == 700
    assert all(MARK in plot.name for plot in world().plots)


def test_every_unit_of_the_plan_and_every_fictional_one_takes_part() -> None:
    planned = {unit.unit_id for unit in admin_units().units if unit.belt and unit.valid_on(date(2024, 1, 15))}
    assert {unit.unit_id for unit in world().units} == planned | FICTIONAL


def test_frauds_and_adverse_facts_are_told_of_fictional_units_only() -> None:
    """Ledger rules §6: the demonstration says nothing against a unit that exists."""
    told = {story.plot.unit for story in world().stories if story.notes}
    adverse = {visit.unit for visit in world().visits if visit.what in (What.BUILT, What.FAILED)}
    doubtful = {
        visit.unit
        for visit in world().visits
        if visit.clock_off_ms or visit.hurried or len(visit.shots) < len(FULL_SET[visit.what])
    }
    cloned = {plot.unit for plot in world().clone_plots}
    assert told | adverse | doubtful | cloned <= FICTIONAL


def test_every_code_has_a_story_or_a_filing_behind_it() -> None:
    drawn = {code for story in world().stories for code in story.notes}
    assert set(EXPECTED) - drawn == {"D17", "D21", "D22", "D30"}  # a greenhouse's baseline; rows of offices


def test_parcels_lie_inside_their_district_and_never_on_one_another() -> None:
    outlines = {code: shapely.geometry.shape(one.to_geojson()) for code, one in district_outlines().items()}
    squares: Counter[tuple[int, int]] = Counter()
    for plot in world().plots:
        district = FICTION_LIES_IN if plot.fictional else plot.district
        ring = [(lon / E9, lat / E9) for lon, lat in plot.grid.ring(plot.shape)]
        assert outlines[district].contains(shapely.Polygon(ring)), plot.number
        corners = {(lon // SQUARE_LON_E9, lat // SQUARE_LAT_E9) for lon, lat in plot.grid.ring(plot.shape)}
        assert len(corners) == 1, plot.number
        squares[corners.pop()] += 1
    assert max(squares.values()) == 1


def test_tours_end_before_their_tablet_syncs_and_nobody_is_in_two_places() -> None:
    for tablet in "ABCDE":
        for season, days in enumerate(SEASONS):
            for round_, synced in ((0, days.synced), (1, days.corrected)):
                tour = world().tour(tablet, season, round_)
                assert len({visit.at_ms for visit in tour}) == len(tour)
                assert not tour or tour[-1].at_ms < at(synced, 18)


def test_the_files_of_offices_are_of_all_formats(tmp_path: Path) -> None:
    filings = file_all(draw(60), tmp_path)
    assert {filing.file.suffix for filing in filings} >= {".gpkg", ".geojson", ".zip", ".xlsx", ".csv"}
    assert any(b"\xb1\xe0\xba\xc5" in filing.file.read_bytes() for filing in filings)  # 编号 in GB18030
    assert [filing.on for filing in filings] == sorted(filing.on for filing in filings)


@pytest.mark.parametrize("name", ["cells.py", "cellfold.py", "accounting.py"])
def test_the_second_account_uses_neither_the_fold_nor_any_geometry(name: str) -> None:
    tree = ast.parse((DRAWING / name).read_text("utf-8"))
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not {one for one in named if one.startswith(("sync.ledger", "shapely", "pyproj", "geographiclib"))}


# ---------------------------------------------------------------- cells


def plot(part: Part | None = None) -> Plot:
    shape = Box(0, 0, 20, 15)
    grid = Grid(Point(117_000_000_000, 40_100_000_000), 20, 15)
    return Plot(
        "DEMO-LS-0001", "DEMO-LS", "柳树乡", "11019X", True, grid, shape,
        (part or Part(shape, "0601"),), "集体", "XM", 0,
    )  # fmt: skip


@pytest.mark.parametrize("box", [Box(0, 0, 20, 15), Box(3, 2, 9, 14), Box(0, 0, 20, 15, 4, 3)])
def test_cells_have_the_area_that_the_ellipsoid_gives(box: Box) -> None:
    grid = Grid(Point(116_400_000_000, 39_900_000_000), 20, 15)
    ring = tuple(grid.ring(box))
    counted = float(grid.cell_areas_m2()[grid.mask(box)].sum())
    assert counted == pytest.approx(grid.area_m2(box), abs=1e-6)
    assert counted == pytest.approx(area_m2(Polygon(rings=(ring,))), abs=0.02)


def test_the_cells_follow_the_table_of_the_rules() -> None:
    """Cleared, greened, lost in a corner by a sighting that nobody reviewed: verified, contested, accepted."""
    script = Script(plot(), "E")
    whole, corner = Box(0, 0, 20, 15), Box(0, 0, 5, 4)
    script.cleared(0, whole)
    script.passed(2, whole, "0301", date(2024, 7, 25))
    script.accepted(3)
    script.built(5, corner, verdict=None)
    story = script.told()
    times = [at(SEASONS[visit.season].begin, 9) for visit in story.visits]
    story = replace(
        story, visits=tuple(replace(one, at_ms=when) for one, when in zip(story.visits, times, strict=True))
    )
    made = accounting.account([story], PERIOD_AFTER, STATE_DATE)
    totals = made.parcels["DEMO-LS-0001"]
    lost = story.plot.grid.area_m2(corner)
    assert totals.verified == pytest.approx(totals.area - lost)
    assert totals.contested == pytest.approx(lost)
    assert totals.accepted == pytest.approx(totals.area - lost, abs=0.01)
    assert totals.net == pytest.approx(-lost, abs=0.01)


def test_held_records_raise_nothing_and_their_gain_is_told() -> None:
    begun = Part(Box(0, 0, 20, 15), "0601", "cleared", None, date(2020, 6, 30))
    script = Script(plot(begun), "E")
    script.passed(2, Box(0, 0, 10, 15), "0301", date(2024, 7, 25), weight=Weight.HELD)
    script.passed(3, Box(10, 0, 20, 15), "0301", date(2024, 7, 25), verdict=ReviewOutcome.REJECT)
    made = accounting.account([script.told()], PERIOD_AFTER, STATE_DATE).parcels["DEMO-LS-0001"]
    assert (made.verified, made.contested) == (0.0, 0.0)
    assert made.held == pytest.approx(made.area / 2)
    assert made.pending == pytest.approx(made.area)


def test_classes_that_reduce_nothing_are_green_and_no_reduction() -> None:
    script = Script(plot(), "E")
    script.cleared(0, Box(0, 0, 20, 15))
    script.passed(2, Box(0, 0, 20, 15), "0810", date(2024, 7, 25))
    story = script.told()
    timed = tuple(replace(one, at_ms=at(SEASONS[one.season].begin)) for one in story.visits)
    made = accounting.account([replace(story, visits=timed)], PERIOD_AFTER, STATE_DATE).parcels["DEMO-LS-0001"]
    assert made.verified == 0.0 and made.green_not_reducing == pytest.approx(made.area)
    assert cellfold.reduces("0301") and not cellfold.reduces("0810")
