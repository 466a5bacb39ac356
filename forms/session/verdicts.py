"""Whether an answer is accepted, and whether a form may be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forms.definition.texts import message
from forms.session.codecs import Stored
from forms.session.nodes import Node
from forms.session.texts import shown
from forms.xpath.errors import EVALUATION_ERRORS

if TYPE_CHECKING:
    from forms.session.state import State

OK, REQUIRED, CONSTRAINT, INVALID = "ok", "required", "constraint", "invalid"


@dataclass(frozen=True)
class Verdict:
    """`result` is ok, required, constraint or invalid (no value of the type); `message` is in the form's words."""

    result: str
    ref: str = ""
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether the answer stands."""
        return self.result == OK


def judge(state: State, node: Node, value: Stored) -> Verdict:
    """The verdict on a value for a node, before it is stored."""
    if node.required and value[0] is None:
        return Verdict(REQUIRED, node.ref, _message(state, node.kind.required_message, node))
    if not holds(state, node, value):
        return Verdict(CONSTRAINT, node.ref, _message(state, node.kind.constraint_message, node))
    return Verdict(OK, node.ref)


def holds(state: State, node: Node, value: Stored) -> bool:
    """Whether a value satisfies the node's constraint; none always does."""
    constraint = node.kind.constraint
    if constraint is None or value[0] is None:
        return True
    before = node.xval
    node.xval = value[0]
    try:
        return bool(constraint.evaluate(node, state.env))
    except EVALUATION_ERRORS as error:
        state.note(node, "constraint", constraint.source, str(error))
        return False
    finally:
        node.xval = before


def _message(state: State, source: str, node: Node) -> str:
    return shown(state, message(source), node).text if source else ""
