"""How many bytes to risk on one request: learned from how far the line carries before it is cut.

A cut costs what the cut request had sent, half of it on average. Where the line carries L bytes between cuts, requests
of L/16 lose about 3 % to cuts; what is left of the 15 % is for answers that were lost after the work was done.
"""

from __future__ import annotations

from schemas.protocol import MAX_CHUNK_BYTES, MIN_CHUNK_BYTES

_SHARE = 16
_FIRST_RUN_BYTES = 4 * 1_048_576


class Pace:
    """The usual run between two cuts, in bytes: a longer run raises it at once, a cut halves the difference."""

    def __init__(self) -> None:
        self._usual_bytes = _FIRST_RUN_BYTES
        self._run_bytes = 0

    def most_bytes(self) -> int:
        """The largest request that is worth risking now."""
        return max(MIN_CHUNK_BYTES, min(MAX_CHUNK_BYTES, self._usual_bytes // _SHARE))

    def carried(self, sent_bytes: int) -> None:
        """A request was answered."""
        self._run_bytes += sent_bytes
        self._usual_bytes = max(self._usual_bytes, self._run_bytes)

    def cut(self, sent_bytes: int) -> None:
        """A request got no answer; it may have been cut anywhere."""
        if sent_bytes:
            self._usual_bytes = (self._usual_bytes + self._run_bytes + sent_bytes // 2) // 2
        self._run_bytes = 0
