"""减量目标: what each unit, district or belt was set and reached (M02, M03), gaps of levels (D30), phases (M33)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction

from schemas.codes import Measure
from sync.ledger.book.facts import TargetLine
from sync.ledger.land import exact
from sync.ledger.statement.plan_sections import PhaseRow, TargetGap, TargetRow
from sync.ledger.statement.unit_figures import ZERO

Reached = Callable[[str, Measure, int], Fraction]
"""What a unit (or district, belt, city by its code) reached of a measure in a year, m²."""


def target_rows(lines: Iterable[TargetLine], reached: Reached) -> tuple[TargetRow, ...]:
    """Each target as set (one line a unit, measure and year: `holding.targets_of`) beside what was reached."""
    rows = (
        TargetRow(
            entries=(line.said.entry,),
            unit=line.unit,
            parent=line.parent_unit,
            measure=line.measure,
            year=line.year,
            value_m2=exact.hundredths(line.value_e2),
            reached_m2=reached(line.unit, line.measure, line.year),
            phases=(line.phase,) if line.phase else (),
        )
        for line in lines
    )
    return tuple(sorted(rows, key=lambda row: (row.year, row.measure, row.unit)))


def gaps(lines: Iterable[TargetLine]) -> tuple[TargetGap, ...]:
    """Where the targets of children do not add up to their parent's (M02): children 99.9 ha under 100 ha are a gap of
    0.1 ha. Compared exactly, to the hundredth of a square metre; a parent without a line of its own is set nothing."""
    lines = tuple(lines)
    own = {(line.unit, line.measure, line.year): line for line in lines}
    children: dict[tuple[str, Measure, int], list[TargetLine]] = defaultdict(list)
    for line in lines:
        if line.parent_unit is not None and line.parent_unit != line.unit:
            children[line.parent_unit, line.measure, line.year].append(line)
    found = []
    for key, below in children.items():
        parent = own.get(key)
        gap = TargetGap(
            parent=key[0],
            measure=key[1],
            year=key[2],
            parent_m2=exact.hundredths(parent.value_e2 if parent else 0),
            children_m2=exact.hundredths(sum(line.value_e2 for line in below)),
            children=tuple(sorted(line.unit for line in below)),
            entries=tuple(sorted(line.said.entry for line in ((parent, *below) if parent else below))),
        )
        if gap.gap_m2 != 0:
            found.append(gap)
    return tuple(sorted(found, key=lambda gap: (gap.year, gap.measure, gap.parent)))


def phases(rows: Iterable[TargetRow]) -> tuple[tuple[PhaseRow, ...], tuple[TargetRow, ...]]:
    """三年行动计划 (M33): totals by phase and measure of the targets that stand in exactly one phase, and those that
    do not. Only the lowest level counts, or a target would count again in each of its parents."""
    rows = tuple(rows)
    parents = {(row.parent, row.measure, row.year) for row in rows if row.parent is not None}
    leaves = [row for row in rows if (row.unit, row.measure, row.year) not in parents]
    groups: dict[tuple[str, Measure], list[TargetRow]] = defaultdict(list)
    for row in leaves:
        if len(row.phases) == 1:
            groups[row.phases[0], row.measure].append(row)
    totals = tuple(
        PhaseRow(
            phase,
            measure,
            sum((row.value_m2 for row in groups[phase, measure]), ZERO),
            sum((row.reached_m2 for row in groups[phase, measure]), ZERO),
            len(groups[phase, measure]),
        )
        for phase, measure in sorted(groups)
    )
    return totals, tuple(row for row in rows if len(row.phases) != 1)
