"""Outlines between two forms: shapely in degrees, and the JSON text of an entry (degrees × 1e9)."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from schemas.geometry import E9

Outlines = NDArray[np.object_]
_AT_A_TIME = 20_000
_ONE_RING = b'{"rings":[[['
_ONE_RING_END = b'],"type":"Polygon"}'


def outline_texts(outlines: Outlines) -> list[str]:
    """The JSON text of each outline as entries hold it; `null` where there is none.

    >>> outline_texts(np.array([shapely.box(116, 39, 117, 40), None], dtype=object))[1]
    'null'
    """
    made: list[str] = []
    for start in range(0, len(outlines), _AT_A_TIME):
        made += _texts(outlines[start : start + _AT_A_TIME])
    return made


def outline_of(geometry: dict[str, Any] | None) -> shapely.Geometry | None:
    """The shapely outline, in degrees, of a geometry as a body holds it."""
    if geometry is None:
        return None
    if geometry["type"] == "Polygon":
        return _polygon(geometry["rings"])
    return shapely.multipolygons([_polygon(rings) for rings in geometry["polygons"]])


def outlines_of(texts: list[bytes]) -> Outlines:
    """The shapely outlines, in degrees, of geometries as JSON text; single rings, the common case, in one go."""
    made = np.empty(len(texts), dtype=object)
    simple = [index for index, text in enumerate(texts) if text.startswith(_ONE_RING) and text.count(b"]],[[") == 0]
    others = set(range(len(texts))).difference(simple)
    for index in others:
        made[index] = outline_of(json.loads(texts[index]))
    if simple:
        rings = [texts[index][len(_ONE_RING) - 1 : -len(_ONE_RING_END)] for index in simple]
        owner = np.repeat(np.arange(len(rings)), [ring.count(b"],[") + 1 for ring in rings])
        numbers = b",".join(rings).translate(None, b"[]").decode()
        flat = np.fromstring(numbers, dtype=np.int64, sep=",") / E9
        made[np.array(simple)] = shapely.polygons(shapely.linearrings(flat.reshape(-1, 2), indices=owner))
    return made


def _texts(outlines: Outlines) -> list[str]:
    parts, owner = shapely.get_parts(outlines, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    coordinates, ring_of = shapely.get_coordinates(rings, return_index=True)
    whole = np.rint(coordinates * E9).astype(np.int64).ravel().tolist()
    ends = np.searchsorted(ring_of, np.arange(len(rings) + 1)).tolist()
    of_ring = [_ring_form(b - a) % tuple(whole[2 * a : 2 * b]) for a, b in pairwise(ends)]
    of_part = _listed(of_ring, part_of, len(parts))
    of_outline = _listed(of_part, owner, len(outlines))
    kinds = shapely.get_type_id(outlines).tolist()
    return [
        "null"
        if kind < 0
        else f'{{"rings":{text[1:-1]},"type":"Polygon"}}'
        if kind == shapely.GeometryType.POLYGON
        else f'{{"polygons":{text},"type":"MultiPolygon"}}'
        for kind, text in zip(kinds, of_outline, strict=True)
    ]


@lru_cache(maxsize=256)
def _ring_form(points: int) -> str:
    """The text of a ring with places for its numbers: one formatting in C, not one a number."""
    return f"[{','.join(['[%d,%d]'] * points)}]"


def _listed(items: list[str], owner: NDArray[np.intp], count: int) -> list[str]:
    """Items joined to one list for each of `count` owners, in order."""
    ends = np.searchsorted(owner, np.arange(count + 1)).tolist()
    return [f"[{','.join(items[a:b])}]" for a, b in pairwise(ends)]


def _polygon(rings: list[list[list[int]]]) -> shapely.Geometry:
    degrees = [np.array(ring, dtype=np.float64) / E9 for ring in rings]
    return shapely.polygons(degrees[0], holes=[shapely.linearrings(hole) for hole in degrees[1:]] or None)
