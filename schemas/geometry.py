"""Places and outlines as entries hold them: longitude and latitude in degrees × 1e9, whole numbers, nothing else.

Checks here are structural (closed, enough points, in range, not flat) and run on the tablet. Rings that cross
themselves or holes outside their outer ring are left to central, which repairs and lists each repair. Which datum the
numbers are in stands beside them in the entry; stored outlines are CGCS2000 (EPSG:4490), see `gcj02.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, WithJsonSchema, model_validator

from schemas.errors import Code, LedgerError

E9 = 1_000_000_000
"""Units in a degree; one unit is about 0.1 mm."""
MAX_LON_E9 = 180 * E9
MAX_LAT_E9 = 90 * E9
MAX_VERTICES = 100_000
"""Most vertices, closing points included, that one geometry may have over all its rings."""


@dataclass(frozen=True, slots=True)
class Point:
    """A position in degrees × 1e9. Raises LedgerError(COORDINATE_OUT_OF_RANGE) when it is none on Earth."""

    lon_e9: int
    lat_e9: int

    def __post_init__(self) -> None:
        if type(self.lon_e9) is not int or type(self.lat_e9) is not int:
            raise _out_of_range("not whole numbers")
        _check_range(self.lon_e9, self.lat_e9, "point")

    @classmethod
    def from_degrees(cls, lon_deg: float, lat_deg: float) -> Point:
        """The position nearest to degrees given as numbers. NaN, infinities and what is off the Earth are refused."""
        return cls(*_pair_e9((lon_deg, lat_deg), "point"))

    @property
    def lon_deg(self) -> float:
        """Longitude in degrees, east positive."""
        return self.lon_e9 / E9

    @property
    def lat_deg(self) -> float:
        """Latitude in degrees, north positive."""
        return self.lat_e9 / E9


_LonE9 = Annotated[StrictInt, WithJsonSchema({"type": "integer", "minimum": -MAX_LON_E9, "maximum": MAX_LON_E9})]
_LatE9 = Annotated[StrictInt, WithJsonSchema({"type": "integer", "minimum": -MAX_LAT_E9, "maximum": MAX_LAT_E9})]
Ring = tuple[tuple[_LonE9, _LatE9], ...]
"""A closed ring: (longitude, latitude) pairs in degrees × 1e9, the last equal to the first, either orientation."""


class Polygon(BaseModel):
    """One outer ring, then its holes. Raises LedgerError(GEOMETRY_INVALID or COORDINATE_OUT_OF_RANGE)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["Polygon"] = "Polygon"
    rings: Annotated[tuple[Ring, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _structure(self) -> Polygon:
        _check_rings(self.rings)
        return self

    @property
    def polygons(self) -> tuple[tuple[Ring, ...], ...]:
        """The rings of each part, as in a multipolygon of one."""
        return (self.rings,)

    def to_geojson(self) -> dict[str, Any]:
        """A GeoJSON geometry in degrees; reading it back gives an equal polygon."""
        return {"type": self.type, "coordinates": _degrees(self.rings)}


class MultiPolygon(BaseModel):
    """Several polygons, each as in `Polygon`; whether they overlap is left to central."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["MultiPolygon"] = "MultiPolygon"
    polygons: Annotated[tuple[Annotated[tuple[Ring, ...], Field(min_length=1)], ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _structure(self) -> MultiPolygon:
        _check_rings([ring for rings in self.polygons for ring in rings])
        return self

    def to_geojson(self) -> dict[str, Any]:
        """A GeoJSON geometry in degrees; reading it back gives an equal multipolygon."""
        return {"type": self.type, "coordinates": [_degrees(rings) for rings in self.polygons]}


Geometry = Annotated[Polygon | MultiPolygon, Field(discriminator="type")]
"""What an entry's body may hold as an outline."""


def from_geojson(geometry: Mapping[str, Any]) -> Polygon | MultiPolygon:
    """Read a GeoJSON Polygon or MultiPolygon in degrees, each number to the nearest 1e-9.

    Raises LedgerError: GEOMETRY_INVALID for other types, heights, bad structure or too many vertices;
    COORDINATE_OUT_OF_RANGE for NaN, infinities and numbers that are no degrees.
    """
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise _invalid("neither Polygon nor MultiPolygon")
    parts = _items([coordinates] if kind == "Polygon" else coordinates)
    _refuse_too_many(sum(len(_items(ring)) for rings in parts for ring in _items(rings)))
    polygons = tuple(tuple(_ring_e9(ring) for ring in _items(rings)) for rings in parts)
    if not polygons or not all(polygons):
        raise _invalid("no rings")
    return Polygon(rings=polygons[0]) if kind == "Polygon" else MultiPolygon(polygons=polygons)


def rings_of(geometry: Polygon | MultiPolygon) -> Iterator[tuple[bool, Ring]]:
    """Every ring with whether it is an outer one."""
    for rings in geometry.polygons:
        for number, ring in enumerate(rings):
            yield number == 0, ring


def vertex_count(geometry: Polygon | MultiPolygon) -> int:
    """Vertices over all rings, closing points included."""
    return sum(len(ring) for _, ring in rings_of(geometry))


def bounds_e9(geometry: Polygon | MultiPolygon) -> tuple[int, int, int, int]:
    """West, south, east, north in degrees × 1e9."""
    pairs = [pair for _, ring in rings_of(geometry) for pair in ring]
    lons, lats = [lon for lon, _ in pairs], [lat for _, lat in pairs]
    return min(lons), min(lats), max(lons), max(lats)


def _check_rings(rings: Sequence[Ring]) -> None:
    _refuse_too_many(sum(len(ring) for ring in rings))
    for number, ring in enumerate(rings):
        where = f"ring {number}"
        for lon, lat in ring:
            _check_range(lon, lat, where)
        if len(ring) < 4:
            raise _invalid(f"ring {number} has fewer than 4 points")
        if ring[0] != ring[-1]:
            raise _invalid(f"ring {number} is not closed")
        if _is_flat(ring):
            raise _invalid(f"ring {number} has no area")


def _is_flat(ring: Ring) -> bool:
    """Whether all points lie on one line: exact, in whole numbers."""
    x0, y0 = ring[0]
    x1, y1 = next(((x, y) for x, y in ring if (x, y) != (x0, y0)), (x0, y0))
    return all((x1 - x0) * (y - y0) == (y1 - y0) * (x - x0) for x, y in ring)


def _check_range(lon_e9: int, lat_e9: int, where: str) -> None:
    if not (-MAX_LON_E9 <= lon_e9 <= MAX_LON_E9 and -MAX_LAT_E9 <= lat_e9 <= MAX_LAT_E9):
        raise _out_of_range(where)


def _refuse_too_many(vertices: int) -> None:
    if vertices > MAX_VERTICES:
        raise _invalid(f"{vertices} vertices, at most {MAX_VERTICES}")


def _ring_e9(ring: Any) -> tuple[tuple[int, int], ...]:
    return tuple(_pair_e9(_items(position), "ring") for position in _items(ring))


def _pair_e9(position: Sequence[Any], where: str) -> tuple[int, int]:
    if len(position) != 2:
        raise _invalid("positions have a longitude and a latitude, no height")
    lon, lat = position
    for degrees in (lon, lat):
        if isinstance(degrees, bool) or not isinstance(degrees, int | float) or not -180 <= degrees <= 180:
            raise _out_of_range(where)  # NaN compares false, so it ends here too
    pair = round(lon * E9), round(lat * E9)
    _check_range(*pair, where)
    return pair


def _items(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise _invalid("coordinates are nested lists of numbers")
    return value


def _degrees(rings: Sequence[Ring]) -> list[list[list[float]]]:
    return [[[lon / E9, lat / E9] for lon, lat in ring] for ring in rings]


def _invalid(reason: str) -> LedgerError:
    return LedgerError(Code.GEOMETRY_INVALID, reason=reason)


def _out_of_range(where: str) -> LedgerError:
    return LedgerError(Code.COORDINATE_OUT_OF_RANGE, where=where)
