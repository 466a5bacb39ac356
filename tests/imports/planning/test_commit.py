"""An import is one transaction that the log can prove, that may be cut anywhere, and that lets tablets wait."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from schemas.errors import Code, LedgerError
from schemas.protocol import ReceiptStatus
from schemas.roles import Role
from sync.central import rows
from sync.central.accounts import disable_account
from sync.central.central import Caller, Central
from sync.central.rebuild import projections, rebuild_projections
from sync.central.verify import verify_log
from sync.checker import World, check, read_central
from sync.imports import commit, pen
from sync.imports.commit import commit_import
from tests.central.kit import account, counts, desk, enrolled, opened
from tests.imports.planning.kit import codes, imported, parcel, planned, square, write
from tests.service import served

MANY = 5000


def many(count: int = MANY) -> list[dict[str, Any]]:
    """Parcels side by side, none on another."""
    return [parcel(f"LS-{n:05}", wkt=square(n % 100 * 2, n // 100 * 2), 面积="") for n in range(count)]


def sound(central: Central, home: str | None = None) -> None:
    """The log proves itself, its projections follow from it, and the checker finds nothing."""
    with central.store.read() as connection:
        verdict = verify_log(connection, central.key.public_key, None)
        before = projections(connection)
    assert verdict.holds, verdict.findings[:3]
    rebuild_projections(central)
    with central.store.read() as connection:
        assert projections(connection) == before
    state = read_central(home or str(central.settings.data_dir), central.settings.photo_dir)
    assert check(World(central=state, tablets=[], acks=[])) == []


def entries_of(central: Central, kind: str) -> list[Any]:
    with central.store.read() as connection:
        found, _ = rows.page(connection, 0, rows.size(connection), None, 100_000, 1 << 40)
    return [entry for entry in (stored.entry() for stored in found) if entry.kind == kind]


def test_importing_twice_changes_nothing_and_a_change_supersedes(
    both: Central, who_both: Caller, tmp_path: Path
) -> None:
    path = write(tmp_path, many(30))
    done = imported(both, who_both, path)
    assert done.entries == 31
    before = counts(both)
    again = planned(both, who_both, path)
    assert (again.new, len(again.changed), again.unchanged) == (0, 0, 30)
    assert commit_import(both, who_both, again).entries == 0
    assert counts(both) == before
    changed = [*many(29), parcel("LS-00029", wkt=square(58), 名称="二号地", 实施单元="DEMO-HJ")]
    plan = planned(both, who_both, write(tmp_path, changed))
    assert [(change.fields) for change in plan.changed] == [("name", "unit")]
    assert (plan.new, plan.unchanged) == (0, 29)
    commit_import(both, who_both, plan)
    old, new = [entry for entry in entries_of(both, "parcel") if entry.about == ["LS-00029"]]
    assert new.supersedes == old.id and new.unit == "DEMO-HJ"
    assert planned(both, who_both, write(tmp_path, changed)).unchanged == 30
    sound(both, both.settings.database_url or None)


def test_the_head_of_the_chain_says_what_was_imported(central: Central, who: Caller, tmp_path: Path) -> None:
    plan = planned(central, who, write(tmp_path, [*many(3), parcel("bad", 基期地类="9999")]), park=True)
    commit_import(central, who, plan)
    (head,) = entries_of(central, "register")
    fields: Any = head.body["fields"]
    assert (fields["file_sha256"], fields["mapping_edition"]) == (plan.sha256, "default-2026-11")
    assert (fields["new"], fields["parked"]) == (3, 1)
    assert (head.author, head.device_seq, head.device[:7]) == ("district-1", 1, "import-")
    with central.store.read() as connection:
        assert {row.state for row in rows.all_devices(connection) if row.device.startswith("import-")} == {"revoked"}


def test_a_long_import_takes_several_chains_and_still_proves_itself(
    central: Central, who: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    imported(central, who, write(tmp_path, many()))
    with central.store.read() as connection:
        chains = [row for row in rows.all_devices(connection) if row.device.startswith("import-")]
    assert [row.high_water for row in chains] == [MANY // 2 + 1, MANY // 2]
    sound(central)


def test_a_signing_process_that_ends_early_ends_the_import(
    central: Central, who: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    before = counts(central)
    plan = planned(central, who, write(tmp_path, many()))
    with monkeypatch.context() as broken:
        broken.setattr(pen, "_SERVE", "import sys; sys.stdin.buffer.read(100)")
        with pytest.raises(ChildProcessError):
            commit_import(central, who, plan)
    assert counts(central) == before
    assert commit_import(central, who, plan).entries == MANY + 1


def test_faults_stop_the_import_unless_rows_are_parked(central: Central, who: Caller, tmp_path: Path) -> None:
    path = write(tmp_path, [parcel(), parcel("LS-2", east=0.5), parcel("LS-3", east=4), parcel("LS-4", wkt="")])
    before = counts(central)
    with pytest.raises(LedgerError) as caught:
        imported(central, who, path)
    assert caught.value.code is Code.IMPORT_FAULTS and counts(central) == before
    plan = planned(central, who, path, park=True)
    assert {code for code, _, _ in codes(plan)} == {"import_overlap", "import_geometry_missing"}
    assert (plan.new, plan.parked) == (1, (2, 3, 5))
    assert commit_import(central, who, plan).entries == 2


def test_what_happened_since_the_plan_is_asked_under_the_lock(central: Central, who: Caller, tmp_path: Path) -> None:
    plan = planned(central, who, write(tmp_path, [parcel()]))
    imported(central, who, write(tmp_path, [parcel("LS-9", east=9)]))
    before = counts(central)
    with pytest.raises(LedgerError) as caught:
        commit_import(central, who, plan)
    assert caught.value.code is Code.IMPORT_LEDGER_MOVED
    fresh = planned(central, who, write(tmp_path, [parcel()]))
    wide = replace(fresh, drafts=replace(fresh.drafts, units=["CY-LGY"]))
    with pytest.raises(LedgerError) as caught:
        commit_import(central, who, wide)
    assert caught.value.code is Code.UNIT_FOREIGN
    with central.store.write() as connection:
        disable_account(connection, "district-1")
    with pytest.raises(LedgerError) as caught:
        commit_import(central, who, fresh)
    assert caught.value.code is Code.ACCOUNT_DISABLED
    assert counts(central) == before


def test_a_failure_half_way_leaves_nothing_behind(
    both: Central, who_both: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(both, who_both, write(tmp_path, many(50)))
    before = counts(both)
    monkeypatch.setattr(commit, "_AT_A_TIME", 10)

    def fail(step: str, done: int, _total: int) -> None:
        if (step, done) == ("write", 30):
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        commit_import(both, who_both, plan, fail)
    assert counts(both) == before
    assert commit_import(both, who_both, plan).entries == 51
    sound(both, both.settings.database_url or None)


@pytest.mark.parametrize("when", ["check", "compare", "sign", "write", "write 6001", "the commit", "committed"])
def test_killed_anywhere_it_is_all_or_nothing(tmp_path: Path, when: str) -> None:
    count = 6000
    with opened(tmp_path / "central") as central:
        account(central, "district-1", Role.DISTRICT, "district:11019X")
        before = counts(central)
    path = write(tmp_path, many(count))
    # In the commit it cannot stand still: it is killed while it goes on, and either outcome is right.
    stop_at, awaited = ("", "write 6001") if when == "the commit" else (when, when)
    command = [sys.executable, "-m", "tests.imports.planning.importer", str(tmp_path / "central"), str(path), stop_at]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        reached = any(line.startswith(awaited) for line in process.stdout)  # reads no further than that line
        process.send_signal(signal.SIGKILL)
    assert reached and process.returncode == -signal.SIGKILL
    with opened(tmp_path / "central") as central:
        after = counts(central)
        whole = before["entries"] + count + 1 + (after["devices"] - before["devices"]) * 2  # head; enrolled and revoked
        if when == "committed":
            assert after["entries"] == whole
        elif when == "the commit":
            assert after == before or after["entries"] == whole
        else:
            assert after == before
        sound(central)
        who = desk(central, "district-1")
        imported(central, who, path)
        assert planned(central, who, path).unchanged == count


def test_tablets_that_push_meanwhile_wait_and_lose_nothing(
    tmp_path: Path, store_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "central", store_address, lock_wait_s=0.05) as central:
        who = desk(central, account(central, "district-1", Role.DISTRICT, "district:11019X"))
        hand = enrolled(central, "insp-1")
        plan = planned(central, who, write(tmp_path, many(40)))
        entry = hand.entry()
        inside, go_on = threading.Event(), threading.Event()

        def wait(step: str, _done: int, _total: int) -> None:
            if step == "write":
                inside.set()
                assert go_on.wait(30)

        work = threading.Thread(target=commit_import, args=(central, who, plan, wait))
        with served(central) as service:
            work.start()
            assert inside.wait(30)
            bearer = {"authorization": f"Bearer {token_of(central, hand)}"}
            said = {"protocol": 1, "from_size": 0, "entries": [entry]}
            try:
                answer = requests.post(f"{service.url}/v1/entries", json=said, headers=bearer, timeout=30)
            finally:
                go_on.set()
                work.join()
            assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
            again = requests.post(f"{service.url}/v1/entries", json=said, headers=bearer, timeout=30)
            assert again.json()["receipts"][0]["status"] == ReceiptStatus.ACCEPTED
        assert len(entries_of(central, "parcel")) == 40 and len(entries_of(central, "inspection")) == 1
        sound(central, store_address or None)


def token_of(central: Central, hand: Any) -> str:
    """A bearer token of the hand's tablet."""
    from sync.central.sessions import Token, seal

    return seal(central.secret, Token(hand.account, hand.device, hand.key_id, "device-key", central.clock() + 60_000))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_address(request: pytest.FixtureRequest) -> str:
    """The address of an empty store, which is served."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_database"))
