"""Places and outlines: whole numbers only, structure checked, GeoJSON there and back without loss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.errors import Code, LedgerError
from schemas.geometry import (
    E9,
    MAX_VERTICES,
    Geometry,
    MultiPolygon,
    Point,
    Polygon,
    bounds_e9,
    from_geojson,
    rings_of,
    vertex_count,
)

OUTER = ((116 * E9, 39 * E9), (117 * E9, 39 * E9), (117 * E9, 40 * E9), (116 * E9, 40 * E9), (116 * E9, 39 * E9))
HOLE = tuple((lon // 2 + 58 * E9 + 10**8, lat // 2 + 19 * E9 + 6 * 10**8) for lon, lat in OUTER)
LONS, LATS = st.integers(-180 * E9, 180 * E9), st.integers(-90 * E9, 90 * E9)


@st.composite
def rings(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """A closed ring around a triangle that is not flat, with any further vertices."""
    lon, lat = draw(st.integers(-179 * E9, 178 * E9)), draw(st.integers(-89 * E9, 88 * E9))
    more = draw(st.lists(st.tuples(LONS, LATS), max_size=5))
    return ((lon, lat), (lon + E9, lat), (lon, lat + E9), *more, (lon, lat))


@given(LONS, LATS)
def test_a_point_keeps_its_digits_through_degrees(lon: int, lat: int) -> None:
    point = Point(lon, lat)
    assert Point.from_degrees(point.lon_deg, point.lat_deg) == point


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (float("nan"), 39.9),
        (116.4, float("nan")),
        (float("inf"), 0.0),
        (0.0, float("-inf")),
        (1e300, 0.0),
        (10**400, 0),
        (180.000000001, 0.0),
        (0.0, 90.000000001),
        (39.9, 116.4),
        (39_500_000.0, 4_420_000.0),
        (True, 0.0),
    ],
)
def test_what_is_no_place_on_earth_is_refused(lon: float, lat: float) -> None:
    """Also swapped axes and the eastings of EPSG:4527."""
    with pytest.raises(LedgerError) as error:
        Point.from_degrees(lon, lat)
    assert error.value.code is Code.COORDINATE_OUT_OF_RANGE


@pytest.mark.parametrize("pair", [(1.0, 2), (True, 2), ("1", 2), (180 * E9 + 1, 0), (0, -90 * E9 - 1)])
def test_a_point_holds_whole_numbers_in_range(pair: tuple[Any, Any]) -> None:
    with pytest.raises(LedgerError):
        Point(*pair)


@given(st.lists(st.lists(rings(), min_size=1, max_size=3), min_size=1, max_size=3))
def test_outlines_come_back_from_geojson_and_from_json(polygons: list[list[tuple[tuple[int, int], ...]]]) -> None:
    many = MultiPolygon(polygons=tuple(map(tuple, polygons)))
    one = Polygon(rings=many.polygons[0])
    for outline in (one, many):
        through_text = json.loads(json.dumps(outline.to_geojson()))
        assert from_geojson(through_text) == outline
        assert TypeAdapter(Geometry).validate_python(outline.model_dump(mode="json")) == outline
        assert TypeAdapter(Geometry).validate_json(outline.model_dump_json()) == outline


def test_rings_count_and_bounds() -> None:
    outline = Polygon(rings=(OUTER, HOLE))
    assert [outer for outer, _ in rings_of(outline)] == [True, False]
    assert vertex_count(outline) == 10
    assert bounds_e9(outline) == (116 * E9, 39 * E9, 117 * E9, 40 * E9)


@pytest.mark.parametrize(
    ("ring", "reason"),
    [
        (OUTER[:-1], "not closed"),
        ((OUTER[0], OUTER[1], OUTER[0]), "fewer than 4"),
        ((), "fewer than 4"),
        ((OUTER[0],) * 5, "no area"),
        ((OUTER[0], OUTER[1], (115 * E9, 39 * E9), OUTER[0]), "no area"),
        (((0, 0), (1, 1), (3 * E9, 3 * E9), (0, 0)), "no area"),
    ],
)
def test_bad_structure_is_refused(ring: tuple[tuple[int, int], ...], reason: str) -> None:
    for make in (lambda: Polygon(rings=(OUTER, ring)), lambda: MultiPolygon(polygons=((OUTER,), (ring,)))):
        with pytest.raises(LedgerError, match=reason) as error:
            make()
        assert error.value.code is Code.GEOMETRY_INVALID


def test_a_vertex_off_the_earth_is_refused() -> None:
    with pytest.raises(LedgerError) as error:
        Polygon(rings=(((0, 0), (181 * E9, 0), (0, E9), (0, 0)),))
    assert error.value.code is Code.COORDINATE_OUT_OF_RANGE


def test_the_vertex_limit_is_over_all_rings() -> None:
    filler = tuple((116 * E9 + i, 39 * E9 + i * i) for i in range(MAX_VERTICES - len(OUTER) - 1))
    ring = (*filler, filler[0])
    assert vertex_count(Polygon(rings=(OUTER, ring))) == MAX_VERTICES
    with pytest.raises(LedgerError, match="at most"):
        Polygon(rings=(OUTER, (filler[0], *ring)))
    with pytest.raises(LedgerError, match="at most"):
        from_geojson({"type": "Polygon", "coordinates": [[[0.0, 0.0]] * (MAX_VERTICES + 1)]})


@pytest.mark.parametrize("bad", [1.0, "1", True, None, float("nan")])
def test_numbers_are_never_coerced(bad: Any) -> None:
    with pytest.raises(ValidationError):
        Polygon.model_validate({"type": "Polygon", "rings": [[[0, 0], [bad, 0], [0, E9], [0, 0]]]})


@pytest.mark.parametrize(
    "document",
    [
        {"type": "Polygon", "rings": [[[0, 0, 0], [E9, 0, 0], [0, E9, 0], [0, 0, 0]]]},
        {"type": "Polygon", "rings": [OUTER], "crs": "EPSG:4490"},
        {"type": "MultiPolygon", "rings": [OUTER]},
        {"type": "Polygon", "rings": []},
        {"type": "MultiPolygon", "polygons": [[]]},
        {"type": "Point", "rings": [OUTER]},
        {"rings": [OUTER]},
    ],
)
def test_documents_of_another_shape_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Geometry).validate_python(document)


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ({}, Code.GEOMETRY_INVALID),
        ({"type": "Point", "coordinates": [0, 0]}, Code.GEOMETRY_INVALID),
        ({"type": "Polygon", "coordinates": []}, Code.GEOMETRY_INVALID),
        ({"type": "Polygon", "coordinates": None}, Code.GEOMETRY_INVALID),
        ({"type": "Polygon", "coordinates": "0,0"}, Code.GEOMETRY_INVALID),
        ({"type": "MultiPolygon", "coordinates": []}, Code.GEOMETRY_INVALID),
        ({"type": "MultiPolygon", "coordinates": [[]]}, Code.GEOMETRY_INVALID),
        ({"type": "Polygon", "coordinates": [[0, 0, 1, 1]]}, Code.GEOMETRY_INVALID),
        ({"type": "Polygon", "coordinates": [[[0, 0, 5], [1, 0, 5], [0, 1, 5], [0, 0, 5]]]}, Code.GEOMETRY_INVALID),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1e999, 0], [0, 1], [0, 0]]]}, Code.COORDINATE_OUT_OF_RANGE),
        ({"type": "Polygon", "coordinates": [[[0, 0], ["1", 0], [0, 1], [0, 0]]]}, Code.COORDINATE_OUT_OF_RANGE),
    ],
)
def test_bad_geojson_has_a_code(geometry: dict[str, Any], code: Code) -> None:
    with pytest.raises(LedgerError) as error:
        from_geojson(geometry)
    assert error.value.code is code


def test_outlines_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Polygon(rings=(OUTER,)).rings = ()  # type: ignore[misc]


def test_the_schema_names_type_and_range() -> None:
    schema = json.dumps(TypeAdapter(Geometry).json_schema())
    assert '"minimum": -180000000000' in schema and '"maximum": 90000000000' in schema
