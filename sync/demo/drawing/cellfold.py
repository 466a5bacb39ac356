"""Land state counted cell by cell: the second way, which shares no code with the ledger's fold and uses no geometry.

The rules are those of the ledger rules §2, written again from the page. A plot's cells carry a state, a class and a few
dates; each event looks at the cells of its box and moves them one kind of move at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.land_classes import counting_rule, land_classes
from sync.demo.drawing.calendar import at
from sync.demo.drawing.cells import Areas, Box, Mask
from sync.demo.drawing.parcels import Plot
from sync.demo.drawing.visits import Story, Weight
from sync.demo.drawing.what import What

BASE, DOWN, CLEAR, GREEN, BUILT, USED = range(6)
NEVER = np.iinfo(np.int64).max
REUSE = "reuse"
Times = NDArray[np.int64]
Small = NDArray[np.int16]


@dataclass(frozen=True)
class Event:
    """Something that moves cells: a visit's kind or `REUSE`, where, when and with what weight."""

    at_ms: int
    kind: str
    box: Box
    weight: Weight
    land_class: str | None = None


@dataclass
class Cells:
    """The cells of a plot while they are counted: state, and class as a number of `number_of`. Dates are Unix ms;
    `since_ms` is when a cell came to be as it is."""

    ground: Mask
    area_m2: Areas
    base: Small
    state: Small = field(init=False)
    land_class: Small = field(init=False)
    since_ms: Times = field(init=False)
    first_clear_ms: Times = field(init=False)
    first_green_ms: Times = field(init=False)

    def __post_init__(self) -> None:
        self.state = np.full(self.ground.shape, BASE, dtype=np.int16)
        self.land_class = self.base.copy()
        self.since_ms = np.zeros(self.ground.shape, dtype=np.int64)
        self.first_clear_ms = np.full(self.ground.shape, NEVER, dtype=np.int64)
        self.first_green_ms = np.full(self.ground.shape, NEVER, dtype=np.int64)

    def sum_m2(self, chosen: Mask) -> float:
        """The area of the chosen cells of the plot."""
        return float(self.area_m2[chosen & self.ground].sum())

    def put(self, cells: Mask, state: int, at_ms: int, land_class: str | None = None) -> None:
        """Bring cells into a state; what is there already in that state and class stays as it is."""
        new_class = self.base if land_class is None else np.full_like(self.base, number_of(land_class))
        cells = cells & self.ground & ~((self.state == state) & (self.land_class == new_class))
        if state in (CLEAR, GREEN, USED):
            fresh = cells & ~_FREE[self.state] & (self.first_clear_ms == NEVER)
            self.first_clear_ms[fresh] = at_ms
        if state == GREEN:
            fresh = cells & (self.state != GREEN) & (self.first_green_ms == NEVER)
            self.first_green_ms[fresh] = at_ms
        self.state[cells] = state
        self.land_class[cells] = new_class[cells]
        self.since_ms[cells] = at_ms


def events_of(story: Story) -> list[Event]:
    """The events of a story, in order of time."""
    found = [
        Event(visit.at_ms + visit.clock_off_ms, visit.what.value, visit.box, visit.weight, visit.land_class)
        for visit in story.visits
        if visit.box is not None and story.plot.number in visit.about and visit.weight is not Weight.NONE
    ]
    # The ledger files a reuse for the whole day, so it holds from midnight.
    found += [Event(at(row.on), REUSE, row.box, Weight.FULL, row.land_class) for row in story.reuses]
    return sorted(found, key=lambda event: event.at_ms)


def counted(
    plot: Plot, events: list[Event], until_ms: int, *, with_held: bool = False, without_contested: bool = False
) -> Cells:
    """The cells of a plot at a moment; `with_held` as if held records counted, `without_contested` as if adverse facts
    that are not in force had not arrived."""
    cells = _begun(plot, until_ms)
    for event in events:
        if event.at_ms > until_ms:
            continue
        whole = event.weight is Weight.FULL or (with_held and event.weight is Weight.HELD)
        if whole or not without_contested:
            _move(cells, event, plot.grid.mask(event.box) & cells.ground, adverse_only=not whole)
    return cells


