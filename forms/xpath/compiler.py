"""A syntax tree to a closure `f(node, env)`. Everything that does not depend on the answers is settled here.

Each expression can be compiled in the form in which its user wants it (number, string, boolean, any scalar, nodes),
so that evaluation converts only where types really differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import forms.xpath.functions  # noqa: F401  # declares the functions
from forms.xpath.errors import XPathError
from forms.xpath.parser import parse
from forms.xpath.paths import PathCompiler
from forms.xpath.registry import FUNCTIONS, Closure, Form, Function
from forms.xpath.scope import Scope
from forms.xpath.tree import Binary, Call, Expr, Filter, Negation, Number, Path, Text, Union, Variable
from forms.xpath.values import NAN, Nodeset, Value, to_boolean, to_number, to_string, unpack

_EPSILON = 1e-12


def compile_text(source: str, scope: Scope) -> Compiler:
    """A compiler for the expression in `source`. Raises XPathSyntaxError."""
    return Compiler(scope, parse(source))


class Compiler:
    """Compiles expressions in one scope; `tree` is the expression that it was made for."""

    def __init__(self, scope: Scope, tree: Expr | None = None) -> None:
        self.scope = scope
        self.tree: Expr = tree if tree is not None else Text("")
        self._paths = PathCompiler(scope, self)

    def within(self, scope: Scope) -> Compiler:
        """A compiler for predicates and other inner scopes."""
        return Compiler(scope)

    # The forms in which a result is wanted.

    def raw(self, tree: Expr) -> Closure:
        """The value as it is: a scalar or a nodeset."""
        if isinstance(tree, Path | Filter | Union):
            return self.nodes(tree)
        return self._call(tree) if isinstance(tree, Call) else self.scalar(tree)

    def scalar(self, tree: Expr) -> Closure:
        """One value; a nodeset of several nodes raises XPathError when it is evaluated."""
        match tree:
            case Number(value) | Text(value):
                return _constant(value)
            case Path():
                return self._paths.scalar(tree)
            case Call():
                call = self._call(tree)
                if self._returns(tree) not in ("nodes", "raw"):
                    return call
                return lambda node, env: unpack(call(node, env))
            case Binary():
                return self._binary(tree)
            case Negation(operand):
                positive = self.number(operand)
                return lambda node, env: -positive(node, env)
            case Variable(name):
                return _failing(f"variable ${name} is not defined")
            case _:
                nodes = self.nodes(tree)
                return lambda node, env: nodes(node, env).scalar()

    def number(self, tree: Expr) -> Closure:
        """The value as a number."""
        match tree:
            case Number(constant):
                return _constant(constant)
            case Negation() | Binary(operator="+" | "-" | "*" | "div" | "mod"):
                return self.scalar(tree)
            case Call() if self._returns(tree) == "number":
                return self.scalar(tree)
        value = self.scalar(tree)

        def number(node: Any, env: Any) -> float:
            found = value(node, env)
            return found if type(found) is float else to_number(found, env)

        return number

    def string(self, tree: Expr) -> Closure:
        """The value as text."""
        if isinstance(tree, Text) or (isinstance(tree, Call) and self._returns(tree) == "string"):
            return self.scalar(tree)
        value = self.scalar(tree)

        def string(node: Any, env: Any) -> str:
            found = value(node, env)
            return found if type(found) is str else to_string(found)

        return string

    def boolean(self, tree: Expr) -> Closure:
        """The value as true or false."""
        if isinstance(tree, Binary) and tree.operator in _BOOLEAN:
            return self.scalar(tree)
        if isinstance(tree, Call) and self._returns(tree) == "boolean":
            return self.scalar(tree)
        value = self.scalar(tree)
        return lambda node, env: to_boolean(value(node, env))

    def nodes(self, tree: Expr) -> Closure:
        """The nodes; a value that is no nodeset raises XPathError when it is evaluated."""
        match tree:
            case Path():
                return self._paths.nodes(tree)
            case Filter(base, predicates):
                return self._paths.filtered(self.nodes(base), predicates)
            case Union(left, right):
                first, second = self.nodes(left), self.nodes(right)
                return lambda node, env: Nodeset(dict.fromkeys([*first(node, env), *second(node, env)]))
            case Call() if self._returns(tree) in ("nodes", "raw"):
                value = self._call(tree)
                return lambda node, env: _nodeset(value(node, env))
            case _:
                return _failing("a path was expected")

    def alike(self, tree: Path) -> Closure | None:
        """The list of all children of one name that a plain path ends in; None where it does not."""
        return self._paths.alike(tree)

    # Operators.

    def _binary(self, tree: Binary) -> Closure:
        operator = tree.operator
        if operator in ("and", "or"):
            return self._logic(operator, tree)
        if operator in ("=", "!="):
            return self._equality(tree)
        if operator in ("+", "-"):
            return self._sum(tree)
        left, right = self.number(tree.left), self.number(tree.right)
        if operator == "*":
            return lambda node, env: left(node, env) * right(node, env)
        if operator == "<":
            return lambda node, env: left(node, env) < right(node, env)
        if operator == "<=":
            return lambda node, env: left(node, env) <= right(node, env)
        if operator == ">":
            return lambda node, env: left(node, env) > right(node, env)
        if operator == ">=":
            return lambda node, env: left(node, env) >= right(node, env)
        divide = _divide if operator == "div" else _remainder
        return lambda node, env: divide(left(node, env), right(node, env))

    def _logic(self, operator: str, tree: Binary) -> Closure:
        """A chain of and/or at once: long chains are common, and would nest as deeply as they are long."""
        chain: list[Closure] = []
        rest: Expr = tree
        while isinstance(rest, Binary) and rest.operator == operator:
            chain.append(self.boolean(rest.right))
            rest = rest.left
        chain.append(self.boolean(rest))
        chain.reverse()
        if len(chain) == 2:
            first, second = chain
            if operator == "and":
                return lambda node, env: first(node, env) and second(node, env)
            return lambda node, env: first(node, env) or second(node, env)
        terms = tuple(chain)
        decides = operator == "or"

        if decides:
            return lambda node, env: any(term(node, env) for term in terms)
        return lambda node, env: all(term(node, env) for term in terms)

    def _sum(self, tree: Binary) -> Closure:
        chain: list[tuple[str, Closure]] = []
        rest: Expr = tree
        while isinstance(rest, Binary) and rest.operator in ("+", "-"):
            chain.append((rest.operator, self.number(rest.right)))
            rest = rest.left
        first = self.number(rest)
        chain.reverse()
        if len(chain) == 1:
            operator, second = chain[0]
            if operator == "+":
                return lambda node, env: first(node, env) + second(node, env)
            return lambda node, env: first(node, env) - second(node, env)
        terms = tuple(chain)

        def total(node: Any, env: Any) -> float:
            result: float = first(node, env)
            for sign, term in terms:
                result = result + term(node, env) if sign == "+" else result - term(node, env)
            return result

        return total

    def _equality(self, tree: Binary) -> Closure:
        wanted = tree.operator == "="
        left, right = self.scalar(tree.left), self.scalar(tree.right)
        for constant, other in ((tree.right, left), (tree.left, right)):
            if isinstance(constant, Text):
                return _equals_text(other, constant.value, wanted)

        def equality(node: Any, env: Any) -> bool:
            return equal(left(node, env), right(node, env), env) is wanted

        return equality

    # Functions.

    def _returns(self, tree: Call) -> str:
        declared = FUNCTIONS.get(tree.name)
        if declared is None or not declared.accepts(len(tree.arguments)):
            return "value"
        return declared.returns

    def _call(self, tree: Call) -> Closure:
        declared = FUNCTIONS.get(tree.name)
        count = len(tree.arguments)
        if declared is None:
            return _failing(f"there is no function {tree.name}()")
        if not declared.accepts(count):
            return _failing(f"{tree.name}() cannot be called with {count} arguments")
        if isinstance(declared, Form):
            return declared.build(self, tree)
        return _applied(declared, [self._argument(declared.kind(at), each) for at, each in enumerate(tree.arguments)])

    def _argument(self, kind: str, tree: Expr) -> Closure:
        compile_as: dict[str, Callable[[Expr], Closure]] = {
            "string": self.string, "number": self.number, "boolean": self.boolean, "value": self.scalar,
            "raw": self.raw, "nodes": self.nodes,
        }
        return compile_as[kind](tree)


_BOOLEAN = frozenset(("and", "or", "=", "!=", "<", "<=", ">", ">="))


def equal(left: Value, right: Value, env: Any) -> bool:
    """XPath's `=` between scalars: as booleans if one is, else as numbers if one is, else as text."""
    one, two = type(left), type(right)
    if one is bool or two is bool:
        return to_boolean(left) is to_boolean(right)
    if one is float or two is float:
        first, second = to_number(left, env), to_number(right, env)
        return first == second or abs(first - second) < _EPSILON
    return to_string(left) == to_string(right)


