"""The Clock port in a browser."""

from __future__ import annotations

import asyncio
import os
import time

from sync.device.browser.javascript import module


class BrowserClock:
    """Time as the browser tells it. It has no clock of the device's boot: the monotonic one starts with this worker."""

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return int(module("js").Date.now())

    def offset_min(self) -> int:
        """See `Clock.offset_min`."""
        return -int(module("js").Date.new().getTimezoneOffset())

    def monotonic_ms(self) -> int:
        """See `Clock.monotonic_ms`."""
        return time.monotonic_ns() // 1_000_000

    def random_bytes(self, count: int) -> bytes:
        """See `Clock.random_bytes`."""
        return os.urandom(count)

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)
