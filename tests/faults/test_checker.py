"""The checker itself: for every invariant a world that breaks it, and the checker must say so. One that cannot fail
proves nothing.
"""

# ruff: noqa: E501  # a table of breaks reads better in lines

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.canonical import canonical
from schemas.entries import Checkpoint
from schemas.ids import key_id
from sync.central.api.app import create_app
from sync.central.keys import load_key
from sync.checker import World, check, queues_not_empty, read_acks, read_central, read_tablet
from sync.checker.history import grow, leaf_of
from tests.faults.asgi import AsgiTransport
from tests.faults.field import (
    UNITS,
    District,
    TabletClock,
    WorldTime,
    copy_folder,
    forget,
    inspector,
    jpeg,
    new_district,
    new_handset,
    record,
    reopen,
    review,
    synced,
)

A, B = UNITS


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in which everything happened and everything holds: reviews, a branch, a fork, a closed number."""
    import asyncio

    folder = tmp_path_factory.mktemp("sound")
    asyncio.run(_live(folder))
    return folder


async def _live(folder: Path) -> None:
    time, chance = WorldTime(), random.Random(7)
    district = new_district(folder, time)
    app = create_app(district.central)
    transport = AsgiTransport(lambda: app)
    handsets = [
        await new_handset(district, folder / name, account, unit, transport, TabletClock(time, number))
        for number, (name, account, unit) in enumerate(
            [("t1", inspector(A), A), ("t2", inspector(A, 2), A), ("t3", inspector(B), B)]
        )
    ]
    one, two, three = handsets
    first = await record(district, one, [jpeg(chance, 900), jpeg(chance, 800)])
    await record(district, three, [jpeg(chance, 700)])
    for handset in handsets:
        await synced(district, handset)
    await synced(district, two)
    returned = district.decide(f"sup-{A.lower()}", "review", A, first.id, first.id, review("return"))
    await synced(district, one)
    await synced(district, two)
    await record(district, one, [], "revision 1", supersedes=returned)
    await record(district, two, [jpeg(chance, 600)], "revision 2", supersedes=returned)
    await synced(district, one)
    await synced(district, two)
    await synced(district, one)
    assert one.tablet.database.conn.execute("SELECT standing FROM records").fetchall() == [("branch",)]
    await _lose_a_number(district, two)
    await _fork(district, three, folder)
    for handset in handsets:
        await synced(district, handset)
    waits = await record(district, one, [jpeg(chance, 500)])
    assert waits.checkpoint is not None
    district.check(handsets)
    (folder / "acks.jsonl").write_text("".join(json.dumps(ack) + "\n" for ack in district.acks))
    for handset in handsets:
        handset.tablet.close()
    district.central.close()


async def _lose_a_number(district: District, handset: Any) -> None:
    gone = await record(district, handset, [])
    await record(district, handset, [], "after the lost one")
    forget(handset.tablet, gone.id)
    district.say("lost", entry=_name(gone))
    report = await synced(district, handset)
    assert report.held == ["sequence_gap"]
    body = {"device": gone.device, "first": gone.device_seq, "last": gone.device_seq, "cause": "page damaged"}
    district.decide(f"sup-{A.lower()}", "gap_closed", A, gone.device, None, body)
    report = await synced(district, handset)
    assert report.waiting_entries == 0


async def _fork(district: District, handset: Any, folder: Path) -> None:
    handset.tablet.close()
    copy_folder(handset.home, folder / "backup")
    await reopen(handset)
    await record(district, handset, [], "the one")
    await synced(district, handset)
    handset.tablet.close()
    shutil.rmtree(handset.home)
    (folder / "backup").rename(handset.home)
    await reopen(handset)
    await record(district, handset, [], "the other")
    await synced(district, handset)


def _name(entry: Any) -> str:
    from schemas.entries import entry_hash

    return entry_hash(entry)


def _read(folder: Path) -> World:
    tablets = [read_tablet(folder / name) for name in ("t1", "t2", "t3")]
    return World(read_central(folder / "central"), tablets, read_acks([folder / "acks.jsonl"]))


# ---------------------------------------------------------------- ways to break it

Break = Callable[[Path], None]


def central(*statements: str) -> Break:
    """Raw statements on central's database, past its triggers."""

    def change(folder: Path) -> None:
        with sqlite3.connect(folder / "central" / "central.db") as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
            for (name,) in names:
                connection.execute(f"DROP TRIGGER {name}")
            for index in ("entries_number", "entries_accepted_id"):
                connection.execute(f"DROP INDEX IF EXISTS {index}")
            for statement in statements:
                connection.execute(statement)

    return change


def tablet(name: str, *statements: str) -> Break:
    """Raw statements on a tablet's database."""

    def change(folder: Path) -> None:
        with sqlite3.connect(folder / name / "db" / "ledger.db") as connection:
            for statement in statements:
                connection.execute(statement)

    return change


