"""The demonstration's calendar: six field seasons of 2024 to 2026, and the days on which offices work between them.

Days are Beijing dates. Tablets are offline through a season and sync at its end; what was returned is corrected within
a fortnight; then come checks, acceptances and imports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

LISTED = date(2024, 1, 15)
"""The ledger begins: parcels, units, structures, targets and overlays are imported."""
STATE_DATE = date(2026, 11, 20)
PERIOD_AFTER = date(2025, 12, 31)
"""The report's period is (end of 2025, state date]."""
SURVEY_FILED = date(2026, 2, 25)
SURVEY_YEAR = 2025
MAIN, CORRECTION = 0, 1
"""The two rounds of a season: what was planned, and what came back for correction."""
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Season:
    """One field season. `begin` is the first day of visits; the rest is when tablets sync and offices decide."""

    begin: date
    synced: date
    corrected: date
    checked: date
    accepted: date


SEASONS = (
    Season(date(2024, 3, 11), date(2024, 6, 24), date(2024, 7, 8), date(2024, 7, 15), date(2024, 7, 22)),
    Season(date(2024, 8, 5), date(2024, 11, 11), date(2024, 11, 25), date(2024, 12, 9), date(2024, 12, 20)),
    Season(date(2025, 3, 10), date(2025, 6, 23), date(2025, 7, 7), date(2025, 7, 14), date(2025, 7, 21)),
    Season(date(2025, 8, 4), date(2025, 11, 10), date(2025, 11, 24), date(2025, 12, 8), date(2025, 12, 19)),
    Season(date(2026, 3, 9), date(2026, 6, 22), date(2026, 7, 6), date(2026, 7, 13), date(2026, 7, 20)),
    Season(date(2026, 8, 3), date(2026, 10, 19), date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 13)),
)


def at(day: date, hour: float = 0.0) -> int:
    """Unix milliseconds of an hour of a Beijing day.

    >>> at(date(1970, 1, 1), 8)
    0
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000
    return int(midnight) + round((hour - 8) * HOUR_MS)


def tour_days(season: int, round_: int) -> Iterator[date]:
    """Working days of a round, from its first on."""
    day = SEASONS[season].begin if round_ == MAIN else SEASONS[season].synced + timedelta(days=4)
    while True:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)
