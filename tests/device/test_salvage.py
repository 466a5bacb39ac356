"""Salvage: whatever happens to the database file, signed entries come back, and damage never passes for truth."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from schemas.errors import Code, LedgerError
from schemas.roles import Role
from sync.central.central import Central
from sync.device import log
from sync.device.check import check
from sync.device.client import SyncClient
from sync.device.enrolment import enrol
from sync.device.native import RequestsTransport, SystemClock
from sync.device.native.database import FILE_NAME
from sync.device.salvage import SalvageReport, salvage
from sync.device.store import UNFINISHED_SALVAGE, Tablet
from tests.device.tablets import ACCOUNT, DEVICE, SMALL, UNIT, Place, enrolled, inspection, jpeg
from tests.service import served, settings

ENTRIES, DRAFTS, PHOTOS = 14, 8, 5
DAMAGES = 200


async def _filled(place: Place) -> Tablet:
    tablet = await enrolled(place)
    for number in range(ENTRIES):
        photos = {}
        if number < PHOTOS:
            data = jpeg(number)
            photos[await tablet.add_photo(data)] = len(data)
        await tablet.save(ACCOUNT, inspection(photos, f"P-{number}"))
    for number in range(DRAFTS):
        tablet.begin_draft(ACCOUNT, {"number": number, "text": "草稿" * 200})
    return tablet


async def _repair(place: Place) -> tuple[Tablet, SalvageReport]:
    return await salvage(place.home, place.files, place.keys, SystemClock(), SMALL)


def _truth(tablet: Tablet) -> dict[str, object]:
    rows = tablet.database.conn.execute("SELECT sha256, bytes, state FROM photos ORDER BY sha256").fetchall()
    return {
        "entries": [(stored.hash, stored.status) for stored in log.own_entries(tablet.database, DEVICE)],
        "waiting": [stored.hash for stored in log.waiting(tablet.database, DEVICE, 1000)],
        "drafts": sorted((draft.id, str(draft.content)) for draft in tablet.drafts(ACCOUNT)),
        "photos": rows,
        "identities": tablet.identities(),
    }


def _damage(database: Path, chance: random.Random) -> str:
    """One kind of damage to the file, chosen by `chance`; returns what was done."""
    data = bytearray(database.read_bytes())
    kind = chance.choice(["flip", "flips", "truncate", "zero", "garbage", "swap", "empty", "header"])
    page = 4096 * chance.randrange(len(data) // 4096)
    if kind == "flip":
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == "flips":
        for _ in range(chance.randrange(2, 200)):
            data[chance.randrange(len(data))] = chance.randrange(256)
    elif kind == "truncate":
        del data[chance.randrange(len(data)) :]
    elif kind == "zero":
        data[page : page + 4096] = bytes(4096)
    elif kind == "garbage":
        data[page : page + 4096] = chance.randbytes(4096)
    elif kind == "swap":
        other = 4096 * chance.randrange(len(data) // 4096)
        data[page : page + 4096], data[other : other + 4096] = data[other : other + 4096], data[page : page + 4096]
    elif kind == "empty":
        data.clear()
    else:
        data[chance.randrange(100)] ^= 1 << chance.randrange(8)
    database.write_bytes(bytes(data))
    return kind


async def _notices(place: Place) -> tuple[bool, dict[str, object] | None]:
    """Whether the damage shows when the store is opened or checked; what it says if it does not."""
    try:
        tablet = await place.open()
    except LedgerError as error:
        assert error.code == Code.DATABASE_DAMAGED, error
        return True, None
    try:
        if not (await check(tablet)).sound:
            return True, None
        return False, _truth(tablet)
    finally:
        tablet.close()


async def test_two_hundred_damaged_databases(memory_path: Path) -> None:
    sound = Place(memory_path / "sound")
    tablet = await _filled(sound)
    truth = _truth(tablet)
    tablet.close()
    noticed = drafts = whole = 0
    for seed in range(DAMAGES):
        place = Place(memory_path / str(seed))
        shutil.copytree(sound.folder, place.folder)
        kind = _damage(place.folder / "db" / FILE_NAME, random.Random(seed))
        found, said = await _notices(place)
        if not found:
            assert said == truth, (seed, kind)
        noticed += found
        tablet, report = await _repair(place)
        assert [name for name, _ in truth["entries"]] == [name for name, _ in _truth(tablet)["entries"]], (seed, kind)
        after = await check(tablet)
        assert after.sound, (seed, kind, after.faults)
        assert (report.from_copies, report.photos, report.missing_numbers) == (ENTRIES, PHOTOS, {}), (seed, kind)
        drafts += report.drafts
        whole += report.drafts == DRAFTS
        entry = await tablet.save(ACCOUNT, inspection(parcel="P-after"))
        assert entry.device_seq == ENTRIES + 1
        tablet.close()
        shutil.rmtree(place.folder)
    print(f"{DAMAGES} damaged: {noticed} noticed, {drafts} of {DAMAGES * DRAFTS} drafts back, all in {whole}")
    assert noticed > DAMAGES // 2


async def test_a_damaged_tail_of_the_wal_costs_no_entry(memory_path: Path) -> None:
    """SQLite drops what follows a damaged frame without a word; the copies bring the entries back at the next start."""
    running = Place(memory_path / "running")
    tablet = await _filled(running)
    names = [stored.hash for stored in log.own_entries(tablet.database, DEVICE)]
    for seed in range(30):
        place = Place(memory_path / str(seed))
        shutil.copytree(running.folder, place.folder)
        wal = place.folder / "db" / f"{FILE_NAME}-wal"
        chance = random.Random(seed)
        data = bytearray(wal.read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        wal.write_bytes(bytes(data[: len(data) if seed % 2 else chance.randrange(len(data))]))
        try:
            again = await place.open()
        except LedgerError as error:
            assert error.code == Code.DATABASE_DAMAGED
            again, _ = await _repair(place)
        assert [stored.hash for stored in log.own_entries(again.database, DEVICE)] == names, seed
        assert (await check(again)).sound, seed
        again.close()
    tablet.close()


async def test_rows_stand_in_for_lost_copies(tmp_path: Path) -> None:
    place = Place(tmp_path)
    tablet = await _filled(place)
    truth = _truth(tablet)
    tablet.close()
    shutil.rmtree(tmp_path / "files" / "entries")
    tablet, report = await _repair(place)
    assert (report.from_copies, report.from_rows, report.drafts) == (0, ENTRIES, DRAFTS)
    assert _truth(tablet) == truth
    assert (await check(tablet)).copies == ENTRIES
    tablet.close()


async def test_what_is_lost_for_good_is_named(tmp_path: Path) -> None:
    place = Place(tmp_path)
    tablet = await _filled(place)
    tablet.close()
    (tmp_path / "db" / FILE_NAME).write_bytes(b"no database")
    folder = tmp_path / "files"
    (folder / "entries" / DEVICE / "0000000007.json").unlink()
    (folder / "entries" / DEVICE / "0000000009.json").write_bytes(b"{}")
    first, second, *_ = sorted((folder / "photos").iterdir())
    first.unlink()
    second.write_bytes(b"not what it was")
    tablet, report = await _repair(place)
    assert report.missing_numbers == {DEVICE: [7, 9]}
    assert report.damaged_files == [f"entries/{DEVICE}/0000000009.json", f"photos/{second.name}"]
    listed = [photo for photo in (first.name, second.name)]
    assert set(report.missing_photos) <= set(listed)
    assert report.missing_photos
    assert "drafts" in report.unreadable
    assert (await tablet.save(ACCOUNT, inspection())).device_seq == ENTRIES + 1
    tablet.close()


@pytest.mark.parametrize("stop", ["set aside", "rebuild"])
async def test_an_interrupted_salvage_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: str) -> None:
    """Drafts are only in the damaged database: they must survive a stop on either side of setting it aside."""
    place = Place(tmp_path)
    tablet = await _filled(place)
    truth = _truth(tablet)
    tablet.close()

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        where = "sync.device.native.database.DirectoryDatabase.set_aside"
        patch.setattr(where if stop == "set aside" else "sync.device.salvage._photos", fail)
        with pytest.raises(KeyboardInterrupt):
            await _repair(place)
    with pytest.raises(LedgerError) as problem:
        await place.open()
    assert problem.value.code == Code.DATABASE_DAMAGED
    tablet, report = await _repair(place)
    assert _truth(tablet) == truth
    assert report.drafts == DRAFTS
    assert await place.files.size(UNFINISHED_SALVAGE) is None
    tablet.close()
    (await place.open()).close()


async def test_check_finds_what_salvage_cannot_know(tmp_path: Path) -> None:
    place = Place(tmp_path)
    tablet = await _filled(place)
    assert (await check(tablet)).sound
    for change, fault in [
        ("UPDATE log SET own=0 WHERE device_seq=3", "its row says something else"),
        ("UPDATE log SET bytes=x'00' WHERE device_seq=4", "do not match its name"),
        ("DELETE FROM log WHERE device_seq=5", "does not follow"),
        ("UPDATE drafts SET content='{}'", "does not match its sum"),
        ("UPDATE threads SET root=entry||'x'", "projections"),
        ("UPDATE photos SET upload_path='/v1/elsewhere'", "is no upload"),
    ]:
        tablet.database.conn.execute("SAVEPOINT tried")
        tablet.database.conn.execute(change)
        # check() itself opens a savepoint inside this one.
        faults = (await check(tablet)).faults
        tablet.database.conn.execute("ROLLBACK TO tried")
        tablet.database.conn.execute("RELEASE tried")
        assert any(fault in found for found in faults), (change, faults)
    assert (await check(tablet)).sound
    tablet.close()


async def test_after_salvage_central_answers_duplicate_and_queues_empty(tmp_path: Path) -> None:
    central = Central.create(settings(tmp_path / "central"))
    with served(central) as service:
        service.account(ACCOUNT, Role.INSPECTOR, UNIT)
        place = Place(tmp_path / "tablet")
        tablet = await place.open()
        transport = RequestsTransport(service.url)
        identity = await enrol(tablet, transport, service.code(ACCOUNT))
        for number in range(5):
            data = jpeg(number)
            await tablet.save(ACCOUNT, inspection({await tablet.add_photo(data): len(data)}, f"P-{number}"))
        report = await SyncClient(tablet, transport, ACCOUNT).sync()
        assert (report.pushed, report.photos, report.stopped) == (5, 5, None)
        await tablet.save(ACCOUNT, inspection(parcel="P-6"))
        tablet.close()
        (tmp_path / "tablet" / "db" / FILE_NAME).write_bytes(b"no database")

        tablet, salvaged = await _repair(place)
        assert (salvaged.from_copies, salvaged.photos) == (6, 5)
        report = await SyncClient(tablet, transport, ACCOUNT).sync()
        # Central's own rows, with their proofs, say `duplicate`; only what it lacks is sent.
        assert (report.pushed, report.waiting_entries, report.waiting_photos, report.stopped) == (1, 0, 0, None)
        statuses = [stored.status for stored in log.own_entries(tablet.database, identity.device)]
        assert statuses == ["duplicate"] * 5 + ["accepted"]
        states = tablet.database.conn.execute("SELECT DISTINCT state FROM photos").fetchall()
        assert states == [("confirmed",)]
        assert (await check(tablet)).sound
        tablet.close()
        transport.close()
