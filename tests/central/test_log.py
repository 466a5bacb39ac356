"""What both stores must do alike under load and at their edges: order, atomicity, pull, proofs, photos, schema."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from schemas import merkle
from schemas.canonical import canonical, sha256_hex
from schemas.entries import LogRow
from schemas.errors import Code, LedgerError
from schemas.protocol import PullAnswer, ReceiptStatus
from schemas.roles import Role
from sync.central import pull, rows
from sync.central.central import Central
from sync.central.photos import PhotoFolder
from sync.central.tables import METADATA, entries
from sync.central.writer import LogWriter
from tests.central import kit
from tests.central.kit import HJ, LS, Hand, account, counts, desk, enrolled
from tests.central.test_contract import assert_whole
from tests.service import settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def whole(central: Central) -> Iterator[None]:
    yield
    assert_whole(central)


# ---------------------------------------------------------------- order and atomicity


def test_a_failure_between_rows_and_commit_leaves_nothing(central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = enrolled(central)
    hand.push(central, hand.entry())
    sent = [hand.entry() for _ in range(5)]
    before = counts(central)
    for step in ("finish", "_flush", "write_projections"):
        whole_step = getattr(LogWriter, step)

        def fail(self: LogWriter, whole_step: Any = whole_step) -> None:
            whole_step(self)
            raise RuntimeError("the process stops here")

        monkeypatch.setattr(LogWriter, step, fail)
        with pytest.raises(RuntimeError):
            hand.push(central, *sent)
        monkeypatch.undo()
        assert counts(central) == before, step
    assert {receipt.status for receipt in hand.push(central, *sent).receipts} == {ReceiptStatus.ACCEPTED}


def test_many_devices_append_at_once_and_a_reader_skips_nothing(central: Central) -> None:
    hands = [enrolled(central, f"insp{number}") for number in range(6)]
    work = [[hand.entry() for _ in range(30)] for hand in hands]
    reader = desk(central, account(central, "super", Role.SUPERVISOR, LS))
    seen: list[int] = []
    stop = threading.Event()

    def poll() -> None:
        after = 0
        while not (stop.is_set() and after == pull.latest(central, 0).checkpoint.size):
            page = pull.pull(central, reader, after, 7, 0)
            seen.extend(row.seq for row in page.rows)
            after = page.scanned_to

    def send(hand: Hand, sent: list[dict[str, Any]]) -> None:
        for start in range(0, 30, 5):
            receipts = hand.push(central, *sent[start : start + 5]).receipts
            assert {receipt.status for receipt in receipts} == {ReceiptStatus.ACCEPTED}

    poller = threading.Thread(target=poll)
    poller.start()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(send, hands, work))
    stop.set()
    poller.join(30)
    assert seen == list(range(2, 1 + 1 + 6 + 180))  # all but central's own first row, in order, each once


def test_a_long_write_makes_others_wait_a_little_then_busy_and_loses_nothing(tmp_path: Path, store_url: str) -> None:
    with kit.opened(tmp_path / "busy", store_url, lock_wait_s=0.2) as busy:
        hand = enrolled(busy)
        entry = hand.entry()
        with busy.store.write():
            with pytest.raises(LedgerError) as raised:
                hand.push(busy, entry)
            assert raised.value.code == Code.BUSY
            assert raised.value.status == 429 and isinstance(raised.value.details["retry_after_s"], int)
            assert hand.caller(busy).account == "insp"  # reading goes on
        assert hand.one(busy, entry).status == ReceiptStatus.ACCEPTED


@pytest.fixture
def central(tmp_path: Path, store_url: str, clock: kit.Clock, request: pytest.FixtureRequest) -> Iterator[Central]:
    """The test above opens a store of its own: one database is not opened by two centrals."""
    if "busy" in request.node.name:
        store_url = ""
    with kit.opened(tmp_path / "central", store_url, clock, lock_wait_s=20.0) as made:
        yield made


_SECOND = """
import sys
from pathlib import Path
from schemas.errors import LedgerError
from sync.central.central import Central
from tests.central import kit
from tests.service import settings
central = Central(settings(Path(sys.argv[1]), sys.argv[2], lock_wait_s=20.0), kit.Clock())
try:
    hand = kit.enrolled(central, sys.argv[3])
except LedgerError as error:
    print(error.code.value)
else:
    for _ in range(20):
        assert hand.one(central, hand.entry()).status == "accepted"
    print("appended")
