"""Visits as the story has them: who sees what on which cells, what the desk decides, and what then counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from pydantic import JsonValue

from schemas.codes import AreaSource, FacilityClass, FacilityCondition, ReviewOutcome, Shot
from sync.demo.drawing.calendar import MAIN
from sync.demo.drawing.cells import Box
from sync.demo.drawing.parcels import Plot
from sync.demo.drawing.what import What


class Weight(StrEnum):
    """What a visit or a row may move in the end (ledger rules §2, who counts)."""

    FULL = "full"
    HELD = "held"
    ADVERSE = "adverse"
    """Arrived, not in force: adverse moves only."""
    NONE = "none"


DEMOLITION_SHOTS = (Shot.AFTER_WIDE, Shot.AFTER_WIDE, Shot.AFTER_GROUND, Shot.GROUND_PROOF)
REGREENING_SHOTS = (Shot.WIDE, Shot.WIDE, Shot.PLANTS_AND_SOIL)
SIGHTING_SHOTS = (Shot.WIDE, Shot.WIDE, Shot.NEAR)
FACILITY_SHOTS = (Shot.FACILITY_FRONT, Shot.FACILITY_DETAIL)
FULL_SET = {
    What.DEMOLISHED: DEMOLITION_SHOTS,
    What.CLEARED: DEMOLITION_SHOTS,
    What.INTERIOR: DEMOLITION_SHOTS,
    What.WORKS: REGREENING_SHOTS,
    What.PASSED: REGREENING_SHOTS,
    What.FAILED: (*REGREENING_SHOTS, Shot.SURVIVAL_PLOT),
    What.BUILT: SIGHTING_SHOTS,
    What.FACILITY: FACILITY_SHOTS,
    What.IMPOSSIBLE: (),
}
"""The minimum set of each sort of visit (photo rules); a photo from before may be the ledger's own."""


@dataclass(frozen=True)
class Visit:
    """One inspection. `name` is the story's own; `at_ms` is set when the season's tours are planned.

    `verdict` None: nobody has reviewed it. `weight` is what it counts for at the end of the story. `clock_off_ms`: by
    how much the tablet's clock is wrong at this visit.
    """

    name: str
    tablet: str
    season: int
    unit: str
    plot: Plot
    about: tuple[str, ...]
    what: What
    box: Box | None
    weight: Weight
    verdict: ReviewOutcome | None
    reviewer: str
    round: int = MAIN
    supersedes: str | None = None
    land_class: str | None = None
    claimed_e2: int | None = None
    floor_area_e2: int = 0
    structures: tuple[str, ...] = ()
    planted_on: date | None = None
    survival_e2: int | None = None
    source: AreaSource = AreaSource.SURVEYED
    shots: tuple[Shot, ...] = ()
    facility: tuple[str, FacilityClass, FacilityCondition] | None = None
    remark: str = ""
    at_ms: int = 0
    clock_off_ms: int = 0
    hurried: bool = False
    """A minute after the visit before it on the tour, wherever that was (D25)."""

    def facts(self) -> dict[str, JsonValue]:
        """What the form's named fields say."""
        if self.what in (What.DEMOLISHED, What.CLEARED, What.INTERIOR):
            return {
                "type": "demolition",
                "land_freed": "none" if self.what is What.INTERIOR else "part",
                "site_cleared": self.what is What.CLEARED,
                "structures": [*self.structures],
                "floor_area_e2": self.floor_area_e2,
                "programme": None,
            }
        if self.what in (What.WORKS, What.PASSED, What.FAILED):
            outcome = {What.WORKS: "works_done", What.PASSED: "passed", What.FAILED: "failed"}[self.what]
            return {
                "type": "regreening",
                "outcome": outcome,
                "observed_class": self.land_class,
                "class_system": "third_land_survey" if self.land_class else None,
                "planted_on": self.planted_on.isoformat() if self.planted_on else None,
                "survival_percent_e2": self.survival_e2,
            }
        if self.what is What.BUILT:
            return {"type": "new_build_sighting", "first_seen_on": None}
        if self.facility is not None:
            number, facility_class, condition = self.facility
            return {
                "type": "facility", "facility": number, "facility_class": facility_class.value, "item": None,
                "condition": condition.value,
            }  # fmt: skip
        return {"type": "cannot_be_done", "reason": self.remark or "现场封闭，无法进入"}

    def body(self) -> dict[str, JsonValue]:
        """The entry's body but for photos, position and time, which the tablet adds."""
        outlined = self.box is not None
        return {
            "form": {"id": self.facts()["type"], "version": "demo", "hash": None},
            "facts": self.facts(),
            "footprint": self.plot.grid.polygon(self.box) if self.box is not None else None,
            "area_source": self.source.value if outlined else None,
            "claimed_area_e2": self.claimed_e2,
            "answers": {"remark": self.remark},
        }


@dataclass(frozen=True)
class Document:
    """A first check or an acceptance (初验, 认定) of a plot after a season: its areas are counted when it is written.

    `share` of what stands verified that day is accepted. `counts` False: a discrepancy stops the step (D23), so it
    accepts nothing although it was filed.
    """

    plot: Plot
    season: int
    number: str
    share: float = 1.0
    counts: bool = True


@dataclass(frozen=True)
class Survey:
    """What the land-change survey of `calendar.SURVEY_YEAR` finds on a plot: restored, or still built on."""

    plot: Plot
    changed: bool


@dataclass(frozen=True)
class Reuse:
    """An approved use of cleared land, filed by import."""

    plot: Plot
    row: str
    box: Box
    land_class: str
    on: date
    permit: str


@dataclass(frozen=True)
class Story:
    """Everything that happens on one plot."""

    plot: Plot
    visits: tuple[Visit, ...] = ()
    documents: tuple[Document, ...] = ()
    surveys: tuple[Survey, ...] = ()
    reuses: tuple[Reuse, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
    """Discrepancy codes that this plot was drawn for."""
