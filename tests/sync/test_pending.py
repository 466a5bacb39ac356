"""Pending work as a file: from a tablet without a network, and from one that central has stopped."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from schemas.errors import Code, LedgerError
from schemas.pending import ENTRIES, MANIFEST, PHOTO_FOLDER
from schemas.roles import Role
from sync.central import desk, rows
from sync.central.accounts import put_account
from sync.central.pending import Imported, import_pending
from sync.central.photos import count_held
from sync.central.verify import verify_log
from sync.device import log, records
from sync.device.native import RequestsTransport, SystemClock
from sync.device.pending import export_pending
from tests.faults.field import District, Handset, copy_folder, jpeg, new_district, new_handset, record, reopen, synced
from tests.service import Served, served

UNIT = "DEMO-LS"
OFFICE = "district"


class Scene:
    """A district with one tablet on a real network that the test can take away."""

    def __init__(self, district: District, here: Served, handset: Handset, folder: Path) -> None:
        self.district, self.here, self.handset, self.folder = district, here, handset, folder
        self.chance = random.Random(7)

    async def export(self, handset: Handset | None = None, name: str = "a.pending") -> Path:
        """The handset's file."""
        chosen = handset or self.handset
        path = self.folder / name
        with path.open("wb") as sink:
            await export_pending(chosen.tablet, chosen.tablet.identity(chosen.account), sink)
        return path

    def bring_in(self, path: Path, *, admit: bool = False) -> Imported:
        """What a person at the district does with it."""
        return import_pending(self.district.central, self.district.caller(OFFICE), path, "核实", admit=admit)

    async def record(self, handset: Handset | None = None, note: str = "a", supersedes: str | None = None) -> str:
        """A record with one photo; returns its id."""
        photos = [jpeg(self.chance, 5_000)]
        return (await record(self.district, handset or self.handset, photos, note, supersedes)).id

    def device_state(self) -> str:
        """The handset's device at central."""
        with self.district.central.store.read() as connection:
            row = rows.device_row(connection, self.handset.tablet_device())
        assert row is not None
        return row.state

    def proves_itself(self) -> None:
        """The whole log verifies and every invariant holds."""
        central = self.district.central
        with central.store.read() as connection:
            verdict = verify_log(connection, central.key.public_key, central.settings.photo_dir)
        assert verdict.findings == ()
        self.district.check([self.handset])


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    district = new_district(tmp_path)
    with served(district.central) as here:
        transport = RequestsTransport(here.url)
        handset = await new_handset(district, tmp_path / "t1", "insp-demo-ls-1", UNIT, transport, SystemClock())
        yield Scene(district, here, handset, tmp_path)
        handset.tablet.close()
    district.central.close()


async def test_work_without_a_network_comes_in_by_file(scene: Scene) -> None:
    ids = [await scene.record(note=str(number)) for number in range(5)]
    path = await scene.export()
    done = scene.bring_in(path)
    assert dict(done.receipts) == {"accepted": 5}
    assert (done.photos, done.missing_photos, done.admitted) == (5, 0, 0)
    assert log.waiting_count(scene.handset.tablet.database) == 5, "exporting settles nothing on the tablet"
    report = await synced(scene.district, scene.handset)
    assert (report.waiting_entries, report.waiting_photos) == (0, 0)
    assert {row["root"] for row in records.records(scene.handset.tablet.database)} == set(ids)
    states = scene.handset.tablet.database.conn.execute("SELECT DISTINCT state FROM photos").fetchall()
    assert states == [("confirmed",)]
    scene.proves_itself()


async def test_importing_twice_changes_nothing(scene: Scene) -> None:
    await scene.record()
    path = await scene.export()
    scene.bring_in(path)
    with scene.district.central.store.read() as connection:
        size = rows.size(connection)
    again = scene.bring_in(path, admit=True)
    assert dict(again.receipts) == {"duplicate": 1} and again.admitted == 0
    with scene.district.central.store.read() as connection:
        assert rows.size(connection) == size


@pytest.mark.parametrize("stop", [desk.freeze, desk.revoke])
async def test_a_stopped_device_waits_for_a_person(scene: Scene, stop: Callable[..., None]) -> None:
    """Frozen or revoked: nothing comes in by itself, the file brings it in as refused, and `admit` lets it count."""
    before = await scene.record()
    await synced(scene.district, scene.handset)
    first = await scene.record(note="after")
    second = await scene.record(note="its revision", supersedes=first)
    stop(scene.district.central, scene.district.caller(OFFICE), scene.handset.tablet_device(), "平板遗失")
    report = await scene.handset.client.sync(now=True)
    assert report.waiting_entries == 2
    path = await scene.export()
    held = scene.bring_in(path)
    assert dict(held.receipts) == {"refused": 2} and held.admitted == 0
    scene.proves_itself()
    let_in = scene.bring_in(path, admit=True)
    assert dict(let_in.receipts) == {"duplicate": 2} and let_in.admitted == 2
    with scene.district.central.store.read() as connection:
        assert set(rows.by_ids(connection, [before, first, second])) == {before, first, second}
    assert count_held(scene.district.central)[0] == 3
    scene.proves_itself()
    if stop is desk.freeze:
        report = await scene.handset.client.sync(now=True)
        standings = {row["root"]: row["standing"] for row in records.records(scene.handset.tablet.database)}
        assert standings == {before: "submitted", first: "submitted"}, "the tablet sees that its records count"
        assert report.waiting_entries == 0


