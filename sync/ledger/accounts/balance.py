"""绿色空间: what was taken against what was added (占补平衡, M12), and planned green that is not realised (M11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import shapely

from sync.ledger.book.facts import PlannedGreen, RegisterRow
from sync.ledger.land import exact
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.fold import RESTORED
from sync.ledger.land.layout import Land, Project
from sync.ledger.land.plane import Geometries, to_plane
from sync.ledger.statement.plan_sections import GreenBalance, PlannedGreenRow
from sync.ledger.statement.unit_figures import ZERO, FigureRow


def taken_by_unit(rows: Iterable[RegisterRow], project: Project = to_plane) -> dict[str, Fraction]:
    """Green space taken (m²) by unit: the area that a row states, or that of its outline. A row with neither counts
    nothing: it has no place (M13)."""
    taken: dict[str, Fraction] = {}
    for row in rows:
        area = ZERO if row.fields.area_e2 is None else exact.hundredths(row.fields.area_e2)
        if row.fields.area_e2 is None and row.outline is not None:
            area = _area_m2(project(_one(row.outline))[0])
        taken[row.said.unit] = taken.get(row.said.unit, ZERO) + area
    return taken


def balances(
    rows: Iterable[FigureRow], taken_m2: Mapping[str, Fraction], added_m2: Mapping[str, Fraction]
) -> tuple[GreenBalance, ...]:
    """Balance of each row: what its units took in the period against what was first re-greened in it and still is.
    Both mappings are by the unit to which figures are credited."""
    return tuple(
        GreenBalance(
            level=row.level,
            code=row.code,
            taken_m2=sum((taken_m2.get(unit, ZERO) for unit in row.units), ZERO),
            added_m2=sum((added_m2.get(unit, ZERO) for unit in row.units), ZERO),
        )
        for row in rows
    )


def planned_green(
    rows: Sequence[PlannedGreen], land: Land, figures: ParcelFigures, project: Project = to_plane
) -> tuple[PlannedGreenRow, ...]:
    """Planned green of each row and what of it is realised: its part of the union of all ground that is restored to a
    class of green at the state date, so that overlapping records realise no square metre twice (M11)."""
    if not rows:
        return ()
    outlines = project(_many([row.outline for row in rows]))
    kinds = np.array([kind is not None for kind in (*land.classes.kinds, None)])
    green = (figures.folded.state == RESTORED) & kinds[figures.folded.land_class]
    parcels = np.unique(land.ground.parcel[green])
    mine, hit = shapely.STRtree(land.plane_outlines[parcels]).query(outlines, predicate="intersects")
    found = []
    for number, row in enumerate(rows):
        near = np.zeros(len(land.parcels), dtype=bool)
        near[parcels[hit[mine == number]]] = True
        pieces = np.flatnonzero(green & near[land.ground.parcel])
        planned, realised = _area_m2(outlines[number]), ZERO
        if len(pieces):
            union = shapely.union_all(land.ground.shapes(pieces))
            realised = min(planned, _area_m2(shapely.intersection(union, outlines[number])))
        found.append(PlannedGreenRow(row.id, row.said.unit, planned, realised, row.blocker))
    return tuple(sorted(found, key=lambda one: (one.unit, one.id)))


def _area_m2(outline: shapely.Geometry | None) -> Fraction:
    area = np.array([0.0 if outline is None else shapely.area(outline)])
    return exact.m2(exact.from_m2(exact.on_grid(area))[0])


def _one(outline: shapely.Geometry) -> Geometries:
    return _many([outline])


def _many(outlines: Sequence[shapely.Geometry]) -> Geometries:
    made = np.empty(len(outlines), dtype=object)
    made[:] = outlines
    return made
