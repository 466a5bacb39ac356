"""A log written line by line for tests: each call appends a row and returns its entry's id.

Places are whole tens of metres or so on a grid: a unit of `box` is 1e-5 degrees, about 0.85 m east and 1.1 m north.
"""

from __future__ import annotations

from typing import Any

from schemas.ids import uuid7
from sync.ledger.book.builder import LogLine

NOW_MS = 1_760_000_000_000
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_LON, _LAT, _UNIT = 116_300_000_000, 39_900_000_000, 10_000


def box(x0: int, y0: int, x1: int, y1: int) -> dict[str, Any]:
    """A rectangle on the grid."""
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    return {"type": "Polygon", "rings": [[[_LON + x * _UNIT, _LAT + y * _UNIT] for x, y in corners]]}


ROLES = {"insp": "inspector", "sup": "supervisor", "dist": "district", "city": "city", "third": "third_party"}
"""An author's role by the name before the dash."""


class Diary:
    """Rows in the order of calls."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []

    def add(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        about: list[str] | None = None,
        author: str = "insp-1",
        unit: str = "U1",
        supersedes: str | None = None,
        observed_ms: int | None = None,
        received_ms: int | None = None,
        known_ms: int | None = None,
        counts: bool = True,
    ) -> str:
        """Append one row."""
        seq = len(self.lines) + 1
        received = NOW_MS + seq * HOUR_MS if received_ms is None else received_ms
        observed = received - 1000 if observed_ms is None else observed_ms
        head = (
            None if known_ms is None else {"log": "0" * 32, "size": 1, "root": "0" * 64, "at_ms": known_ms, "sig": ""}
        )
        entry = {
            "id": uuid7(NOW_MS, seq.to_bytes(10, "big")), "kind": kind, "schema": 1, "unit": unit, "author": author,
            "device": f"t-{author}", "device_seq": seq, "prev_hash": "0" * 64, "about": about or [],
            "supersedes": supersedes, "observed_at": {"ms": observed, "offset_min": 480},
            "recorded_at": {"ms": observed, "offset_min": 480}, "checkpoint": head, "auth": None, "body": body,
            "alg": "ed25519", "key": "0" * 32, "sig": "0" * 128,
        }  # fmt: skip
        self.lines.append(LogLine(seq, received, counts, entry, ROLES.get(author.partition("-")[0])))
        return str(entry["id"])

    def parcel(self, name: str, geometry: dict[str, Any], *, code: str = "0601", **changed: Any) -> str:
        """A parcel, all of one class."""
        more = {key: changed.pop(key) for key in ("unit", "author", "counts") if key in changed}
        part = {
            "class_system": "third_land_survey", "class_code": code, "geometry": None, "initial_state": None,
            "initial_class": None, "as_of": None, "document": None,
        }  # fmt: skip
        body = {
            "ledger_no": name, "name": None, "geometry": geometry, "baseline": [part], "baseline_on": "2020-12-31",
            "planned_land_area_e2": None, "planned_class": None, "owner_type": None, "project": None,
            "valid_from": "2021-01-01", "valid_to": None,
        }  # fmt: skip
        return self.add("parcel", body | changed, about=[name], author=more.pop("author", "dist-1"), **more)

    def inspect(self, facts: dict[str, Any], parcels: list[str], footprint: dict[str, Any] | None, **more: Any) -> str:
        """An inspection; `photos`, `source` and `claimed_e2` go into its body."""
        body = {
            "form": {"id": "f", "version": "1", "hash": None}, "facts": facts, "footprint": footprint,
            "area_source": more.pop("source", "SURVEYED" if footprint else None),
            "claimed_area_e2": more.pop("claimed_e2", 1000), "fix": None, "photos": more.pop("photos", []),
            "answers": {}, "started_at": None,
        }  # fmt: skip
        return self.add("inspection", body, about=parcels, **more)

    def demolition(self, parcels: list[str], footprint: dict[str, Any] | None, **more: Any) -> str:
        facts = {
            "type": "demolition", "land_freed": more.pop("freed", "part"), "site_cleared": more.pop("cleared", True),
            "structures": [], "floor_area_e2": 5000, "programme": None,
        }  # fmt: skip
        return self.inspect(facts, parcels, footprint, **more)

    def regreening(self, parcels: list[str], footprint: dict[str, Any] | None, **more: Any) -> str:
        facts = {
            "type": "regreening", "outcome": more.pop("outcome", "passed"), "observed_class": more.pop("code", "0301"),
            "class_system": "third_land_survey", "planted_on": more.pop("planted_on", None),
            "survival_percent_e2": None,
        }  # fmt: skip
        return self.inspect(facts, parcels, footprint, **more)

    def sighting(self, footprint: dict[str, Any], parcels: list[str] | None = None, **more: Any) -> str:
        facts = {"type": "new_build_sighting", "first_seen_on": None}
        return self.inspect(facts, parcels or [], footprint, **more)

    def review(self, version: str, outcome: str = "approve", *, after: str | None = None, **more: Any) -> str:
        """A review of `version` by somebody who saw `after` (the version itself, unless named)."""
        body = {"outcome": outcome, "reason": None, "text": None, "fields": []}
        return self.add("review", body, about=[version], supersedes=after or version, **{"author": "sup-1", **more})

    def withdraw(self, version: str, *, after: str | None = None, **more: Any) -> str:
        return self.add("withdrawal", {"cause": "误报"}, about=[version], supersedes=after or version, **more)

    def resolve(
        self, about: list[str], outcome: str, *, code: str = "D18", keep: str | None = None, **more: Any
    ) -> str:
        """A resolution of the district; `keep` is the head of a branch that goes on, `aside` those given up."""
        body = {
            "discrepancy": code, "outcome": outcome, "reason": "核实", "document": None,
            "set_aside": more.pop("aside", []),
        }  # fmt: skip
        return self.add("resolution", body, about=about, supersedes=keep, **{"author": "dist-9", **more})

    def evidence(self, version: str) -> str:
        return self.add("evidence", {"photos": ["0" * 64], "bytes": 1}, about=[version], author="central")

    def check(self, kind: str, parcels: list[str], areas: list[tuple[str, int]], **more: Any) -> str:
        """A first check or acceptance with areas (class, hundredths of m²)."""
        listed = [{"class_system": "third_land_survey", "class_code": code, "area_e2": area} for code, area in areas]
        body = {
            "document_no": more.pop("number", f"验字{len(self.lines)}"), "document_on": more.pop("on", "2025-11-30"),
            "document_sha256": None, "areas": listed, "geometry": more.pop("geometry", None),
            "outcome": more.pop("outcome", "passed"),
        }  # fmt: skip
        author = "dist-1" if kind == "first_check" else "city-1"
        return self.add(kind, body, about=parcels, author=author, **more)

    def survey(self, parcel: str, year: int, areas: list[tuple[str, int]]) -> str:
        listed = [{"class_system": "third_land_survey", "class_code": code, "area_e2": area} for code, area in areas]
        return self.add(
            "survey_result", {"year": year, "areas": listed, "document": None}, about=[parcel], author="dist-1"
        )

    def reuse(self, row: str, parcels: list[str], geometry: dict[str, Any], *, on: str = "2025-10-20") -> str:
        fields = {"class_system": "third_land_survey", "class_code": "0702", "permit": "许1", "reuse_kind": None}
        body = {"subtype": "reuse", "row": row, "on": on, "geometry": geometry, "fields": fields}
        return self.add("register", body, about=parcels, author="dist-1")


def photo(number: int) -> dict[str, Any]:
    """A photo that an entry lists."""
    return {
        "sha256": f"{number:064x}", "bytes": 10, "shot": "AFTER_WIDE", "taken_at": {"ms": NOW_MS, "offset_min": 480},
        "monotonic_ms": None, "in_app": True, "heading_e2": 9000,
        "fix": {
            "lon_e9": _LON, "lat_e9": _LAT, "accuracy_mm": None, "provider": None, "mocked": None, "gnss_ms": None,
        },
    }  # fmt: skip
