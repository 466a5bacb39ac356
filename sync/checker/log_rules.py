"""What must hold of central's log alone: I3, I4, I5, I7, I8, I9, I11, I12, I13 and central's half of I16.

Keys, device states and gaps are read from the log's own rows (`history.py`), not from the tables that central derives
from them; those are compared at the end.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from schemas.canonical import canonical
from schemas.entries import Checkpoint
from schemas.ids import CENTRAL_DEVICE, key_id
from sync.checker.history import (
    LEVEL,
    History,
    admitted_by,
    embedded_head,
    grown,
    head_fault,
    history,
    leaf_of,
    listed_photos,
    log_key,
    lost_history,
    replay,
    signed,
)
from sync.checker.world import CentralRow, CentralState, Violation, World, file_hash

Rule = Callable[[World], Iterator[Violation]]


def one_leaf_an_entry(world: World) -> Iterator[Violation]:
    """I3: one row, one leaf, one name, one accepted id; rows numbered without holes; names are the bytes' hashes."""
    state = world.central
    if state is None:
        return
    for name, count in Counter(row.name for row in state.rows).items():
        if count > 1:
            yield Violation("I3", state.where, f"entry {name[:12]} stands in {count} rows")
    for entry_id, count in Counter(row.id for row in state.rows if row.accepted).items():
        if count > 1:
            yield Violation("I3", state.where, f"id {entry_id} was accepted {count} times")
    for place, row in enumerate(state.rows, 1):
        if row.seq != place:
            yield Violation("I3", state.where, f"row {row.seq} stands at place {place}")
            return
    for row in state.rows:
        if hashlib.sha256(row.data).hexdigest() != row.name:
            yield Violation("I3", state.where, f"row {row.seq}: the bytes do not match the name")
        entry = row.entry
        told = tuple(entry.get(key) for key in ("id", "kind", "unit", "author", "device", "device_seq", "supersedes"))
        if told != (row.id, row.kind, row.unit, row.author, row.device, row.device_seq, row.supersedes):
            yield Violation("I3", state.where, f"row {row.seq}: the columns do not match the bytes")
    leaves = sum(1 for place in state.nodes if place < LEVEL)
    if leaves != len(state.rows):
        yield Violation("I3", state.where, f"{leaves} leaves for {len(state.rows)} rows")


def no_gap(world: World) -> Iterator[Violation]:
    """I4: numbered entries and closed numbers make 1..n in order, each naming the one before it."""
    state = world.central
    if state is None:
        return
    told = History()
    for row in state.rows:
        known = told.devices.get(row.device)
        if row.numbered and row.seq > 1:
            number, head = (known.number, known.head) if known else (0, None)
            if row.device_seq != number + 1:
                yield Violation("I4", state.where, f"{row.device}: number {row.device_seq} after {number}")
            elif head is not None and row.entry.get("prev_hash") != head:
                yield Violation("I4", state.where, f"{row.device}: number {row.device_seq} breaks the chain")
        if row.accepted and row.kind == "gap_closed":
            body = row.entry["body"]
            gone = told.devices.get(body["device"])
            if gone is None or body["first"] != gone.number + 1 or body["last"] < body["first"]:
                yield Violation("I4", state.where, f"row {row.seq} closes numbers that are not next")
        replay(told, row)


def no_fork(world: World) -> Iterator[Violation]:
    """I5: one numbered entry for a (device, number); a second one is kept as refused, and the device is frozen."""
    state = world.central
    if state is None:
        return
    taken = Counter((row.device, row.device_seq) for row in state.rows if row.numbered)
    for (device, number), count in taken.items():
        if count > 1:
            yield Violation("I5", state.where, f"{device}: number {number} was taken {count} times")
    told = History()
    for row in state.rows:
        replay(told, row)
        if row.numbered:
            continue
        if row.accepted:
            yield Violation("I5", state.where, f"row {row.seq} was accepted without a number")
        known = told.devices.get(row.device)
        stopped = known is not None and known.state != "active"
        if row.reason == "fork" and not stopped and not _frozen_after(state, row):
            yield Violation("I5", state.where, f"row {row.seq} is a fork and {row.device} was not frozen")


