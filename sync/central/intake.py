"""Noting photos whose bytes are durable: one transaction for all that wait, and what it says of evidence (I11).

A photo's row and the commit that makes it durable cost more than the photo. While one request commits, others arrive;
whoever gets the log's lock next takes all of them into its transaction. Each returns only after the commit that holds
its own photo.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, select

from sync.central import rows
from sync.central.tables import entries, evidence, listed_photos, photos
from sync.central.writer import LogWriter

if TYPE_CHECKING:
    from sync.central.central import Central


@dataclass(eq=False)
class Arrival:
    """A photo that is durable and checked, and has no row yet; `noted` once the commit that holds its row is done."""

    sha256: str
    length: int
    device: str
    account: str
    noted: threading.Event = field(default_factory=threading.Event)


class Intake:
    """The photos of one central that wait for their rows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Arrival] = []

    def note(self, central: Central, arrival: Arrival) -> None:
        """Note a photo, with all others that wait. Raises BUSY where the log's lock is held too long."""
        with self._lock:
            self._waiting.append(arrival)
        mine: list[Arrival] = []
        try:
            with central.store.write() as connection:
                mine = self._taken(arrival)
                if mine:
                    _note(central, connection, mine)
        except BaseException:
            self._given_back(arrival, mine)
            raise
        for one in mine:
            one.noted.set()

    def _taken(self, arrival: Arrival) -> list[Arrival]:
        """All that wait, under the log's lock; none where an earlier transaction has this photo already."""
        with self._lock:
            if arrival.noted.is_set():
                return []
            # Another request may hold it and have failed, or be about to say so: noting a photo twice does no harm.
            taken, self._waiting = self._waiting, []
            return taken if arrival in taken else [*taken, arrival]

    def _given_back(self, arrival: Arrival, taken: Sequence[Arrival]) -> None:
        """After a failure the others wait again, for their own turn at the lock; this one is told of it."""
        with self._lock:
            again = [*taken, *self._waiting]
            self._waiting = [one for one in again if one is not arrival]


def _note(central: Central, connection: Connection, arrivals: Sequence[Arrival]) -> None:
    """Rows for the photos, and the evidence that they complete."""
    now_ms = central.clock()
    fresh = {one.sha256: one for one in arrivals}
    known = rows.held_photos(connection, list(fresh))
    new = [
        {"sha256": one.sha256, "bytes": one.length, "received_ms": now_ms, "device": one.device, "account": one.account}
        for one in fresh.values()
        if one.sha256 not in known
    ]
    rows.add(connection, photos, new)
    found = [id_ for one in fresh for id_ in connection.execute(_COMPLETED, {"photo": one}).scalars()]
    ids = list(dict.fromkeys(found))
    if ids:
        writer = LogWriter(connection, central.key, now_ms)
        stored = rows.by_ids(connection, ids)
        writer.note_evidence([stored[id_].entry() for id_ in sorted(ids, key=lambda id_: stored[id_].row.seq)])
        writer.finish()


_others = listed_photos.alias("others")
_held = photos.alias("held")
_lacking = (
    select(_others.c.sha256)
    .outerjoin(_held, _held.c.sha256 == _others.c.sha256)
    .where(_others.c.entry == entries.c.id, _held.c.sha256.is_(None))
)
_COMPLETED = (
    select(entries.c.id)
    .join(listed_photos, listed_photos.c.entry == entries.c.id)
    .outerjoin(evidence, evidence.c.entry == entries.c.id)
    .where(
        listed_photos.c.sha256 == bindparam("photo"),
        evidence.c.entry.is_(None),
        rows.COUNTS,
        ~_lacking.correlate(entries).exists(),
    )
)
"""Entries that list this photo and now lack none, and of which the log does not say so yet."""
