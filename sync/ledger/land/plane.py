"""The plane in which the ledger cuts land: an equal-area projection of the CGCS2000 ellipsoid.

A plane area is the area on the ellipsoid (design, Land state). Straight lines between vertices stay within 1e-6 of the
geodesic's area.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

Geometries = NDArray[np.object_]

_PLANE = "+proj=laea +lat_0=40 +lon_0=116.4 +ellps=GRS80 +units=m"
"""Lambert azimuthal, centred on the belts: equal in area everywhere, near to true in shape where the parcels are."""


_WORTH_A_THREAD = 2000


def to_plane(geometries: Geometries) -> Geometries:
    """EPSG:4490 degrees (longitude first) to plane metres; made valid again where rounding broke a ring."""
    return polygonal(_simple(geometries))


def to_degrees(geometries: Geometries) -> Geometries:
    """Plane metres back to EPSG:4490 degrees."""
    return np.asarray(shapely.transform(geometries, _backward, interleaved=False), dtype=object)


def polygonal(geometries: Geometries) -> Geometries:
    """Valid geometries of polygon parts only; None stays None, and what has no area becomes None."""
    made = np.array(geometries, dtype=object, copy=True)
    broken = ~_valid(made) & ~shapely.is_missing(made)
    if broken.any():
        made[broken] = shapely.make_valid(made[broken], method="structure")
    return only_polygons(made)


def only_polygons(geometries: Geometries) -> Geometries:
    """Of collections their polygons; lines and points, which have no area, become None. Changes the array given."""
    kinds = shapely.get_type_id(geometries)
    polygons = (kinds == shapely.GeometryType.POLYGON) | (kinds == shapely.GeometryType.MULTIPOLYGON)
    other = np.flatnonzero(~polygons & (kinds >= 0))
    for index in other:
        geometries[index] = _polygons_of(geometries[index])
    geometries[polygons & shapely.is_empty(geometries)] = None
    return geometries


def _polygons_of(geometry: shapely.Geometry) -> shapely.Geometry | None:
    parts = [part for part in shapely.get_parts(geometry) if shapely.area(part) > 0]
    flat = [one for part in parts for one in shapely.get_parts(part) if one.geom_type == "Polygon"]
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else shapely.multipolygons(flat)


def _simple(geometries: Geometries) -> Geometries:
    """Transformed to the plane; single polygons without holes, which most are, are made of their points directly."""
    plain = (shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON) & (
        shapely.get_num_interior_rings(geometries) == 0
    )
    made = np.array(geometries, dtype=object, copy=True)
    made[~plain] = shapely.transform(made[~plain], _forward, interleaved=False)
    points, ring = shapely.get_coordinates(made[plain], return_index=True)
    if len(points):
        polygons = np.arange(np.count_nonzero(plain) + 1)
        flat = np.stack(_forward(points[:, 0], points[:, 1]), axis=1)
        made[plain] = shapely.from_ragged_array(
            shapely.GeometryType.POLYGON, flat, (np.searchsorted(ring, polygons), polygons)
        )
    return made


def _valid(geometries: Geometries) -> NDArray[np.bool_]:
    """`shapely.is_valid`, shared out over two threads where that pays."""
    if len(geometries) < _WORTH_A_THREAD:
        return np.asarray(shapely.is_valid(geometries), dtype=bool)
    with ThreadPoolExecutor(2) as pool:
        return np.concatenate(list(pool.map(shapely.is_valid, np.array_split(geometries, 2))))


@cache
def _transformer() -> Transformer:
    return Transformer.from_pipeline("+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step " + _PLANE)


def _forward(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    east, north = _transformer().transform(x, y)
    return np.asarray(east), np.asarray(north)


def _backward(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lon, lat = _transformer().transform(x, y, direction="INVERSE")
    return np.asarray(lon), np.asarray(lat)
