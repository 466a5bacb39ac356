"""What every side of a tablet port must do, as plain async functions that take the ports.

No pytest here: `test_ports_native.py` runs them on CPython, `tests/e2e/test_pyodide_ports.py` ships this very file into
the browser. Each check uses names of its own, so that all can run in one home; `CHECKS` lists them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace

from schemas.errors import Code, LedgerError
from sync.device.ports import Answer, Clock, DatabaseHome, Files, Keys, Request, Transport

OUTSIDE = [
    "", "/", "a", "a/", "/a", "../a", "a/..", "a/../b", "a/./b", "a//b", "a/.b", "a/b.", "a/b/c/d", "A/b", "a/B",
    "a/b c", "a\\b/c", "a/b\n", "a/b\0", "a/ü", "a/b.part", "a/" + "b" * 201, "C:/b", "a/b%2f",
]  # fmt: skip
PHOTO = bytes(range(256)) * 4096


@dataclass(frozen=True)
class Ports:
    """One device's ports, as the checks get them. Behind `transport` stands `probe_server.py`."""

    files: Files
    database: DatabaseHome
    keys: Keys
    transport: Transport
    clock: Clock


async def files_read_back_what_was_written(ports: Ports) -> None:
    for name, data in {"round/photo": PHOTO, "round/empty": b"", "round/deep/one.json": b"{}"}.items():
        await ports.files.write(name, data)
        assert await ports.files.read(name) == data
        assert await ports.files.size(name) == len(data)


async def files_replace_whole(ports: Ports) -> None:
    await ports.files.write("replace/a", b"long old content")
    await ports.files.write("replace/a", b"new")
    assert await ports.files.read("replace/a") == b"new"
    assert await ports.files.names("replace") == ["replace/a"]


async def files_read_ranges(ports: Ports) -> None:
    await ports.files.write("range/a", b"0123456789")
    assert await ports.files.read_range("range/a", 2, 3) == b"234"
    assert await ports.files.read_range("range/a", 8, 100) == b"89"
    assert await ports.files.read_range("range/a", 10, 1) == b""
    assert await ports.files.read_range("range/a", 99, 1) == b""
    assert await ports.files.read_range("range/a", 0, 0) == b""
    await refused(ValueError, ports.files.read_range("range/a", -1, 1))
    await refused(ValueError, ports.files.read_range("range/a", 0, -1))


async def files_absent(ports: Ports) -> None:
    await ports.files.write("absent/deep/x", b"x")
    for name in ("absent/a", "nowhere/a", "absent/deep", "absent/deep/x2"):
        assert await ports.files.size(name) is None
        await refused(FileNotFoundError, ports.files.read(name))
        await refused(FileNotFoundError, ports.files.read_range(name, 0, 1))
        await ports.files.delete(name)
    assert await ports.files.read("absent/deep/x") == b"x"


async def files_delete(ports: Ports) -> None:
    await ports.files.write("delete/a", b"a")
    await ports.files.delete("delete/a")
    assert await ports.files.size("delete/a") is None
    assert await ports.files.names("delete") == []


async def files_list_names(ports: Ports) -> None:
    assert await ports.files.names("list") == []
    for name in ("list/b", "list/a.json", "list/deep/c", "listing/not-this"):
        await ports.files.write(name, b"x")
    assert await ports.files.names("list") == ["list/a.json", "list/b", "list/deep/c"]
    assert await ports.files.names("list/deep") == ["list/deep/c"]


async def files_refuse_names_outside(ports: Ports) -> None:
    for name in OUTSIDE:
        await refused(ValueError, ports.files.write(name, b"x"))
        await refused(ValueError, ports.files.read(name))
        await refused(ValueError, ports.files.read_range(name, 0, 1))
        await refused(ValueError, ports.files.size(name))
        await refused(ValueError, ports.files.delete(name))
    for folder in ("", "/", "..", "a/..", ".", "a/b/c", "A", "a/"):
        await refused(ValueError, ports.files.names(folder))


async def files_written_at_once_stay_whole(ports: Ports) -> None:
    versions = [bytes([number]) * 200_000 for number in range(8)]
    await asyncio.gather(*(ports.files.write("together/a", version) for version in versions))
    assert await ports.files.read("together/a") in versions
    await asyncio.gather(*(ports.files.write(f"together/b{number}", b"x") for number in range(8)))
    assert len(await ports.files.names("together")) == 9


async def files_hold_a_reserve(ports: Ports) -> None:
    """The store keeps one under this name, and needs its size and its removal only."""
    await ports.files.delete("reserve/space")
    assert await ports.files.size("reserve/space") is None
    for size in (3_000_000, 2_000_000):
        await ports.files.write("reserve/space", bytes(size))
        assert await ports.files.size("reserve/space") == size
    await ports.files.delete("reserve/space")
    assert await ports.files.size("reserve/space") is None


async def files_know_the_free_space(ports: Ports) -> None:
    assert await ports.files.free_bytes() > 1_000_000


