"""The live state of a session: nodes, environment, notes. Nothing here decides; the modules beside it work on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from forms.definition.model import FormDefinition
from forms.instances.rows import Row
from forms.session.nodes import Node, grow
from forms.xpath.environment import Chance, Clock, Environment
from forms.xpath.scope import Names

Instances = Callable[[str], object]


@dataclass(frozen=True)
class Note:
    """A rule that could not be evaluated on these answers; the form goes on with an empty value."""

    ref: str
    kind: str
    expression: str
    text: str


@dataclass
class State:
    """One form being filled. `evaluations` counts the rules that ran, for tests and benchmarks."""

    definition: FormDefinition
    root: Node
    env: Environment
    language: str
    slots: list[Node] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    evaluations: int = 0
    properties: Mapping[str, str] = field(default_factory=dict)
    _below: dict[Names, list[int]] = field(default_factory=dict)
    _growth: dict[Names, tuple[list[int], dict[Names, tuple[int, ...]]]] = field(default_factory=dict)

    def rules_below(self, path: Names) -> list[int]:
        """The ranks of the rules on this path and below it."""
        found = self._below.get(path)
        if found is None:
            depth = len(path)
            found = [vertex.rank for vertex in self.definition.vertices if vertex.path[:depth] == path]
            self._below[path] = found
        return found

    def growth(self, repeat: Names) -> tuple[list[int], dict[Names, tuple[int, ...]]]:
        """What another instance of a repeat concerns: the rules in it, and the readers of each path in it."""
        found = self._growth.get(repeat)
        if found is None:
            triggers = self.definition.triggers
            paths = [repeat, *self.definition.shape.descendants(repeat)]
            found = (self.rules_below(repeat), {path: triggers[path] for path in paths if path in triggers})
            self._growth[repeat] = found
        return found

    def note(self, node: Node, kind: str, expression: str, text: str) -> None:
        """Remember a rule that failed, once."""
        note = Note(node.ref, kind, expression, text)
        if note not in self.notes:
            self.notes.append(note)

    def find_slots(self) -> None:
        """Fill the slots again after the tree was built."""
        self.slots[:] = [_at(self.root, path) for path in self.definition.slot_paths]

    def node(self, ref: str) -> Node | None:
        """The node at `/data[1]/rep[2]/x`; steps without a number mean the first."""
        found: Node | None = None
        for number, step in enumerate(ref.strip("/").split("/")):
            name, _, place = step.partition("[")
            if number == 0:
                found = self.root if name == self.root.name else None
            elif found is None:
                return None
            elif name.startswith("@"):
                found = found.attributes.get(name[1:])
            else:
                alike: list[Node] = found.kids.get(name) or _unprefixed(found, name)
                digits = place.rstrip("]")
                at = int(digits) - 1 if digits.isdigit() else 0
                found = alike[at] if 0 <= at < len(alike) else None
        return found


def new_state(
    definition: FormDefinition, clock: Clock, chance: Chance, instances: Instances, properties: Mapping[str, str],
    language: str = "",
) -> State:
    """A state with the instance as the form ships it; nothing has been computed yet."""
    root = grow(definition.seed, None)
    above = Row("")  # the document, where absolute paths begin
    above.kids = {root.name: [root]}
    env = Environment(clock, chance, root=above, version=definition.version)
    chosen = language if language in definition.languages else definition.default_language
    state = State(definition, root, env, chosen, properties=properties)
    env.slots = state.slots
    env.instance = instances
    env.property = lambda name: properties.get(name, "")
    state.find_slots()
    return state


def _unprefixed(node: Node, name: str) -> list[Node]:
    """The children of this name, whatever their prefix: refs leave prefixes out."""
    return next((kids for full, kids in node.kids.items() if full.endswith(":" + name)), [])


def _at(root: Node, path: Names) -> Node:
    node = root
    for name in path[1:]:
        node = node.attributes[name[1:]] if name.startswith("@") else node.kids[name][0]
    return node
