"""The tablet's log: own entries in their chain, and what was pulled; rows as bytes that are checked whenever read.

`PRAGMA integrity_check` missed every damaged row in 25 of 200 damaged databases (reliability §0.5), so the name of an
entry, the hash of its bytes, is compared each time the bytes leave this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from schemas.canonical import parse_json, sha256_hex
from schemas.entries import GENESIS_HASH, Disposition, Entry, entry_bytes, parse_entry
from schemas.errors import Code, LedgerError
from schemas.protocol import PulledRow, Receipt, ReceiptStatus

FINAL = (ReceiptStatus.ACCEPTED, ReceiptStatus.DUPLICATE, ReceiptStatus.REFUSED)
"""Receipts that settle an entry; after any other it is still waiting."""


@dataclass(frozen=True)
class Stored:
    """One row of the tablet's log with the entry's bytes checked against its name."""

    local_seq: int
    hash: str
    data: bytes
    own: bool
    status: str | None
    code: str | None
    seq: int | None
    disposition: str | None
    reason: str | None
    seen: bool
    admitted: bool

    @property
    def counts(self) -> bool:
        """Whether projections see this entry: not refused, or let in later by a person's decision."""
        return self.disposition != Disposition.REFUSED or self.admitted

    def entry(self) -> Entry:
        """The entry in these bytes."""
        return parse_entry(parse_json(self.data))


@dataclass(frozen=True)
class Head:
    """The end of a device's chain: its last number and that entry's name."""

    device_seq: int
    hash: str


def head(database: Database, device: str) -> Head:
    """Where the chain of `device` ends in this log; number 0 before its first entry."""
    newest = "device=? AND own=1 ORDER BY device_seq DESC, reason IS 'fork', local_seq LIMIT 1"
    last = next(_rows(database, newest, [device]), None)
    # The number from the signed bytes: what a damaged column says must not become the next entry's chain.
    return Head(last.entry().device_seq, last.hash) if last else Head(0, GENESIS_HASH)


def insert(database: Database, entry: Entry, data: bytes, name: str, *, own: bool) -> bool:
    """Add an entry inside the caller's transaction; False where it is already there."""
    if database.conn.execute("SELECT 1 FROM log WHERE hash=?", [name]).fetchone():
        return False
    database.conn.execute(
        "INSERT INTO log (hash, id, device, device_seq, kind, unit, author, supersedes, own, bytes)"
        " VALUES (?,?,?,?,?,?,?,?,?,?)",
        [
            name, entry.id, entry.device, entry.device_seq, entry.kind, entry.unit, entry.author, entry.supersedes,
            int(own), data,
        ],
    )  # fmt: skip
    return True


def apply_receipt(database: Database, name: str, receipt: Receipt) -> None:
    """Note central's answer to an own entry. A settled entry keeps its answer until the log is accepted as restored."""
    final = receipt.status in FINAL
    database.conn.execute(
        "UPDATE log SET status=?, code=?, seq=COALESCE(?, seq), received_ms=COALESCE(?, received_ms),"
        " disposition=COALESCE(?, disposition), reason=COALESCE(?, reason)"
        " WHERE hash=? AND own=1 AND status IS NULL",
        [
            receipt.status.value if final else None,
            receipt.code,
            receipt.seq if final else None,
            receipt.received_ms if final else None,
            receipt.disposition.value if final and receipt.disposition else None,
            receipt.code if final and receipt.disposition == Disposition.REFUSED else None,
            name,
        ],
    )


def apply_row(database: Database, row: PulledRow, entry: Entry, data: bytes, *, own: bool) -> bool:
    """Note a pulled row whose proof held; True where it changed anything."""
    name = sha256_hex(data)
    fresh = insert(database, entry, data, name, own=own)
    changed = database.conn.execute(
        "UPDATE log SET seq=?, received_ms=?, disposition=?, reason=?, seen=1,"
        " status=CASE WHEN own=1 AND status IS NULL THEN ? ELSE status END,"
        " code=CASE WHEN own=1 AND status IS NULL THEN ? ELSE code END"
        " WHERE hash=? AND (seen=0 OR seq IS NOT ?)",
        [
            row.seq, row.received_ms, row.disposition.value, row.reason,
            ReceiptStatus.DUPLICATE.value, row.reason, name, row.seq,
        ],
    ).rowcount  # fmt: skip
    return fresh or changed > 0


