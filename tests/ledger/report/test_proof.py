"""One proof for many rows, against RFC 9162's own inclusion proofs and against changes."""

from __future__ import annotations

import hashlib
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from schemas import merkle
from sync.ledger.report import proof


def _tree(size: int) -> tuple[list[bytes], merkle.MemoryNodes]:
    leaves = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(size)]
    nodes = merkle.MemoryNodes()
    nodes.extend(leaves)
    return leaves, nodes


@given(st.integers(1, 200), st.data())
def test_the_root_comes_out(size: int, data: st.DataObject) -> None:
    leaves, nodes = _tree(size)
    chosen = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    made = proof.make(chosen, size, nodes)
    assert proof.root_from([(n, leaves[n]) for n in chosen], size, made) == merkle.root(size, nodes)
    singles = {one for n in chosen for one in merkle.inclusion_proof(n, size, nodes)}
    assert len(made) <= len(singles) + 1


@given(st.integers(1, 64), st.integers(0, 2**32))
def test_any_change_is_seen(size: int, seed: int) -> None:
    chance = Random(seed)
    leaves, nodes = _tree(size)
    chosen = sorted(chance.sample(range(size), chance.randint(1, size)))
    made = proof.make(chosen, size, nodes)
    pairs = [(n, leaves[n]) for n in chosen]
    root = merkle.root(size, nodes)
    number = chance.randrange(len(pairs))
    other = [*pairs]
    other[number] = (pairs[number][0], hashlib.sha256(b"other").digest())
    assert proof.root_from(other, size, made) != root
    assert proof.root_from(pairs, size, [*made, b"\0" * 32]) is None
    if made:
        assert proof.root_from(pairs, size, made[:-1]) is None
        swapped = [*made]
        swapped[chance.randrange(len(made))] = hashlib.sha256(b"x").digest()
        assert proof.root_from(pairs, size, swapped) != root


def test_nonsense_is_refused_and_never_raises() -> None:
    leaf = hashlib.sha256(b"").digest()
    assert proof.root_from([], 5, []) is None
    assert proof.root_from([(0, leaf)], 0, []) is None
    assert proof.root_from([(0, leaf)], -1, []) is None
    assert proof.root_from([(7, leaf)], 5, []) is None
    assert proof.root_from([(-1, leaf)], 5, []) is None
    assert proof.root_from([(1, leaf), (1, leaf)], 5, []) is None
    assert proof.root_from([(2, leaf), (1, leaf)], 5, []) is None
    assert proof.root_from([(0, leaf)], 2, [b"short"]) is None
    assert proof.root_from([(0, leaf)], 2**63 - 1, [leaf] * 10) is None
    assert proof.root_from([(0, leaf)], 2**80, [leaf]) is None


def test_ten_thousand_rows_cost_few_hashes() -> None:
    """Half of the rows of a log, in runs of five: the hashes are a fraction of the rows."""
    _, nodes = _tree(20_000)
    chosen = [n for n in range(20_000) if n // 5 % 2]
    assert len(proof.make(chosen, 20_000, nodes)) < 7_000
