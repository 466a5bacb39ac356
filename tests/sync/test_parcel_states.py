"""Parcel states on the tablet: cached after a sync, as of a log position, and never in the way of anything else."""

from __future__ import annotations

import random
import sqlite3
from importlib import resources
from pathlib import Path

from schemas.protocol import PROTOCOL, DeskEntry, ParcelStatesAnswer
from sync.central import desk
from sync.device import parcel_states
from sync.device.database import prepare, transaction
from sync.device.native import RequestsTransport, SystemClock
from sync.ledger.parcel_states import gone
from tests.central.kit import BODIES
from tests.device.tablets import Place, enrolled
from tests.faults.field import District, jpeg, new_district, new_handset, record, synced
from tests.service import served

UNIT = "DEMO-LS"


def _list_parcel(district: District, name: str) -> None:
    body = {**BODIES["parcel"], "ledger_no": name}
    said = DeskEntry(
        protocol=PROTOCOL,
        kind="parcel",
        schema=1,
        unit=UNIT,
        about=[name],
        supersedes=None,
        observed_at=None,
        body=body,
    )
    desk.append(district.central, district.caller("district"), [said])


async def test_a_sync_brings_the_states_of_ones_units(tmp_path: Path) -> None:
    district = new_district(tmp_path)
    with served(district.central) as here:
        handset = await new_handset(
            district, tmp_path / "t1", "insp-demo-ls-1", UNIT, RequestsTransport(here.url), SystemClock()
        )
        _list_parcel(district, "甲")
        await record(district, handset, [jpeg(random.Random(1), 5_000)], "a", None)
        await synced(district, handset)
        tablet = handset.tablet
        (state,) = parcel_states.parcel_states(tablet.database, UNIT)
        assert state.parcel == "甲" and state.next_step.text.zh
        first = parcel_states.as_of(tablet)
        assert first is not None and first.log_position > 0 and "rules" in first.editions
        _list_parcel(district, "乙")
        await synced(district, handset)
        assert [one.parcel for one in parcel_states.parcel_states(tablet.database, UNIT)] == ["乙", "甲"]
        later = parcel_states.as_of(tablet)
        assert later is not None and later.log_position > first.log_position
        tablet.close()


def _answer(position: int, *parcels: str, number: int = 1) -> ParcelStatesAnswer:
    states = [gone(name, UNIT).model_copy(update={"number": number, "listed": True}) for name in parcels]
    return ParcelStatesAnswer(
        protocol=PROTOCOL, log_position=position, at_ms=1, editions={}, states=states, scanned_to=number, more=False
    )


async def test_a_central_that_went_back_empties_the_cache(tmp_path: Path) -> None:
    tablet = await enrolled(Place(tmp_path))
    account = tablet.identities()[0].account
    with transaction(tablet.database):
        assert parcel_states.keep(tablet, account, _answer(9, "甲", number=90))
    assert parcel_states.cursor(tablet, account) == 90
    with transaction(tablet.database):
        assert not parcel_states.keep(tablet, account, _answer(5))
    assert parcel_states.cursor(tablet, account) == 0
    assert parcel_states.parcel_states(tablet.database, UNIT) == []
    with transaction(tablet.database):
        assert parcel_states.keep(tablet, account, _answer(5, "乙", number=50))
    assert [one.parcel for one in parcel_states.parcel_states(tablet.database, UNIT)] == ["乙"]
    tablet.close()


async def test_a_damaged_row_is_no_answer(tmp_path: Path) -> None:
    tablet = await enrolled(Place(tmp_path))
    with transaction(tablet.database):
        parcel_states.keep(tablet, tablet.identities()[0].account, _answer(9, "甲", "乙"))
    with transaction(tablet.database) as database:
        database.conn.execute("UPDATE parcel_states SET content=replace(content, '0', '1') WHERE parcel='甲'")
    assert parcel_states.parcel_state(tablet.database, "甲", UNIT) is None
    assert parcel_states.parcel_state(tablet.database, "乙", UNIT) is not None
    assert [one.parcel for one in parcel_states.parcel_states(tablet.database, UNIT)] == ["乙"]
    tablet.close()


def test_a_database_of_the_first_version_grows(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    old.executescript(resources.files("sync.device").joinpath("schema.sql").read_text("utf-8"))
    old.execute("INSERT INTO meta VALUES ('a', 'b', 'c')")
    old.execute("PRAGMA user_version=1")
    old.close()
    database = prepare(sqlite3.connect(tmp_path / "old.db", isolation_level=None))
    assert parcel_states.parcel_states(database, UNIT) == []
    assert database.conn.execute("SELECT value FROM meta").fetchone()[0] == "b"
