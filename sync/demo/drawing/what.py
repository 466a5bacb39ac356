"""What a visit finds, in a module of its own: a tablet's process needs the word, not the drawing."""

from __future__ import annotations

from enum import StrEnum


class What(StrEnum):
    """What a visit finds."""

    DEMOLISHED = "demolished"
    CLEARED = "cleared"
    INTERIOR = "interior"
    """A demolition inside a building: floor area, no ground."""
    WORKS = "works"
    PASSED = "passed"
    FAILED = "failed"
    BUILT = "built"
    """疑似新增建设."""
    FACILITY = "facility"
    IMPOSSIBLE = "impossible"
