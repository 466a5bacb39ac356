"""Room on the tablet's disk: a reserve for receipts, no photo that would take the last of it, old photos freed.

What is there must stay readable and sendable when the disk is full, and noting a receipt takes room too: a reserve file
is given up then, and made again when there is room (reliability §0.9).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlite_utils import Database

from schemas.entries import MAX_PHOTO_BYTES
from schemas.errors import Code, LedgerError
from sync.device.database import transaction
from sync.device.ports import Files

RESERVE = "reserve/space"
PHOTOS = "photos"
_T = TypeVar("_T")


@dataclass(frozen=True)
class TabletSettings:
    """Sizes in bytes. The reserve is given up on a full disk, so that receipts can still be noted."""

    reserve_bytes: int = 50_000_000
    min_free_bytes: int = 200_000_000
    min_pull_bytes: int = 16_000_000
    max_photo_bytes: int = MAX_PHOTO_BYTES
    app_version: str = "0.1.0"


class Space:
    """Keeps room for one tablet. `photos` is held by whoever adds or frees photo files, so that neither undoes the
    other's."""

    def __init__(self, database: Database, files: Files, settings: TabletSettings) -> None:
        self.photos = asyncio.Lock()
        self._database = database
        self._files = files
        self._settings = settings
        self._reserved = False

    async def keep_reserve(self) -> None:
        """Make the reserve where it is missing and there is room for it beside the free space that photos keep."""
        wanted = self._settings.reserve_bytes
        if self._reserved or not wanted:
            return
        if await self._files.size(RESERVE) != wanted:
            if await self._files.free_bytes() <= wanted + self._settings.min_free_bytes:
                return
            await self._files.write(RESERVE, bytes(wanted))
        self._reserved = True

    async def with_room(self, change: Callable[[], _T]) -> _T:
        """Run a bookkeeping change; on a full disk give up the reserve and run it once more."""
        try:
            return change()
        except LedgerError as error:
            if error.code != Code.DISK_FULL or await self._files.size(RESERVE) is None:
                raise
        await self.give_up_reserve()
        return change()

    async def give_up_reserve(self) -> None:
        """Give the reserve back to the disk."""
        await self._files.delete(RESERVE)
        self._reserved = False

    async def require_for_photo(self, photo_bytes: int) -> None:
        """Raise LedgerError(DISK_LOW) unless a photo leaves the free space that we keep, freeing old ones if need be.

        Needs `photos` held.
        """
        await self._require(photo_bytes + self._settings.min_free_bytes)

    async def require_for_pull(self) -> None:
        """Raise LedgerError(DISK_LOW) where there is no room to take in a page of entries.

        The bound is far below that for photos: only a pull can confirm photos, and so make room again.
        """
        async with self.photos:
            await self._require(min(self._settings.min_pull_bytes, self._settings.min_free_bytes))

    async def free_confirmed(self, wanted_bytes: int) -> int:
        """Delete the oldest photos that central holds for certain, until `wanted_bytes` are free; returns how many.

        Never one that a draft or an unanswered entry lists. The row says `freed` first: a crash leaves a file too many,
        which the next call removes, never a row without its file. Needs `photos` held.
        """
        chosen = self._choose(wanted_bytes)
        if chosen:
            await self.with_room(lambda: self._mark_freed(chosen))
        for name in await self._freed_files():
            await self._files.delete(name)
        return len(chosen)

    async def _require(self, wanted_bytes: int) -> None:
        short = wanted_bytes - await self._files.free_bytes()
        if short > 0 and await self.free_confirmed(short):
            short = wanted_bytes - await self._files.free_bytes()
        if short > 0:
            raise LedgerError(Code.DISK_LOW, free_mb=await self._files.free_bytes() // 1_000_000)
        await self.keep_reserve()

    def _choose(self, wanted_bytes: int) -> list[str]:
        chosen: list[str] = []
        for sha256, size in self._database.conn.execute(_FREEABLE):
            if wanted_bytes <= 0:
                break
            chosen.append(sha256)
            wanted_bytes -= size
        return chosen

    def _mark_freed(self, chosen: list[str]) -> None:
        with transaction(self._database) as database:
            for sha256 in chosen:
                database.conn.execute("UPDATE photos SET state='freed' WHERE sha256=?", [sha256])

    async def _freed_files(self) -> list[str]:
        rows = self._database.conn.execute("SELECT sha256 FROM photos WHERE state='freed'").fetchall()
        freed = {f"{PHOTOS}/{row[0]}" for row in rows}
        return [name for name in await self._files.names(PHOTOS) if name in freed]


_FREEABLE = """
SELECT sha256, bytes FROM photos
WHERE state='confirmed'
  AND NOT EXISTS (SELECT 1 FROM drafts WHERE drafts.id=photos.draft OR instr(drafts.content, photos.sha256))
  AND NOT EXISTS (
    SELECT 1 FROM listed_photos JOIN log ON log.id=listed_photos.entry
    WHERE listed_photos.sha256=photos.sha256 AND log.own=1 AND log.status IS NULL
  )
ORDER BY saved_ms, sha256
"""
