"""The small step of the projections: what one accepted entry changes in keys, devices, listed photos and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from schemas.entries import GENESIS_HASH, Entry, Kind, LogRow
from sync.central import rows
from sync.central.rows import DeviceRow
from sync.central.tables import admitted, keys

if TYPE_CHECKING:
    from sync.central.writer import LogWriter

_STATE_AFTER = {"enrol": "active", "freeze": "frozen", "thaw": "active", "revoke": "revoked"}


def photos_of(entry: Entry) -> list[str]:
    """The hashes of the photos that an entry lists, each once."""
    listed = entry.body.get("photos") if entry.kind != Kind.EVIDENCE else None
    if not isinstance(listed, list):
        return []
    return list(dict.fromkeys(str(photo["sha256"]) for photo in listed if isinstance(photo, dict)))


def project(writer: LogWriter, entry: Entry, row: LogRow) -> None:
    """Bring the projections up to date with one accepted entry; `rebuild_projections` replays the log through this."""
    if entry.kind == Kind.DEVICE:
        _project_device(writer, entry, row)
    elif entry.kind == Kind.GAP_CLOSED:
        known = writer.device(str(entry.body["device"]))
        if known is not None:
            last = int(str(entry.body["last"]))
            writer.set_device(DeviceRow(known.device, known.unit, known.state, last, None, known.cause))
    elif entry.kind == Kind.EVIDENCE:
        writer.set_evidence(entry.about[0], row.seq)
    else:
        writer.list_photos(entry)


def _project_device(writer: LogWriter, entry: Entry, row: LogRow) -> None:
    body = entry.body
    device, action = str(body["device"]), str(body["action"])
    if action == "enrol":
        known = writer.device(device)
        if known is None:
            writer.set_device(DeviceRow(device, entry.unit, "active", 0, GENESIS_HASH))
        writer.connection.execute(
            insert(keys).values(
                key=body["key"],
                device=device,
                account=body["account"],
                public_key=body["public_key"],
                since_seq=row.seq,
            )
        )
    elif action == "admit":
        names = body["entries"]
        chosen = [str(name) for name in names] if isinstance(names, list) else []
        for name, stored in rows.stored_by_hashes(writer.connection, chosen).items():
            writer.connection.execute(insert(admitted).values(entry_hash=name, seq=row.seq))
            writer.list_photos(stored.entry())
    elif action in _STATE_AFTER:
        known = writer.device(device)
        if known is not None:
            state = _STATE_AFTER[action]
            cause = str(body["cause"]).replace("\0", "\ufffd")  # PostgreSQL's text holds no NUL; the entry keeps it
            writer.set_device(DeviceRow(device, known.unit, state, known.high_water, known.head, cause))
