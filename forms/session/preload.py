"""What a device knows before the first question: identifiers, timestamps, who and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forms.session.codecs import EMPTY, Stored, cast, stored
from forms.session.nodes import Node

if TYPE_CHECKING:
    from forms.session.state import State


def preload(state: State, top: Node) -> None:
    """Fill the nodes with a preload in a new instance or a new repeat."""
    for node in top.walk():
        if node.kind.preload:
            value = _value(state, node)
            if value is not None:
                node.put(*value)


def finish(state: State) -> None:
    """Write what is only known at the end: the timestamp `end`."""
    clock = state.env.clock
    for node in state.root.walk():
        if node.kind.preload == "timestamp" and node.kind.preload_parameters == "end":
            node.put(*stored(node.kind.type or "dateTime", clock.now(), clock))


def _value(state: State, node: Node) -> Stored | None:
    parameters, clock = node.kind.preload_parameters, state.env.clock
    match node.kind.preload:
        case "uid":
            return stored("text", "uuid:" + state.env.chance.uuid(), clock)
        case "timestamp" if parameters == "start":
            return stored(node.kind.type or "dateTime", clock.now(), clock)
        case "date" if parameters == "today":
            return stored("date", clock.now(), clock)
        case "property":
            text = state.properties.get(parameters, "")
            return cast(node.kind.type, text, clock) if text else None
        case "timestamp" | "date":
            return None
        case _:
            return EMPTY if node.text == "" else None
