"""Cutting the ground (once): each parcel into pieces that lie wholly inside or wholly outside every outline on it.

All geometry of the ledger happens here. Afterwards every question about land state, at whatever date and with whatever
entries left out, is bookkeeping over pieces with an area, so that sums hold by construction: the pieces of a parcel add
up to it, and no order of arrival changes a piece. Layers of a parcel are cut in the order given, so the same layers in
the same order make the same pieces to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from sync.ledger.plane import Geometries, only_polygons

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

CRUMB_M2 = 1e-6
"""Below this an overlap is rounding, not land: the piece counts as outside (a thousandth of a stored hundredth)."""


@dataclass
class Ground:
    """Pieces. `parcel` says whose a piece is, `area_m2` its plane area, `cover` one bit a layer of its parcel.

    A piece's shape is cut out when it is asked for: for most pieces nobody asks, and areas do not need it.
    """

    parcel: Ints
    area_m2: Floats
    cover: Words
    _shape: Geometries
    _less: Geometries

    def __len__(self) -> int:
        return len(self.parcel)

    def inside(self, pieces: Ints, layer: Ints) -> NDArray[np.bool_]:
        """Whether each of `pieces` lies inside the layer of its parcel with that number."""
        word, bit = np.divmod(layer, 64)
        found = (self.cover[pieces, word] >> bit.astype(np.uint64)) & np.uint64(1)
        return np.asarray(found, dtype=bool)

    def shapes(self, pieces: Ints) -> Geometries:
        """The outlines of `pieces` in plane metres."""
        whole = self._shape[pieces]
        less = self._less[pieces]
        open_cuts = ~shapely.is_missing(less)
        if open_cuts.any():
            whole[open_cuts] = only_polygons(shapely.difference(whole[open_cuts], less[open_cuts]))
        return whole


def cut(outlines: Geometries, owner: Ints, layers: Geometries, threads: int = 1) -> Ground:
    """Cut `outlines` (plane metres, valid, of polygons) by `layers`; layer i lies on outline `owner[i]`.

    `owner` ascends; the layers of one outline are numbered from 0 in the order given. None among the layers covers
    nothing. With several `threads` outlines are shared out, which changes no piece.
    """
    count = np.bincount(owner, minlength=len(outlines)) if len(owner) else np.zeros(len(outlines), dtype=np.int64)
    words = max(1, -(-int(count.max(initial=0)) // 64))
    if threads <= 1 or len(outlines) < _WORTH_A_THREAD:
        return _joined([_cut(outlines, count, layers, words)], [0])
    first = np.concatenate([[0], np.cumsum(count)])
    edges = np.searchsorted(first, np.linspace(0, len(owner), _SHARDS * threads + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], edges, [len(outlines)]]))
    shards = [(int(a), int(b)) for a, b in pairwise(bounds)]
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(_cut, outlines[a:b], count[a:b], layers[first[a] : first[b]], words) for a, b in shards]
        return _joined([job.result() for job in jobs], [a for a, _ in shards])


_WORTH_A_THREAD = 2000
_SHARDS = 4


def _joined(parts: Sequence[Ground], offsets: Sequence[int]) -> Ground:
    """The parts as one, pieces in order of their parcels."""
    for part, offset in zip(parts, offsets, strict=True):
        part.parcel += offset
    if len(parts) == 1:
        return parts[0]
    return Ground(
        np.concatenate([part.parcel for part in parts]),
        np.concatenate([part.area_m2 for part in parts]),
        np.concatenate([part.cover for part in parts]),
        np.concatenate([part._shape for part in parts]),
        np.concatenate([part._less for part in parts]),
    )


def _cut(outlines: Geometries, count: Ints, layers: Geometries, words: int) -> Ground:
    first = np.cumsum(count) - count
    parcel = np.arange(len(outlines))
    shape = np.array(outlines, dtype=object, copy=True)
    less = np.full(len(outlines), None, dtype=object)
    area = np.nan_to_num(shapely.area(shape))
    cover = np.zeros((len(outlines), words), dtype=np.uint64)
    west, south, east, north = shapely.bounds(layers).T
    whole = area.copy()
    for layer in range(int(count.max(initial=0))):
        mine = np.flatnonzero(count[parcel] > layer)
        place = first[parcel[mine]] + layer
        box = shapely.bounds(shape[mine])
        meets = (box[:, 0] < east[place]) & (box[:, 2] > west[place])
        meets &= (box[:, 1] < north[place]) & (box[:, 3] > south[place])
        mine, place = mine[meets], place[meets]
        if not len(mine):
            continue
        bit = np.uint64(1) << np.uint64(layer % 64)
        word = layer // 64
        # The commonest cut is none: the layer is the parcel's own outline, point for point.
        same = whole[parcel[mine]] == area[mine]
        same[same] = shapely.equals_exact(shape[mine[same]], layers[place[same]], 0.0)
        cover[mine[same], word] |= bit
        mine, place = mine[~same], place[~same]
        inner = only_polygons(shapely.intersection(shape[mine], layers[place]))
        inner_area = np.nan_to_num(shapely.area(inner))
        outside = inner_area <= CRUMB_M2
        inside = area[mine] - inner_area <= CRUMB_M2
        cover[mine[inside & ~outside], word] |= bit
        split = np.flatnonzero(~inside & ~outside)
        if not len(split):
            continue
        rest, cut_by = mine[split], place[split]
        # No further layer follows on this parcel: leave the remainder's outline uncut, its area is the difference.
        last = count[parcel[rest]] == layer + 1
        again = rest[~last]
        outer = only_polygons(shapely.difference(shape[again], layers[cut_by[~last]]))
        less[rest[last]] = layers[cut_by[last]]
        shape[again] = outer
        area[rest] -= inner_area[split]
        new_cover = cover[rest].copy()
        new_cover[:, word] |= bit
        parcel = np.concatenate([parcel, parcel[rest]])
        area = np.concatenate([area, inner_area[split]])
        cover = np.concatenate([cover, new_cover])
        shape = np.concatenate([shape, inner[split]])
        less = np.concatenate([less, np.full(len(split), None, dtype=object)])
    order = np.argsort(parcel, kind="stable")
    return Ground(parcel[order], area[order], cover[order], shape[order], less[order])
