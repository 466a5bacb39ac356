"""The store's promises without faults from outside: drafts, photos, saves, interleaved tasks, pragmas, projections."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from schemas.canonical import sha256_hex
from schemas.entries import Entry, entry_bytes
from schemas.errors import Code, LedgerError
from schemas.ids import uuid7
from schemas.roles import Role
from sync.central.central import Central
from sync.device import log, records
from sync.device.check import check, content
from sync.device.client import SyncClient
from sync.device.copies import copy_name
from sync.device.database import pragmas, prepare, transaction
from sync.device.enrolment import enrol
from sync.device.native import RequestsTransport
from sync.device.store import NewEntry, Tablet
from tests.device.tablets import ACCOUNT, DEVICE, SMALL, UNIT, Place, enrolled, inspection, jpeg, review, withdrawal
from tests.service import served, settings

# -- drafts --------------------------------------------------------------------------------------------------------


async def test_every_change_of_a_draft_is_durable(tmp_path: Path) -> None:
    tablet = await enrolled(Place(tmp_path))
    draft = tablet.begin_draft(ACCOUNT, {"note": ""})
    for text in ("一", "一片", "一片林"):
        tablet.change_draft(draft.id, {"note": text})
        # What a second reader of the files sees is what a crash would leave.
        with _second_reader(tmp_path) as rows:
            assert rows("SELECT content FROM drafts") == [(f'{{"note":"{text}"}}',)]
    tablet.close()
    tablet = await Place(tmp_path).open()
    again = tablet.draft(draft.id)
    assert (again.content, again.started_ms) == ({"note": "一片林"}, draft.started_ms)
    tablet.drop_draft(draft.id)
    with pytest.raises(LedgerError) as problem:
        tablet.change_draft(draft.id, {})
    assert problem.value.code == Code.DRAFT_NOT_FOUND
    assert tablet.drafts(ACCOUNT) == []
    tablet.close()


class _second_reader:
    """Reads copies of the database's files, as they lie on the disk now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "db"
        self._copy = folder / "seen"

    def __enter__(self) -> Any:
        self._copy.mkdir(exist_ok=True)
        for file in self._folder.iterdir():
            (self._copy / file.name).write_bytes(file.read_bytes())
        self._connection = sqlite3.connect(self._copy / "ledger.db")
        return lambda query: self._connection.execute(query).fetchall()

    def __exit__(self, *what: object) -> None:
        self._connection.close()


async def test_a_draft_becomes_its_entry_once(tmp_path: Path) -> None:
    """A second tap gives the same entry; other content under the id of a saved one is refused."""
    tablet = await enrolled(Place(tmp_path))
    draft = tablet.begin_draft(ACCOUNT, {})
    new = inspection(id=draft.id)
    entries = await asyncio.gather(*(tablet.save(ACCOUNT, new) for _ in range(5)))
    assert len({entry.device_seq for entry in entries}) == 1
    assert entries[0].id == draft.id
    assert tablet.drafts(ACCOUNT) == []
    with pytest.raises(LedgerError) as problem:
        await tablet.save(ACCOUNT, inspection(parcel="P-2", id=draft.id))
    assert problem.value.code == Code.ID_REUSED
    assert log.waiting_count(tablet.database) == 1
    tablet.close()


# -- photos and saves ----------------------------------------------------------------------------------------------


async def test_photo_rules(tmp_path: Path) -> None:
    tablet = await enrolled(Place(tmp_path), replace(SMALL, max_photo_bytes=10_000))
    name = await tablet.add_photo(jpeg(1))
    assert await tablet.add_photo(jpeg(1)) == name == sha256_hex(jpeg(1))
    assert tablet.database.conn.execute("SELECT count(*) FROM photos").fetchone() == (1,)
    with pytest.raises(LedgerError) as problem:
        await tablet.add_photo(jpeg(2, 10_001))
    assert problem.value.code == Code.PHOTO_TOO_LARGE
    tablet.settings = tablet.space._settings = replace(SMALL, min_free_bytes=1 << 60)
    with pytest.raises(LedgerError) as problem:
        await tablet.add_photo(jpeg(3))
    assert problem.value.code == Code.DISK_LOW
    assert await tablet.files.names("photos") == [f"photos/{name}"]
    tablet.close()