central.close()
"""


def test_a_second_process_appends_in_order_or_is_told_that_the_store_is_in_use(central: Central) -> None:
    url, folder = central.settings.database_url, central.settings.data_dir
    hand = enrolled(central)
    arguments = [sys.executable, "-c", _SECOND, str(folder), url]
    others = [
        subprocess.Popen([*arguments, f"other{number}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in range(2)
    ]
    for _ in range(20):
        assert hand.one(central, hand.entry()).status == ReceiptStatus.ACCEPTED
    said = [other.communicate(timeout=60)[0].strip() for other in others]
    assert said == (["appended"] * 2 if url else ["store_in_use"] * 2)
    with central.store.read() as connection:
        seqs = list(connection.execute(entries.select().with_only_columns(entries.c.seq)).scalars())
    assert sorted(seqs) == list(range(1, len(seqs) + 1))
    assert len(seqs) == 2 + 20 + (2 * 21 if url else 0)


# ---------------------------------------------------------------- pull and proofs


def _check_page(page: PullAnswer) -> None:
    root = bytes.fromhex(page.checkpoint.root)
    for row in page.rows:
        name = sha256_hex(canonical(row.entry))
        leaf = LogRow(
            seq=row.seq, entry=name, received_ms=row.received_ms, disposition=row.disposition, reason=row.reason
        )
        path = [bytes.fromhex(value) for value in row.proof]
        hashed = merkle.leaf_hash(leaf.leaf_data())
        assert merkle.verify_inclusion(hashed, row.seq - 1, page.checkpoint.size, path, root)


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_a_pull_gives_the_rows_of_ones_units_each_proven(central: Central, limit: int) -> None:
    here, there = enrolled(central, "here"), enrolled(central, "there", unit=HJ)
    for _ in range(7):
        here.push(central, here.entry())
        there.push(central, there.entry(), there.entry())
    for hand, expected in ((here, 1 + 7), (there, 1 + 14)):
        after, found = 0, []
        while True:
            page = pull.pull(central, hand.caller(central), after, limit, 0)
            _check_page(page)
            assert len(page.rows) <= limit and page.scanned_to >= after
            found += page.rows
            after = page.scanned_to
            if not page.more:
                break
        assert after == page.checkpoint.size
        assert {row.entry["unit"] for row in found} == {hand.unit}
        assert len(found) == expected


def test_a_page_ends_early_rather_than_growing_large(central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "MAX_PAGE_BYTES", 30_000)
    hand = enrolled(central)
    hand.push(central, *[hand.entry(body=kit.inspection(answers={"x": "y" * 10_000})) for _ in range(9)])
    sizes, after = [], 0
    while True:
        page = pull.pull(central, hand.caller(central), after, 200, 0)
        sizes.append(len(page.rows))
        after = page.scanned_to
        if not page.more:
            break
    assert sum(sizes) == 10 and max(sizes) <= 4


def test_every_checkpoint_is_the_beginning_of_every_later_one(central: Central) -> None:
    hand = enrolled(central)
    heads = [pull.latest(central, 0).checkpoint]
    for number in range(12):
        heads.append(hand.push(central, *[hand.entry() for _ in range(1 + number % 3)]).checkpoint)
    for first in heads:
        for second in heads:
            if first.size > second.size:
                continue
            proof = pull.consistency(central, first.size, second.size)
            assert (proof.first_root, proof.second_root) == (first.root, second.root)
            path = [bytes.fromhex(value) for value in proof.proof]
            roots = bytes.fromhex(first.root), bytes.fromhex(second.root)
            assert merkle.verify_consistency(first.size, second.size, *roots, path)
    with pytest.raises(LedgerError) as raised:
        pull.consistency(central, 1, heads[-1].size + 1)
    assert raised.value.code == Code.NOT_FOUND


# ---------------------------------------------------------------- photos and evidence


def upload(central: Central, hand: Hand, data: bytes) -> None:
    folder = PhotoFolder(central)
    begun = folder.begin(hand.caller(central), sha256_hex(data), len(data))
    folder.append(begun, 0, data)
    folder.settle(begun)


def evidence(central: Central) -> list[list[str]]:
    with central.store.read() as connection:
        found, _ = rows.page(connection, 0, rows.size(connection), None, 1000, 1 << 30)
    return [list(row.entry().about) for row in found if row.entry().kind == "evidence"]


def test_evidence_is_said_once_whichever_of_photo_and_entry_comes_first(central: Central) -> None:
    hand = enrolled(central)
    one, two, three = (kit.jpeg(seed=number) for number in range(3))
    late = hand.entry(body=kit.inspection(one, two))
    hand.push(central, late)
    assert PhotoFolder(central).missing(hand.device) == sorted([sha256_hex(one), sha256_hex(two)])
    upload(central, hand, one)
    assert evidence(central) == []
    upload(central, hand, two)
    assert evidence(central) == [[late["id"]]]
    upload(central, hand, two)  # once more changes nothing
    upload(central, hand, three)
    early = hand.entry(body=kit.inspection(three, one, one))
    both = hand.push(central, early, hand.entry(body=kit.inspection())).receipts
    assert {receipt.status for receipt in both} == {ReceiptStatus.ACCEPTED}
    assert evidence(central) == [[late["id"]], [early["id"]]]
    assert PhotoFolder(central).missing(hand.device) == []
    refused = hand.entry(unit=HJ, body=kit.inspection(one))
    assert hand.one(central, refused).code == "unit_foreign"
    assert len(evidence(central)) == 2


def test_a_crash_between_the_steps_of_settling_is_made_good_by_asking_again(
    central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = enrolled(central)
    data = kit.jpeg(50_000)
    entry = hand.entry(body=kit.inspection(data))
    hand.push(central, entry)
    folder = PhotoFolder(central)
    begun = folder.begin(hand.caller(central), sha256_hex(data), len(data))
    folder.append(begun, 0, data)
    for step, target in (("_publish", PhotoFolder), ("receive", "sync.central.photos"), ("_write_note", PhotoFolder)):
        with monkeypatch.context() as patch:

            def stop(*_: object) -> None:
                raise RuntimeError("the process stops here")

            patch.setattr(f"{target}.{step}", stop) if isinstance(target, str) else patch.setattr(target, step, stop)
            with pytest.raises(RuntimeError):
                folder.settle(begun)
        assert folder.offset(begun) == len(data)
    folder.settle(begun)
    assert folder.path(sha256_hex(data)).read_bytes() == data
    assert evidence(central) == [[entry["id"]]]
    assert not list(central.settings.photo_dir.glob("**/.*")) and not list(central.settings.upload_dir.glob("*/*.part"))


def test_uploads_raced_by_many_requests_never_hold_wrong_bytes(central: Central) -> None:
    hand = enrolled(central)
    data = kit.jpeg(200_000)
    folder = PhotoFolder(central)
    begun = folder.begin(hand.caller(central), sha256_hex(data), len(data))

    def push_on(_: int) -> None:
        while (at := folder.offset(begun)) < len(data):
            try:
                folder.append(begun, at, data[at : at + 10_000])
            except LedgerError as error:
                assert error.code in (Code.UPLOAD_OFFSET_CONFLICT, Code.UPLOAD_NOT_FOUND)
        folder.settle(begun)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(push_on, range(6)))
    assert folder.path(sha256_hex(data)).read_bytes() == data
    assert counts(central)["photos"] == 1


def test_old_uploads_and_the_notes_of_finished_ones_are_swept(central: Central, clock: kit.Clock) -> None:
    hand = enrolled(central)
    done, left = kit.jpeg(seed=1), kit.jpeg(seed=2)
    upload(central, hand, done)
    folder = PhotoFolder(central)
    folder.begin(hand.caller(central), sha256_hex(left), len(left))
    files = central.settings.upload_dir
    assert len(list(files.glob("*/*"))) == 3
    clock.ms += 2 * 86_400_000
    folder.begin(hand.caller(central), sha256_hex(left), len(left))
    assert len(list(files.glob("*/*"))) == 4
    clock.ms += central.settings.upload_expires_s * 1000 + 1
    folder.begin(hand.caller(central), sha256_hex(left), len(left))
    assert len(list(files.glob("*/*"))) == 2
    assert folder.held(hand.caller(central), sha256_hex(done)).bytes == len(done)


# ---------------------------------------------------------------- the schema


@pytest.mark.parametrize("table", ["entries", "nodes", "checkpoints"])
def test_the_log_refuses_to_be_changed(central: Central, table: str) -> None:
    column = {"entries": "unit", "nodes": "hash", "checkpoints": "root"}[table]
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"), central.store.write() as connection:
            connection.execute(text(statement))


def test_the_migrations_make_what_the_code_expects(central: Central) -> None:
    with central.store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_without_a_log_the_store_says_so(tmp_path: Path, store_url: str, central: Central) -> None:
    if store_url:
        pytest.skip("the database of this test has one")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "central.key").write_bytes((central.settings.data_dir / "central.key").read_bytes())
    other = Central(settings(tmp_path / "empty"))
    with pytest.raises(LedgerError) as raised:
        pull.latest(other, 0)
    other.close()
    assert raised.value.code == Code.STORE_NOT_READY
