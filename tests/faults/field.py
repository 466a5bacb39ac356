"""A small district for the fault tests: a central with accounts, tablets with simulated clocks, and what they promise.

`acks` collects what was said to people (saved, receipts, photos, checkpoints) in the checker's words.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from schemas.entries import Entry, entry_hash
from schemas.ids import CENTRAL_DEVICE
from schemas.protocol import DeskEntry
from schemas.roles import Role
from sync.central import desk
from sync.central.accounts import put_account
from sync.central.central import Caller, Central
from sync.central.enrolment import new_code
from sync.central.sessions import caller_of, desk_token
from sync.checker import TabletState, Violation, World, check, queues_not_empty, read_central, read_tablet
from sync.device import log, records
from sync.device.client import SyncClient, SyncReport
from sync.device.database import transaction
from sync.device.enrolment import enrol
from sync.device.native import DirectoryDatabase, DirectoryFiles, FileKeys
from sync.device.ports import Answer, Request, Transport
from sync.device.store import NewEntry, Tablet, TabletSettings
from tests.service import settings

UNITS = ("DEMO-LS", "DEMO-HJ")
START_MS = 1_795_000_000_000  # November 2026
YEAR_MS = 365 * 86_400_000
ROOM = TabletSettings(reserve_bytes=0, min_free_bytes=0)


@dataclass
class WorldTime:
    """The true time, which only central's clock shows."""

    ms: int = START_MS

    def now(self) -> int:
        """True time; each look takes a millisecond."""
        self.ms += 1
        return self.ms


class TabletClock:
    """A tablet's clock: true time plus an error, seeded chance, and waiting that costs nothing."""

    def __init__(self, time: WorldTime, seed: int) -> None:
        self._time = time
        self._chance = random.Random(seed)
        self.error_ms = 0

    def now_ms(self) -> int:
        return max(0, self._time.now() + self.error_ms)

    def offset_min(self) -> int:
        return 480

    def monotonic_ms(self) -> int:
        return self._time.ms

    def random_bytes(self, count: int) -> bytes:
        return self._chance.randbytes(count)

    async def sleep(self, seconds: float) -> None:
        self._time.ms += round(seconds * 1000)


class Impatient:
    """A transport that waits `timeout_s` at most, so that a black hole costs a test little."""

    def __init__(self, inner: Transport, timeout_s: float = 1.0) -> None:
        self._inner = inner
        self._timeout_s = timeout_s

    async def send(self, request: Request) -> Answer:
        return await self._inner.send(replace(request, timeout_s=self._timeout_s))


@dataclass
class Handset:
    """One tablet in somebody's hands."""

    home: Path
    account: str
    unit: str
    clock: Any
    tablet: Tablet
    client: SyncClient
    transport: Transport

    def tablet_device(self) -> str:
        """The device that this handset's account is on."""
        return self.tablet.identity(self.account).device


@dataclass
class District:
    """Central's folder, its tablets, and what was promised so far."""

    folder: Path
    central: Central
    acks: list[dict[str, Any]] = field(default_factory=list)
    epoch: int = 0
    noted: set[str] = field(default_factory=set)

    def say(self, what: str, **more: Any) -> None:
        """Write down a promise."""
        self.acks.append({"what": what, "epoch": self.epoch, **more})

    def caller(self, account: str) -> Caller:
        """An account at the desk."""
        return caller_of(self.central, desk_token(self.central, account, "cli", 600))

    def decide(
        self, account: str, kind: str, unit: str, about: str, supersedes: str | None, body: dict[str, Any]
    ) -> str:
        """Make an entry at the desk and return its id."""
        fields = {"kind": kind, "schema": 1, "unit": unit, "about": [about], "supersedes": supersedes, "body": body}
        said = DeskEntry.model_validate({"protocol": 1, "observed_at": None, **fields})
        answer = desk.append(self.central, self.caller(account), [said])[0]
        self.say("checkpoint", checkpoint=answer.checkpoint.model_dump())
        return str(answer.entry["id"])

    def world(self, handsets: list[Handset]) -> World:
        """What the checker reads: central's files, the tablets by their own connections, the promises."""
        return World(read_central(self.folder), [state_of(handset) for handset in handsets], self.acks)

    def check(self, handsets: list[Handset]) -> None:
        """Fail with every violation that the checker finds."""
        require(check(self.world(handsets)))

    def check_drained(self, handsets: list[Handset]) -> None:
        """The same, and every queue empty."""
        world = self.world(handsets)
        require(check(world) + queues_not_empty(world))


def require(found: list[Violation]) -> None:
    """Fail where anything was found."""
    assert not found, "\n".join(str(violation) for violation in found[:20])


def state_of(handset: Handset) -> TabletState:
    """A live tablet, read by its own connection."""
    return read_tablet(handset.home, handset.tablet.database.conn)


