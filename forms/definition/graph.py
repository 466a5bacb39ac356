"""The dependency graph: rules in an order in which each comes after what it reads. Circles are refused here.

One vertex for each rule of a generic node. An edge leads from a rule to those that read a path that it writes: its
own, and for relevance every path below it, because what is not relevant reads as ''.
"""

from __future__ import annotations

from dataclasses import dataclass

from forms.definition.expressions import Expression, ref
from forms.definition.model import Vertex
from forms.definition.shape import InstanceShape
from forms.xpath.scope import Names
from schemas.errors import Code, LedgerError

Rule = tuple[str, Names, Expression]


@dataclass(frozen=True)
class Graph:
    """The rules in order, and the indexes that a session follows."""

    vertices: tuple[Vertex, ...]
    triggers: dict[Names, tuple[int, ...]]
    all_instances: dict[Names, frozenset[int]]
    all_on_growth: dict[Names, frozenset[int]]


def build(rules: list[Rule], shape: InstanceShape) -> Graph:
    """The graph of a form. Raises LedgerError(FORM_CYCLE) naming the nodes of a circle."""
    readers: dict[Names, list[int]] = {}
    for number, (_, _, expression) in enumerate(rules):
        for path in expression.reads:
            readers.setdefault(path, []).append(number)
    follows = [_followers(rule, readers, shape) for rule in rules]
    order = _sorted(rules, follows)
    rank = {number: place for place, number in enumerate(order)}
    vertices = tuple(
        Vertex(rank[number], *rules[number], follows=tuple(sorted(rank[each] for each in follows[number])))
        for number in order
    )
    triggers = {path: tuple(sorted(rank[each] for each in found)) for path, found in readers.items()}
    every = {path: _in_all_instances(path, vertices, triggers) for path in shape.repeat_paths}
    growth = {path: _in_all_instances(path, vertices, _without_places(path, vertices, triggers)) for path in every}
    return Graph(vertices, triggers, every, growth)


def _followers(rule: Rule, readers: dict[Names, list[int]], shape: InstanceShape) -> set[int]:
    kind, path, _ = rule
    if kind not in ("calculate", "relevant"):
        return set()
    written = [path, *(shape.descendants(path) if kind == "relevant" else ())]
    return {reader for each in written for reader in readers.get(each, ())}


def _sorted(rules: list[Rule], follows: list[set[int]]) -> list[int]:
    waits = [0] * len(rules)
    for found in follows:
        for each in found:
            waits[each] += 1
    ready = [number for number, count in enumerate(waits) if count == 0]
    order: list[int] = []
    for number in ready:  # grows while it is read
        order.append(number)
        for each in sorted(follows[number]):
            waits[each] -= 1
            if waits[each] == 0:
                ready.append(each)
    if len(order) < len(rules):
        stuck = _circle([number for number, count in enumerate(waits) if count > 0], follows)
        where = ", ".join(dict.fromkeys(ref(rules[number][1]) for number in stuck))
        raise LedgerError(Code.FORM_CYCLE, where=where)
    return order


def _circle(stuck: list[int], follows: list[set[int]]) -> list[int]:
    """One circle among the rules that could not be sorted."""
    left = set(stuck)
    while True:  # what leads nowhere within the rest is no part of a circle
        ends = {number for number in left if not follows[number] & left}
        if not ends:
            break
        left -= ends
    at = min(left)
    trail: list[int] = []
    while at not in trail:
        trail.append(at)
        at = min(follows[at] & left)
    return trail[trail.index(at) :]


def _without_places(
    repeat: Names, vertices: tuple[Vertex, ...], triggers: dict[Names, tuple[int, ...]]
) -> dict[Names, tuple[int, ...]]:
    """The triggers of a repeat when an instance is added last: no other instance moves, so position() stays."""
    ranks = triggers.get(repeat, ())
    return {repeat: tuple(rank for rank in ranks if repeat not in vertices[rank].expression.placed)}


def _in_all_instances(
    repeat: Names, vertices: tuple[Vertex, ...], triggers: dict[Names, tuple[int, ...]]
) -> frozenset[int]:
    """The rules inside a repeat that another instance changes: those that read the repeat itself, or what follows.

    Rules that only read their own instance are left out: with them, each new instance would cost as much as all.
    """
    depth = len(repeat)
    found: set[int] = set()
    seen = set(triggers.get(repeat, ()))
    waiting = sorted(seen)
    while waiting:
        rank = waiting.pop()
        vertex = vertices[rank]
        if vertex.path[:depth] == repeat:
            found.add(rank)
        for each in vertex.follows:
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return frozenset(found)
