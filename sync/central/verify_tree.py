"""The tree's part of checking a log: every node computed anew from the rows, and held against the stored ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection, select

from schemas import merkle
from schemas.merkle import NodeKey
from sync.central.rows import TreeNodes, place
from sync.central.tables import nodes

_AHEAD = 500
_LEVEL = place(1, 0)


class TreeCheck:
    """The tree as the rows make it, grown row by row; what does not fit goes to `found` (code, where, what)."""

    def __init__(self, connection: Connection, found: Callable[[str, str, str], None]) -> None:
        self.size = 0
        self._connection = connection
        self._found = found
        self._right: dict[NodeKey, bytes] = {}
        self._peaks: dict[NodeKey, bytes] = {}
        self._ahead: dict[int, dict[int, bytes | None]] = {}

    def grow(self, leaf: bytes) -> None:
        """Add the leaf of the next row and compare every node that it completes with the stored one."""
        for level, index, value in merkle.append_nodes(self.size, [leaf], merkle.MemoryNodes(self._peaks)):
            self._peaks[level, index] = value
            self._compare(level, index, value)
        self.size += 1
        wanted = merkle.needed_nodes_for_root(self.size)
        self._peaks = {key: self._peaks[key] for key in wanted}

    def _compare(self, level: int, index: int, value: bytes) -> None:
        stored = self._stored(level, index)
        if stored == value:
            return
        self._right[level, index] = value
        if stored is None:
            self._found("node_missing", f"node {level}/{index}", f"the tree lacks a node over {_span(level, index)}")
        elif level == 0:
            self._found("leaf", f"row {index + 1}", "the row, its verdict or its place was changed after it was signed")
        else:
            self._found("node", f"node {level}/{index}", f"the node over {_span(level, index)} does not fit them")

    def nodes(self) -> None:
        """Nodes that no row accounts for."""
        wrong = [
            number
            for (number,) in self._connection.execute(select(nodes.c.place).order_by(nodes.c.place))
            if (number % _LEVEL + 1) << (number // _LEVEL) > self.size
        ]
        for number in wrong:
            level, index = divmod(number, _LEVEL)
            self._found("node_extra", f"node {level}/{index}", f"a node over {_span(level, index)}, which are gone")

    def root_at(self, size: int) -> bytes:
        """The recomputed root over the first `size` rows."""
        return merkle.root(size, _Corrected(TreeNodes(self._connection), self._right))

    def stored_leaf(self, index: int) -> bytes:
        """The leaf that was stored for a row that is gone; zeros where that is gone too."""
        return self._stored(0, index) or bytes(merkle.HASH_BYTES)

    def _stored(self, level: int, index: int) -> bytes | None:
        """A stored node; the next ones of its level are read with it, for they are asked for in this order."""
        level_nodes = self._ahead.setdefault(level, {})
        if index not in level_nodes:
            first = place(level, index)
            query = select(nodes.c.place, nodes.c.hash).where(nodes.c.place.between(first, first + _AHEAD - 1))
            found = {number - place(level, 0): bytes(value) for number, value in self._connection.execute(query)}
            level_nodes.clear()
            level_nodes.update({at: found.get(at) for at in range(index, index + _AHEAD)})
        return level_nodes[index]


class _Corrected:
    """The stored nodes with those that were found wrong put right, so that one fault is not reported many times."""

    def __init__(self, stored: TreeNodes, right: Mapping[NodeKey, bytes]) -> None:
        self._stored = stored
        self._right = right

    def nodes(self, wanted: Iterable[NodeKey]) -> Mapping[NodeKey, bytes]:
        """The nodes under `wanted`."""
        chosen = list(wanted)
        return {**self._stored.nodes(chosen), **{key: self._right[key] for key in chosen if key in self._right}}


def _span(level: int, index: int) -> str:
    return f"rows {(index << level) + 1} to {(index + 1) << level}"
