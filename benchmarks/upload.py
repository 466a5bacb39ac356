"""Sending a photo against posting its bytes, over real HTTP to a server in a process of its own.

Ours: the tablet's `Uploader` at chunks of 4 MiB: announce, send each chunk with its SHA-256, flush each to central's
disk, hash the whole, make it visible by name, note it in central's database, note it in the tablet's.

Yardstick: the tablet's own HTTP transport sends the same file's bytes by one POST to the same kind of server (uvicorn
and one Starlette route), which writes them to a file and flushes that: what is not flushed is not held, so only this is
comparable. The second yardstick leaves the flush out; it says what durability costs, and has no goal.

A line proves itself before chunks reach 4 MiB (`sync/device/pace.py`), so photos are sent to warm it first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measure import Figure, Pairs, disk_folder
from benchmarks.samples import ACCOUNT, UNIT, jpeg
from benchmarks.serving import central_command, serving
from benchmarks.tablets import open_tablet
from schemas.protocol import MAX_CHUNK_BYTES
from schemas.roles import Role
from sync.central.accounts import put_account
from sync.central.central import Central
from sync.central.enrolment import new_code
from sync.central.settings import CentralSettings
from sync.device.enrolment import enrol
from sync.device.line import Line
from sync.device.native import RequestsTransport
from sync.device.ports import Request
from sync.device.store import PHOTOS, Tablet
from sync.device.uploads import Uploader

SIZES_MB = (3, 12, 24)
ROUNDS = 9
GOAL = 0.8
_WARM_BYTES = 24 * 1024 * 1024


def run() -> Iterator[Figure]:
    """A row per size, then one for the largest against the yardstick that does not flush."""
    with ExitStack() as stack:
        folder = stack.enter_context(disk_folder())
        settings = CentralSettings(
            data_dir=folder / "central", demo_units=True, min_free_bytes=0, requests_per_minute=1_000_000
        )
        code = _enrolment_code(settings)
        central = stack.enter_context(serving(*central_command(settings)))
        for name in ("durable", "cached"):
            (folder / name).mkdir()
        durable, cached = (
            RequestsTransport(stack.enter_context(serving("plain", str(folder / name), name)))
            for name in ("durable", "cached")
        )
        yield from asyncio.run(_measure(folder, central, code, durable, cached))


async def _measure(
    folder: Path, central: str, code: str, durable: RequestsTransport, cached: RequestsTransport
) -> list[Figure]:
    tablet = await open_tablet(folder / "tablet")
    ours = RequestsTransport(central)
    line = Line(ours, tablet.keys, tablet.clock, await enrol(tablet, ours, code))
    uploader = Uploader(tablet, line, MAX_CHUNK_BYTES)
    while line.pace.most_bytes() < MAX_CHUNK_BYTES:
        await _send(tablet, uploader, await tablet.add_photo(jpeg(_WARM_BYTES)))
    figures = []
    for size_mb in SIZES_MB:
        pairs, unflushed = Pairs([], []), Pairs([], [])
        for _ in range(ROUNDS + 1):
            photo = await tablet.add_photo(jpeg(size_mb * 1024 * 1024))
            plain_s = await _post(tablet, durable, photo)
            ours_s = await _send(tablet, uploader, photo)
            cached_s = await _post(tablet, cached, photo)
            for found, yardstick_s in ((pairs, plain_s), (unflushed, cached_s)):
                found.ours.append(ours_s)
                found.yardstick.append(yardstick_s)
        figures.append(_figure(f"photo of {size_mb} MiB", GOAL, pairs))
    figures.append(_figure(f"photo of {size_mb} MiB, yardstick without flush", None, unflushed))
    tablet.close()
    return figures


async def _send(tablet: Tablet, uploader: Uploader, photo: str) -> float:
    waiting = uploader.waiting(limit=1)[0]
    assert waiting.sha256 == photo
    started = time.perf_counter()
    await uploader.send(waiting)
    return time.perf_counter() - started


async def _post(tablet: Tablet, transport: RequestsTransport, photo: str) -> float:
    started = time.perf_counter()
    data = await tablet.files.read(f"{PHOTOS}/{photo}")
    answer = await transport.send(Request("POST", "/", {"content-type": "image/jpeg"}, data, 60.0))
    assert answer.status == 204
    return time.perf_counter() - started


def _enrolment_code(settings: CentralSettings) -> str:
    central = Central.create(settings)
    with central.store.write() as connection:
        put_account(connection, central.admin, central.today(), ACCOUNT, Role.INSPECTOR, [UNIT])
    code = new_code(central, ACCOUNT)
    central.close()
    return code


def _figure(what: str, goal: float | None, pairs: Pairs) -> Figure:
    return Figure(
        what=what,
        goal=f"≥ {goal}x" if goal else "–",
        ratio=f"{pairs.speed_ratio:.2f}x",
        ours=f"{pairs.ours_s * 1000:.0f} ms",
        yardstick=f"{pairs.yardstick_s * 1000:.0f} ms",
        reached=None if goal is None else pairs.speed_ratio >= goal,
    )
