"""The tamper drill (reliability R21): whoever changes, deletes, inserts or moves anything is found, and it is named.

Three attackers: one who edits the database as its superuser; one who also repairs the Merkle nodes; and one who holds
central's key and signs everything anew. The last is caught by what tablets had seen: embedded in their own signed
entries, kept by them as anchors, and at their next sync.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas import merkle
from schemas.canonical import sha256_hex
from schemas.entries import Checkpoint, leaf_data
from schemas.errors import Code, LedgerError
from schemas.protocol import PROTOCOL, DeskEntry
from schemas.roles import Role
from sync.central import pull, rows
from sync.central.central import Caller, Central
from sync.central.desk import append
from sync.central.photos import PhotoFolder
from sync.central.verify import Verdict, verify_log
from sync.device.trust import extends
from tests.central.kit import LS, NOW_MS, Clock, account, desk, enrolled, inspection, jpeg, opened, review
from tests.service import settings

DRILLS = 200


@dataclass(frozen=True)
class Ledger:
    """A log that was honest when it was made, its rows, and the heads that tablets had seen of it."""

    folder: Path
    size: int
    photos: tuple[str, ...]
    heads: tuple[Checkpoint, ...]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Two tablets, reviews, a withdrawal, photos, refusals and a fork: about a hundred rows."""
    folder = tmp_path_factory.mktemp("honest") / "central"
    heads: list[Checkpoint] = []
    photos: list[str] = []
    with opened(folder, clock=Clock()) as central:
        account(central, "sup", Role.SUPERVISOR, LS)
        supervisor = desk(central, "sup")
        hands = [enrolled(central, f"insp-{number}") for number in range(2)]
        for number in range(12):
            hand = hands[number % 2]
            seen = pull.latest(central, 0).checkpoint
            data = jpeg(600, seed=number)
            raw = hand.entry(body=inspection(data), checkpoint=seen.model_dump(), about=[f"P-{number}"])
            answer = hand.push(central, raw)
            assert answer.receipts[0].disposition == "accepted"
            heads.append(answer.checkpoint)
            photos.append(_upload(central, hand.caller(central), data))
            said = _said("review", [raw["id"]], raw["id"], review("approve" if number % 3 else "reject"))
            append(central, supervisor, [said])
        hands[0].push(central, hands[0].entry(kind="review", body=review()))  # refused: an inspector reviews nothing
        clone = hands[1].chain
        hands[1].chain = type(clone)(clone.number - 1, clone.head)
        hands[1].push(central, hands[1].entry(body=inspection()))  # a fork
        heads.append(pull.latest(central, 0).checkpoint)
        with central.store.read() as connection:
            size = rows.size(connection)
            assert verify_log(connection, central.key.public_key, central.settings.photo_dir, heads).holds
    return Ledger(folder, size, tuple(photos), tuple(heads))


