"""Beijing days (UTC+8, no daylight saving, domain §3.9) and the instants at which they begin and end."""

from __future__ import annotations

from datetime import date

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal()
DAY_MS = 86_400_000
_BEIJING_MS = 8 * 3_600_000


def day_start_ms(on: date) -> int:
    """Unix milliseconds of midnight in Beijing at the start of `on`.

    >>> day_start_ms(date(1970, 1, 2))
    57600000
    """
    return (on.toordinal() - _EPOCH_DAY) * DAY_MS - _BEIJING_MS


def day_end_ms(on: date) -> int:
    """The last millisecond of the Beijing day `on`."""
    return day_start_ms(on) + DAY_MS - 1


def day_of(ms: int) -> date:
    """The Beijing date at an instant; the last date there is for instants after it.

    >>> day_of(57_600_000), day_of(57_599_999)
    (datetime.date(1970, 1, 2), datetime.date(1970, 1, 1))
    """
    return date.fromordinal(min((ms + _BEIJING_MS) // DAY_MS + _EPOCH_DAY, _LAST_DAY))


def named_day(text: str | None) -> date | None:
    """The day that a row of a register names (YYYY-MM-DD), if it names one."""
    return None if text is None else date.fromisoformat(text)
