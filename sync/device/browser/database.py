"""The DatabaseHome port on OPFS: one SQLite database, one tab at a time, every commit flushed to the disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from typing import Any

from schemas.errors import Code, LedgerError
from sync.device.browser.javascript import load, module, problems_named, to_js
from sync.device.names import label_segment

FILE_NAME = "ledger.db"
_FILES = [FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-journal"]
_FIRST = "000001"
_POLL_S = 0.05
SETTLE_S = 60.0
"""After so long the kernel has written the names of new files to the disk: Linux and Android do by default within
35 s."""


class OpfsDatabase:
    """The database in a numbered folder below `home`; the highest number counts, so that setting aside is one step.

    `patience_s` is how long `connect` waits for another tab: a page that is reloaded meets its own predecessor.
    `settle_s` is how long it waits, once per database, until the names of the new files are safe (see `opfs.js`).
    """

    def __init__(self, home: str = "ledger", patience_s: float = 2.0, settle_s: float = SETTLE_S) -> None:
        self._home = f"{home}/db"
        self._settled = f"{home}-settled"
        self._settle_s = settle_s
        self._point = f"/opfs/{home}"
        self._patience_s = patience_s
        self._opfs = load("opfs.js")

    async def connect(self) -> sqlite3.Connection:
        """See `DatabaseHome.connect`; closing the connection lets the next tab in."""
        if reason := self._opfs.missing():
            raise LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason=str(reason))
        mounted = await self._mount()
        try:
            self._check_flush()
            await self._settle()
            connection = sqlite3.connect(
                f"{self._point}/{FILE_NAME}", check_same_thread=False, factory=_MountedConnection
            )
        except BaseException:
            mounted.unmount()
            raise
        connection.mounted = mounted
        return connection

    async def set_aside(self, label: str) -> None:
        """See `DatabaseHome.set_aside`. Needs the connection closed; a `label` serves once (ValueError).

        OPFS cannot rename a folder. So the next one is made, which is one step, and its name says how its predecessor
        was labelled: `000002.damaged-1` follows a database that was set aside as `damaged-1`.
        """
        label_segment(label)
        mounted = await self._mount()
        try:
            folders = await self._folders()
            if label in {folder.partition(".")[2] for folder in folders}:
                raise ValueError(f"already set aside under {label!r}")
            number = int(folders[-1].partition(".")[0]) + 1
            with problems_named({}):
                await self._opfs.makeFolder(f"{self._home}/{number:06}.{label}")
        finally:
            mounted.unmount()

    @property
    def flushes(self) -> int:
        """How often this worker has flushed a database file since it started; the tests count with it."""
        return int(self._opfs.flushes.database)

    async def _mount(self) -> Any:
        """Take the newest folder's files, trying again while another tab has them, or has just set them aside."""
        give_up_at = time.monotonic() + self._patience_s
        while True:
            newest = (await self._folders())[-1]
            try:
                with problems_named({"NoModificationAllowedError": LedgerError(Code.STORE_OPEN_ELSEWHERE)}):
                    mounted = await self._opfs.mount(
                        module("pyodide_js").FS, f"{self._home}/{newest}", self._point, to_js(_FILES)
                    )
            except LedgerError as problem:
                if problem.code != Code.STORE_OPEN_ELSEWHERE or time.monotonic() > give_up_at:
                    raise
                await asyncio.sleep(_POLL_S)
                continue
            if (await self._folders())[-1] == newest:
                return mounted
            mounted.unmount()

    async def _folders(self) -> list[str]:
        return sorted(str(name) for name in await self._opfs.folders(self._home)) or [_FIRST]

    async def _settle(self) -> None:
        indexed, newest = load("indexed.js"), (await self._folders())[-1]
        if await indexed.get(self._settled, newest) is None:
            await asyncio.sleep(self._settle_s)
            with problems_named({}):
                await indexed.put(self._settled, newest, True)

    def _check_flush(self) -> None:
        """Refuse to run where Python's fdatasync, and so SQLite's, does not reach the disk (an unpatched Pyodide)."""
        before = self.flushes
        descriptor = os.open(f"{self._point}/{FILE_NAME}", os.O_RDWR | os.O_CREAT)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        if self.flushes == before:
            raise LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason="fdatasync does nothing in this build")


class _MountedConnection(sqlite3.Connection):
    """A connection that owns its files and gives them back when it is closed."""

    mounted: Any = None

    def close(self) -> None:
        super().close()
        if self.mounted is not None:
            self.mounted.unmount()
            self.mounted = None
