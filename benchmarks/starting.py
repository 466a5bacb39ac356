"""One start in a process of its own, for `start.py`: `python -m benchmarks.starting ours|bare FOLDER` prints JSON."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from pathlib import Path

PAGE = 200


def main(kind: str, folder: Path) -> None:
    """Start, then say how long it took, the most memory held and how many rows were read."""
    started = time.perf_counter()
    rows = _bare(folder) if kind == "bare" else asyncio.run(_ours(folder))
    took_s = time.perf_counter() - started
    print(json.dumps({"seconds": took_s, "megabytes": _most_held_mb(), "rows": rows}))


def _most_held_mb() -> float:
    """Of this program alone; `getrusage` would count its parent's memory too, from before it became this program."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def _bare(folder: Path) -> int:
    connection = sqlite3.connect(folder / "db" / "ledger.db")
    count: int = connection.execute("SELECT count(*) FROM log").fetchone()[0]
    connection.close()
    return count


async def _ours(folder: Path) -> int:
    # Imported here: importing is part of a start.
    from benchmarks.tablets import DEVICE, open_tablet
    from sync.device import log, records

    tablet = await open_tablet(folder)
    outbox = log.waiting(tablet.database, DEVICE, PAGE)
    first = records.records(tablet.database, limit=PAGE)
    tablet.close()
    return len(outbox) + len(first)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
