"""What happened to each piece of ground up to a state date, as columns in order of piece, then of time.

Made of the moves of a fold once; flows, lags and unbroken spells are all read from here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.ledger.land.fold import BASELINE, CLEARED, RESTORED, REUSED, Fold
from sync.ledger.land.ground import Ints
from sync.ledger.land.layout import Land

Bools = NDArray[np.bool_]

_FREED = np.zeros(6, dtype=bool)
_FREED[[CLEARED, RESTORED, REUSED]] = True


def freed(state: NDArray[np.int8]) -> Bools:
    """Whether states are cleared or further: cleared, restored or reused."""
    return np.asarray(_FREED[state], dtype=bool)


@dataclass(frozen=True)
class History:
    """Changes of state or class. Ground that came cleared or restored into the ledger has a change at `initial_ms`, by
    pair -1; 0 is "always, nobody says since when".

    Columns by change: `before_ms` is when the piece came into the state that it left (0: always).
    """

    piece: Ints
    pair: Ints
    at_ms: Ints
    before_ms: Ints
    from_state: NDArray[np.int8]
    to_state: NDArray[np.int8]
    from_class: Ints
    to_class: Ints
    since_ms: Ints
    """By piece: since when it has been in its state and class without a break (0: always)."""

    def first(self, chosen: Bools) -> Bools:
        """Of the chosen changes the first of each piece."""
        made = np.zeros(len(chosen), dtype=bool)
        places = np.flatnonzero(chosen)
        pieces = self.piece[places]
        made[places[np.concatenate([[True], pieces[1:] != pieces[:-1]]) if len(pieces) else []]] = True
        return made


def history(land: Land, folded: Fold, at_ms: int) -> History:
    """The history of `folded`, a fold of `land` at `at_ms`."""
    moves = folded.moves
    changed = np.flatnonzero(moves.changed)
    given = np.flatnonzero((land.initial_state != BASELINE) & (land.initial_ms <= at_ms))
    piece = np.concatenate([given, moves.piece[changed]])
    order = np.argsort(piece, kind="stable")
    nothing = np.full(len(given), -1)
    columns = (
        np.concatenate([nothing, moves.pair[changed]]),
        np.concatenate([land.initial_ms[given], land.pairs.at_ms[moves.pair[changed]]]),
        np.concatenate([np.full(len(given), BASELINE, dtype=np.int8), moves.from_state[changed]]),
        np.concatenate([land.initial_state[given], moves.to_state[changed]]),
        np.concatenate([land.base_class[given], moves.from_class[changed]]),
        np.concatenate([land.initial_class[given], moves.to_class[changed]]),
    )
    pair, at, from_state, to_state, from_class, to_class = (column[order] for column in columns)
    piece = piece[order]
    before = np.zeros(len(piece), dtype=np.int64)
    again = np.flatnonzero(piece[1:] == piece[:-1]) + 1
    # What changes at the very moment of another change keeps that moment.
    before[again] = at[again - 1]
    since = np.zeros(len(land.ground), dtype=np.int64)
    since[piece] = at
    return History(piece, pair, at, before, from_state, to_state, from_class, to_class, since)
