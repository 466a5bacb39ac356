"""Writing to a disk so that it survives a power cut, and locking between processes; files and keys build on it."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import IO

from schemas.errors import Code, LedgerError
from sync.device.names import PARTIAL

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


def make_folder(folder: Path) -> None:
    """Create `folder` and what is missing above it, each durable in its parent before the next begins."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Put `data` under `path` and make it durable: a partial file beside it, flushed, renamed, the folder flushed.

    Raises LedgerError(DISK_FULL) without space. After any failure `path` has its old content, or does not exist if it
    did not exist before.
    """
    partial = path.with_name(path.name + PARTIAL)
    existed = path.exists()
    try:
        make_folder(path.parent)
        _write_flushed(partial, data, mode)
        os.replace(partial, path)
        flush_folder(path.parent)
    except OSError as problem:
        for leftover in (partial,) if existed else (partial, path):
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)
        if problem.errno in _NO_SPACE:
            raise LedgerError(Code.DISK_FULL) from problem
        raise


def flush(descriptor: int) -> None:
    """Flush one open file to the medium itself; Apple's fsync stops at the drive's cache, so ask for more there."""
    if sys.platform in ("darwin", "ios"):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def flush_folder(folder: Path) -> None:
    """Flush a folder's list of names. Windows has no such call: NTFS journals its names."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)


class ProcessLock:
    """An exclusive lock between processes; the system releases it when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        """Take the lock on the file `path`. Raises LedgerError(STORE_OPEN_ELSEWHERE) where it is held."""
        self._file: IO[bytes] = path.open("ab")
        try:
            _lock(self._file.fileno())
        except OSError as problem:
            self._file.close()
            raise LedgerError(Code.STORE_OPEN_ELSEWHERE) from problem

    def release(self) -> None:
        """Give the lock back; a second call does nothing. The file stays: removing it would let two holders in."""
        self._file.close()


def _write_flushed(path: Path, data: bytes, mode: int) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        flush(file.fileno())


if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _lock(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
