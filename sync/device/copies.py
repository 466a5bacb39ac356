"""The signed copies: every own entry once more, as a small file beside the photos, apart from the database.

A file per entry is what survives a damaged database (reliability §0.5). One name a number: a number never has two
contents on this tablet, not even after a crash between the copy and the commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlite_utils import Database

from schemas.entries import Entry, entry_json, signed_bytes
from schemas.errors import Code, LedgerError
from schemas.ids import key_id
from sync.device import identity as identities
from sync.device import log
from sync.device.identity import Identity
from sync.device.ports import Files, Keys

ENTRIES = "entries"


def copy_name(device: str, device_seq: int) -> str:
    """Where the signed copy of an own entry lies."""
    return f"{ENTRIES}/{device}/{device_seq:010d}.json"


async def verify_own(keys: Keys, known: list[Identity], entry: Entry) -> bool:
    """Whether one of this tablet's own identities signed `entry`."""
    message = signed_bytes(entry_json(entry))
    for identity in known:
        public_key = bytes.fromhex(identity.public_key)
        if identity.account == entry.author and identity.device == entry.device and entry.key == key_id(public_key):
            return await keys.verify(public_key, message, bytes.fromhex(entry.sig))
    return False


async def read_own(keys: Keys, known: list[Identity], data: bytes) -> Entry | None:
    """The entry in these bytes, if they are exactly what one of this tablet's own identities signed."""
    entry = log.read_entry(data)
    return entry if entry is not None and await verify_own(keys, known, entry) else None


async def adopt_unlisted(
    database: Database, files: Files, keys: Keys, restore: Callable[[bytes], Awaitable[bool]]
) -> None:
    """A crash between the signed copy and the commit leaves a copy one number ahead: it becomes the entry.

    Raises LedgerError(DATABASE_DAMAGED) where the copy is whole and does not continue the log: then the log is not the
    one that the copies were made from, and only salvage may decide.
    """
    own = identities.every(database)
    for device in {identity.device for identity in own}:
        while True:
            end = log.head(database, device)
            name = copy_name(device, end.device_seq + 1)
            if await files.size(name) is None:
                break
            data = await files.read(name)
            entry = await read_own(keys, own + await identities.read_copies(files), data)
            if entry is None:
                # Nothing that was ever signed here: its number is free.
                await files.delete(name)
                break
            if (entry.device_seq, entry.prev_hash) != (end.device_seq + 1, end.hash):
                raise LedgerError(Code.DATABASE_DAMAGED, reason=f"{name} does not continue the log")
            await restore(data)
