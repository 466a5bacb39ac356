"""The moving fault: the n-th call to the disk fails, n = 1, 2, 3 … until nothing fails any more, once or from then on.

Of our own calls (os.write, fsync, replace …) and of SQLite's, by a file size limit. After each: nothing acknowledged is
lost, nothing is half done, and a later try succeeds.
"""

from __future__ import annotations

import builtins
import errno
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import Code, LedgerError
from sync.device import log
from sync.device.check import check
from sync.device.native import DirectoryFiles
from sync.device.store import Tablet
from tests.device.tablets import ACCOUNT, DEVICE, Place, enrolled, inspection, jpeg

MOST_CALLS = 60


class Fault:
    """Makes the `nth` disk call fail with `number`; every later one too, when `persistent`."""

    def __init__(self, nth: int, number: int, *, persistent: bool) -> None:
        self.calls = 0
        self.hit = False
        self._nth = nth
        self._number = number
        self._persistent = persistent

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*given: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self._nth or (self._persistent and self.calls > self._nth):
                self.hit = True
                raise OSError(self._number, os.strerror(self._number))
            return call(*given, **named)

        return faulty

    def arm(self, patch: pytest.MonkeyPatch) -> None:
        for name in ("open", "fsync", "replace", "rename", "mkdir", "unlink"):
            patch.setattr(os, name, self.wrap(getattr(os, name)))
        patch.setattr(Path, "unlink", self.wrap(Path.unlink))
        patch.setattr(Path, "mkdir", self.wrap(Path.mkdir))
        patch.setattr(builtins, "open", self._open_faulty(builtins.open))

    def _open_faulty(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """`durable` writes through a file object: its write and flush are disk calls too."""

        def opened(*given: Any, **named: Any) -> Any:
            file = real(*given, **named)
            return _File(file, self) if isinstance(given[0], int) else file

        return opened


class _File:
    def __init__(self, file: Any, fault: Fault) -> None:
        self._file = file
        self.write = fault.wrap(file.write)
        self.flush = fault.wrap(file.flush)

    def fileno(self) -> int:
        return int(self._file.fileno())

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *what: object) -> None:
        self._file.close()


async def _sound(tablet: Tablet, entries: int) -> None:
    report = await check(tablet)
    assert report.sound, report.faults
    assert report.entries == report.copies == entries


@pytest.mark.parametrize("persistent", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["no space", "broken"])
@pytest.mark.parametrize("what", ["save", "photo", "identity"])
async def test_the_nth_call_fails(
    memory_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, number: int, persistent: bool
) -> None:
    tablet = await enrolled(Place(memory_path))
    await tablet.save(ACCOUNT, inspection())
    identity = tablet.identity(ACCOUNT)
    entries = 1
    for nth in range(1, MOST_CALLS):
        fault = Fault(nth, number, persistent=persistent)
        photo = jpeg(nth)
        before = tablet.begin_draft(ACCOUNT, {"nth": nth})
        with monkeypatch.context() as patch:
            fault.arm(patch)
            try:
                if what == "save":
                    await tablet.save(ACCOUNT, inspection(id=before.id))
                    entries += 1
                elif what == "photo":
                    await tablet.add_photo(photo)
                else:
                    await tablet.remember_identity(identity)
                failed = False
            except LedgerError as error:
                failed = True
                assert error.code == (Code.DISK_FULL if number == errno.ENOSPC else Code.DURABILITY_NOT_AVAILABLE)
        report = await check(tablet)
        # A copy that could not be taken back is not in the log until the next save or start.
        assert report.sound or (persistent and what == "save"), (nth, report.faults)
        if failed:
            # The draft is still there, and a later try succeeds with the same number.
            assert tablet.draft(before.id).content == {"nth": nth}
            if what == "save":
                await tablet.save(ACCOUNT, inspection(id=before.id))
                entries += 1
            elif what == "photo":
                await tablet.add_photo(photo)
        await _sound(tablet, entries)
        tablet.close()
        tablet = await Place(memory_path).open()
        await _sound(tablet, entries)
        if not fault.hit:
            break
    assert nth < MOST_CALLS - 1, "the calls never ended"
    assert nth > 3
    tablet.close()


async def test_the_copy_outlives_a_failed_commit_and_a_dead_disk(
    memory_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit fails and so does taking the copy back: the next save uses the number, or the next start the copy."""
    for again in ("saved again", "started again"):
        place = Place(memory_path / again.replace(" ", "-"))
        tablet = await enrolled(place)
        draft = tablet.begin_draft(ACCOUNT, {})
        with monkeypatch.context() as patch:
            patch.setattr(log, "insert", _full)
            patch.setattr(DirectoryFiles, "delete", _dead)
            with pytest.raises(LedgerError) as problem:
                await tablet.save(ACCOUNT, inspection(id=draft.id))
            assert problem.value.code == Code.DISK_FULL
        assert log.head(tablet.database, DEVICE).device_seq == 0
        if again == "saved again":
            await tablet.save(ACCOUNT, inspection(id=draft.id))
        else:
            tablet.close()
            tablet = await place.open()
        await _sound(tablet, 1)
        assert tablet.drafts(ACCOUNT) == []
        tablet.close()


def _full(*_: object, **__: object) -> bool:
    raise LedgerError(Code.DISK_FULL)


async def _dead(*_: object) -> None:
    raise OSError(errno.EIO, "dead")


async def test_sqlite_meets_a_wall_at_every_size(memory_path: Path) -> None:
    """SQLite's own writes cannot be patched; a file size limit makes them fail at every page from here on."""
    tablet = await enrolled(Place(memory_path))
    await tablet.save(ACCOUNT, inspection())
    wal = memory_path / "db" / "ledger.db-wal"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    refused = entries = 0
    try:
        for step in range(40):
            draft = tablet.begin_draft(ACCOUNT, {"step": step})
            resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + step * 1024, hard))
            try:
                await tablet.save(ACCOUNT, inspection(id=draft.id))
                entries += 1
            except LedgerError as error:
                refused += 1
                assert error.code in (Code.DISK_FULL, Code.DURABILITY_NOT_AVAILABLE), error
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            await _sound(tablet, 1 + entries)
    finally:
        signal.signal(signal.SIGXFSZ, old)
    assert refused
    assert entries
    tablet.close()
    tablet = await Place(memory_path).open()
    await _sound(tablet, 1 + entries)
    tablet.close()
