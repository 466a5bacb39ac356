"""Scripted clocks: the demonstration plays 2024 to 2026 in order, in a few minutes.

Only what `sync/demo` starts reads them: central's clock is handed to `Central(clock=...)`, a tablet's to its store, as
a test hands them in. No setting and no environment variable makes the software's own clocks run otherwise, and the file
`demo` in central's folder says that this ledger's times were scripted.
"""

from __future__ import annotations

import time

from sync.device.native import SystemClock

SCRIPTED = "演示数据·虚构：时间由演示脚本给出 (demonstration data, fictional; its times were scripted)\n"
"""What the file `demo` in central's folder says."""


class ScriptedTime:
    """A time that is set by the story and runs on from there, in real time, never backwards."""

    def __init__(self, start_ms: int) -> None:
        self._base_ms = start_ms
        self._set_at = time.monotonic()
        self._last_ms = start_ms

    def move_to(self, at_ms: int) -> None:
        """Let it be `at_ms` now, or leave it where it is later already."""
        if at_ms > self.now_ms():
            self._base_ms, self._set_at = at_ms, time.monotonic()

    def now_ms(self) -> int:
        """Unix milliseconds of the story."""
        self._last_ms = max(self._last_ms, self._base_ms + round((time.monotonic() - self._set_at) * 1000))
        return self._last_ms


class TourClock(SystemClock):
    """A tablet's clock: where the tour has got to. It may be set back, as a device's clock may be wrong."""

    def __init__(self) -> None:
        self._base_ms = 0
        self._set_at = time.monotonic()

    def set(self, at_ms: int) -> None:
        """The device believes that it is `at_ms` now."""
        self._base_ms, self._set_at = at_ms, time.monotonic()

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return self._base_ms + round((time.monotonic() - self._set_at) * 1000)

    def offset_min(self) -> int:
        """See `Clock.offset_min`: Beijing."""
        return 480
