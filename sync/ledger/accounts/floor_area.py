"""Demolished floor area (拆除建筑面积): once per structure, never mixed with land (ledger rules §4, domain §5.3).

Only demolitions in force count. A registered structure yields at most its registered floor area, in as many visits as
it takes; one without a registered area yields what the first demolition of it says; a demolition that names no
structure counts as entered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.codes import CaseState, StockKind
from sync.ledger.book.days import day_end_ms, day_of, named_day
from sync.ledger.book.facts import RegisterRow
from sync.ledger.land import exact
from sync.ledger.land.events import EventKind, Force, LandEvent
from sync.ledger.statement.field_sections import StructureStock


@dataclass(frozen=True)
class Demolished:
    """Floor area (hundredths of m²) that one demolition adds; `parcel` is the first that it lists, if any."""

    event: str
    at_ms: int
    unit: str
    parcel: str | None
    floor_area_e2: int


def demolished(events: Iterable[LandEvent], structures: Iterable[RegisterRow]) -> tuple[Demolished, ...]:
    """What each demolition in force adds; `events` in order of observation (`Land.events`), `structures` the rows that
    hold now."""
    room: dict[str, int] = {
        row.row: row.fields.floor_area_e2 for row in structures if row.fields.floor_area_e2 is not None
    }
    spent: set[str] = set()
    found = []
    counted: set[str] = set()
    for event in events:
        if event.force is not Force.FULL or event.kind not in _DEMOLITIONS or event.id in counted:
            continue
        counted.add(event.id)
        area = _added(event, room, spent) if event.structures else event.floor_area_e2
        if area:
            parcel = event.parcels[0] if event.parcels else None
            found.append(Demolished(event.id, event.at_ms, event.unit, parcel, area))
    return tuple(found)


def structure_stock(
    rows: Iterable[RegisterRow], events: Iterable[LandEvent], after: date, until: date
) -> tuple[StructureStock, ...]:
    """Stock and new cases of each unit on the day `until` (M06), counted apart; `rows` hold then.

    A structure is gone when the authority says so, or when a demolition in force that freed its land names it.
    """
    rows = tuple(rows)
    registered = {row.row for row in rows}
    gone: dict[str, date] = {}
    end = day_end_ms(until)
    for event in events if registered else ():
        if event.structures and event.kind in _FREEING and event.force is Force.FULL and event.at_ms <= end:
            for structure in registered.intersection(event.structures):
                gone[structure] = min(gone.get(structure, date.max), day_of(event.at_ms))
    groups: dict[tuple[str, StockKind], list[RegisterRow]] = defaultdict(list)
    for row in rows:
        groups[row.said.unit, row.fields.stock].append(row)
    return tuple(_stock(unit, kind, groups[unit, kind], gone, after, until) for unit, kind in sorted(groups))


_FREEING = (EventKind.DEMOLITION_CLEARED, EventKind.DEMOLITION_NOT_CLEARED)
_DEMOLITIONS = (*_FREEING, EventKind.NO_LAND)


def _added(event: LandEvent, room: dict[str, int], spent: set[str]) -> int:
    """Take `event`'s floor area out of the room of its structures. Nothing entered: all that is left of them, where the
    demolition freed their land."""
    left = event.floor_area_e2
    whole = left == 0 and event.kind in _FREEING
    added = 0
    fresh = False
    for structure in dict.fromkeys(event.structures):
        if structure not in room:
            fresh = fresh or structure not in spent
            spent.add(structure)
            continue
        taken = room[structure] if whole else min(left, room[structure])
        room[structure] -= taken
        left -= 0 if whole else taken
        added += taken
    return added + (left if fresh else 0)


def _stock(
    unit: str, kind: StockKind, rows: list[RegisterRow], gone: Mapping[str, date], after: date, until: date
) -> StructureStock:
    ends = [_end(row, gone, until) for row in rows]
    still = [row for row, end in zip(rows, ends, strict=True) if end is None]
    left = [row for row, end in zip(rows, ends, strict=True) if end is not None and after < end]
    seen = [day for row in still if (day := named_day(row.fields.first_seen_on)) is not None]
    cases: Counter[CaseState] = Counter(row.fields.case_state for row in still if row.fields.case_state is not None)
    return StructureStock(
        unit=unit,
        stock=kind,
        count=len(rows),
        open=len(still),
        open_floor_area_m2=exact.hundredths(sum(row.fields.floor_area_e2 or 0 for row in still)),
        new_in_period=sum(after < (named_day(row.fields.first_seen_on) or row.on) <= until for row in rows),
        demolished_in_period=len(left),
        demolished_floor_area_m2=exact.hundredths(sum(row.fields.floor_area_e2 or 0 for row in left)),
        oldest_open_days=(until - min(seen)).days if seen else None,
        cases=dict(cases),
    )


def _end(row: RegisterRow, gone: Mapping[str, date], until: date) -> date | None:
    said = named_day(row.fields.demolished_on)
    ends = [one for one in (said, gone.get(row.row)) if one is not None and one <= until]
    return min(ends, default=None)
