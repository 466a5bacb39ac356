"""kill -9 of the server, and of PostgreSQL under it: what was acknowledged is there, and the log proves itself."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from schemas import merkle
from schemas.canonical import sha256_hex
from schemas.entries import Checkpoint
from schemas.protocol import PushAnswer
from sync.central import keys, rows
from sync.central.central import Central, now_ms
from sync.central.verify import verify_log
from tests.central import kit
from tests.central.kit import Hand
from tests.central.wire import CHUNK, TUS, metadata
from tests.postgres import Server, fresh_database
from tests.service import settings

ROOT = Path(__file__).parents[2]
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SERVER_KILLS = 2_000 if SOAK else 20
DATABASE_KILLS = 100 if SOAK else 3


class Killable:
    """The server as a process of its own, from a nursery that ends with this object."""

    def __init__(self, folder: Path, url: str) -> None:
        arguments = [sys.executable, "-m", "tests.central.crash_server", str(folder), url]
        self._nursery = subprocess.Popen(
            arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.url = ""
        self._pid = 0

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        self._nursery.stdin.write(f"{port}\n")
        self._pid = int(self._nursery.stdout.readline())
        self.url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.url}/v1/health", timeout=2).status_code == 200:
                    return
            time.sleep(0.02)
        raise RuntimeError("the server did not start")

    def kill(self) -> None:
        """kill -9, and wait until the process is gone, its lock with it."""
        with contextlib.suppress(ProcessLookupError):
            while self._pid:
                os.kill(self._pid, signal.SIGKILL)
                time.sleep(0.005)
        self._pid = 0

    def end(self) -> None:
        """Kill the server and the nursery."""
        self.kill()
        self._nursery.communicate(timeout=10)


class Tablet(threading.Thread):
    """Pushes entries and photos without end, resends what was not acknowledged, and remembers every acknowledgement."""

    def __init__(self, server: Killable, hand: Hand, token: str, seed: int) -> None:
        super().__init__(daemon=True)
        self._server, self._hand, self._chance = server, hand, random.Random(seed)
        self._headers = {"Authorization": f"Bearer {token}"}
        self.acknowledged: dict[str, int] = {}
        self.photos: list[bytes] = []
        self.heads: list[Checkpoint] = []
        self.stop = threading.Event()
        self.troubles: list[str] = []

    def run(self) -> None:
        waiting: list[dict[str, object]] = []
        while not self.stop.is_set():
            data = kit.jpeg(20_000, seed=self._chance.randrange(10**9))
            while len(waiting) < 8:
                waiting.append(self._hand.entry(body=kit.inspection(data)))
            with contextlib.suppress(requests.RequestException):
                self._push(waiting)
            with contextlib.suppress(requests.RequestException):
                self._photo(data)

    def _push(self, waiting: list[dict[str, object]]) -> None:
        body = {"protocol": 1, "from_size": 0, "entries": waiting}
        answer = requests.post(f"{self._server.url}/v1/entries", json=body, headers=self._headers, timeout=10)
        if answer.status_code in (429, 500):
            return
        if answer.status_code != 200:
            self.troubles.append(answer.text)
            return
        said = PushAnswer.model_validate_json(answer.content)
        self.heads.append(said.checkpoint)
        for receipt in said.receipts:
            if receipt.status not in ("accepted", "duplicate") or receipt.entry is None or receipt.seq is None:
                self.troubles.append(str(receipt))
                continue
            self.acknowledged[receipt.entry] = receipt.seq
        waiting[:] = [entry for entry in waiting if kit.name_of(entry) not in self.acknowledged]

    def _photo(self, data: bytes) -> None:
        headers = self._headers | TUS
        begin = headers | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata(data)}
        answer = requests.post(f"{self._server.url}/v1/uploads", headers=begin, timeout=10)
        if answer.status_code != 201:
            return
        place = self._server.url + answer.headers["location"]
        for start in (0, 10_000):
            more = headers | {"Upload-Offset": str(start), "Content-Type": CHUNK}
            answer = requests.patch(place, data=data[start : start + 10_000], headers=more, timeout=10)
        if answer.status_code == 204:
            self.photos.append(data)


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "central"


def _hands(folder: Path, url: str) -> list[tuple[Hand, str]]:
    from sync.central import sessions

    with kit.opened(folder, url, None) as central:
        central.clock = now_ms
        hands = [kit.enrolled(central, f"insp{number}") for number in range(2)]
        return [
            (
                hand,
                sessions.seal(
                    central.secret,
                    sessions.Token(hand.account, hand.device, hand.key_id, "device-key", now_ms() + 10**9),
                ),
            )
            for hand in hands
        ]


def _check(folder: Path, url: str, tablets: list[Tablet]) -> None:
    """Acknowledged is present, the log verifies, and every head that anyone was given is a beginning of it."""
    central = Central(settings(folder, url))
    try:
        with central.store.read() as connection:
            verdict = verify_log(connection, central.key.public_key, photo_dir=central.settings.photo_dir)
            assert verdict.holds, verdict.findings
            size = rows.size(connection)
            for tablet in tablets:
                assert tablet.troubles == []
                found = rows.by_hashes(connection, list(tablet.acknowledged))
                assert {name: row.seq for name, row in found.items()} == tablet.acknowledged
                for head in tablet.heads:
                    assert keys.verify(central.key.public_key, head.signed_bytes(), bytes.fromhex(head.sig))
                    proof = [bytes.fromhex(value) for value in rows.consistency(connection, head.size, size)]
                    roots = bytes.fromhex(head.root), rows.root_at(connection, size)
                    assert merkle.verify_consistency(head.size, size, *roots, proof)
                for data in tablet.photos:
                    name = sha256_hex(data)
                    path = central.settings.photo_dir / name[:2] / name[2:4] / name
                    assert path.read_bytes() == data
    finally:
        central.close()


def _storm(folder: Path, url: str, kills: int, strike: object = None) -> list[Tablet]:
    """Load from two tablets while the server is killed `kills` times at random moments; `strike` does more harm."""
    hands = _hands(folder, url)
    server = Killable(folder, url)
    server.start()
    tablets = [Tablet(server, hand, token, number) for number, (hand, token) in enumerate(hands)]
    for tablet in tablets:
        tablet.start()
    chance = random.Random(7)
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.02, 0.3))
            if callable(strike):
                strike()
            server.kill()
            server.start()
        time.sleep(0.5)
    finally:
        for tablet in tablets:
            tablet.stop.set()
        for tablet in tablets:
            tablet.join(30)
        server.end()
    return tablets


def test_the_server_killed_under_load_loses_nothing_it_acknowledged(prepared: Path) -> None:
    tablets = _storm(prepared, "", SERVER_KILLS)
    assert sum(len(tablet.acknowledged) for tablet in tablets) > SERVER_KILLS
    _check(prepared, "", tablets)


@pytest.mark.postgres
def test_postgresql_killed_under_load_loses_nothing_that_was_acknowledged(
    prepared: Path, postgres_server: Server
) -> None:
    with fresh_database(postgres_server.url) as url:
        tablets = _storm(prepared, url, DATABASE_KILLS, postgres_server.restart_after_kill)
        assert sum(len(tablet.acknowledged) for tablet in tablets) > 0
        _check(prepared, url, tablets)
