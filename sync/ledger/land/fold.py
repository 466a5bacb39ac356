"""The fold (ledger rules §2): events in order of observation move pieces of ground from state to state.

The table below is the table of the rules, one row a kind of event, one column a state. Everything is done for all
parcels at once, round by round: the r-th event of every parcel in round r.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from schemas.codes import LandState
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.events import EventKind
from sync.ledger.land.ground import Ground, Ints

STATES = tuple(LandState)
"""Column order of the table; a state's number is its place here."""
BASELINE, DEMOLISHED, CLEARED, RESTORED, BUILT, REUSED = range(6)
STAY = -1

ADVERSE = 1
D12 = 2
D16 = 4
D18 = 8
D20 = 16

TABLE = """
                        baseline    demolished  cleared         restored        built       reused
DEMOLITION_NOT_CLEARED  demolished  -           demolished▼D18  demolished▼D18  demolished  -,D12
DEMOLITION_CLEARED      cleared     cleared     -               -,D12           cleared     -,D12
REGREENING_PASSED       -,D12       -,D12       restored        restored        -,D18       -
REGREENING_FAILED       -           -           -               cleared▼D20     -           -
WORKS_DONE              -           -           -               -               -           -
REUSE                   -,D12       reused      reused          reused▼         reused      reused
NEW_BUILD               built▼      built▼      built▼D18       built▼D18       -           built▼D18
NO_LAND                 -           -           -               -               -           -
"""
"""The table of ledger rules §2: where a piece goes ("-": it stays), ▼ an adverse move, and the code that it raises.
What depends on classes besides (`REGREENING_PASSED`: D12 on construction land only, D16, a downgrade) is finished in
`_marks`."""

_BITS = {"": 0, "D12": D12, "D16": D16, "D18": D18, "D20": D20}


def _parsed(table: str) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    """Next state and marks, by kind of event and state."""
    rows = {name: cells for name, *cells in (line.split() for line in table.split("\n")[2:-1])}
    after = np.empty((len(EventKind), len(STATES)), dtype=np.int8)
    marks = np.empty((len(EventKind), len(STATES)), dtype=np.uint8)
    for kind in EventKind:
        for state, cell in enumerate(rows[kind.name]):
            target, adverse, code = cell.partition("▼") if "▼" in cell else cell.partition(",")
            after[kind, state] = STAY if target == "-" else STATES.index(LandState(target))
            marks[kind, state] = _BITS[code] | (ADVERSE if adverse == "▼" else 0)
    return after, marks


_NEXT, _MARKS = _parsed(TABLE)


class Mode(IntEnum):
    """What an event may do on one parcel."""

    NOTHING = 0
    ADVERSE = 1
    ALL = 2


@dataclass(frozen=True)
class Pairs:
    """Events on parcels, in order of parcel, then of the fold. `event` points into the caller's list of events,
    `layer` is the number of the event's outline among the layers of the parcel. Which `Mode` a pair has is said apart
    (`Land.modes`), for the same pairs are folded several times."""

    parcel: Ints
    event: Ints
    layer: Ints
    kind: NDArray[np.int8]
    class_index: Ints
    at_ms: Ints

    def __len__(self) -> int:
        return len(self.parcel)


@dataclass(frozen=True)
class Moves:
    """What happened to pieces, in the order in which it happened to each: a change of state or class, or a mark.

    `marks` are the bits ADVERSE, D12, D16, D18, D20; where `to_state` and `to_class` equal what was, only marks were
    made.
    """

    piece: Ints
    pair: Ints
    from_state: NDArray[np.int8]
    from_class: Ints
    to_state: NDArray[np.int8]
    to_class: Ints
    marks: NDArray[np.uint8]

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Moves that changed state or class."""
        return np.asarray((self.from_state != self.to_state) | (self.from_class != self.to_class), dtype=bool)


@dataclass(frozen=True)
class Fold:
    """The state and class (restored or reused as; the baseline's otherwise) of each piece, and how it came there."""

    state: NDArray[np.int8]
    land_class: Ints
    moves: Moves


def fold(
    ground: Ground,
    start: tuple[NDArray[np.int8], Ints],
    base_class: Ints,
    pairs: Pairs,
    modes: NDArray[np.int8],
    classes: ClassTable,
) -> Fold:
    """Fold `pairs` over the pieces of `ground` from a state and class of each piece (`start`), each pair in its mode.

    `base_class` is the class of the ground before everything.
    """
    state, land_class = start[0].copy(), start[1].copy()
    parcels = int(ground.parcel.max(initial=-1)) + 1
    first = np.searchsorted(pairs.parcel, np.arange(parcels + 1))
    count = np.diff(first)
    done: list[Moves] = []
    pieces = np.arange(len(ground))
    turn = 0
    while len(pieces):
        pieces = pieces[count[ground.parcel[pieces]] > turn]
        pair = first[ground.parcel[pieces]] + turn
        turn += 1
        hit = ground.inside(pieces, pairs.layer[pair])
        chosen, by = pieces[hit], pair[hit]
        if not len(chosen):
            continue
        was, was_class = state[chosen], land_class[chosen]
        kind = pairs.kind[by]
        named = pairs.class_index[by]
        to = _NEXT[kind, was]
        to = np.where(to == STAY, was, to)
        to_class = np.where(
            (to == RESTORED) & (kind == EventKind.REGREENING_PASSED) | (to == REUSED) & (kind == EventKind.REUSE),
            named,
            np.where(to == was, was_class, base_class[chosen]),
        )
        marks = _marks(kind, was, was_class, named, base_class[chosen], classes)
        mode = modes[by]
        acts = (mode == Mode.ALL) | (mode == Mode.ADVERSE) & ((marks & ADVERSE) > 0)
        kept = acts & ((to != was) | (to_class != was_class) | (marks > 0))
        state[chosen[kept]], land_class[chosen[kept]] = to[kept], to_class[kept]
        made = (chosen, by, was, was_class, to.astype(np.int8), to_class, marks)
        done.append(Moves(*(column[kept] for column in made)))
    return Fold(state, land_class, _all(done))


def _marks(
    kind: NDArray[np.int8],
    was: NDArray[np.int8],
    was_class: Ints,
    named: Ints,
    base: Ints,
    classes: ClassTable,
) -> NDArray[np.uint8]:
    """Marks of the table, finished where they depend on classes (rules §2, row `regreening passed`)."""
    marks = _MARKS[kind, was].copy()
    passed = kind == EventKind.REGREENING_PASSED
    on_baseline = passed & (was == BASELINE)
    marks[on_baseline & ~classes.construction[base]] = 0
    fresh = passed & (was == CLEARED) & ~classes.restores[named]
    again = passed & (was == RESTORED)
    changed = again & (named != was_class)
    marks[fresh | changed] |= D16
    marks[again & ~classes.restores[named] & classes.restores[was_class]] |= ADVERSE
    return marks


def _all(done: list[Moves]) -> Moves:
    if not done:
        none, small = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int8)
        return Moves(none, none, small, none, small, none, small.astype(np.uint8))
    return Moves(*(np.concatenate([getattr(part, name) for part in done]) for name in Moves.__dataclass_fields__))
