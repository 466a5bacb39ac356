"""One tablet of the demonstration as a process of its own: `python -m sync.demo.tablet FOLDER ORDERS.json`.

It carries out its orders in turn (enrol, record, revise, sync, export) through the same store and client as the app,
and prints one JSON line for each, which is all that the demonstration knows of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from schemas.canonical import parse_json
from schemas.codes import Shot
from schemas.entries import Disposition, Entry, Instant, Kind, parse_entry
from schemas.geometry import Point
from sync.commands.tablet import opened
from sync.demo.photos import jpeg
from sync.demo.world import rectangle
from sync.device import log, records
from sync.device.client import SyncClient
from sync.device.enrolment import enrol
from sync.device.native import RequestsTransport
from sync.device.pending import export_pending
from sync.device.store import NewEntry, Tablet

FORM: dict[str, JsonValue] = {"id": "demolition", "version": "demo", "hash": None}
MOST_TRIES = 40


async def obey(folder: Path, orders: list[dict[str, Any]]) -> None:
    """Carry out the orders in turn."""
    async with opened(folder) as tablet:
        for order in orders:
            done = await _ORDERS[order["do"]](tablet, order)
            print(json.dumps({"do": order["do"], **done}, ensure_ascii=False), flush=True)


async def _enrol(tablet: Tablet, order: dict[str, Any]) -> dict[str, Any]:
    for _ in range(MOST_TRIES):
        try:
            identity = await enrol(tablet, RequestsTransport(order["url"]), order["code"])
            return {"account": identity.account, "device": identity.device}
        except Exception as error:  # a cut connection: the same request again is safe
            last = error
    raise last


async def _record(tablet: Tablet, order: dict[str, Any]) -> dict[str, Any]:
    for item in order["inspections"]:
        await _inspect(tablet, order["account"], item, supersedes=None)
    return {"saved": len(order["inspections"])}


async def _revise(tablet: Tablet, order: dict[str, Any]) -> dict[str, Any]:
    """A new version of a record that came back: on top of the head that this tablet has seen."""
    rows = [row for row in records.records(tablet.database) if order["about"] in json.loads(row["about"])]
    head = json.loads(rows[0]["heads"])[0]
    entry = await _inspect(tablet, order["account"], order["inspection"], supersedes=head)
    return {"id": entry.id, "supersedes": head}


async def _sync(tablet: Tablet, order: dict[str, Any]) -> dict[str, Any]:
    """Sync until nothing waits; cut connections cost tries, never records."""
    client = SyncClient(tablet, RequestsTransport(order["url"]), order["account"])
    tries = 0
    while True:
        tries += 1
        report = await client.sync(now=True)
        waits = report.waiting_entries + report.waiting_photos
        if (report.stopped is None and not waits) or report.device_state != "active" or tries >= MOST_TRIES:
            break
    states = dict(tablet.database.conn.execute("SELECT state, count(*) FROM photos GROUP BY state").fetchall())
    standings = [row["standing"] for row in records.records(tablet.database)]
    seen = tablet.checkpoint()
    return {
        "tries": tries,
        "waiting_entries": report.waiting_entries,
        "waiting_photos": report.waiting_photos,
        "device_state": report.device_state,
        "photos": states,
        "records": {standing: standings.count(standing) for standing in sorted(set(standings))},
        "log": log_counts(tablet),
        "checkpoint": seen.model_dump() if seen else None,
        "stopped": report.stopped.value if report.stopped else None,
    }


async def _export(tablet: Tablet, order: dict[str, Any]) -> dict[str, Any]:
    with Path(order["file"]).open("wb") as sink:
        done = await export_pending(tablet, tablet.identity(order["account"]), sink)
    return {"entries": done.entries, "photos": done.photos}


_ORDERS = {"enrol": _enrol, "record": _record, "revise": _revise, "sync": _sync, "export": _export}


def log_counts(tablet: Tablet) -> dict[str, int]:
    """Own and pulled entries, and how many of them were refused."""
    stored = list(log.everything(tablet.database))
    refused = sum(1 for row in stored if row.disposition == Disposition.REFUSED and not row.admitted)
    return {"own": sum(row.own for row in stored), "pulled": sum(not row.own for row in stored), "refused": refused}


async def _inspect(tablet: Tablet, account: str, item: dict[str, Any], supersedes: str | None) -> Entry:
    """One visit: photos first, each kept as it is taken, then the signed record."""
    place = Point(*item["place"])
    taken = datetime.fromtimestamp(tablet.clock.now_ms() / 1000, UTC) + timedelta(hours=8)
    moment = Instant(ms=tablet.clock.now_ms(), offset_min=480)
    photos: list[JsonValue] = []
    draft = tablet.begin_draft(account, {"about": item["about"]})
    for number, shot in enumerate(item["shots"]):
        data = jpeg(place, item["about"], taken.strftime("%Y:%m:%d %H:%M:%S"), item["seed"] * 10 + number)
        sha256 = await tablet.add_photo(data, draft.id)
        photos.append(_photo(sha256, len(data), Shot(shot), moment, place, number))
    body: dict[str, JsonValue] = {
        "form": FORM,
        "facts": item["facts"],
        "footprint": rectangle(place, item["width_m"], item["depth_m"]),
        "area_source": "SURVEYED",
        "claimed_area_e2": item["width_m"] * item["depth_m"] * 100,
        "fix": None,
        "photos": photos,
        "answers": {"remark": item["remark"]},
        "started_at": moment.model_dump(),
    }
    new = NewEntry(Kind.INSPECTION, 1, item["unit"], (item["about"],), body, supersedes, moment, draft.id)
    saved = await tablet.save(account, new)
    return parse_entry(parse_json(saved.model_dump_json(by_alias=True).encode()))


def _photo(sha256: str, size: int, shot: Shot, taken: Instant, place: Point, number: int) -> JsonValue:
    fix: JsonValue = {
        "lon_e9": place.lon_e9,
        "lat_e9": place.lat_e9,
        "accuracy_mm": 4_000,
        "provider": "demo",
        "mocked": None,
        "gnss_ms": None,
    }
    return {
        "sha256": sha256,
        "bytes": size,
        "shot": shot.value,
        "taken_at": taken.model_dump(),
        "monotonic_ms": None,
        "fix": fix,
        "heading_e2": 9_000 * number % 36_000,
        "in_app": True,
    }


if __name__ == "__main__":
    asyncio.run(obey(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))))
