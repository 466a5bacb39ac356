"""count, sum, min, max, position, last, name, current, instance, indexed-repeat, randomize."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

from forms.xpath.indexed import compile_indexed_repeat
from forms.xpath.registry import Closure, form, function
from forms.xpath.tree import Call, Path
from forms.xpath.values import NAN, Nodeset, Scalar, to_number, to_string

if TYPE_CHECKING:
    from forms.xpath.compiler import Compiler

_MODULUS, _MULTIPLIER = 2147483647.0, 16807.0
_LONG = 2.0**63


@form("count", 1, 1, "number")
def count(compiler: Compiler, call: Call) -> Closure:
    """How many nodes; those that are not relevant do not count."""
    tree = call.arguments[0]
    nodes = compiler.nodes(tree)
    alike = compiler.alike(tree) if isinstance(tree, Path) else None
    if alike is None:
        return lambda node, env: float(len(nodes(node, env)))

    def number(node: Any, env: Any) -> float:
        kids = alike(node, env)
        return float(len(kids) - kids.hidden) if kids is not None else 0.0

    return number


@function("count-non-empty", "nodes", returns="number")
def count_non_empty(nodes: Nodeset) -> float:
    """How many nodes hold something."""
    return float(sum(1 for node in nodes if node.kids or to_string(node.xval) != ""))


@function("sum", "nodes", returns="number", needs="env")
def sum_(env: Any, nodes: Nodeset) -> float:
    """The sum of the nodes' numbers; what is no number counts nothing."""
    total = 0.0
    for value in nodes.values():
        number = value if type(value) is float else to_number(value, env)
        if number == number:
            total += number
    return total


@function("max", rest="raw", returns="number", needs="env")
def max_(env: Any, *values: Any) -> float:
    """The largest number; NaN of none."""
    return max(_numbers(values, env), default=NAN)


@function("min", rest="raw", returns="number", needs="env")
def min_(env: Any, *values: Any) -> float:
    """The smallest number; NaN of none."""
    return min(_numbers(values, env), default=NAN)


@form("position", 0, 1, "number")
def position(compiler: Compiler, call: Call) -> Closure:
    """The place, from 1, of a node among its like; without an argument that of the node that is being filtered."""
    if call.arguments:
        nodes = compiler.nodes(call.arguments[0])

        def place(node: Any, env: Any) -> float:
            found = nodes(node, env)
            return float(found[0].index + 1) if found else 0.0

        return place
    return lambda node, env: float(env.position or (node.index + 1 if node is not None else 1))


@form("last", 0, 0, "number")
def last(compiler: Compiler, call: Call) -> Closure:
    """How many nodes there are of the context node's like."""
    return lambda node, env: float(_alike(node))


@form("current", 0, 0, "nodes")
def current(compiler: Compiler, call: Call) -> Closure:
    """The node that the whole expression belongs to."""
    return compiler.nodes(Path(call, ()))


@form("instance", 1, 1, "nodes")
def instance(compiler: Compiler, call: Call) -> Closure:
    """The root of another instance."""
    name = compiler.string(call.arguments[0])

    def root(node: Any, env: Any) -> Nodeset:
        found = env.instance(name(node, env))
        return Nodeset([found]) if found is not None else Nodeset()

    return root


@form("indexed-repeat", 3, 21, "nodes")
def indexed_repeat(compiler: Compiler, call: Call) -> Closure:
    """The node of a repeat instance that is given by its number."""
    return compile_indexed_repeat(compiler, call)


@function("randomize", "nodes", "value", required=1, returns="nodes", needs="env")
def randomize(env: Any, nodes: Nodeset, seed: Scalar | None = None) -> Nodeset:
    """The nodes in a random order; the same seed gives the same order as ODK Collect."""
    generator = env.chance.fraction if seed is None else park_miller(seed_number(seed, env))
    shuffled: list[Any] = list(nodes)
    for at, node in enumerate(nodes):
        other = int(generator() * (at + 1))
        if other != at:
            shuffled[at] = shuffled[other]
        shuffled[other] = node
    return Nodeset(shuffled)


@form("name", 0, 1, "string")
def name_(compiler: Compiler, call: Call) -> Closure:
    """The name of the first node."""
    return _naming(compiler, call, lambda name: name)


@form("local-name", 0, 1, "string")
def local_name(compiler: Compiler, call: Call) -> Closure:
    """The name of the first node without its prefix."""
    return _naming(compiler, call, lambda name: name.rpartition(":")[2])


@form("namespace-uri", 0, 1, "string")
def namespace_uri(compiler: Compiler, call: Call) -> Closure:
    """Always '': nodes are known by prefix here."""
    return lambda node, env: ""


def seed_number(seed: Scalar, env: Any) -> float:
    """The seed as a whole number; text that is no number is hashed, as JavaRosa does."""
    number = to_number(seed, env)
    if number == number:
        return math.trunc(number) * 1.0 if abs(number) < _LONG else math.copysign(_LONG, number)
    text = to_string(seed)
    if text in ("", "NaN"):
        return 0.0
    return float(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True))


def park_miller(seed: float) -> Any:
    """The minimal standard generator of Park and Miller, as a function of numbers in [0, 1)."""
    state = math.fmod(seed, _MODULUS)
    if state <= 0:
        state += _MODULUS - 1

    def fraction() -> float:
        nonlocal state
        state = math.fmod(state * _MULTIPLIER, _MODULUS)
        return (int(state) - 1) / (_MODULUS - 1)

    return fraction


def _numbers(values: tuple[Any, ...], env: Any) -> list[float]:
    if len(values) == 1 and isinstance(values[0], Nodeset):
        values = tuple(values[0].values())
    numbers = [to_number(each, env) for each in values]
    return [each for each in numbers if each == each]


def _alike(node: Any) -> int:
    if node is None or node.parent is None:
        return 1
    return len(node.parent.kids.get(node.name, ())) or 1


def _naming(compiler: Compiler, call: Call, of: Any) -> Closure:
    if not call.arguments:
        return lambda node, env: of(node.name) if node is not None else ""
    nodes = compiler.nodes(call.arguments[0])

    def name(node: Any, env: Any) -> str:
        found = nodes(node, env)
        return str(of(found[0].name)) if found else ""

    return name


