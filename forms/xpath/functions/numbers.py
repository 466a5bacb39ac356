"""number, int, round, floor, ceiling, abs, powers, logarithms, angles, random."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from forms.xpath.registry import Closure, form, function
from forms.xpath.tree import Call
from forms.xpath.values import NAN, to_integer, to_number

if TYPE_CHECKING:
    from forms.xpath.compiler import Compiler

_MOST_PLACES = 30


@form("number", 0, 1, "number")
def number(compiler: Compiler, call: Call) -> Closure:
    """The value as a number; without an argument that of the context node."""
    if call.arguments:
        return compiler.number(call.arguments[0])
    return lambda node, env: NAN if node is None else to_number(node.xval, env)


@function("int", "number", returns="number")
def int_(value: float) -> float:
    """The whole part, towards zero."""
    return value if math.isinf(value) or value != value else float(math.trunc(value))


@function("floor", "number", returns="number")
def floor(value: float) -> float:
    """The next whole number below."""
    return value if math.isinf(value) or value != value else float(math.floor(value))


@function("ceiling", "number", returns="number")
def ceiling(value: float) -> float:
    """The next whole number above."""
    return value if math.isinf(value) or value != value else float(math.ceil(value))


@function("round", "number", "number", required=1, returns="number")
def round_(value: float, places: float = 0.0) -> float:
    """Rounded to decimal places; half goes away from zero, below zero too. Negative places round to tens."""
    digits = to_integer(places)
    if math.isinf(value) or value != value:
        return value
    if abs(digits) > _MOST_PLACES:
        return NAN
    if digits < 0:
        scale = 10.0**-digits
        return float(math.trunc(value / scale + 0.5)) * scale
    rule = ROUND_HALF_DOWN if value < 0 and digits else ROUND_HALF_UP
    try:
        return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=rule))
    except InvalidOperation:
        return value


@function("abs", "number", returns="number")
def abs_(value: float) -> float:
    """Without its sign."""
    return abs(value)


@function("pow", "number", "number", returns="number")
def pow_(base: float, exponent: float) -> float:
    """A power."""
    return _safely(math.pow, base, exponent)


@function("exp", "number", returns="number")
def exp(value: float) -> float:
    """e to this power."""
    return _safely(math.exp, value)


@function("exp10", "number", returns="number")
def exp10(value: float) -> float:
    """10 to this power."""
    return _safely(math.pow, 10.0, value)


@function("log", "number", returns="number")
def log(value: float) -> float:
    """The natural logarithm."""
    return -math.inf if value == 0 else _safely(math.log, value)


@function("log10", "number", returns="number")
def log10(value: float) -> float:
    """The logarithm to base 10."""
    return -math.inf if value == 0 else _safely(math.log10, value)


@function("sqrt", "number", returns="number")
def sqrt(value: float) -> float:
    """The square root."""
    return _safely(math.sqrt, value)


@function("sin", "number", returns="number")
def sin(value: float) -> float:
    """Of an angle in radians."""
    return _safely(math.sin, value)


@function("cos", "number", returns="number")
def cos(value: float) -> float:
    """Of an angle in radians."""
    return _safely(math.cos, value)


@function("tan", "number", returns="number")
def tan(value: float) -> float:
    """Of an angle in radians."""
    return _safely(math.tan, value)


@function("asin", "number", returns="number")
def asin(value: float) -> float:
    """In radians."""
    return _safely(math.asin, value)


@function("acos", "number", returns="number")
def acos(value: float) -> float:
    """In radians."""
    return _safely(math.acos, value)


@function("atan", "number", returns="number")
def atan(value: float) -> float:
    """In radians."""
    return _safely(math.atan, value)


@function("atan2", "number", "number", returns="number")
def atan2(y: float, x: float) -> float:
    """In radians, of the point (x, y)."""
    return _safely(math.atan2, y, x)


@function("pi", returns="number")
def pi() -> float:
    """3.14159…"""
    return math.pi


@function("random", returns="number", needs="env")
def random(env: Any) -> float:
    """A random number in [0, 1)."""
    return float(env.chance.fraction())


def _safely(operation: Callable[..., float], *arguments: float) -> float:
    try:
        return operation(*arguments)
    except ValueError:
        return NAN
    except OverflowError:
        return math.inf
