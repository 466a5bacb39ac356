"""An import of 200,000 parcels from a GeoPackage against what pyogrio needs to read the same file and nothing more.

Ours: read, check every cell and outline, compare with the ledger, look for overlaps, sign and hash each entry, append
all in one transaction with Merkle nodes and a checkpoint, commit durably: in a process of its own, whose most memory is
measured with it. The parcels fill the land: each shares its edges with its neighbours, which is the dear case for
overlaps. The second import of the same file finds that nothing changed.

Yardstick: `pyogrio.raw.read` and `shapely.from_wkb`, in this process, in turn with ours. Beside the clock stands
processor time, ours with that of the processes that sign: on a machine that others use too it is the steadier figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pyogrio
import shapely

from benchmarks.measure import Figure, Pairs, cpu_s, disk_folder, timed
from schemas.roles import Role
from sync.central.accounts import put_account
from sync.central.central import Central
from sync.central.settings import CentralSettings

PARCELS = 200_000
ROUNDS = 3
_UNITS = ("DEMO-LS", "DEMO-HJ", "DEMO-QT")
_STEP_DEG = (0.00053, 0.0004)


def run() -> Iterator[Figure]:
    """First and second import of one file, by the clock and in processor time; memory and the lock of the first."""
    with disk_folder() as folder:
        file = folder / "parcels.gpkg"
        write_parcels(file, PARCELS)
        pairs = {name: Pairs([], []) for name in ("first", "first_cpu", "again", "again_cpu")}
        told: list[dict[str, float]] = []
        for number in range(ROUNDS):
            before = cpu_s()
            yard = timed(lambda: _read(file))
            yard_cpu = cpu_s() - before
            told.append(_import(folder / f"central-{number}", file))
            for name, both in pairs.items():
                both.yardstick.append(yard_cpu if name.endswith("_cpu") else yard)
                both.ours.append(told[-1][f"{name}_s"])
        yield _time(f"import of {PARCELS:,} parcels", 8, pairs["first"])
        yield _time("the same, processor time of all processes", None, pairs["first_cpu"])
        yield _time("the same file again: nothing changed", None, pairs["again"])
        yield _time("the same, processor time", None, pairs["again_cpu"])
        locked = median(one["locked_s"] for one in told)
        yield Figure("append lock held", "≤ 10 s", "–", f"{locked:.1f} s", "–", locked <= 10)
        held = max(one["rss_mb"] for one in told)
        yield Figure("most memory held, first import", "< 1,500 MB", "–", f"{held:,.0f} MB", "–", held < 1500)
        load = max(one["load"] for one in told)
        yield Figure("most other work meanwhile (load over a minute)", "–", "–", f"{load:.1f}", "–", None)


def write_parcels(file: Path, count: int) -> None:
    """A mesh of parcels with crooked edges that neighbours share vertex by vertex, with ten columns."""
    chance = np.random.default_rng(20261122)
    side = int(np.ceil(count**0.5))
    # Corners and two bends an edge, on a grid three times as fine; shared by whoever touches them.
    grid = np.stack(np.meshgrid(np.arange(3 * side + 1), np.arange(3 * side + 1)), axis=-1) / 3
    grid = np.array([115.9, 39.7]) + (grid + chance.uniform(-0.08, 0.08, grid.shape)) * np.array(_STEP_DEG)
    around = [(0, 0), (1, 0), (2, 0), (3, 0), (3, 1), (3, 2), (3, 3), (2, 3), (1, 3), (0, 3), (0, 2), (0, 1), (0, 0)]
    number = np.arange(count)
    east, north = number % side * 3, number // side * 3
    rings = np.stack([grid[north + dy, east + dx] for dx, dy in around], axis=1)
    columns = {
        "台账编号": [f"BM-{n:06}" for n in number], "名称": [f"图斑 {n}" for n in number],
        "实施单元": [_UNITS[n % 3] for n in number], "基期日期": ["2017-12-31"] * count,
        "编码体系": ["三调"] * count, "基期地类": [("0601", "0702", "0701", "0301")[n % 4] for n in number],
        "计划面积": chance.uniform(500, 2000, count).round(2), "权属类型": ["集体"] * count,
        "项目编号": [f"PR-{n % 300}" for n in number], "生效日期": ["2018-01-01"] * count,
    }  # fmt: skip
    data = [np.array(values, dtype=float if name == "计划面积" else object) for name, values in columns.items()]
    pyogrio.raw.write(
        file, geometry=shapely.to_wkb(shapely.polygons(rings)), field_data=data, fields=list(columns),
        geometry_type="Polygon", crs="EPSG:4490", layer="parcels", driver="GPKG",
    )  # fmt: skip


def _read(file: Path) -> None:
    shapely.from_wkb(pyogrio.raw.read(file)[2])


def _import(folder: Path, file: Path) -> dict[str, float]:
    central = Central.create(CentralSettings(data_dir=folder, demo_units=True, min_free_bytes=0))
    with central.store.write() as connection:
        put_account(connection, central.admin, central.today(), "district", Role.DISTRICT, ["district:11019X"])
    central.close()
    command = [sys.executable, "-m", "benchmarks.imports", str(folder), str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _child(folder: Path, file: Path) -> None:
    """Import twice and say how long, how long under the lock, and the most memory of the first time."""
    from sync.imports.commit import commit_import
    from sync.imports.plan import Request, form_of, plan_import

    central = Central(CentralSettings(data_dir=folder, demo_units=True, min_free_bytes=0))
    with central.store.read() as connection:
        who = central.caller(connection, "district", "cli", None, None)
    started, used = time.perf_counter(), cpu_s()
    with _Held() as held:
        plan = plan_import(central, who, Request(file, form_of("parcel")))
        done = commit_import(central, who, plan)
    told = {"first_s": time.perf_counter() - started, "first_cpu_s": cpu_s() - used, "locked_s": done.locked_s}
    told["rss_mb"] = held.most_kib / 1024
    assert plan.new == done.entries - 1, plan.faults[:3]
    del plan
    started, used = time.perf_counter(), cpu_s()
    assert plan_import(central, who, Request(file, form_of("parcel"))).unchanged == done.entries - 1
    told |= {"again_s": time.perf_counter() - started, "again_cpu_s": cpu_s() - used, "load": os.getloadavg()[0]}
    central.close()
    print(json.dumps(told))


class _Held:
    """The most memory that this process and those that it has started held together, looked at ten times a second.

    The kernel's own figure of a child that has ended is no use: it begins with the memory of the parent.
    """

    most_kib = 0

    def __enter__(self) -> _Held:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            tasks = Path("/proc/self/task").glob("*/children")
            processes = ["self", *" ".join(map(_text, tasks)).split()]
            self.most_kib = max(self.most_kib, sum(map(_rss_kib, processes)))


def _rss_kib(process: str) -> int:
    _, _, rest = _text(Path(f"/proc/{process}/status")).partition("VmRSS:")
    return int(rest.split(maxsplit=1)[0]) if rest else 0


def _text(path: Path) -> str:
    """What the kernel says there; nothing of a thread or process that has just ended."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _time(what: str, goal: int | None, pairs: Pairs) -> Figure:
    return Figure(
        what=what,
        goal=f"≤ {goal}x" if goal else "–",
        ratio=f"{pairs.time_ratio:.1f}x",
        ours=f"{pairs.ours_s:.1f} s",
        yardstick=f"{pairs.yardstick_s:.2f} s",
        reached=None if goal is None else pairs.time_ratio <= goal,
    )


if __name__ == "__main__":
    _child(Path(sys.argv[1]), Path(sys.argv[2]))
