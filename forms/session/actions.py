"""Events and the actions that they cause. setvalue is done here; what needs the device waits for the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forms.definition.model import Action, Control
from forms.session.codecs import EMPTY, cast
from forms.session.nodes import Node
from forms.session.recompute import changed, expand
from forms.xpath.errors import EVALUATION_ERRORS
from forms.xpath.scope import Names

if TYPE_CHECKING:
    from forms.session.state import State

_DEPTH = 30  # actions that cause actions


@dataclass(frozen=True)
class DeviceRequest:
    """Something only the device can do: a position (setgeopoint, setlocation) or a recording, for the node `ref`."""

    action: str
    ref: str


class Events:
    """Carries out the actions of one session; `requests` collects what the device is asked for."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.requests: list[DeviceRequest] = []

    def form(self, event: str) -> None:
        """An event of the whole form: the model's actions, then those in the body, in every instance."""
        definition = self._state.definition
        for action in definition.actions:
            if event in action.events:
                self._run(action, None, 0)
        for control in definition.nested_actions:
            for action in control.actions:
                if event in action.events:
                    for context in self._contexts(control):
                        self._run(action, context, 0)

    def value_changed(self, node: Node, depth: int = 0) -> None:
        """A question got another value."""
        control = self._state.definition.questions.get(node.kind.path)
        for action in control.actions if control is not None else ():
            if "xforms-value-changed" in action.events:
                self._run(action, node, depth)

    def new_repeat(self, repeat: Node) -> None:
        """An instance was added: actions of the model that aim into it, then those of the repeat."""
        definition = self._state.definition
        path = repeat.kind.path
        nested = [a for c in definition.nested_actions if c.path == path and not c.is_question for a in c.actions]
        for action in [*(a for a in definition.actions if a.target[: len(path)] == path), *nested]:
            if {"odk-new-repeat", "jr-insert"} & set(action.events):
                self._run(action, repeat, 0)

    def set_value(self, node: Node, value: tuple[object, str], depth: int = 0) -> bool:
        """Store a value with everything that follows from it; whether it was another one."""
        moved = node.put(*value)  # type: ignore[arg-type]
        if moved:
            changed(self._state, node)
            if depth < _DEPTH:
                self.value_changed(node, depth + 1)
        return moved

    def _contexts(self, control: Control) -> list[Node]:
        path = control.path[:-1] if control.is_question else control.path
        return expand(self._state.root, path[1:])

    def _run(self, action: Action, context: Node | None, depth: int) -> None:
        node = self._target(action.target, context)
        if node is None:
            return
        if action.name != "setvalue":
            self.requests.append(DeviceRequest(action.name, node.ref))
            return
        self.set_value(node, self._result(action, node), depth)

    def _result(self, action: Action, node: Node) -> tuple[object, str]:
        if action.value is None:
            return cast(node.kind.type, action.text, self._state.env.clock)
        try:
            result = action.value.evaluate(node, self._state.env)
        except EVALUATION_ERRORS as error:
            self._state.note(node, "setvalue", action.value.source, str(error))
            return EMPTY
        return cast(node.kind.type, result, self._state.env.clock)

    def _target(self, path: Names, context: Node | None) -> Node | None:
        """The one node that is meant, seen from the context; None where it would be several or none."""
        state = self._state
        start, shared = state.root, 1
        if context is not None:
            at: Node | None = context
            while at is not None and path[: len(at.kind.path)] != at.kind.path:
                at = at.parent
            if at is not None:
                start, shared = at, len(at.kind.path)
        names = path[shared:]
        if any(state.definition.shape.repeats(path[: shared + place]) for place in range(1, len(names) + 1)):
            return None
        found = expand(start, names)
        return found[0] if found else None
