"""The Files port in a browser: photos and the signed copies of entries, as values in IndexedDB.

Not as files in OPFS, whose names do not survive a power cut; `indexed.js` says what was measured.
"""

from __future__ import annotations

import asyncio

from sync.device.browser.javascript import load, problems_named, to_js
from sync.device.names import check_range, file_segments, folder_segments


class BrowserFiles:
    """Files of one `home`. Each change is one transaction: there are no partial files, and nothing to clear up."""

    def __init__(self, home: str = "ledger") -> None:
        self._database = f"{home}-files"
        self._probe = f"{home}/probe"
        self._probing = asyncio.Lock()
        self._indexed = load("indexed.js")

    async def write(self, name: str, data: bytes) -> None:
        """See `Files.write`."""
        file_segments(name)
        with problems_named({}):
            await self._indexed.write(self._database, name, to_js(data))

    async def read(self, name: str) -> bytes:
        """See `Files.read`."""
        return await self._read(name, 0, None)

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """See `Files.read_range`."""
        check_range(start, length)
        return await self._read(name, start, start + length)

    async def size(self, name: str) -> int | None:
        """See `Files.size`."""
        file_segments(name)
        size = await self._indexed.size(self._database, name)
        return None if size is None else int(size)

    async def delete(self, name: str) -> None:
        """See `Files.delete`."""
        file_segments(name)
        with problems_named({}):
            await self._indexed.remove(self._database, name)

    async def names(self, folder: str) -> list[str]:
        """See `Files.names`; folders inside `folder` are searched as well."""
        folder_segments(folder)
        return sorted(str(name) for name in await self._indexed.names(self._database, f"{folder}/"))

    async def free_bytes(self) -> int:
        """See `Files.free_bytes`: what the browser still grants; below 1 GiB to an eighth, never too much."""
        async with self._probing:
            return int(await load("opfs.js").freeBytes(self._probe))

    async def _read(self, name: str, start: int, end: int | None) -> bytes:
        file_segments(name)
        found = await self._indexed.read(self._database, name, *([start] if end is None else [start, end]))
        if found is None:
            raise FileNotFoundError(name)
        data: bytes = found.to_bytes()
        return data
