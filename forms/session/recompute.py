"""What follows from a change: the rules that it reaches, in order, each in the instances that it concerns.

`anchor` is the node that changed. A rule of the same repeat runs in the anchor's own instance, a rule of another
repeat in all instances, as JavaRosa does; and the cascade stops where a value did not change.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from forms.definition.model import Vertex
from forms.session.codecs import stored
from forms.session.nodes import Node
from forms.xpath.errors import EVALUATION_ERRORS
from forms.xpath.scope import Names

if TYPE_CHECKING:
    from forms.session.state import State


def recompute_all(state: State) -> None:
    """Run every rule in every instance."""
    for vertex in state.definition.vertices:
        for node in targets(state, vertex):
            apply(state, vertex, node)


def recompute_draft(state: State) -> None:
    """Run every rule, but let each saved value stand: what was drawn by chance, read from a clock or overwritten.

    The text of a saved result does not tell its type, so a calculation that gives the same text lends it its value.
    """
    for vertex in state.definition.vertices:
        for node in targets(state, vertex):
            saved = (node.value, node.text)
            apply(state, vertex, node)
            if vertex.kind == "calculate" and node.text != saved[1]:
                node.put(*saved)


def changed(state: State, anchor: Node) -> None:
    """A value changed: run what it reaches."""
    ranks = state.definition.triggers.get(anchor.kind.path)
    if ranks:
        _cascade(state, list(ranks), anchor, frozenset())


def grown(state: State, repeat: Node) -> None:
    """A repeat instance was added last: its own rules, and those that read it."""
    path = repeat.kind.path
    own, outside = state.growth(path)
    ranks = set(own)
    vertices = state.definition.vertices
    for below, readers in outside.items():
        silent = below != path and all(node.xval == "" for node in expand(repeat, below[len(path) :]))
        # What passes over empty nodes need not look at a thousand instances again because an empty one was added.
        ranks.update(r for r in readers if not (silent and below in vertices[r].expression.summed))
    _cascade(state, sorted(ranks), repeat, state.definition.all_on_growth.get(path, frozenset()), frozenset(own))


def shrunk(state: State, repeat: Node) -> None:
    """A repeat instance was taken away from its parent: the rules that had read it."""
    path = repeat.kind.path
    own, outside = state.growth(path)
    every = state.definition.all_instances.get(path, frozenset())
    inside = frozenset(own) - every
    ranks = {rank for readers in outside.values() for rank in readers} - inside
    if repeat.parent is not None:
        _cascade(state, sorted(ranks), repeat.parent, every, skipped=inside)


def targets(state: State, vertex: Vertex, anchor: Node | None = None) -> list[Node]:
    """The nodes of a rule that a change at `anchor` concerns; all of them without one."""
    slot = state.definition.kinds[vertex.path].slot
    if slot is not None:
        return [state.slots[slot]]
    start, names = state.root, vertex.path[1:]
    if anchor is not None:
        shared = _shared(vertex.path, anchor.kind.path)
        start = anchor
        for _ in range(len(anchor.kind.path) - shared):
            start = start.parent or state.root
        names = vertex.path[shared:]
    return expand(start, names)


def expand(start: Node, names: Names) -> list[Node]:
    """All nodes reached by these names."""
    found = [start]
    for name in names:
        if name.startswith("@"):
            found = [each.attributes[name[1:]] for each in found if name[1:] in each.attributes]
        else:
            found = [kid for each in found for kid in each.kids.get(name, ())]
    return found


def apply(state: State, vertex: Vertex, node: Node) -> bool:
    """Run a rule on a node; whether that changed what others read."""
    state.evaluations += 1
    kind = vertex.kind
    try:
        result = vertex.expression.evaluate(node, state.env)
    except EVALUATION_ERRORS as error:
        state.note(node, vertex.kind, vertex.expression.source, str(error))
        if kind == "calculate":
            return node.put(None, "")
        result = kind == "relevant"  # a question that cannot be decided on is shown, optional and open
    if kind == "calculate":
        return node.put(*stored(node.kind.type, result, state.env.clock))
    if kind == "relevant":
        return node.set_relevant(result)
    if kind == "required":
        node.required = result
    else:
        node.set_enabled(not result)
    return False


def _cascade(
    state: State, ranks: list[int], anchor: Node, everywhere: frozenset[int], fresh: frozenset[int] = frozenset(),
    skipped: frozenset[int] = frozenset(),
) -> None:
    vertices = state.definition.vertices
    queued = set(ranks)
    while ranks:
        rank = heappop(ranks)
        vertex = vertices[rank]
        where = None if rank in everywhere else anchor
        moved = False
        for node in targets(state, vertex, where):
            moved = apply(state, vertex, node) or moved
        if (moved or rank in fresh) and vertex.cascades:
            for each in vertex.follows:
                if each not in queued and each not in skipped:
                    queued.add(each)
                    heappush(ranks, each)


def _shared(one: Names, other: Names) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count