@pytest.mark.parametrize("what", ["never taken", "file gone", "file cut short"])
async def test_a_listed_photo_must_be_here(tmp_path: Path, what: str) -> None:
    tablet = await enrolled(Place(tmp_path))
    name = sha256_hex(jpeg(1))
    if what != "never taken":
        await tablet.add_photo(jpeg(1))
        file = tmp_path / "files" / "photos" / name
        file.unlink() if what == "file gone" else os.truncate(file, 100)
    draft = tablet.begin_draft(ACCOUNT, {})
    with pytest.raises(LedgerError) as problem:
        await tablet.save(ACCOUNT, inspection({name: 3000}, id=draft.id))
    assert problem.value.code == Code.PHOTO_NOT_FOUND
    assert tablet.draft(draft.id)
    assert await tablet.files.names("entries") == []
    assert (await tablet.save(ACCOUNT, inspection())).device_seq == 1
    tablet.close()


async def test_a_save_that_fails_midway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tablet = await enrolled(Place(tmp_path))
    await tablet.save(ACCOUNT, inspection())
    draft = tablet.begin_draft(ACCOUNT, {"a": 1})
    before = _everything(tablet)
    for where in ("sync.device.log.insert", "sync.device.records.note", "sync.device.store.copy_name"):
        with monkeypatch.context() as patch:
            patch.setattr(where, _fail)
            with pytest.raises(RuntimeError):
                await tablet.save(ACCOUNT, inspection(id=draft.id))
        assert _everything(tablet) == before
        assert await tablet.files.names("entries") == [copy_name(DEVICE, 1)]
    with monkeypatch.context() as patch:
        patch.setattr(Tablet, "_put_photo", _fail)
        with pytest.raises(RuntimeError):
            await tablet.add_photo(jpeg(1))
    assert await tablet.files.names("photos") == []
    for new, code in [
        (inspection(schema=99), Code.SCHEMA_UNKNOWN),
        (inspection(kind="poem"), Code.KIND_UNKNOWN),
        (replace(inspection(), body={}), Code.BODY_INVALID),
        (replace(inspection(), about=("x" * 81,)), Code.BODY_INVALID),
    ]:
        with pytest.raises(LedgerError) as problem:
            await tablet.save(ACCOUNT, new)
        assert problem.value.code == code
    with pytest.raises(LedgerError) as problem:
        await tablet.save("stranger", inspection())
    assert problem.value.code == Code.DEVICE_NOT_ENROLLED
    assert _everything(tablet) == before
    tablet.close()


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError


def _everything(tablet: Tablet) -> list[list[Any]]:
    tables = tablet.database.conn.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name").fetchall()
    return [tablet.database.conn.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables]


# -- tasks that interleave -----------------------------------------------------------------------------------------


async def test_tasks_share_no_number_and_no_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saves, photos, drafts and syncs at once, every file operation giving way to other tasks, some saves failing."""
    with served(Central.create(settings(tmp_path / "central"))) as service:
        service.account(ACCOUNT, Role.INSPECTOR, UNIT)
        tablet = await Place(tmp_path / "tablet").open()
        transport = RequestsTransport(service.url)
        identity = await enrol(tablet, transport, service.code(ACCOUNT))
        _give_way(tablet, monkeypatch)
        client = SyncClient(tablet, transport, ACCOUNT)
        done = asyncio.Event()

        async def recorder(number: int) -> None:
            for turn in range(6):
                draft = tablet.begin_draft(ACCOUNT, {"turn": turn})
                data = jpeg(100 * number + turn)
                photo = await tablet.add_photo(data, draft.id)
                tablet.change_draft(draft.id, {"photo": photo})
                if turn == 3:
                    with pytest.raises(LedgerError):
                        await tablet.save(ACCOUNT, inspection({"0" * 64: 1}, id=draft.id))
                    assert tablet.draft(draft.id).content == {"photo": photo}
                await tablet.save(ACCOUNT, inspection({photo: len(data)}, f"P-{number}-{turn}", id=draft.id))

        async def syncer() -> None:
            while not done.is_set():
                await client.sync(now=True)

        syncing = asyncio.create_task(syncer())
        await asyncio.gather(*(recorder(number) for number in range(8)))
        done.set()
        await syncing
        assert not tablet.database.conn.in_transaction
        report = await client.sync(now=True)
        assert (report.waiting_entries, report.waiting_photos, report.stopped) == (0, 0, None)
        numbers = [stored.entry().device_seq for stored in log.own_entries(tablet.database, identity.device)]
        assert numbers == list(range(1, 49))
        assert {stored.status for stored in log.own_entries(tablet.database, identity.device)} == {"accepted"}
        assert tablet.drafts(ACCOUNT) == []
        found = await check(tablet)
        assert found.sound, found.faults
        assert found.photos == 48
        tablet.close()
        transport.close()


def _give_way(tablet: Tablet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Native files work at once; in a browser every one of these lets other tasks run, so let them here too."""
    chance = random.Random(1)
    for name in ("write", "read", "read_range", "size", "delete", "names", "free_bytes"):
        plain = getattr(tablet.files, name)

        async def slow(*given: Any, _plain: Any = plain) -> Any:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            result = await _plain(*given)
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            return result

        monkeypatch.setattr(tablet.files, name, slow)


