"""When records say they were made: outside what the log proves (D11b), or faster than anybody travels (D25)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from schemas.codes import Discrepancy
from sync.ledger.book.facts import Version
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.finding import Finding, found
from sync.ledger.discrepancies.site import is_current
from sync.ledger.land.geodesy_arrays import distances_m

_BEIJING = timezone(timedelta(hours=8))


def time_impossible(asked: Asked) -> Iterator[Finding]:
    """D11b: `observed_at` lies before the last checkpoint that the device had seen, or after the receipt (rules §1).

    Between the two the log proves nothing, and whatever a clock says is believed.
    """
    for version in asked.book.versions:
        late = version.observed_ms > version.said.received_ms
        early = version.known_ms is not None and version.observed_ms < version.known_ms
        if is_current(version) and (late or early):
            yield found(
                Discrepancy.D11B,
                edition=asked.edition,
                since_ms=version.said.received_ms,
                entries=[version.id],
                parcels=version.parcels,
                units=[version.said.unit],
                variant="after" if late else "before",
                observed=_instant(version.observed_ms),
                received=_instant(version.said.received_ms),
                known=_instant(version.known_ms) if version.known_ms is not None else "?",
            )


def impossible_pace(asked: Asked) -> Iterator[Finding]:
    """D25: two visits in a row of one person lie farther apart than `travel_speed_kmh` allows in the time between.

    The accuracy of both positions is taken off the distance (`accuracy_limit_m` where it is unknown), so neighbouring
    plots visited within seconds raise nothing.
    """
    visits: dict[str, list[Version]] = defaultdict(list)
    for version in asked.book.versions:
        if is_current(version) and version.position is not None:
            visits[version.said.author].append(version)
    for person in sorted(visits):
        mine = sorted(visits[person], key=lambda version: (version.observed_ms, version.id))
        for before, after in pairwise(mine):
            yield from _too_fast(asked, person, before, after)


def _too_fast(asked: Asked, person: str, before: Version, after: Version) -> Iterator[Finding]:
    if before.record == after.record or before.position is None or after.position is None:
        return
    unsure = sum(
        asked.photo_rules.accuracy_limit_m if one.position_accuracy_m is None else one.position_accuracy_m
        for one in (before, after)
    )
    distance = max(0.0, float(distances_m(*before.position, *after.position)[0]) - unsure)
    seconds = (after.observed_ms - before.observed_ms) / 1000
    if distance * 3.6 > asked.values.travel_speed_kmh * seconds:
        yield found(
            Discrepancy.D25,
            edition=asked.edition,
            since_ms=after.said.received_ms,
            entries=[before.id, after.id],
            parcels=[*before.parcels, *after.parcels],
            units=[before.said.unit, after.said.unit],
            person=person,
            distance_m=round(distance),
            seconds=round(seconds),
            limit_kmh=float(asked.values.travel_speed_kmh),
        )


def _instant(ms: int) -> str:
    """An instant in Beijing, to the second; the far future in words of its own."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError):
        return f"{ms} ms"