def causal_order(world: World) -> Iterator[Violation]:
    """I7: what an accepted entry supersedes stands before it, unless its number or its history was declared lost."""
    state = world.central
    if state is None:
        return
    told = History()
    accepted: set[str] = set()
    for row in state.rows:
        if row.accepted and row.supersedes and row.supersedes not in accepted:
            device = told.devices.get(row.device)
            embedded = embedded_head(row)
            gone = device is not None and device.closed
            if not gone and not (embedded and lost_history(embedded, told.restores)):
                yield Violation("I7", state.where, f"row {row.seq} supersedes {row.supersedes}, which is not before it")
        if row.accepted:
            accepted.add(row.id)
        accepted |= {let_in.id for let_in in admitted_by(told, row)}
        replay(told, row)


def monotonic(world: World) -> Iterator[Violation]:
    """I8: nodes, and every checkpoint that anyone ever saw, are those of the rows."""
    state = world.central
    if state is None:
        return
    nodes, roots = grown(tuple(leaf_of(row) for row in state.rows))
    wrong = [place for place in nodes.keys() | state.nodes.keys() if nodes.get(place) != state.nodes.get(place)]
    for place in sorted(wrong)[:5]:
        yield Violation("I8", state.where, f"node {place // LEVEL}/{place % LEVEL} is not that of the rows")
    public_key = log_key(state)
    log = key_id(bytes.fromhex(public_key)) if public_key else "0" * 32
    told = history(state)
    for size, root, at_ms, sig in state.checkpoints:
        fault = head_fault(Checkpoint(log=log, size=size, root=root, at_ms=at_ms, sig=sig), public_key, roots, [])
        if fault:
            yield Violation("I8", state.where, f"checkpoint {size}: {fault}")
    if state.rows and (not state.checkpoints or state.checkpoints[-1][0] != len(state.rows)):
        yield Violation("I8", state.where, "no checkpoint covers the last row")
    for row in state.rows:
        head = embedded_head(row)
        if head is None or row.reason == "checkpoint_forged":
            continue
        fault = head_fault(head, public_key, roots, told.restores)
        if fault is None and head.size >= row.seq and not lost_history(head, told.restores):
            fault = "it covers the row itself"
        if fault:
            yield Violation("I8", state.where, f"checkpoint {head.size} in row {row.seq}: {fault}")
    for where, head in _heads_of_others(world):
        fault = head_fault(head, public_key, roots, told.restores)
        if fault:
            yield Violation("I8", where, f"checkpoint {head.size}: {fault}")


def photo_names(world: World) -> Iterator[Violation]:
    """I9: a photo's name is the hash of its bytes, in both kinds of store; what central lists it has, whole."""
    for tablet in world.tablets:
        for path in tablet.files:
            if file_hash(path) != path.name:
                yield Violation("I9", tablet.where, f"photo {path.name[:12]} does not match its name")
    state = world.central
    if state is None:
        return
    here = {path.name: path for path in state.files}
    for path in state.files:
        if file_hash(path) != path.name or path.parts[-3:-1] != (path.name[:2], path.name[2:4]):
            yield Violation("I9", state.where, f"photo {path.name[:12]} does not match its name or place")
    for sha256, length in state.photos.items():
        if sha256 not in here:
            yield Violation("I9", state.where, f"photo {sha256[:12]} is listed and its file is not there")
        elif here[sha256].stat().st_size != length:
            yield Violation("I9", state.where, f"photo {sha256[:12]} has another length than noted")


def completeness(world: World) -> Iterator[Violation]:
    """I11: an evidence row names all photos of an accepted entry, all held; and stands as soon as they all are."""
    state = world.central
    if state is None:
        return
    accepted: dict[str, CentralRow] = {}
    proven: set[str] = set()
    held = state.held
    told = History()
    for row in state.rows:
        accepted.update({let_in.id: let_in for let_in in admitted_by(told, row)})
        replay(told, row)
        if not row.accepted:
            continue
        if row.kind != "evidence":
            accepted.setdefault(row.id, row)
            continue
        about = row.entry["about"][0]
        named = set(row.entry["body"]["photos"])
        subject = accepted.get(about)
        if subject is None or listed_photos(subject) != named:
            yield Violation("I11", state.where, f"row {row.seq} proves other photos than {about} lists")
        if not named <= held:
            yield Violation("I11", state.where, f"row {row.seq} says that photos are held which are not")
        if about in proven:
            yield Violation("I11", state.where, f"row {row.seq} proves {about} again")
        proven.add(about)
    for entry_id, row in accepted.items():
        wanted = listed_photos(row)
        if wanted and wanted <= state.photos.keys() and entry_id not in proven:
            yield Violation("I11", state.where, f"row {row.seq} has all its photos and no evidence row")


