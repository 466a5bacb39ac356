"""Python's search for reference cycles, made rare while a file is read: rows make none, and there are many of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 100_000
"""How many more there must be before it searches; Python's own 700 cost a fifth of planning a long file."""


@contextmanager
def seldom_searched() -> Iterator[None]:
    """For the whole process; what was set before is set again at the end."""
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
