"""Writing the log: the one way in. A writer lives inside one locked transaction and ends with a signed checkpoint.

It numbers rows, keeps the Merkle nodes and the projections in step, and speaks for central (enrolments, freezes,
evidence that is complete) by entries on central's own chain. What may be appended is decided in `admission.py`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, insert, text

from schemas import merkle
from schemas.bodies import check_body
from schemas.canonical import canonical, sha256_hex
from schemas.entries import (
    ALGORITHM,
    GENESIS_HASH,
    Checkpoint,
    Disposition,
    Entry,
    Instant,
    Kind,
    LogRow,
    parse_entry,
)
from schemas.ids import CENTRAL_DEVICE, uuid7
from sync.central import rows
from sync.central.keys import CentralKey
from sync.central.projecting import photos_of, project
from sync.central.ready import ReadyRun
from sync.central.rows import DeviceRow
from sync.central.tables import checkpoints, entries, evidence, listed_photos, nodes

BEIJING_MIN = 480
SYSTEM_ACCOUNT = "central"


class LogWriter:
    """Appends to the log within the caller's transaction; nothing stands in the database before `finish`."""

    def __init__(self, connection: Connection, key: CentralKey, now_ms: int) -> None:
        self.connection = connection
        self.key = key
        self.now_ms = now_ms
        self.size = rows.size(connection)
        self._before = self._written = self.size
        self._new: list[dict[str, Any]] = []
        self._leaves: list[bytes] = []
        self._devices: dict[str, DeviceRow] = {}
        self._fresh: dict[str, Entry] = {}
        self._numbered: dict[str, int] = {}
        self._listing: list[Entry] = []
        self._listed: list[dict[str, str]] = []
        self._evidence: list[dict[str, Any]] = []

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

    def numbered_count(self, device: str) -> int:
        """How many of the device's numbers stand in the log, this batch included."""
        if device not in self._numbered:
            self._numbered[device] = rows.numbered_count(self.connection, device)
        return self._numbered[device] + sum(1 for row in self._new if row["device"] == device and row["numbered"])

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
            self.move(entry.device, high_water=entry.device_seq, head=name)
        if not refusal:
            self._fresh[entry.id] = entry
            project(self, entry, row)
        return row

    def add_ready(self, run: ReadyRun) -> None:
        """Append entries that were signed, checked and admitted before the lock, the next of their chain.

        Rows, leaves and nodes are those of `add`; they are written at once, so that a long import holds no second copy.
        """
        self._flush()
        first = self.size + 1
        rows.add_columns(self.connection, entries, run.columns(first, self.now_ms))
        self._leaves = run.leaves(first, self.now_ms)
        self.size += len(run)
        self._grow()
        self.move(run.device, high_water=run.last_number, head=run.names[-1])
        self.write_projections()

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
        entry_id: str | None = None,
    ) -> tuple[LogRow, Entry]:
        """Append an entry on central's own chain for `author`; `auth` says how that account was authenticated."""
        check_body(kind, schema, body)
        own = self.device(CENTRAL_DEVICE) or DeviceRow(CENTRAL_DEVICE, unit, "active", 0, GENESIS_HASH)
        self._devices.setdefault(CENTRAL_DEVICE, own)
        now = Instant(ms=self.now_ms, offset_min=BEIJING_MIN)
        fields: dict[str, Any] = {
            "id": entry_id or uuid7(self.now_ms, os.urandom(10)),
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
        fields["sig"] = self.key.sign(canonical(fields)).hex()
        entry, data = parse_entry(fields), canonical(fields)
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

    def note_evidence(self, listing: Sequence[Entry]) -> None:
        """Say whose evidence is complete: every photo that the entry lists is held, and nothing has said so yet."""
        wanted = {entry.id: photos_of(entry) for entry in listing}
        held = rows.held_photos(self.connection, [photo for photos in wanted.values() for photo in photos])
        said = rows.with_evidence(self.connection, list(wanted))
        for entry in listing:
            photos = wanted[entry.id]
            if photos and entry.id not in said and held.keys() >= set(photos):
                size = sum(held[photo] for photo in photos)
                self.say(Kind.EVIDENCE, {"photos": [*photos], "bytes": size}, unit=entry.unit, about=[entry.id])

    def finish(self) -> Checkpoint:
        """Write rows, nodes, devices and the signed tree head; the caller's commit makes them durable together.

        Before that it says whose evidence is complete among the entries that this writer has taken.
        """
        self.note_evidence(self._listing)
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

    def list_photos(self, entry: Entry) -> None:
        """Note which photos an entry lists; written by `finish`."""
        found = photos_of(entry)
        if found:
            self._listing.append(entry)
            self._listed.extend({"entry": entry.id, "sha256": photo} for photo in found)

    def set_evidence(self, entry_id: str, seq: int) -> None:
        """Note that row `seq` says that this entry's evidence is complete; written by `finish`."""
        self._evidence.append({"entry": entry_id, "seq": seq})

    def set_device(self, row: DeviceRow) -> None:
        """Put a device's new state; written by `finish`."""
        self._devices[row.device] = row

    def move(self, device: str, *, high_water: int, head: str | None) -> None:
        known = self.device(device)
        if known is not None:
            self.set_device(DeviceRow(device, known.unit, known.state, high_water, head, known.cause))

    def _flush(self) -> None:
        if self._new:
            rows.add(self.connection, entries, self._new)
            self._grow()
            self._new = []
            self._numbered = {}  # counted anew: what was new is in the database now
        self.write_projections()

    def _grow(self) -> None:
        """Write the nodes that the new leaves complete; the rows that they cover stand in the database already."""
        grown = merkle.append_nodes(self._written, self._leaves, rows.TreeNodes(self.connection))
        places = [rows.place(level, index) for level, index, _ in grown]
        rows.add_columns(self.connection, nodes, {"place": places, "hash": [value for _, _, value in grown]})
        self._leaves, self._written = [], self.size

    def write_projections(self) -> None:
        """Write what projecting has gathered."""
        rows.add(self.connection, listed_photos, self._listed)
        rows.add(self.connection, evidence, self._evidence)
        self._listed, self._evidence = [], []
        if self._devices:
            self.connection.execute(_PUT_DEVICE, [row.__dict__ for row in self._devices.values()])


_PUT_DEVICE = text(
    "INSERT INTO devices (device, unit, state, high_water, head, cause)"
    " VALUES (:device, :unit, :state, :high_water, :head, :cause)"
    " ON CONFLICT (device) DO UPDATE SET unit=excluded.unit, state=excluded.state,"
    " high_water=excluded.high_water, head=excluded.head, cause=excluded.cause"
)
