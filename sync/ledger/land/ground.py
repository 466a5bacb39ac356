"""Cutting the ground (once): each parcel into pieces that lie wholly inside or wholly outside every outline on it.

All geometry of the ledger happens here. Afterwards every question about land state, at whatever date and with whatever
entries left out, is bookkeeping over pieces with an area, so that sums hold by construction: the pieces of a parcel add
up to it, and no order of arrival changes a piece. Layers of a parcel are cut in the order given, so the same layers in
the same order make the same pieces to the last bit.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from sync.ledger.land.exact import on_grid
from sync.ledger.land.plane import Geometries, only_polygons

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

CRUMB_M2 = 1e-5
"""Below this an overlap is rounding, not land: the piece counts as outside (a thousandth of a stored hundredth)."""


@dataclass
class Ground:
    """Pieces, in order of their parcels. `parcel` says whose a piece is, `area_m2` its plane area, `cover` one bit a
    layer of its parcel. No two pieces of a parcel have the same cover. Areas lie on the grid of `exact.py`: their sums
    are exact in any order.

    A piece's outline is cut out only when it is asked for: hardly anybody asks, and areas do not need it.
    """

    parcel: Ints
    area_m2: Floats
    cover: Words
    _common: Geometries
    """What the parcel and all layers over the piece have in common: the piece and others with more layers."""
    _first: Ints
    _layers: Geometries

    def __len__(self) -> int:
        return len(self.parcel)

    def inside(self, pieces: Ints, layer: Ints) -> NDArray[np.bool_]:
        """Whether each of `pieces` lies inside the layer of its parcel with that number."""
        word, bit = np.divmod(layer, 64)
        found = (self.cover[pieces, word] >> bit.astype(np.uint64)) & np.uint64(1)
        return np.asarray(found, dtype=bool)

    def shapes(self, pieces: Ints) -> Geometries:
        """The outlines of `pieces` in plane metres."""
        return only_polygons(np.array([self._outline(int(piece)) for piece in pieces], dtype=object))

    def _outline(self, piece: int) -> shapely.Geometry | None:
        first, end = self._first[self.parcel[piece] : self.parcel[piece] + 2]
        over = self.inside(np.full(end - first, piece), np.arange(end - first))
        others = self._layers[first:end][~over]
        return (
            shapely.difference(self._common[piece], shapely.union_all(others)) if len(others) else self._common[piece]
        )


def cut(outlines: Geometries, owner: Ints, layers: Geometries, threads: int = 1) -> Ground:
    """Cut `outlines` (plane metres, valid, of polygons) by `layers`; layer i lies on outline `owner[i]`.

    `owner` ascends; the layers of one outline are numbered from 0 in the order given. None among the layers covers
    nothing. With several `threads` outlines are shared out, which changes no piece.
    """
    count = np.bincount(owner, minlength=len(outlines)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(count)])
    words = max(1, -(-int(count.max(initial=0)) // 64))
    bounds = np.array([0, len(outlines)])
    if threads > 1 and len(outlines) >= _WORTH_A_THREAD:
        edges = np.searchsorted(first, np.linspace(0, len(owner), _SHARDS * threads + 1)[1:-1])
        bounds = np.unique(np.concatenate([bounds, edges]))
    with ThreadPoolExecutor(threads) as pool:
        jobs = [
            pool.submit(_cut, outlines[a:b], count[a:b], layers[first[a] : first[b]], words)
            for a, b in pairwise(bounds)
        ]
        parts = [job.result() for job in jobs]
    return Ground(
        np.concatenate([part.parcel + start for part, start in zip(parts, bounds[:-1], strict=True)]),
        on_grid(np.concatenate([part.area_m2 for part in parts])),
        np.concatenate([part.cover for part in parts]),
        np.concatenate([part.common for part in parts]),
        first,
        layers,
    )


_WORTH_A_THREAD = 2000
_SHARDS = 4


@dataclass
class _Pieces:
    parcel: Ints
    area_m2: Floats
    cover: Words
    common: Geometries

    def chosen(self, order: Ints) -> _Pieces:
        return _Pieces(self.parcel[order], self.area_m2[order], self.cover[order], self.common[order])

    def with_more(self, more: _Pieces) -> _Pieces:
        return _Pieces(
            np.concatenate([self.parcel, more.parcel]),
            np.concatenate([self.area_m2, more.area_m2]),
            np.concatenate([self.cover, more.cover]),
            np.concatenate([self.common, more.common]),
        )


def _cut(outlines: Geometries, count: Ints, layers: Geometries, words: int) -> _Pieces:
    """Layer by layer, of all parcels at once. A piece is split by a layer without ever cutting out a remainder:

    what a layer has in common with a piece's `common` ground is spread over the piece and the pieces inside that ground
    that lie under more layers; so the piece's own share is the whole less the shares of those.
    """
    first = np.cumsum(count) - count
    pieces = _Pieces(
        np.arange(len(outlines)),
        np.nan_to_num(shapely.area(outlines)),
        np.zeros((len(outlines), words), dtype=np.uint64),
        outlines.copy(),
    )
    west, south, east, north = shapely.bounds(layers).T
    for layer in range(int(count.max(initial=0))):
        mine = np.flatnonzero(count[pieces.parcel] > layer)
        place = first[pieces.parcel[mine]] + layer
        box = shapely.bounds(pieces.common[mine])
        meets = (box[:, 0] < east[place]) & (box[:, 2] > west[place])
        meets &= (box[:, 1] < north[place]) & (box[:, 3] > south[place])
        mine, place = mine[meets], place[meets]
        shared = _in_common(pieces.common[mine], layers[place])
        part = _own_share(pieces.parcel[mine], pieces.cover[mine], np.nan_to_num(shapely.area(shared)))
        word, bit = layer // 64, np.uint64(1) << np.uint64(layer % 64)
        outside = part <= CRUMB_M2
        inside = ~outside & (pieces.area_m2[mine] - part <= CRUMB_M2)
        pieces.cover[mine[inside], word] |= bit
        pieces.common[mine[inside]] = shared[inside]
        split = np.flatnonzero(~inside & ~outside)
        fresh = pieces.chosen(mine[split])
        fresh.cover[:, word] |= bit
        fresh.area_m2, fresh.common = part[split], shared[split]
        pieces.area_m2[mine[split]] -= part[split]
        pieces = pieces.with_more(fresh)
    return pieces.chosen(np.argsort(pieces.parcel, kind="stable"))


def _in_common(ground: Geometries, layers: Geometries) -> Geometries:
    """The ground inside the layers. Most outlines lie one within the other (a yard in its parcel, a parcel under its
    own baseline): then the inner one is the answer, found for a sixth of what a cut costs."""
    common = np.full(len(ground), None, dtype=object)
    open_pairs = np.arange(len(ground))
    for inner, outer in ((ground, layers), (layers, ground)):
        within, around = shapely.bounds(inner[open_pairs]), shapely.bounds(outer[open_pairs])
        nested = (within[:, :2] >= around[:, :2]).all(axis=1) & (within[:, 2:] <= around[:, 2:]).all(axis=1)
        some = open_pairs[nested]
        inside = shapely.equals_exact(outer[some], inner[some], 0.0)
        inside[~inside] = shapely.covers(outer[some[~inside]], inner[some[~inside]])
        common[some[inside]] = inner[some[inside]]
        open_pairs = np.setdiff1d(open_pairs, some[inside], assume_unique=True)
    common[open_pairs] = only_polygons(shapely.intersection(ground[open_pairs], layers[open_pairs]))
    return common


def _own_share(parcel: Ints, cover: Words, shared_m2: Floats) -> Floats:
    """Of the area that a layer shares with the common ground of each piece, what falls on the piece itself.

    `parcel` need not be sorted; pieces that the layer does not meet may be missing, their share is nothing.
    """
    order = np.argsort(parcel, kind="stable")
    sizes = np.bincount(parcel)[parcel[order]] if len(parcel) else order
    if not len(parcel) or sizes.max() == 1:
        return shared_m2
    start = np.searchsorted(parcel[order], parcel[order])
    one = np.repeat(order, sizes)
    steps = np.arange(len(one)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    other = order[np.repeat(start, sizes) + steps]
    within = (one != other) & ((cover[one] & ~cover[other]) == 0).all(axis=1)
    one, other = one[within], other[within]
    depth = np.bitwise_count(cover).sum(axis=1)
    own = shared_m2.copy()
    for level in np.unique(depth[one])[::-1]:
        now = depth[one] == level
        inner = np.bincount(one[now], weights=own[other[now]], minlength=len(own))
        own[depth == level] -= inner[depth == level]
    return np.maximum(own, 0.0)
