"""Ordinary stories: how the ground of the plan's units goes from built to green, and where it stops on the way.

Nothing adverse is told of a unit that exists: relapses, frauds and faults of people stand in `faults.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from schemas.codes import AreaSource, FacilityClass, FacilityCondition, ReviewOutcome
from sync.demo.drawing.cells import Box
from sync.demo.drawing.parcels import Part, Plot
from sync.demo.drawing.script import Script
from sync.demo.drawing.visits import Story

REDUCING = ("0301", "0305", "0102", "0201", "1104", "0403")
PLANTING = {1: date(2024, 7, 25), 2: date(2025, 3, 5), 3: date(2025, 7, 25), 5: date(2026, 7, 20)}
"""When that was planted which a season's `works_done` sees; seasons 0 and 4 see none."""
Chance = random.Random
Tell = Callable[[Script, Chance], None]


def story(plot: Plot, tablet: str, chance: Chance, name: str = "") -> Story:
    """The story of one plot: the one named, or one drawn by the shares below."""
    name = name or chance.choices(list(STORIES), [share for share, _ in STORIES.values()])[0]
    plot = replace(plot, planned_class=chance.choice(REDUCING))
    if name == "before":
        plot = _begun_before(plot, chance)
    elif name == "greenhouse":
        plot = replace(plot, parts=tuple(replace(part, land_class="1202") for part in plot.parts))
    script = Script(plot, tablet)
    STORIES[name][1](script, chance)
    if chance.random() < 0.5:
        _visit_facility(script, chance)
    return script.told()


def _idle(script: Script, chance: Chance) -> None:
    """Listed, nothing done yet."""


def _demolished(script: Script, chance: Chance) -> None:
    script.demolished(chance.randrange(6), site(script.plot, chance))


def _cleared(script: Script, chance: Chance) -> None:
    listed = (f"JZ-{script.plot.number}",) if chance.random() < 0.5 else ()
    script.cleared(chance.choice((0, 1, 2, 3, 5, 5, 5)), site(script.plot, chance), structures=listed)


def _in_two_steps(script: Script, chance: Chance) -> None:
    box = site(script.plot, chance)
    first = chance.randrange(5)
    structure = (f"JZ-{script.plot.number}",)  # its floor area counts once, though both visits name it
    script.demolished(first, box, structures=structure)
    script.cleared(first + 1, box, structures=structure)


def _planted(script: Script, chance: Chance) -> None:
    box = site(script.plot, chance)
    script.cleared(4, box)
    script.planted(5, box, script.plot.planned_class, PLANTING[5])


def _restored(script: Script, chance: Chance) -> None:
    box = site(script.plot, chance)
    works = chance.choice((1, 1, 2, 3))
    script.cleared(works - 1, box)
    if chance.random() < 0.5:  # nobody came between planting and the check
        script.planted(works, box, script.plot.planned_class, PLANTING[works])
    script.passed(works + 2, box, script.plot.planned_class, PLANTING[works])


def _accepted(script: Script, chance: Chance) -> None:
    _restored(script, chance)
    checked = script.told().visits[-1].season
    season = 3 if checked <= 3 else 5
    script.accepted(season, share=chance.choice((1.0, 1.0, 1.0, 0.95)))
    if season == 3:
        script.surveyed(changed=True)


def _in_parts(script: Script, chance: Chance) -> None:
    """Two tours with footprints that overlap, and green on part of it."""
    inside = site(script.plot, chance)
    middle, top = (inside.west + inside.east) // 2, inside.north - max(2, inside.notch_rows)
    left = Box(inside.west, inside.south, middle + 1, top)
    right = Box(middle - 1, inside.south + 1, inside.east - 1, top)
    script.cleared(0, left)
    script.cleared(1, right)
    script.planted(1, left, script.plot.planned_class, PLANTING[1])
    script.passed(3, Box(left.west, left.south + 1, right.east - 3, top), script.plot.planned_class, PLANTING[1])


