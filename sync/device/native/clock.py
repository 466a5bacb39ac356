"""The Clock port on CPython: the system's time and its random source."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import datetime

_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Time as the system tells it; the monotonic clock also counts the time asleep, where the system can."""

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return time.time_ns() // 1_000_000

    def offset_min(self) -> int:
        """See `Clock.offset_min`."""
        offset = datetime.now().astimezone().utcoffset()
        return 0 if offset is None else round(offset.total_seconds() / 60)

    def monotonic_ms(self) -> int:
        """See `Clock.monotonic_ms`."""
        nanoseconds = time.monotonic_ns() if _BOOT_CLOCK is None else time.clock_gettime_ns(_BOOT_CLOCK)
        return nanoseconds // 1_000_000

    def random_bytes(self, count: int) -> bytes:
        """See `Clock.random_bytes`."""
        return os.urandom(count)

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)
