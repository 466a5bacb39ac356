"""Saving a record against the least that any durable store with a second copy must do with the same bytes.

Ours: `Tablet.save` of an inspection with two photos that are kept already: check the body, sign, write the signed copy
(partial file, flush, rename, flush of the folder), commit the log row and the projections.

Yardstick: write the same bytes to a new file and flush it, then commit them as one row to a bare SQLite database in WAL
mode with synchronous=FULL and locking_mode=EXCLUSIVE. Two flushes of the disk; no name flushed, no index, no signature.

Both write to one real disk, in turn record by record, because what others flush in between hits both alike.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Figure, Pairs, disk_folder, timed
from benchmarks.samples import ACCOUNT, UNIT, body, jpeg
from benchmarks.tablets import enrol_alone, open_tablet
from schemas.entries import entry_bytes
from sync.device.store import NewEntry

RECORDS = 400
WARM = 20
GOAL = 2.0


def run() -> Iterator[Figure]:
    """One row."""
    with disk_folder() as folder:
        pairs = asyncio.run(_measure(folder))
    yield Figure(
        what="one record saved",
        goal=f"≤ {GOAL:g}x",
        ratio=f"{pairs.time_ratio:.2f}x",
        ours=f"{pairs.ours_s * 1000:.2f} ms",
        yardstick=f"{pairs.yardstick_s * 1000:.2f} ms",
        reached=pairs.time_ratio <= GOAL,
    )


async def _measure(folder: Path) -> Pairs:
    tablet = await open_tablet(folder / "tablet")
    await enrol_alone(tablet, folder / "tablet")
    photos = [await tablet.add_photo(jpeg(300_000)) for _ in range(2)]
    bare = _Bare(folder)
    pairs = Pairs([], [])
    for number in range(WARM + RECORDS):
        filled = body(number, tablet.clock.now_ms(), photos)
        started = time.perf_counter()
        entry = await tablet.save(ACCOUNT, NewEntry("inspection", 1, UNIT, (f"柳树乡-{number:04d}",), filled))
        ours_s = time.perf_counter() - started
        data = entry_bytes(entry)
        yardstick_s = timed(lambda number=number, data=data: bare.save(number, data))
        if number >= WARM:
            pairs.ours.append(ours_s)
            pairs.yardstick.append(yardstick_s)
    tablet.close()
    return pairs


class _Bare:
    def __init__(self, folder: Path) -> None:
        self._files = folder / "bare"
        self._files.mkdir()
        self._database = sqlite3.connect(folder / "bare.db", isolation_level=None)
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}").fetchall()
        self._database.execute("CREATE TABLE log (number INTEGER PRIMARY KEY, bytes BLOB)")

    def save(self, number: int, data: bytes) -> None:
        with (self._files / f"{number}.json").open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._database.execute("INSERT INTO log VALUES (?,?)", [number, data])
