"""The Files port in a browser: photos and the signed copies of entries, as values in IndexedDB.

Not as files in OPFS, whose names do not survive a power cut; `indexed.js` says what was measured. One folder is the
exception: `reserve/` holds space, not data. IndexedDB gives space back late, OPFS at once.
"""

from __future__ import annotations

import asyncio

from schemas.errors import Code, LedgerError
from sync.device.browser.javascript import load, problems_named, to_js
from sync.device.names import check_range, file_segments, folder_segments

_RESERVE = "reserve/"
_LARGE = 64 * 1024
_NOT_WRITTEN = ("DataError", "UnknownError")
"""How Chromium's IndexedDB reports a full disk; a full quota it reports as QuotaExceededError."""


class BrowserFiles:
    """Files of one `home`. Each change is one transaction: there are no partial files, and nothing to clear up."""

    def __init__(self, home: str = "ledger") -> None:
        self._database = f"{home}-files"
        self._home = home
        self._probing = asyncio.Lock()
        self._indexed = load("indexed.js")
        self._opfs = load("opfs.js")

    async def write(self, name: str, data: bytes) -> None:
        """See `Files.write`."""
        file_segments(name)
        with problems_named({problem: LedgerError(Code.DISK_FULL) for problem in _NOT_WRITTEN}):
            if name.startswith(_RESERVE):
                await self._opfs.occupy(self._place(name), to_js(data))
                return
            await self._require_room(len(data))
            await self._indexed.write(self._database, name, to_js(data))

    async def read(self, name: str) -> bytes:
        """See `Files.read`. A reserve cannot be read."""
        return await self._read(name, 0, None)

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """See `Files.read_range`."""
        check_range(start, length)
        return await self._read(name, start, start + length)

    async def size(self, name: str) -> int | None:
        """See `Files.size`."""
        file_segments(name)
        if name.startswith(_RESERVE):
            return int(await self._opfs.occupied(self._place(name))) or None
        size = await self._indexed.size(self._database, name)
        return None if size is None else int(size)

    async def delete(self, name: str) -> None:
        """See `Files.delete`."""
        file_segments(name)
        with problems_named({problem: LedgerError(Code.DISK_FULL) for problem in _NOT_WRITTEN}):
            if name.startswith(_RESERVE):
                await self._opfs.vacate(self._place(name))
            else:
                await self._indexed.remove(self._database, name)

    async def names(self, folder: str) -> list[str]:
        """See `Files.names`; folders inside `folder` are searched as well."""
        folder_segments(folder)
        return sorted(str(name) for name in await self._indexed.names(self._database, f"{folder}/"))

    async def free_bytes(self) -> int:
        """See `Files.free_bytes`: what the browser still grants, below 1 GiB to an eighth.

        No browser tells how full the disk is: there a write raises DISK_FULL without a warning before it.
        """
        async with self._probing:
            return int(await self._opfs.freeBytes(self._place("probe")))

    async def _require_room(self, size: int) -> None:
        """Chromium does not hold what IndexedDB writes against the quota, and an origin far beyond it stands still."""
        if size < _LARGE:
            return
        async with self._probing:
            if not await self._opfs.fits(self._place("probe"), size):
                raise LedgerError(Code.DISK_FULL)

    async def _read(self, name: str, start: int, end: int | None) -> bytes:
        file_segments(name)
        found = await self._indexed.read(self._database, name, *([start] if end is None else [start, end]))
        if found is None:
            raise FileNotFoundError(name)
        data: bytes = found.to_bytes()
        return data

    def _place(self, name: str) -> str:
        return f"{self._home}/{name}"
