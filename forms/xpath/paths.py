"""Paths to closures: bound to this repeat instance, cut short to one list access, or walked step by step.

What a path can reach is known when the form is loaded, so most paths of a form become "the node in slot 17" or "the
first child `x` of my parent", and only paths through repeats and predicates walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forms.xpath.errors import XPathError
from forms.xpath.registry import Closure
from forms.xpath.scope import Names, Scope
from forms.xpath.steps import Walk, advance, axis_walk, index_walk
from forms.xpath.tree import Call, Expr, Path, Step, Text
from forms.xpath.values import Nodeset

if TYPE_CHECKING:
    from forms.xpath.compiler import Compiler


@dataclass(frozen=True)
class Start:
    """Where a path begins: a closure for the first node, and the steps that remain from there.

    `at` is the generic path of that node, None in another instance; `bound` counts how many of the following levels
    are bound to the context's own instance although a predicate stands before them (rare).
    """

    node: Closure
    steps: tuple[Step, ...]
    at: Names | None
    main: bool


class PathCompiler:
    """Compiles the paths of one scope; predicates go back to the compiler that owns it."""

    def __init__(self, scope: Scope, compiler: Compiler) -> None:
        self._scope = scope
        self._compiler = compiler

    def nodes(self, path: Path) -> Closure:
        """A closure for the relevant nodes of the path."""
        start = self._start(path)
        first = start.node
        if not start.steps:
            return _single(first)
        walks = self._walks(start)
        relevant_only = start.main

        def nodes(node: Any, env: Any) -> Nodeset:
            origin = first(node, env)
            found = [origin] if origin is not None else []
            for walk in walks:
                found = walk(found, node, env)
            if relevant_only:
                return Nodeset([each for each in found if each.relevant])
            return Nodeset(found)

        return nodes

    def scalar(self, path: Path) -> Closure:
        """A closure for the value of the path's only node."""
        start = self._start(path)
        if not start.steps:
            return _value_of(start.node)
        if start.main and start.at is not None and self._plain(start):
            return _value_of(_descending(start.node, tuple(str(step.name) for step in start.steps)))
        nodes = self.nodes(path)
        return lambda node, env: nodes(node, env).scalar()

    def alike(self, path: Path) -> Closure | None:
        """A closure for the live list of children that the path means, where it ends in one step to them."""
        start = self._start(path)
        if not start.main or start.at is None or len(start.steps) != 1:
            return None
        step, first = start.steps[0], start.node
        if step.axis != "child" or step.predicates or step.name in (None, "*") or not start.at:
            return None
        name = step.name

        def kids(node: Any, env: Any) -> Any:
            above = first(node, env)
            return None if above is None else above.kids.get(name)

        return kids

    def filtered(self, base: Closure, predicates: tuple[Expr, ...]) -> Closure:
        """A closure for the nodes of `base` that pass the predicates."""
        keep = [self._predicate(each, None, None) for each in predicates]

        def nodes(node: Any, env: Any) -> Nodeset:
            found: list[Any] = base(node, env)
            for passes in keep:
                found = passes(found, node, env)
            return Nodeset(found)

        return nodes

    # Where a path starts.

    def _start(self, path: Path) -> Start:
        if path.start is None:
            return self._relative(path.steps, self._scope.context, _itself)
        if path.start == "/":
            return self._absolute(path.steps)
        if isinstance(path.start, Call):
            return self._from_call(path.start, path.steps)
        if isinstance(path.start, str):
            raise XPathError(f"a path cannot begin with {path.start}")
        return self._from_expression(path.start, path.steps)

    def _from_call(self, call: Call, steps: tuple[Step, ...]) -> Start:
        if call.name == "current" and not call.arguments:
            node = _current if self._scope.nested else _itself
            return self._relative(steps, self._scope.origin, node)
        if call.name == "instance" and len(call.arguments) == 1 and isinstance(call.arguments[0], Text):
            name = call.arguments[0].value
            if name == self._scope.main:
                return self._absolute(steps)
            return Start(lambda node, env: env.instance(name), steps, None, False)
        return self._from_expression(call, steps)

    def _from_expression(self, base: Expr, steps: tuple[Step, ...]) -> Start:
        nodes = self._compiler.nodes(base)
        return Start(lambda node, env: _Several(nodes(node, env)), steps, None, False)

    def _relative(self, steps: tuple[Step, ...], context: Names | None, node: Closure) -> Start:
        climbs = 0
        count = 0
        for step in steps:
            if step.predicates or step.name is not None or step.axis not in ("self", "parent"):
                break
            climbs += step.axis == "parent"
            count += 1
        at = None if context is None else context[: max(0, len(context) - climbs)]
        rest = steps[count:]
        slot = self._scope.shape.slot(at) if at else None
        main = context is not None
        if slot is not None and climbs:
            return Start(_slot(slot), rest, at, main)
        return Start(_climbing(node, climbs), rest, at, main)

    def _absolute(self, steps: tuple[Step, ...]) -> Start:
        scope = self._scope
        context, node = scope.context, _itself
        if context is None:
            context, node = scope.origin or (), (_current if scope.nested else _itself)
        names = [step.name for step in steps]
        fixed = 0
        while fixed < len(steps) and steps[fixed].axis in ("child", "attribute") and not steps[fixed].predicates:
            if names[fixed] in (None, "*"):
                break
            fixed += 1
        path: Names = tuple(f"@{s.name}" if s.axis == "attribute" else str(s.name) for s in steps[:fixed])
        shared = 0
        while shared < min(fixed, len(context)) and path[shared] == context[shared]:
            shared += 1
        known = fixed
        while known and scope.shape.slot(path[:known]) is None:
            known -= 1
        if shared > known:
            return Start(_climbing(node, len(context) - shared), steps[shared:], path[:shared], True)
        if known:
            slot = scope.shape.slot(path[:known])
            return Start(_slot(slot if slot is not None else 0), steps[known:], path[:known], True)
        return Start(_root, steps, (), True)

    # The steps from there.

    def _plain(self, start: Start) -> bool:
        at = start.at or ()
        for step in start.steps:
            if step.axis != "child" or step.predicates or step.name in (None, "*"):
                return False
            at = (*at, str(step.name))
            if self._scope.shape.repeats(at):
                return False
        return True

    def _walks(self, start: Start) -> list[Walk]:
        at, walks, seen_predicate = start.at, [], False
        for number, step in enumerate(start.steps):
            at = advance(at, step)
            walk = axis_walk(step)
            if number == 0:
                walk = _spread(walk)
            walks.append(walk)
            if seen_predicate and at is not None and self._bound(at):
                walks.append(self._same_instance(at))
            column = index_walk(step, self._compiler.within(self._scope.within(at)))
            if column and number:
                walks[-1] = column
            for predicate in step.predicates:
                walks.append(self._predicate(predicate, at, start))
                seen_predicate = True
        return walks

    def _bound(self, at: Names) -> bool:
        context = self._scope.context
        return context is not None and context[: len(at)] == at and self._scope.shape.repeats(at)

    def _same_instance(self, at: Names) -> Walk:
        up = _climbing(_itself, len(self._scope.context or ()) - len(at))

        def same(nodes: list[Any], node: Any, env: Any) -> list[Any]:
            own = up(node, env)
            return [each for each in nodes if own is not None and each.index == own.index]

        return same

    def _predicate(self, predicate: Expr, at: Names | None, start: Start | None) -> Walk:
        passes = self._compiler.within(self._scope.within(at)).raw(predicate)

        def keep(nodes: list[Any], node: Any, env: Any) -> list[Any]:
            if not nodes:
                return nodes
            inner = env.inside(node)
            found = []
            for position, each in enumerate(nodes, 1):
                inner.position = position
                # Only a boolean passes: [2] selects nothing in JavaRosa, [position() = 2] does.
                if passes(each, inner) is True:
                    found.append(each)
            return found

        return keep


