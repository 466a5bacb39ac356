"""Where footprints lie: outside their parcels (D04), on no parcel (D05), outside their unit or belt (D06)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from schemas.codes import Discrepancy, OverlayKind
from schemas.register_fields import Overlay
from sync.ledger.book.days import day_of
from sync.ledger.book.holding import register_on, units_on
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.finding import Finding, found, not_checked
from sync.ledger.discrepancies.site import Footprint
from sync.ledger.land.events import EventKind

_NEARLY = 1e-9
"""Two computations of the same share differ by less."""


def outside_parcels(asked: Asked) -> Iterator[Finding]:
    """D04: more than `outside_parcel_ratio` of a footprint lies outside the union of the parcels that it lists.

    A sighting that lists none is free to lie anywhere; a claim that lists none of the ledger's parcels is wholly
    outside: it counts nowhere, and somebody should know.
    """
    site = asked.site
    for number, one in enumerate(site.prints):
        area = float(site.areas_m2[number])
        listed = [site.place[name] for name in one.parcels if name in site.place]
        if area <= 0 or site.within_one_of(number, listed) or (not listed and not one.claims):
            continue
        union = shapely.union_all(site.parcel_outlines[listed]) if listed else None
        outside = area if union is None else float(shapely.area(shapely.difference(site.outlines[number], union)))
        if outside > (asked.values.outside_parcel_ratio + _NEARLY) * area:
            yield found(
                Discrepancy.D04,
                edition=asked.edition,
                since_ms=one.since_ms,
                entries=[one.entry],
                parcels=one.parcels,
                units=[one.unit],
                outside_m2=outside,
                footprint_m2=area,
                outside_percent=100 * outside / area,
            )


def not_in_ledger(asked: Asked) -> Iterator[Finding]:
    """D05: no parcel of the ledger lies under a claim; or part of a sighting lies on none, which enters O (rules §4).

    What is below `sliver_m2` is no ground. The district may propose a parcel; nothing is created by itself.
    """
    site = asked.site
    for number, one in enumerate(site.prints):
        area = float(site.areas_m2[number])
        under = site.under[number]
        if area <= 0 or site.within_one_of(number, under):
            continue
        union = shapely.union_all(site.parcel_outlines[under])
        outside = float(shapely.area(shapely.difference(site.outlines[number], union)))
        sighting = one.kind is EventKind.NEW_BUILD
        nothing_under = area - outside < asked.values.sliver_m2
        if outside >= asked.values.sliver_m2 and (sighting or nothing_under):
            yield found(
                Discrepancy.D05,
                edition=asked.edition,
                since_ms=one.since_ms,
                entries=[one.entry],
                units=[one.unit],
                variant="sighting" if sighting else "",
                outside_m2=outside,
                footprint_m2=area,
            )


def outside_unit(asked: Asked) -> Iterator[Finding]:
    """D06: more than `outside_parcel_ratio` of a footprint lies outside its reporting unit, or outside the unit's belt.

    Without the unit's boundary the check is not made, and one finding a unit says so; where no layer of belts was
    imported, belts are not asked.
    """
    if asked.at_ms is None or not asked.has_log:
        return
    units = {row.id: row for row in units_on(asked.book, day_of(asked.at_ms))}
    belts = _belts(asked, asked.at_ms)
    outlines = dict(zip(units, asked.project(_array([row.outline for row in units.values()])), strict=True))
    unchecked: dict[str, int] = {}
    for number, one in enumerate(asked.site.prints):
        outline = asked.site.outlines[number]
        if outline is None:
            continue
        boundary = outlines.get(one.unit)
        if boundary is None:
            unchecked[one.unit] = min(one.since_ms, unchecked.get(one.unit, one.since_ms))
        else:
            yield from _outside(asked, one, number, boundary, "unit")
        row = units.get(one.unit)
        if row is not None and row.belt in belts:
            yield from _outside(asked, one, number, belts[row.belt], "belt")
    for unit, since_ms in unchecked.items():
        yield not_checked(Discrepancy.D06, "no_boundary", edition=asked.edition, since_ms=since_ms, units=[unit])


def _outside(asked: Asked, one: Footprint, number: int, boundary: shapely.Geometry, variant: str) -> Iterator[Finding]:
    area = float(asked.site.areas_m2[number])
    outside = float(shapely.area(shapely.difference(asked.site.outlines[number], boundary)))
    if outside > (asked.values.outside_parcel_ratio + _NEARLY) * area:
        yield found(
            Discrepancy.D06,
            edition=asked.edition,
            since_ms=one.since_ms,
            entries=[one.entry],
            parcels=one.parcels,
            units=[one.unit],
            variant=variant,
            outside_m2=outside,
            footprint_m2=area,
            outside_percent=100 * outside / area,
        )


def _belts(asked: Asked, at_ms: int) -> dict[str | None, shapely.Geometry]:
    """The belts' outlines in the plane, by name (G1, G2)."""
    found_rows: dict[str | None, list[shapely.Geometry]] = {}
    for row in register_on(asked.book, "overlay", day_of(at_ms)):
        fields = row.fields
        if isinstance(fields, Overlay) and fields.overlay is OverlayKind.BELT and row.outline is not None:
            found_rows.setdefault(fields.name, []).append(row.outline)
    return {name: shapely.union_all(asked.project(_array(outlines))) for name, outlines in found_rows.items()}


def _array(outlines: list[shapely.Geometry | None]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    made = np.empty(len(outlines), dtype=object)
    made[:] = outlines
    return made
