"""Sending a photo against posting its bytes, over real HTTP to a server in a process of its own.

Ours: the tablet's `Uploader` at chunks of 4 MiB: announce, send each chunk with its SHA-256, flush the whole to
central's disk, hash it, make it visible by name, note it in central's database, note it in the tablet's.

Yardstick: the tablet's own HTTP transport sends the same file's bytes by one POST to the same kind of server (uvicorn
and one Starlette route), which writes them to a file and flushes that: what is not flushed is not held, so only this is
comparable. A second yardstick leaves the flush out; it says what durability costs, and has no goal.

Both over a line as tablets have it outdoors (50 Mbit/s up, 20 ms there and back), and over loopback, where there is no
line to wait for and only the work at both ends counts: two or more exchanges instead of one, hashes at both ends, five
more flushes. A line proves itself before chunks reach 4 MiB (`sync/device/pace.py`), so photos are sent first to warm
it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.centrals import invited
from benchmarks.measure import Figure, Pairs, disk_folder
from benchmarks.samples import jpeg
from benchmarks.serving import central_command, serving, through_a_line
from benchmarks.tablets import open_tablet
from schemas.protocol import MAX_CHUNK_BYTES
from sync.central.central import Central
from sync.central.settings import CentralSettings
from sync.device.enrolment import enrol
from sync.device.identity import Identity
from sync.device.line import Line
from sync.device.native import RequestsTransport
from sync.device.ports import Request
from sync.device.store import PHOTOS, Tablet
from sync.device.uploads import Uploader

SIZES_MB = (3, 12, 24)
LOOPBACK_ROUNDS = 9
LINE_ROUNDS = 3
GOAL = 0.8
_WARM_BYTES = 24 * 1024 * 1024


def run() -> Iterator[Figure]:
    """A row per size and way, then one for the largest against the yardstick that does not flush."""
    with ExitStack() as stack:
        folder = stack.enter_context(disk_folder())
        settings = CentralSettings(
            data_dir=folder / "central", demo_units=True, min_free_bytes=0, requests_per_minute=1_000_000
        )
        code = _enrolment_code(settings)
        central = stack.enter_context(serving(*central_command(settings)))
        for name in ("durable", "cached"):
            (folder / name).mkdir()
        durable = stack.enter_context(serving("plain", str(folder / "durable"), "durable"))
        cached = stack.enter_context(serving("plain", str(folder / "cached"), "cached"))
        far_central = stack.enter_context(through_a_line(central))
        far_durable = stack.enter_context(through_a_line(durable))
        with asyncio.Runner() as runner:
            tablet = runner.run(open_tablet(folder / "tablet"))
            identity = runner.run(enrol(tablet, RequestsTransport(central), code))
            for where, ours, plain, rounds in (
                ("a line of 50 Mbit/s", far_central, far_durable, LINE_ROUNDS),
                ("loopback", central, durable, LOOPBACK_ROUNDS),
            ):
                sending = runner.run(_Sending.begun(tablet, identity, ours))
                for size_mb in SIZES_MB:
                    pairs = runner.run(sending.measure(plain, size_mb, rounds))
                    yield _figure(f"photo of {size_mb} MiB, {where}", GOAL, pairs)
            pairs = runner.run(sending.measure(cached, size_mb, LOOPBACK_ROUNDS))
            yield _figure(f"photo of {size_mb} MiB, {where}, yardstick without flush", None, pairs)
            tablet.close()


class _Sending:
    def __init__(self, tablet: Tablet, line: Line) -> None:
        self._tablet = tablet
        self._uploader = Uploader(tablet, line, MAX_CHUNK_BYTES)

    @classmethod
    async def begun(cls, tablet: Tablet, identity: Identity, address: str) -> _Sending:
        """Over a line that has proven itself."""
        line = Line(RequestsTransport(address), tablet.keys, tablet.clock, identity)
        sending = cls(tablet, line)
        while line.pace.most_bytes() < MAX_CHUNK_BYTES:
            await tablet.add_photo(jpeg(_WARM_BYTES))
            await sending._send()
        return sending

    async def measure(self, plain: str, size_mb: int, rounds: int) -> Pairs:
        """The same photo by one POST and by us, in turn."""
        pairs = Pairs([], [])
        transport = RequestsTransport(plain)
        for _ in range(rounds):
            photo = await self._tablet.add_photo(jpeg(size_mb * 1024 * 1024))
            pairs.yardstick.append(await self._post(transport, photo))
            pairs.ours.append(await self._send())
        transport.close()
        return pairs

    async def _send(self) -> float:
        waiting = self._uploader.waiting(limit=1)[0]
        started = time.perf_counter()
        await self._uploader.send(waiting)
        return time.perf_counter() - started

    async def _post(self, transport: RequestsTransport, photo: str) -> float:
        started = time.perf_counter()
        data = await self._tablet.files.read(f"{PHOTOS}/{photo}")
        answer = await transport.send(Request("POST", "/", {"content-type": "image/jpeg"}, data, 60.0))
        assert answer.status == 204
        return time.perf_counter() - started


def _enrolment_code(settings: CentralSettings) -> str:
    central = Central.create(settings)
    try:
        return invited(central)
    finally:
        central.close()


def _figure(what: str, goal: float | None, pairs: Pairs) -> Figure:
    return Figure(
        what=what,
        goal=f"≥ {goal}x" if goal else "–",
        ratio=f"{pairs.speed_ratio:.2f}x",
        ours=f"{pairs.ours_s * 1000:.0f} ms",
        yardstick=f"{pairs.yardstick_s * 1000:.0f} ms",
        reached=None if goal is None else pairs.speed_ratio >= goal,
    )
