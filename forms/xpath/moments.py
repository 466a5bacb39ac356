"""Instants of dates, date-times and times: read from text, written to text, counted in days since 1970.

Calendar arithmetic only; the time zone is always handed in, because a tablet's own may change under way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"(\d{1,4})-(\d{1,2})-(\d{1,2})\Z")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?|\.\d+))?(Z|[+-]\d{1,2}(?::?\d{2})?)?\Z")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in milliseconds since 1970 UTC, and the zone in which it is read and written."""

    ms: int
    tz: tzinfo

    @property
    def days(self) -> float:
        """Days since 1970 UTC, with the fraction."""
        return self.ms / DAY_MS

    @property
    def local(self) -> datetime:
        """The same instant on the wall clock."""
        return (_EPOCH + timedelta(milliseconds=self.ms)).astimezone(self.tz)

    def midnight(self) -> Moment:
        """The beginning of its day."""
        wall = self.local
        return moment_of_wall(wall.year, wall.month, wall.day, tz=self.tz)

    def date_text(self) -> str:
        """`2026-11-22`."""
        wall = self.local
        return f"{wall.year:04d}-{wall.month:02d}-{wall.day:02d}"

    def time_text(self) -> str:
        """`08:30:00.000+08:00`; `Z` where the zone is UTC."""
        wall = self.local
        offset = int((wall.utcoffset() or timedelta()).total_seconds()) // 60
        zone = "Z" if offset == 0 else f"{'+' if offset > 0 else '-'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
        return f"{wall.hour:02d}:{wall.minute:02d}:{wall.second:02d}.{wall.microsecond // 1000:03d}{zone}"

    def text(self) -> str:
        """`2026-11-22T08:30:00.000+08:00`."""
        return f"{self.date_text()}T{self.time_text()}"

    def day_fraction(self) -> float:
        """The part of the local day that has passed, in [0, 1)."""
        offset_ms = int((self.local.utcoffset() or timedelta()).total_seconds() * 1000)
        return ((self.ms + offset_ms) % DAY_MS) / DAY_MS

    def format(self, pattern: str) -> str:
        """The pattern with its % escapes filled in; an unknown escape raises ValueError."""
        wall = self.local
        parts: list[str] = []
        letters = iter(pattern)
        for letter in letters:
            parts.append(_escape(next(letters, ""), wall) if letter == "%" else letter)
        return "".join(parts)


def moment_of_datetime(when: datetime, tz: tzinfo) -> Moment:
    """The instant of an aware datetime."""
    return Moment((when.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1), tz)


def moment_of_wall(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: float = 0.0, *, tz: tzinfo
) -> Moment:
    """The instant at which the wall clock shows this; ValueError for a day that does not exist."""
    whole = int(second)
    micro = round((second - whole) * 1e6)
    return moment_of_datetime(datetime(year, month, day, hour, minute, whole, micro, tzinfo=tz), tz)


def moment_of_days(days: float, tz: tzinfo) -> Moment:
    """The instant so many days after 1970 UTC."""
    return Moment(int(days * DAY_MS), tz)


def moment_of_text(text: str, tz: tzinfo) -> Moment | None:
    """The instant of `yyyy-mm-dd`, with `Thh:mm:ss` and an offset or without; None for anything else."""
    date, mark, time = text.strip().partition("T")
    found = _DATE.match(date)
    if not found:
        return None
    year, month, day = (int(group) for group in found.groups())
    try:
        if not mark:
            return moment_of_wall(year, month, day, tz=tz)
        return _with_time(year, month, day, time, tz)
    except (ValueError, OverflowError):
        return None


def moment_of_time(text: str, today: Moment) -> Moment | None:
    """The instant of `hh:mm:ss.sss±hh:mm` on the day of `today`; None for anything else."""
    wall = today.local
    try:
        return _with_time(wall.year, wall.month, wall.day, text.strip(), today.tz)
    except (ValueError, OverflowError):
        return None


def _with_time(year: int, month: int, day: int, time: str, tz: tzinfo) -> Moment | None:
    found = _TIME.match(time)
    if not found:
        return None
    hour, minute, second, offset = found.groups()
    seconds = float(second or 0)
    if seconds >= 60:
        return None
    if offset is None:
        return moment_of_wall(year, month, day, int(hour), int(minute), seconds, tz=tz)
    shift = _offset_minutes(offset)
    if shift is None:
        return None
    utc = moment_of_wall(year, month, day, int(hour), int(minute), seconds, tz=UTC)
    return Moment(utc.ms - shift * 60_000, tz)


def _offset_minutes(offset: str) -> int | None:
    if offset == "Z":
        return 0
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 23 or minutes > 59:
        return None
    return (-1 if offset[0] == "-" else 1) * (hours * 60 + minutes)


def _escape(letter: str, wall: datetime) -> str:
    match letter:
        case "%":
            return "%"
        case "Y":
            return f"{wall.year:04d}"
        case "y":
            return f"{wall.year:04d}"[2:]
        case "m":
            return f"{wall.month:02d}"
        case "n":
            return str(wall.month)
        case "b":
            return _MONTHS[wall.month - 1]
        case "d":
            return f"{wall.day:02d}"
        case "e":
            return str(wall.day)
        case "H":
            return f"{wall.hour:02d}"
        case "h":
            return str(wall.hour)
        case "M":
            return f"{wall.minute:02d}"
        case "S":
            return f"{wall.second:02d}"
        case "3":
            return f"{wall.microsecond // 1000:03d}"
        case "a":
            return _DAYS[wall.weekday()]
        case "W":
            return str(wall.isocalendar().week)
        case _:
            raise ValueError(f"no such escape in a date format: %{letter}")
