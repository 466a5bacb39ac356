"""The tree against published vectors, against the RFC's own recursion, against pymerkle, and against liars."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import merkle
from schemas.merkle import MemoryNodes, NodeMissing, verify_consistency, verify_inclusion

# The leaves and roots that the Certificate Transparency implementations share as test vectors.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (leaf index, tree size, proof)
CT_INCLUSION = [
    (0, 1, []),
    (
        0, 8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5, 8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1, 5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
# (old size, new size, proof)
CT_CONSISTENCY = [
    (1, 1, []),
    (
        1, 8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6, 8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2, 5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]

LARGEST = 512
LEAVES = [str(number).encode() for number in range(LARGEST)]


@pytest.fixture(scope="module")
def tree() -> MemoryNodes:
    nodes = MemoryNodes()
    nodes.extend([merkle.leaf_hash(leaf) for leaf in LEAVES])
    return nodes


# ---------------------------------------------------------------- the reference: RFC 9162 §2.1, word for word


def split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


@cache
def mth(start: int, end: int) -> bytes:
    if end == start:
        return sha256().digest()
    if end - start == 1:
        return sha256(b"\0" + LEAVES[start]).digest()
    middle = start + split(end - start)
    return sha256(b"\1" + mth(start, middle) + mth(middle, end)).digest()


def path(index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    k = split(end - start)
    if index < k:
        return [*path(index, start, start + k), mth(start + k, end)]
    return [*path(index - k, start + k, end), mth(start, start + k)]


def subproof(m: int, start: int, end: int, known: bool) -> list[bytes]:
    if m == end - start:
        return [] if known else [mth(start, end)]
    k = split(end - start)
    if m <= k:
        return [*subproof(m, start, start + k, known), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, False), mth(start, start + k)]


# ---------------------------------------------------------------- published vectors


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    nodes = MemoryNodes()
    nodes.extend([merkle.leaf_hash(leaf) for leaf in CT_LEAVES[:size]])
    assert merkle.root(size, nodes).hex() == CT_ROOTS[size]


@pytest.fixture(scope="module")
def published() -> MemoryNodes:
    nodes = MemoryNodes()
    nodes.extend([merkle.leaf_hash(leaf) for leaf in CT_LEAVES])
    return nodes


@pytest.mark.parametrize(("index", "size", "proof"), CT_INCLUSION)
def test_inclusion_proofs_are_the_published_ones(
    published: MemoryNodes, index: int, size: int, proof: list[str]
) -> None:
    assert [value.hex() for value in merkle.inclusion_proof(index, size, published)] == proof
    hashes = [bytes.fromhex(value) for value in proof]
    root = bytes.fromhex(CT_ROOTS[size])
    assert verify_inclusion(merkle.leaf_hash(CT_LEAVES[index]), index, size, hashes, root)


@pytest.mark.parametrize(("old", "new", "proof"), CT_CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(
    published: MemoryNodes, old: int, new: int, proof: list[str]
) -> None:
    assert [value.hex() for value in merkle.consistency_proof(old, new, published)] == proof
    hashes = [bytes.fromhex(value) for value in proof]
    assert verify_consistency(old, new, bytes.fromhex(CT_ROOTS[old]), bytes.fromhex(CT_ROOTS[new]), hashes)


# ---------------------------------------------------------------- every size against the recursion


def indices(size: int, dense_up_to: int = 80) -> Iterator[int]:
    """Every index of a small tree; of a larger one both edges, both sides of the split and a seeded sample."""
    if size <= dense_up_to:
        yield from range(size)
        return
    middle = split(size)
    edges = {0, 1, middle - 1, middle, size - 2, size - 1} | {size & -size, size - (size & -size)}
    sample = random.Random(size).sample(range(size), 6)
    yield from sorted(index for index in edges | set(sample) if index < size)


def test_every_size_to_512_agrees_with_the_recursion(tree: MemoryNodes) -> None:
    for size in range(LARGEST + 1):
        assert merkle.root(size, tree) == mth(0, size), size


def test_inclusion_in_every_size_to_512(tree: MemoryNodes) -> None:
    for size in range(1, LARGEST + 1):
        root = mth(0, size)
        for index in indices(size):
            proof = merkle.inclusion_proof(index, size, tree)
            assert proof == path(index, 0, size), (index, size)
            assert verify_inclusion(tree.node(0, index), index, size, proof, root), (index, size)


def test_consistency_of_every_size_to_512(tree: MemoryNodes) -> None:
    for new in range(1, LARGEST + 1):
        for old in {*indices(new), new}:
            proof = merkle.consistency_proof(old, new, tree)
            assert proof == ([] if old == 0 else subproof(old, 0, new, True)), (old, new)
            assert verify_consistency(old, new, mth(0, old), mth(0, new), proof), (old, new)


@pytest.mark.soak
def test_every_index_and_every_pair_to_512(tree: MemoryNodes) -> None:
    for size in range(1, LARGEST + 1):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, tree)
            assert proof == path(index, 0, size)
            assert verify_inclusion(tree.node(0, index), index, size, proof, mth(0, size))
            proof = merkle.consistency_proof(index + 1, size, tree)
            assert proof == subproof(index + 1, 0, size, True)
            assert verify_consistency(index + 1, size, mth(0, index + 1), mth(0, size), proof)


def test_pymerkle_sees_the_same_tree(tree: MemoryNodes) -> None:
    """Roots and inclusion paths; its consistency proofs have a format of their own."""
    pymerkle = pytest.importorskip("pymerkle")
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for size in range(1, 65):
        oracle.append_entry(LEAVES[size - 1])
        assert oracle.get_root(size) == merkle.root(size, tree)
        for index in range(size):
            base, *siblings = oracle.prove_inclusion(index + 1, size).path
            assert base == tree.node(0, index)
            assert siblings == merkle.inclusion_proof(index, size, tree)


# ---------------------------------------------------------------- growing and reading


@given(st.lists(st.integers(0, 40), max_size=8))
def test_growing_in_batches_makes_the_same_nodes(batches: list[int]) -> None:
    at_once, in_batches = MemoryNodes(), MemoryNodes()
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES[: sum(batches)]]
    at_once.extend(hashes)
    for count in batches:
        in_batches.extend(hashes[in_batches.size : in_batches.size + count])
    every = [(level, index) for level in range(10) for index in range(len(hashes))]
    assert in_batches.nodes(every) == at_once.nodes(every)
    assert len(at_once.nodes(every)) == 2 * len(hashes) - len(hashes).bit_count()


def test_an_append_reads_and_adds_only_what_it_must(tree: MemoryNodes) -> None:
    for size in range(LARGEST - 8):
        asked = merkle.needed_nodes_for_append(size, 8)
        store = MemoryNodes(tree.nodes(asked), size)
        made = merkle.append_nodes(size, [tree.node(0, size + offset) for offset in range(8)], store)
        assert len(asked) <= size.bit_length()
        assert {(level, index): value for level, index, value in made} == tree.nodes([node[:2] for node in made])
        assert not {(level, index) for level, index, _ in made} & set(asked)


def test_the_nodes_of_many_proofs_come_in_one_question(tree: MemoryNodes) -> None:
    size, wanted = 333, [0, 7, 200, 332]
    keys = {key for index in wanted for key in merkle.needed_nodes_for_inclusion(index, size)}
    keys |= set(merkle.needed_nodes_for_consistency(100, size)) | set(merkle.needed_nodes_for_root(size))
    few = MemoryNodes(tree.nodes(keys))
    assert merkle.root(size, few) == mth(0, size)
    assert merkle.consistency_proof(100, size, few) == subproof(100, 0, size, True)
    for index in wanted:
        assert merkle.inclusion_proof(index, size, few) == path(index, 0, size)


def test_a_hole_in_the_store_is_named() -> None:
    with pytest.raises(NodeMissing) as caught:
        merkle.root(6, MemoryNodes({(2, 0): b"x" * 32}))
    assert (caught.value.level, caught.value.index) == (1, 2)
    with pytest.raises(NodeMissing):
        MemoryNodes().node(0, 0)


@pytest.mark.parametrize(
    "question",
    [
        lambda nodes: merkle.inclusion_proof(3, 3, nodes),
        lambda nodes: merkle.inclusion_proof(-1, 3, nodes),
        lambda nodes: merkle.inclusion_proof(0, 0, nodes),
        lambda nodes: merkle.consistency_proof(4, 3, nodes),
        lambda nodes: merkle.consistency_proof(-1, 3, nodes),
        lambda nodes: merkle.root(-1, nodes),
        lambda nodes: merkle.root(2**63, nodes),
        lambda nodes: merkle.append_nodes(-1, [], nodes),
    ],
)
def test_a_wrong_question_is_an_error(tree: MemoryNodes, question: Any) -> None:
    with pytest.raises(ValueError, match=r"tree|size"):
        question(tree)


# ---------------------------------------------------------------- liars


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def damaged(proof: Sequence[bytes], chance: random.Random) -> Iterator[list[bytes]]:
    """Every way to spoil one hash or the length of `proof`; each differs from it."""
    for place in range(len(proof)):
        yield [*proof[:place], flipped(proof[place], chance.randrange(256)), *proof[place + 1 :]]
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[: place + 1], *proof[place:]]
        yield [*proof[:place], proof[place][:31], *proof[place + 1 :]]
        yield [*proof[:place], proof[place] + b"\0", *proof[place + 1 :]]
        if place and proof[place] != proof[place - 1]:
            yield [*proof[: place - 1], proof[place], proof[place - 1], *proof[place + 1 :]]
    yield [*proof, merkle.empty_root()]
    yield [merkle.empty_root(), *proof]
    yield [*proof, *[b"\0" * 32] * 64]
    yield [*proof, b""]
    if proof:
        yield []


SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 255, 257, 512]


@pytest.mark.parametrize("size", SIZES)
def test_false_inclusion_is_refused(tree: MemoryNodes, size: int) -> None:
    chance = random.Random(size)
    root = merkle.root(size, tree)
    for index in indices(size, dense_up_to=17):
        leaf = tree.node(0, index)
        proof = merkle.inclusion_proof(index, size, tree)
        for false in damaged(proof, chance):
            assert not verify_inclusion(leaf, index, size, false, root)
        for other in {*range(-2, min(size + 3, 40)), size, size + 1, 2 * size, -index - 1, 2**64} - {index}:
            assert not verify_inclusion(leaf, other, size, proof, root), (index, size, other)
        assert not verify_inclusion(flipped(leaf, 3), index, size, proof, root)
        assert not verify_inclusion(leaf, index, size, proof, flipped(root, 200))
        assert not verify_inclusion(leaf, index, size, proof, merkle.empty_root())


def test_a_proof_holds_for_its_own_size_only(tree: MemoryNodes) -> None:
    """A size belongs to its root, as in a signed tree head; a size that never was has no root to prove against.

    (Root and proof of one size under the number of another can agree, since RFC 9162 does not hash the size in.)
    """
    roots = [mth(0, size) for size in range(75)]
    for size in range(1, 70):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, tree)
            for claimed in {*range(75)} - {size}:
                assert not verify_inclusion(tree.node(0, index), index, claimed, proof, roots[claimed])
            for claimed in (-1, 0, index, 2**62, 2**63, 2**64):
                assert not verify_inclusion(tree.node(0, index), index, claimed, proof, roots[size])


def test_an_inner_node_does_not_pass_as_a_leaf(tree: MemoryNodes) -> None:
    """Second preimage: the data of an inner node, hashed as a leaf or passed off as a leaf hash, in a lower tree."""
    root = merkle.root(8, tree)
    for index in range(4):
        left, right = tree.node(0, 2 * index), tree.node(0, 2 * index + 1)
        proof = merkle.inclusion_proof(2 * index, 8, tree)[1:]
        for size in (4, 8):
            assert not verify_inclusion(merkle.leaf_hash(left + right), index, size, proof, root)
            assert not verify_inclusion(merkle.leaf_hash(b"\1" + left + right), index, size, proof, root)
        assert not verify_inclusion(tree.node(1, index), index, 8, proof, root)
        assert not verify_inclusion(tree.node(1, index), 2 * index, 8, proof, root)


@pytest.mark.parametrize("new", SIZES)
def test_false_consistency_is_refused(tree: MemoryNodes, new: int) -> None:
    chance = random.Random(new)
    new_root = merkle.root(new, tree)
    for old in {*indices(new, dense_up_to=17), new}:
        old_root = merkle.root(old, tree)
        proof = merkle.consistency_proof(old, new, tree)
        for false in damaged(proof, chance):
            assert not verify_consistency(old, new, old_root, new_root, false), (old, new)
        assert not verify_consistency(old, new, flipped(old_root, 9), new_root, proof)
        assert old == 0 or not verify_consistency(old, new, old_root, flipped(new_root, 9), proof)
        if old < new:
            assert not verify_consistency(new, old, new_root, old_root, proof)
            assert old == 0 or not verify_consistency(old, new, new_root, old_root, proof)
        for claimed in {-1, 0, old - 1, old + 1, new + 1, -old, 2**63} - {old}:
            assert not verify_consistency(claimed, new, old_root, new_root, proof), (old, new, claimed)


def test_a_rewritten_history_has_no_proof(tree: MemoryNodes) -> None:
    """One leaf below `old` differs in the later tree: no honest path of either tree joins the two roots."""
    for old, new in [(1, 2), (3, 7), (6, 8), (7, 8), (8, 9), (20, 64), (64, 65), (100, 333)]:
        for changed in {0, old // 2, old - 1}:
            hashes = [tree.node(0, index) for index in range(new)]
            hashes[changed] = merkle.leaf_hash(b"rewritten")
            other = MemoryNodes()
            other.extend(hashes)
            for proof in (merkle.consistency_proof(old, new, other), merkle.consistency_proof(old, new, tree), []):
                assert not verify_consistency(old, new, merkle.root(old, tree), merkle.root(new, other), proof)


def test_the_edges_of_consistency(tree: MemoryNodes) -> None:
    empty, three, five = merkle.empty_root(), merkle.root(3, tree), merkle.root(5, tree)
    assert verify_consistency(0, 0, empty, empty, [])
    assert verify_consistency(0, 5, empty, five, [])
    assert verify_consistency(5, 5, five, five, [])
    assert not verify_consistency(0, 0, empty, five, [])
    assert not verify_consistency(0, 0, five, five, [])
    assert not verify_consistency(0, 5, three, five, [])
    assert not verify_consistency(0, 5, empty, five, [five])
    assert not verify_consistency(5, 5, five, three, [])
    assert not verify_consistency(5, 5, five, five, [five])
    assert not verify_consistency(3, 5, three, five, [])
    assert not verify_consistency(5, 3, five, three, [])


def test_bytes_do_not_move_between_neighbours(tree: MemoryNodes) -> None:
    """H(01 | leaf | sibling) is the same when a byte changes sides, so hashes of another length are refused."""
    leaf, sibling, root = tree.node(0, 0), tree.node(0, 1), merkle.root(2, tree)
    assert verify_inclusion(leaf, 0, 2, [sibling], root)
    assert not verify_inclusion(leaf + sibling[:1], 0, 2, [sibling[1:]], root)
    assert not verify_inclusion(leaf[:-1], 0, 2, [leaf[-1:] + sibling], root)


def test_numbers_beyond_the_log_and_truth_values_are_refused() -> None:
    leaf = root = merkle.leaf_hash(b"")
    siblings = [merkle.leaf_hash(bytes([level])) for level in range(64)]
    for sibling in siblings[:62]:
        root = merkle.node_hash(root, sibling)
    assert verify_inclusion(leaf, 0, 2**62, siblings[:62], root)
    for sibling in siblings[62:]:
        root = merkle.node_hash(root, sibling)
    assert not verify_inclusion(leaf, 0, 2**64, siblings, root)
    assert verify_inclusion(leaf, 0, 1, [], leaf)
    assert not verify_inclusion(leaf, False, True, [], leaf)


def test_an_endless_proof_costs_nothing() -> None:
    endless = [b"\0" * 32] * 3_000_000
    started = perf_counter()
    assert not verify_inclusion(b"\0" * 32, 0, 2**62, endless, b"\0" * 32)
    assert not verify_consistency(1, 2**62, b"\0" * 32, b"\0" * 32, endless)
    assert perf_counter() - started < 0.05  # looking at each hash would take ten times that


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.binary(max_size=40),
    st.just(b"\0" * 32), st.lists(st.one_of(st.binary(min_size=32, max_size=32), st.text(), st.none()), max_size=70),
    st.sampled_from([2**63, 2**64, 10**1000, -1, -(2**63)]), st.dictionaries(st.text(), st.integers(), max_size=2),
)


@given(anything, anything, anything, anything, anything)
def test_verifiers_never_raise(a: Any, b: Any, c: Any, d: Any, e: Any) -> None:
    assert isinstance(verify_inclusion(a, b, c, d, e), bool)
    assert isinstance(verify_consistency(a, b, c, d, e), bool)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.lists(st.just(b"\7" * 32), max_size=70))
def test_verifiers_are_quick_at_any_size(first: int, second: int, proof: list[bytes]) -> None:
    low, high = sorted((first, second))
    assert not verify_inclusion(b"\1" * 32, low, high, proof, b"\2" * 32)
    assert not verify_consistency(low, high, b"\1" * 32, b"\2" * 32, proof)
