"""The whole drawing: units, plots, their stories, and the tours on which the visits are made."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from schemas.admin_units import Unit
from sync.demo.drawing import faults, ordinary, together
from sync.demo.drawing.calendar import HOUR_MS, LISTED, at, tour_days
from sync.demo.drawing.parcels import Plot, Surveyor
from sync.demo.drawing.people import SEED, SHARED_UNIT, fictional_units, real_units, tablet_of
from sync.demo.drawing.visits import Story, Visit

A_DAY = 8
_BETWEEN_MS = HOUR_MS * 5 // 6
_TRAVEL = 3
"""Places in a day's list that go to the way to another unit."""
_HURRIED_MS = 60_000
_FULL = 500
"""From so many parcels on all units of the plan take part; a smaller world has four of them."""


@dataclass(frozen=True)
class World:
    """Everything that was drawn. `visits` have their times; `clones` are those of tablet E and of its copy."""

    units: tuple[Unit, ...]
    tablets: dict[str, str]
    stories: tuple[Story, ...]
    clone_plots: tuple[Plot, ...]
    clones: tuple[tuple[Visit, ...], tuple[Visit, ...]]
    visits: tuple[Visit, ...]

    @property
    def plots(self) -> tuple[Plot, ...]:
        """All parcels, in order of unit and number."""
        return (*(story.plot for story in self.stories), *self.clone_plots)

    @property
    def counted(self) -> tuple[Story, ...]:
        """A story for every parcel; on those of the clones nothing is ever decided."""
        return (*self.stories, *(Story(plot) for plot in self.clone_plots))

    def tour(self, tablet: str, season: int, round_: int) -> list[Visit]:
        """What one tablet records in a round, in order of time."""
        chosen = [
            one for one in self.visits if (one.tablet, one.season, one.round) == (tablet, season, round_)
        ]
        return sorted(chosen, key=lambda visit: visit.at_ms)


def draw(parcels: int, on: date = LISTED) -> World:
    """The drawing with about `parcels` parcels, the same every time."""
    chance = random.Random(SEED)  # noqa: S311  # a drawing, not a secret
    real, fictional = real_units(on, 99 if parcels >= _FULL else 4), fictional_units()
    units = [*real, *fictional]
    tablets = dict(tablet_of(units))
    surveyor = Surveyor(chance, on)
    plots = {unit.unit_id: surveyor.plots(unit) for unit in units}
    stories = list(_fault_stories(plots, [unit.unit_id for unit in fictional]))
    clone_plots = tuple(next(plots[fictional[0].unit_id]) for _ in range(together.CLONE_PLOTS))
    for number, name in enumerate(ordinary.STORIES):  # each at least once, however small the world
        place = fictional[number % len(fictional)].unit_id
        stories.append(ordinary.story(next(plots[place]), tablets[place], chance, name))
    rest = max(len(units), parcels - len(stories) - len(clone_plots))
    for number in range(rest):
        unit = units[number % len(units)]
        stories.append(ordinary.story(next(plots[unit.unit_id]), tablets[unit.unit_id], chance))
    clones = together.clone_visits(clone_plots)
    ordered = sorted(stories, key=lambda story: story.plot.number)
    timed = {visit.name: visit for visit in _toured(visit for story in ordered for visit in story.visits)}
    told = tuple(replace(story, visits=tuple(timed[one.name] for one in story.visits)) for story in ordered)
    sides = tuple(tuple(_toured(side)) for side in clones)
    return World(tuple(units), tablets, told, clone_plots, (sides[0], sides[1]), tuple(timed.values()))


def _fault_stories(plots: dict[str, Iterator[Plot]], fictional: list[str]) -> Iterator[Story]:
    for number, name in enumerate(faults.FAULTS):
        unit = faults.UNIT_OF.get(name, fictional[number % len(fictional)])
        yield faults.fault_story(name, next(plots[unit]))
    for settled in (True, False):
        yield together.branch_story(next(plots[SHARED_UNIT]), settled=settled)


def _toured(visits: Iterable[Visit]) -> Iterator[Visit]:
    """The visits with their times: a tour goes unit by unit, with hours on the road between two."""
    tours: dict[tuple[str, int, int], list[Visit]] = defaultdict(list)
    for visit in visits:
        tours[visit.tablet, visit.season, visit.round].append(visit)
    for (_, season, round_), tour in sorted(tours.items()):
        tour.sort(key=lambda visit: (visit.unit, not visit.hurried, visit.plot.number, visit.name))
        yield from _timed(tour, season, round_)


def _timed(tour: list[Visit], season: int, round_: int) -> Iterator[Visit]:
    days = tour_days(season, round_)
    day, slot, unit, last_ms = next(days), 0, tour[0].unit, 0
    for visit in tour:
        if visit.hurried and last_ms:
            last_ms += _HURRIED_MS
            yield replace(visit, at_ms=last_ms)
            continue
        if visit.unit != unit:
            slot, unit = slot + _TRAVEL, visit.unit
        if slot >= A_DAY or last_ms >= at(day, 9) + slot * _BETWEEN_MS:
            day, slot = next(days), 0
        last_ms = at(day, 9) + slot * _BETWEEN_MS
        slot += 1
        yield replace(visit, at_ms=last_ms)