def _equals_text(other: Closure, text: str, wanted: bool) -> Closure:
    def equality(node: Any, env: Any) -> bool:
        found = other(node, env)
        if type(found) is str:
            return (found == text) is wanted
        return equal(found, text, env) is wanted

    return equality


def _applied(declared: Function, arguments: list[Closure]) -> Closure:
    body = declared.body
    if declared.needs == "env":
        return lambda node, env: body(env, *[each(node, env) for each in arguments])
    if declared.needs == "node":
        return lambda node, env: body(node, env, *[each(node, env) for each in arguments])
    if len(arguments) == 1:
        only = arguments[0]
        return lambda node, env: body(only(node, env))
    if len(arguments) == 2:
        first, second = arguments
        return lambda node, env: body(first(node, env), second(node, env))
    return lambda node, env: body(*[each(node, env) for each in arguments])


def _constant(value: Any) -> Closure:
    return lambda node, env: value


def _failing(message: str) -> Closure:
    def fail(node: Any, env: Any) -> Any:
        raise XPathError(message)

    return fail


def _nodeset(value: Any) -> Nodeset:
    if isinstance(value, Nodeset):
        return value
    raise XPathError("a path was expected")


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if left != left or not left or right != right:
        return NAN
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: float, right: float) -> float:
    if math.isinf(left) or not right or left != left or right != right:
        return NAN
    return math.fmod(left, right)
