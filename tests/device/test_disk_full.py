"""A disk that fills at every step, on a small tmpfs: clear refusals, nothing broken, and what is there can be sent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.errors import Code, LedgerError
from schemas.roles import Role
from sync.central.central import Central
from sync.device import log
from sync.device.check import check
from sync.device.client import SyncClient, SyncReport
from sync.device.enrolment import enrol
from sync.device.native import RequestsTransport
from sync.device.space import RESERVE
from sync.device.store import Tablet, TabletSettings
from tests.device.tablets import ACCOUNT, DEVICE, UNIT, Place, enrolled, inspection, jpeg
from tests.service import served, settings

DISK_BYTES = 8 << 20
PHOTO_BYTES = 150_000
NO_MARGIN = TabletSettings(reserve_bytes=0, min_free_bytes=0, min_pull_bytes=0)
ROOM = TabletSettings(reserve_bytes=1 << 20, min_free_bytes=1 << 20, min_pull_bytes=256 << 10)
STEPS = 60

pytestmark = pytest.mark.root


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a tmpfs")
    point = tmp_path / "disk"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(point)]
    made = subprocess.run(command, capture_output=True)
    if made.returncode:
        pytest.skip(f"no mounts here: {made.stderr.decode(errors='replace')[:100]}")
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)


@contextmanager
def filled(disk: Path, leaving_bytes: int = 0) -> Iterator[None]:
    """Someone else takes the space, all but `leaving_bytes`."""
    other = disk / "other"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with other.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - leaving_bytes))
    try:
        yield
    finally:
        other.unlink()


async def _whole(tablet: Tablet, entries: int) -> None:
    report = await check(tablet)
    assert report.sound, report.faults
    assert (report.entries, report.copies) == (entries, entries)
    assert not [name for name in report.leftovers if name.startswith("photos/")], report.leftovers


async def test_photos_are_refused_before_space_is_gone(disk: Path) -> None:
    tablet = await enrolled(Place(disk), ROOM)
    with pytest.raises(LedgerError) as problem:
        for seed in range(1_000):
            await tablet.add_photo(jpeg(seed, PHOTO_BYTES))
    assert problem.value.code == Code.DISK_LOW
    assert "暂不能拍照" in problem.value.text()
    assert await tablet.files.free_bytes() >= ROOM.min_free_bytes
    assert await tablet.files.size(RESERVE) == ROOM.reserve_bytes
    await tablet.save(ACCOUNT, inspection())
    tablet.close()


@pytest.mark.parametrize("what", ["photo", "save", "draft", "identity"])
async def test_the_disk_fills_at_every_step(disk: Path, what: str) -> None:
    """Leave one page more each time until the step succeeds: before that it says DISK_FULL and leaves nothing."""
    tablet = await enrolled(Place(disk), NO_MARGIN)
    for number in range(5):
        data = jpeg(number)
        await tablet.save(ACCOUNT, inspection({await tablet.add_photo(data): len(data)}, f"P-{number}"))
    draft = tablet.begin_draft(ACCOUNT, {"text": "before"})
    refused = entries = 0
    for step in range(STEPS):
        with filled(disk, leaving_bytes=step * 4096):
            try:
                if what == "photo":
                    await tablet.add_photo(jpeg(1_000 + step, 60_000))
                elif what == "save":
                    await tablet.save(ACCOUNT, inspection(parcel=f"Q-{step}"))
                    entries += 1
                elif what == "draft":
                    tablet.change_draft(draft.id, {"text": "长" * 9_000})
                else:
                    await tablet.remember_identity(tablet.identity(ACCOUNT))
            except LedgerError as error:
                assert error.code in (Code.DISK_FULL, Code.DISK_LOW), error
                refused += 1
                assert what != "draft" or tablet.draft(draft.id).content in ({"text": "before"}, {"text": "长" * 9_000})
            # It reads, closes and opens again on the full disk.
            await _whole(tablet, 5 + entries)
            tablet.close()
            tablet = await Place(disk).open(NO_MARGIN)
            await _whole(tablet, 5 + entries)
    assert 0 < refused < STEPS
    await tablet.save(ACCOUNT, inspection(parcel="P-later"))
    assert log.head(tablet.database, DEVICE).device_seq == 6 + entries
    tablet.close()


async def _synced(tablet: Tablet, transport: RequestsTransport) -> SyncReport:
    return await SyncClient(tablet, transport, ACCOUNT).sync(now=True)


async def test_what_is_there_is_sent_from_a_full_disk(disk: Path, tmp_path: Path) -> None:
    """The reserve pays for the receipts; it is made again when there is room, and confirmed photos make room."""
    with served(Central.create(settings(tmp_path / "central"))) as service:
        service.account(ACCOUNT, Role.INSPECTOR, UNIT)
        transport = RequestsTransport(service.url)
        tablet = await Place(disk).open(ROOM)
        await enrol(tablet, transport, service.code(ACCOUNT))
        for number in range(12):
            data = jpeg(number, PHOTO_BYTES)
            await tablet.save(ACCOUNT, inspection({await tablet.add_photo(data): len(data)}, f"P-{number}"))
        with filled(disk):
            tablet.close()
            tablet = await Place(disk).open(ROOM)
            with pytest.raises(LedgerError) as problem:
                await tablet.save(ACCOUNT, inspection(parcel="P-full"))
            assert problem.value.code == Code.DISK_FULL
            report = await _synced(tablet, transport)
            assert (report.pushed, report.photos, report.waiting_entries, report.waiting_photos) == (12, 12, 0, 0)
            assert await tablet.files.size(RESERVE) is None
            assert (await check(tablet)).sound
        report = await _synced(tablet, transport)
        assert report.stopped is None
        assert await tablet.files.size(RESERVE) == ROOM.reserve_bytes
        states = tablet.database.conn.execute("SELECT state, count(*) FROM photos GROUP BY state").fetchall()
        assert states == [("confirmed", 12)]
        tablet.close()
        transport.close()


async def test_confirmed_photos_make_room_and_only_those(disk: Path) -> None:
    """The oldest first, and never one that a draft or an unanswered entry lists."""
    tablet = await enrolled(Place(disk), ROOM)
    names = [await tablet.add_photo(jpeg(seed, PHOTO_BYTES)) for seed in range(12)]
    # 0-2 local, 3 uploaded, the rest confirmed; 4 in a draft's content, 5 of a draft, 6 in an entry without receipt.
    for index, name in enumerate(names):
        state = "local" if index < 3 else "uploaded" if index == 3 else "confirmed"
        tablet.database.conn.execute("UPDATE photos SET state=?, saved_ms=? WHERE sha256=?", [state, index, name])
    draft = tablet.begin_draft(ACCOUNT, {"photos": [names[4]]})
    tablet.database.conn.execute("UPDATE photos SET draft=? WHERE sha256=?", [draft.id, names[5]])
    tablet.database.conn.commit()
    await tablet.save(ACCOUNT, inspection({names[6]: PHOTO_BYTES}))
    with filled(disk, leaving_bytes=ROOM.min_free_bytes + PHOTO_BYTES // 2):
        fresh = await tablet.add_photo(jpeg(99, PHOTO_BYTES))
        assert await _gone(tablet, names) == [7]
        with pytest.raises(LedgerError):
            for seed in range(100, 200):
                await tablet.add_photo(jpeg(seed, PHOTO_BYTES))
        assert await _gone(tablet, names) == [7, 8, 9, 10, 11]
        assert await tablet.files.size(f"photos/{fresh}") == PHOTO_BYTES
        assert (await check(tablet)).sound
        # One that was freed may be listed again: central holds it.
        await tablet.save(ACCOUNT, inspection({names[7]: PHOTO_BYTES}, "P-2"))
    tablet.close()


async def _gone(tablet: Tablet, names: list[str]) -> list[int]:
    return [index for index, name in enumerate(names) if await tablet.files.size(f"photos/{name}") is None]


async def test_a_crash_between_freeing_and_deleting_is_made_good(disk: Path) -> None:
    tablet = await enrolled(Place(disk), ROOM)
    name = await tablet.add_photo(jpeg(1, PHOTO_BYTES))
    tablet.database.conn.execute("UPDATE photos SET state='freed'")
    tablet.database.conn.commit()
    report = await check(tablet)
    assert report.sound
    assert report.leftovers == [f"photos/{name}"]
    async with tablet.space.photos:
        await tablet.space.free_confirmed(1)
    assert await _gone(tablet, [name]) == [0]
    assert not (await check(tablet)).leftovers
    assert await tablet.add_photo(jpeg(1, PHOTO_BYTES)) == name
    assert tablet.database.conn.execute("SELECT state FROM photos").fetchall() == [("confirmed",)]
    tablet.close()
