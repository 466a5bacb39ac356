"""The Merkle tree of RFC 9162 §2.1 (SHA-256): hashes, proofs and their verifiers, as pure functions.

Where the nodes lie is left to a store, which hands them over through `NodeReader`: central keeps them in the same
database as the entries, a tablet needs none to verify. A *node* is the hash of a complete subtree, named by its level
(0 = leaves) and its index in that level; it never changes once it exists, so an append only ever adds nodes.

Makers of proofs raise on a wrong question (ValueError) or a hole in the store (NodeMissing). Verifiers read what a
stranger sent: they answer False to anything that is not exactly right, and never raise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from schemas.merkle_shape import (
    MAX_SIZE,
    LeafRange,
    NodeKey,
    complete_subtrees,
    consistency_ranges,
    inclusion_ranges,
    needed_nodes_for_append,
    needed_nodes_for_consistency,
    needed_nodes_for_inclusion,
    needed_nodes_for_root,
)

__all__ = [
    "HASH_BYTES",
    "MAX_SIZE",
    "MemoryNodes",
    "NodeKey",
    "NodeMissing",
    "NodeReader",
    "append_nodes",
    "consistency_proof",
    "empty_root",
    "inclusion_proof",
    "leaf_hash",
    "needed_nodes_for_append",
    "needed_nodes_for_consistency",
    "needed_nodes_for_inclusion",
    "needed_nodes_for_root",
    "node_hash",
    "root",
    "verify_consistency",
    "verify_inclusion",
]

HASH_BYTES = 32


class NodeMissing(LookupError):
    """The store lacks a node that the tree must have: the store is damaged, or the wrong nodes were asked for."""

    def __init__(self, level: int, index: int) -> None:
        super().__init__(f"no node at level {level}, index {index}")
        self.level = level
        self.index = index


class NodeReader(Protocol):
    """What a store offers: complete nodes, many in one question."""

    def nodes(self, keys: Iterable[NodeKey]) -> Mapping[NodeKey, bytes]:
        """The hashes under `keys`; absent ones are left out."""


class MemoryNodes:
    """Nodes in memory: a whole tree grown by `extend`, or a handful fetched in one query for many proofs."""

    def __init__(self, known: Mapping[NodeKey, bytes] | None = None, size: int = 0) -> None:
        self._known = dict(known or {})
        self.size = size

    def extend(self, leaf_hashes: Sequence[bytes]) -> None:
        """Append leaves and keep every node that they complete."""
        for level, index, value in append_nodes(self.size, leaf_hashes, self):
            self._known[level, index] = value
        self.size += len(leaf_hashes)

    def node(self, level: int, index: int) -> bytes:
        """One node. Raises NodeMissing."""
        try:
            return self._known[level, index]
        except KeyError:
            raise NodeMissing(level, index) from None

    def nodes(self, keys: Iterable[NodeKey]) -> Mapping[NodeKey, bytes]:
        """The known ones of `keys`."""
        return {key: self._known[key] for key in keys if key in self._known}


# ---------------------------------------------------------------- hashes (RFC 9162 §2.1.1)


def empty_root() -> bytes:
    """The root of the tree without leaves: the hash of nothing."""
    return hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf; the prefix 00 keeps a node from passing as a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours; the prefix 01 keeps a leaf from passing as a node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


# ---------------------------------------------------------------- growing


def append_nodes(size: int, leaf_hashes: Sequence[bytes], reader: NodeReader) -> list[tuple[int, int, bytes]]:
    """All complete nodes (level, index, hash) that come into being when `leaf_hashes` follow the first `size` leaves.

    The new leaves themselves are among them, as level 0. At most one old node per level is read.
    """
    old = _fetch(needed_nodes_for_append(size, len(leaf_hashes)), reader)
    made: list[tuple[int, int, bytes]] = []
    level, first, row = 0, size, list(leaf_hashes)
    while row:
        made.extend((level, first + offset, value) for offset, value in enumerate(row))
        if first % 2:
            row.insert(0, old[level, first - 1])
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
        level, first = level + 1, first // 2
    return made


# ---------------------------------------------------------------- root and proofs


def root(size: int, reader: NodeReader) -> bytes:
    """The root of the tree of the first `size` leaves."""
    if size == 0:
        return empty_root()
    return _range_hash((0, size), _fetch(needed_nodes_for_root(size), reader))


def inclusion_proof(index: int, size: int, reader: NodeReader) -> list[bytes]:
    """The proof that the leaf at `index` is in the tree of `size` leaves (§2.1.3.1), lowest sibling first."""
    return _range_hashes(inclusion_ranges(index, size), reader)


def consistency_proof(old: int, new: int, reader: NodeReader) -> list[bytes]:
    """The proof that the tree of `old` leaves is the beginning of the tree of `new` leaves (§2.1.4.1).

    It is empty where there is nothing to prove: from the empty tree, and between equal sizes.
    """
    return _range_hashes(consistency_ranges(old, new), reader)


# ---------------------------------------------------------------- verifiers


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether `proof` shows the leaf with hash `leaf` at `index` in the tree of `size` leaves (§2.1.3.2)."""
    if not (_is_number(index) and _is_number(size) and index < size):
        return False
    if not (_is_hash(leaf) and _is_hash(tree_root) and _is_path(proof)):
        return False
    sides = _sides(index, size - 1, len(proof))
    if sides is None:
        return False
    value = leaf
    for sibling, on_left in zip(proof, sides, strict=True):
        value = node_hash(sibling, value) if on_left else node_hash(value, sibling)
    return value == tree_root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree (`old`, `old_root`) is the beginning of (`new`, `new_root`) (§2.1.4.2).

    Two cases lie outside the RFC's algorithm and take an empty proof only: equal sizes must have equal roots, and the
    empty tree, whose root is `empty_root()`, is the beginning of every tree.
    """
    if not (_is_number(old) and _is_number(new) and old <= new):
        return False
    if not (_is_hash(old_root) and _is_hash(new_root) and _is_path(proof)):
        return False
    if old == 0 and old_root != empty_root():
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof
    return _verify_growth(old, new, old_root, new_root, proof)


def _verify_growth(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """For 0 < old < new: both roots are computed from one path."""
    if not proof:
        return False
    # A complete old tree is a node of the new one, which the proof leaves out.
    first, *path = [old_root, *proof] if old & (old - 1) == 0 else proof
    position, last = old - 1, new - 1
    while position % 2:
        position, last = position >> 1, last >> 1
    sides = _sides(position, last, len(path))
    if sides is None:
        return False
    old_value = new_value = first
    for sibling, on_left in zip(path, sides, strict=True):
        if on_left:
            old_value = node_hash(sibling, old_value)
        new_value = node_hash(sibling, new_value) if on_left else node_hash(new_value, sibling)
    return old_value == old_root and new_value == new_root


def _sides(position: int, last: int, count: int) -> list[bool] | None:
    """For each of `count` siblings on the way up, whether it stands on the left; None where the way has another length.

    `position` and `last` are the RFC's fn and sn: the node climbed from, and the right edge of its level.
    """
    sides: list[bool] = []
    for _ in range(count):
        if last == 0:
            return None
        on_left = position % 2 == 1 or position == last
        while on_left and position and position % 2 == 0:  # a right edge has no sibling on these levels
            position, last = position >> 1, last >> 1
        sides.append(on_left)
        position, last = position >> 1, last >> 1
    return sides if last == 0 else None


def _range_hashes(ranges: Sequence[LeafRange], reader: NodeReader) -> list[bytes]:
    known = _fetch([key for leaves in ranges for key in complete_subtrees(leaves)], reader)
    return [_range_hash(leaves, known) for leaves in ranges]


def _range_hash(leaves: LeafRange, known: Mapping[NodeKey, bytes]) -> bytes:
    """MTH(D[start:end]), folded from the complete subtrees, right to left."""
    *larger, value = (known[key] for key in complete_subtrees(leaves))
    for left in reversed(larger):
        value = node_hash(left, value)
    return value


def _fetch(keys: Sequence[NodeKey], reader: NodeReader) -> Mapping[NodeKey, bytes]:
    known = reader.nodes(keys)
    for level, index in keys:
        if (level, index) not in known:
            raise NodeMissing(level, index)
    return known


# ---------------------------------------------------------------- what a stranger sent


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SIZE


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_BYTES


def _is_path(value: object) -> bool:
    """No tree is higher than 63, and a consistency proof holds one hash more than that."""
    return isinstance(value, list | tuple) and len(value) <= MAX_SIZE.bit_length() + 1 and all(map(_is_hash, value))
