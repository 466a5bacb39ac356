"""The Files port on OPFS: photos and the signed copies of entries."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager

from schemas.errors import Code, LedgerError
from sync.device.browser.javascript import load, problems_named, to_js
from sync.device.names import PARTIAL, check_range, file_segments, folder_segments

_ABSENT = ("NotFoundError", "TypeMismatchError")


class OpfsFiles:
    """Files below the folder `home` of the origin. One change at a time: its steps are async, so two could mix."""

    def __init__(self, home: str = "ledger") -> None:
        self._home = home
        self._root = f"{home}/files"
        self._opfs = load("opfs.js")
        self._changing = asyncio.Lock()

    async def write(self, name: str, data: bytes) -> None:
        """See `Files.write`; `opfs.js` says what survives."""
        path = self._path(name)
        if reason := self._opfs.missing():
            raise LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason=str(reason))
        async with self._changing:
            with problems_named({}):
                await self._opfs.write(path, to_js(data))

    async def read(self, name: str) -> bytes:
        """See `Files.read`."""
        return await self._read(name, 0, None)

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """See `Files.read_range`."""
        check_range(start, length)
        return await self._read(name, start, start + length)

    async def size(self, name: str) -> int | None:
        """See `Files.size`."""
        path = self._path(name)
        try:
            with _absent(name):
                return int(await self._opfs.size(path))
        except FileNotFoundError:
            return None

    async def delete(self, name: str) -> None:
        """See `Files.delete`."""
        path = self._path(name)
        async with self._changing:
            try:
                with _absent(name):
                    await self._opfs.remove(path)
            except FileNotFoundError:
                return

    async def names(self, folder: str) -> list[str]:
        """See `Files.names`; folders inside `folder` are searched as well."""
        folder_segments(folder)
        return sorted(name for name in await self._list(folder) if not name.endswith(PARTIAL))

    async def free_bytes(self) -> int:
        """See `Files.free_bytes`: what the browser still grants; below 1 GiB to an eighth, never too much."""
        async with self._changing:
            return int(await self._opfs.freeBytes(f"{self._home}/probe"))

    async def discard_partial(self) -> int:
        """Remove what writes cut short by a crash left behind, and say how many; call it while the store is held."""
        async with self._changing:
            leftovers = [name for name in await self._list("") if name.endswith(PARTIAL)]
            for name in leftovers:
                await self._opfs.remove(f"{self._root}/{name}")
        return len(leftovers)

    async def _read(self, name: str, start: int, end: int | None) -> bytes:
        path = self._path(name)
        with _absent(name):
            data: bytes = (await self._opfs.read(path, start, end)).to_bytes()
        return data

    async def _list(self, folder: str) -> list[str]:
        before = f"{folder}/" if folder else ""
        try:
            with _absent(folder):
                return [before + name for name in await self._opfs.list(f"{self._root}/{folder}".rstrip("/"))]
        except FileNotFoundError:
            return []

    def _path(self, name: str) -> str:
        return "/".join((self._root, *file_segments(name)))


def _absent(name: str) -> AbstractContextManager[None]:
    return problems_named({problem: FileNotFoundError(name) for problem in _ABSENT})
