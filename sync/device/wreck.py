"""Reading what still reads of a damaged database, row by row: ranges are halved round the damage until rows come out.

`.recover` is not compiled into the usual SQLite (reliability §0.5). Nothing is believed unchecked: an entry must match
its name, a draft and an identity their sum.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import JsonValue, ValidationError

from schemas.canonical import sha256_hex
from schemas.entries import Checkpoint
from sync.device.database import ERRORS, row_sum
from sync.device.identity import Identity
from sync.device.store import Draft, read_draft

_QUERIES = 20_000
"""Bounds the search in one table; whole ranges come first, so that it ends in the damage, not in what is sound."""
_STATES = ("local", "uploaded", "confirmed", "freed")
_ALARMS = ("log_rewritten", "log_rolled_back")


@dataclass(frozen=True)
class PhotoRow:
    """What a row said about a photo."""

    sha256: str
    bytes: int
    saved_ms: int
    draft: str | None
    state: str


@dataclass
class Wreck:
    """What was read. `entries` are bytes that match their names; `unreadable` are tables that gave an error."""

    entries: list[bytes] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    photos: list[PhotoRow] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    alarms: list[list[Any]] = field(default_factory=list)
    head: Checkpoint | None = None
    unreadable: list[str] = field(default_factory=list)

    def to_json(self, entries: list[bytes]) -> JsonValue:
        """As JSON, with only these of the entries, to survive an interrupted salvage."""
        return {
            "entries": [data.decode() for data in entries],
            "drafts": [asdict(draft) for draft in self.drafts],
            "photos": [asdict(photo) for photo in self.photos],
            "identities": [identity.model_dump(mode="json") for identity in self.identities],
            "alarms": [list(alarm) for alarm in self.alarms],
            "head": None if self.head is None else self.head.model_dump(),
            "unreadable": list(self.unreadable),
        }

    @classmethod
    def from_json(cls, value: Any) -> Wreck:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            [str(text).encode() for text in value["entries"]],
            [Draft(**draft) for draft in value["drafts"]],
            [PhotoRow(**photo) for photo in value["photos"]],
            [Identity.model_validate(identity) for identity in value["identities"]],
            value["alarms"],
            None if value["head"] is None else Checkpoint.model_validate(value["head"]),
            value["unreadable"],
        )


def read_wreck(connection: sqlite3.Connection, photo_names: Sequence[str]) -> Wreck:
    """Everything of our own that still reads. `photo_names` are hashes to ask the photos' table for, one by one."""
    wreck = Wreck()
    # EXCLUSIVE keeps the WAL's index in memory: a full disk could not hold it. Text may be no UTF-8 any more.
    _try(connection, wreck, "locking_mode", "PRAGMA locking_mode=EXCLUSIVE", ())
    connection.text_factory = bytes
    for row in _split(connection, wreck, "log", "local_seq", "hash, bytes"):
        data = row[1] if isinstance(row[1], bytes) else b""
        if sha256_hex(data) == _text(row[0]):
            wreck.entries.append(data)
    for row in _split(connection, wreck, "drafts", "number", "id, account, content, started_ms, updated_ms, sum"):
        if (draft := read_draft([_text(value) for value in row])) is not None:
            wreck.drafts.append(draft)
    for row in _split(connection, wreck, "alarms", "id", "at_ms, code, seen, offered, settled"):
        alarm = [_text(value) for value in row]
        if type(alarm[0]) is int and alarm[1] in _ALARMS:
            wreck.alarms.append(alarm)
    wreck.photos = list(_photos(connection, wreck, photo_names))
    for content, total in _try(connection, wreck, "identities", "SELECT content, sum FROM identities", ()):
        text = _text(content)
        if isinstance(text, str) and row_sum(text) == _text(total):
            wreck.identities.append(Identity.model_validate_json(text))
    for value, total in _try(connection, wreck, "meta", "SELECT value, sum FROM meta WHERE name='checkpoint'", ()):
        text = _text(value)
        if isinstance(text, str) and row_sum("checkpoint", text) == _text(total):
            wreck.head = _head(text)
    wreck.unreadable = list(dict.fromkeys(wreck.unreadable))
    return wreck


def _split(connection: sqlite3.Connection, wreck: Wreck, table: str, key: str, columns: str) -> Iterator[list[Any]]:
    """Rows of `table` by halving ranges of its whole-number key wherever a range does not read."""
    query = f"SELECT {columns} FROM {table} WHERE {key} BETWEEN ? AND ? ORDER BY {key}"  # noqa: S608  # own names
    if not _opens(connection, table):
        wreck.unreadable.append(table)
        return
    waiting = deque([(1, _most_rows(connection))])
    for _ in range(_QUERIES):
        if not waiting:
            return
        low, high = waiting.popleft()
        try:
            rows = connection.execute(query, (low, high)).fetchall()
        except ERRORS:
            wreck.unreadable.append(table)
            if low < high:
                middle = (low + high) // 2
                waiting.extend([(low, middle), (middle + 1, high)])
            continue
        yield from rows


def _opens(connection: sqlite3.Connection, table: str) -> bool:
    try:
        connection.execute(f"SELECT 1 FROM {table} LIMIT 0")  # noqa: S608  # own names
    except ERRORS:
        return False
    return True


def _most_rows(connection: sqlite3.Connection) -> int:
    """More rows than any table of ours can have in a file of this size; the true end may be unreadable."""
    try:
        pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
    except ERRORS:
        return 1 << 20
    return max(1_000, 100 * pages)


def _photos(connection: sqlite3.Connection, wreck: Wreck, names: Sequence[str]) -> Iterator[PhotoRow]:
    query = "SELECT sha256, bytes, saved_ms, draft, state FROM photos"
    listed = [_text(row[0]) for row in _try(connection, wreck, "listed_photos", "SELECT sha256 FROM listed_photos", ())]
    rows = _try(connection, wreck, "photos", query, ())
    if "photos" in wreck.unreadable:
        one = f"{query} WHERE sha256=?"
        rows = [row for name in {*names, *listed} for row in _try(connection, wreck, "photos", one, (name,))]
    for row in rows:
        sha256, size, saved_ms, draft, state = (_text(value) for value in row)
        sound = isinstance(sha256, str) and len(sha256) == 64 and state in _STATES
        if sound and type(size) is int and type(saved_ms) is int and isinstance(draft, str | None):
            yield PhotoRow(str(sha256), size, saved_ms, draft, str(state))


def _try(
    connection: sqlite3.Connection, wreck: Wreck, what: str, query: str, values: tuple[Any, ...]
) -> list[list[Any]]:
    try:
        return connection.execute(query, values).fetchall()
    except ERRORS:
        wreck.unreadable.append(what)
        return []


def _head(text: str) -> Checkpoint | None:
    try:
        return Checkpoint.model_validate_json(text)
    except ValidationError:
        return None


def _text(value: Any) -> Any:
    """Text that reads as UTF-8, other values as they are, None for what is no text any more."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None
