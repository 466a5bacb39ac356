"""Nodes of a secondary instance. They never change, so a parent may keep an index of its rows by value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from forms.xpath.values import Scalar

NONE: dict[str, Any] = {}
Wanted = Sequence[tuple[str, "Scalar"]]
_FEW = 8  # rows that are faster walked than indexed


class Row:
    """An element: its name, its text, what stands below it."""

    __slots__ = ("_indexes", "attributes", "index", "kids", "name", "parent", "xval")
    relevant = True

    def __init__(self, name: str, text: str = "", parent: Row | Table | None = None, index: int = 0) -> None:
        self.name = name
        self.xval: str = text
        self.parent = parent
        self.index = index
        self.kids: Mapping[str, list[Any]] = NONE
        self.attributes: Mapping[str, Row] = NONE
        self._indexes: dict[tuple[str, str], dict[str, list[Row]]] | None = None

    def add(self, child: Row) -> None:
        """Append a child; only while the instance is built."""
        if self.kids is NONE:
            self.kids = {}
        alike: list[Any] = self.kids.setdefault(child.name, [])  # type: ignore[attr-defined]
        child.index, child.parent = len(alike), self
        alike.append(child)

    def lookup(self, name: str, wanted: Wanted) -> Iterable[Row] | None:
        """The rows `name` whose cell has one of the wanted texts; None where an index does not help."""
        rows = self.kids.get(name, ())
        if len(rows) < _FEW:
            return None
        for column, value in wanted:
            if type(value) is str:
                return self._index(name, column).get(value, ())
        return None

    def _index(self, name: str, column: str) -> dict[str, list[Row]]:
        if self._indexes is None:
            self._indexes = {}
        key = (name, column)
        found = self._indexes.get(key)
        if found is None:
            found = self._indexes[key] = {}
            for row in self.kids[name]:
                for cell in row.kids.get(column, ()):
                    found.setdefault(cell.xval, []).append(row)
        return found


class Table(Protocol):
    """The parent of rows that lie in a store."""

    name: str
    kids: Mapping[str, Any]

    def lookup(self, name: str, wanted: Wanted) -> Iterable[Any] | None:
        """The rows that may match."""
        ...


def document(root: Any) -> Row:
    """The document above a root element, as instance('x') gives it."""
    above = Row("")
    above.kids = {root.name: [root]}
    root.parent = above
    return above


def row_of(name: str, cells: Iterable[tuple[str, str]]) -> Row:
    """A flat row."""
    row = Row(name)
    for column, text in cells:
        row.add(Row(column, text))
    return row
