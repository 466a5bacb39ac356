"""Entries into the log: what central does to a signed entry against verifying its signature and nothing more.

Ours: batches of 200 through `push`, the function below HTTP: parse, check, name, verify, admit, append with Merkle
nodes and projections, sign the checkpoint, commit durably, answer with receipts. The second figure is the same over
real HTTP to a server in a process of its own, as a tablet sends it.

Yardstick: `cryptography` verifies the same entries' signatures over bytes that lie ready, with the key loaded once, in
one thread. No server that believes signatures can do less, so the ratio says how much all the rest costs.

A tablet sends entries first and photos after them: so of eight entries three list no photo, four list one that central
awaits, and one lists a photo that came while the form was open. Its evidence is complete at once, and central adds and
signs an entry of its own that says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import insert

from benchmarks.centrals import enrolled
from benchmarks.measure import Figure, Pairs, disk_folder, timed
from benchmarks.samples import ACCOUNT, JPEG_BYTES, Pen, photo_hash
from benchmarks.serving import central_command, serving
from schemas.canonical import canonical
from schemas.entries import signed_bytes
from schemas.protocol import MAX_BATCH_ENTRIES, PushAnswer
from sync.central.central import Central
from sync.central.push import push
from sync.central.sessions import Token, seal
from sync.central.settings import CentralSettings
from sync.central.tables import photos
from tests.postgres import fresh_database, programs, running_server

BATCHES = 40
_HELD = 200
GOALS = {"SQLite": 0.3, "PostgreSQL": 0.25}

Batch = list[dict[str, Any]]
Sender = Callable[[Any], PushAnswer]
Packer = Callable[[Batch], Any]


def run() -> Iterator[Figure]:
    """Both stores, each below HTTP and over it."""
    with ExitStack() as stack:
        folder = stack.enter_context(disk_folder())
        yield from _store("SQLite", folder / "sqlite", "")
        if programs() is not None:
            server = stack.enter_context(running_server())
            yield from _store("PostgreSQL", folder / "postgres", stack.enter_context(fresh_database(server.url)))


def _store(name: str, folder: Path, url: str) -> Iterator[Figure]:
    settings = CentralSettings(
        data_dir=folder, database_url=url.replace("postgresql://", "postgresql+psycopg://"), demo_units=True,
        min_free_bytes=0, requests_per_minute=1_000_000,
    )  # fmt: skip
    central = Central.create(settings)
    pen = enrolled(central)
    _hold_photos(central)
    token = Token(pen.account, pen.device, None, "device-key", (int(time.time()) + 3600) * 1000)
    bearer = seal(central.secret, token)
    pairs = _measure(pen, lambda batch: batch, _below_http(central, pen))
    yield _figure(f"entries, {name}, `push`", GOALS[name], pairs)
    central.close()
    with serving(*central_command(settings)) as address, requests.Session() as session:
        session.headers.update({"authorization": f"Bearer {bearer}", "content-type": "application/json"})
        yield _figure(f"entries, {name}, over HTTP", None, _measure(pen, _packed, _over_http(session, address)))


def _measure(pen: Pen, pack: Packer, send: Sender) -> Pairs:
    """Batch by batch, the yardstick and ours on the same entries."""
    for _ in range(3):  # warm: connections, statements, the page cache
        _send(pack(_batch(pen)), send)
    pairs = Pairs([], [])
    for _ in range(BATCHES):
        batch = _batch(pen)
        signed = [(signed_bytes(entry), bytes.fromhex(entry["sig"])) for entry in batch]
        packed = pack(batch)
        pairs.yardstick.append(timed(lambda signed=signed: _verify_all(pen.public_key, signed)))
        pairs.ours.append(timed(lambda packed=packed: _send(packed, send)))
    return pairs


def _send(packed: Any, send: Sender) -> None:
    answer = send(packed)
    assert all(receipt.code is None for receipt in answer.receipts), answer.receipts[0]


def _verify_all(public_key: bytes, signed: list[tuple[bytes, bytes]]) -> None:
    key = Ed25519PublicKey.from_public_bytes(public_key)
    for message, signature in signed:
        key.verify(signature, message)


def _below_http(central: Central, pen: Pen) -> Sender:
    with central.store.read() as connection:
        caller = central.caller(connection, ACCOUNT, "device-key", pen.device, None)
    return lambda batch: push(central, caller, 0, batch)


def _packed(batch: Batch) -> bytes:
    """The request as the tablet sends it: entries lie ready as bytes there."""
    return b'{"protocol":1,"from_size":0,"entries":[' + b",".join(canonical(entry) for entry in batch) + b"]}"


def _over_http(session: requests.Session, address: str) -> Sender:
    def send(data: bytes) -> PushAnswer:
        answer = session.post(f"{address}/v1/entries", data=data, timeout=60)
        return PushAnswer.model_validate_json(answer.content)

    return send


def _batch(pen: Pen) -> Batch:
    return [pen.inspection(_photos_of(pen.device_seq)) for _ in range(MAX_BATCH_ENTRIES)]


def _photos_of(number: int) -> list[str]:
    """None, one that central holds, or one that it awaits; see the head of this file."""
    if number % 8 < 3:
        return []
    return [photo_hash(number % _HELD if number % 8 == 3 else _HELD + number)]


def _hold_photos(central: Central) -> None:
    rows = [
        {"sha256": photo_hash(n), "bytes": JPEG_BYTES, "received_ms": 1, "device": "bench", "account": ACCOUNT}
        for n in range(_HELD)
    ]
    with central.store.write() as connection:
        connection.execute(insert(photos), rows)


def _figure(what: str, goal: float | None, pairs: Pairs) -> Figure:
    return Figure(
        what=what,
        goal=f"≥ {goal}x" if goal else "–",
        ratio=f"{pairs.speed_ratio:.2f}x",
        ours=f"{MAX_BATCH_ENTRIES / pairs.ours_s:,.0f} entries/s",
        yardstick=f"{MAX_BATCH_ENTRIES / pairs.yardstick_s:,.0f} verifications/s",
        reached=None if goal is None else pairs.speed_ratio >= goal,
    )