async def database_keeps_commits(ports: Ports) -> None:
    with closing(await ports.database.connect()) as connection:
        connection.execute("create table kept (a)")
        connection.execute("insert into kept values ('committed')")
        connection.commit()
        connection.execute("insert into kept values ('not committed')")
    with closing(await ports.database.connect()) as connection:
        rows = connection.execute("select a from kept").fetchall()
    assert rows == [("committed",)]


async def database_runs_with_the_ledgers_pragmas(ports: Ports) -> None:
    with closing(await ports.database.connect()) as connection:
        assert connection.execute("pragma locking_mode = exclusive").fetchone() == ("exclusive",)
        assert connection.execute("pragma journal_mode = wal").fetchone() == ("wal",)
        connection.execute("pragma synchronous = full")
        assert connection.execute("pragma synchronous").fetchone() == (2,)
        connection.execute("create table wal (a)")
        with connection:
            connection.executemany("insert into wal values (?)", ((b"x" * 1000,) for _ in range(3000)))
        assert connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0
        with connection:
            connection.execute("delete from wal where rowid > 10")
        connection.execute("vacuum")
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    with closing(await ports.database.connect()) as connection:
        connection.execute("pragma locking_mode = exclusive")
        assert connection.execute("select count(*), sum(length(a)) from wal").fetchone() == (10, 10_000)
        assert connection.execute("pragma journal_mode = delete").fetchone() == ("delete",)
        with connection:
            connection.execute("delete from wal")


async def database_has_default_transaction_control(ports: Ports) -> None:
    with closing(await ports.database.connect()) as connection:
        assert str(connection.isolation_level) == ""
        connection.execute("create table control (a)")
        connection.execute("insert into control values (1)")
        assert connection.in_transaction
        connection.rollback()
        assert connection.execute("select count(*) from control").fetchone() == (0,)


async def database_opens_once(ports: Ports) -> None:
    with closing(await ports.database.connect()) as connection:
        await refused(Code.STORE_OPEN_ELSEWHERE, ports.database.connect())
        await refused(Code.STORE_OPEN_ELSEWHERE, ports.database.set_aside("while-open"))
        connection.execute("select 1")
    connection.close()
    (await ports.database.connect()).close()


async def database_set_aside_starts_anew(ports: Ports) -> None:
    with closing(await ports.database.connect()) as connection:
        connection.execute("pragma locking_mode = exclusive")
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table damaged (a)")
        connection.commit()
    await ports.database.set_aside("damaged-1")
    with closing(await ports.database.connect()) as connection:
        assert _tables(connection) == []
        connection.execute("create table fresh (a)")
        connection.commit()
    await refused(ValueError, ports.database.set_aside("damaged-1"))
    for label in ("", "../x", "a/b", ".", "A"):
        await refused(ValueError, ports.database.set_aside(label))
    with closing(await ports.database.connect()) as connection:
        assert _tables(connection) == ["fresh"]


async def keys_sign_and_verify(ports: Ports) -> None:
    signer = await ports.keys.create("inspector-1")
    message = "平原造林".encode()
    signature = await signer.sign(message)
    assert len(signer.public_key) == 32
    assert len(signature) == 64
    assert signature == await signer.sign(message)
    assert await ports.keys.verify(signer.public_key, message, signature)
    assert not await ports.keys.verify(signer.public_key, message + b".", signature)
    assert not await ports.keys.verify(signer.public_key, message, bytes([signature[0] ^ 1]) + signature[1:])
    other = await ports.keys.create("inspector-2")
    assert other.public_key != signer.public_key
    assert not await ports.keys.verify(other.public_key, message, signature)


async def keys_are_loaded_again(ports: Ports) -> None:
    assert await ports.keys.load("nobody") is None
    for name in ("loaded", "Loaded", "../loaded", "张三 @ 丰台"):
        made = await ports.keys.create(name)
        loaded = await ports.keys.load(name)
        assert loaded is not None
        assert loaded.public_key == made.public_key
        assert await loaded.sign(b"x") == await made.sign(b"x")


async def keys_refuse_a_taken_name(ports: Ports) -> None:
    first = await ports.keys.create("taken")
    await refused(ValueError, ports.keys.create("taken"))
    await refused(ValueError, ports.keys.create(""))
    again = await ports.keys.load("taken")
    assert again is not None
    assert again.public_key == first.public_key


async def keys_verify_never_raises(ports: Ports) -> None:
    for key in (b"", b"short", bytes(32), b"\xff" * 32, bytes(33)):
        for signature in (b"", bytes(63), bytes(64), b"\xff" * 64, bytes(65)):
            assert await ports.keys.verify(key, b"message", signature) in (False, True)
            assert len(key) == 32 or not await ports.keys.verify(key, b"message", signature)


async def keys_follow_rfc_8032(ports: Ports) -> None:
    """RFC 8032 §7.1, test 3."""
    key = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert await ports.keys.verify(key, bytes.fromhex("af82"), signature)


