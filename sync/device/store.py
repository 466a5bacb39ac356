"""The tablet's store: drafts, photos and the signed log. What it calls saved survives a kill and a power cut.

*Saved* means: the photos are durable files, a signed copy of the entry lies beside them, and one durable transaction
holds it (design, Entries). Signing and files come first, then the transaction, with no await inside and one lock round
the whole, so that two tasks can neither share a number nor write into each other's transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from pydantic import JsonValue
from sqlite_utils import Database

from schemas.bodies import check_body
from schemas.canonical import canonical, parse_json, sha256_hex
from schemas.entries import (
    ALGORITHM,
    MAX_ENTRY_BYTES,
    Checkpoint,
    Entry,
    Instant,
    parse_entry,
)
from schemas.errors import Code, LedgerError
from schemas.ids import key_id, uuid7
from sync.device import identity as identities
from sync.device import log, records
from sync.device.copies import adopt_unlisted, copy_name
from sync.device.database import prepare, row_sum, transaction
from sync.device.identity import Identity
from sync.device.ports import Clock, DatabaseHome, Files, Keys, Signer
from sync.device.space import PHOTOS, Space, TabletSettings

__all__ = ["PHOTOS", "UNFINISHED_SALVAGE", "Draft", "NewEntry", "Tablet", "TabletSettings", "copy_name", "read_draft"]

UNFINISHED_SALVAGE = "salvage/rows.json"
"""What a salvage read from the damaged database; while it is there, the new database is not whole."""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Draft:
    """A record in the making. Its id becomes the entry's, so that a draft can never be saved twice."""

    id: str
    account: str
    content: dict[str, JsonValue]
    started_ms: int
    updated_ms: int


@dataclass(frozen=True)
class NewEntry:
    """What a caller wants to say; the store adds number, chain, author, clock, checkpoint and signature."""

    kind: str
    schema: int
    unit: str
    about: tuple[str, ...]
    body: dict[str, JsonValue]
    supersedes: str | None = None
    observed_at: Instant | None = None
    id: str | None = None


