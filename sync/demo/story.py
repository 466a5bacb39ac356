"""The demonstration's story as orders for its tablets: who visits which parcel, and what goes wrong on the way."""

from __future__ import annotations

import random
from typing import Any

from sync.demo.world import SEED, DemoParcel

VISITS_A, VISITS_B, VISITS_C = 16, 14, 6


def visits(parcels: list[DemoParcel], first: int, count: int) -> list[dict[str, Any]]:
    """`count` demolition visits from parcel number `first` (0-based) on, the same for the same seed."""
    return [visit(parcels[first + index], SEED + first + index) for index in range(count)]


def visit(parcel: DemoParcel, seed: int, remark: str = "场清地净") -> dict[str, Any]:
    """One visit to a parcel: what the inspector states, and the photos taken."""
    chance = random.Random(seed)  # noqa: S311  # a drawing
    cleared = chance.random() < 0.7
    return {
        "about": parcel.number,
        "unit": parcel.unit,
        "place": [parcel.corner.lon_e9, parcel.corner.lat_e9],
        "width_m": chance.randrange(20, 50),
        "depth_m": chance.randrange(20, 40),
        "facts": {
            "type": "demolition",
            "land_freed": "part",
            "site_cleared": cleared,
            "structures": [],
            "floor_area_e2": chance.randrange(200, 2000) * 100,
            "programme": None,
        },
        "shots": ["AFTER_WIDE", "AFTER_WIDE", "GROUND_PROOF"] if cleared else ["AFTER_WIDE", "AFTER_GROUND"],
        "seed": seed,
        "remark": remark if cleared else "已拆除，待清理",
    }