def _park(script: Script, chance: Chance) -> None:
    """A park is green and reduces nothing by the counting rule (D16)."""
    box = site(script.plot, chance)
    script.cleared(1, box)
    script.passed(3, box, "0810", PLANTING[1])


def _greenhouse(script: Script, chance: Chance) -> None:
    """Greenhouses on farmland: taking them down reduces nothing (D17)."""
    script.cleared(5, site(script.plot, chance))


def _interior(script: Script, chance: Chance) -> None:
    script.interior(chance.randrange(6), chance.randrange(100, 900) * 100)


def _reused(script: Script, chance: Chance) -> None:
    box = site(script.plot, chance)
    script.cleared(chance.choice((0, 1, 2)), box)
    half = Box(box.west, box.south, (box.west + box.east) // 2, box.north)
    script.reused(half, "0809", date(2025, 9, 10 + chance.randrange(15)))


def _provisional(script: Script, chance: Chance) -> None:
    """Walked with GNSS: provisional (D31) until a survey replaces it, which half of them get."""
    box = site(script.plot, chance)
    script.cleared(2, box)
    first = script.passed(4, box, script.plot.planned_class, PLANTING[2], source=AreaSource.GNSS_WALK)
    if chance.random() < 0.5:
        script.corrected(first, source=AreaSource.SURVEYED)


def _waiting(script: Script, chance: Chance) -> None:
    script.cleared(5, site(script.plot, chance), verdict=None)


def _returned(script: Script, chance: Chance) -> None:
    first = script.cleared(chance.randrange(5), site(script.plot, chance), verdict=ReviewOutcome.RETURN)
    script.corrected(first)


def _rejected(script: Script, chance: Chance) -> None:
    script.demolished(chance.randrange(6), site(script.plot, chance), verdict=ReviewOutcome.REJECT)


def _impossible(script: Script, chance: Chance) -> None:
    script.impossible(chance.randrange(6))


def _before(script: Script, chance: Chance) -> None:
    """Cleared or restored before the ledger began; what was cleared gets its green now."""
    part = script.plot.parts[0]
    if part.initial_state == "cleared" and chance.random() < 0.6:
        script.passed(3, part.box, script.plot.planned_class, PLANTING[1])


STORIES: dict[str, tuple[int, Tell]] = {
    "idle": (100, _idle),
    "demolished": (9, _demolished),
    "cleared": (12, _cleared),
    "in two steps": (8, _in_two_steps),
    "planted": (7, _planted),
    "restored": (14, _restored),
    "accepted": (16, _accepted),
    "in parts": (4, _in_parts),
    "park": (4, _park),
    "greenhouse": (3, _greenhouse),
    "interior": (3, _interior),
    "reused": (3, _reused),
    "provisional": (4, _provisional),
    "waiting": (4, _waiting),
    "returned": (4, _returned),
    "rejected": (2, _rejected),
    "impossible": (13, _impossible),
    "before": (6, _before),
}
"""Stories by name, each with its share."""


def site(plot: Plot, chance: Chance) -> Box:
    """Where buildings stood: the ground of the first baseline part, or most of it."""
    box = plot.parts[0].box
    if box.notch_columns:
        return box
    trim = chance.choice((0, 0, 1, 2))
    return Box(box.west + trim, box.south + trim, box.east, box.north)


def _begun_before(plot: Plot, chance: Chance) -> Plot:
    part = plot.parts[0]
    if chance.random() < 0.5:
        begun = replace(part, initial_state="cleared", as_of=date(2020, 6, 30))
    else:
        begun = replace(part, initial_state="restored", initial_class=plot.planned_class, as_of=date(2020, 10, 31))
    rest: tuple[Part, ...] = plot.parts[1:]
    return replace(plot, parts=(begun, *rest))


def _visit_facility(script: Script, chance: Chance) -> None:
    sort = chance.choice([one for one in FacilityClass if one is not FacilityClass.OTHER_PLAN])
    condition = chance.choice((FacilityCondition.IN_SERVICE, FacilityCondition.IN_SERVICE, FacilityCondition.PLANNED))
    script.facility(chance.randrange(6), f"SS-{script.plot.number}", sort, condition)
