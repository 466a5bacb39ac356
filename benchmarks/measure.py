"""Measuring on a machine that others use too: ours and the yardstick in turn, ratios pair by pair, medians."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

BUILD = Path(__file__).parent.parent / "build" / "benchmarks"


@dataclass(frozen=True)
class Figure:
    """One row of the table. `goal` and `ratio` are as the reader sees them; `reached` is None where there is no
    goal."""

    what: str
    goal: str
    ratio: str
    ours: str
    yardstick: str
    reached: bool | None


@dataclass(frozen=True)
class Pairs:
    """Seconds that ours and the yardstick took, round by round."""

    ours: list[float]
    yardstick: list[float]

    @property
    def ours_s(self) -> float:
        """The median of ours."""
        return median(self.ours)

    @property
    def yardstick_s(self) -> float:
        """The median of the yardstick."""
        return median(self.yardstick)

    @property
    def time_ratio(self) -> float:
        """Median over the rounds of ours / yardstick: below 1 is faster than the yardstick."""
        return median(ours / yard for ours, yard in zip(self.ours, self.yardstick, strict=True))

    @property
    def speed_ratio(self) -> float:
        """Median over the rounds of yardstick / ours: above 1 is faster than the yardstick."""
        return median(yard / ours for ours, yard in zip(self.ours, self.yardstick, strict=True))


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes by the wall clock."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_s() -> float:
    """Seconds of processor time that this process and its ended children have used: what others' load changes least."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


@contextmanager
def disk_folder() -> Iterator[Path]:
    """A folder of our own below build/, because /tmp may be memory, and fsync there costs nothing."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=BUILD, prefix="run-") as name:
        yield Path(name)
