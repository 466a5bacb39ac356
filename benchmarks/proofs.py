"""Handing out the log: a page of 200 rows, each with its inclusion proof, from a log of 50,000 rows.

Ours: `pull`, the function below HTTP, for an account that sees every row: read the page, prove each row against the
newest checkpoint, prove consistency with an older one.

Yardstick: read the same rows' bytes with one query and parse them, with no proof and no typed answer. The ratio is the
price of a log that proves itself; there is no goal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from benchmarks.centrals import enrolled
from benchmarks.measure import Figure, Pairs, disk_folder, timed
from benchmarks.samples import ACCOUNT
from schemas.canonical import parse_json
from schemas.protocol import MAX_BATCH_ENTRIES, MAX_PAGE_ROWS
from sync.central.central import Caller, Central
from sync.central.pull import pull
from sync.central.push import push
from sync.central.settings import CentralSettings
from sync.central.tables import entries

ROWS = 50_000
ROUNDS = 40


def run() -> Iterator[Figure]:
    """One row."""
    with disk_folder() as folder:
        central, caller = _log(folder)
        pairs = Pairs([], [])
        for number in range(ROUNDS):
            after = number * (ROWS // ROUNDS)
            pairs.yardstick.append(timed(lambda after=after: _read(central, after)))
            pairs.ours.append(timed(lambda after=after: _pull(central, caller, after)))
        central.close()
    yield Figure(
        what=f"page of {MAX_PAGE_ROWS} rows of {ROWS:,} with proofs",
        goal="–",
        ratio=f"{pairs.speed_ratio:.2f}x",
        ours=f"{pairs.ours_s * 1000:.1f} ms",
        yardstick=f"{pairs.yardstick_s * 1000:.1f} ms",
        reached=None,
    )


def _pull(central: Central, caller: Caller, after: int) -> None:
    answer = pull(central, caller, after, MAX_PAGE_ROWS, ROWS // 2)
    assert len(answer.rows) == MAX_PAGE_ROWS and len(answer.rows[0].proof) >= 15


def _read(central: Central, after: int) -> None:
    query = select(entries.c.bytes).where(entries.c.seq > after).order_by(entries.c.seq).limit(MAX_PAGE_ROWS)
    with central.store.read() as connection:
        for (data,) in connection.execute(query):
            parse_json(bytes(data))


def _log(folder: Path) -> tuple[Central, Caller]:
    central = Central.create(CentralSettings(data_dir=folder, demo_units=True, min_free_bytes=0))
    pen = enrolled(central)
    with central.store.read() as connection:
        caller = central.caller(connection, ACCOUNT, "device-key", pen.device, None)
    for _ in range(ROWS // MAX_BATCH_ENTRIES):
        push(central, caller, 0, [pen.inspection([]) for _ in range(MAX_BATCH_ENTRIES)])
    return central, caller
