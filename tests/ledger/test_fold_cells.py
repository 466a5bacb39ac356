"""The fold against a second account of the rules: unit cells, one at a time, written from the text of the rules §1-§3
without geometry, arrays or the table of the fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import CodeSystem, LandState
from sync.ledger.book.facts import BaselinePart, LandClass, Parcel, Said
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.events import EventKind, Force, LandEvent
from sync.ledger.land.figures import ParcelFigures, parcel_figures
from sync.ledger.land.layout import Land, lay_out, local_plane

CLASSES = ClassTable.of()
SYSTEM = CodeSystem.THIRD_LAND_SURVEY
CONSTRUCTION = ("0601", "0702", "0810", "1201")
OTHER = ("0103", "1206", "1003")
REDUCING = ("0301", "0103", "1101")
NOT_REDUCING = ("0810", "1202", "1003")
# What the text says of single classes; the table of classes is data with a test of its own.
URBAN_RURAL = {"0601", "0702", "0810", "1201"}
GREAT_CONSTRUCTION = {"0601", "0702", "0810", "1201", "1003"}
WIDE, HIGH, SPLIT = 14, 10, 7
"""Two parcels side by side: x below SPLIT is P1 of unit U1, beyond it P2 of U2."""


@dataclass(frozen=True)
class Case:
    """A drawn case: classes of the two baseline parts of each parcel, initial states, and events."""

    lower: str
    upper: str
    initial: LandState | None
    events: tuple[LandEvent, ...]
    at_ms: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    events = tuple(draw(st.lists(events_drawn(), max_size=9)))
    named = tuple(replace(event, id=f"e{number}", record=f"e{number}") for number, event in enumerate(events))
    return Case(
        draw(st.sampled_from(CONSTRUCTION + OTHER)),
        draw(st.sampled_from(CONSTRUCTION + OTHER)),
        draw(st.sampled_from([None, LandState.CLEARED, LandState.RESTORED])),
        named,
        draw(st.sampled_from([500, 10_000])),
    )


@st.composite
def events_drawn(draw: st.DrawFn) -> LandEvent:
    kind = draw(st.sampled_from(list(EventKind)))
    x, y = draw(st.integers(-2, WIDE - 1)), draw(st.integers(-2, HIGH - 1))
    box = shapely.box(x, y, x + draw(st.integers(1, 10)), y + draw(st.integers(1, 8)))
    named = draw(st.sampled_from(REDUCING + NOT_REDUCING))
    return LandEvent(
        id="", record="", kind=kind,
        force=draw(st.sampled_from([Force.FULL, Force.FULL, Force.HELD, Force.ADVERSE, Force.NONE])),
        at_ms=draw(st.integers(1, 6)) * 150,
        unit="U1", units=draw(st.sampled_from([frozenset({"U1"}), frozenset({"U2"}), frozenset({"U1", "U2"})])),
        author="a",
        parcels=draw(st.sampled_from([("P1",), ("P2",), ("P1", "P2"), ()])),
        outline=box,
        class_index=CLASSES.index(LandClass(SYSTEM, named)),
        claimed_e2=draw(st.integers(0, 500)),
        floor_area_e2=draw(st.integers(0, 500)),
        decided=draw(st.booleans()),
    )  # fmt: skip


def parcels_of(case: Case) -> list[Parcel]:
    made = []
    for name, unit, x0, x1 in (("P1", "U1", 0, SPLIT), ("P2", "U2", SPLIT, WIDE)):
        parts = (
            BaselinePart(LandClass(SYSTEM, case.lower), shapely.box(x0, 0, x1, 4)),
            BaselinePart(
                LandClass(SYSTEM, case.upper),
                shapely.box(x0, 4, x1, 9),
                case.initial,
                LandClass(SYSTEM, "0301") if case.initial is LandState.RESTORED else None,
                300,
            ),
        )
        made.append(Parcel(name, Said(name, 1, 0, "", None, unit), shapely.box(x0, 0, x1, HIGH), parts))
    return made


def figures_of(case: Case) -> tuple[Land, ParcelFigures]:
    land = lay_out(parcels_of(case), case.events, CLASSES, project=local_plane)
    return land, parcel_figures(land, case.at_ms)


@dataclass
class Cell:
    """A unit square: where it stands, what it was, what it is."""

    x: int
    y: int
    base: str | None
    state: str = "baseline"
    now: str | None = None


def cells_of(case: Case, *, held_counts: bool = False, contested_counts: bool = True) -> list[Cell]:
    """Fold every cell by the text of the rules."""
    order = {0: 0, 1: 1, 2: 2, 3: 2, 4: 2, 5: 3, 6: 4, 7: 5}
    cells = []
    for x in range(WIDE):
        for y in range(HIGH):
            cell = Cell(x, y, case.lower if y < 4 else case.upper if y < 9 else None)
            if 4 <= y < 9 and case.initial is not None and case.at_ms >= 300:
                cell.state = case.initial.value
                cell.now = "0301" if case.initial is LandState.RESTORED else None
            cells.append(cell)
    for event in sorted(case.events, key=lambda event: (event.at_ms, order[int(event.kind)], event.id)):
        if event.force is Force.NONE or event.at_ms > case.at_ms:
            continue
        in_force = event.force is Force.FULL or (held_counts and event.force is Force.HELD)
        west, south, east, north = event.outline.bounds
        for cell in cells:
            if not (west <= cell.x < east and south <= cell.y < north):
                continue
            parcel, unit = ("P1", "U1") if cell.x < SPLIT else ("P2", "U2")
            if in_force and parcel in event.parcels:
                step(cell, event, adverse_only=False)
            elif in_force or (contested_counts and unit in event.units):
                step(cell, event, adverse_only=True)
    return cells


def step(cell: Cell, event: LandEvent, *, adverse_only: bool) -> None:
    """What one event does to one cell, by the sentences of ledger rules §2."""
    named = CLASSES.code(event.class_index)
    free = not adverse_only
    match event.kind, cell.state:
        case EventKind.DEMOLITION_NOT_CLEARED, "baseline" | "built" if free:
            cell.state, cell.now = "demolished", None
        case EventKind.DEMOLITION_NOT_CLEARED, "cleared" | "restored":
            cell.state, cell.now = "demolished", None
        case EventKind.DEMOLITION_CLEARED, "baseline" | "demolished" | "built" if free:
            cell.state, cell.now = "cleared", None
        case EventKind.REGREENING_PASSED, "cleared" if free:
            cell.state, cell.now = "restored", named
        case EventKind.REGREENING_PASSED, "restored":
            if free or (cell.now in REDUCING and named in NOT_REDUCING):
                cell.now = named
        case EventKind.REGREENING_FAILED, "restored":
            cell.state, cell.now = "cleared", None
        case EventKind.REUSE, "demolished" | "cleared" | "built" | "reused" if free:
            cell.state, cell.now = "reused", named
        case EventKind.REUSE, "restored":
            cell.state, cell.now = "reused", named
        case EventKind.NEW_BUILD, "baseline" | "demolished" | "cleared" | "restored" | "reused":
            cell.state, cell.now = "built", None


def verified(cells: list[Cell], west: int, east: int) -> int:
    return sum(
        cell.base in URBAN_RURAL and cell.state == "restored" and cell.now in REDUCING
        for cell in cells
        if west <= cell.x < east
    )


@settings(max_examples=120, deadline=None)
@given(cases())
def test_every_figure_is_what_cells_say(case: Case) -> None:
    _, figures = figures_of(case)
    cells = cells_of(case)
    for number, (west, east) in enumerate(((0, SPLIT), (SPLIT, WIDE))):
        mine = [cell for cell in cells if west <= cell.x < east]
        in_base = [cell for cell in mine if cell.base in URBAN_RURAL]
        for column, state in enumerate(LandState):
            assert figures.states_m2[number, column] == pytest.approx(
                sum(c.state == state.value for c in mine), abs=1e-6
            )
        now = verified(cells, west, east)
        assert figures.verified_m2[number] == pytest.approx(now, abs=1e-6)
        assert figures.base_m2[number] == pytest.approx(len(in_base), abs=1e-6)
        assert figures.pending_m2[number] == pytest.approx(sum(c.state == "cleared" for c in in_base), abs=1e-6)
        assert figures.reused_m2[number] == pytest.approx(sum(c.state == "reused" for c in in_base), abs=1e-6)
        green = sum(c.state == "restored" and c.now in NOT_REDUCING for c in in_base)
        assert figures.green_not_reducing_m2[number] == pytest.approx(green, abs=1e-6)
        occupied = sum(c.state in ("built", "reused") for c in mine if c.base not in URBAN_RURAL)
        assert figures.occupied_m2[number] == pytest.approx(occupied, abs=1e-6)
        held = max(0, verified(cells_of(case, held_counts=True), west, east) - now)
        assert figures.held_m2[number] == pytest.approx(held, abs=1e-6)
        contested = max(0, verified(cells_of(case, contested_counts=False), west, east) - now)
        assert figures.contested_m2[number] == pytest.approx(contested, abs=1e-6)
        assert figures.states_m2[number].sum() == pytest.approx(figures.area_m2[number], abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_claims_are_summed_as_entered_at_the_first_parcel(case: Case) -> None:
    _, figures = figures_of(case)
    for number, name in enumerate(("P1", "P2")):
        mine = [
            e for e in case.events if e.parcels[:1] == (name,) and e.at_ms <= case.at_ms and e.force is not Force.NONE
        ]
        in_force = [e for e in mine if e.force is Force.FULL]
        waiting = [e for e in mine if e.force is not Force.FULL and not e.decided]
        demolitions = {EventKind.DEMOLITION_CLEARED, EventKind.DEMOLITION_NOT_CLEARED, EventKind.NO_LAND}
        for chosen, gfa, cleared, restored in (
            (in_force, figures.claims.gfa_e2, figures.claims.cleared_e2, figures.claims.restored_e2),
            (
                waiting, figures.claims.submitted_gfa_e2, figures.claims.submitted_cleared_e2,
                figures.claims.submitted_restored_e2,
            ),
        ):  # fmt: skip
            assert gfa[number] == sum(e.floor_area_e2 for e in chosen if e.kind in demolitions)
            assert cleared[number] == sum(e.claimed_e2 for e in chosen if e.kind is EventKind.DEMOLITION_CLEARED)
            assert restored[number] == sum(e.claimed_e2 for e in chosen if e.kind is EventKind.REGREENING_PASSED)


def test_the_second_account_uses_classes_as_the_data_has_them() -> None:
    for code in {*CONSTRUCTION, *OTHER, *REDUCING, *NOT_REDUCING}:
        row = CLASSES.index(LandClass(SYSTEM, code))
        assert CLASSES.urban_rural[row] == (code in URBAN_RURAL)
        assert CLASSES.construction[row] == (code in GREAT_CONSTRUCTION)
        assert CLASSES.restores[row] == (code in REDUCING)
    assert CLASSES.index(LandClass(SYSTEM, "0103K")) == CLASSES.index(LandClass(SYSTEM, "0103"))
