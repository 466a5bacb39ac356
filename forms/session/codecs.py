"""Text to value and back, one codec a data type, in JavaRosa's forms of text.

Three ways lead to a value: an answer or a saved instance (`read`), the result of a rule (`stored`), the result of an
action (`cast`). They differ, because JavaRosa keeps the type of a rule's result but casts an action's to the node's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from forms.xpath.environment import Clock
from forms.xpath.moments import Moment, moment_of_text, moment_of_time
from forms.xpath.values import Scalar, java_double, to_boolean, to_string

Stored = tuple[Scalar | None, str]
EMPTY: Stored = (None, "")
_INT, _LONG = 2**31, 2**63
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def read(type_: str, text: str, clock: Clock) -> Stored:
    """The value that a text spells for a node of this type. Raises ValueError if it spells none."""
    text = legal(text)
    if type_ in ("", "text"):
        return (text, text) if text != "" else EMPTY
    trimmed = text.strip()
    if not trimmed:
        return EMPTY
    return _READERS[type_](trimmed, clock)


def legal(text: str) -> str:
    """A text without the characters that XML cannot hold, which a keyboard or a scanner may send all the same."""
    return _ILLEGAL.sub("", text)


def stored(type_: str, value: Scalar, clock: Clock) -> Stored:
    """The result of a calculation as the node keeps it."""
    if value == "" or (type(value) is float and value != value):
        return EMPTY
    if type_ == "boolean" or type(value) is bool:
        truth = to_boolean(value)
        return truth, "1" if truth else "0"
    if isinstance(value, float):
        return _number(type_, value)
    if isinstance(value, Moment):
        if type_ == "date":
            day = value.midnight()
            return day, day.date_text()
        return value, value.time_text() if type_ == "time" else value.text()
    text = to_string(value)
    if type_ in _PARSED:
        try:
            return _READERS[type_](text.strip(), clock)
        except ValueError:
            return EMPTY
    return text, text


def cast(type_: str, value: Scalar, clock: Clock) -> Stored:
    """The result of an action as the node keeps it: written as text, read as the node's type."""
    _, text = stored("text" if type_ == "" else type_, value, clock)
    try:
        return read(type_, text, clock)
    except ValueError:
        return EMPTY


def _number(type_: str, value: float) -> Stored:
    if abs(value) >= _LONG:
        return value, java_double(value)
    whole = int(value)
    if type_ in ("int", "long") or abs(value - whole) < 1.0e-9:
        return float(whole), str(whole)
    return value, java_double(value)


def _int(text: str, clock: Clock) -> Stored:
    return _whole(text, _INT)


def _long(text: str, clock: Clock) -> Stored:
    return _whole(text, _LONG)


def _whole(text: str, limit: int) -> Stored:
    if not text.lstrip("+-").isdigit():
        raise ValueError(f"{text!r} is no whole number")
    number = int(text)
    if not -limit <= number < limit:
        raise ValueError(f"{text} is too large")
    return float(number), str(number)


def _decimal(text: str, clock: Clock) -> Stored:
    if not set(text) <= set("+-.0123456789eE"):
        raise ValueError(f"{text!r} is no number")
    number = float(text)
    return number, java_double(number)


def _date(text: str, clock: Clock) -> Stored:
    moment = moment_of_text(text.partition("T")[0], clock.tz)
    if moment is None:
        raise ValueError(f"{text!r} is no date")
    return moment, moment.date_text()


def _time(text: str, clock: Clock) -> Stored:
    moment = moment_of_text(text, clock.tz) if "T" in text else moment_of_time(text, clock.now())
    if moment is None:
        raise ValueError(f"{text!r} is no time")
    return moment, moment.time_text()


def _date_time(text: str, clock: Clock) -> Stored:
    moment = moment_of_text(text, clock.tz)
    if moment is None:
        raise ValueError(f"{text!r} is no date and time")
    return moment, moment.text()


def _boolean(text: str, clock: Clock) -> Stored:
    truth = text in ("1", "t", "true")
    return truth, "1" if truth else "0"


def _choice(text: str, clock: Clock) -> Stored:
    return text, text


def _choices(text: str, clock: Clock) -> Stored:
    joined = " ".join(text.split())
    return (joined, joined) if joined else EMPTY


def _geopoint(text: str, clock: Clock) -> Stored:
    numbers = [float(part) for part in text.split()]
    if not 2 <= len(numbers) <= 4:
        raise ValueError(f"{text!r} is no position")
    numbers += [0.0] * (4 - len(numbers))
    if not any(numbers):
        return EMPTY
    joined = " ".join(java_double(number) for number in numbers)
    return joined, joined


def _geoline(text: str, clock: Clock) -> Stored:
    points = [_geopoint(part.strip(), clock)[1] for part in text.split(";") if part.strip()]
    joined = ";".join(points)
    return (joined, joined) if joined else EMPTY


_READERS: dict[str, Callable[[str, Clock], Stored]] = {
    "int": _int, "long": _long, "decimal": _decimal, "date": _date, "time": _time, "dateTime": _date_time,
    "boolean": _boolean, "choice": _choice, "choices": _choices, "geopoint": _geopoint, "geotrace": _geoline,
    "geoshape": _geoline,
}
_PARSED = frozenset(("geopoint", "geotrace", "geoshape", "choices", "date", "time", "dateTime"))
