"""What central last said of parcels: figures, remaining ground, next step, discrepancies (`GET /v1/parcel-states`).

A cache for lists and maps. No fact stands on it, nothing is signed because of it, and it may be dropped at any time;
`as_of` says from which log position it is, so that a screen can say so too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlite_utils import Database

from schemas.protocol import ParcelState, ParcelStatesAnswer
from sync.device.database import row_sum
from sync.device.store import Tablet


@dataclass(frozen=True)
class AsOf:
    """Up to where central had computed when it was last asked, and with which editions of the tables."""

    log_position: int
    at_ms: int
    editions: dict[str, str]


def cursor(tablet: Tablet, account: str) -> int:
    """The number after which this account asks next; accounts on a shared tablet reach different units."""
    return int(tablet.meta(f"states/{account}") or 0)


def as_of(tablet: Tablet) -> AsOf | None:
    """What the cache is as of; None before the first answer."""
    text = tablet.meta("states")
    return None if text is None else AsOf(**json.loads(text))


def keep(tablet: Tablet, account: str, answer: ParcelStatesAnswer) -> bool:
    """Take a page, inside the caller's transaction. False where central has gone back behind what is here (a restored
    backup): then the cache is dropped, and the account asks from the beginning."""
    before = as_of(tablet)
    if before is not None and answer.log_position < before.log_position:
        drop(tablet)
        return False
    for state in answer.states:
        content = state.model_dump_json()
        tablet.database.conn.execute(
            "INSERT OR REPLACE INTO parcel_states VALUES (?,?,?,?)",
            [state.parcel, state.unit, content, row_sum(state.parcel, state.unit, content)],
        )
    now = {"log_position": answer.log_position, "at_ms": answer.at_ms, "editions": answer.editions}
    tablet.set_meta("states", json.dumps(now, sort_keys=True))
    tablet.set_meta(f"states/{account}", str(answer.scanned_to))
    return True


def drop(tablet: Tablet) -> None:
    """Forget everything, inside the caller's transaction; every account asks from the beginning."""
    tablet.database.conn.execute("DELETE FROM parcel_states")
    for identity in tablet.identities():
        tablet.set_meta(f"states/{identity.account}", "0")
    tablet.set_meta("states", json.dumps({"log_position": 0, "at_ms": 0, "editions": {}}))


def parcel_state(database: Database, parcel: str, unit: str) -> ParcelState | None:
    """What central last said of a parcel; None where it said nothing, or the row is damaged."""
    row = database.conn.execute(
        "SELECT content, sum FROM parcel_states WHERE parcel=? AND unit=?", [parcel, unit]
    ).fetchone()
    return None if row is None else _read(parcel, unit, *row)


def parcel_states(database: Database, unit: str, limit: int = 200, after: str = "") -> list[ParcelState]:
    """The parcels of a unit that are listed, in order of their numbers after `after`; damaged rows are left out."""
    found: list[ParcelState] = []
    query = "SELECT parcel, content, sum FROM parcel_states WHERE unit=? AND parcel>? ORDER BY parcel"
    for parcel, content, sum_ in database.conn.execute(query, [unit, after]):
        state = _read(parcel, unit, content, sum_)
        if state is not None and state.listed:
            found.append(state)
        if len(found) == limit:
            break
    return found


def _read(parcel: str, unit: str, content: str, sum_: str) -> ParcelState | None:
    return ParcelState.model_validate_json(content) if sum_ == row_sum(parcel, unit, content) else None
