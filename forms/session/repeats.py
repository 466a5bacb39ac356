"""Repeat instances: added from the template, taken away, counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forms.definition.model import Control
from forms.session.codecs import read
from forms.session.nodes import Node, grow
from forms.session.preload import preload
from forms.session.recompute import grown, shrunk
from forms.xpath.errors import EVALUATION_ERRORS

if TYPE_CHECKING:
    from forms.session.actions import Events
    from forms.session.state import State


def add(state: State, events: Events, parent: Node, name: str) -> Node:
    """A new last instance, with its defaults, preloads, events and rules."""
    node = grow(parent.templates[name], parent)
    parent.kids[name].grow(node)
    read_texts(state, node)
    preload(state, node)
    events.new_repeat(node)
    grown(state, node)
    return node


def remove(state: State, node: Node) -> None:
    """Take an instance away; those after it move up."""
    parent = node.parent
    if parent is None:
        return
    parent.kids[node.name].drop(node)
    shrunk(state, node)


def wanted(state: State, control: Control, parent: Node) -> int | None:
    """How many instances the form asks for; None where the person decides, or the count is empty.

    The count is read as seen from an instance, which need not exist yet: a bare node stands in for it.
    """
    if control.count is None:
        return None
    stand_in = Node(state.definition.kinds[control.path], parent)
    try:
        number = control.count.evaluate(stand_in, state.env)
    except EVALUATION_ERRORS as error:
        state.note(parent, "count", control.count.source, str(error))
        return None
    return None if number != number else max(0, math.floor(min(number, 100_000)))


def read_texts(state: State, top: Node) -> None:
    """Turn the texts that a form or a draft ships into values; what does not fit its type is left out."""
    for node in top.walk():
        for each in (node, *node.attributes.values()):
            text = each.text
            if text:
                each.text = ""
                try:
                    each.put(*read(each.kind.type, text, state.env.clock))
                except ValueError as error:
                    state.note(each, "default", text, str(error))
