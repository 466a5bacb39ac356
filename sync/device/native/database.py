"""The DatabaseHome port on a directory: one SQLite file, one process at a time."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sync.device.names import label_segment
from sync.device.native.durable import ProcessLock, flush_folder, make_folder

FILE_NAME = "ledger.db"


class DirectoryDatabase:
    """The database in a `folder` of its own, which holds nothing else, so that one rename sets all of it aside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def connect(self) -> sqlite3.Connection:
        """See `DatabaseHome.connect`; closing the connection lets the next process in.

        Transactions are controlled in sqlite3's default way, as `sqlite_utils.Database.atomic` needs it.
        """
        lock = self._lock()
        try:
            make_folder(self._folder)
            connection = sqlite3.connect(self._folder / FILE_NAME, check_same_thread=False, factory=_LockedConnection)
        except BaseException:
            lock.release()
            raise
        connection.lock = lock
        return connection

    async def set_aside(self, label: str) -> None:
        """See `DatabaseHome.set_aside`. Needs the connection closed; a `label` serves once (ValueError).

        The database and its WAL move in one step: a WAL that stayed behind would be replayed into the new database.
        """
        aside = self._folder.with_name(f"{self._folder.name}-{label_segment(label)}")
        lock = self._lock()
        try:
            if aside.exists():
                raise ValueError(f"already set aside under {label!r}")
            make_folder(self._folder)
            self._folder.rename(aside)
            flush_folder(aside.parent)
        finally:
            lock.release()

    def _lock(self) -> ProcessLock:
        make_folder(self._folder.parent)
        return ProcessLock(self._folder.with_name(f"{self._folder.name}.lock"))


class _LockedConnection(sqlite3.Connection):
    """A connection that owns the process lock and gives it back when it is closed."""

    lock: ProcessLock | None = None

    def close(self) -> None:
        super().close()
        if self.lock is not None:
            self.lock.release()
