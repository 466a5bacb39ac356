"""The tablet's store: drafts, photos and the signed log. What it calls saved survives a kill and a power cut.

*Saved* means: the photos are durable files, a signed copy of the entry lies beside them, and one durable transaction
holds it (design, Entries). Signing and files come first, then the transaction, with no await inside and one lock round
the whole, so that two tasks can neither share a number nor write into each other's transaction.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
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
    entry_bytes,
    parse_entry,
    signed_bytes,
)
from schemas.errors import Code, LedgerError
from schemas.ids import key_id, uuid7
from sync.device import identity as identities
from sync.device import log, records
from sync.device.database import prepare, transaction
from sync.device.identity import Identity
from sync.device.ports import Clock, DatabaseHome, Files, Keys, Signer

RESERVE = "reserve/space"
PHOTOS = "photos"
ENTRIES = "entries"
_T = TypeVar("_T")


@dataclass(frozen=True)
class TabletSettings:
    """Sizes in bytes. The reserve is given up on a full disk, so that receipts can still be noted."""

    reserve_bytes: int = 50_000_000
    min_free_bytes: int = 200_000_000
    max_photo_bytes: int = 26_214_400
    app_version: str = "0.1.0"


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
            tablet = cls(prepare(connection), files, keys, clock, settings or TabletSettings())
            await tablet._adopt_unlisted()
            await tablet._keep_reserve()
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
        """Keep an identity durably, in a file and in the database."""
        await identities.write_copy(self.files, identity)
        with transaction(self.database) as database:
            identities.put(database, identity)

    # -- drafts ----------------------------------------------------------------------------------------------------

    def begin_draft(self, account: str, content: dict[str, JsonValue]) -> Draft:
        """Start a draft; durable when it returns."""
        now = self.clock.now_ms()
        draft = Draft(uuid7(now, self.clock.random_bytes(10)), account, content, now, now)
        self._put_draft(draft)
        return draft

    def change_draft(self, draft_id: str, content: dict[str, JsonValue]) -> Draft:
        """Store the draft's new content, called on every change. Raises LedgerError(DRAFT_NOT_FOUND)."""
        old = self.draft(draft_id)
        draft = Draft(old.id, old.account, content, old.started_ms, self.clock.now_ms())
        self._put_draft(draft)
        return draft

    def draft(self, draft_id: str) -> Draft:
        """The draft. Raises LedgerError(DRAFT_NOT_FOUND)."""
        for draft in self._drafts("id=?", [draft_id]):
            return draft
        raise LedgerError(Code.DRAFT_NOT_FOUND)

    def drafts(self, account: str) -> list[Draft]:
        """The account's drafts, the latest change first."""
        return self._drafts("account=? ORDER BY updated_ms DESC, id", [account])

    def drop_draft(self, draft_id: str) -> None:
        """Forget a draft that its author gave up; its photos stay until space is short."""
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
        free = await self.files.free_bytes()
        if free - len(data) < self.settings.min_free_bytes:
            raise LedgerError(Code.DISK_LOW, free_mb=free // 1_000_000)
        name = sha256_hex(data)
        await self.files.write(f"{PHOTOS}/{name}", data)
        with transaction(self.database) as database:
            database.conn.execute(
                "INSERT INTO photos (sha256, bytes, saved_ms, draft) VALUES (?,?,?,?)"
                " ON CONFLICT (sha256) DO UPDATE SET state=CASE state WHEN 'freed' THEN 'confirmed' ELSE state END",
                [name, len(data), self.clock.now_ms(), draft],
            )
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
            entry = await self._sign(identity, signer, new)
            await self._require_photos(entry)
            data = entry_bytes(entry)
            if len(data) > MAX_ENTRY_BYTES:
                raise LedgerError(Code.BODY_TOO_LARGE, limit_bytes=MAX_ENTRY_BYTES)
            copy = copy_name(entry.device, entry.device_seq)
            await self.files.write(copy, data)
            try:
                self._list(entry, data)
            except BaseException:
                await self.files.delete(copy)
                raise
        return entry

    def restore_copy(self, data: bytes) -> bool:
        """Put a signed copy of an own entry back into the log (after a crash or by salvage); False if it is there."""
        entry = parse_entry(parse_json(data))
        with transaction(self.database) as database:
            fresh = log.insert(database, entry, data, sha256_hex(data), own=True)
            if fresh:
                database.conn.execute("DELETE FROM drafts WHERE id=?", [entry.id])
                records.note(database, entry, None)
        return fresh

    # -- what was seen of central ----------------------------------------------------------------------------------

    def checkpoint(self) -> Checkpoint | None:
        """The last tree head that was verified."""
        text = self.meta("checkpoint")
        return None if text is None else Checkpoint.model_validate_json(text)

    def meta(self, name: str) -> str | None:
        """A remembered value."""
        row = self.database.conn.execute("SELECT value FROM meta WHERE name=?", [name]).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        """Remember a value; inside a caller's transaction it commits with it."""
        with transaction(self.database) as database:
            database.conn.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", [name, value])

    async def with_room(self, change: Callable[[], _T]) -> _T:
        """Run a bookkeeping change; on a full disk give up the reserve and run it once more."""
        try:
            return change()
        except LedgerError as error:
            if error.code != Code.DISK_FULL or await self.files.size(RESERVE) is None:
                raise
            await self.files.delete(RESERVE)
            return change()

    # -- private ---------------------------------------------------------------------------------------------------

    async def _sign(self, identity: Identity, signer: Signer, new: NewEntry) -> Entry:
        end = log.head(self.database, identity.device)
        now = Instant(ms=self.clock.now_ms(), offset_min=self.clock.offset_min())
        seen = self.checkpoint()
        fields: dict[str, Any] = {
            "id": new.id or uuid7(now.ms, self.clock.random_bytes(10)),
            "kind": new.kind,
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
        signature = await signer.sign(signed_bytes(fields))
        return parse_entry(fields | {"sig": signature.hex()})

    def _list(self, entry: Entry, data: bytes) -> None:
        with transaction(self.database) as database:
            log.insert(database, entry, data, sha256_hex(data), own=True)
            database.conn.execute("DELETE FROM drafts WHERE id=?", [entry.id])
            records.note(database, entry, None)

    async def _require_photos(self, entry: Entry) -> None:
        for photo in records.listed_photos(entry):
            known = self.database.conn.execute("SELECT state FROM photos WHERE sha256=?", [photo]).fetchone()
            if known is None or (known[0] == "local" and await self.files.size(f"{PHOTOS}/{photo}") is None):
                raise LedgerError(Code.PHOTO_NOT_FOUND, sha256=photo)

    async def _adopt_unlisted(self) -> None:
        """A crash between the signed copy and the commit leaves a copy one number ahead: it becomes the entry.

        Its number is then never given to other content, which would look like a fork if both ever reached central.
        """
        for device in {identity.device for identity in self.identities()}:
            while True:
                end = log.head(self.database, device)
                copy = copy_name(device, end.device_seq + 1)
                if await self.files.size(copy) is None:
                    break
                data = await self.files.read(copy)
                if not await self._is_next(data, end):
                    await self.files.delete(copy)
                    break
                self.restore_copy(data)

    async def _is_next(self, data: bytes, end: log.Head) -> bool:
        try:
            entry = parse_entry(parse_json(data))
        except LedgerError:
            return False
        return (
            entry.prev_hash == end.hash
            and entry.device_seq == end.device_seq + 1
            and await verify_own(self.keys, self.identities(), entry)
        )

    async def _keep_reserve(self) -> None:
        wanted = self.settings.reserve_bytes
        if not wanted or await self.files.size(RESERVE) is not None:
            return
        if await self.files.free_bytes() > wanted + self.settings.min_free_bytes:
            await self.files.write(RESERVE, bytes(wanted))

    def _put_draft(self, draft: Draft) -> None:
        with transaction(self.database) as database:
            database.conn.execute(
                "INSERT OR REPLACE INTO drafts VALUES (?,?,?,?,?)",
                [draft.id, draft.account, canonical(draft.content).decode(), draft.started_ms, draft.updated_ms],
            )

    def _drafts(self, where: str, values: list[str]) -> list[Draft]:
        rows = self.database.conn.execute(
            f"SELECT id, account, content, started_ms, updated_ms FROM drafts WHERE {where}",  # noqa: S608  # own clauses
            values,
        ).fetchall()
        return [Draft(row[0], row[1], json.loads(row[2]), row[3], row[4]) for row in rows]


def copy_name(device: str, device_seq: int) -> str:
    """Where the signed copy of an own entry lies. One name a number: a number never has two contents here."""
    return f"{ENTRIES}/{device}/{device_seq:010d}.json"


async def verify_own(keys: Keys, known: list[Identity], entry: Entry) -> bool:
    """Whether one of this tablet's own identities signed `entry`."""
    message = signed_bytes(entry.model_dump(mode="json", by_alias=True))
    for identity in known:
        public_key = bytes.fromhex(identity.public_key)
        if identity.account == entry.author and identity.device == entry.device and entry.key == key_id(public_key):
            return await keys.verify(public_key, message, bytes.fromhex(entry.sig))
    return False
