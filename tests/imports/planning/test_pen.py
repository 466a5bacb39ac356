"""What a pen writes is what anybody reads and can verify, whether it writes here or in a process of its own."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.canonical import canonical, parse_json, sha256_hex
from schemas.entries import GENESIS_HASH, Disposition, LogRow, entry_bytes, entry_json, parse_entry
from schemas.ids import is_entry_id, key_id, uuid7
from schemas.merkle import leaf_hash
from sync.central.ready import ReadyRun
from sync.imports.pen import Heading, Pen, PenProcess, Said, ids_at

HEADING = Heading("import-1", "district-1", "cli", 1_795_000_000_000, 480, GENESIS_HASH)
OLD = uuid7(1, bytes(10))


def said(count: int) -> Said:
    bodies = [f'{{"name":"图斑 {number}"}}' for number in range(count)]
    return Said("parcel", ["DEMO-LS"] * count, ['["LS-1"]'] * count, bodies, [None, OLD, *[None] * count][:count])


@pytest.mark.parametrize("make", [Pen, PenProcess])
def test_a_chain_can_be_read_and_verified(make: type[Pen] | type[PenProcess]) -> None:
    with ExitStack() as stack:
        pen = make(HEADING)
        if isinstance(pen, PenProcess):
            stack.enter_context(pen)
        key = Ed25519PublicKey.from_public_bytes(pen.public_key)
        signed = [pen.sign(said(3)), pen.sign(said(2))]
    data = [one for batch in signed for one in batch.data]
    names = [name for batch in signed for name in batch.names]
    assert names == [sha256_hex(one) for one in data]
    head = GENESIS_HASH
    for number, one in enumerate(data, 1):
        entry = parse_entry(parse_json(one))
        assert entry_bytes(entry) == one
        assert (entry.device_seq, entry.prev_hash, entry.key) == (number, head, key_id(pen.public_key))
        unsigned = {name: value for name, value in entry_json(entry).items() if name != "sig"}
        key.verify(bytes.fromhex(entry.sig), canonical(unsigned))
        head = names[number - 1]
    assert [parse_entry(parse_json(one)).supersedes for one in data] == [None, OLD, None, None, OLD]
    ids = [name for batch in signed for name in batch.ids]
    assert ids == [parse_entry(parse_json(one)).id for one in data] == sorted(set(ids))


def test_ids_are_those_of_uuid7() -> None:
    made = ids_at(HEADING.now_ms, 5, b"\xff" * 8 + b"\x17" * 8)
    assert made == [
        uuid7(HEADING.now_ms, b"\x00\x05" + b"\x17" * 8), uuid7(HEADING.now_ms, b"\x00\x05" + b"\xff" * 8)
    ]  # fmt: skip
    assert all(map(is_entry_id, made))


def test_leaves_of_a_run_are_those_of_its_rows() -> None:
    names = ["0" * 64, "f" * 64]
    run = ReadyRun("import-1", "a", 1, ["parcel"] * 2, ["u"] * 2, ["x", "y"], [None] * 2, names, [b""] * 2)
    rows = [
        LogRow(seq=seq, entry=name, received_ms=9, disposition=Disposition.ACCEPTED, reason=None)
        for seq, name in enumerate(run.names, 7)
    ]
    assert run.leaves(7, 9) == [leaf_hash(row.leaf_data()) for row in rows]
    assert [run.part(1, 2).leaves(8, 9), run.part(1, 2).first_number] == [run.leaves(7, 9)[1:], 2]
