"""Stories that take two tablets or a copied one: branches (D26), and the plots on which a cloned tablet records."""

from __future__ import annotations

from dataclasses import replace

from schemas.codes import ReviewOutcome
from sync.demo.drawing.calendar import CORRECTION
from sync.demo.drawing.cells import Box
from sync.demo.drawing.faults import whole
from sync.demo.drawing.parcels import Plot
from sync.demo.drawing.script import Script
from sync.demo.drawing.visits import Story, Visit, Weight

CLONED_IN = 5
"""The season after which tablet E is copied."""
CLONE_PLOTS = 4


def branch_story(plot: Plot, *, settled: bool) -> Story:
    """Two tablets revise one record unaware of each other. `settled`: the district chooses E's version and it is
    approved; else the branch stays open and neither counts."""
    script = Script(plot, "E", () if settled else ("D26",))
    box = whole(plot)
    first = script.cleared(2, box, verdict=None)
    less = Box(box.west, box.south, box.east - 1, box.north)
    verdict = ReviewOutcome.APPROVE if settled else None
    weight = Weight.FULL if settled else Weight.ADVERSE
    script.corrected(first, box=less, weight=weight, verdict=verdict, name=f"{first.name}b", claimed_e2=_e2(plot, less))
    script.corrected(
        first, box=box, weight=Weight.NONE, verdict=None, name=f"{first.name}c", tablet="D", claimed_e2=_e2(plot, box)
    )
    return script.told()


def clone_visits(plots: tuple[Plot, ...]) -> tuple[tuple[Visit, ...], tuple[Visit, ...]]:
    """What the tablet and its copy record under the same numbers: two visits each, all of them never reviewed."""
    made = []
    for plot in plots:
        script = Script(plot, "E")
        visit = script.demolished(CLONED_IN, whole(plot), verdict=None)
        made.append(replace(visit, round=CORRECTION))
    half = len(made) // 2
    return tuple(made[:half]), tuple(made[half:])


def _e2(plot: Plot, box: Box) -> int:
    return round(plot.grid.area_m2(box) * 100)