class _Several(Nodeset):
    """Several first nodes, where a path begins with an expression."""

    __slots__ = ()


def _itself(node: Any, env: Any) -> Any:
    return node


def _current(node: Any, env: Any) -> Any:
    return env.current


def _root(node: Any, env: Any) -> Any:
    return env.root


def _slot(number: int) -> Closure:
    return lambda node, env: env.slots[number]


def _climbing(node: Closure, climbs: int) -> Closure:
    if climbs == 0:
        return node
    if node is _itself:
        if climbs == 1:
            return lambda node, env: node.parent
        if climbs == 2:
            return lambda node, env: _parent(node.parent)

    def climb(start: Any, env: Any) -> Any:
        found = node(start, env)
        for _ in range(climbs):
            if found is None:
                return None
            found = found.parent
        return found

    return climb


def _parent(node: Any) -> Any:
    return None if node is None else node.parent


def _descending(first: Closure, names: Names) -> Closure:
    if len(names) == 1:
        only = names[0]

        def child(node: Any, env: Any) -> Any:
            found = first(node, env)
            kids = found.kids.get(only) if found is not None else None
            return kids[0] if kids else None

        return child

    def descend(node: Any, env: Any) -> Any:
        found = first(node, env)
        for name in names:
            kids = found.kids.get(name) if found is not None else None
            if not kids:
                return None
            found = kids[0]
        return found

    return descend


def _value_of(node_of: Closure) -> Closure:
    def value(node: Any, env: Any) -> Any:
        found = node_of(node, env)
        if found is None:
            return ""
        return found.scalar() if type(found) is _Several else found.xval

    return value


def _single(node_of: Closure) -> Closure:
    def nodes(node: Any, env: Any) -> Nodeset:
        found = node_of(node, env)
        if type(found) is _Several:
            return Nodeset(found)
        return Nodeset([found]) if found is not None and found.relevant else Nodeset()

    return nodes


def _spread(walk: Walk) -> Walk:
    """For the first step: several first nodes are walked from each."""

    def spread(nodes: list[Any], node: Any, env: Any) -> list[Any]:
        if nodes and type(nodes[0]) is _Several:
            nodes = list(nodes[0])
        return walk(nodes, node, env)

    return spread
