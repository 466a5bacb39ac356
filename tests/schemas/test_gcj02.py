"""GCJ-02: the published pair, an exact way back, and no position without a datum."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.errors import Code, LedgerError
from schemas.gcj02 import Datum, converted, datum_of, outline_converted
from schemas.geodesy import bearing_deg, distance_m
from schemas.geometry import MultiPolygon, Point, Polygon

BEIJING = st.builds(Point.from_degrees, st.floats(115.4, 117.6), st.floats(39.4, 41.1))
CHINA = st.builds(Point.from_degrees, st.floats(73.5, 135.1), st.floats(3.8, 53.6))
STATION = Point.from_degrees(116.42079, 39.90105)


def test_the_known_pair() -> None:
    """Beijing station, domain §3.9 [V50], published to five decimals: equal to half of the last one."""
    shifted = converted(STATION, Datum.WGS84, Datum.GCJ02)
    assert shifted.lon_deg == pytest.approx(116.42703, abs=1e-5)
    assert shifted.lat_deg == pytest.approx(39.90245, abs=1e-5)
    assert distance_m(STATION, shifted) == pytest.approx(556, abs=2)
    assert bearing_deg(STATION, shifted) == pytest.approx(74, abs=1)


@given(BEIJING)
@example(STATION)
def test_the_shift_in_beijing_is_as_the_detector_expects(point: Point) -> None:
    assert 300 < distance_m(point, converted(point, Datum.WGS84, Datum.GCJ02)) < 700


@given(BEIJING | CHINA)
def test_the_way_back_is_exact(point: Point) -> None:
    there = converted(point, Datum.CGCS2000, Datum.GCJ02)
    assert distance_m(point, converted(there, Datum.GCJ02, Datum.CGCS2000)) < 0.001


@given(BEIJING | CHINA)
def test_and_so_is_the_other_round_trip(point: Point) -> None:
    back = converted(point, Datum.GCJ02, Datum.WGS84)
    assert distance_m(point, converted(back, Datum.WGS84, Datum.GCJ02)) < 0.001


@given(st.builds(Point.from_degrees, st.floats(-180, 71.9), st.floats(-90, 90)))
@example(Point.from_degrees(139.7, 35.7))
@example(Point.from_degrees(116.4, 56.0))
@example(Point.from_degrees(103.8, 0.5))
def test_outside_china_nothing_moves(point: Point) -> None:
    assert converted(point, Datum.WGS84, Datum.GCJ02) == point
    assert converted(point, Datum.GCJ02, Datum.WGS84) == point


@given(BEIJING)
def test_cgcs2000_and_wgs84_are_equal_here(point: Point) -> None:
    assert converted(point, Datum.CGCS2000, Datum.WGS84) == point
    assert converted(point, Datum.CGCS2000, Datum.GCJ02) == converted(point, Datum.WGS84, Datum.GCJ02)
    assert converted(point, Datum.GCJ02, Datum.GCJ02) == point


def test_outlines_move_vertex_by_vertex() -> None:
    ring = tuple((116_420_790_000 + dx, 39_901_050_000 + dy) for dx, dy in [(0, 0), (10**6, 0), (0, 10**6), (0, 0)])
    corner = converted(STATION, Datum.WGS84, Datum.GCJ02)
    for outline in (Polygon(rings=(ring,)), MultiPolygon(polygons=((ring,),))):
        moved = outline_converted(outline, Datum.WGS84, Datum.GCJ02)
        assert type(moved) is type(outline)
        assert moved.polygons[0][0][0] == (corner.lon_e9, corner.lat_e9)
        assert outline_converted(moved, Datum.GCJ02, Datum.WGS84).polygons[0][0][0] == pytest.approx(ring[0], abs=2)


@pytest.mark.parametrize("text", ["", "EPSG:4527", "BD09", "WGS84 "])
def test_a_datum_is_named_or_refused(text: str) -> None:
    with pytest.raises(LedgerError) as error:
        datum_of(text)
    assert error.value.code is Code.DATUM_UNKNOWN


def test_datums_by_name() -> None:
    assert [datum_of(text) for text in ("cgcs2000", "wgs84", "gcj02")] == list(Datum)