def new_district(folder: Path, time: WorldTime | None = None, **more: object) -> District:
    """A central with two inspectors and a supervisor a unit, and a district officer over all."""
    wanted = settings(folder / "central", **{"requests_per_minute": 10**6, "sign_in_per_minute": 10**6, **more})
    central = Central.create(wanted, **({"clock": time.now} if time else {}))
    with central.store.write() as connection:

        def account(name: str, role: Role, *scopes: str) -> None:
            put_account(connection, central.admin, central.today(), name, role, scopes)

        for unit in UNITS:
            for number in (1, 2):
                account(inspector(unit, number), Role.INSPECTOR, unit)
            account(f"sup-{unit.lower()}", Role.SUPERVISOR, unit)
        account("district", Role.DISTRICT, *UNITS)
    return District(folder / "central", central)


def inspector(unit: str, number: int = 1) -> str:
    """The account of an inspector."""
    return f"insp-{unit.lower()}-{number}"


async def open_tablet(home: Path, clock: Any) -> Tablet:
    """The store in a directory."""
    ports = DirectoryDatabase(home / "db"), DirectoryFiles(home / "files"), FileKeys(home / "keys")
    return await Tablet.open(*ports, clock, ROOM)


async def new_handset(
    district: District, home: Path, account: str, unit: str, transport: Transport, clock: Any
) -> Handset:
    """A tablet, enrolled over `transport` with a fresh code."""
    tablet = await open_tablet(home, clock)
    await enrol(tablet, transport, new_code(district.central, account))
    return Handset(home, account, unit, clock, tablet, SyncClient(tablet, transport, account), transport)


async def reopen(handset: Handset) -> None:
    """Start the app again over what lies in the handset's directory."""
    handset.tablet = await open_tablet(handset.home, handset.clock)
    handset.client = SyncClient(handset.tablet, handset.transport, handset.account)


def jpeg(chance: random.Random, size: int) -> bytes:
    """Bytes with a JPEG's first and last marker."""
    return b"\xff\xd8\xff\xe0" + chance.randbytes(max(0, size - 6)) + b"\xff\xd9"


def inspection(photos: list[tuple[str, int]], note: str = "a") -> dict[str, Any]:
    """The body of a demolition that lists `photos` (hash, bytes)."""
    facts = {
        "type": "demolition", "land_freed": "all", "site_cleared": True, "structures": [], "floor_area_e2": None,
        "programme": None,
    }  # fmt: skip
    listed = [
        {
            "sha256": sha256, "bytes": length, "shot": "AFTER_WIDE", "taken_at": {"ms": 1, "offset_min": 480},
            "monotonic_ms": None, "fix": None, "heading_e2": None, "in_app": True,
        }
        for sha256, length in photos
    ]  # fmt: skip
    return {
        "form": {"id": "demolition", "version": "1", "hash": None}, "facts": facts, "footprint": None,
        "area_source": None, "claimed_area_e2": 100, "fix": None, "photos": listed, "answers": {"note": note},
        "started_at": None,
    }  # fmt: skip


def review(outcome: str) -> dict[str, Any]:
    """The body of a review."""
    reason = None if outcome == "approve" else "R01"
    return {"outcome": outcome, "reason": reason, "text": None if reason is None else "again", "fields": []}


async def record(
    district: District, handset: Handset, photos: list[bytes], note: str = "a", supersedes: str | None = None
) -> Entry:
    """Photograph, save, and write down that the screen said so."""
    listed = [(await handset.tablet.add_photo(data), len(data)) for data in photos]
    body = inspection(listed, note)
    entry = await handset.tablet.save(
        handset.account, NewEntry("inspection", 1, handset.unit, ("P-1",), body, supersedes=supersedes)
    )
    names = [sha256 for sha256, _ in listed]
    district.say("saved", entry=entry_hash(entry), device=entry.device, device_seq=entry.device_seq, photos=names)
    return entry


async def synced(district: District, handset: Handset, *, now: bool = True) -> SyncReport:
    """Sync, and write down every receipt and tree head that the tablet now believes."""
    report = await handset.client.sync(now=now)
    note_promises(district, handset)
    return report


def note_promises(district: District, handset: Handset) -> None:
    """What this tablet was promised, in the checker's words; nothing while it does not know of a restore."""
    if district.epoch:
        return  # receipts of before and after a restore look alike on the tablet
    query = "SELECT hash, seq, disposition FROM log WHERE own=1 AND status IS NOT NULL"
    for name, seq, disposition in handset.tablet.database.conn.execute(query).fetchall():
        if name not in district.noted:
            district.say("receipt", entry=name, seq=seq, disposition=disposition)
            district.noted.add(name)


def forget(tablet: Tablet, entry_id: str) -> None:
    """What a damaged page does that no copy heals: an own entry is gone from this tablet."""
    with transaction(tablet.database) as database:
        database.conn.execute("DELETE FROM log WHERE id=?", [entry_id])
        records.rebuild(database)


def waiting(handset: Handset) -> int:
    """How many entries and photos of a handset wait."""
    photos = handset.tablet.database.conn.execute("SELECT count(*) FROM photos WHERE state='local'").fetchone()[0]
    return log.waiting_count(handset.tablet.database) + int(photos)


def copy_folder(source: Path, target: Path) -> None:
    """A backup, or its restore: `target` becomes what `source` is."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target)


def declare_restore(central: Central, cause: str) -> int:
    """What an operator does after restoring a backup: central says so in the log. Returns the backup's size."""
    with central.writing() as writer:
        size = writer.size
        writer.change_device("restore", CENTRAL_DEVICE, cause)
    return size