@pytest.mark.parametrize("seed", range(10))
def test_nothing_can_be_edited_unseen(honest: Ledger, tmp_path: Path, seed: int) -> None:
    """Each drill makes one change as the database's superuser; every one is found, where it was made."""
    chance = random.Random(seed)
    for number in range(DRILLS // 10):
        name = sorted(EDITS)[(seed * 20 + number) % len(EDITS)]
        folder = tmp_path / str(number)
        shutil.copytree(honest.folder, folder)
        where = EDITS[name](folder, honest, chance)
        verdict = _verify(folder)
        named = [finding.where for finding in verdict.findings]
        assert any(_is_part(where, place) for place in named), f"{name} at {where} (seed {seed}): {verdict.findings}"
        shutil.rmtree(folder)


@pytest.mark.parametrize("seed", range(8))
def test_repaired_nodes_break_a_signed_checkpoint(honest: Ledger, tmp_path: Path, seed: int) -> None:
    """The tree is made to fit the changed row; the checkpoints signed since then do not."""
    folder = _copy(honest, tmp_path)
    chance = random.Random(seed)
    with _superuser(folder) as database:
        seq = chance.randrange(3, honest.size)
        database.execute("UPDATE entries SET received_ms = received_ms + 1 WHERE seq=?", [seq])
        _rebuild_tree(database)
    findings = _verify(folder).findings
    assert {finding.code for finding in findings} == {"checkpoint_root"}
    assert any(f"to {honest.size}" in finding.what or "rows" in finding.what for finding in findings)


@pytest.mark.parametrize("seed", range(8))
def test_even_central_cannot_rewrite_what_tablets_have_seen(honest: Ledger, tmp_path: Path, seed: int) -> None:
    """With central's key everything can be signed anew, but not what tablets embedded in their own entries."""
    folder = _copy(honest, tmp_path)
    chance = random.Random(seed)
    last_seen = honest.heads[-3].size
    with _superuser(folder) as database:
        seq = chance.randrange(3, last_seen - 5)
        database.execute("UPDATE entries SET received_ms = received_ms - 7 WHERE seq=?", [seq])
        _rebuild_tree(database)
    with _opened(folder) as central:
        _sign_anew(central, folder)
        with central.store.read() as connection:
            verdict = verify_log(connection, central.key.public_key, central.settings.photo_dir)
            root = rows.root_at(connection, honest.size).hex()
        assert {finding.code for finding in verdict.findings} == {"checkpoint_root"}
        assert all("embedded" in finding.where for finding in verdict.findings)
        offered = pull.latest(central, honest.heads[-1].size)
        assert offered.checkpoint.root == root
        with pytest.raises(LedgerError) as caught:
            extends(honest.heads[-1], offered.checkpoint, offered.consistency)
        assert caught.value.code == Code.LOG_REWRITTEN


@pytest.mark.parametrize("lost", [1, 2, 7, 40])
def test_a_shortened_log_is_caught_by_an_anchor_and_by_the_next_tablet(
    honest: Ledger, tmp_path: Path, lost: int
) -> None:
    """Rows that vanish from the end with all their traces leave a log that fits; who had seen them knows better."""
    folder = _copy(honest, tmp_path)
    size = honest.size - lost
    with _superuser(folder) as database:
        database.execute("DELETE FROM entries WHERE seq>?", [size])
        database.execute("DELETE FROM checkpoints WHERE size>?", [size])
        _rebuild_tree(database)
    with _opened(folder) as central:
        _sign_anew(central, folder)
        with central.store.read() as connection:
            anchored = verify_log(connection, central.key.public_key, None, [honest.heads[-1]])
        assert "rows_gone" in {finding.code for finding in anchored.findings}
        offered = pull.latest(central, honest.heads[-1].size)
        with pytest.raises(LedgerError) as caught:
            extends(honest.heads[-1], offered.checkpoint, offered.consistency)
        assert caught.value.code == Code.LOG_ROLLED_BACK


def test_an_honest_log_has_no_findings_whoever_looks(honest: Ledger) -> None:
    verdict = _verify(honest.folder, honest.heads)
    assert verdict.findings == () and verdict.rows == honest.size and verdict.photos == len(honest.photos)


def test_a_stranger_key_proves_nothing(honest: Ledger) -> None:
    """The wrong public key: no checkpoint and no entry of central's holds."""
    with _opened(honest.folder) as central, central.store.read() as connection:
        verdict = verify_log(connection, os.urandom(32), None)
    assert {"checkpoint_signature", "key_unknown"} <= {finding.code for finding in verdict.findings}


# -- one change each; returns where a finding must point -----------------------------------------------------------


def _change_bytes(folder: Path, honest: Ledger, chance: random.Random) -> str:
    seq = chance.randrange(1, honest.size + 1)
    with _superuser(folder) as database:
        data = bytearray(database.execute("SELECT bytes FROM entries WHERE seq=?", [seq]).fetchone()[0])
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(7)
        database.execute("UPDATE entries SET bytes=? WHERE seq=?", [bytes(data), seq])
    return f"row {seq}"


def _change_column(folder: Path, honest: Ledger, chance: random.Random) -> str:
    seq = chance.randrange(2, honest.size + 1)
    column, value = chance.choice(
        [
            ("unit", "DEMO-HJ"), ("author", "someone"), ("received_ms", NOW_MS - 1), ("reason", "body_invalid"),
            ("kind", "task"), ("device_seq", 9999), ("supersedes", "x"), ("entry_hash", "ab" * 32), ("id", "y"),
        ]
    )  # fmt: skip
    with _superuser(folder) as database:
        database.execute(f"UPDATE entries SET {column}=? WHERE seq=?", [value, seq])
    return f"row {seq}"


def _flip_verdict(folder: Path, honest: Ledger, chance: random.Random) -> str:
    with _superuser(folder) as database:
        seq = chance.choice([row[0] for row in database.execute("SELECT seq FROM entries WHERE reason IS NOT NULL")])
        database.execute("UPDATE entries SET disposition='accepted', reason=NULL WHERE seq=?", [seq])
    return f"row {seq}"


def _delete_row(folder: Path, honest: Ledger, chance: random.Random) -> str:
    seq = chance.randrange(1, honest.size + 1)
    with _superuser(folder) as database:
        database.execute("DELETE FROM entries WHERE seq=?", [seq])
    return f"row {seq}" if seq < honest.size else f"checkpoint {honest.size}"


def _swap_rows(folder: Path, honest: Ledger, chance: random.Random) -> str:
    first, second = sorted(chance.sample(range(1, honest.size + 1), 2))
    with _superuser(folder) as database:
        for old, new in ((first, -1), (second, first), (-1, second)):
            database.execute("UPDATE entries SET seq=? WHERE seq=?", [new, old])
    return f"row {first}"


def _insert_row(folder: Path, honest: Ledger, chance: random.Random) -> str:
    """A copy of an old entry at the end."""
    with _superuser(folder) as database:
        database.execute("DROP INDEX entries_number")
        database.execute("DROP INDEX entries_accepted_id")
        columns = [row[1] for row in database.execute("PRAGMA table_info(entries)")]
        old = list(database.execute("SELECT * FROM entries WHERE seq=?", [chance.randrange(1, honest.size)]).fetchone())
        old[columns.index("seq")] = honest.size + 1
        old[columns.index("entry_hash")] = "cd" * 32
        database.execute(f"INSERT INTO entries VALUES ({','.join('?' * len(old))})", old)
    return f"row {honest.size + 1}"


def _change_node(folder: Path, honest: Ledger, chance: random.Random) -> str:
    with _superuser(folder) as database:
        place = chance.choice([row[0] for row in database.execute("SELECT place FROM nodes")])
        database.execute("UPDATE nodes SET hash=? WHERE place=?", [chance.randbytes(32), place])
    return _node(place)


def _delete_node(folder: Path, honest: Ledger, chance: random.Random) -> str:
    with _superuser(folder) as database:
        place = chance.choice([row[0] for row in database.execute("SELECT place FROM nodes")])
        database.execute("DELETE FROM nodes WHERE place=?", [place])
    level, index = divmod(place, 1 << 48)
    return f"node {level}/{index}"


def _insert_node(folder: Path, honest: Ledger, chance: random.Random) -> str:
    level, index = chance.randrange(0, 9), chance.randrange(honest.size + 1, 500)
    with _superuser(folder) as database:
        database.execute("INSERT INTO nodes VALUES (?,?)", [rows.place(level, index), chance.randbytes(32)])
    return f"node {level}/{index}"


def _change_checkpoint(folder: Path, honest: Ledger, chance: random.Random) -> str:
    with _superuser(folder) as database:
        size = chance.choice([row[0] for row in database.execute("SELECT size FROM checkpoints")])
        column, value = chance.choice([("root", "ab" * 32), ("at_ms", 5), ("sig", "cd" * 64)])
        database.execute(f"UPDATE checkpoints SET {column}=? WHERE size=?", [value, size])
    return f"checkpoint {size}"


def _delete_last_checkpoint(folder: Path, honest: Ledger, chance: random.Random) -> str:
    with _superuser(folder) as database:
        before = database.execute("SELECT size FROM checkpoints ORDER BY size DESC LIMIT 2").fetchall()
        database.execute("DELETE FROM checkpoints WHERE size=?", [before[0][0]])
    return f"row {before[1][0] + 1}"


def _change_photo(folder: Path, honest: Ledger, chance: random.Random) -> str:
    photo = chance.choice(honest.photos)
    path = folder / "photos" / photo[:2] / photo[2:4] / photo
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1
    path.write_bytes(bytes(data))
    return f"photo {photo}"


def _delete_photo(folder: Path, honest: Ledger, chance: random.Random) -> str:
    """The file goes; in half of the drills its row as well."""
    photo = chance.choice(honest.photos)
    (folder / "photos" / photo[:2] / photo[2:4] / photo).unlink()
    if chance.random() < 0.5:
        with _superuser(folder) as database:
            database.execute("DELETE FROM photos WHERE sha256=?", [photo])
    return f"photo {photo}"


def _insert_photo(folder: Path, honest: Ledger, chance: random.Random) -> str:
    name = chance.randbytes(32).hex()
    path = folder / "photos" / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xd8")
    return f"photo {name}"


EDITS: dict[str, Callable[[Path, Ledger, random.Random], str]] = {
    edit.__name__: edit
    for edit in (
        _change_bytes, _change_column, _flip_verdict, _delete_row, _swap_rows, _insert_row, _change_node, _delete_node,
        _insert_node, _change_checkpoint, _delete_last_checkpoint, _change_photo, _delete_photo, _insert_photo,
    )
}  # fmt: skip


# -- the attacker's tools ------------------------------------------------------------------------------------------


@contextmanager
def _superuser(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database without its triggers."""
    database = sqlite3.connect(folder / "central.db", isolation_level=None)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
    database.execute("BEGIN")
    yield database
    database.execute("COMMIT")
    database.close()


def _rebuild_tree(database: sqlite3.Connection) -> None:
    """Nodes that fit the rows as they are now."""
    query = "SELECT seq, entry_hash, received_ms, disposition, reason FROM entries ORDER BY seq"
    leaves = [merkle.leaf_hash(leaf_data(*row)) for row in database.execute(query)]
    database.execute("DELETE FROM nodes")
    made = [(rows.place(at, index), value) for at, index, value in merkle.append_nodes(0, leaves, merkle.MemoryNodes())]
    database.executemany("INSERT INTO nodes VALUES (?,?)", made)


def _sign_anew(central: Central, folder: Path) -> None:
    """Every stored checkpoint signed over the tree of today, with central's own key."""
    with _superuser(folder) as database:
        for size, at_ms in database.execute("SELECT size, at_ms FROM checkpoints").fetchall():
            leaves = database.execute("SELECT hash FROM nodes WHERE place<? ORDER BY place", [size]).fetchall()
            tree = merkle.MemoryNodes()
            tree.extend([bytes(row[0]) for row in leaves])
            root = merkle.root(size, tree).hex()
            head = Checkpoint(log=central.key.id, size=size, root=root, at_ms=at_ms, sig="0" * 128)
            signature = central.key.sign(head.signed_bytes()).hex()
            database.execute("UPDATE checkpoints SET root=?, sig=? WHERE size=?", [root, signature, size])


def _copy(honest: Ledger, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(honest.folder, folder)
    return folder


@contextmanager
def _opened(folder: Path) -> Iterator[Central]:
    central = Central(settings(folder), Clock())
    try:
        yield central
    finally:
        central.close()


def _verify(folder: Path, anchors: tuple[Checkpoint, ...] = ()) -> Verdict:
    with _opened(folder) as central, central.store.read() as connection:
        return verify_log(connection, central.key.public_key, central.settings.photo_dir, anchors)


def _is_part(where: str, place: str) -> bool:
    return place == where or place.startswith(f"{where} ")


def _node(place: int) -> str:
    level, index = divmod(place, 1 << 48)
    return f"row {index + 1}" if level == 0 else f"node {level}/{index}"


def _upload(central: Central, caller: Caller, data: bytes) -> str:
    folder = PhotoFolder(central)
    upload = folder.begin(caller, sha256_hex(data), len(data))
    folder.append(upload, 0, data)
    folder.settle(upload)
    return upload.sha256


def _said(kind: str, about: list[str], on: str, body: dict[str, object]) -> DeskEntry:
    return DeskEntry.model_validate(
        {
            "protocol": PROTOCOL, "kind": kind, "schema": 1, "unit": LS, "about": about, "supersedes": on,
            "observed_at": None, "body": body,
        }
    )  # fmt: skip
