"""The generic tree of the main instance: which paths exist, which repeat, which have one node only.

It is the `Shape` that expressions are compiled against, and is built before any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from forms.xpath.scope import Names


@dataclass
class InstanceShape:
    """Filled while the instance is read, then only asked."""

    repeat_paths: frozenset[Names]
    below: dict[Names, list[str]] = field(default_factory=dict)
    slots: dict[Names, int] = field(default_factory=dict)

    def add(self, path: Names) -> None:
        """A node of this path exists."""
        if path in self.below:
            return
        self.below[path] = []
        if len(path) > 1:
            self.below[path[:-1]].append(path[-1])
        if not self.in_repeat(path):
            self.slots[path] = len(self.slots)

    def slot(self, path: Names) -> int | None:
        """The number of the one node at this path; None inside a repeat or where nothing is."""
        return self.slots.get(path)

    def repeats(self, path: Names) -> bool:
        """Whether the path names a repeat."""
        return path in self.repeat_paths

    def exists(self, path: Names) -> bool:
        """Whether the form has such a node."""
        return path in self.below

    def children(self, path: Names) -> tuple[str, ...]:
        """The names of the nodes below, attributes excepted."""
        return tuple(name for name in self.below.get(path, ()) if not name.startswith("@"))

    def in_repeat(self, path: Names) -> bool:
        """Whether the node, or one above it, repeats."""
        return any(path[:depth] in self.repeat_paths for depth in range(1, len(path) + 1))

    def descendants(self, path: Names) -> list[Names]:
        """All paths below, attributes included."""
        found: list[Names] = []
        waiting = [path]
        while waiting:
            here = waiting.pop()
            for name in self.below.get(here, ()):
                found.append((*here, name))
                waiting.append((*here, name))
        return found

    def repeats_above(self, path: Names) -> tuple[Names, ...]:
        """The repeats that hold this path, outermost first, itself included."""
        return tuple(path[:depth] for depth in range(1, len(path) + 1) if path[:depth] in self.repeat_paths)
