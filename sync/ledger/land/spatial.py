"""A spatial index that grows: outlines under names, put and taken away one by one, found by what they touch.

Trees of shapely cannot grow, so there are several of falling size: what is new makes a small one, and one that is no
longer much smaller than its neighbour is joined with it. Putting stays cheap however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sync.ledger.land.plane import Geometries

_AS_LARGE = 2
"""A tree is joined with the next where it has less than this many times its members."""


@dataclass
class _Level:
    names: list[str]
    outlines: Geometries
    tree: shapely.STRtree


class SpatialIndex:
    """Outlines by name. All in one plane."""

    def __init__(self) -> None:
        self._now: dict[str, BaseGeometry] = {}
        self._fresh: dict[str, BaseGeometry] = {}
        self._levels: list[_Level] = []

    def __len__(self) -> int:
        return len(self._now)

    def put(self, outlines: Mapping[str, BaseGeometry]) -> None:
        """Add outlines; one that stands under the same name is replaced."""
        self._now.update(outlines)
        self._fresh.update(outlines)

    def remove(self, names: Iterable[str]) -> None:
        """Take outlines away; names that are not there are left alone."""
        for name in names:
            self._now.pop(name, None)
            self._fresh.pop(name, None)

    def touching(self, outlines: Geometries) -> Iterator[tuple[int, str]]:
        """(place in `outlines`, name) of every outline here that one of `outlines` touches, in no order."""
        self._settle()
        for level in self._levels:
            asked, found = level.tree.query(outlines, predicate="intersects")
            for place, member in zip(asked.tolist(), found.tolist(), strict=True):
                name = level.names[member]
                if self._now.get(name) is level.outlines[member]:  # else it was replaced or taken away since
                    yield place, name

    def _settle(self) -> None:
        if not self._fresh:
            return
        names, outlines = list(self._fresh), list(self._fresh.values())
        while self._levels and len(self._levels[-1].names) < _AS_LARGE * len(names):
            last = self._levels.pop()
            kept = [
                (name, outline)
                for name, outline in zip(last.names, last.outlines, strict=True)
                if self._now.get(name) is outline and name not in self._fresh
            ]
            names.extend(name for name, _ in kept)
            outlines.extend(outline for _, outline in kept)
        made = np.empty(len(outlines), dtype=object)
        made[:] = outlines
        self._levels.append(_Level(names, made, shapely.STRtree(made)))
        self._fresh = {}