def attribution(world: World) -> Iterator[Violation]:
    """I12: each row verifies under a key that the log had enrolled before it, and counts for that key's account."""
    state = world.central
    if state is None:
        return
    told = History()
    own = log_key(state)
    for row in state.rows:
        entry = row.entry
        public_key = own if row.device == CENTRAL_DEVICE else None
        account = row.author
        if row.device != CENTRAL_DEVICE:
            key = told.keys.get(entry.get("key", ""))
            if key is not None and key[0] == row.device:
                account, public_key = key[1], key[2]
        unsigned = {name: value for name, value in entry.items() if name != "sig"}
        if public_key is None:
            yield Violation("I12", state.where, f"row {row.seq}: its key was not enrolled before it")
        elif not signed(public_key, canonical(unsigned), str(entry.get("sig", ""))):
            yield Violation("I12", state.where, f"row {row.seq}: the signature does not hold")
        if row.accepted and account != row.author:
            yield Violation("I12", state.where, f"row {row.seq}: {row.author} signed with the key of {account}")
        device = told.devices.get(row.device)
        if row.accepted and device is not None and device.state != "active":
            yield Violation("I12", state.where, f"row {row.seq}: accepted while {row.device} was {device.state}")
        replay(told, row)


def interval(world: World) -> Iterator[Violation]:
    """I13: not-before (the embedded checkpoint) lies before not-after (the receipt); receipts never run backwards."""
    state = world.central
    if state is None:
        return
    last = 0
    for row in state.rows:
        head = embedded_head(row)
        if row.received_ms <= 0:
            yield Violation("I13", state.where, f"row {row.seq} has no time of receipt")
        if row.received_ms < last:
            yield Violation("I13", state.where, f"row {row.seq} was received before the row above it")
        if head is not None and row.reason != "checkpoint_forged" and head.at_ms > row.received_ms:
            yield Violation("I13", state.where, f"row {row.seq} was received before the checkpoint that it embeds")
        last = max(last, row.received_ms)


def derivable_log(world: World) -> Iterator[Violation]:
    """I16 at central: keys, devices, photo lists, evidence and admissions follow from the rows alone."""
    state = world.central
    if state is None:
        return
    told = history(state)
    expected: dict[str, set[tuple[Any, ...]]] = {
        "keys": {(key, *rest) for key, rest in told.keys.items()},
        "devices": {(name, d.unit, d.state, d.number, d.head, d.cause) for name, d in told.devices.items()},
        "listed_photos": set(told.listed),
        "evidence": set(told.evidence.items()),
        "admitted": set(told.admitted.items()),
    }
    stored = {
        "keys": state.keys,
        "devices": state.devices,
        "listed_photos": state.listed,
        "evidence": state.evidence,
        "admitted": state.admitted,
    }
    for table, content in expected.items():
        for item in sorted(content ^ stored[table], key=str)[:3]:
            side = "lacks" if item in content else "has too much"
            yield Violation("I16", state.where, f"{table} {side}: {item}")


LOG_RULES: tuple[Rule, ...] = (
    one_leaf_an_entry,
    no_gap,
    no_fork,
    causal_order,
    monotonic,
    photo_names,
    completeness,
    attribution,
    interval,
    derivable_log,
)


def _frozen_after(state: CentralState, fork: CentralRow) -> bool:
    for row in state.rows[fork.seq :]:
        body = row.entry.get("body", {})
        if row.kind == "device" and body.get("device") == fork.device and body.get("action") in ("freeze", "revoke"):
            return True
    return False


def _heads_of_others(world: World) -> Iterator[tuple[str, Checkpoint]]:
    for tablet in world.tablets:
        if tablet.checkpoint is not None:
            yield tablet.where, tablet.checkpoint
        for _, seen, offered, _ in tablet.alarms:
            for text in (seen, offered):
                if text:
                    yield f"{tablet.where} alarm", Checkpoint.model_validate_json(text)
    for ack in world.said("checkpoint"):
        yield "acknowledged", Checkpoint.model_validate(ack["checkpoint"])
