"""Parcels and events laid over one another: which event lies on which parcel, with what right, and the cut ground.

Built once for a set of parcels; then folded for any state date and in three modes (`figures.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import shapely
from numpy.typing import NDArray

from sync.ledger.book.facts import Check, Parcel
from sync.ledger.land.classes import NO_CLASS, ClassTable
from sync.ledger.land.events import RANK, EventKind, Force, LandEvent
from sync.ledger.land.fold import BASELINE, STATES, Mode, Pairs
from sync.ledger.land.ground import Ground, Ints, cut
from sync.ledger.land.plane import Geometries, polygonal, to_plane

Project = Callable[[Geometries], Geometries]

RANKS = [RANK[kind] for kind in EventKind]
_STATE = {state: number for number, state in enumerate(STATES)}


@dataclass(frozen=True)
class Columns:
    """The events' fields as arrays, by event; `first` is the place of the first parcel listed that the ledger has
    (-1: none)."""

    kind: NDArray[np.int8]
    force: NDArray[np.int8]
    at_ms: Ints
    class_index: Ints
    decided: NDArray[np.bool_]
    claimed_e2: Ints
    floor_area_e2: Ints
    first: Ints

    @classmethod
    def of(cls, events: Sequence[LandEvent], named: tuple[Ints, Ints]) -> Columns:
        """The columns of `events`; `named` are places of parcels and numbers of the events that list them."""
        table = np.array(list(map(_FIELDS, events)), dtype=np.int64).reshape(-1, 7).T
        first = np.full(len(events), -1, dtype=np.int64)
        first[named[1][::-1]] = named[0][::-1]  # the last assignment stays: the first parcel listed
        return cls(
            table[0].astype(np.int8), table[1].astype(np.int8), table[2], table[3], table[4] > 0, table[5], table[6],
            first,
        )  # fmt: skip


_FIELDS = attrgetter("kind", "force", "at_ms", "class_index", "decided", "claimed_e2", "floor_area_e2")


@dataclass(frozen=True)
class Land:
    """Parcels, their events and the pieces between them. Arrays by piece: `base_class` (NO_CLASS outside the baseline
    parts), `initial_state`, `initial_class`, `initial_ms` (when the ground came into that state; 0: always)."""

    parcels: tuple[Parcel, ...]
    events: tuple[LandEvent, ...]
    checks: tuple[Check, ...]
    classes: ClassTable
    ground: Ground
    pairs: Pairs
    columns: Columns
    force: NDArray[np.int8]
    """By pair: the event's `Force`."""
    listed: NDArray[np.bool_]
    """By pair: whether the event lists the parcel."""
    at_home: NDArray[np.bool_]
    """By pair: whether the parcel lies in a unit of the event's author."""
    base_class: Ints
    initial_state: NDArray[np.int8]
    initial_class: Ints
    initial_ms: Ints
    check_layers: dict[tuple[int, int], int]
    """(parcel, check) -> layer of the check's own outline on that parcel."""
    plane_outlines: Geometries
    """The parcels' outlines in plane metres."""
    event_outlines: Geometries
    """The events' outlines in plane metres; None where an event has none."""

    @property
    def in_base(self) -> NDArray[np.bool_]:
        """By piece: whether it belongs to B, baseline that counts as urban-rural construction land (rules §3)."""
        return self.classes.urban_rural[self.base_class]

    def start(self, at_ms: int) -> tuple[NDArray[np.int8], Ints]:
        """State and class of each piece before any event, at an instant."""
        known = self.initial_ms <= at_ms
        return (
            np.where(known, self.initial_state, BASELINE).astype(np.int8),
            np.where(known, self.initial_class, self.base_class),
        )

    def modes(self, at_ms: int, *, with_held: bool = False, without_contested: bool = False) -> NDArray[np.int8]:
        """By pair what the event may do at a state date: as it stands; `with_held`, as if held events were in force;
        `without_contested`, as if adverse facts that are not in force had not arrived."""
        in_force = self.force == Force.FULL
        if with_held:
            in_force = in_force | (self.force == Force.HELD)
        arrived = (self.force != Force.NONE) & ~in_force & self.at_home
        if without_contested:
            arrived &= False
        mode = np.where(in_force & self.listed, Mode.ALL, np.where(in_force | arrived, Mode.ADVERSE, Mode.NOTHING))
        return np.where(self.pairs.at_ms <= at_ms, mode, Mode.NOTHING).astype(np.int8)


