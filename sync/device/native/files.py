"""The Files port on a directory: photos and the signed copies of entries."""

from __future__ import annotations

import shutil
from pathlib import Path

from sync.device.names import PARTIAL, check_range, file_segments, folder_segments
from sync.device.native.durable import flush_folder, make_folder, write_whole


class DirectoryFiles:
    """Files below `root`. Each call does its short disk work at once: no task sees another's half-done step."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def write(self, name: str, data: bytes) -> None:
        """See `Files.write`: all or nothing, and durable on return."""
        write_whole(self._path(name), data)

    async def read(self, name: str) -> bytes:
        """See `Files.read`."""
        return self._existing(name).read_bytes()

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """See `Files.read_range`."""
        check_range(start, length)
        with self._existing(name).open("rb") as file:
            file.seek(start)
            return file.read(length)

    async def size(self, name: str) -> int | None:
        """See `Files.size`."""
        path = self._path(name)
        return path.stat().st_size if path.is_file() else None

    async def delete(self, name: str) -> None:
        """See `Files.delete`; the removal is durable too."""
        path = self._path(name)
        if path.is_file():
            path.unlink()
            flush_folder(path.parent)

    async def names(self, folder: str) -> list[str]:
        """See `Files.names`; folders inside `folder` are searched as well."""
        return sorted(
            path.relative_to(self._root).as_posix()
            for path in self._root.joinpath(*folder_segments(folder)).rglob("*")
            if path.is_file() and not path.name.endswith(PARTIAL)
        )

    async def free_bytes(self) -> int:
        """See `Files.free_bytes`: what the file system leaves to an ordinary user."""
        make_folder(self._root)
        return shutil.disk_usage(self._root).free

    async def discard_partial(self) -> int:
        """Remove what writes cut short by a crash left behind, and say how many; call it while the store is held."""
        leftovers = [path for path in self._root.rglob("*" + PARTIAL) if path.is_file()]
        for path in leftovers:
            path.unlink()
        return len(leftovers)

    def _path(self, name: str) -> Path:
        return self._root.joinpath(*file_segments(name))

    def _existing(self, name: str) -> Path:
        path = self._path(name)
        if not path.is_file():
            raise FileNotFoundError(name)
        return path
