"""What the demonstration draws: parcels under real unit names, inspections, and the roles of the story.

Everything is fictional but the names of units and the district outlines (示意). Frauds and faults of people happen in
fictional units only (ledger rules §6).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pydantic import JsonValue

from schemas.admin_units import Unit, admin_units, demo_units
from schemas.districts import district_outlines
from schemas.geodesy import destination
from schemas.geometry import Point, bounds_e9
from schemas.roles import Role

SEED = 20_261_122
MARK = "演示数据·虚构"
PARCELS = 50
DISTRICT = "110105"
STEP_M = 400.0
ON = date(2026, 11, 22)


@dataclass(frozen=True)
class Person:
    """An account of the story: role and scope, no name."""

    account: str
    role: Role
    scope: str


INSPECTOR_A = Person("insp-cy-1", Role.INSPECTOR, f"district:{DISTRICT}")
INSPECTOR_B = Person("insp-cy-2", Role.INSPECTOR, f"district:{DISTRICT}")
SUPERVISOR = Person("sup-cy", Role.SUPERVISOR, f"district:{DISTRICT}")
OFFICE = Person("office-cy", Role.DISTRICT, f"district:{DISTRICT}")


@dataclass(frozen=True)
class DemoParcel:
    """A drawn parcel: its row as a `parcel` entry carries it, and a corner to stand at."""

    number: str
    unit: str
    unit_name: str
    corner: Point
    body: dict[str, JsonValue]


def fictional_people() -> tuple[Person, Person]:
    """The inspector whose tablet is cloned, and the district office that deals with it, in a fictional unit."""
    unit = demo_units().units[0]
    return (
        Person("insp-demo", Role.INSPECTOR, unit.unit_id),
        Person("office-demo", Role.DISTRICT, unit.unit_id),
    )


def parcels() -> list[DemoParcel]:
    """50 parcels: most under the plan's unit names of Chaoyang, ten in the first fictional unit."""
    chance = random.Random(SEED)  # noqa: S311  # a drawing, not a secret
    real = [unit for unit in admin_units().units if unit.lead_district == DISTRICT and unit.valid_on(ON)]
    fictional = demo_units().units[0]
    owners: list[Unit] = [real[index % len(real)] for index in range(PARCELS - 10)] + [fictional] * 10
    places = _places(DISTRICT, chance)
    return [_parcel(number, unit, next(places), chance) for number, unit in enumerate(owners, 1)]


def _places(district: str, chance: random.Random) -> Iterator[Point]:
    """Corners on a loose grid round the middle of the district's outline."""
    west, south, east, north = bounds_e9(district_outlines()[district])
    middle = Point((west + east) // 2, (south + north) // 2)
    for row in range(8):
        for column in range(8):
            eastwards = destination(middle, 90.0, column * STEP_M + chance.uniform(0, 80))
            yield destination(eastwards, 0.0, row * STEP_M + chance.uniform(0, 80))


def _parcel(number: int, unit: Unit, corner: Point, chance: random.Random) -> DemoParcel:
    width, depth = chance.randrange(60, 140), chance.randrange(40, 110)
    outline = rectangle(corner, width, depth)
    name = f"{unit.unit_id}-{number:04d}"
    baseline: dict[str, JsonValue] = {
        "class_system": "third_land_survey",
        "class_code": chance.choice(["0601", "0508", "05H1", "0702"]),
        "geometry": outline,
        "initial_state": None,
        "initial_class": None,
        "as_of": None,
        "document": None,
    }
    body: dict[str, JsonValue] = {
        "ledger_no": name,
        "name": f"{_name(unit)}图斑{number}（{MARK}）",
        "geometry": outline,
        "baseline": [baseline],
        "baseline_on": "2021-01-01",
        "planned_land_area_e2": width * depth * 100,
        "planned_class": "0301",
        "owner_type": "集体",
        "project": None,
        "valid_from": "2021-01-01",
        "valid_to": None,
    }
    return DemoParcel(name, unit.unit_id, _name(unit), corner, body)


def _name(unit: Unit) -> str:
    return unit.name_on(ON)


def rectangle(corner: Point, width_m: float, depth_m: float) -> dict[str, JsonValue]:
    """A rectangle to the north-east of `corner`, as an entry holds it."""
    east = destination(corner, 90.0, width_m)
    far = destination(east, 0.0, depth_m)
    north = destination(corner, 0.0, depth_m)
    ring: list[JsonValue] = [[point.lon_e9, point.lat_e9] for point in (corner, east, far, north, corner)]
    return {"type": "Polygon", "rings": [ring]}
