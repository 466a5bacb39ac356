"""One proof for many rows of the log (RFC 9162 trees): the rows, and the fewest subtree hashes that complete the root.

The verifier walks from the root down: a stretch without a proven row is one given hash, a stretch of one proven row is
that row's leaf, anything else is the hash of its two halves. So n rows cost their leaves and no hash twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from schemas import merkle
from schemas.merkle_shape import MAX_SIZE, LeafRange, NodeKey, complete_subtrees

MAX_HASHES = 4_000_000


def gaps(leaves: Sequence[int], size: int) -> list[LeafRange]:
    """The stretches, left to right, whose hashes prove `leaves` (sorted, unique) in the tree of `size`."""
    return list(_gaps(leaves, 0, size)) if leaves else []


def needed_nodes(leaves: Sequence[int], size: int) -> list[NodeKey]:
    """The nodes that `make` reads: fetch them in one question."""
    return [key for stretch in gaps(leaves, size) for key in complete_subtrees(stretch)]


def make(leaves: Sequence[int], size: int, reader: merkle.NodeReader) -> list[bytes]:
    """The hashes of the stretches without proven rows. Raises merkle.NodeMissing for a hole in the store."""
    known = reader.nodes(needed_nodes(leaves, size))
    return [_joined(stretch, known) for stretch in gaps(leaves, size)]


def root_from(leaf_hashes: Sequence[tuple[int, bytes]], size: int, hashes: Sequence[bytes]) -> bytes | None:
    """The root that these leaves (index, hash) and hashes give, or None where they do not fit a tree of `size`.

    It reads what a stranger sent and never raises.
    """
    leaves = [index for index, _ in leaf_hashes]
    if not 0 < size <= MAX_SIZE or not leaves or leaves[0] < 0 or leaves[-1] >= size:
        return None
    if any(a >= b for a, b in pairwise(leaves)):
        return None
    if any(len(one) != merkle.HASH_BYTES for one in hashes) or len(hashes) > MAX_HASHES:
        return None
    walk = _Walk(leaves, [value for _, value in leaf_hashes], iter(hashes))
    try:
        root = walk.hash(0, size)
    except StopIteration:
        return None
    return None if next(walk.hashes, None) is not None else root


class _Walk:
    """From the root down; as deep as the tree is high, 63 levels at most."""

    def __init__(self, leaves: Sequence[int], values: Sequence[bytes], hashes: Iterator[bytes]) -> None:
        self.leaves = leaves
        self.values = values
        self.hashes = hashes

    def hash(self, start: int, end: int) -> bytes:
        first = bisect_left(self.leaves, start)
        if first == len(self.leaves) or self.leaves[first] >= end:
            return next(self.hashes)
        if end - start == 1:
            return self.values[first]
        middle = start + _split(end - start)
        left = self.hash(start, middle)
        return merkle.node_hash(left, self.hash(middle, end))


def _gaps(leaves: Sequence[int], start: int, end: int) -> Iterator[LeafRange]:
    first = bisect_left(leaves, start)
    if first == len(leaves) or leaves[first] >= end:
        yield start, end
    elif end - start > 1:
        middle = start + _split(end - start)
        yield from _gaps(leaves, start, middle)
        yield from _gaps(leaves, middle, end)


def _joined(stretch: LeafRange, known: object) -> bytes:
    found = None
    for key in reversed(list(complete_subtrees(stretch))):
        try:
            value: bytes = known[key]  # type: ignore[index]
        except KeyError:
            raise merkle.NodeMissing(*key) from None
        found = value if found is None else merkle.node_hash(value, found)
    if found is None:
        raise ValueError("an empty stretch")
    return found


def _split(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)
