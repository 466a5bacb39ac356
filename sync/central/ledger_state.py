"""What the ledger computes of parcels, kept beside the log: a projection for tablets and screens, never a second truth.

The ledger lies in memory and catches up with the log when somebody asks; what changed by it is written into
`parcel_states`. Both can be dropped and come again from the log (I16). Where a long log has to be read first (after a
start), that happens beside the questions, which meanwhile get what the last computation left, with its log position.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, select, tuple_

from schemas.protocol import PROTOCOL, ParcelState, ParcelStatesAnswer
from schemas.reference import Editions
from schemas.rules import rules
from sync.central import rows
from sync.central.central import Caller, Central
from sync.central.ledger_log import ledger_lines
from sync.central.tables import parcel_states, parcel_states_head
from sync.ledger.book.builder import LogLine
from sync.ledger.book.days import day_of
from sync.ledger.discrepancies.open_on import open_on
from sync.ledger.discrepancies.stops import Stops
from sync.ledger.land.classes import ClassTable
from sync.ledger.parcel_states import gone
from sync.ledger.parcel_states import parcel_states as states_of
from sync.ledger.reconcile import Reconciliation

MAX_STATES = 200
READ_AT_ONCE = 20_000
"""Rows of the log that are read while somebody waits."""
_PORTION = 500
_T = TypeVar("_T")
_NUMBERS_A_POSITION = 1_000_000
"""States are numbered from a million times the log position on, so that numbers given out after a rebuild are higher
than any before it."""


class LedgerState:
    """The ledger of one central. Safe for several threads."""

    def __init__(self, central: Central) -> None:
        self._central = central
        self._lock = threading.Lock()
        self._classes = ClassTable.of()
        self._ledger = self._empty()
        self._written = False
        self._reading: threading.Thread | None = None

    def states(self, caller: Caller, after: int, limit: int = MAX_STATES) -> ParcelStatesAnswer:
        """States of the caller's parcels numbered after `after`, at most `limit`, as of the last computation."""
        self.refresh()
        limit = max(1, min(limit, MAX_STATES))
        query = (
            select(parcel_states.c.number, parcel_states.c.content)
            .where(parcel_states.c.number > after, parcel_states.c.unit.in_(sorted(caller.units)))
            .order_by(parcel_states.c.number)
            .limit(limit + 1)
        )
        with self._central.store.read() as connection:
            head = _head(connection)
            found = list(connection.execute(query)) if head is not None else []
        more = len(found) > limit
        last = 0 if head is None else head.last_number
        return ParcelStatesAnswer(
            protocol=PROTOCOL,
            log_position=0 if head is None else head.position,
            at_ms=0 if head is None else head.at_ms,
            editions=self._editions() if head is None else json.loads(head.editions),
            states=[_read(row.content, row.number) for row in found[:limit]],
            scanned_to=found[limit - 1].number if more else max(after, last),
            more=more,
        )

    def refresh(self) -> None:
        """Catch up with the log: at once where little is to be read, otherwise beside the caller."""
        with self._central.store.read() as connection:
            behind = rows.size(connection) - self._ledger.position
        if behind <= READ_AT_ONCE:
            self.catch_up()
        elif self._reading is None or not self._reading.is_alive():
            self._reading = threading.Thread(target=self.catch_up, name="ledger", daemon=True)
            self._reading.start()

    def catch_up(self) -> int:
        """Read the log to its end, compute what it touches and write what changed; returns the log position."""
        with self._lock:
            started = self._ledger.position == 0
            before = day_of(max(self._ledger.at_ms, 0))
            now_ms = max(self._central.clock(), self._ledger.at_ms)
            with self._central.store.read() as connection:
                size = rows.size(connection)
                touched = self._apply(ledger_lines(connection, self._ledger.position, size), now_ms)
            if day_of(now_ms) != before:  # some discrepancies come with age alone (D19)
                touched |= {name for name, result in self._ledger.results.items() if result.pending_m2 > 0}
            if started and size > READ_AT_ONCE:
                gc.collect()
                gc.freeze()  # millions of facts that stay: the collector need not walk them again
            if touched or not self._written:
                self._write(touched)
            return self._ledger.position

    def rebuild(self) -> None:
        """Forget everything and compute it again from the log."""
        with self._lock:
            self._ledger, self._written = self._empty(), False
        self.catch_up()

    # -- private -----------------------------------------------------------------------------------------------------

    def _apply(self, lines: Iterator[LogLine], at_ms: int) -> set[str]:
        """A ledger that stopped half-way is no ledger: the next question begins a new one."""
        try:
            return self._ledger.apply(lines, at_ms)
        except BaseException:
            self._ledger, self._written = self._empty(), False
            raise

    def _empty(self) -> Reconciliation:
        stops = Stops(self._classes)
        return Reconciliation(rules().values, self._classes, stops.blocking, stops.stopped, threads=2)

    def _editions(self) -> dict[str, str]:
        return {**Editions.newest().model_dump(), "admin_units": self._central.admin.edition}

    def _write(self, touched: Iterable[str]) -> None:
        whole = set(touched)
        if not self._written:  # what an earlier start left may be of another edition, or about parcels that are gone
            with self._central.store.read() as connection:
                whole |= {row.parcel for row in connection.execute(select(parcel_states.c.parcel).distinct())}
            whole |= self._ledger.results.keys()
        computed = [state for names in _portions(sorted(whole)) for state in self._compute(names)]
        with self._central.store.write() as connection:
            self._put(connection, sorted(whole), computed)
        self._written = True

    def _compute(self, names: Sequence[str]) -> list[ParcelState]:
        laid = self._ledger.laid(names)
        findings = open_on(self._ledger, laid, self._classes)
        return list(states_of(laid, self._ledger.results, findings, self._classes, rules().values).values())

    def _put(self, connection: Connection, names: Sequence[str], computed: Sequence[ParcelState]) -> None:
        """Write the states that differ from those written, each under a new number, in order of parcels."""
        head = _head(connection)
        if head is not None and head.position > self._ledger.position:
            return  # another process has got further
        stored = {(row.parcel, row.unit): row.content for row in _stored(connection, names)}
        now = {(state.parcel, state.unit): state for state in computed}
        now |= {key: gone(*key) for key in stored.keys() - now.keys()}
        fresh = {key: content for key in sorted(now) if (content := _written(now[key])) != stored.get(key)}
        number = max(0 if head is None else head.last_number + 1, self._ledger.position * _NUMBERS_A_POSITION)
        for keys in _portions(sorted(fresh)):
            connection.execute(
                delete(parcel_states).where(tuple_(parcel_states.c.parcel, parcel_states.c.unit).in_(keys))
            )
        rows.add(
            connection,
            parcel_states,
            [
                {"parcel": parcel, "unit": unit, "number": number + place, "content": content}
                for place, ((parcel, unit), content) in enumerate(fresh.items())
            ],
        )
        last = number + len(fresh) - 1 if fresh else (0 if head is None else head.last_number)
        connection.execute(delete(parcel_states_head))
        connection.execute(
            insert(parcel_states_head).values(
                id=1,
                position=self._ledger.position,
                at_ms=self._ledger.at_ms,
                last_number=last,
                editions=json.dumps(self._editions(), sort_keys=True),
            )
        )


def _head(connection: Connection) -> Any:
    return connection.execute(select(parcel_states_head)).one_or_none()


def _stored(connection: Connection, names: Sequence[str]) -> Iterator[Any]:
    for chosen in _portions(names):
        yield from connection.execute(select(parcel_states).where(parcel_states.c.parcel.in_(chosen)))


def _written(state: ParcelState) -> str:
    """The state as it is stored; its number stands beside it."""
    return state.model_dump_json(exclude={"number"})


def _read(content: str, number: int) -> ParcelState:
    return ParcelState.model_validate({**json.loads(content), "number": number})


def _portions(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _PORTION):
        yield items[start : start + _PORTION]
