"""设施现状 (M27-M32): facilities by class and condition, villages that services reach, parks on reclaimed water, and
群众满意度 (M17), which never touches an area. Pure counting of register rows and of visits in force."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from schemas.codes import FacilityClass, FacilityCondition, InspectionKind
from sync.ledger.book.days import day_of, named_day
from sync.ledger.book.facts import RegisterRow, Version
from sync.ledger.statement.field_sections import Coverage, FacilityStatus, ReclaimedWater, Score

FULL_COVERAGE = frozenset({FacilityClass.HEALTH, FacilityClass.SOCIAL_WELFARE})
"""Classes that the plan wants in every village (T11, T14; L199, L213); others are listed where a village has any."""

_SERVING = frozenset({FacilityCondition.IN_SERVICE, FacilityCondition.PARTIAL_SERVICE})


def facility_statuses(
    rows: Iterable[RegisterRow], versions: Iterable[Version], until: date
) -> tuple[FacilityStatus, ...]:
    """Facilities of each unit and class by condition on the day `until`: as last visited or reported, the later.

    `overdue` are those due by then that do not serve."""
    conditions = conditions_on(rows := tuple(rows), versions, until)
    groups: dict[tuple[str, FacilityClass], list[RegisterRow]] = defaultdict(list)
    for row in rows:
        groups[row.said.unit, row.fields.facility_class].append(row)
    found = []
    for unit, facility_class in sorted(groups):
        own = groups[unit, facility_class]
        counts: Counter[FacilityCondition] = Counter()
        unknown = overdue = 0
        for row in own:
            condition = conditions.get(row.row)
            due_on = named_day(row.fields.target_on)
            overdue += due_on is not None and due_on < until and condition not in _SERVING
            if condition is None:
                unknown += 1
            else:
                counts[condition] += 1
        found.append(FacilityStatus(unit, facility_class, dict(sorted(counts.items())), unknown, overdue))
    return tuple(found)


def conditions_on(
    rows: Iterable[RegisterRow], versions: Iterable[Version], until: date
) -> dict[str, FacilityCondition]:
    """The condition of each facility on the day `until`; at equal dates a visit goes before the register."""
    said: dict[str, tuple[date, int, int, FacilityCondition]] = {}
    for row in rows:
        if row.fields.condition is not None and row.on <= until:
            said[row.row] = (row.on, 0, row.said.seq, row.fields.condition)
    for version in versions:
        if version.kind is not InspectionKind.FACILITY or not version.in_force or not version.photos_complete:
            continue
        on = day_of(version.observed_ms)
        if version.facility is None or version.condition is None or on > until:
            continue
        seen = (on, 1, version.said.seq, FacilityCondition(version.condition))
        said[version.facility] = max(said.get(version.facility, seen), seen, key=lambda one: one[:3])
    return {facility: what[-1] for facility, what in said.items()}


def coverage(
    villages: Iterable[RegisterRow], facilities: Iterable[RegisterRow], conditions: dict[str, FacilityCondition]
) -> tuple[Coverage, ...]:
    """Villages of each unit that a class of service reaches, by a place of its own or by turns (M31).

    A village has what its row lists, and every serving facility that names it."""
    standing: dict[str, set[FacilityClass]] = defaultdict(set)
    visiting: dict[str, set[FacilityClass]] = defaultdict(set)
    names: dict[str, list[RegisterRow]] = defaultdict(list)
    for village in villages:
        names[village.said.unit].append(village)
        for service in village.fields.services:
            (visiting if service.visiting else standing)[village.row].add(service.facility_class)
    for row in facilities:
        if row.fields.village is not None and conditions.get(row.row) in _SERVING:
            standing[row.fields.village].add(row.fields.facility_class)
    found = []
    for unit in sorted(names):
        own = sorted(village.row for village in names[unit])
        there = {one for village in own for one in standing[village] | visiting[village]}
        for facility_class in sorted(FULL_COVERAGE | there):
            fixed = {village for village in own if facility_class in standing[village]}
            turns = {village for village in own if facility_class in visiting[village]} - fixed
            without = tuple(village for village in own if village not in fixed | turns)
            found.append(Coverage(unit, facility_class, len(own), len(fixed), len(turns), without))
    return tuple(found)


def reclaimed_water(parks: Iterable[RegisterRow]) -> tuple[ReclaimedWater, ...]:
    """Parks of each unit on reclaimed water: only *eligible* parks count, in the share and in its divisor (M30)."""
    groups: dict[str, list[RegisterRow]] = defaultdict(list)
    for park in parks:
        groups[park.said.unit].append(park)
    return tuple(
        ReclaimedWater(
            unit=unit,
            parks=len(own),
            eligible=sum(park.fields.reclaimed_eligible for park in own),
            in_use=sum(park.fields.reclaimed_eligible and park.fields.reclaimed_in_use for park in own),
        )
        for unit, own in sorted(groups.items())
    )


def scores(rows: Iterable[RegisterRow]) -> tuple[Score, ...]:
    """群众满意度 by unit, year and survey: points of 100, a series of its own (M17)."""
    made = (
        Score(row.said.unit, row.fields.survey, row.fields.year, Fraction(row.fields.score_e2, 100)) for row in rows
    )
    return tuple(sorted(made, key=lambda one: (one.unit, one.year, one.survey)))
