"""District outlines (区界示意): 16 simplified outlines for maps and demos. 示意 only: no boundary is proved by them.

`data/districts.geojson` says how it was made; which district a parcel is in follows from its unit's row, never from
these lines (ledger rules §4). CGCS2000 degrees.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from schemas.geometry import MultiPolygon, Polygon, from_geojson


@cache
def district_outlines() -> Mapping[str, Polygon | MultiPolygon]:
    """Outline of each district by its GB/T 2260 code."""
    text = resources.files("schemas").joinpath("data", "districts.geojson").read_text(encoding="utf-8")
    features = json.loads(text)["features"]
    return MappingProxyType({each["properties"]["code"]: from_geojson(each["geometry"]) for each in features})
