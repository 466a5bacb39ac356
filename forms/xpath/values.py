"""The values an expression can have, and XPath's conversions between them in JavaRosa's way.

A value is `str`, `float`, `bool`, a `Moment` (dates, date-times and times) or a `Nodeset`. JavaRosa's particulars are
kept on purpose, because a form written for ODK Collect was tried out against them: 1e-12 counts as zero, a comma is a
decimal point, a date is its days since 1970.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from forms.xpath.errors import XPathError
from forms.xpath.moments import Moment, moment_of_text

if TYPE_CHECKING:
    from forms.xpath.environment import Environment

Scalar: TypeAlias = str | float | bool | Moment
Value: TypeAlias = "Scalar | Nodeset"

NAN = math.nan
_EPSILON = 1.0e-12
_NUMERIC = frozenset("-.0123456789")
_SCIENTIFIC = re.compile(r"-?\d+(?:\.\d+)?[eE]-?\d{1,3}")
_SPACE = " \t\n\r\x0b\x0c"


class Nodeset(list[Any]):
    """Nodes in document order; a scalar only while it holds one node at most."""

    __slots__ = ()

    def scalar(self) -> Scalar:
        """The value of the only node, '' of none; several are an error, as in JavaRosa."""
        if not self:
            return ""
        if len(self) > 1:
            raise XPathError(f"{self[0].name} is repeated; indexed-repeat() says which one is meant")
        value: Scalar = self[0].xval
        return value

    def values(self) -> list[Scalar]:
        """The value of each node."""
        return [node.xval for node in self]


def unpack(value: Value) -> Scalar:
    """A nodeset's single value; any other value as it is."""
    return value.scalar() if isinstance(value, Nodeset) else value


def _scalar(value: Value) -> Scalar:
    """A nodeset's value, for conversions; anything that is no value at all is a fault of ours, and said so."""
    if isinstance(value, Nodeset):
        return value.scalar()
    raise XPathError(f"{value!r} is no value")


def to_boolean(value: Value) -> bool:
    """XPath boolean()."""
    kind = type(value)
    if kind is bool:
        return value  # type: ignore[return-value]
    if kind is str:
        return value != ""
    if kind is float:
        return abs(value) > _EPSILON  # type: ignore[arg-type]  # NaN compares false, as it should
    if kind is Moment:
        return True
    return to_boolean(_scalar(value))


def to_number(value: Value, env: Environment) -> float:
    """XPath number(); text that is a date counts its days, text that is no number is NaN."""
    kind = type(value)
    if kind is float:
        return value  # type: ignore[return-value]
    if kind is str:
        return number_of_text(value, env)  # type: ignore[arg-type]
    if kind is bool:
        return 1.0 if value else 0.0
    if kind is Moment:
        return value.days  # type: ignore[union-attr]
    return to_number(_scalar(value), env)


def number_of_text(text: str, env: Environment) -> float:
    """The number that a text spells, the days since 1970 if it spells a date, NaN otherwise."""
    if not text:
        return NAN
    trimmed = text.strip(_SPACE)
    if _NUMERIC.issuperset(trimmed):
        try:
            return float(trimmed)
        except ValueError:
            pass
    elif "," in trimmed and _NUMERIC.issuperset(swapped := trimmed.replace(",", ".")):
        try:
            return float(swapped)
        except ValueError:
            return NAN
    if _SCIENTIFIC.fullmatch(trimmed):
        return float(trimmed)  # as this module writes very small and very large numbers itself
    if len(trimmed) >= 8 and trimmed[4:5] == "-":
        moment = moment_of_text(trimmed, env.clock.tz)
        if moment is not None:
            return moment.days
    return NAN


def to_string(value: Value) -> str:
    """XPath string()."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]
    if kind is float:
        return text_of_number(value)  # type: ignore[arg-type]
    if kind is bool:
        return "true" if value else "false"
    if kind is Moment:
        return value.date_text()  # type: ignore[union-attr]
    return to_string(_scalar(value))


def text_of_number(number: float) -> str:
    """A number as XPath prints it: whole numbers of 32 bits without a point, others in Java's notation."""
    if number != number:
        return "NaN"
    if abs(number) < _EPSILON:
        return "0"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if abs(number) < 2147483648.0:
        whole = int(number)
        if abs(number - whole) < _EPSILON:
            return str(whole)
    return java_double(number)


def java_double(number: float) -> str:
    """`Double.toString` of Java: always a point, exponents outside 1e-3 to 1e7."""
    if number != number:
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "-0.0" if math.copysign(1.0, number) < 0 else "0.0"
    if 1e-3 <= abs(number) < 1e7:
        text = repr(number)
        if "e" not in text:
            return text if "." in text else text + ".0"
    mantissa, _, exponent = f"{number:e}".partition("e")
    digits = repr(number).lower().partition("e")[0].replace(".", "").replace("-", "").strip("0") or "0"
    sign = "-" if mantissa.startswith("-") else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{int(exponent)}"


def to_integer(number: float) -> int:
    """Java's cast to a 32-bit int: NaN is 0, what is too large is the largest."""
    if number != number:
        return 0
    return int(max(-2147483648.0, min(2147483647.0, number)))


def is_empty(value: Scalar) -> bool:
    """Whether a value counts as none: '' or NaN."""
    return value == "" or (type(value) is float and value != value)
