"""Cutting the ground: pieces against shapely's own overlay, point by point and area by area."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sync.ledger.land.geodesy_arrays import areas_m2
from sync.ledger.land.ground import CRUMB_M2, Ground, cut
from sync.ledger.land.plane import only_polygons, to_degrees, to_plane

BOX = shapely.box(0, 0, 100, 80)

corners = st.tuples(st.integers(-20, 120), st.integers(-20, 100))


@st.composite
def outlines(draw: st.DrawFn) -> shapely.Geometry:
    """A rectangle, an L, a ring with a hole, or two parts: on whole and on broken coordinates."""
    (x, y), (w, d) = draw(corners), draw(st.tuples(st.integers(1, 70), st.integers(1, 60)))
    shift = draw(st.sampled_from([0.0, 0.25, 1 / 3]))
    box = shapely.box(x + shift, y, x + w + shift, y + d)
    match draw(st.sampled_from(["box", "tilted", "hole", "parts"])):
        case "tilted":
            return shapely.affinity.rotate(box, draw(st.integers(1, 89)))
        case "hole":
            return box.difference(shapely.box(x + w / 3, y + d / 3, x + w / 2, y + d / 2))
        case "parts":
            return box.union(shapely.box(x + w + 5, y, x + w + 9, y + d))
    return box


def ground_of(
    parcels: list[shapely.Geometry], layers: list[tuple[int, shapely.Geometry | None]], **more: int
) -> Ground:
    layers = sorted(layers, key=lambda pair: pair[0])
    owner = np.array([parcel for parcel, _ in layers], dtype=np.int64)
    return cut(array(parcels), owner, array([layer for _, layer in layers]), **more)


def array(items: list[shapely.Geometry | None]) -> NDArray[np.object_]:
    made = np.empty(len(items), dtype=object)
    made[:] = items
    return made


@settings(max_examples=150, deadline=None)
@given(st.lists(outlines(), max_size=7))
def test_pieces_are_those_of_a_plain_overlay(layers: list[shapely.Geometry]) -> None:
    ground = ground_of([BOX], [(0, layer) for layer in layers])
    assert ground.area_m2.sum() == pytest.approx(BOX.area, abs=1e-6)
    assert (ground.area_m2 > 0).all()
    covers = {tuple(row) for row in ground.cover}
    assert len(covers) == len(ground)
    pieces = np.arange(len(ground))
    for number, layer in enumerate(layers):
        under = ground.inside(pieces, np.full(len(ground), number))
        assert ground.area_m2[under].sum() == pytest.approx(BOX.intersection(layer).area, abs=1e-3)
    shapes = ground.shapes(pieces)
    for piece, shape in zip(pieces, shapes, strict=True):
        expected = BOX
        for number, layer in enumerate(layers):
            over = ground.inside(np.array([piece]), np.array([number]))[0]
            expected = expected.intersection(layer) if over else expected.difference(layer)
        assert ground.area_m2[piece] == pytest.approx(expected.area, abs=1e-3)
        if expected.area > 1e-3:
            assert shape.symmetric_difference(expected).area < 1e-3


@settings(max_examples=60, deadline=None)
@given(st.lists(outlines(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_layers_changes_no_area(layers: list[shapely.Geometry], chance: object) -> None:
    order = list(range(len(layers)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    plain = ground_of([BOX], [(0, layer) for layer in layers])
    mixed = ground_of([BOX], [(0, layers[number]) for number in order])

    def by_cover(ground: Ground, numbers: list[int]) -> dict[frozenset[int], float]:
        found = {}
        for piece, area in enumerate(ground.area_m2):
            over = ground.inside(np.full(len(numbers), piece), np.arange(len(numbers)))
            found[frozenset(number for number, hit in zip(numbers, over, strict=True) if hit)] = area
        return found

    one, two = by_cover(plain, list(range(len(layers)))), by_cover(mixed, order)
    for cover in one.keys() | two.keys():
        assert one.get(cover, 0.0) == pytest.approx(two.get(cover, 0.0), abs=1e-3)


def test_a_parcel_cut_alone_and_among_others_gives_the_same_to_the_last_bit() -> None:
    chance = np.random.default_rng(7)
    parcels = [shapely.box(x * 60, 0, x * 60 + 55, 70) for x in range(2500)]
    layers = []
    for number in range(len(parcels)):
        for _ in range(int(chance.integers(0, 4))):
            x, y = chance.uniform(-10, 40, 2)
            layers.append((number, shapely.box(number * 60 + x, y, number * 60 + x + 30, y + 25)))
    whole = ground_of(parcels, layers)
    shared = ground_of(parcels, layers, threads=2)
    assert np.array_equal(whole.area_m2, shared.area_m2) and np.array_equal(whole.cover, shared.cover)
    for number in (0, 17, 1999, 2499):
        alone = ground_of([parcels[number]], [(0, layer) for owner, layer in layers if owner == number])
        mine = whole.parcel == number
        assert np.array_equal(alone.area_m2, whole.area_m2[mine])


def test_more_than_64_layers_and_repeated_ones_stay_few_pieces() -> None:
    layers: list[tuple[int, shapely.Geometry | None]] = [(0, shapely.box(0, 0, 60, 40)) for _ in range(130)]
    ground = ground_of([BOX], [*layers, (0, shapely.box(50, 0, 100, 40)), (0, None)])
    assert sorted(ground.area_m2.round(6)) == [400, 1600, 2000, 4000]
    assert ground.inside(np.arange(4), np.full(4, 129)).sum() == 2
    assert not ground.inside(np.arange(4), np.full(4, 131)).any()


def test_touching_is_no_overlap_and_a_crumb_is_rounding() -> None:
    ground = ground_of([BOX], [(0, shapely.box(100, 0, 120, 80)), (0, shapely.box(100 - CRUMB_M2 / 100, 0, 120, 80))])
    assert len(ground) == 1 and ground.area_m2[0] == BOX.area


def test_nothing_makes_nothing() -> None:
    assert len(ground_of([], [])) == 0
    assert len(ground_of([BOX], [])) == 1


def test_the_plane_keeps_areas_and_comes_back() -> None:
    lon, lat = np.meshgrid(np.arange(115.6, 117.6, 0.25), np.arange(39.5, 41.0, 0.25))
    boxes = shapely.box(lon.ravel(), lat.ravel(), lon.ravel() + 0.002, lat.ravel() + 0.0015)
    plane = to_plane(boxes)
    assert shapely.area(plane) == pytest.approx(areas_m2(boxes), rel=1e-6)
    # The way back is a series good to a millimetre: for outlines that are shown, never for areas.
    assert shapely.get_coordinates(to_degrees(plane)) == pytest.approx(shapely.get_coordinates(boxes), abs=2e-8)


def test_lines_and_points_have_no_place_in_the_plane() -> None:
    mixed = shapely.GeometryCollection([shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 1, 1)])
    kept = only_polygons(array([mixed, shapely.Point(0, 0), None, shapely.Polygon()]))
    assert [None if one is None else one.area for one in kept] == [1.0, None, None, None]