async def test_a_cancelled_save_leaves_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tablet = await enrolled(Place(tmp_path))
    _give_way(tablet, monkeypatch)
    for steps in range(25):
        task = asyncio.create_task(tablet.save(ACCOUNT, inspection(parcel=f"P-{steps}")))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        number = log.head(tablet.database, DEVICE).device_seq
        entry = await tablet.save(ACCOUNT, inspection(parcel=f"Q-{steps}"))
        assert entry.device_seq == number + 1
    assert (await check(tablet)).sound
    tablet.close()


# -- opening -------------------------------------------------------------------------------------------------------


async def test_pragmas_hold(tmp_path: Path) -> None:
    tablet = await enrolled(Place(tmp_path))
    assert pragmas(tablet.database.conn) == {
        "locking_mode": "exclusive", "journal_mode": "wal", "synchronous": 2, "fullfsync": 1, "checkpoint_fullfsync": 1,
        "foreign_keys": 1, "cell_size_check": 1, "trusted_schema": 0, "temp_store": 2,
    }  # fmt: skip
    assert not (tmp_path / "db" / "ledger.db-shm").exists()
    tablet.close()


@pytest.mark.parametrize(
    ("name", "instead"),
    [("locking_mode", "NORMAL"), ("journal_mode", "DELETE"), ("synchronous", "NORMAL"), ("fullfsync", "0")],
)
def test_a_pragma_that_does_not_hold_stops_everything(tmp_path: Path, name: str, instead: str) -> None:
    class Deaf(sqlite3.Cursor):
        def execute(self, sql: str, *values: Any) -> Deaf:
            return super().execute(f"PRAGMA {name}={instead}" if sql.startswith(f"PRAGMA {name}=") else sql, *values)

    class DeafConnection(sqlite3.Connection):
        def cursor(self, factory: Any = None) -> Any:
            return super().cursor(type("Both", (factory, Deaf), {}) if factory else Deaf)

    connection = sqlite3.connect(tmp_path / "deaf.db", factory=DeafConnection)
    with pytest.raises(LedgerError) as problem:
        prepare(connection)
    assert problem.value.code == Code.DURABILITY_NOT_AVAILABLE
    assert name in str(problem.value.details["reason"])
    connection.close()


async def test_a_database_from_the_future_is_left_alone(tmp_path: Path) -> None:
    tablet = await enrolled(Place(tmp_path))
    tablet.database.conn.execute("PRAGMA user_version=99")
    tablet.close()
    with pytest.raises(LedgerError) as problem:
        await Place(tmp_path).open()
    assert problem.value.code == Code.DATABASE_DAMAGED


async def test_a_copy_without_its_row_is_adopted(tmp_path: Path) -> None:
    """As a crash between the signed copy and the commit leaves it."""
    tablet = await enrolled(Place(tmp_path))
    await tablet.save(ACCOUNT, inspection())
    draft = tablet.begin_draft(ACCOUNT, {})
    database = (tmp_path / "db" / "ledger.db").read_bytes(), (tmp_path / "db" / "ledger.db-wal").read_bytes()
    data = jpeg(1)
    entries = [
        await tablet.save(ACCOUNT, inspection({await tablet.add_photo(data): len(data)}, id=draft.id)),
        await tablet.save(ACCOUNT, inspection(parcel="P-2")),
    ]
    tablet.close()
    (tmp_path / "db" / "ledger.db").write_bytes(database[0])
    (tmp_path / "db" / "ledger.db-wal").write_bytes(database[1])
    tablet = await Place(tmp_path).open()
    own = [stored.data for stored in log.own_entries(tablet.database, DEVICE, 1)]
    assert own == [entry_bytes(entry) for entry in entries]
    assert tablet.drafts(ACCOUNT) == []
    assert (await check(tablet)).sound
    tablet.close()


async def test_a_copy_that_is_not_ours_is_no_entry(tmp_path: Path) -> None:
    tablet = await enrolled(Place(tmp_path))
    entry = await tablet.save(ACCOUNT, inspection())
    tablet.close()
    second = tmp_path / "files" / copy_name(DEVICE, 2)
    second.write_bytes(entry_bytes(entry.model_copy(update={"device_seq": 2})))
    tablet = await Place(tmp_path).open()
    assert log.head(tablet.database, DEVICE).device_seq == 1
    assert not second.exists()
    tablet.close()


