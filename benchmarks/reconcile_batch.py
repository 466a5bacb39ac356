"""One batch of 100 new inspections on a ledger of 20,000 and of 200,000 parcels, reviews among them: rows to figures.

Ours: `Reconciliation.apply`: read the rows, judge the records, find the parcels, cut and fold them again, every figure
of each. The ledger holds two inspections a parcel already. Medians over batches; the garbage collector is told once
that what the ledger holds stays (`gc.freeze`), as the service does after it has started.

Yardstick: the same batch on the small ledger. There is nothing to compare a batch with but itself: what counts is that
it takes no longer on ten times the parcels. Beside it stands what the rows themselves take, reading without folding.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import chain

from benchmarks.ledger_samples import START_MS, parcel_lines, visit_lines
from benchmarks.measure import Figure, Pairs, timed
from schemas.rules import rules
from sync.ledger.book.builder import LogLine, read_book
from sync.ledger.land.classes import ClassTable
from sync.ledger.reconcile import Reconciliation

SMALL, LARGE = 20_000, 200_000
VISITS_A_PARCEL = 2
BATCH = 100
ROUNDS = 40
MOST_S = 0.1
FLAT = 1.5
STATE_MS = START_MS + 4000 * 86_400_000


def run() -> Iterator[Figure]:
    """Two rows: the time of a batch, and whether it stays flat."""
    small, large = _ledger(SMALL), _ledger(LARGE)
    gc.collect()
    gc.freeze()
    pairs, bare = Pairs([], []), []
    for number in range(ROUNDS):
        batches = [_batch(ledger, parcels, number) for ledger, parcels in ((large, LARGE), (small, SMALL))]
        pairs.ours.append(timed(lambda batches=batches: large.apply(batches[0], STATE_MS)))
        pairs.yardstick.append(timed(lambda batches=batches: small.apply(batches[1], STATE_MS)))
        bare.append(timed(lambda batches=batches: read_book(batches[0])))
    yield Figure(
        what=f"{BATCH} new inspections on {LARGE:,} parcels",
        goal=f"< {MOST_S * 1000:.0f} ms",
        ratio=f"{Pairs(pairs.ours, bare).time_ratio:.1f}x reading them",
        ours=f"{pairs.ours_s * 1000:.0f} ms",
        yardstick=f"{Pairs(bare, bare).ours_s * 1000:.1f} ms",
        reached=pairs.ours_s < MOST_S,
    )
    yield Figure(
        what=f"the same on {SMALL:,} parcels",
        goal=f"flat (≤ {FLAT}x)",
        ratio=f"{pairs.time_ratio:.2f}x",
        ours=f"{pairs.ours_s * 1000:.0f} ms",
        yardstick=f"{pairs.yardstick_s * 1000:.0f} ms",
        reached=pairs.time_ratio <= FLAT,
    )


def _ledger(parcels: int) -> Reconciliation:
    ledger = Reconciliation(rules().values, ClassTable.of(), threads=2)
    rows = chain(parcel_lines(parcels), visit_lines(parcels, VISITS_A_PARCEL * parcels, parcels, photos=2))
    ledger.apply(rows, STATE_MS)
    return ledger


def _batch(ledger: Reconciliation, parcels: int, number: int) -> list[LogLine]:
    return list(visit_lines(parcels, BATCH, ledger.position + number))
