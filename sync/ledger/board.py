"""Which event lies on which parcel, kept up to date as parcels and events come, change and go.

An event lies on the parcels that it lists and, where it can make an adverse move, on every parcel that it touches
(ledger rules §1). Both sides may come first. What is kept may be more than what in the end moves ground, never less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from sync.ledger.book.facts import Parcel
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.events import Force, LandEvent
from sync.ledger.land.layout import Project, may_be_adverse
from sync.ledger.land.plane import Geometries
from sync.ledger.land.spatial import SpatialIndex


class Board:
    """Parcels that hold now, and events by their source (a record, or a row of a register)."""

    def __init__(self, classes: ClassTable, project: Project) -> None:
        self.rows: dict[str, Parcel] = {}
        self.events: dict[str, LandEvent] = {}
        self._classes = classes
        self._project = project
        self._of_source: dict[str, tuple[str, ...]] = {}
        self._places: dict[str, frozenset[str]] = {}
        self._on: dict[str, set[str]] = defaultdict(set)
        self._parcels = SpatialIndex()
        self._adverse = SpatialIndex()

    def put_parcels(self, rows: Mapping[str, Parcel | None]) -> set[str]:
        """Set the row that holds of each parcel, None for none; the parcels whose row is another now."""
        changed = {name for name, row in rows.items() if self.rows.get(name) is not row}
        outlined: list[tuple[str, BaseGeometry]] = []
        for name in sorted(changed):
            row = rows[name]
            if row is None:
                del self.rows[name]
            else:
                self.rows[name] = row
                outlined.append((name, row.outline))
        self._parcels.remove(changed)
        planes = self._project(_array([outline for _, outline in outlined]))
        found = [number for number, outline in enumerate(planes) if outline is not None]
        self._parcels.put({outlined[number][0]: planes[number] for number in found})
        for number, event in self._adverse.touching(planes):
            self._on[outlined[number][0]].add(event)
            self._places[event] |= {outlined[number][0]}
        return changed

    def put_events(self, sources: Mapping[str, Sequence[LandEvent]]) -> set[str]:
        """Set the events of each source; the parcels on which an event came, went or became another."""
        touched: set[str] = set()
        fresh: list[LandEvent] = []
        gone: list[str] = []
        for source, events in sources.items():
            now = {event.id: event for event in events if event.force is not Force.NONE}
            for name in self._of_source.get(source, ()):
                if name not in now:
                    gone.append(name)
            fresh.extend(event for event in now.values() if self.events.get(event.id) != event)
            if now:
                self._of_source[source] = tuple(now)
            else:
                self._of_source.pop(source, None)
        for name in (*gone, *(event.id for event in fresh)):
            touched |= self._lift(name)
        self._adverse.remove(gone)
        touched |= self._lay(fresh)
        return touched

    def events_on(self, parcels: Iterable[str]) -> list[LandEvent]:
        """Every event on any of these parcels, once."""
        names = {event for parcel in parcels for event in self._on.get(parcel, ())}
        return [self.events[name] for name in sorted(names)]

    def places(self, event: str) -> frozenset[str]:
        """The parcels that an event lies on."""
        return self._places.get(event, frozenset())

    def _lift(self, name: str) -> frozenset[str]:
        places = self._places.pop(name, frozenset())
        for parcel in places:
            self._on[parcel].discard(name)
        self.events.pop(name, None)
        return places

    def _lay(self, events: Sequence[LandEvent]) -> set[str]:
        places = {event.id: set(event.parcels) for event in events}
        adverse = [event for event in events if event.outline is not None and may_be_adverse(event, self._classes)]
        planes = self._project(_array([event.outline for event in adverse]))
        self._adverse.remove({event.id for event in events})
        self._adverse.put({e.id: plane for e, plane in zip(adverse, planes, strict=True) if plane is not None})
        for number, parcel in self._parcels.touching(planes):
            places[adverse[number].id].add(parcel)
        for event in events:
            self.events[event.id] = event
            self._places[event.id] = frozenset(places[event.id])
            for parcel in places[event.id]:
                self._on[parcel].add(event.id)
        return {parcel for found in places.values() for parcel in found}


def _array(outlines: Sequence[BaseGeometry | None]) -> Geometries:
    made = np.empty(len(outlines), dtype=object)
    made[:] = outlines
    return made