async def test_a_copy_that_does_not_continue_the_log_is_kept_for_salvage(tmp_path: Path) -> None:
    """The database is not the one that the copies were made from: neither may win unseen."""
    tablet = await enrolled(Place(tmp_path / "a"))
    tablet.close()
    (tmp_path / "b").mkdir()
    for name in ("db", "files", "keys"):
        os.system(f"cp -r {tmp_path}/a/{name} {tmp_path}/b/{name}")  # noqa: S605
    here, there = await Place(tmp_path / "a").open(), await Place(tmp_path / "b").open()
    await here.save(ACCOUNT, inspection(parcel="P-here"))
    for parcel in ("P-there", "P-there-2"):
        await there.save(ACCOUNT, inspection(parcel=parcel))
    here.close()
    there.close()
    name = copy_name(DEVICE, 2)
    stray = (tmp_path / "b" / "files" / name).read_bytes()
    (tmp_path / "a" / "files" / name).write_bytes(stray)
    with pytest.raises(LedgerError) as problem:
        await Place(tmp_path / "a").open()
    assert problem.value.code == Code.DATABASE_DAMAGED
    assert (tmp_path / "a" / "files" / name).read_bytes() == stray


# -- projections ---------------------------------------------------------------------------------------------------


_STEP = st.tuples(
    st.sampled_from(["inspection", "revision", "review", "withdrawal", "resolution"]),
    st.integers(0, 30),
    st.sampled_from(["approve", "return", "reject"]),
    st.sampled_from(["accepted", "accepted", "accepted", "refused", "waiting"]),
)


@given(st.lists(_STEP, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_projections_rebuilt_are_equal(steps: list[tuple[str, int, str, str]], order: random.Random) -> None:
    """Whatever the log holds and in whatever order it came: late predecessors, branches, refusals, changed verdicts."""
    database = _memory()
    arrivals = _random_log(steps)
    order.shuffle(arrivals)
    for number, (entry, verdict) in enumerate(arrivals, 1):
        _arrive(database, entry, None if verdict == "waiting" or number % 3 == 0 else verdict)
    for entry, verdict in arrivals:
        _arrive(database, entry, None if verdict == "waiting" else verdict)
    kept = content(database)
    with transaction(database):
        records.rebuild(database)
    assert content(database) == kept
    rebuilt = _memory()
    for entry, verdict in sorted(arrivals, key=lambda one: one[0].id):
        _arrive(rebuilt, entry, None if verdict == "waiting" else verdict)
    assert content(rebuilt) == kept


def _memory() -> Database:
    from importlib import resources

    database = Database(sqlite3.connect(":memory:"))
    database.conn.executescript(resources.files("sync.device").joinpath("schema.sql").read_text("utf-8"))
    return database


def _random_log(steps: list[tuple[str, int, str, str]]) -> list[tuple[Entry, str]]:
    made: list[tuple[Entry, str]] = []
    for number, (what, pick, outcome, verdict) in enumerate(steps, 1):
        earlier = [entry for entry, _ in made]
        seen = earlier[pick % len(earlier)] if earlier else None
        if seen is None or what == "inspection":
            new = inspection({sha256_hex(bytes([pick])): 10}, f"P-{pick}")
        elif what == "revision":
            new = inspection(supersedes=seen.id)
        elif what == "review":
            new = review(seen.id, seen.id, outcome)
        elif what == "withdrawal":
            new = withdrawal(seen.id, seen.id)
        else:
            aside = [entry.id for entry in earlier if entry.supersedes == seen.supersedes and entry.id != seen.id]
            body = {"discrepancy": "D26", "outcome": "upheld", "reason": "r", "document": None, "set_aside": aside[:3]}
            new = NewEntry("resolution", 1, UNIT, (seen.id,), body, supersedes=seen.id)
        made.append((_entry(number, new), verdict))
    return made


def _entry(number: int, new: NewEntry) -> Entry:
    moment = {"ms": number, "offset_min": 480}
    return Entry.model_validate(
        {
            "id": uuid7(number, number.to_bytes(10, "big")), "kind": new.kind, "schema": 1, "unit": new.unit,
            "author": ACCOUNT, "device": DEVICE, "device_seq": number, "prev_hash": "0" * 64, "about": list(new.about),
            "supersedes": new.supersedes, "observed_at": moment, "recorded_at": moment, "checkpoint": None,
            "auth": None, "body": new.body, "alg": "ed25519", "key": "0" * 32, "sig": "0" * 128,
        }
    )  # fmt: skip


def _arrive(database: Database, entry: Entry, verdict: str | None) -> None:
    data = entry_bytes(entry)
    with transaction(database):
        log.insert(database, entry, data, sha256_hex(data), own=True)
        database.conn.execute("UPDATE log SET disposition=? WHERE hash=?", [verdict, sha256_hex(data)])
        records.note(database, entry, verdict)
