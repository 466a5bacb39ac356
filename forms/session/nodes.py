"""The live nodes. A node knows its value in three shapes: stored, as expressions read it, and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from forms.definition.model import NodeKind, Seed
from forms.xpath.values import Scalar

_NOTHING: dict[str, Any] = {}


class Alike(list["Node"]):
    """The children of one name; `hidden` counts those that are not relevant, so that count() need not look at all."""

    __slots__ = ("hidden",)

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        super().__init__(nodes)
        self.hidden = sum(not node.relevant for node in self)

    def grow(self, node: Node) -> None:
        """Add a node at the end."""
        node.index = len(self)
        self.append(node)
        self.hidden += not node.relevant

    def drop(self, node: Node) -> None:
        """Take a node away; those after it move up."""
        del self[node.index]
        self.hidden -= not node.relevant
        for place in range(node.index, len(self)):
            self[place].index = place


class Node:
    """A node of the main instance. `xval` is what expressions read: '' while the node is not relevant."""

    __slots__ = (
        "attributes", "enabled", "index", "kids", "kind", "name", "own_enabled", "own_relevant", "parent", "relevant",
        "required", "templates", "text", "value", "xval",
    )
    lookup = None  # live nodes keep no index

    def __init__(self, kind: NodeKind, parent: Node | None) -> None:
        self.kind = kind
        self.name = kind.name
        self.parent = parent
        self.index = 0
        self.kids: dict[str, Alike] = _NOTHING
        self.attributes: dict[str, Node] = _NOTHING
        self.templates: Any = _NOTHING
        self.value: Scalar | None = None
        self.text = ""
        self.xval: Scalar = ""
        self.own_relevant = kind.relevant
        self.relevant: bool = kind.relevant and (parent is None or parent.relevant)
        self.required = kind.required
        self.own_enabled = not kind.readonly
        self.enabled: bool = self.own_enabled and (parent is None or parent.enabled)

    @property
    def is_leaf(self) -> bool:
        """Whether it holds a value rather than nodes."""
        return not self.kids and not self.templates

    def put(self, value: Scalar | None, text: str) -> bool:
        """Store a value; False if it was there already."""
        if text == self.text and value == self.value and type(value) is type(self.value):
            return False
        self.value, self.text = value, text
        self.xval = value if self.relevant and value is not None else ""
        return True

    def set_relevant(self, relevant: bool) -> bool:
        """Its own condition; what is below follows. False if nothing changed."""
        if relevant is self.own_relevant:
            return False
        self.own_relevant = relevant
        self._inherit_relevance()
        return True

    def set_enabled(self, enabled: bool) -> None:
        """Its own condition; what is below follows."""
        if enabled is not self.own_enabled:
            self.own_enabled = enabled
            self._inherit_enabled()

    def _inherit_relevance(self) -> None:
        relevant = self.own_relevant and (self.parent is None or self.parent.relevant)
        if relevant is self.relevant:
            return
        self.relevant = relevant
        if self.parent is not None and not self.kind.attribute:
            self.parent.kids[self.name].hidden += -1 if relevant else 1
        self.xval = self.value if relevant and self.value is not None else ""
        for child in self.below():
            child._inherit_relevance()

    def _inherit_enabled(self) -> None:
        enabled = self.own_enabled and (self.parent is None or self.parent.enabled)
        if enabled is self.enabled:
            return
        self.enabled = enabled
        for child in self.below():
            child._inherit_enabled()

    def below(self) -> Iterator[Node]:
        """Its children, attributes included."""
        for kids in self.kids.values():
            yield from kids
        yield from self.attributes.values()

    def walk(self) -> Iterator[Node]:
        """Itself and everything below in document order, attributes excepted."""
        yield self
        for kids in self.kids.values():
            for kid in kids:
                yield from kid.walk()

    @property
    def ref(self) -> str:
        """`/data[1]/rep[2]/x[1]`: counted from 1 at every step, names without their prefixes."""
        steps: list[str] = []
        node: Node | None = self
        while node is not None and node.name:
            name = node.name.rpartition(":")[2]
            steps.append(name if node.kind.attribute else f"{name}[{node.index + 1}]")
            node = node.parent
        return "/" + "/".join(reversed(steps))


def grow(seed: Seed, parent: Node | None) -> Node:
    """A live node and everything below it, with the text that the form ships."""
    node = Node(seed.kind, parent)
    node.text = seed.text
    if seed.slots:
        node.kids = {name: Alike() for name in seed.slots}
        node.templates = seed.templates
        for child in seed.children:
            node.kids[child.kind.name].grow(grow(child, node))
    if seed.attributes:
        node.attributes = {each.kind.name[1:]: grow(each, node) for each in seed.attributes}
    return node
