"""One tablet of the demonstration as a process of its own: `python -m sync.demo.tablet FOLDER`.

It reads orders from its standard input, one JSON line each (enrol, record, sync, export), carries them out through the
same store and client as the app, and answers each with a JSON line, which is all that the demonstration knows of it. It
ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from schemas.codes import Shot
from schemas.entries import Instant, Kind
from schemas.geometry import Point
from sync.commands.tablet import ports
from sync.demo.clock import TourClock
from sync.demo.drawing.what import What
from sync.demo.jpegs import jpeg
from sync.demo.shutter import begun_ms, shutters
from sync.device.client import SyncClient
from sync.device.enrolment import enrol
from sync.device.native import RequestsTransport
from sync.device.pending import export_pending
from sync.device.store import NewEntry, Tablet, TabletSettings

MOST_TRIES = 400
_BEIJING_MIN = 480
_HEADING_E2 = 9_000
Said = dict[str, Any]


class Process:
    """A tablet, its clock, and what it may be told to do."""

    def __init__(self, tablet: Tablet, clock: TourClock) -> None:
        self._tablet = tablet
        self._clock = clock
        self._client: SyncClient | None = None
        self.does: dict[str, Callable[[Said], Awaitable[Said]]] = {
            "enrol": self.enrol, "record": self.record, "sync": self.sync, "export": self.export,
        }  # fmt: skip

    async def enrol(self, order: Said) -> Said:
        """Enrol with a one-time code; after a cut connection the same request again is safe."""
        self._clock.set(order["now_ms"])
        for number in range(MOST_TRIES):
            try:
                identity = await enrol(self._tablet, RequestsTransport(order["url"]), order["code"])
                return {"account": identity.account, "device": identity.device}
            except Exception:
                if number == MOST_TRIES - 1:
                    raise
        return {}

    async def record(self, order: Said) -> Said:
        """Record visits without a network, each at its own time; answers with the entries' ids by the story's names."""
        made = {visit["name"]: await self._inspect(order["account"], visit) for visit in order["visits"]}
        return {"ids": made}

    async def sync(self, order: Said) -> Said:
        """Sync until nothing waits; cut connections cost tries, never records."""
        self._clock.set(order["now_ms"])
        if self._client is None:
            self._client = SyncClient(self._tablet, RequestsTransport(order["url"]), order["account"])
        tries = sent = 0
        while True:
            tries += 1
            report = await self._client.sync(now=True)
            sent += report.photos
            waits = report.waiting_entries + report.waiting_photos
            if (report.stopped is None and not waits) or report.device_state != "active" or tries >= MOST_TRIES:
                break
        counted = self._tablet.database.conn.execute("SELECT state, count(*) FROM photos GROUP BY state")
        seen = self._tablet.checkpoint()
        return {
            "tries": tries,
            "sent": sent,
            "waiting_entries": report.waiting_entries,
            "waiting_photos": report.waiting_photos,
            "device_state": report.device_state,
            "photos": dict(counted.fetchall()),
            "checkpoint": seen.model_dump() if seen else None,
            "stopped": report.stopped.value if report.stopped else None,
        }

    async def export(self, order: Said) -> Said:
        """Write what waits into a file, as a stopped tablet does."""
        with Path(order["file"]).open("wb") as sink:
            done = await export_pending(self._tablet, self._tablet.identity(order["account"]), sink)
        return {"entries": done.entries, "photos": done.photos}

    async def _inspect(self, account: str, visit: Said) -> str:
        """One visit: photos first, each kept as it is taken, then the signed record."""
        place, what = Point(*visit["place"]), What(visit["what"])
        self._clock.set(begun_ms(visit))
        started = Instant(ms=begun_ms(visit), offset_min=_BEIJING_MIN)
        draft = self._tablet.begin_draft(account, {"about": visit["about"]})
        photos: list[JsonValue] = []
        for number, (shot, taken_ms) in enumerate(zip(visit["shots"], shutters(visit), strict=True)):
            self._clock.set(taken_ms)
            data = jpeg(what, place, visit["name"], taken_ms, f"{visit['name']} {number}")
            sha256 = await self._tablet.add_photo(data, draft.id)
            photos.append(_photo(sha256, len(data), Shot(shot), taken_ms, place, number))
        self._clock.set(visit["at_ms"])
        observed = Instant(ms=visit["at_ms"], offset_min=_BEIJING_MIN)
        body: dict[str, JsonValue] = {
            **visit["body"], "photos": photos, "started_at": started.model_dump(), "fix": _fix(place)
        }  # fmt: skip
        supersedes = self._head(visit["root"]) if visit["root"] else None
        new = NewEntry(Kind.INSPECTION, 1, visit["unit"], tuple(visit["about"]), body, supersedes, observed, draft.id)
        saved = await self._tablet.save(account, new)
        return saved.id

    def _head(self, root: str) -> str:
        """The head of a record that this tablet has seen."""
        row = self._tablet.database.conn.execute("SELECT heads FROM records WHERE root=?", [root]).fetchone()
        return str(json.loads(row[0])[0])


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Process]:
    """The tablet in a folder, with a tour's clock and a small reserve: five of them share one disk here."""
    clock = TourClock()
    tablet = await Tablet.open(*ports(folder), clock, TabletSettings(reserve_bytes=1_000_000))
    try:
        yield Process(tablet, clock)
    finally:
        tablet.close()


async def obey(folder: Path) -> None:
    """Carry out orders until there are no more."""
    async with opened(folder) as process:
        for line in sys.stdin:
            order = json.loads(line)
            done = await process.does[order["do"]](order)
            print(json.dumps({"do": order["do"], **done}, ensure_ascii=False), flush=True)


def _photo(sha256: str, size: int, shot: Shot, taken_ms: int, place: Point, number: int) -> JsonValue:
    return {
        "sha256": sha256,
        "bytes": size,
        "shot": shot.value,
        "taken_at": {"ms": taken_ms, "offset_min": _BEIJING_MIN},
        "monotonic_ms": None,
        "fix": _fix(place),
        "heading_e2": _HEADING_E2 * number % 36_000,
        "in_app": True,
    }


def _fix(place: Point) -> JsonValue:
    return {
        "lon_e9": place.lon_e9, "lat_e9": place.lat_e9, "accuracy_mm": 4_000, "provider": "demo", "mocked": None,
        "gnss_ms": None,
    }  # fmt: skip


if __name__ == "__main__":
    asyncio.run(obey(Path(sys.argv[1])))
