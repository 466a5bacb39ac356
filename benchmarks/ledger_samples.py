"""A made-up ledger as rows of the log: parcels on a grid in the plain of Beijing, two inspections on each, reviews.

Everything follows from numbers, so two runs see the same rows; no key signs them, for the ledger reads what admission
has let in. Outlines overlap neighbours now and then, one inspection in ten is not reviewed, one in fifty is a sighting.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from schemas.ids import uuid7
from sync.ledger.book.builder import LogLine

UNITS = 88
START_MS = 1_700_000_000_000
_STEP_E9 = 1_500_000  # some 130 m east, 165 m north
_SIDE_E9 = 1_000_000
_DAY_MS = 86_400_000


def parcel_lines(parcels: int) -> Iterator[LogLine]:
    """One row a parcel."""
    for number in range(parcels):
        lon, lat = corner(number)
        yield _line(
            number + 1,
            "parcel",
            number,
            [name(number)],
            {
                "ledger_no": name(number), "name": None, "geometry": square(lon, lat, _SIDE_E9, _SIDE_E9),
                "baseline": [_part("0601", None if number % 3 else square(lon, lat, _SIDE_E9, 600_000))],
                "baseline_on": "2020-12-31", "planned_land_area_e2": 900_000, "planned_class": "0301",
                "owner_type": None, "project": f"P{number % 500}", "valid_from": "2021-01-01", "valid_to": None,
            },
            START_MS,
        )  # fmt: skip


def visit_lines(parcels: int, visits: int, after: int, photos: int = 4) -> Iterator[LogLine]:
    """`visits` inspections spread over the parcels, nine in ten followed by an approval; rows from `after` + 1 on."""
    seq = after
    for visit in range(visits):
        dice = random.Random(after * 31 + visit)
        number = visit % parcels if visits >= parcels else dice.randrange(parcels)
        at_ms = START_MS + (visit // parcels + 1) * 200 * _DAY_MS + dice.randrange(50) * _DAY_MS
        seq += 1
        seen = _line(
            seq, "inspection", number, [name(number)], _body(number, visit // parcels, dice, photos, at_ms), at_ms
        )
        yield seen
        if dice.random() < 0.9:
            seq += 1
            said = {"outcome": "approve", "reason": None, "text": None, "fields": []}
            yield _line(seq, "review", number, [seen.entry["id"]], said, at_ms + _DAY_MS, seen.entry["id"])


def name(number: int) -> str:
    """A parcel's number in the ledger."""
    return f"绿隔-{number:06d}"


def corner(number: int) -> tuple[int, int]:
    """South-western corner of a parcel, degrees × 1e9."""
    return 116_000_000_000 + number % 450 * _STEP_E9, 39_600_000_000 + number // 450 * _STEP_E9


def square(lon: int, lat: int, width: int, height: int) -> dict[str, Any]:
    """A rectangle with a point on each side, for outlines have more than four corners."""
    x, y = lon + width // 2, lat + height // 2
    ring = [
        [lon, lat], [x, lat], [lon + width, lat], [lon + width, y], [lon + width, lat + height], [x, lat + height],
        [lon, lat + height], [lon, y], [lon, lat],
    ]  # fmt: skip
    return {"type": "Polygon", "rings": [ring]}


def _body(number: int, turn: int, dice: random.Random, photos: int, at_ms: int) -> dict[str, Any]:
    lon, lat = corner(number)
    shift, width = dice.randrange(-100_000, 400_000), dice.randrange(300_000, 900_000)
    fix = {"lon_e9": lon, "lat_e9": lat, "accuracy_mm": 4000, "provider": "gnss", "mocked": False, "gnss_ms": None}
    return {
        "form": {"id": "demolition", "version": "1", "hash": None},
        "facts": _facts(number, turn, dice),
        "footprint": square(lon + shift, lat + dice.randrange(-50_000, 300_000), width, 600_000),
        "area_source": "SURVEYED",
        "claimed_area_e2": 700_000,
        "fix": fix,
        "photos": [
            {
                "sha256": dice.randbytes(32).hex(), "bytes": 3_000_000, "shot": "AFTER_WIDE",
                "taken_at": {"ms": at_ms, "offset_min": 480}, "monotonic_ms": None, "fix": fix, "heading_e2": 9000,
                "in_app": True,
            }
            for _ in range(photos)
        ],
        "answers": {},
        "started_at": None,
    }  # fmt: skip


def _facts(number: int, turn: int, dice: random.Random) -> dict[str, Any]:
    if dice.random() < 0.02:
        return {"type": "new_build_sighting", "first_seen_on": None}
    if turn % 2 == 0:
        return {
            "type": "demolition", "land_freed": "part", "site_cleared": True, "structures": [f"S{number}"],
            "floor_area_e2": 500_000, "programme": None,
        }  # fmt: skip
    return {
        "type": "regreening", "outcome": "passed", "observed_class": "0301", "class_system": "third_land_survey",
        "planted_on": None, "survival_percent_e2": 9500,
    }  # fmt: skip


def _part(code: str, geometry: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "class_system": "third_land_survey", "class_code": code, "geometry": geometry, "initial_state": None,
        "initial_class": None, "as_of": None, "document": None,
    }  # fmt: skip


def _line(
    seq: int, kind: str, number: int, about: list[str], body: dict[str, Any], at_ms: int, supersedes: str | None = None
) -> LogLine:
    moment = {"ms": at_ms, "offset_min": 480}
    entry = {
        "id": uuid7(at_ms, seq.to_bytes(10, "big")), "kind": kind, "schema": 1, "unit": f"U{number % 450 // 6:02d}",
        "author": f"{kind}-{number % UNITS}", "device": f"t-{number % 500}", "device_seq": seq, "prev_hash": "0" * 64,
        "about": about, "supersedes": supersedes, "observed_at": moment, "recorded_at": moment, "checkpoint": None,
        "auth": None, "body": body, "alg": "ed25519", "key": "0" * 32, "sig": "0" * 128,
    }  # fmt: skip
    return LogLine(seq, at_ms + 3_600_000, True, entry)
