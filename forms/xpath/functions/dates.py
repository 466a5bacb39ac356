"""today, now, date, date-time, format-date, decimal-date-time, decimal-time."""

from __future__ import annotations

from typing import Any

from forms.xpath.errors import XPathError
from forms.xpath.moments import Moment, moment_of_days, moment_of_text, moment_of_time
from forms.xpath.registry import function
from forms.xpath.values import NAN, Scalar, to_number, to_string

_MOST_DAYS = 2147483647.0


@function("today", returns="value", needs="env")
def today(env: Any) -> Moment:
    """The beginning of this day."""
    moment: Moment = env.clock.now()
    return moment.midnight()


@function("now", returns="value", needs="env")
def now(env: Any) -> Moment:
    """This instant."""
    moment: Moment = env.clock.now()
    return moment


@function("date", "value", returns="value", needs="env")
def date(env: Any, value: Scalar) -> Scalar:
    """A date from text or from days since 1970; '' and NaN stay what they are."""
    return _moment(value, env)


@function("date-time", "value", returns="value", needs="env")
def date_time(env: Any, value: Scalar) -> Scalar:
    """A date and time from text or from days since 1970."""
    return _moment(value, env)


@function("format-date", "value", "string", returns="string", needs="env", aliases=("format-date-time",))
def format_date(env: Any, value: Scalar, pattern: str) -> str:
    """A date in the pattern's form: %Y %y %m %n %b %d %e %H %h %M %S %3 %a %W %%."""
    moment = _moment(value, env)
    if not isinstance(moment, Moment):
        return ""
    try:
        return moment.format(pattern)
    except ValueError as error:
        raise XPathError(str(error)) from error


@function("decimal-date-time", "value", returns="value", needs="env")
def decimal_date_time(env: Any, value: Scalar) -> Scalar:
    """Days since 1970 with their fraction."""
    moment = _moment(value, env)
    return moment.days if isinstance(moment, Moment) else moment


@function("decimal-time", "value", returns="value", needs="env")
def decimal_time(env: Any, value: Scalar) -> Scalar:
    """The part of the day that has passed."""
    if isinstance(value, str) and ":" in value and "T" not in value:
        moment = moment_of_time(value, env.clock.now())
        return NAN if moment is None else moment.day_fraction()
    if isinstance(value, Moment):
        return value.day_fraction()
    moment = moment_of_text(to_string(value), env.clock.tz)
    if moment is not None:
        return moment.day_fraction()
    if value == "":
        return ""
    number = to_number(value, env)
    return number % 1.0 if number == number else NAN


def _moment(value: Scalar, env: Any) -> Scalar:
    if isinstance(value, Moment):
        return value
    if isinstance(value, str):
        if value == "":
            return value
        moment = moment_of_text(value, env.clock.tz)
        if moment is not None:
            return moment
    number = to_number(value, env)
    if number != number:
        if isinstance(value, str):
            raise XPathError(f"{value!r} is no date")
        return NAN
    if abs(number) > _MOST_DAYS:
        raise XPathError(f"{number} is too far away for a date")
    try:
        return moment_of_days(number, env.clock.tz)
    except OverflowError as error:
        raise XPathError(f"{number} is too far away for a date") from error