async def test_both_branches_of_a_clone_are_kept_and_let_in(scene: Scene, tmp_path: Path) -> None:
    """The clone's whole branch comes in by its file, longer than the log's own chain, each entry as a fork."""
    await scene.record()
    await synced(scene.district, scene.handset)
    scene.handset.tablet.close()
    copy_folder(tmp_path / "t1", tmp_path / "clone")
    await reopen(scene.handset)
    await scene.record(note="original")
    await synced(scene.district, scene.handset)
    clone = Handset(**{**scene.handset.__dict__, "home": tmp_path / "clone"})
    await reopen(clone)
    ids = [await scene.record(clone, note=f"clone {number}") for number in range(4)]
    report = await clone.client.sync(now=True)
    assert scene.device_state() == "frozen" and report.waiting_entries == 3
    done = scene.bring_in(await scene.export(clone), admit=True)
    assert done.admitted == 4 and done.missing_photos == 0
    with scene.district.central.store.read() as connection:
        assert set(rows.by_ids(connection, ids)) == set(ids)
    clone.tablet.close()
    scene.proves_itself()


async def test_an_unfit_entry_is_not_let_in(scene: Scene) -> None:
    """Admitting is about the device: what its author may not say stays refused."""
    with scene.district.central.store.write() as connection:
        admin, today = scene.district.central.admin, scene.district.central.today()
        put_account(connection, admin, today, scene.handset.account, Role.INSPECTOR, ["DEMO-HJ"])
    await scene.record()
    desk.freeze(scene.district.central, scene.district.caller(OFFICE), scene.handset.tablet_device(), "查")
    done = scene.bring_in(await scene.export(), admit=True)
    assert dict(done.receipts) == {"refused": 1} and done.admitted == 0


async def test_only_a_manager_of_the_unit_brings_a_file_in(scene: Scene) -> None:
    await scene.record()
    path = await scene.export()
    for account in ("sup-demo-ls", "insp-demo-ls-1"):
        with pytest.raises(LedgerError) as caught:
            import_pending(scene.district.central, scene.district.caller(account), path, "x", admit=False)
        assert caught.value.code == Code.NOT_PERMITTED


async def test_a_damaged_file_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    """Truncated at many places, a flipped bit anywhere, members renamed, doubled, compressed or added."""
    await scene.record()
    await scene.record(note="b")
    whole = (await scene.export()).read_bytes()
    with scene.district.central.store.read() as connection:
        size = rows.size(connection)
    chance = random.Random(3)
    damaged = [whole[: chance.randrange(len(whole))] for _ in range(40)]
    for _ in range(60):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        damaged.append(bytes(flipped))
    damaged += [b"", b"PK", b"not a zip", *_rewritten(whole)]
    refused = 0
    for number, data in enumerate(damaged):
        path = tmp_path / f"damaged-{number}"
        path.write_bytes(data)
        try:
            scene.bring_in(path)
        except LedgerError as error:
            assert error.code in (Code.EXPORT_DAMAGED, Code.BODY_TOO_LARGE, Code.DEVICE_UNKNOWN), error
            refused += 1
        else:
            # A bit in the ZIP's own dates or attributes: what was read is what was signed.
            scene.proves_itself()
            with scene.district.central.store.read() as connection:
                size = rows.size(connection)
        with scene.district.central.store.read() as connection:
            assert rows.size(connection) == size, f"damage {number} left something behind"
    assert refused >= 80


async def test_a_file_for_another_log_is_refused(scene: Scene, tmp_path: Path) -> None:
    other = new_district(tmp_path / "other")
    with pytest.raises(LedgerError) as caught:
        import_pending(other.central, other.caller(OFFICE), await scene.export(), "x", admit=False)
    other.central.close()
    assert caught.value.code == Code.EXPORT_DAMAGED


def _rewritten(whole: bytes) -> list[bytes]:
    """Well-formed archives that no tablet of ours writes."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members[MANIFEST])
    photo = next(name for name in members if name.startswith(PHOTO_FOLDER))
    fewer = {**manifest, "entries": manifest["entries"] - 1}
    no_photos = {**manifest, "photos": []}
    return [
        _packed(members, zipfile.ZIP_DEFLATED),
        _packed({**members, "../../etc/cron.d/x": b"* * * * *"}),
        _packed({**members, f"{PHOTO_FOLDER}../../x": b"x"}),
        _packed({name: data for name, data in members.items() if name != MANIFEST}),
        _packed({name: data for name, data in members.items() if name != photo}),
        _packed({**members, photo: members[photo] + b"\0"}),
        _packed({**members, ENTRIES: members[ENTRIES] + b"{}\n"}),
        _packed({**members, ENTRIES: members[ENTRIES][:-1]}),
        _packed({**members, MANIFEST: json.dumps(fewer).encode()}),
        _packed({**members, MANIFEST: json.dumps(no_photos).encode()}),
        _packed({**members, MANIFEST: json.dumps({**manifest, "device": "tab-unknown"}).encode()}),
        _packed({**members, MANIFEST: b"[" * 100_000}),
    ]


def _packed(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()
