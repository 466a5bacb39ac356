"""Single steps of a path over lists of nodes: the axes, and the shortcut through a parent's index."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from forms.xpath.registry import Closure
from forms.xpath.scope import Names
from forms.xpath.tree import Binary, Call, Expr, Path, Step, Text

if TYPE_CHECKING:
    from forms.xpath.compiler import Compiler

Walk = Callable[[list[Any], Any, Any], list[Any]]  # (nodes, context node, env) -> nodes


def advance(at: Names | None, step: Step) -> Names | None:
    """The generic path after a step; None where it cannot be told."""
    if at is None or step.axis == "descendant":
        return None
    if step.axis == "parent":
        return at[:-1]
    if step.axis == "self":
        return at
    if step.name in (None, "*"):
        return None
    return (*at, f"@{step.name}" if step.axis == "attribute" else str(step.name))


def axis_walk(step: Step) -> Walk:
    """From nodes to the nodes that a step leads to, predicates left to others."""
    name = step.name
    if step.axis == "child" and name not in (None, "*"):

        def child(nodes: list[Any], node: Any, env: Any) -> list[Any]:
            if len(nodes) == 1:
                return nodes[0].kids.get(name) or []
            found: list[Any] = []
            for each in nodes:
                found += each.kids.get(name) or ()
            return found

        return child
    if step.axis == "child":
        return lambda nodes, node, env: [kid for each in nodes for kids in each.kids.values() for kid in kids]
    if step.axis == "attribute" and name == "*":
        return lambda nodes, node, env: [kid for each in nodes for kid in each.attributes.values()]
    if step.axis == "attribute":
        return lambda nodes, node, env: [each.attributes[name] for each in nodes if name in each.attributes]
    if step.axis == "parent":
        return lambda nodes, node, env: list(dict.fromkeys(e.parent for e in nodes if e.parent is not None))
    if step.axis == "descendant":
        return lambda nodes, node, env: [kid for each in nodes for kid in _below(each) if name in ("*", kid.name)]
    if name in (None, "*"):
        return lambda nodes, node, env: nodes
    return lambda nodes, node, env: [each for each in nodes if each.name == name]


def _below(node: Any) -> list[Any]:
    found: list[Any] = []
    waiting = [kid for kids in node.kids.values() for kid in kids]
    while waiting:
        each = waiting.pop(0)
        found.append(each)
        waiting[:0] = [kid for kids in each.kids.values() for kid in kids]
    return found


def index_walk(step: Step, inner: Compiler) -> Walk | None:
    """For `item[name = …]` on a parent that keeps an index: the rows of that value instead of all rows.

    The predicate is evaluated on them all the same, so that the index can only save work, never change a result.
    """
    if step.axis != "child" or step.name in (None, "*") or not step.predicates:
        return None
    keys = [found for term in _terms(step.predicates[0]) if (found := _key(term, inner))]
    if not keys:
        return None
    name = step.name
    plain = axis_walk(step)

    def lookup(nodes: list[Any], node: Any, env: Any) -> list[Any]:
        if len(nodes) != 1 or nodes[0].lookup is None:
            return plain(nodes, node, env)
        outer = env.inside(node)
        outer.position = 1
        wanted = [(column, value(None, outer)) for column, value in keys]
        found = nodes[0].lookup(name, wanted)
        return plain(nodes, node, env) if found is None else list(found)

    return lookup


def _terms(predicate: Expr) -> list[Expr]:
    if isinstance(predicate, Binary) and predicate.operator == "and":
        return _terms(predicate.left) + _terms(predicate.right)
    return [predicate]


def _key(term: Expr, inner: Compiler) -> tuple[str, Closure] | None:
    if not isinstance(term, Binary) or term.operator != "=":
        return None
    for column, value in ((term.left, term.right), (term.right, term.left)):
        if _is_column(column) and _is_free(value):
            name = column.steps[0].name  # type: ignore[union-attr]
            return str(name), inner.scalar(value)
    return None


def _is_column(tree: Expr) -> bool:
    if not isinstance(tree, Path) or tree.start is not None or len(tree.steps) != 1:
        return False
    step = tree.steps[0]
    return step.axis == "child" and step.name not in (None, "*") and not step.predicates


def _is_free(tree: Expr) -> bool:
    """Whether a value does not depend on the row: a literal, an absolute path or one from current()."""
    if isinstance(tree, Path):
        plain = all(not step.predicates for step in tree.steps)
        return plain and (tree.start == "/" or (isinstance(tree.start, Call) and tree.start.name == "current"))
    return isinstance(tree, Text)