def ack(**line: Any) -> Break:
    """One more promise."""

    def change(folder: Path) -> None:
        with (folder / "acks.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    return change


def resigned(*statements: str) -> Break:
    """Change the log and then make tree and checkpoints fit again, as an operator with central's key could."""

    def change(folder: Path) -> None:
        central(*statements)(folder)
        state = read_central(folder / "central")
        nodes, roots = grow([leaf_of(row) for row in state.rows])
        key = load_key(folder / "central")
        with sqlite3.connect(folder / "central" / "central.db") as connection:
            connection.execute("DELETE FROM nodes")
            connection.executemany("INSERT INTO nodes VALUES (?,?)", nodes.items())
            connection.execute("DELETE FROM checkpoints WHERE size>?", [len(state.rows)])
            for size, _, at_ms, _ in state.checkpoints:
                if size > len(state.rows):
                    continue
                head = Checkpoint(log=key.id, size=size, root=roots[size], at_ms=at_ms, sig="0" * 128)
                signature = key.sign(head.signed_bytes()).hex()
                connection.execute("UPDATE checkpoints SET root=?, sig=? WHERE size=?", [roots[size], signature, size])

    return change


def _photo(kind: str, act: Callable[[Path], None]) -> Break:
    def change(folder: Path) -> None:
        root = folder / "central" / "photos" if kind == "central" else folder / kind / "files" / "photos"
        act(sorted(path for path in root.rglob("*") if path.is_file())[0])

    return change


def _other_body(folder: Path) -> None:
    """An entry's bytes and name changed together: only the signature can tell."""
    with sqlite3.connect(folder / "central" / "central.db") as connection:
        connection.execute("DROP TRIGGER entries_no_update")
        query = "SELECT seq, bytes FROM entries WHERE kind='inspection' ORDER BY seq DESC"
        seq, data = connection.execute(query).fetchone()
        entry = json.loads(data)
        entry["body"]["claimed_area_e2"] = 999
        changed = canonical(entry)
        import hashlib

        name = hashlib.sha256(changed).hexdigest()
        connection.execute("UPDATE entries SET bytes=?, entry_hash=? WHERE seq=?", [changed, name, seq])


def _lose_acked(folder: Path) -> None:
    """The waiting record vanishes from the tablet that called it saved."""
    tablet("t1", "DELETE FROM log WHERE own=1 AND status IS NULL")(folder)


def _forked_head(folder: Path) -> None:
    """A tablet has seen another history, signed by central all the same."""
    key = load_key(folder / "central")
    head = Checkpoint(log=key.id, size=5, root="ab" * 32, at_ms=1, sig="0" * 128)
    head = head.model_copy(update={"sig": key.sign(head.signed_bytes()).hex()})
    assert head.log == key_id(key.public_key)
    ack(what="checkpoint", checkpoint=head.model_dump())(folder)


LAST = "(SELECT max(seq) FROM entries)"
FORK = "(SELECT seq FROM entries WHERE reason='fork')"
BRANCHED = "(SELECT max(seq) FROM entries WHERE kind='inspection' AND supersedes IS NOT NULL)"

BREAKS: list[tuple[str, str, Break]] = [
    ("I1", "a saved entry is gone", _lose_acked),
    ("I1", "a saved photo is gone", _photo("t1", lambda path: [p.unlink() for p in path.parent.iterdir()] and None)),
    ("I1", "a tablet's row is damaged", tablet("t1", "UPDATE log SET bytes=x'7b7d' WHERE local_seq=1")),
    ("I2", "a receipt names another row", ack(what="receipt", entry="ab" * 32, seq=3, disposition="accepted")),
    ("I2", "an acknowledged photo is not held", ack(what="photo", sha256="ab" * 32)),
    ("I3", "an id was accepted twice", central(f"UPDATE entries SET id=(SELECT id FROM entries WHERE seq=9) WHERE seq={LAST}")),
    ("I3", "a row is missing", central("DELETE FROM entries WHERE seq=9")),
    ("I3", "a leaf too many", central("INSERT INTO nodes VALUES (5000, x'00')")),
    ("I3", "columns differ from bytes", central("UPDATE entries SET author='nobody' WHERE seq=8")),
    ("I4", "a number is skipped", central("UPDATE entries SET numbered=0 WHERE seq=(SELECT min(seq) FROM entries WHERE kind='inspection')")),
    ("I5", "two entries hold a number", central(f"UPDATE entries SET numbered=1 WHERE seq={FORK}")),
    ("I5", "a fork was accepted", central(f"UPDATE entries SET disposition='accepted' WHERE seq={FORK}")),
    ("I5", "a fork froze nobody", central(f"DELETE FROM entries WHERE seq>{FORK}")),
    ("I6", "settled on the tablet, not in the log", tablet("t1", "UPDATE log SET status='accepted', seq=77 WHERE own=1 AND status IS NULL")),
    ("I6", "a receipt for another place", tablet("t1", "UPDATE log SET seq=1 WHERE own=1 AND seq IS NOT NULL")),
    ("I7", "a predecessor comes later", central(f"UPDATE entries SET seq=999 WHERE seq={LAST}", f"UPDATE entries SET seq={LAST}+1 WHERE kind='review'")),
    ("I7", "a side of a branch is hidden", tablet("t1", "UPDATE records SET heads='[]'")),
    ("I8", "a node is changed", central("UPDATE nodes SET hash=zeroblob(32) WHERE place=281474976710656")),
    ("I8", "a verdict is changed", central(f"UPDATE entries SET received_ms=received_ms+1 WHERE seq={LAST}")),
    ("I8", "a checkpoint is changed", central("UPDATE checkpoints SET at_ms=at_ms+1 WHERE size=5")),
    ("I8", "history is rewritten and signed anew", resigned("UPDATE entries SET received_ms=received_ms+1 WHERE seq=2")),
    ("I8", "the newest rows are dropped, all signed", resigned(f"DELETE FROM entries WHERE seq>{LAST}-2")),
    ("I8", "someone saw another history", _forked_head),
    ("I9", "central's photo is changed", _photo("central", lambda path: path.write_bytes(b"x"))),
    ("I9", "a tablet's photo is changed", _photo("t1", lambda path: path.write_bytes(b"x"))),
    ("I9", "central's photo is gone", _photo("central", lambda path: path.unlink())),
    ("I10", "an upload shrinks", lambda folder: [ack(what="offset", upload="u", offset=at)(folder) for at in (5, 3)] and None),
    ("I11", "evidence without the photo", _photo("central", lambda path: path.unlink())),
    ("I11", "evidence is not said", central("DELETE FROM entries WHERE kind='evidence'")),
    ("I12", "a body is changed under its name", _other_body),
    ("I12", "the key was never enrolled", central("UPDATE entries SET disposition='refused' WHERE kind='device' AND seq>1")),
    ("I12", "counted while frozen", central(f"UPDATE entries SET seq=998 WHERE seq={FORK}", "UPDATE entries SET disposition='accepted' WHERE seq=998")),
    ("I13", "receipts run backwards", central(f"UPDATE entries SET received_ms=1 WHERE seq={LAST}")),
    ("I13", "no time of receipt", central("UPDATE entries SET received_ms=0 WHERE seq=1")),
    ("I15", "a tablet holds a foreign row", tablet("t3", "UPDATE log SET unit='DEMO-LS', own=0, device='tab-x' WHERE own=1")),
    ("I16", "a tablet's projection drifted", tablet("t1", "DELETE FROM threads")),
    ("I16", "a device's state drifted", central("UPDATE devices SET high_water=high_water+1 WHERE device<>'central'")),
    ("I16", "a key too many", central("INSERT INTO keys SELECT 'ff', device, account, public_key, 1 FROM keys LIMIT 1")),
    ("I16", "a photo list drifted", central("DELETE FROM listed_photos")),
    ("I16", "evidence drifted", central("DELETE FROM evidence")),
]  # fmt: skip


def test_the_sound_world_holds(sound: Path) -> None:
    assert check(_read(sound)) == []


@pytest.mark.parametrize(("invariant", "what", "change"), BREAKS, ids=[f"{i}: {w}" for i, w, _ in BREAKS])
def test_a_broken_world_is_found(sound: Path, tmp_path: Path, invariant: str, what: str, change: Break) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(sound, folder)
    change(folder)
    found = {violation.invariant for violation in check(_read(folder))}
    assert invariant in found, f"{what}: found only {sorted(found)}"


def test_every_invariant_that_applies_can_be_broken() -> None:
    assert {invariant for invariant, _, _ in BREAKS} | {"I14"} == {f"I{number}" for number in range(1, 17)}


def test_waiting_work_is_no_violation_until_faults_have_stopped(sound: Path) -> None:
    found = queues_not_empty(_read(sound))
    assert {(violation.invariant, violation.where) for violation in found} == {("I14", "t1")}
    assert len(found) == 2  # the record and its photo; the frozen tablet is excepted


def test_the_command_says_what_it_found(sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(sound, folder)
    names = ["--central", "central", "--tablet", "t1", "t2", "t3", "--acks", "acks.jsonl"]
    good = _command(folder, *names)
    assert (good.returncode, good.stdout.splitlines()[-1][:12]) == (0, "0 violations")
    central("DELETE FROM listed_photos")(folder)
    bad = _command(folder, *names)
    assert bad.returncode == 1
    assert "I16 central: listed_photos" in bad.stdout


def _command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "sync.checker", *arguments],
        cwd=folder, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
