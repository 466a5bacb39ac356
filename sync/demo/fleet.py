"""The tablets as the demonstration sees them: processes that take orders, one line each, and answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.entries import Checkpoint
from sync.demo.network import ROOT

Order = dict[str, Any]
Answer = dict[str, Any]


class TabletFailed(RuntimeError):
    """A tablet's process ended while it had an order."""


@dataclass
class Handle:
    """One tablet: its folder, its inspector and its process while it runs."""

    name: str
    folder: Path
    account: str
    anchors: list[Checkpoint] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Switch it on; no effect where it runs."""
        if self._process is None:
            command = [sys.executable, "-m", "sync.demo.tablet", str(self.folder)]
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )

    def give(self, order: Order) -> None:
        """Hand over an order; the answer is fetched by `answer`."""
        self.start()
        process = self._running()
        assert process.stdin is not None  # noqa: S101  # made with a pipe above
        process.stdin.write(json.dumps({**order, "account": self.account}, ensure_ascii=False) + "\n")
        process.stdin.flush()

    def answer(self) -> Answer:
        """Wait for the answer to the oldest order that has none yet. Raises TabletFailed."""
        process = self._running()
        assert process.stdout is not None  # noqa: S101  # made with a pipe above
        line = process.stdout.readline()
        if not line:
            raise TabletFailed(f"tablet {self.name} ended with {process.wait()}")
        said: Answer = json.loads(line)
        if said.get("checkpoint"):
            self.anchors.append(Checkpoint.model_validate(said["checkpoint"]))
        return said

    def stop(self) -> None:
        """Switch it off; what was saved is on its disk."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(30)
            self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise TabletFailed(f"tablet {self.name} is switched off")
        return self._process


def side_by_side(orders: Mapping[str, Order], fleet: Mapping[str, Handle]) -> dict[str, Answer]:
    """Give each tablet its order, then wait for all of them."""
    for name, order in orders.items():
        fleet[name].give(order)
    return {name: fleet[name].answer() for name in orders}


def stop_all(fleet: Iterable[Handle]) -> None:
    """Switch all of them off."""
    for tablet in fleet:
        tablet.stop()