def number_of(code: str) -> int:
    """The number of a class in `Cells`."""
    return _NUMBERS[code]


def codes_of(numbers: Small) -> list[str]:
    """The classes that occur among some cells, in order."""
    return [_CODES[number] for number in np.unique(numbers).tolist() if number]


def reduces(code: str) -> bool:
    """Whether a class is admitted as restoration (K)."""
    return bool(_RESTORES[number_of(code)])


def is_construction(code: str) -> bool:
    """Whether a class is construction land at all (建设用地), by which the land-change survey goes."""
    return code in _CONSTRUCTION


def in_base(cells: Cells) -> Mask:
    """The cells of B."""
    return np.asarray(_URBAN_RURAL[cells.base] & cells.ground, dtype=bool)


def is_verified(cells: Cells) -> Mask:
    """The cells of B that are restored to a class that reduces."""
    return np.asarray(in_base(cells) & (cells.state == GREEN) & _RESTORES[cells.land_class], dtype=bool)


def _begun(plot: Plot, until_ms: int) -> Cells:
    base = np.zeros((plot.grid.rows, plot.grid.columns), dtype=np.int16)
    for part in plot.parts:
        base[plot.land(part)] = number_of(part.land_class)
    cells = Cells(plot.ground(), plot.grid.cell_areas_m2(), base)
    for part in plot.parts:
        if part.initial_state is not None and part.as_of is not None and at(part.as_of) <= until_ms:
            state = {"cleared": CLEAR, "restored": GREEN}[part.initial_state]
            cells.put(plot.land(part), state, at(part.as_of), part.initial_class)
    return cells


def _move(cells: Cells, event: Event, box: Mask, *, adverse_only: bool) -> None:
    """One row of the table of ledger rules §2."""
    state = cells.state.copy()

    def of(*states: int) -> Mask:
        chosen = np.zeros(6, dtype=bool)
        chosen[list(states)] = True
        return np.asarray(box & chosen[state], dtype=bool)

    if event.kind == What.DEMOLISHED:
        cells.put(of(CLEAR, GREEN), DOWN, event.at_ms)
        if not adverse_only:
            cells.put(of(BASE, BUILT), DOWN, event.at_ms)
    elif event.kind == What.CLEARED and not adverse_only:
        cells.put(of(BASE, DOWN, BUILT), CLEAR, event.at_ms)
    elif event.kind == What.PASSED:
        named = event.land_class or ""
        again = of(GREEN)
        if adverse_only:
            again = again & _RESTORES[cells.land_class] & (not reduces(named))
        cells.put(again, GREEN, event.at_ms, named)
        if not adverse_only:
            cells.put(of(CLEAR), GREEN, event.at_ms, named)
    elif event.kind == What.FAILED:
        cells.put(of(GREEN), CLEAR, event.at_ms)
    elif event.kind == REUSE:
        cells.put(of(GREEN), USED, event.at_ms, event.land_class)
        if not adverse_only:
            cells.put(of(DOWN, CLEAR, BUILT, USED), USED, event.at_ms, event.land_class)
    elif event.kind == What.BUILT:
        cells.put(of(BASE, DOWN, CLEAR, GREEN, USED), BUILT, event.at_ms)


_FREE = np.array([False, False, True, True, False, True])
_ROWS = counting_rule().rows
_CODES = ("", *(row.code for row in _ROWS))
_NUMBERS = {code: number for number, code in enumerate(_CODES)}
_URBAN_RURAL = np.array([False, *(row.counts_urban_rural for row in _ROWS)])
_RESTORES = np.array([False, *(row.restoration_counts for row in _ROWS)])
_CONSTRUCTION = frozenset(row.code for row in land_classes().classes if row.three_class == "construction")
