"""Projections dropped and made again from the log: they are a convenience, never a second truth (I16)."""

from __future__ import annotations

from sqlalchemy import Connection, select

from schemas.entries import Disposition
from sync.central import rows
from sync.central.central import Central
from sync.central.projecting import project
from sync.central.tables import METADATA, PROJECTIONS
from sync.central.writer import LogWriter

_AT_A_TIME = 500


def rebuild_projections(central: Central) -> None:
    """Empty keys, devices, listed photos, evidence and admissions, and replay every row through `project`."""
    with central.store.write() as connection:
        for table in PROJECTIONS:
            connection.execute(table.delete())
        _replay(central, connection)


def projections(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all projections in a fixed order, for comparing."""
    return {
        table.name: sorted(tuple(row) for row in connection.execute(select(METADATA.tables[table.name])))
        for table in PROJECTIONS
    }


def _replay(central: Central, connection: Connection) -> None:
    writer = LogWriter(connection, central.key, central.clock())
    after, more = 0, True
    while more:
        found, more = rows.page(connection, after, writer.size, None, _AT_A_TIME, 1 << 24)
        for stored in found:
            entry = stored.entry()
            if stored.row.disposition == Disposition.ACCEPTED:
                project(writer, entry, stored.row)
            if stored.numbered:
                writer.move(entry.device, high_water=entry.device_seq, head=stored.row.entry)
            after = stored.row.seq
        writer.write_projections()
