"""Central goes back to a backup: the tablets that had seen more notice, a person settles it, and all that tablets hold
comes again, photos too. The rule stands in `sync/device/trust.py`.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from schemas.errors import Code, LedgerError
from sync.central.api.app import create_app
from sync.central.central import Central
from sync.central.enrolment import new_code
from sync.central.verify import verify_log
from sync.device import log, trust
from sync.device.database import transaction
from sync.device.enrolment import enrol
from tests.faults.asgi import AsgiTransport
from tests.faults.field import (
    UNITS,
    District,
    Handset,
    TabletClock,
    WorldTime,
    copy_folder,
    declare_restore,
    inspector,
    jpeg,
    new_district,
    new_handset,
    record,
    review,
    synced,
)


class Town:
    """Two tablets of one unit, and a central that can be put back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = WorldTime()
        self.district: District = new_district(folder, self.time)
        self.app = create_app(self.district.central)
        self.handsets: list[Handset] = []

    async def hand_out(self) -> None:
        for number in (1, 2):
            line, clock = AsgiTransport(lambda: self.app), TabletClock(self.time, number)
            home, account = self.folder / f"t{number}", inspector(UNITS[0], number)
            self.handsets.append(await new_handset(self.district, home, account, UNITS[0], line, clock))

    def back_up(self) -> None:
        self._swap(self.folder / "central", self.folder / "backup")

    def restore(self) -> None:
        self._swap(self.folder / "backup", self.folder / "central")
        size = declare_restore(self.district.central, "the disk failed")
        self.district.epoch += 1
        self.district.say("central_restored", size=size)

    def _swap(self, source: Path, target: Path) -> None:
        settings = self.district.central.settings
        self.district.central.close()
        copy_folder(source, target)
        self.district.central = Central(settings, clock=self.time.now)
        self.app = create_app(self.district.central)


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    built = Town(folder)
    await built.hand_out()
    yield built
    for handset in built.handsets:
        handset.tablet.close()
    built.district.central.close()


@pytest.mark.parametrize("outgrown", [False, True], ids=["shorter", "outgrown"])
async def test_what_a_restored_central_lost_is_noticed_and_sent_again(tmp_path: Path, outgrown: bool) -> None:
    chance = random.Random(3)
    async with town(tmp_path) as place:
        one, two = place.handsets
        await record(place.district, one, [jpeg(chance, 900)])
        await synced(place.district, one)
        place.back_up()
        after = await record(place.district, one, [jpeg(chance, 800)], "after the backup")
        for _ in range(2):
            await synced(place.district, one)
        place.district.decide(f"sup-{UNITS[0].lower()}", "review", UNITS[0], after.id, after.id, review("approve"))
        await synced(place.district, one)
        await record(place.district, one, [], "knows the lost history")
        place.restore()
        if outgrown:
            for _ in range(8):
                await record(place.district, two, [])
            await synced(place.district, two)
        place.district.check(place.handsets)

        expected = Code.LOG_REWRITTEN if outgrown else Code.LOG_ROLLED_BACK
        assert (await synced(place.district, one)).stopped == expected
        assert (await synced(place.district, one)).stopped == expected  # until a person has looked
        place.district.check(place.handsets)
        trust.settle_alarm(one.tablet, "the backup of Tuesday")
        place.district.check(place.handsets)
        report = await synced(place.district, one)
        assert (report.stopped, report.photos) == (None, 1)
        await synced(place.district, two)
        place.district.check_drained(place.handsets)

        standing = one.tablet.database.conn.execute("SELECT standing FROM records WHERE root=?", [after.id]).fetchone()
        assert standing[0] == "submitted"  # the approval was central's own, and is gone until a person repeats it
        central = place.district.central
        with central.store.read() as connection:
            verdict = verify_log(connection, central.key.public_key, central.settings.photo_dir)
        assert verdict.holds, verdict.findings
        assert verdict.given_up == 1


