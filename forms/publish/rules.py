"""All formulas of a form with where they stand, as trees: what the lints walk over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forms.definition.expressions import Expression, ref
from forms.definition.model import Control, FormDefinition
from forms.xpath.errors import XPathSyntaxError
from forms.xpath.parser import parse
from forms.xpath.scope import Names
from forms.xpath.tree import Binary, Call, Expr, Filter, Negation, Path, Union


@dataclass(frozen=True)
class Formula:
    """A formula of the node at `path`; `kind` is that of the rule, '' for constraints, lists, counts and actions."""

    path: Names
    kind: str
    tree: Expr

    @property
    def where(self) -> str:
        """The path as a form writes it."""
        return ref(self.path)


def formulas(definition: FormDefinition) -> Iterator[Formula]:
    """Every calculation, condition, constraint, choice list, count and action that can be read."""
    for path, kind, expression in _expressions(definition):
        try:
            yield Formula(path, kind, parse(expression.source))
        except XPathSyntaxError:
            continue  # noted when the form was loaded


def parts(tree: Expr) -> Iterator[Expr]:
    """A tree and everything in it, predicates included."""
    waiting: list[Expr] = [tree]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += _inside(part)


def controls(definition: FormDefinition) -> Iterator[Control]:
    """Every control, groups and repeats included."""
    waiting = list(definition.body)
    while waiting:
        control = waiting.pop()
        yield control
        waiting += control.children


def _expressions(definition: FormDefinition) -> Iterator[tuple[Names, str, Expression]]:
    for vertex in definition.vertices:
        yield vertex.path, vertex.kind, vertex.expression
    for path, kind in definition.kinds.items():
        if kind.constraint is not None:
            yield path, "", kind.constraint
    actions = list(definition.actions)
    for control in controls(definition):
        if control.itemset is not None:
            yield control.path, "", control.itemset.nodes
        if control.count is not None:
            yield control.path, "", control.count
        actions += control.actions
    for action in actions:
        if action.value is not None:
            yield action.target, "", action.value


def _inside(part: Expr) -> list[Expr]:
    if isinstance(part, Binary | Union):
        return [part.left, part.right]
    if isinstance(part, Negation):
        return [part.operand]
    if isinstance(part, Call):
        return list(part.arguments)
    if isinstance(part, Filter):
        return [part.base, *part.predicates]
    if isinstance(part, Path):
        start = [] if part.start is None or isinstance(part.start, str) else [part.start]
        return [*start, *(each for step in part.steps for each in step.predicates)]
    return []
