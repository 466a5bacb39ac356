"""The tablet's ports on CPython: the contract that both sides share, and what only this side can show."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import Code, LedgerError
from sync.device.native import DirectoryDatabase, DirectoryFiles, FileKeys, RequestsTransport, SystemClock
from sync.device.ports import Request
from tests.device.port_contract import CHECKS, Check, Ports
from tests.device.probe_server import probe_server


@pytest.fixture(scope="module")
def probe() -> Iterator[str]:
    with probe_server() as address:
        yield address


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
def test_contract(check: Check, tmp_path: Path, probe: str) -> None:
    transport = RequestsTransport(probe + "/")
    home = tmp_path / "tablet"
    files, database, keys = DirectoryFiles(home / "files"), DirectoryDatabase(home / "db"), FileKeys(home / "keys")
    ports = Ports(files, database, keys, transport, SystemClock())
    asyncio.run(_run(check, ports))
    transport.close()


async def _run(check: Check, ports: Ports) -> None:
    await check(ports)


@pytest.mark.parametrize("call", ["mkdir", "open", "fsync", "replace"])
@pytest.mark.parametrize("nth", range(4))
@pytest.mark.parametrize("old", [None, b"old"])
def test_no_space_at_any_step_leaves_nothing_half_done(
    call: str, nth: int, old: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = DirectoryFiles(tmp_path)
    if old is not None:
        asyncio.run(files.write("photos/a", old))
    failed = _fail(call, nth, monkeypatch)
    problem: LedgerError | None = None
    try:
        asyncio.run(files.write("photos/a", b"new"))
    except LedgerError as caught:
        problem = caught
    monkeypatch.undo()
    assert bool(failed) == (problem is not None)
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]
    if problem is None:
        assert asyncio.run(files.read("photos/a")) == b"new"
        return
    assert problem.code == Code.DISK_FULL
    if old is None:
        assert asyncio.run(files.size("photos/a")) is None
    else:
        assert asyncio.run(files.read("photos/a")) in (old, b"new")


def _fail(call: str, nth: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the `nth` of these system calls meet a full disk; the list it gives back is filled when that happened."""
    original, seen, failed = getattr(os, call), [0], list[int]()

    def failing(*args: object, **named: object) -> object:
        seen[0] += 1
        if seen[0] == nth + 1:
            failed.append(nth)
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(*args, **named)

    monkeypatch.setattr(os, call, failing)
    return failed


def test_a_write_flushes_file_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    original = os.fsync

    def noting(descriptor: int) -> None:
        flushed.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).relative_to(tmp_path).as_posix())
        original(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    asyncio.run(DirectoryFiles(tmp_path / "home").write("photos/a", b"x"))
    assert flushed == [".", "home", "home/photos/a.part", "home/photos"]


def test_partial_files_are_invisible_and_can_be_discarded(tmp_path: Path) -> None:
    files = DirectoryFiles(tmp_path)
    asyncio.run(files.write("photos/a", b"whole"))
    (tmp_path / "photos" / "b.part").write_bytes(b"torn")
    assert asyncio.run(files.names("photos")) == ["photos/a"]
    assert asyncio.run(files.discard_partial()) == 1
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["a"]


def test_a_second_process_is_told_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / "db")], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        home = DirectoryDatabase(tmp_path / "db")
        with pytest.raises(LedgerError) as caught:
            asyncio.run(home.connect())
        assert caught.value.code == Code.STORE_OPEN_ELSEWHERE
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    connection = asyncio.run(home.connect())
    assert connection.execute("select a from t").fetchall() == [(1,)]
    connection.close()


_HOLD = """
import asyncio, sys, time
from pathlib import Path
from sync.device.native import DirectoryDatabase
connection = asyncio.run(DirectoryDatabase(Path(sys.argv[1])).connect())
connection.execute("create table t (a)")
connection.execute("insert into t values (1)")
connection.commit()
print("held", flush=True)
time.sleep(60)
"""


def test_a_database_that_does_not_open_gives_the_lock_back(tmp_path: Path) -> None:
    (tmp_path / "db" / "ledger.db").mkdir(parents=True)
    home = DirectoryDatabase(tmp_path / "db")
    for _ in range(2):
        with pytest.raises(Exception, match="unable to open"):
            asyncio.run(home.connect())


def test_key_files_are_private(tmp_path: Path) -> None:
    os.umask(os.umask(0o022))
    asyncio.run(FileKeys(tmp_path / "keys").create("a"))
    [path] = (tmp_path / "keys").glob("*.pem")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    pem = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "a.pem").write_bytes(pem)
    (tmp_path / "b.pem").write_bytes(b"")
    for name in ("a", "b"):
        with pytest.raises(ValueError):
            asyncio.run(FileKeys(tmp_path).load(name))


def test_nobody_listening_is_no_answer() -> None:
    with probe_server() as address:
        gone = address
    with pytest.raises(LedgerError) as caught:
        asyncio.run(RequestsTransport(gone).send(Request("GET", "/v1/echo")))
    assert caught.value.code == Code.NO_ANSWER


@pytest.mark.parametrize("path", ["/v1/cut-head", "/v1/cut-value", "/v1/cut-last-line"])
def test_an_answer_with_a_cut_head_is_no_answer(path: str, probe: str) -> None:
    """Only on this side: over plain HTTP Chromium believes a cut head, over TLS it does not."""
    with pytest.raises(LedgerError) as caught:
        asyncio.run(RequestsTransport(probe).send(Request("GET", path)))
    assert caught.value.code == Code.NO_ANSWER


def test_loading_the_ports_loads_neither_cryptography_nor_requests() -> None:
    code = "import sys, sync.device.native; print([m for m in ('cryptography', 'requests') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
