"""Full reconciliation of 200,000 parcels and 400,000 footprints (about 406,000 pairs), from outlines to figures.

Ours: `lay_out` and `parcel_figures`: outlines in EPSG:4490 degrees brought into the equal-area plane, footprints met
with parcels, the ground cut, the fold run, every figure of every parcel made. On two threads.

Yardsticks, in turn with ours on the same outlines, which they get in the plane for nothing: the bare shapely
intersection of the same pairs on two threads, which knows the pairs beforehand and keeps no areas; GeoPandas' `overlay`
(how="intersection"), one thread, as it comes; SedonaDB's join and area in SQL, with its own threads. Each gives one
area a pair; none says in what state a square metre is, so they do less. Memory is of a process that does ours alone.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import shapely

from benchmarks.ground import Field, draw
from benchmarks.measure import Figure, Pairs, timed
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.figures import parcel_figures
from sync.ledger.land.layout import lay_out

PARCELS = 200_000
ROUNDS = 3
THREADS = 2
END_MS = 4_000_000_000_000
MOST_MB = 2000


def run() -> Iterator[Figure]:
    """Three ratios and the memory."""
    field = draw(PARCELS)
    gc.freeze()  # as a server does with what it has read: else Python walks 600,000 facts at every turn
    events, parcels = shapely.STRtree(field.plane_parcels).query(field.plane_footprints, predicate="intersects")
    yards = {
        "bare intersection, 2 threads": (None, lambda: _bare(field, parcels, events)),
        "GeoPandas overlay": (1.0, _geopandas(field)),
        "SedonaDB join and area": (2.0, _sedona(field)),
    }
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in yards}
    for _ in range(ROUNDS):
        ours.append(timed(lambda: _ours(field)))
        for name, (_, work) in yards.items():
            theirs[name].append(timed(work))
    what = f"{PARCELS:,} parcels, {len(events):,} pairs"
    for name, (goal, _) in yards.items():
        pairs = Pairs(ours, theirs[name])
        yield Figure(
            what=f"{what}: {name}",
            goal="–" if goal is None else f"≤ {goal:.0f}x",
            ratio=f"{pairs.time_ratio:.2f}x",
            ours=f"{pairs.ours_s:.1f} s",
            yardstick=f"{pairs.yardstick_s:.1f} s",
            reached=None if goal is None else pairs.time_ratio <= goal,
        )
    megabytes = _memory()
    yield Figure(
        what=f"{what}: most memory held, synthetic ledger included",
        goal=f"< {MOST_MB} MB", ratio="–", ours=f"{megabytes:.0f} MB", yardstick="–", reached=megabytes < MOST_MB,
    )  # fmt: skip


def _ours(field: Field) -> None:
    land = lay_out(field.parcels, field.events, ClassTable.of(), threads=THREADS)
    figures = parcel_figures(land, END_MS)
    assert np.allclose(figures.states_m2.sum(axis=1), figures.area_m2)
    assert figures.verified_m2.sum() > 0


def _bare(field: Field, parcels: np.ndarray, events: np.ndarray) -> None:
    def share(pairs: np.ndarray) -> float:
        cut = shapely.intersection(field.plane_parcels[parcels[pairs]], field.plane_footprints[events[pairs]])
        return float(shapely.area(cut).sum())

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(share, np.array_split(np.arange(len(events)), THREADS * 4))) > 0


def _geopandas(field: Field) -> Callable[[], None]:
    import geopandas

    left = geopandas.GeoDataFrame({"parcel": np.arange(PARCELS)}, geometry=field.plane_parcels)
    right = geopandas.GeoDataFrame({"event": np.arange(2 * PARCELS)}, geometry=field.plane_footprints)

    def work() -> None:
        assert len(geopandas.overlay(left, right, how="intersection", keep_geom_type=True)) > PARCELS

    return work


def _sedona(field: Field) -> Callable[[], None]:
    import geopandas
    import sedonadb

    session = sedonadb.connect()
    left = geopandas.GeoDataFrame({"parcel": np.arange(PARCELS)}, geometry=field.plane_parcels)
    right = geopandas.GeoDataFrame({"event": np.arange(2 * PARCELS)}, geometry=field.plane_footprints)
    session.create_data_frame(left).to_view("parcels", overwrite=True)
    session.create_data_frame(right).to_view("events", overwrite=True)
    question = (
        "SELECT p.parcel, e.event, ST_Area(ST_Intersection(p.geometry, e.geometry)) AS m2 "
        "FROM parcels AS p JOIN events AS e ON ST_Intersects(p.geometry, e.geometry)"
    )

    def work() -> None:
        assert len(session.sql(question).to_pandas()) > PARCELS

    return work


def _memory() -> float:
    """Peak resident megabytes of a process of its own that draws the ledger and reconciles it."""
    code = (
        "import json, resource; from benchmarks.ground import draw; from benchmarks import reconcile; "
        "reconcile._ours(draw(reconcile.PARCELS)); "
        "print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))
