"""The way through a form, one place at a time, as ODK Collect goes: questions, groups, instances, "add another?".

Repeats with a count grow when the way reaches them, not before, because what is asked there may still change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forms.definition.model import Control
from forms.session.nodes import Node
from forms.session.repeats import add, wanted
from forms.xpath.errors import EVALUATION_ERRORS

if TYPE_CHECKING:
    from forms.session.actions import Events
    from forms.session.state import State

Index = tuple[tuple[int, int], ...]  # (place among the controls, instance) at each level


@dataclass(frozen=True)
class Place:
    """Where the way is. `kind`: question, group, repeat (an instance), prompt ("add another?"), end."""

    kind: str
    control: Control | None
    node: Node | None
    ref: str
    parent: Node | None = None  # for a prompt: the node that would get the instance


class Walk:
    """A cursor on one session."""

    def __init__(self, state: State, events: Events) -> None:
        self._state = state
        self._events = events
        self._index: Index = ()
        self.place = Place("start", None, None, "")

    def restart(self) -> None:
        """Back to the beginning."""
        self._index = ()
        self.place = Place("start", None, None, "")

    def next(self) -> Place:
        """The next relevant place; `end` at the end."""
        if self.place.kind == "end":
            return self.place
        index = self._index
        while True:
            index = self._after(index)
            if not index:
                self._index, self.place = (), Place("end", None, None, "")
                return self.place
            place = self._at(index)
            if self._is_relevant(place, index):
                break
        if place.kind == "prompt":
            place = self._grown(place, index)
        self._index, self.place = index, place
        return place

    def seek(self, ref: str) -> None:
        """Go to a place without growing anything under way; to the beginning if there is no such place."""
        index = self._after(())
        while index:
            place = self._at(index)
            if place.ref == ref and place.kind != "group":
                self._index, self.place = index, place
                return
            index = self._after(index)
        self.restart()

    def again(self) -> Place:
        """The same place, read anew, after an instance was added there."""
        self.place = self._at(self._index)
        return self.place

    def _after(self, index: Index) -> Index:
        leaving = False
        if not index:
            return ((0, 0),) if self._state.definition.body else ()
        place = self._at(index)
        control = place.control
        if control is not None and not control.is_question:
            leaving = place.kind == "prompt"
            if not leaving and control.children:
                return (*index, (0, 0))
        levels = list(index)
        while levels:
            at, instance = levels[-1]
            here = self._control(tuple(levels))
            if not leaving and here.kind == "repeat":
                levels[-1] = (at, instance + 1)
                return tuple(levels)
            if at + 1 < len(self._siblings(tuple(levels))):
                levels[-1] = (at + 1, 0)
                return tuple(levels)
            levels.pop()
            leaving = False
        return ()

    def _siblings(self, index: Index) -> tuple[Control, ...]:
        controls = self._state.definition.body
        for at, _ in index[:-1]:
            controls = controls[at].children
        return controls

    def _control(self, index: Index) -> Control:
        return self._siblings(index)[index[-1][0]]

    def _at(self, index: Index) -> Place:
        control = self._control(index)
        instances: dict[tuple[str, ...], int] = {}
        controls = self._state.definition.body
        for at, instance in index:
            if controls[at].kind == "repeat":
                instances[controls[at].path] = instance
            controls = controls[at].children
        node, above = self._resolve(control.path, instances)
        if control.kind == "repeat":
            if node is None:
                ref = f"{above.ref if above else ''}/{control.path[-1]}[{instances[control.path] + 1}]"
                return Place("prompt", control, None, ref, above)
            return Place("repeat", control, node, node.ref)
        kind = "question" if control.is_question else "group"
        return Place(kind, control, node, node.ref if node is not None else "")

    def _resolve(self, path: tuple[str, ...], instances: dict[tuple[str, ...], int]) -> tuple[Node | None, Node | None]:
        node: Node | None = self._state.root
        above: Node | None = None
        for depth in range(2, len(path) + 1):
            above = node
            if node is None:
                return None, None
            name = path[depth - 1]
            if name.startswith("@"):
                node = node.attributes.get(name[1:])
                continue
            alike: list[Node] = node.kids.get(name) or []
            at = instances.get(path[:depth], 0)
            node = alike[at] if at < len(alike) else None
        return node, above

    def _is_relevant(self, place: Place, index: Index) -> bool:
        if place.kind != "prompt":
            return place.node is not None and place.node.relevant
        control, parent = place.control, place.parent
        if control is None or parent is None or not parent.relevant:
            return False
        if control.fixed:
            number = wanted(self._state, control, parent)
            if number is None or number <= index[-1][1]:
                return False
        return self._repeat_relevant(control, parent)

    def _repeat_relevant(self, control: Control, parent: Node) -> bool:
        kind = self._state.definition.kinds[control.path]
        if not kind.relevant:
            return False
        for rank in self._state.rules_below(control.path):
            vertex = self._state.definition.vertices[rank]
            if vertex.kind == "relevant" and vertex.path == control.path:
                stand_in = Node(kind, parent)
                stand_in.index = len(parent.kids.get(control.path[-1], ()))
                try:
                    return bool(vertex.expression.evaluate(stand_in, self._state.env))
                except EVALUATION_ERRORS as error:
                    self._state.note(parent, "relevant", vertex.expression.source, str(error))
        return True

    def _grown(self, place: Place, index: Index) -> Place:
        """The instance that the form's count asks for."""
        if place.control is not None and place.parent is not None and place.control.count is not None:
            add(self._state, self._events, place.parent, place.control.path[-1])
            return self._at(index)
        return place
