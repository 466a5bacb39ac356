"""Photo sets (D13): every photo that a record lists has arrived, and the minimum set of `photo_rules` is among them.

What photos show, and whether they are what they seem, is asked in part 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import shapely

from schemas.codes import AreaSource, Discrepancy, Shot
from schemas.photo_rules import Need, Occasion, Substitute
from sync.ledger.book.facts import PhotoFact, Version
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.finding import Finding, found, not_checked
from sync.ledger.discrepancies.site import is_current
from sync.ledger.land.geodesy_arrays import bearings_deg


def photo_set(asked: Asked) -> Iterator[Finding]:
    """D13: photos that have not all arrived, or that lack a shot the rules need.

    A shot from before the work may be replaced: by the ledger where the outline or the structures come from it, by
    imagery where the outline does. Where two headings must differ and one is missing, the bearing from the photo to the
    outline stands in; where that is missing too, the check says so and blocks nobody (rules §5).
    """
    for version in asked.book.versions:
        if not is_current(version):
            continue
        if not version.photos_complete:
            yield _of(asked, version, "hashes", listed=len(version.photos))
        missing = [need for need in asked.photo_rules.needs.get(version.kind, ()) if not _met(version, need)]
        if missing:
            yield _of(asked, version, "", missing="、".join(need.shot.value for need in missing))
        sides = [_sides(asked, version, need) for need in _apart(asked, version) if need not in missing]
        if False in sides:
            yield _of(asked, version, "one_side", apart_degrees=f"{asked.photo_rules.heading_separation_deg:g}")
        if None in sides:
            yield not_checked(
                Discrepancy.D13,
                "no_heading",
                edition=asked.photo_rules.edition,
                since_ms=version.said.received_ms,
                entries=[version.id],
                parcels=version.parcels,
                units=[version.said.unit],
            )


def _of(asked: Asked, version: Version, variant: str, **figures: int | str) -> Finding:
    return found(
        Discrepancy.D13,
        edition=asked.photo_rules.edition,
        since_ms=version.said.received_ms,
        entries=[version.id],
        parcels=version.parcels,
        units=[version.said.unit],
        variant=variant,
        **figures,
    )


def _met(version: Version, need: Need) -> bool:
    if need.occasion is Occasion.SURVIVAL_CLAIMED and version.survival_percent_e2 is None:
        return True
    if _taken(version, need.shot) >= need.at_least:
        return True
    return any(_stands_in(version, substitute) for substitute in need.substitutes)


def _stands_in(version: Version, substitute: Substitute) -> bool:
    if substitute is Substitute.IMAGERY:
        return version.area_source is AreaSource.IMAGERY
    return version.area_source is AreaSource.LEDGER or bool(version.structures)


def _taken(version: Version, shot: Shot) -> int:
    return len({photo.sha256 for photo in version.photos if photo.shot is shot})


def _apart(asked: Asked, version: Version) -> Iterator[Need]:
    return (need for need in asked.photo_rules.needs.get(version.kind, ()) if need.headings_apart)


def _sides(asked: Asked, version: Version, need: Need) -> bool | None:
    """Whether two photos of a shot look from sides far enough apart; None where that cannot be said."""
    headings = _headings([photo for photo in version.photos if photo.shot is need.shot], version.outline)
    if any(_turn(a, b) >= asked.photo_rules.heading_separation_deg for a, b in combinations(headings, 2)):
        return True
    return False if len(headings) >= max(2, _taken(version, need.shot)) else None


def _headings(photos: Sequence[PhotoFact], outline: shapely.Geometry | None) -> list[float]:
    found_headings = []
    for photo in photos:
        if photo.heading_deg is not None:
            found_headings.append(photo.heading_deg)
        elif outline is not None and photo.lon_deg is not None and photo.lat_deg is not None:
            middle = outline.representative_point()
            bearing = float(bearings_deg(photo.lon_deg, photo.lat_deg, middle.x, middle.y)[0])
            if bearing == bearing:  # no bearing to where one stands
                found_headings.append(bearing)
    return found_headings


def _turn(a: float, b: float) -> float:
    """The angle between two headings, degrees, at most 180."""
    return abs((a - b + 180) % 360 - 180)
