"""The report held against the drawing: every figure of every parcel, unit and district, counted the second way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sync.demo.drawing.accounting import Account
from sync.demo.drawing.world import World
from sync.ledger.report.document import Contents
from sync.ledger.report.sections import ANNEX, FIGURES
from sync.ledger.report.table import Section

ALLOWED_M2 = 0.5
"""How far a parcel's figure may be from the cells: rounding in the report, edges drawn along parallels."""
_PARCEL = (
    "area", "base", "verified", "pending", "held", "contested", "accepted", "registered", "claimed_cleared",
    "claimed_restored",
)  # fmt: skip
_UNIT = (
    "area", "base", "verified", "pending", "held", "contested", "accepted", "registered", "reused",
    "green_not_reducing", "demolished_floor_area", "cleared", "net",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A figure that the report has otherwise than the drawing, m²."""

    what: str
    code: str
    figure: str
    drawn: float
    reported: float

    def __str__(self) -> str:
        return f"{self.what} {self.code} {self.figure}: {self.drawn:.2f} drawn, {self.reported:.2f} reported"


@dataclass(frozen=True)
class Compared:
    """How many figures were held against one another, and which differ; the largest difference on a parcel, m²."""

    figures: int
    largest_m2: float
    differences: tuple[Difference, ...]


def compare(world: World, drawn: Account, contents: Contents) -> Compared:
    """Every figure that both have."""
    pairs = list(_pairs(world, drawn, contents))
    off = [one for one, allowed in pairs if abs(one.drawn - one.reported) > allowed]
    by_parcel = [abs(one.drawn - one.reported) for one, _ in pairs if one.what == "parcel"]
    return Compared(len(pairs), max(by_parcel, default=0.0), tuple(off))


def _pairs(world: World, drawn: Account, contents: Contents) -> Iterator[tuple[Difference, float]]:
    parcels = {str(row[0]): row for rows in contents.annex.values() for row in rows if isinstance(row, list)}
    for number, totals in drawn.parcels.items():
        for figure in _PARCEL:
            reported = _area(ANNEX, parcels.get(number), figure)
            yield Difference("parcel", number, figure, getattr(totals, figure), reported), ALLOWED_M2
    rows = {(str(row[0]), str(row[1])): row for row in contents.sections["figures"] if isinstance(row, list)}
    for level, code, units in _groups(world):
        totals = drawn.of_units(units)
        count = sum(1 for plot in world.plots if plot.unit in units)
        row = rows.get((level, code))
        for figure in _UNIT:
            reported = _area(FIGURES, row, figure)
            yield Difference(level, code, figure, getattr(totals, figure), reported), ALLOWED_M2 * max(1, count)
        green = _area(FIGURES, row, "regreened_reducing") + _area(FIGURES, row, "regreened_not_reducing")
        yield Difference(level, code, "regreened", totals.regreened, green), ALLOWED_M2 * max(1, count)


def _groups(world: World) -> Iterator[tuple[str, str, list[str]]]:
    """Units, districts, belts and the city with their units."""
    districts: dict[str, list[str]] = {}
    belts: dict[str, list[str]] = {}
    for unit in world.units:
        yield "unit", unit.unit_id, [unit.unit_id]
        districts.setdefault(unit.lead_district, []).append(unit.unit_id)
        belts.setdefault(str(unit.belt), []).append(unit.unit_id)
    for level, groups in (("district", districts), ("belt", belts)):
        for code, units in groups.items():
            yield level, code, units
    yield "city", "city", [unit.unit_id for unit in world.units]


def _area(section: Section, row: Any, figure: str) -> float:
    if row is None:
        return float("nan")
    value = row[section.place(figure)]
    return 0.0 if value is None else int(value) / 100