async def test_a_tablet_enrolled_after_the_backup_enrols_again_and_loses_nothing(tmp_path: Path) -> None:
    """Central no longer knows its key: a new code enrols the same key on the same device, and all comes again."""
    chance = random.Random(5)
    place = Town(tmp_path)
    place.back_up()
    await place.hand_out()
    one = place.handsets[0]
    with pytest.raises(LedgerError) as caught:
        await enrol(one.tablet, one.transport, new_code(place.district.central, one.account), again=one.account)
    assert caught.value.code == Code.ENROLMENT_CODE_INVALID  # one key is enrolled once, while central knows it
    await record(place.district, one, [jpeg(chance, 700)])
    await synced(place.district, one)
    before = one.tablet_device()
    place.restore()
    assert (await synced(place.district, one)).stopped == Code.KEY_UNKNOWN
    await enrol(one.tablet, one.transport, new_code(place.district.central, one.account), again=one.account)
    assert one.tablet_device() == before
    assert (await synced(place.district, one)).stopped in (Code.LOG_ROLLED_BACK, Code.LOG_REWRITTEN)
    trust.settle_alarm(one.tablet, "the backup of Monday")
    report = await synced(place.district, one)
    assert (report.stopped, report.waiting_entries, report.waiting_photos) == (None, 0, 0)
    place.district.check([one])
    with place.district.central.store.read() as connection:
        central = place.district.central
        assert verify_log(connection, central.key.public_key, central.settings.photo_dir).holds
    for handset in place.handsets:
        handset.tablet.close()
    place.district.central.close()


async def test_nobody_takes_an_unknown_device_where_no_restore_was_declared(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = place.handsets[0]
        other = new_district(tmp_path / "elsewhere", place.time)
        place.app = create_app(other.central)
        with pytest.raises(LedgerError) as caught:
            await enrol(one.tablet, one.transport, new_code(other.central, one.account), again=one.account)
        other.central.close()
        assert caught.value.code == Code.DEVICE_UNKNOWN


async def test_a_restore_that_nobody_declared_is_named(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = place.handsets[0]
        await record(place.district, one, [])
        await synced(place.district, one)
        place.back_up()
        for _ in range(3):
            await record(place.district, one, [])
            await synced(place.district, one)
        await record(place.district, one, [], "knows the lost history")
        place._swap(place.folder / "backup", place.folder / "central")
        assert (await synced(place.district, one)).stopped == Code.LOG_ROLLED_BACK
        trust.settle_alarm(one.tablet, "someone said so")
        await synced(place.district, one)
        central = place.district.central
        with central.store.read() as connection:
            verdict = verify_log(connection, central.key.public_key, None)
        assert {finding.code for finding in verdict.findings} & {"checkpoint_root", "rows_gone", "order"}


async def test_a_gap_leaves_no_transaction_open(tmp_path: Path) -> None:
    """Marking entries as waiting once opened a transaction that nobody closed: later saves were not durable."""
    async with town(tmp_path) as place:
        one = place.handsets[0]
        for _ in range(3):
            await record(place.district, one, [])
        with transaction(one.tablet.database) as database:  # they count as sent, and central never had the first two
            database.conn.execute("UPDATE log SET status='accepted' WHERE own=1 AND device_seq<3")
        await synced(place.district, one)
        await synced(place.district, one)
        assert not one.tablet.database.conn.in_transaction
        assert log.waiting_count(one.tablet.database) == 0


async def test_one_bad_photo_does_not_hold_up_the_others(tmp_path: Path) -> None:
    chance = random.Random(4)
    async with town(tmp_path) as place:
        one = place.handsets[0]
        await record(place.district, one, [jpeg(chance, 500), jpeg(chance, 500)])
        await record(place.district, one, [jpeg(chance, 500)])
        first, *_ = sorted((one.home / "files" / "photos").iterdir())
        whole = first.read_bytes()
        first.write_bytes(whole[:100])
        report = await synced(place.district, one)
        assert (report.stopped, report.waiting_photos) == (Code.PHOTO_TRUNCATED, 1)
        first.write_bytes(whole)
        await synced(place.district, one)
        place.district.check_drained(place.handsets)