def lay_out(
    parcels: Sequence[Parcel],
    events: Sequence[LandEvent],
    classes: ClassTable,
    checks: Sequence[Check] = (),
    project: Project = to_plane,
    threads: int = 1,
) -> Land:
    """Lay `events` and the outlines of `checks` over `parcels` (unique ids) and cut the ground.

    `project` brings outlines into an equal-area plane; by default from EPSG:4490 degrees.
    """
    parcels = tuple(sorted(parcels, key=lambda parcel: parcel.id))
    events = _in_order([event for event in events if event.force is not Force.NONE])
    checks = tuple(sorted(checks, key=lambda check: check.said.entry))
    place = {parcel.id: number for number, parcel in enumerate(parcels)}
    outlines = project(_array([parcel.outline for parcel in parcels]))
    event_outlines = project(_array([event.outline for event in events]))
    named = _named(events, place)
    columns = Columns.of(events, named)
    parcel_of, event_of, listed = _meetings(named, outlines, event_outlines, _adverse(columns, classes))
    parts = _baseline(parcels, outlines, classes, project)
    check_parcel, check_number, check_outlines = _with_outline(checks, place, project)
    # Layers of a parcel: its baseline parts, then outlines of checks, then events; each group in an order of its own.
    owner = np.concatenate([parts.parcel, check_parcel, parcel_of])
    layers = np.concatenate([parts.outlines, check_outlines, event_outlines[event_of]])
    order = np.argsort(owner, kind="stable")
    number = np.empty(len(owner), dtype=np.int64)
    first = np.searchsorted(owner[order], np.arange(len(parcels)))
    number[order] = np.arange(len(owner)) - first[owner[order]]
    ground = cut(outlines, owner[order], layers[order], threads)
    n_parts, n_checks = len(parts.parcel), len(check_parcel)
    base_class, state, state_class, state_ms = _start(ground, parts, number[:n_parts])
    pairs = Pairs(
        parcel=parcel_of,
        event=event_of,
        layer=number[n_parts + n_checks :],
        kind=columns.kind[event_of],
        class_index=columns.class_index[event_of],
        at_ms=columns.at_ms[event_of],
    )
    return Land(
        parcels, events, checks, classes, ground, pairs, columns,
        force=columns.force[event_of],
        listed=listed,
        at_home=_at_home(parcels, events, parcel_of, event_of),
        base_class=base_class,
        initial_state=state,
        initial_class=state_class,
        initial_ms=state_ms,
        check_layers={
            (int(p), int(c)): int(layer)
            for p, c, layer in zip(check_parcel, check_number, number[n_parts : n_parts + n_checks], strict=True)
        },
        plane_outlines=outlines,
        event_outlines=event_outlines,
    )  # fmt: skip


def may_be_adverse(event: LandEvent, classes: ClassTable) -> bool:
    """Whether an event of this kind and class can make an adverse move at all (the ▼ of rules §2)."""
    if event.kind == EventKind.REGREENING_PASSED:
        return not bool(classes.restores[event.class_index])
    return event.kind in _ADVERSE_KINDS


_ADVERSE_KINDS = frozenset(
    {EventKind.DEMOLITION_NOT_CLEARED, EventKind.REGREENING_FAILED, EventKind.REUSE, EventKind.NEW_BUILD}
)


def _adverse(columns: Columns, classes: ClassTable) -> NDArray[np.bool_]:
    """`may_be_adverse`, of all events at once."""
    downgrade = (columns.kind == EventKind.REGREENING_PASSED) & ~classes.restores[columns.class_index]
    return np.asarray(np.isin(columns.kind, list(_ADVERSE_KINDS)) | downgrade, dtype=bool)


def _in_order(events: Sequence[LandEvent]) -> tuple[LandEvent, ...]:
    """The events in the order of the fold (`LandEvent.order`), found by whole columns first: ids decide few places."""
    at_ms = np.array(list(map(attrgetter("at_ms"), events)), dtype=np.int64)
    rank = np.array(RANKS, dtype=np.int64)[list(map(attrgetter("kind"), events))]
    order = np.lexsort((rank, at_ms))
    tied = np.flatnonzero((np.diff(at_ms[order]) == 0) & (np.diff(rank[order]) == 0))
    for run in np.split(tied, np.flatnonzero(np.diff(tied) > 1) + 1):
        if len(run):
            same = order[run[0] : run[-1] + 2]
            order[run[0] : run[-1] + 2] = sorted(same, key=lambda number: events[number].id)
    return tuple(map(events.__getitem__, order.tolist()))


