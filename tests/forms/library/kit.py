"""A small world for the library's forms: one tablet's lists, a clock that stands still, photos that exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from functools import cache
from pathlib import Path

from forms.definition.load import load
from forms.definition.model import FormDefinition
from forms.device_lists import area_row, device_file, reference_files, visit_file
from forms.entry import FormEntry, Surroundings
from forms.instances.media import media_of
from forms.ledger_fields import Captured
from forms.xpath.environment import Chance, FixedClock
from forms.xpath.moments import moment_of_wall
from schemas.bodies import FormVersion
from schemas.body_fields import Photo
from schemas.codes import Shot
from schemas.entries import Instant
from schemas.geometry import Polygon
from sync.central.form_source import FormSource, read_form

LIBRARY = Path(__file__).parents[3] / "forms" / "library"
FORMS = tuple(sorted(path.stem for path in LIBRARY.glob("*.md")))
ORDER = "01890a5d-ac96-774b-bcce-b302099a8057"

# 100 m × 84 m near 40° N: 8,400 m² = 12.6 mu.
PARCELS = [
    area_row("P-1", 8400, unit="U-1", state="基期", baseline_class="0601", planned_class="0301",
             planned_kind="FOREST", programme="vacating"),
    area_row("P-2", 1000, unit="U-1", state="已清", baseline_class="0601", planned_class="0102",
             planned_kind="FARMLAND", programme="illegal_construction"),
    area_row("P 3", 500, unit="U-1", state="基期"),
]  # fmt: skip
STRUCTURES = [
    {"name": "S-1", "label": "厂房", "parcel": "P-1", "floor_area_m2": "1200"},
    {"name": "S-2", "label": "库房", "parcel": "P-1", "floor_area_m2": "300.5"},
    {"name": "S 3", "label": "编号带空格", "parcel": "P-1", "floor_area_m2": "1"},
    {"name": "S-9", "label": "别处的房", "parcel": "P-2", "floor_area_m2": "77"},
]
FACILITIES = [
    {"name": "F-1", "label": "东村卫生室", "facility_class": "HEALTH", "item": "VILLAGE_CLINIC",
     "condition": "IN_SERVICE", "place": "V-1"},
]  # fmt: skip
PLACES = [
    {"name": "V-1", "label": "东村（虚构）", "kind": "village"},
    {"name": "K-1", "label": "北园（虚构）", "kind": "park"},
]
_CORNERS = ((116_300_000_000, 39_900_000_000), (116_301_000_000, 39_900_000_000), (116_301_000_000, 39_901_000_000))
OUTLINE = Polygon(rings=((*_CORNERS, _CORNERS[0]),))


@dataclass(frozen=True)
class Library:
    """A form of the library, compiled."""

    source: FormSource
    definition: FormDefinition


@cache
def library(name: str) -> Library:
    """Compile a form once."""
    source = read_form(LIBRARY / f"{name}.md")
    return Library(source, load(source.xml))


def files(visit: dict[str, str]) -> dict[str, bytes]:
    """Every list of the tablet, and the one that comes with the forms."""
    return reference_files() | {
        "visit.csv": visit_file(**visit),
        "parcels.csv": device_file("parcels", PARCELS),
        "structures.csv": device_file("structures", STRUCTURES),
        "facilities.csv": device_file("facilities", FACILITIES),
        "places.csv": device_file("places", PLACES),
        "facility_items.csv": (LIBRARY / "facility_items.csv").read_bytes(),
    }


def begin(name: str, visit: dict[str, str], last_saved: str = "", language: str = "") -> FormEntry:
    """A form begun on a visit, at the same moment every time."""
    around = Surroundings(
        media=media_of(files(visit), last_saved=last_saved),
        clock=FixedClock(moment_of_wall(2026, 11, 22, 9, tz=timezone(timedelta(hours=8)))),
        chance=Chance(1),
        language=language,
    )
    return FormEntry.begin(library(name).definition, around)


def version(name: str) -> FormVersion:
    """The version that a record names."""
    definition = library(name).definition
    return FormVersion(id=definition.id, version=definition.version, hash=definition.hash)


def photo(number: int) -> Photo:
    """A photo that the camera took."""
    return Photo(
        sha256=f"{number:064x}", bytes=1000 + number, shot=Shot.OTHER, taken_at=Instant(ms=1, offset_min=480),
        monotonic_ms=None, fix=None, heading_e2=None, in_app=True,
    )  # fmt: skip


def captured() -> Captured:
    """Photos `1.jpg` to `20.jpg`, and the outline of the parcels."""
    return Captured(photos={f"{number}.jpg": photo(number) for number in range(1, 21)}, outline=OUTLINE)
