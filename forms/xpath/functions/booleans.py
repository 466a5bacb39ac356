"""true, false, boolean, not, if, coalesce, once, checklist, weighted-checklist, boolean-from-string, depend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forms.xpath.errors import XPathError
from forms.xpath.registry import Closure, form, function
from forms.xpath.tree import Call
from forms.xpath.values import Nodeset, Scalar, is_empty, to_boolean, to_integer, to_number, to_string, unpack

if TYPE_CHECKING:
    from forms.xpath.compiler import Compiler


@function("true", returns="boolean")
def true() -> bool:
    """True."""
    return True


@function("false", returns="boolean")
def false() -> bool:
    """False."""
    return False


@function("boolean", "boolean", returns="boolean")
def boolean(value: bool) -> bool:
    """The value as true or false."""
    return value


@function("not", "boolean", returns="boolean")
def negate(value: bool) -> bool:
    """The opposite."""
    return not value


@function("boolean-from-string", "string", returns="boolean")
def boolean_from_string(text: str) -> bool:
    """True for "true" and for "1", as the specification has it; JavaRosa takes "TRUE" as well."""
    return text in ("true", "1")


@function("depend", "raw", rest="raw", returns="raw")
def depend(value: Any, *_: Any) -> Any:
    """The first argument; the others only make a dependency."""
    return value


@form("if", 3, 3, "raw")
def if_(compiler: Compiler, call: Call) -> Closure:
    """The second or the third argument; only the one that is chosen is evaluated."""
    condition = compiler.boolean(call.arguments[0])
    yes, no = compiler.raw(call.arguments[1]), compiler.raw(call.arguments[2])
    return lambda node, env: yes(node, env) if condition(node, env) else no(node, env)


@form("coalesce", 1, 100, "value")
def coalesce(compiler: Compiler, call: Call) -> Closure:
    """The first argument that is neither '' nor NaN; the last one if none is."""
    choices = [compiler.scalar(each) for each in call.arguments]

    def first(node: Any, env: Any) -> Scalar:
        value: Scalar = ""
        for choice in choices:
            value = choice(node, env)
            if not is_empty(value):
                break
        return value

    return first


@form("once", 1, 1, "value")
def once(compiler: Compiler, call: Call) -> Closure:
    """The node's own value if it has one, else the argument."""
    value = compiler.scalar(call.arguments[0])

    def keep(node: Any, env: Any) -> Scalar:
        own: Scalar = node.xval if node is not None else ""
        return value(node, env) if to_string(own) == "" else own

    return keep


@function("checklist", "number", "number", rest="raw", returns="boolean")
def checklist(least: float, most: float, *factors: Any) -> bool:
    """Whether between `least` and `most` factors are true; -1 is no limit."""
    if len(factors) == 1 and isinstance(factors[0], Nodeset):
        factors = tuple(factors[0].values())
    count = sum(to_boolean(each) for each in factors)
    low, high = to_integer(least), to_integer(most)
    return (low < 0 or count >= low) and (high < 0 or count <= high)


@function("weighted-checklist", "number", "number", rest="raw", returns="boolean", needs="env")
def weighted_checklist(env: Any, least: float, most: float, *pairs: Any) -> bool:
    """Whether the weights of the true factors add up to between `least` and `most`; a `most` of -1 is no limit."""
    if len(pairs) == 2 and all(isinstance(each, Nodeset) for each in pairs):
        flags, weights = pairs[0].values(), pairs[1].values()
    else:
        flags, weights = [unpack(each) for each in pairs[0::2]], [unpack(each) for each in pairs[1::2]]
    if len(flags) != len(weights):
        raise XPathError("weighted-checklist() needs a weight for each factor")
    total = sum(to_number(w, env) for flag, w in zip(flags, weights, strict=True) if to_boolean(flag))
    return least <= total and (total <= most or most == -1)
