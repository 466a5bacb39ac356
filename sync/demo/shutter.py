"""When things happen within one visit, by its time of observation."""

from __future__ import annotations

from typing import Any

_APART_MS = 20_000
"""Between two shutters."""
_FORM_MS = 300_000
"""From the opening of the form to the last shutter."""


def shutters(visit: dict[str, Any]) -> list[int]:
    """When each photo is taken; the last shutter is the time of observation (ledger rules §1)."""
    count = len(visit["shots"])
    return [visit["at_ms"] - (count - 1 - number) * _APART_MS for number in range(count)]


def begun_ms(visit: dict[str, Any]) -> int:
    """When the form was opened."""
    return int(visit["at_ms"]) - _FORM_MS
