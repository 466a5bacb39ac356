"""Starting the app on a tablet whose queue holds 100,000 entries that were never sent.

Ours, in a process of its own: import the store, open it (which tests the whole database, looks for what a crash left
and keeps the reserve), read the first page of the outbox and of the records. Time is that of all this without starting
the interpreter; memory is the most that the process ever held.

Yardstick: the same in a process that opens the same file with bare `sqlite3` and counts its rows.

The signed copies of all entries lie beside the database, as in earnest. The page cache is warm for both. The queue is
made once and kept below build/ until the schema changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from benchmarks.measure import BUILD, Figure, Pairs
from benchmarks.samples import photo_hash
from benchmarks.tablets import enrol_alone, open_tablet
from schemas.canonical import canonical, sha256_hex
from schemas.entries import parse_entry
from sync.device import log, records
from sync.device.copies import copy_name
from sync.device.database import transaction

ENTRIES = 100_000
ROUNDS = 5
GOAL_S, GOAL_MB = 3.0, 300.0
_A_TRANSACTION = 5_000
_OUTBOX_PAGE = 200
_RECORDS_PAGE = 200


def run() -> Iterator[Figure]:
    """Time, then memory."""
    folder = _queue()
    times, memory = Pairs([], []), Pairs([], [])
    for _ in range(ROUNDS):
        for kind, seconds, megabytes in (
            ("bare", times.yardstick, memory.yardstick),
            ("ours", times.ours, memory.ours),
        ):
            took_s, held_mb = _in_a_process(kind, folder)
            seconds.append(took_s)
            megabytes.append(held_mb)
    yield _figure("time to the first pages", f"< {GOAL_S:g} s", times, "s", times.ours_s < GOAL_S)
    yield _figure("most memory held", f"< {GOAL_MB:g} MB", memory, "MB", memory.ours_s < GOAL_MB)


def _figure(what: str, goal: str, pairs: Pairs, unit: str, reached: bool) -> Figure:
    ours, bare = (f"{value:.2f} {unit}" if unit == "s" else f"{value:.0f} {unit}" for value in _medians(pairs))
    return Figure(f"{what}, {ENTRIES:,} waiting", goal, f"{pairs.time_ratio:.1f}x", ours, bare, reached)


def _medians(pairs: Pairs) -> tuple[float, float]:
    return pairs.ours_s, pairs.yardstick_s


def _in_a_process(kind: str, folder: Path) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.starting", kind, folder], check=True, stdout=subprocess.PIPE, timeout=120
    )
    answer = json.loads(done.stdout)
    assert answer["rows"] == (ENTRIES if kind == "bare" else _OUTBOX_PAGE + _RECORDS_PAGE), answer
    return answer["seconds"], answer["megabytes"]


def _queue() -> Path:
    """The folder of a tablet with the queue; made where this schema has none yet."""
    schema = resources.files("sync.device").joinpath("schema.sql").read_bytes()
    folder = BUILD / f"queue-{hashlib.sha256(schema).hexdigest()[:12]}-{ENTRIES}"
    if not folder.exists():
        for old in BUILD.glob("queue-*"):
            shutil.rmtree(old)
        partial = BUILD / "queue-partial"
        print(f"making a queue of {ENTRIES:,} entries, a minute or two, once", file=sys.stderr)
        asyncio.run(_fill(partial))
        partial.rename(folder)
    return folder


async def _fill(folder: Path) -> None:
    tablet = await open_tablet(folder)
    pen = await enrol_alone(tablet, folder)
    for first in range(0, ENTRIES, _A_TRANSACTION):
        with transaction(tablet.database) as database:
            for number in range(first, first + _A_TRANSACTION):
                fields = pen.inspection([photo_hash(number)])
                entry, data = parse_entry(fields), canonical(fields)
                log.insert(database, entry, data, sha256_hex(data), own=True)
                records.note(database, entry, None)
                copy = folder / "files" / copy_name(entry.device, entry.device_seq)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(data)
    tablet.close()