def _named(events: Sequence[LandEvent], place: Mapping[str, int]) -> tuple[Ints, Ints]:
    """Places of parcels and numbers of the events that list them, in order of the event, then of its list."""
    found = [(place[name], number) for number, event in enumerate(events) for name in event.parcels if name in place]
    both = np.array(found, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _meetings(
    named: tuple[Ints, Ints], outlines: Geometries, event_outlines: Geometries, adverse: NDArray[np.bool_]
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Pairs of parcel and event, in order of parcel then of the fold: those that an event lists, and those that one
    with adverse moves touches. An event without an outline lies nowhere."""
    events = len(event_outlines)
    known = ~shapely.is_missing(event_outlines)
    listed_keys = (named[0] * events + named[1])[known[named[1]]]
    far = np.flatnonzero(adverse & known)
    touched_keys = np.empty(0, dtype=np.int64)
    if len(far) and len(outlines):
        hit_event, hit_parcel = shapely.STRtree(outlines).query(event_outlines[far], predicate="intersects")
        touched_keys = hit_parcel.astype(np.int64) * events + far[hit_event]
    keys = np.unique(np.concatenate([listed_keys, touched_keys]))
    if not len(keys):
        none = np.empty(0, dtype=np.int64)
        return none, none, none.astype(bool)
    parcel_of, event_of = np.divmod(keys, events)
    return parcel_of, event_of, np.isin(keys, listed_keys)


@dataclass(frozen=True)
class _Parts:
    parcel: Ints
    outlines: Geometries
    land_class: Ints
    state: NDArray[np.int8]
    state_class: Ints
    state_ms: Ints


def _baseline(parcels: Sequence[Parcel], outlines: Geometries, classes: ClassTable, project: Project) -> _Parts:
    parcel = np.array([number for number, one in enumerate(parcels) for _ in one.baseline], dtype=np.int64)
    parts = [part for one in parcels for part in one.baseline]
    # A part that is the whole parcel shares its outline, which saves the cut.
    shared = np.array(
        [
            part.outline is one.outline or part.outline.equals_exact(one.outline)
            for one in parcels
            for part in one.baseline
        ],
        dtype=bool,
    )
    planar = np.full(len(parts), None, dtype=object)
    planar[shared] = outlines[parcel[shared]]
    own = np.flatnonzero(~shared)
    planar[own] = project(_array([parts[number].outline for number in own]))
    return _Parts(
        parcel,
        planar,
        np.array([classes.index(part.land_class) for part in parts], dtype=np.int64),
        np.array([_STATE[part.initial_state] if part.initial_state else BASELINE for part in parts], dtype=np.int8),
        np.array([classes.index(part.initial_class or part.land_class) for part in parts], dtype=np.int64),
        np.array([part.as_of_ms or 0 for part in parts], dtype=np.int64),
    )


def _start(ground: Ground, parts: _Parts, layer: Ints) -> tuple[Ints, NDArray[np.int8], Ints, Ints]:
    """Base class and initial state of each piece: those of the first baseline part that covers it."""
    base = np.full(len(ground), NO_CLASS, dtype=np.int64)
    state = np.full(len(ground), BASELINE, dtype=np.int8)
    state_class, state_ms = base.copy(), np.zeros(len(ground), dtype=np.int64)
    free = np.ones(len(ground), dtype=bool)
    first = np.searchsorted(parts.parcel, np.arange(int(ground.parcel.max(initial=-1)) + 2))
    count = np.diff(first)
    for turn in range(int(count.max(initial=0))):
        pieces = np.flatnonzero(free & (count[ground.parcel] > turn))
        part = first[ground.parcel[pieces]] + turn
        hit = ground.inside(pieces, layer[part])
        pieces, part = pieces[hit], part[hit]
        base[pieces], state[pieces] = parts.land_class[part], parts.state[part]
        state_class[pieces], state_ms[pieces] = parts.state_class[part], parts.state_ms[part]
        free[pieces] = False
    return base, state, state_class, state_ms


def _with_outline(checks: Sequence[Check], place: dict[str, int], project: Project) -> tuple[Ints, Ints, Geometries]:
    found = [
        (place[name], number)
        for number, check in enumerate(checks)
        if check.outline is not None
        for name in check.parcels
        if name in place
    ]
    parcel = np.array([p for p, _ in found], dtype=np.int64)
    check = np.array([c for _, c in found], dtype=np.int64)
    return parcel, check, project(_array([checks[c].outline for _, c in found]))


def _at_home(
    parcels: Sequence[Parcel], events: Sequence[LandEvent], parcel_of: Ints, event_of: Ints
) -> NDArray[np.bool_]:
    units = [parcel.unit for parcel in parcels]
    bound = [event.units for event in events]
    meetings = zip(parcel_of.tolist(), event_of.tolist(), strict=True)
    return np.array([(home := bound[e]) is None or units[p] in home for p, e in meetings], dtype=bool)


def _array(outlines: Sequence[shapely.Geometry | None]) -> Geometries:
    made = np.empty(len(outlines), dtype=object)
    made[:] = outlines
    return made


def local_plane(outlines: Geometries) -> Geometries:
    """The `Project` of outlines that are plane metres already."""
    return polygonal(outlines)