class Tablet:
    """One tablet's store. Open it with `Tablet.open`; close it to let another process or tab in."""

    def __init__(
        self, database: Database, files: Files, keys: Keys, clock: Clock, settings: TabletSettings
    ) -> None:
        self.database = database
        self.files = files
        self.keys = keys
        self.clock = clock
        self.settings = settings
        self.space = Space(database, files, settings)
        self._saving = asyncio.Lock()

    @classmethod
    async def open(
        cls, home: DatabaseHome, files: Files, keys: Keys, clock: Clock, settings: TabletSettings | None = None
    ) -> Tablet:
        """Open or create the store, adopt what a crash left signed but unlisted, and set up the reserve.

        Raises LedgerError(STORE_OPEN_ELSEWHERE, DURABILITY_NOT_AVAILABLE or DATABASE_DAMAGED; for the last see
        `salvage.py`).
        """
        connection = await home.connect()
        try:
            if await files.size(UNFINISHED_SALVAGE) is not None:
                raise LedgerError(Code.DATABASE_DAMAGED, reason="a salvage was interrupted")
            tablet = cls(prepare(connection), files, keys, clock, settings or TabletSettings())
            await identities.compare_copies(tablet.database, files)
            await adopt_unlisted(tablet.database, files, keys, tablet.restore_copy)
            await tablet.space.keep_reserve()
        except BaseException:
            connection.close()
            raise
        return tablet

    def close(self) -> None:
        """Close the database; everything that was saved is already durable."""
        self.database.close()

    # -- who we are ------------------------------------------------------------------------------------------------

    def identity(self, account: str) -> Identity:
        """The identity of `account`. Raises LedgerError(DEVICE_NOT_ENROLLED)."""
        found = identities.of_account(self.database, account)
        if found is None:
            raise LedgerError(Code.DEVICE_NOT_ENROLLED)
        return found

    def identities(self) -> list[Identity]:
        """Everyone enrolled here, the newest first."""
        return identities.every(self.database)

    async def remember_identity(self, identity: Identity) -> None:
        """Keep an identity durably, in the database and then in a file: one whose row is gone tells of damage."""
        with transaction(self.database) as database:
            identities.put(database, identity)
        with _device_faults():
            await identities.write_copy(self.files, identity)

    # -- drafts ----------------------------------------------------------------------------------------------------

    def begin_draft(self, account: str, content: dict[str, JsonValue]) -> Draft:
        """Start a draft; durable when it returns."""
        now = self.clock.now_ms()
        draft = Draft(uuid7(now, self.clock.random_bytes(10)), account, content, now, now)
        self.put_draft(draft)
        return draft

    def change_draft(self, draft_id: str, content: dict[str, JsonValue]) -> Draft:
        """Store the draft's new content, called on every change. Raises LedgerError(DRAFT_NOT_FOUND)."""
        old = self.draft(draft_id)
        draft = Draft(old.id, old.account, content, old.started_ms, self.clock.now_ms())
        self.put_draft(draft)
        return draft

    def put_draft(self, draft: Draft) -> None:
        """Store a draft as it is; inside a caller's transaction it commits with it."""
        values = draft.id, draft.account, canonical(draft.content).decode(), draft.started_ms, draft.updated_ms
        with transaction(self.database) as database:
            database.conn.execute(
                "INSERT INTO drafts (id, account, content, started_ms, updated_ms, sum) VALUES (?,?,?,?,?,?)"
                " ON CONFLICT (id) DO UPDATE SET content=excluded.content, updated_ms=excluded.updated_ms,"
                " sum=excluded.sum",
                [*values, row_sum(*values)],
            )

    def draft(self, draft_id: str) -> Draft:
        """The draft. Raises LedgerError(DRAFT_NOT_FOUND)."""
        for draft in self._drafts("id=?", [draft_id]):
            return draft
        raise LedgerError(Code.DRAFT_NOT_FOUND)

    def drafts(self, account: str) -> list[Draft]:
        """The account's drafts, the latest change first."""
        return self._drafts("account=? ORDER BY updated_ms DESC, id", [account])

    def drop_draft(self, draft_id: str) -> None:
        """Forget a draft that its author gave up; its photos stay, for only central's word makes a photo expendable."""
        with transaction(self.database) as database:
            database.conn.execute("DELETE FROM drafts WHERE id=?", [draft_id])

    # -- photos ----------------------------------------------------------------------------------------------------

    async def add_photo(self, data: bytes, draft: str | None = None) -> str:
        """Keep a photo durably under its SHA-256 and return that.

        Raises LedgerError(PHOTO_TOO_LARGE), DISK_LOW before space is gone, DISK_FULL when it went all the same. What is
        there stays readable and can be sent.
        """
        if len(data) > self.settings.max_photo_bytes:
            raise LedgerError(Code.PHOTO_TOO_LARGE, limit_bytes=self.settings.max_photo_bytes)
        name = sha256_hex(data)
        async with self.space.photos:
            await self.space.require_for_photo(len(data))
            known = self._photo(name)
            await self._write(f"{PHOTOS}/{name}", data)
            try:
                self._put_photo(name, len(data), draft)
            except BaseException:
                if known is None:
                    await self._take_back(f"{PHOTOS}/{name}")
                raise
        return name

    # -- entries ---------------------------------------------------------------------------------------------------

    async def save(self, account: str, new: NewEntry) -> Entry:
        """Sign and keep an entry; when this returns, it and its photos survive a power cut.

        Raises LedgerError: DEVICE_NOT_ENROLLED, BODY_INVALID, PHOTO_NOT_FOUND (a listed photo is not here), DISK_FULL
        (nothing was saved, the draft remains).
        """
        identity = self.identity(account)
        signer = await self.keys.load(identity.key_name)
        if signer is None:
            raise LedgerError(Code.DEVICE_NOT_ENROLLED)
        check_body(new.kind, new.schema, new.body)
        async with self._saving:
            saved = None if new.id is None else log.find(self.database, new.id)
            if saved is not None:
                return _same(saved.entry(), identity, new)
            entry, data = await self._sign(identity, signer, new)
            await self._require_photos(entry)
            if len(data) > MAX_ENTRY_BYTES:
                raise LedgerError(Code.BODY_TOO_LARGE, limit_bytes=MAX_ENTRY_BYTES)
            copy = copy_name(entry.device, entry.device_seq)
            await self._write(copy, data)
            try:
                self._list(entry, data)
            except BaseException:
                await self._take_back(copy)
                raise
        return entry

    async def restore_copy(self, data: bytes) -> bool:
        """Put a signed copy of an own entry back into the log (after a crash or by salvage); False if it is there."""
        entry = parse_entry(parse_json(data))
        for photo in records.listed_photos(entry):
            size = await self.files.size(f"{PHOTOS}/{photo}")
            if size is not None and self._photo(photo) is None:
                await self.with_room(partial(self._put_photo, photo, size, None))
        return await self.with_room(lambda: self._list(entry, data))

    # -- what was seen of central ----------------------------------------------------------------------------------

    def checkpoint(self) -> Checkpoint | None:
        """The last tree head that was verified."""
        text = self.meta("checkpoint")
        return None if text is None else Checkpoint.model_validate_json(text)

    def meta(self, name: str) -> str | None:
        """A remembered value."""
        row = self.database.conn.execute("SELECT value, sum FROM meta WHERE name=?", [name]).fetchone()
        if row is not None and row_sum(name, row[0]) != row[1]:
            raise LedgerError(Code.DATABASE_DAMAGED, reason=f"{name} does not match its sum")
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        """Remember a value; inside a caller's transaction it commits with it."""
        with transaction(self.database) as database:
            database.conn.execute("INSERT OR REPLACE INTO meta VALUES (?,?,?)", [name, value, row_sum(name, value)])

    async def with_room(self, change: Callable[[], _T]) -> _T:
        """Run a bookkeeping change; on a full disk give up the reserve and run it once more."""
        return await self.space.with_room(change)

    # -- private ---------------------------------------------------------------------------------------------------

    async def _sign(self, identity: Identity, signer: Signer, new: NewEntry) -> tuple[Entry, bytes]:
        end = log.head(self.database, identity.device)
        now = Instant(ms=self.clock.now_ms(), offset_min=self.clock.offset_min())
        seen = self.checkpoint()
        fields: dict[str, Any] = {
            "id": new.id or uuid7(now.ms, self.clock.random_bytes(10)),
            "kind": str(new.kind),
            "schema": new.schema,
            "unit": new.unit,
            "author": identity.account,
            "device": identity.device,
            "device_seq": end.device_seq + 1,
            "prev_hash": end.hash,
            "about": list(new.about),
            "supersedes": new.supersedes,
            "observed_at": (new.observed_at or now).model_dump(),
            "recorded_at": now.model_dump(),
            "checkpoint": None if seen is None else seen.model_dump(),
            "auth": None,
            "body": new.body,
            "alg": ALGORITHM,
            "key": key_id(signer.public_key),
        }
        fields["sig"] = (await signer.sign(canonical(fields))).hex()
        return parse_entry(fields), canonical(fields)

    def _list(self, entry: Entry, data: bytes) -> bool:
        with transaction(self.database) as database:
            fresh = log.insert(database, entry, data, sha256_hex(data), own=True)
            if fresh:
                database.conn.execute("DELETE FROM drafts WHERE id=?", [entry.id])
                records.note(database, entry, None)
        return fresh

    async def _write(self, name: str, data: bytes) -> None:
        with _device_faults():
            await self.files.write(name, data)

    async def _take_back(self, name: str) -> None:
        """Remove a file whose row could not be written; where even that fails, the first error is the one to tell."""
        with contextlib.suppress(OSError, LedgerError):
            await self.files.delete(name)

    async def _require_photos(self, entry: Entry) -> None:
        for photo in records.listed_photos(entry):
            row = self._photo(photo)
            if row is None or (row[0] == "local" and await self.files.size(f"{PHOTOS}/{photo}") != row[1]):
                raise LedgerError(Code.PHOTO_NOT_FOUND, sha256=photo)

    def _photo(self, name: str) -> tuple[str, int] | None:
        row = self.database.conn.execute("SELECT state, bytes FROM photos WHERE sha256=?", [name]).fetchone()
        return None if row is None else (str(row[0]), int(row[1]))

    def _put_photo(self, name: str, size: int, draft: str | None) -> None:
        with transaction(self.database) as database:
            database.conn.execute(
                "INSERT INTO photos (sha256, bytes, saved_ms, draft) VALUES (?,?,?,?)"
                " ON CONFLICT (sha256) DO UPDATE SET state=CASE state WHEN 'freed' THEN 'confirmed' ELSE state END",
                [name, size, self.clock.now_ms(), draft],
            )

    def _drafts(self, where: str, values: list[str]) -> list[Draft]:
        rows = self.database.conn.execute(
            f"SELECT id, account, content, started_ms, updated_ms, sum FROM drafts WHERE {where}",  # noqa: S608  # own clauses
            values,
        ).fetchall()
        drafts = [read_draft(row) for row in rows]
        if None in drafts:
            raise LedgerError(Code.DATABASE_DAMAGED, reason="a draft does not match its sum")
        return [draft for draft in drafts if draft is not None]


@contextlib.contextmanager
def _device_faults() -> Iterator[None]:
    """A disk that fails in its own words fails in ours: nothing was saved, and recording is off until it works."""
    try:
        yield
    except OSError as error:
        raise LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason=error.strerror or type(error).__name__) from error


def read_draft(row: Sequence[Any]) -> Draft | None:
    """The draft in a row (id, account, content, both times, sum), or None where the row does not match its sum."""
    values = list(row[:-1])
    if any(type(value) not in (str, int) for value in values) or row_sum(*values) != row[-1]:
        return None
    return Draft(values[0], values[1], json.loads(values[2]), values[3], values[4])


def _same(saved: Entry, identity: Identity, new: NewEntry) -> Entry:
    """The entry that a repeated save (a second tap) already made. Raises ID_REUSED where it says something else."""
    said = saved.author, saved.kind, saved.schema_, saved.unit, tuple(saved.about), saved.supersedes, saved.body
    if said != (identity.account, new.kind, new.schema, new.unit, tuple(new.about), new.supersedes, new.body):
        raise LedgerError(Code.ID_REUSED)
    return saved