def read_entry(data: bytes) -> Entry | None:
    """The entry in canonical bytes, or None where they are something else."""
    try:
        entry = parse_entry(parse_json(data))
    except LedgerError:
        return None
    return entry if entry_bytes(entry) == data else None


def waiting(database: Database, device: str, limit: int) -> list[Stored]:
    """Own entries of `device` without a settled answer, in the order of their numbers."""
    return list(
        _rows(database, "own=1 AND status IS NULL AND device=? ORDER BY device_seq LIMIT ?", [device, limit])
    )


def exportable(database: Database, device: str) -> list[Stored]:
    """What a file for a person must hold: entries without an answer, and those refused for the device's state alone."""
    stopped = "reason IN ('fork', 'device_frozen', 'device_revoked') AND admitted=0"
    return list(_rows(database, f"own=1 AND device=? AND (status IS NULL OR {stopped}) ORDER BY device_seq", [device]))


def waiting_count(database: Database) -> int:
    """How many own entries wait for an answer."""
    count: int = database.conn.execute("SELECT count(*) FROM log WHERE own=1 AND status IS NULL").fetchone()[0]
    return count


def own_entries(database: Database, device: str, after: int = 0) -> Iterator[Stored]:
    """Own entries of `device` numbered above `after`, in order."""
    return _rows(database, "own=1 AND device=? AND device_seq>? ORDER BY device_seq", [device, after])


def find(database: Database, entry_id: str) -> Stored | None:
    """The entry with this id, one that is not refused before one that is, or None."""
    order = "CASE WHEN disposition='refused' AND admitted=0 THEN 1 ELSE 0 END, local_seq"
    return next(_rows(database, f"id=? ORDER BY {order} LIMIT 1", [entry_id]), None)


def everything(database: Database) -> Iterator[Stored]:
    """Every row in the order in which this tablet got it."""
    return _rows(database, "1 ORDER BY local_seq", [])


def admit(database: Database, names: Iterable[str]) -> list[Stored]:
    """Let refused entries count, because a person decided so; returns those that are here."""
    let_in: list[Stored] = []
    for name in names:
        database.conn.execute("UPDATE log SET admitted=1 WHERE hash=?", [name])
        let_in.extend(_rows(database, "hash=?", [name]))
    return let_in


def unsettle(database: Database, device: str, from_number: int) -> int:
    """Make own entries from `from_number` on wait again, because central does not have them; returns how many."""
    return database.conn.execute(
        "UPDATE log SET status=NULL, code=NULL, seq=NULL, received_ms=NULL, disposition=NULL, reason=NULL, seen=0"
        " WHERE own=1 AND device=? AND device_seq>=?",
        [device, from_number],
    ).rowcount


_COLUMNS = "local_seq, hash, bytes, own, status, code, seq, disposition, reason, seen, admitted"


def _rows(database: Database, where: str, values: Iterable[Any]) -> Iterator[Stored]:
    cursor = database.conn.execute(
        f"SELECT {_COLUMNS} FROM log WHERE {where}",  # noqa: S608  # clauses of this module only
        list(values),
    )
    for row in cursor:
        data = bytes(row[2])
        if sha256_hex(data) != row[1]:
            raise LedgerError(Code.DATABASE_DAMAGED, reason=f"entry {row[1][:12]} does not match its name")
        own, seen, admitted = (bool(flag) for flag in (row[3], row[9], row[10]))
        yield Stored(row[0], row[1], data, own, row[4], row[5], row[6], row[7], row[8], seen, admitted)
