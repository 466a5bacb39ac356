"""A bad network on real sockets: a seeded TCP proxy that reads HTTP well enough to do harm at a chosen byte.

Faults, drawn for each request from one seeded source:

    cut          RST, FIN or a black hole (nothing more, connection open) at byte k of request or answer, where k comes
                 from a run length with a given mean: on average one cut in `cut_every_bytes` of traffic, both ways
    stall        the answer waits
    truncate     the answer ends early, with FIN
    double       the request is sent to central twice, at the same time
    lose         central does the work, the answer never comes
    portal, bad_gateway   a captive portal's page with 200, a proxy's page with 502
    trickle      the answer comes byte by byte for a while

`Proxy.sent` and `Proxy.received` count bytes from and to the tablets; `payload` counts the body bytes that tablets
sent to central in each kind of request, which is what re-sending costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_BLOCK = 16_384
_PORTAL = b"<html><title>Free Wi-Fi</title>Please sign in</html>"


@dataclass(frozen=True)
class Weather:
    """How bad it is: the mean run between cuts in bytes (0: no cuts) and the chance of each other fault a request."""

    cut_every_bytes: int = 0
    chances: dict[str, float] = field(default_factory=dict)


CALM = Weather()
STORM = Weather(
    300_000,
    {
        "stall": 0.02, "truncate": 0.03, "double": 0.08, "lose": 0.05, "portal": 0.03, "bad_gateway": 0.03,
        "trickle": 0.01,
    },
)  # fmt: skip


class _Cut(Exception):
    """The connection ends here."""


@dataclass
class _Head:
    method: str
    path: str
    raw: bytes
    length: int
    chunked: bool = False


class Proxy:
    """Listens on `port` and passes requests on to `target` (host, port); change `weather` at any time."""

    def __init__(self, target: tuple[str, int], seed: int, weather: Weather = CALM) -> None:
        self.target = target
        self.seed = seed
        self.weather = weather
        self.sent = 0
        self.received = 0
        self.payload: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._left = self._run()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where tablets reach central through this proxy."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        """Serve until the block ends."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one connection ---------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (_Cut, ConnectionError, asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(Exception):
                writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await _read_head(reader)
        if head is None:
            return False
        fault = self._draw()
        if fault in ("portal", "bad_gateway"):
            await self._take(reader, head.length, writer, None)
            status = b"200 OK" if fault == "portal" else b"502 Bad Gateway"
            page = b"HTTP/1.1 " + status + b"\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n" % len(_PORTAL)
            writer.write(page + _PORTAL)
            await writer.drain()
            return True
        body = await self._take(reader, head.length, writer, head)
        copies = [asyncio.create_task(self._ask(head.raw, body)) for _ in range(2 if fault == "double" else 1)]
        answers = await asyncio.gather(*copies)
        await self._answer(writer, answers[-1], fault)
        return True

    async def _take(
        self, reader: asyncio.StreamReader, length: int, writer: asyncio.StreamWriter, head: _Head | None
    ) -> bytes:
        """The request's body, unless it is cut on the way."""
        parts: list[bytes] = []
        missing = length
        while missing:
            part = await reader.readexactly(min(_BLOCK, missing))
            missing -= len(part)
            parts.append(part)
            self.sent += len(part)
            if head is not None:
                self.payload[f"{head.method} {head.path.split('/')[2].split('?')[0]}"] += len(part)
            await self._spend(len(part), writer)
        return b"".join(parts)

    async def _ask(self, head: bytes, body: bytes) -> bytes:
        """Central's whole answer to one request."""
        reader, writer = await asyncio.open_connection(*self.target)
        try:
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            writer.write(b"\r\n".join([lines[0], *lines[1:-2], b"connection: close", b"", b""]) + body)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, answer: bytes, fault: str) -> None:
        if fault == "lose":
            raise _Cut
        if fault == "stall":
            await asyncio.sleep(0.3)
        if fault == "truncate":
            answer = answer[: self._chance.randrange(len(answer))] if answer else b""
        if fault == "trickle":
            slow, answer = answer[:40], answer[40:]
            for byte in slow:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.01)
        for start in range(0, len(answer), _BLOCK):
            part = answer[start : start + _BLOCK]
            writer.write(part)
            self.received += len(part)
            await writer.drain()
            await self._spend(len(part), writer)
        raise _Cut  # central was asked to close; so do we

    # -- chance -----------------------------------------------------------------------------------------------------

    def _draw(self) -> str:
        point = self._chance.random()
        for fault, chance in self.weather.chances.items():
            if point < chance:
                self.faults[fault] += 1
                return fault
            point -= chance
        return "none"

    def _run(self) -> int:
        mean = self.weather.cut_every_bytes
        return int(self._chance.expovariate(1 / mean)) + 1 if mean else 0

    async def _spend(self, passed: int, writer: asyncio.StreamWriter) -> None:
        """Let bytes pass; at the end of the run the connection is cut, one way or another."""
        if not self.weather.cut_every_bytes:
            return
        self._left -= passed
        if self._left > 0:
            return
        self._left = self._run()
        how = self._chance.choice(["rst", "rst", "fin", "hole"])
        self.faults[how] += 1
        if how == "hole":
            await asyncio.sleep(2)
        if how == "rst":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        raise _Cut


async def _read_head(reader: asyncio.StreamReader) -> _Head | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = raw.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return _Head(method, path, raw, int(headers.get("content-length", "0")))
