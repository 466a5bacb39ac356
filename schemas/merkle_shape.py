"""Which complete subtrees of a Merkle tree an append, a root or a proof needs: arithmetic on leaf numbers, no hash.

A store asks here what to fetch, so that the nodes of many proofs come in one query; `schemas.merkle` does the hashing.
The recursion of RFC 9162 §2.1 is written as a walk from the root towards one leaf.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

NodeKey: TypeAlias = tuple[int, int]
"""(level, index): the complete subtree over leaves index·2^level up to, not including, (index + 1)·2^level."""

LeafRange: TypeAlias = tuple[int, int]
"""Leaves from the first number up to, not including, the second: the RFC's D[k1:k2]."""

MAX_SIZE = 2**63 - 1
"""Tree sizes beyond a signed 64-bit integer are refused, so that no input can make a verifier work for long."""


def needed_nodes_for_append(size: int, count: int) -> list[NodeKey]:
    """The old nodes that `append_nodes` reads: left neighbours that now get a right one."""
    _check_sizes(size, size + count)
    return [
        (level, (size >> level) - 1)
        for level in range(size.bit_length())
        if (size >> level) % 2 and (size >> level) < ((size + count) >> level)
    ]


def needed_nodes_for_root(size: int) -> list[NodeKey]:
    """The nodes that `root` reads: one for each bit of `size`."""
    _check_sizes(0, size)
    return list(complete_subtrees((0, size)))


def needed_nodes_for_inclusion(index: int, size: int) -> list[NodeKey]:
    """The nodes that `inclusion_proof` reads; unite those of many proofs and fetch them in one query."""
    return [key for leaves in inclusion_ranges(index, size) for key in complete_subtrees(leaves)]


def needed_nodes_for_consistency(old: int, new: int) -> list[NodeKey]:
    """The nodes that `consistency_proof` reads."""
    return [key for leaves in consistency_ranges(old, new) for key in complete_subtrees(leaves)]


def inclusion_ranges(index: int, size: int) -> list[LeafRange]:
    """PATH(index, D[0:size]) of §2.1.3.1 as ranges of leaves, lowest sibling first."""
    _check_sizes(0, size)
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    start, end = 0, size
    ranges: list[LeafRange] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[LeafRange]:
    """PROOF(old, D[0:new]) of §2.1.4.1 as ranges of leaves, in the RFC's order; empty where nothing is to be proved."""
    _check_sizes(old, new)
    if old in (0, new):
        return []
    start, end = 0, new
    ranges: list[LeafRange] = []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # else the subtree reached is the whole old tree, whose root the verifier has
        ranges.append((start, end))
    return ranges[::-1]


def complete_subtrees(leaves: LeafRange) -> Iterator[NodeKey]:
    """The fewest nodes that cover `leaves`, left to right; each is smaller than the one before."""
    start, end = leaves
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _split(count: int) -> int:
    """The largest power of two that is smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _check_sizes(old: int, new: int) -> None:
    if not 0 <= old <= new <= MAX_SIZE:
        raise ValueError(f"tree sizes out of order or range: {old}, {new}")
