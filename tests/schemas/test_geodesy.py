"""The twins agree: areas by geographiclib (tablet) and by pyproj (central); both give the facts of domain §3.9."""

from __future__ import annotations

import json
import math

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from schemas.districts import district_outlines
from schemas.errors import Code, LedgerError
from schemas.geodesy import (
    FLATTENING,
    SEMI_MAJOR_M,
    area_m2,
    bearing_deg,
    destination,
    distance_m,
    perimeter_m,
    walked_area_sigma_m2,
)
from schemas.geometry import E9, MultiPolygon, Point, Polygon, Ring
from sync.ledger.land.geodesy_arrays import GEOD, areas_m2, bearings_deg, distances_m, perimeters_m

PLACES = st.builds(Point.from_degrees, st.floats(115.4, 117.6), st.floats(39.4, 41.1))


def as_shapely(outline: Polygon | MultiPolygon) -> shapely.Geometry:
    return shapely.from_geojson(json.dumps(outline.to_geojson()))


def rectangle(lon_deg: float, width_m: float, height_m: float) -> tuple[Point, ...]:
    """Corners of a rectangle at 39.9° N, laid out by bearing and distance."""
    south_west = Point.from_degrees(lon_deg, 39.9)
    south_east = destination(south_west, 90, width_m)
    return south_west, south_east, destination(south_east, 0, height_m), destination(south_west, 0, height_m)


def polygon(corners: tuple[Point, ...]) -> Polygon:
    ring = tuple((corner.lon_e9, corner.lat_e9) for corner in corners)
    return Polygon(rings=((*ring, ring[0]),))


def test_both_twins_stand_on_the_ellipsoid_of_cgcs2000() -> None:
    assert (GEOD.a, GEOD.f) == (SEMI_MAJOR_M, pytest.approx(FLATTENING, rel=1e-12))
    assert pyproj.CRS.from_epsg(4490).ellipsoid.inverse_flattening == pytest.approx(1 / FLATTENING, rel=1e-12)


@pytest.mark.parametrize("lon_deg", [116.0, 116.5])
def test_a_rectangle_of_200_by_150_m(lon_deg: float) -> None:
    """30,000 m² but for the meridians: the north side is 150 m · tan 39.9° / R = 19.7 ppm shorter, the area half."""
    outline = polygon(rectangle(lon_deg, 200, 150))
    expected = 30_000 * (1 - 150 / 6_371_000 * math.tan(math.radians(39.9)) / 2)
    assert area_m2(outline) == pytest.approx(expected, rel=1e-6)
    assert areas_m2([as_shapely(outline)])[0] == pytest.approx(expected, rel=1e-6)
    assert perimeter_m(outline) == pytest.approx(700 - 200 * 19.7e-6, abs=1e-3)


@pytest.mark.parametrize(
    ("lon_deg", "crs", "error", "tolerance"),
    [(116.5, "EPSG:4527", 45e-6, 3e-6), (116.0, "EPSG:4527", 180e-6, 5e-6), (116.4, "EPSG:3857", 0.70, 0.005)],
)
def test_why_no_plane_area_is_used(lon_deg: float, crs: str, error: float, tolerance: float) -> None:
    """The published errors of plane areas against ours (domain §3.9): the golden check of the ellipsoidal figure."""
    outline = polygon(rectangle(lon_deg, 200, 150))
    to_plane = pyproj.Transformer.from_crs("EPSG:4490", crs, always_xy=True)
    plane = shapely.area(shapely.transform(as_shapely(outline), to_plane.transform, interleaved=False))
    assert plane / area_m2(outline) - 1 == pytest.approx(error, abs=tolerance)


def test_the_twins_agree_on_the_districts() -> None:
    outlines = list(district_outlines().values())
    pure = np.array([area_m2(outline) for outline in outlines])
    arrays = areas_m2([as_shapely(outline) for outline in outlines])
    assert len(outlines) == 16
    np.testing.assert_allclose(arrays, pure, rtol=1e-6)
    lengths = [perimeter_m(outline) for outline in outlines]
    np.testing.assert_allclose(perimeters_m([as_shapely(outline) for outline in outlines]), lengths, rtol=1e-6)
    assert pure.sum() / 1e6 == pytest.approx(16_410, rel=1e-3)


def test_the_twins_agree_on_ten_thousand_parcels() -> None:
    """Star-shaped parcels of 3 to 8 corners, 15 to 300 m across, both orientations, every tenth with a hole."""
    random = np.random.default_rng(20261101)
    outlines = [_parcel(random, with_hole=number % 10 == 0) for number in range(10_000)]
    pure = np.array([area_m2(outline) for outline in outlines])
    assert pure.min() > 20
    np.testing.assert_allclose(areas_m2([as_shapely(outline) for outline in outlines]), pure, rtol=1e-6)


def test_on_the_smallest_outlines_the_twins_differ_by_noise_that_no_figure_shows() -> None:
    """Below some 20 m² both libraries' rounding, up to 2e-5 m², exceeds 1e-6 of the area; a figure shows 0.01 m²."""
    random = np.random.default_rng(7)
    for side_m in random.uniform(0.1, 4, 200):
        outline = polygon(rectangle(random.uniform(115.5, 117.4), side_m, side_m))
        assert areas_m2([as_shapely(outline)])[0] == pytest.approx(area_m2(outline), abs=1e-4)
        assert area_m2(outline) == pytest.approx(side_m**2, rel=1e-3, abs=2e-3)


