"""What the drawing adds up to: figures of every parcel and unit, from cells alone, to be held against the report.

Areas in m². Acceptance documents are drawn here too: an office accepts what it finds standing, and what it finds is
counted from the cells of that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from math import floor

import numpy as np

from sync.demo.drawing.calendar import SEASONS, SURVEY_YEAR, at
from sync.demo.drawing.cellfold import (
    BUILT,
    CLEAR,
    GREEN,
    NEVER,
    USED,
    Cells,
    codes_of,
    counted,
    events_of,
    in_base,
    is_construction,
    is_verified,
    number_of,
)
from sync.demo.drawing.cells import Mask
from sync.demo.drawing.visits import Document, Story, Visit, Weight
from sync.demo.drawing.what import What

DAY_MS = 86_400_000


@dataclass
class Totals:
    """Figures of a parcel or unit at the state date and over the period, m²."""

    area: float = 0.0
    base: float = 0.0
    verified: float = 0.0
    pending: float = 0.0
    held: float = 0.0
    contested: float = 0.0
    reused: float = 0.0
    green_not_reducing: float = 0.0
    accepted: float = 0.0
    registered: float = 0.0
    demolished_floor_area: float = 0.0
    cleared: float = 0.0
    regreened: float = 0.0
    net: float = 0.0
    claimed_cleared: float = 0.0
    claimed_restored: float = 0.0

    def add(self, other: Totals) -> None:
        """Add another's figures to these."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True)
class Written:
    """An acceptance document as an office writes it: areas by class in hundredths of m², and the day."""

    document: Document
    on: date
    areas_e2: Mapping[str, int]


@dataclass
class Account:
    """All figures of the drawing by parcel and by unit. Land seen outside every parcel belongs to the unit alone."""

    parcels: dict[str, Totals] = field(default_factory=dict)
    units: dict[str, Totals] = field(default_factory=lambda: defaultdict(Totals))

    def of_units(self, units: Iterable[str]) -> Totals:
        """The figures of several units together."""
        total = Totals()
        for unit in units:
            total.add(self.units.get(unit, Totals()))
        return total


def account(stories: Iterable[Story], after: date, until: date) -> Account:
    """The figures at the end of the day `until`, and over the period (after, until]."""
    made = Account()
    for story in stories:
        totals = _of_story(story, _end(after), _end(until))
        made.parcels[story.plot.number] = totals
        made.units[story.plot.unit].add(totals)
        made.units[story.plot.unit].net -= _outside(story, _end(until)) - _outside(story, _end(after))
    _floor_area(made, stories, _end(after), _end(until))
    return made


def written(story: Story) -> list[Written]:
    """The story's acceptance documents with their areas, in order of date."""
    made: list[Written] = []
    events = events_of(story)
    for document in sorted(story.documents, key=lambda one: one.season):
        on = SEASONS[document.season].accepted
        cells = counted(story.plot, events, at(on, 12))
        free = is_verified(cells) & ~_taken(cells, made)
        areas = {
            code: floor(cells.sum_m2(free & (cells.land_class == number_of(code))) * document.share * 100)
            for code in codes_of(cells.land_class[free])
        }
        made.append(Written(document, on, {code: area for code, area in areas.items() if area > 0}))
    return made


def survey_areas_e2(story: Story, *, changed: bool) -> dict[str, int]:
    """What the land-change survey of the year finds on the plot, by class: what stands there, or what stood before."""
    cells = counted(story.plot, events_of(story), _end(date(SURVEY_YEAR, 12, 31)))
    green = (cells.state == GREEN) & cells.ground
    found = np.where(green, cells.land_class, cells.base) if changed else cells.base
    shares = {code: cells.sum_m2(found == number_of(code)) for code in codes_of(found[cells.ground])}
    return {code: round(area * 100 + 0.5) for code, area in shares.items()}


