"""Writing the log: the one way in. A writer lives inside one locked transaction and ends with a signed checkpoint.

It numbers rows, keeps the Merkle nodes and the projections in step, and speaks for central (enrolments, freezes,
evidence that is complete) by entries on central's own chain. What may be appended is decided in `admission.py`.
"""

from __future__ import annotations

import os
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, delete, insert, select, text

from schemas import merkle
from schemas.canonical import sha256_hex
from schemas.entries import (
    ALGORITHM,
    GENESIS_HASH,
    Checkpoint,
    Disposition,
    Entry,
    Instant,
    Kind,
    LogRow,
    entry_bytes,
    parse_entry,
    signed_bytes,
)
from schemas.ids import CENTRAL_DEVICE, uuid7
from sync.central import rows
from sync.central.keys import CentralKey
from sync.central.rows import DeviceRow
from sync.central.tables import admitted, checkpoints, entries, evidence, keys, listed_photos, nodes, photos

BEIJING_MIN = 480
SYSTEM_ACCOUNT = "central"


class LogWriter:
    """Appends to the log within the caller's transaction; nothing stands in the database before `finish`."""

    def __init__(self, connection: Connection, key: CentralKey, now_ms: int) -> None:
        self.connection = connection
        self.key = key
        self.now_ms = now_ms
        self.size = rows.size(connection)
        self._before = self.size
        self._new: list[dict[str, Any]] = []
        self._leaves: list[bytes] = []
        self._devices: dict[str, DeviceRow] = {}
        self._fresh: dict[str, Entry] = {}

    # -- reading what includes this batch ------------------------------------------------------------------------

    def device(self, device: str) -> DeviceRow | None:
        """The device as it stands after what this writer has added."""
        if device not in self._devices:
            row = rows.device_row(self.connection, device)
            if row is None:
                return None
            self._devices[device] = row
        return self._devices[device]

    def fresh(self, entry_id: str) -> Entry | None:
        """An entry that this writer has accepted and that is not in the database yet."""
        return self._fresh.get(entry_id)

    def number_taken(self, device: str, device_seq: int) -> bool:
        """Whether an entry, in the log or in this batch, stands under this number."""
        return any(
            row["device"] == device and row["device_seq"] == device_seq and row["numbered"] for row in self._new
        ) or rows.number_taken(self.connection, device, device_seq)

    # -- adding ----------------------------------------------------------------------------------------------------

    def add(self, entry: Entry, data: bytes, name: str, refusal: str | None, *, numbered: bool) -> LogRow:
        """Append one entry with its disposition; `numbered` says that it takes its device's next number."""
        self.size += 1
        disposition = Disposition.REFUSED if refusal else Disposition.ACCEPTED
        row = LogRow(seq=self.size, entry=name, received_ms=self.now_ms, disposition=disposition, reason=refusal)
        self._new.append(
            {
                "seq": row.seq,
                "entry_hash": name,
                "id": entry.id,
                "kind": entry.kind,
                "unit": entry.unit,
                "author": entry.author,
                "device": entry.device,
                "device_seq": entry.device_seq,
                "numbered": int(numbered),
                "supersedes": entry.supersedes,
                "received_ms": self.now_ms,
                "disposition": disposition.value,
                "reason": refusal,
                "bytes": data,
            }
        )
        self._leaves.append(merkle.leaf_hash(row.leaf_data()))
        if numbered:
            self._move(entry.device, high_water=entry.device_seq, head=name)
        if not refusal:
            self._fresh[entry.id] = entry
            project(self, entry, row)
        return row

    def say(
        self,
        kind: Kind,
        body: dict[str, JsonValue],
        *,
        unit: str,
        about: list[str] | None = None,
        supersedes: str | None = None,
        author: str = SYSTEM_ACCOUNT,
        auth: str = "central",
        observed_at: Instant | None = None,
        schema: int = 1,
    ) -> tuple[LogRow, Entry]:
        """Append an entry on central's own chain for `author`; `auth` says how that account was authenticated."""
        own = self.device(CENTRAL_DEVICE) or DeviceRow(CENTRAL_DEVICE, unit, "active", 0, GENESIS_HASH)
        self._devices.setdefault(CENTRAL_DEVICE, own)
        now = Instant(ms=self.now_ms, offset_min=BEIJING_MIN)
        fields: dict[str, Any] = {
            "id": uuid7(self.now_ms, os.urandom(10)),
            "kind": kind.value,
            "schema": schema,
            "unit": unit,
            "author": author,
            "device": CENTRAL_DEVICE,
            "device_seq": own.high_water + 1,
            "prev_hash": own.head or GENESIS_HASH,
            "about": about or [],
            "supersedes": supersedes,
            "observed_at": (observed_at or now).model_dump(),
            "recorded_at": now.model_dump(),
            "checkpoint": None,
            "auth": auth,
            "body": body,
            "alg": ALGORITHM,
            "key": self.key.id,
        }
        entry = parse_entry(fields | {"sig": self.key.sign(signed_bytes(fields)).hex()})
        data = entry_bytes(entry)
        return self.add(entry, data, sha256_hex(data), None, numbered=True), entry

    def change_device(self, action: str, device: str, cause: str, **more: JsonValue) -> LogRow:
        """Say what happens to a device or key: enrol, freeze, thaw, revoke, admit, restore."""
        known = self.device(device)
        body: dict[str, JsonValue] = {
            "action": action,
            "device": device,
            "account": more.get("account"),
            "public_key": more.get("public_key"),
            "key": more.get("key"),
            "cause": cause,
            "entries": more.get("entries", []),
        }
        unit = str(more.get("unit") or (known.unit if known else ""))
        author, auth = str(more.get("author", SYSTEM_ACCOUNT)), str(more.get("auth", "central"))
        return self.say(Kind.DEVICE, body, unit=unit, about=[device], author=author, auth=auth)[0]

    def note_evidence(self, entry: Entry) -> None:
        """Say that the evidence of `entry` is complete, where every photo that it lists is held and this is new."""
        wanted = photos_of(entry)
        if not wanted:
            return
        query = select(photos.c.sha256, photos.c.bytes).where(photos.c.sha256.in_(wanted))
        held = {row.sha256: row.bytes for row in self.connection.execute(query)}
        if len(held) < len(wanted):
            return
        if self.connection.execute(select(evidence.c.seq).where(evidence.c.entry == entry.id)).first():
            return
        body: dict[str, JsonValue] = {"photos": list(wanted), "bytes": sum(held.values())}
        self.say(Kind.EVIDENCE, body, unit=entry.unit, about=[entry.id])

    def finish(self) -> Checkpoint:
        """Write rows, nodes, devices and the signed tree head; the caller's commit makes them durable together."""
        if self.size == self._before:
            latest = rows.latest_checkpoint(self.connection, self.key.id)
            if latest is not None:
                return latest
        self._flush()
        root = rows.root_at(self.connection, self.size).hex()
        unsigned = Checkpoint(log=self.key.id, size=self.size, root=root, at_ms=self.now_ms, sig="0" * 128)
        signed = unsigned.model_copy(update={"sig": self.key.sign(unsigned.signed_bytes()).hex()})
        self.connection.execute(
            insert(checkpoints).values(size=signed.size, root=signed.root, at_ms=signed.at_ms, sig=signed.sig)
        )
        return signed

    # -- projections' small steps ----------------------------------------------------------------------------------

    def set_device(self, row: DeviceRow) -> None:
        """Put a device's new state; written by `finish`."""
        self._devices[row.device] = row

    def _move(self, device: str, *, high_water: int, head: str | None) -> None:
        known = self.device(device)
        if known is not None:
            self.set_device(DeviceRow(device, known.unit, known.state, high_water, head, known.cause))

    def _flush(self) -> None:
        if self._new:
            self.connection.execute(insert(entries), self._new)
            grown = merkle.append_nodes(self._before, self._leaves, rows.TreeNodes(self.connection))
            self.connection.execute(
                insert(nodes), [{"place": rows.place(level, index), "hash": value} for level, index, value in grown]
            )
        for row in self._devices.values():
            self.connection.execute(_PUT_DEVICE, row.__dict__)


_PUT_DEVICE = text(
    "INSERT INTO devices (device, unit, state, high_water, head, cause)"
    " VALUES (:device, :unit, :state, :high_water, :head, :cause)"
    " ON CONFLICT (device) DO UPDATE SET unit=excluded.unit, state=excluded.state,"
    " high_water=excluded.high_water, head=excluded.head, cause=excluded.cause"
)
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
        writer.connection.execute(insert(evidence).values(entry=entry.about[0], seq=row.seq))
    else:
        wanted = photos_of(entry)
        if wanted:
            writer.connection.execute(
                insert(listed_photos), [{"entry": entry.id, "sha256": photo} for photo in wanted]
            )


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
        for name in names if isinstance(names, list) else []:
            writer.connection.execute(delete(admitted).where(admitted.c.entry_hash == name))
            writer.connection.execute(insert(admitted).values(entry_hash=name, seq=row.seq))
    elif action in _STATE_AFTER:
        known = writer.device(device)
        if known is not None:
            state = _STATE_AFTER[action]
            writer.set_device(
                DeviceRow(device, known.unit, state, known.high_water, known.head, str(body["cause"]))
            )
