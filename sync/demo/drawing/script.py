"""Writing a plot's story step by step: a step says what happens, the script adds who, when and what it counts for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from schemas.codes import AreaSource, FacilityClass, FacilityCondition, ReviewOutcome, Shot
from sync.demo.drawing.calendar import CORRECTION, SEASONS
from sync.demo.drawing.cells import Box
from sync.demo.drawing.parcels import Plot
from sync.demo.drawing.people import supervisor
from sync.demo.drawing.visits import FULL_SET, Document, Reuse, Story, Survey, Visit, Weight
from sync.demo.drawing.what import What

ADMITTED = (AreaSource.LEDGER, AreaSource.SURVEYED, AreaSource.IMAGERY)


class Script:
    """The story of one plot while it is written."""

    def __init__(self, plot: Plot, tablet: str, codes: tuple[str, ...] = ()) -> None:
        self.plot = plot
        self.tablet = tablet
        self._codes = codes
        self._visits: list[Visit] = []
        self._documents: list[Document] = []
        self._surveys: list[Survey] = []
        self._reuses: list[Reuse] = []

    def told(self) -> Story:
        """The story as it stands."""
        return Story(
            self.plot, tuple(self._visits), tuple(self._documents), tuple(self._surveys), tuple(self._reuses),
            self._codes,
        )  # fmt: skip

    # -- what inspectors see -----------------------------------------------------------------------------------------

    def demolished(self, season: int, box: Box, **more: Any) -> Visit:
        """Buildings are down, rubble lies there."""
        return self._demolition(What.DEMOLISHED, season, box, more)

    def cleared(self, season: int, box: Box, **more: Any) -> Visit:
        """Buildings are down and the site is clean (场清地净)."""
        return self._demolition(What.CLEARED, season, box, more)

    def interior(self, season: int, floor_area_e2: int) -> Visit:
        """Floors taken out of a building that stands."""
        structures = (f"JZ-{self.plot.number}",)
        return self._add(
            What.INTERIOR, season, None, floor_area_e2=floor_area_e2, claimed_e2=0, structures=structures
        )

    def planted(self, season: int, box: Box, land_class: str, planted_on: date, **more: Any) -> Visit:
        """Works are done; whether it grows is not known yet."""
        return self._add(What.WORKS, season, box, land_class=land_class, planted_on=planted_on, **more)

    def passed(self, season: int, box: Box, land_class: str, planted_on: date, **more: Any) -> Visit:
        """It grows: checked a growing season after planting."""
        return self._add(What.PASSED, season, box, land_class=land_class, planted_on=planted_on, **more)

    def failed(self, season: int, box: Box, land_class: str, survival_e2: int, **more: Any) -> Visit:
        """What was planted died."""
        return self._add(What.FAILED, season, box, land_class=land_class, survival_e2=survival_e2, **more)

    def built(self, season: int, box: Box, **more: Any) -> Visit:
        """疑似新增建设 is seen."""
        return self._add(What.BUILT, season, box, **more)

    def impossible(self, season: int) -> Visit:
        """The visit cannot be done, for a lawful reason."""
        return self._add(What.IMPOSSIBLE, season, None, claimed_e2=None)

    def facility(self, season: int, number: str, sort: FacilityClass, condition: FacilityCondition) -> Visit:
        """A facility of the register is visited."""
        return self._add(
            What.FACILITY, season, None, claimed_e2=None, facility=(number, sort, condition), about=(number,)
        )

    def corrected(self, returned: Visit, **more: Any) -> Visit:
        """The version that answers a return, within a fortnight."""
        again = replace(
            returned,
            supersedes=returned.name,
            **{
                "name": f"{returned.name}b",
                "round": CORRECTION,
                "verdict": ReviewOutcome.APPROVE,
                "weight": Weight.FULL,
                **more,
            },
        )
        self._visits.append(again)
        # An approved revision replaces what it supersedes.
        if again.weight is Weight.FULL:
            place = next(n for n, visit in enumerate(self._visits) if visit.name == returned.name)
            self._visits[place] = replace(returned, weight=Weight.NONE)
        return again

    # -- what offices say --------------------------------------------------------------------------------------------

    def accepted(self, season: int, **more: Any) -> None:
        """A first check and an acceptance after a season."""
        number = f"演验〔{SEASONS[season].accepted.year}〕{self.plot.number}-{season}号"
        self._documents.append(Document(self.plot, season, number, **more))

    def surveyed(self, *, changed: bool) -> None:
        """The land-change survey finds the ground restored, or still built on."""
        self._surveys.append(Survey(self.plot, changed))

    def reused(self, box: Box, land_class: str, on: date) -> None:
        """Cleared land gets an approved use."""
        row = f"ZL-{self.plot.number}-{len(self._reuses) + 1}"
        self._reuses.append(Reuse(self.plot, row, box, land_class, on, f"演建〔{on.year}〕{self.plot.number}号"))

    # -- private -----------------------------------------------------------------------------------------------------

    def _demolition(self, what: What, season: int, box: Box, more: dict[str, Any]) -> Visit:
        # The outline is the ledger's own, so the ledger stands in for photos from before the work (photo rules).
        usual = {"floor_area_e2": round(self.plot.grid.area_m2(box) * 60), "source": AreaSource.LEDGER}
        return self._add(what, season, box, **{**usual, **more})

    def _add(self, what: What, season: int, box: Box | None, **more: Any) -> Visit:
        verdict = more.get("verdict", ReviewOutcome.APPROVE)
        source = more.get("source", AreaSource.SURVEYED)
        usual = Weight.ADVERSE
        if verdict is ReviewOutcome.APPROVE:
            usual = Weight.FULL if source in ADMITTED else Weight.HELD
        visit = Visit(
            **{
                "name": f"{self.plot.number}/{len(self._visits) + 1}",
                "tablet": self.tablet,
                "season": season,
                "unit": self.plot.unit,
                "plot": self.plot,
                "about": (self.plot.number,),
                "what": what,
                "box": box,
                "weight": usual,
                "verdict": verdict,
                "reviewer": supervisor(self.tablet),
                "claimed_e2": round(self.plot.grid.area_m2(box) * 100) if box is not None else None,
                "shots": FULL_SET[what],
                **more,
            }
        )
        self._visits.append(visit)
        return visit


def missing(shots: tuple[Shot, ...], shot: Shot) -> tuple[Shot, ...]:
    """The shots without one sort."""
    return tuple(one for one in shots if one is not shot)