def _of_story(story: Story, after_ms: int, until_ms: int) -> Totals:
    plot, events = story.plot, events_of(story)
    now = counted(plot, events, until_ms)
    base, verified = in_base(now), is_verified(now)
    with_held = alone = now
    if any(event.weight is not Weight.FULL for event in events):
        with_held = counted(plot, events, until_ms, with_held=True)
        alone = counted(plot, events, until_ms, without_contested=True)
    accepted, registered = _accepted(story, now, until_ms)
    start = counted(plot, [event for event in events if event.at_ms <= after_ms], after_ms)
    accepted_start, _ = _accepted(story, start, after_ms)
    full = [visit for visit in story.visits if visit.weight is Weight.FULL and plot.number in visit.about]
    return Totals(
        area=now.sum_m2(now.ground),
        base=now.sum_m2(base),
        verified=now.sum_m2(verified),
        pending=now.sum_m2(base & (now.state == CLEAR)),
        held=max(0.0, now.sum_m2(is_verified(with_held)) - now.sum_m2(verified)),
        contested=max(0.0, now.sum_m2(is_verified(alone)) - now.sum_m2(verified)),
        reused=now.sum_m2(base & (now.state == USED)),
        green_not_reducing=now.sum_m2(base & (now.state == GREEN) & ~verified),
        accepted=accepted,
        registered=registered,
        cleared=now.sum_m2(_within(now.first_clear_ms, after_ms, until_ms)),
        regreened=now.sum_m2(_within(now.first_green_ms, after_ms, until_ms)),
        net=accepted - accepted_start - (_occupied(now) - _occupied(start)),
        claimed_cleared=_claimed(full, What.CLEARED),
        claimed_restored=_claimed(full, What.PASSED),
    )


def _accepted(story: Story, cells: Cells, until_ms: int) -> tuple[float, float]:
    accepted = in_time = 0.0
    taken = np.zeros(cells.ground.shape, dtype=bool)
    for one in written(story):
        if at(one.on) > until_ms or not one.document.counts:
            continue
        for code, area_e2 in one.areas_e2.items():
            free = is_verified(cells) & ~taken
            free &= (cells.land_class == number_of(code)) & (cells.since_ms <= _end(one.on))
            took = min(area_e2 / 100, cells.sum_m2(free))
            taken |= free
            accepted += took
            in_time += took if one.on.year <= SURVEY_YEAR else 0.0
    outside = 0.0
    for survey in story.surveys:
        areas = survey_areas_e2(story, changed=survey.changed)
        outside = sum(area for code, area in areas.items() if not is_construction(code)) / 100
    return accepted, min(in_time, outside)


def _taken(cells: Cells, earlier: list[Written]) -> Mask:
    """The cells that earlier documents hold: what was theirs and has not broken since."""
    taken = np.zeros(cells.ground.shape, dtype=bool)
    for one in earlier:
        for code in one.areas_e2:
            taken |= is_verified(cells) & (cells.land_class == number_of(code)) & (cells.since_ms <= _end(one.on))
    return taken


def _occupied(cells: Cells) -> float:
    """Built or reused ground whose baseline does not count: the plot's part of O."""
    return cells.sum_m2(np.isin(cells.state, (BUILT, USED)) & ~in_base(cells))


def _outside(story: Story, until_ms: int) -> float:
    """Building seen outside every parcel up to a moment."""
    return sum(
        story.plot.grid.area_m2(visit.box)
        for visit in story.visits
        if visit.what is What.BUILT and not visit.about and visit.box is not None and visit.at_ms <= until_ms
    )


def _floor_area(made: Account, stories: Iterable[Story], after_ms: int, until_ms: int) -> None:
    """Demolished floor area of the period: each structure once, at its first demolition; the rest as entered."""
    counted_once: set[str] = set()
    visits = sorted((visit for story in stories for visit in story.visits), key=lambda visit: visit.at_ms)
    for visit in visits:
        if visit.weight is not Weight.FULL or not visit.floor_area_e2 or counted_once & {*visit.structures}:
            continue
        counted_once |= {*visit.structures}
        if after_ms < visit.at_ms <= until_ms:
            made.units[visit.unit].demolished_floor_area += visit.floor_area_e2 / 100


def _claimed(visits: Iterable[Visit], what: What) -> float:
    return sum((visit.claimed_e2 or 0) for visit in visits if visit.what is what) / 100


def _within(times: np.ndarray, after_ms: int, until_ms: int) -> Mask:
    return np.asarray((times > after_ms) & (times <= until_ms) & (times != NEVER), dtype=bool)


def _end(day: date) -> int:
    return at(day) + DAY_MS - 1


__all__ = ["Account", "Totals", "Written", "account", "survey_areas_e2", "written"]
