"""Areas as entered beside those measured: mismatch (D03), slip of unit (D29), provisional outline (D31), no B (D17)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import shapely

from schemas.codes import AreaSource, Discrepancy
from schemas.rules import Thresholds, area_tolerance_m2
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.finding import Finding, found
from sync.ledger.discrepancies.site import Footprint
from sync.ledger.land.events import EventKind


def area_mismatch(asked: Asked) -> Iterator[Finding]:
    """D03: the area entered differs from that of the outline, or exceeds that of the parcels listed, beyond tolerance.

    Tolerance of domain §5.3: a share by the source of the area, or 2 σ_A of a walked outline, plus 1 m². Floor area
    that freed no land is no area of ground and is not compared.
    """
    for one, number in _entered(asked):
        claimed, measured = one.claimed_e2 / 100, float(asked.site.areas_m2[number])
        tolerance = tolerance_m2(asked, one, measured, asked.site.outlines[number])
        ledger = _ledger_area(asked, one)
        above_ledger = ledger is not None and claimed > ledger + tolerance
        if abs(claimed - measured) > tolerance or above_ledger:
            yield found(
                Discrepancy.D03,
                edition=asked.edition,
                since_ms=one.since_ms,
                entries=[one.entry],
                parcels=one.parcels,
                units=[one.unit],
                variant="ledger" if above_ledger else "",
                claimed_m2=claimed,
                measured_m2=measured,
                ledger_m2=-1.0 if ledger is None else ledger,
                tolerance_m2=tolerance,
            )


def unit_slip(asked: Asked) -> Iterator[Finding]:
    """D29: the area entered is a unit's factor (15, 10,000, 666.67: mu, ha, m²) away from that of the outline, to
    within `unit_slip_ratio`."""
    for one, number in _entered(asked):
        claimed, measured = one.claimed_e2 / 100, float(asked.site.areas_m2[number])
        factor = slip_factor(claimed / measured, asked.values)
        if factor is not None:
            yield found(
                Discrepancy.D29,
                edition=asked.edition,
                since_ms=one.since_ms,
                entries=[one.entry],
                parcels=one.parcels,
                units=[one.unit],
                variant="above" if claimed > measured else "below",
                claimed_m2=claimed,
                measured_m2=measured,
                factor=factor,
            )


def provisional_area(asked: Asked) -> Iterator[Finding]:
    """D31: the outline's source is not admitted (drawn, walked, unknown) and nothing better has superseded it."""
    for number, one in enumerate(asked.site.prints):
        if asked.site.outlines[number] is None or one.area_source in asked.values.admitted_area_sources:
            continue
        yield found(
            Discrepancy.D31,
            edition=asked.edition,
            since_ms=one.since_ms,
            entries=[one.entry],
            parcels=one.parcels,
            units=[one.unit],
            footprint_m2=float(asked.site.areas_m2[number]),
            area_source=one.area_source.value if one.area_source else "?",
        )


def no_construction(asked: Asked) -> Iterator[Finding]:
    """D17: no part of a parcel's baseline counts as urban-rural construction land, so nothing on it can reduce.

    One finding a parcel, with the claims on it: a further claim is news.
    """
    claims: dict[str, list[Footprint]] = defaultdict(list)
    for one in asked.site.prints:
        if one.claims:
            for name in one.parcels:
                claims[name].append(one)
    for parcel in asked.site.parcels:
        classes = [asked.classes.index(part.land_class) for part in parcel.baseline]
        if any(asked.classes.urban_rural[number] for number in classes):
            continue
        on_it = claims.get(parcel.id, [])
        yield found(
            Discrepancy.D17,
            edition=asked.edition,
            since_ms=min((one.since_ms for one in on_it), default=parcel.said.received_ms),
            entries=[one.entry for one in on_it],
            parcels=[parcel.id],
            units=[parcel.unit],
            variant="" if classes else "none",
            classes="、".join(sorted({asked.classes.code(number) for number in classes})),
        )


def slip_factor(ratio: float, values: Thresholds) -> float | None:
    """The factor of a slip of unit that `ratio` (entered to measured), or its inverse, comes near to; None for none.

    >>> from schemas.rules import rules
    >>> slip_factor(1 / 15, rules().values), slip_factor(14, rules().values)
    (15.0, None)
    """
    for factor in values.unit_slip_factors:
        if any(abs(way / factor - 1) <= values.unit_slip_ratio for way in (ratio, 1 / ratio)):
            return float(factor)
    return None


def tolerance_m2(asked: Asked, one: Footprint, area_m2: float, outline: shapely.Geometry | None) -> float:
    """By how much (m²) an area of this footprint may differ (domain §5.3); an unknown source as one drawn."""
    source = one.area_source or AreaSource.DRAWN
    sigma = 0.0
    if source is AreaSource.GNSS_WALK and outline is not None:
        sigma = walked_sigma_m2(outline, one.accuracy_m or asked.photo_rules.accuracy_good_m)
    return area_tolerance_m2(asked.values, source, area_m2, sigma)


def walked_sigma_m2(outline: shapely.Geometry, sigma_m: float) -> float:
    """σ_A = (σ/2)·√Σd_i² over all rings of a plane outline, d_i between the two neighbours of corner i (domain §0.8).

    >>> round(walked_sigma_m2(shapely.box(0, 0, 60, 40), 3.0) * 2)
    433
    """
    squares = 0.0
    for ring in shapely.get_rings(shapely.get_parts(outline)):
        corners = shapely.get_coordinates(ring)[:-1]
        apart = np.roll(corners, 1, axis=0) - np.roll(corners, -1, axis=0)
        squares += float((apart**2).sum())
    return sigma_m / 2 * math.sqrt(squares)


def _entered(asked: Asked) -> Iterator[tuple[Footprint, int]]:
    """Claims with an area entered and an outline to compare."""
    for number, one in enumerate(asked.site.prints):
        if one.claims and one.kind is not EventKind.NO_LAND and one.claimed_e2 > 0 and asked.site.areas_m2[number] > 0:
            yield one, number


def _ledger_area(asked: Asked, one: Footprint) -> float | None:
    """The area of the parcels listed; None where one of them is not in the ledger."""
    if not one.parcels or any(name not in asked.site.place for name in one.parcels):
        return None
    outlines = asked.site.parcel_outlines[[asked.site.place[name] for name in one.parcels]]
    return float(shapely.area(outlines).sum())