async def keys_show_no_secret(ports: Ports) -> None:
    signer = await ports.keys.create("secret")
    assert signer.public_key.hex() in repr(signer)
    assert "PRIVATE" not in repr(signer)
    assert not any(isinstance(value, bytes) and value != signer.public_key for value in vars(signer).values())


async def transport_carries_bytes_both_ways(ports: Ports) -> None:
    for body in (b"", b"\x00\xff\r\n", PHOTO):
        answer = await _send(ports, "PATCH", "/v1/echo?x=%E5%8C%97", body, {"X-Given": "yes"})
        assert answer.status == 200
        assert answer.body == body
        assert answer.headers["x-method"] == "PATCH"
        assert answer.headers["x-path"] == "/v1/echo?x=%E5%8C%97"
        assert answer.headers["x-given"] == "yes"
        assert all(name == name.lower() for name in answer.headers)


async def transport_passes_errors_on(ports: Ports) -> None:
    for status in (204, 400, 409, 429, 500, 502):
        answer = await _send(ports, "POST", f"/v1/status/{status}", b"x")
        assert answer.status == status
        assert answer.headers["retry-after"] == "7"


async def transport_unpacks_gzip(ports: Ports) -> None:
    assert (await _send(ports, "GET", "/v1/gzip")).body == b"packed " * 1000


async def transport_follows_no_redirect(ports: Ports) -> None:
    """A browser hides where a redirect leads, so its side may say that there was no answer."""
    for status in (301, 302, 307):
        try:
            answer = await _send(ports, "POST", f"/v1/redirect/{status}", b"x")
        except LedgerError as problem:
            assert problem.code == Code.NO_ANSWER
        else:
            assert answer.status == status
    assert (await _send(ports, "GET", "/v1/redirects-followed")).body == b"0"


async def transport_keeps_no_cookies(ports: Ports) -> None:
    await _send(ports, "GET", "/v1/set-cookie")
    assert "x-cookie" not in (await _send(ports, "GET", "/v1/echo")).headers


async def transport_says_no_answer(ports: Ports) -> None:
    for path in ("/v1/cut-length", "/v1/cut-chunks", "/v1/hang-up", "/v1/garbage"):
        await refused(Code.NO_ANSWER, _send(ports, "GET", path))


async def transport_gives_up_in_time(ports: Ports) -> None:
    before = ports.clock.monotonic_ms()
    for path in ("/v1/slow-head", "/v1/slow-body"):
        await refused(Code.NO_ANSWER, _send(ports, "GET", path, timeout_s=0.4))
    assert ports.clock.monotonic_ms() - before < 2500


async def transport_refuses_huge_answers(ports: Ports) -> None:
    await refused(Code.NO_ANSWER, _send(ports, "GET", "/v1/huge"))


async def transport_lets_others_run(ports: Ports) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    answers = await asyncio.gather(*(_send(ports, "GET", "/v1/wait") for _ in range(3)))
    ticking.cancel()
    assert [answer.body for answer in answers] == [b"waited"] * 3
    assert ticks > 5


async def clock_tells_time(ports: Ports) -> None:
    before, monotonic = ports.clock.now_ms(), ports.clock.monotonic_ms()
    await ports.clock.sleep(0.05)
    assert 1_700_000_000_000 < before < ports.clock.now_ms() < before + 5_000
    assert 45 <= ports.clock.monotonic_ms() - monotonic < 5_000
    assert -14 * 60 <= ports.clock.offset_min() <= 14 * 60


async def clock_gives_random_bytes(ports: Ports) -> None:
    for count in (0, 1, 16, 70_000):
        assert len(ports.clock.random_bytes(count)) == count
    assert ports.clock.random_bytes(16) != ports.clock.random_bytes(16)


Check = Callable[[Ports], Awaitable[None]]
CHECKS: dict[str, Check] = {
    name: check
    for name, check in list(globals().items())
    if name.split("_")[0] in ("files", "database", "keys", "transport", "clock")
}


async def run_all(ports: Ports, names: list[str]) -> dict[str, str]:
    """Run the named checks in turn; the answer maps each to "" or to the traceback of its failure."""
    import traceback

    outcome = {}
    for name in names:
        try:
            await CHECKS[name](ports)
            outcome[name] = ""
        except Exception:
            outcome[name] = traceback.format_exc()
    return outcome


async def refused(expected: Code | type[Exception], call: Awaitable[object]) -> None:
    """Fail unless `call` raises `expected`: an error class, or a LedgerError with that code."""
    try:
        value = await call
    except LedgerError as problem:
        assert problem.code == expected, f"{problem.code} instead of {expected}"
    except Exception as problem:
        assert not isinstance(expected, Code), f"{problem!r} instead of {expected}"
        assert isinstance(problem, expected), f"{problem!r} instead of {expected}"
    else:
        raise AssertionError(f"{value!r:.80} instead of {expected}")


async def _send(
    ports: Ports,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    timeout_s: float = 10.0,
) -> Answer:
    request = Request(method, path, headers or {}, body)
    return await ports.transport.send(replace(request, timeout_s=timeout_s))


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("select name from sqlite_master where type = 'table' order by name")]
