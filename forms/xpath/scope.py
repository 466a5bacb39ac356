"""What the compiler knows of the form: which paths exist, which repeat, and from where an expression looks.

JavaRosa reads an absolute path inside a repeat as a path to *this* instance: the levels that it shares with the path
of the context node are bound to the context's own ancestors. That can be settled once, when the form is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

Names = tuple[str, ...]


class Shape(Protocol):
    """The form's main instance, as far as paths need it."""

    def slot(self, path: Names) -> int | None:
        """The number of the one node at this path; None inside a repeat or where nothing is."""
        ...

    def repeats(self, path: Names) -> bool:
        """Whether the path names a repeat."""
        ...

    def exists(self, path: Names) -> bool:
        """Whether the form has such a node."""
        ...

    def children(self, path: Names) -> tuple[str, ...]:
        """The names of the nodes below."""
        ...


class NoShape:
    """A form without nodes, for expressions that stand alone."""

    def slot(self, path: Names) -> int | None:
        """Nothing anywhere."""
        return None

    def repeats(self, path: Names) -> bool:
        """Nothing repeats."""
        return False

    def exists(self, path: Names) -> bool:
        """Nothing exists."""
        return False

    def children(self, path: Names) -> tuple[str, ...]:
        """No children."""
        return ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: `context` is the generic path of its context node, None in another instance.

    `origin` is the path of the node that current() means; `nested` says that the expression is a predicate's.
    """

    shape: Shape = field(default_factory=NoShape)
    context: Names | None = ()
    origin: Names | None = ()
    nested: bool = False
    main: str | None = None  # the id of the main instance, for instance('id')

    @classmethod
    def of(cls, shape: Shape, context: Names, main: str | None = None) -> Scope:
        """The scope of an expression whose context node lies at `context`."""
        return cls(shape, context, context, False, main)

    def within(self, context: Names | None) -> Scope:
        """The scope of a predicate on nodes at `context`."""
        return replace(self, context=context, nested=True)