def _parcel(random: np.random.Generator, *, with_hole: bool) -> Polygon:
    corners = int(random.integers(3, 9))
    turns = np.sort((np.arange(corners) + random.uniform(0, 0.5, corners)) / corners * math.tau)
    reach_deg = random.uniform(12.5, 150) / 111_000 * random.uniform(0.6, 1, corners)
    lon, lat = random.uniform(115.5, 117.4), random.uniform(39.5, 41.0)
    if random.random() < 0.5:
        turns = turns[::-1]

    def ring(scale: float) -> Ring:
        x, y = lon + scale * reach_deg * np.cos(turns), lat + scale * reach_deg * np.sin(turns)
        open_ring = tuple((round(a * E9), round(b * E9)) for a, b in zip(x.tolist(), y.tolist(), strict=True))
        return (*open_ring, open_ring[0])

    return Polygon(rings=(ring(1.0), ring(0.3)) if with_hole else (ring(1.0),))


@given(PLACES, st.floats(10, 300), st.floats(10, 300))
def test_orientation_does_not_matter_and_holes_are_subtracted(corner: Point, width: float, height: float) -> None:
    east = destination(corner, 90, width)
    north, far = destination(corner, 0, height), destination(east, 0, height)
    outer = polygon((corner, east, far, north)).rings[0]
    hole = polygon((corner, east, north)).rings[0]
    whole = area_m2(Polygon(rings=(outer,)))
    assert area_m2(Polygon(rings=(outer[::-1],))) == pytest.approx(whole, rel=1e-9)
    for inner in (hole, hole[::-1]):
        holed = Polygon(rings=(outer, inner))
        assert area_m2(holed) == pytest.approx(whole - area_m2(Polygon(rings=(hole,))), abs=1e-3)
        assert areas_m2([as_shapely(holed)])[0] == pytest.approx(area_m2(holed), rel=1e-6, abs=1e-3)
    twice = MultiPolygon(polygons=((outer,), (hole,)))
    assert area_m2(twice) == pytest.approx(whole + area_m2(Polygon(rings=(hole,))), rel=1e-9)


def test_an_area_is_never_negative() -> None:
    small, large = (polygon(rectangle(116.4, side, side)).rings[0] for side in (10, 20))
    outline = Polygon(rings=(small, large))
    assert area_m2(outline) == 0.0
    assert areas_m2([as_shapely(outline)]).tolist() == [0.0]


def test_arrays_take_what_is_missing_or_no_polygon_as_zero() -> None:
    box = shapely.box(116.4, 39.9, 116.401, 39.901)
    nested = shapely.GeometryCollection([shapely.MultiPolygon([box]), shapely.Point(1, 2), shapely.Polygon()])
    found = areas_m2([None, shapely.Point(116, 39), shapely.Polygon(), box, nested, box.exterior])
    np.testing.assert_allclose(found, [0, 0, 0, 9495.26, 9495.26, 0], atol=0.01)
    assert areas_m2([]).shape == (0,)


@given(PLACES, st.floats(0, 359.99), st.floats(1, 50_000))
def test_bearing_and_distance_lead_back(start: Point, bearing: float, distance: float) -> None:
    end = destination(start, bearing, distance)
    assert distance_m(start, end) == pytest.approx(distance, abs=0.001)
    assert abs((bearing_deg(start, end) - bearing + 180) % 360 - 180) < 0.02
    pair = (start.lon_deg, start.lat_deg, end.lon_deg, end.lat_deg)
    assert distances_m(*pair)[0] == pytest.approx(distance_m(start, end), rel=1e-6)
    assert bearings_deg(*pair)[0] == pytest.approx(bearing_deg(start, end), abs=1e-6)


def test_no_bearing_between_equal_positions() -> None:
    point = Point.from_degrees(116.4, 39.9)
    with pytest.raises(LedgerError) as error:
        bearing_deg(point, point)
    assert error.value.code is Code.VALUE_INVALID
    assert np.isnan(bearings_deg(116.4, 39.9, [116.4, 116.5], 39.9)).tolist() == [True, False]


@pytest.mark.parametrize(("bearing", "distance"), [(math.nan, 1.0), (0.0, math.inf)])
def test_no_destination_by_what_is_no_number(bearing: float, distance: float) -> None:
    with pytest.raises(LedgerError):
        destination(Point.from_degrees(116.4, 39.9), bearing, distance)


@pytest.mark.parametrize(("sigma_m", "expected_m2", "tolerance"), [(3.0, 216, 0.5), (0.05, 3.6, 0.05)])
def test_walking_cannot_verify_a_small_footprint(sigma_m: float, expected_m2: float, tolerance: float) -> None:
    """60 × 40 m: ±216 m² at 3 m, ±3.6 m² with RTK (domain §0.8)."""
    corners = rectangle(116.4, 60, 40)
    assert walked_area_sigma_m2(corners, sigma_m) == pytest.approx(expected_m2, abs=tolerance)
