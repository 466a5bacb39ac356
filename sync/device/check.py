"""Everything on the tablet against its name: rows, signed copies, photos, drafts, sums, the chain, the projections.

Slow on purpose and never needed to work: what is read is checked at every read. This is for a person who doubts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlite_utils import Database

from schemas.canonical import sha256_hex
from schemas.entries import GENESIS_HASH, Checkpoint, Entry
from schemas.errors import LedgerError
from sync.device import identity as identities
from sync.device import log, records
from sync.device.copies import ENTRIES, copy_name, read_own
from sync.device.database import row_sum, transaction
from sync.device.space import PHOTOS
from sync.device.store import Tablet
from sync.device.trust import verify_head

PROJECTIONS = ("threads", "records", "listed_photos")


@dataclass
class CheckReport:
    """Counts of what is whole, and `faults` in plain words. `leftovers` are files that a crash left, of no harm."""

    entries: int = 0
    copies: int = 0
    photos: int = 0
    drafts: int = 0
    faults: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


async def check(tablet: Tablet) -> CheckReport:
    """Verify everything that this tablet holds. Changes nothing; never raises for damage."""
    report = CheckReport()
    for part in (_structure, _rows, _chains, _drafts, _sums, _projections):
        with _faults(report):
            part(tablet.database, report)
    with _faults(report):
        await _central_head(tablet)
    with _faults(report):
        await _copies(tablet, report)
    with _faults(report):
        await _photos(tablet, report)
    return report


@contextmanager
def _faults(report: CheckReport) -> Iterator[None]:
    """What a check could not read becomes a fault of the report."""
    try:
        yield
    except LedgerError as error:
        report.faults.append(f"{error.code}: {error.details.get('reason', '')}")


def _structure(database: Database, report: CheckReport) -> None:
    for (verdict,) in database.conn.execute("PRAGMA integrity_check(20)"):
        if verdict != "ok":
            report.faults.append(f"database: {verdict}")


def _rows(database: Database, report: CheckReport) -> None:
    own = {identity.device for identity in identities.every(database)}
    columns = "hash, bytes, own, status, seen, seq, id, device, device_seq, kind, unit, author, supersedes"
    for row in database.conn.execute(f"SELECT {columns} FROM log ORDER BY local_seq"):  # noqa: S608  # fixed names
        name, data, is_own, status, seen, seq = row[:6]
        entry = log.read_entry(bytes(data)) if sha256_hex(bytes(data)) == name else None
        if entry is None:
            report.faults.append(f"entry {name}: its bytes do not match its name")
            continue
        report.entries += 1
        if tuple(row[6:]) != _envelope(entry) or is_own != (entry.device in own):
            report.faults.append(f"entry {name}: its row says something else than its bytes")
        if (status is not None and not is_own) or (seen and seq is None):
            report.faults.append(f"entry {name}: an answer that cannot be")


def _envelope(entry: Entry) -> tuple[object, ...]:
    return entry.id, entry.device, entry.device_seq, entry.kind, entry.unit, entry.author, entry.supersedes


def _chains(database: Database, report: CheckReport) -> None:
    for device in {identity.device for identity in identities.every(database)}:
        number, names = 0, {GENESIS_HASH}
        for stored in log.own_entries(database, device):
            entry = stored.entry()
            if entry.device_seq != number:
                if entry.device_seq != number + 1 or entry.prev_hash not in names:
                    report.faults.append(f"entry {stored.hash}: number {entry.device_seq} does not follow {number}")
                number, names = entry.device_seq, set()
            names.add(stored.hash)


def _drafts(database: Database, report: CheckReport) -> None:
    query = "SELECT id, account, content, started_ms, updated_ms, sum FROM drafts"
    for *values, total in database.conn.execute(query):
        if row_sum(*values) == total:
            report.drafts += 1
        else:
            report.faults.append(f"draft {values[0]}: does not match its sum")


def _sums(database: Database, report: CheckReport) -> None:
    for name, value, total in database.conn.execute("SELECT name, value, sum FROM meta"):
        if row_sum(name, value) != total:
            report.faults.append(f"{name}: does not match its sum")
    for sha256, path in database.conn.execute("SELECT sha256, upload_path FROM photos WHERE upload_path IS NOT NULL"):
        if not _UPLOAD.fullmatch(path):
            report.faults.append(f"photo {sha256}: {path!r} is no upload")


def _projections(database: Database, report: CheckReport) -> None:
    """Compare the projections with what the log gives now, in a transaction that is undone."""

    before = content(database)
    with suppress(_Undo), transaction(database):
        records.rebuild(database)
        if content(database) != before:
            report.faults.append("projections: not what the log gives; rebuild them")
        raise _Undo


def content(database: Database) -> list[list[tuple[object, ...]]]:
    """The content of the projections, in order."""
    return [
        sorted(tuple(row) for row in database.conn.execute(f"SELECT * FROM {table}"))  # noqa: S608  # fixed names
        for table in PROJECTIONS
    ]


class _Undo(Exception):
    """Ends a transaction without keeping it."""


async def _central_head(tablet: Tablet) -> None:
    text = tablet.meta("checkpoint")
    held = tablet.identities()
    if text is not None and held:
        head = Checkpoint.model_validate_json(text)
        await verify_head(tablet.keys, next((one for one in held if one.log == head.log), held[0]), head)


async def _copies(tablet: Tablet, report: CheckReport) -> None:
    known = tablet.identities()
    for name in await tablet.files.names(ENTRIES):
        data = await tablet.files.read(name)
        entry = await read_own(tablet.keys, known, data)
        if entry is None or name != copy_name(entry.device, entry.device_seq):
            report.faults.append(f"{name}: not what this tablet signed under this number")
        elif tablet.database.conn.execute("SELECT 1 FROM log WHERE hash=?", [sha256_hex(data)]).fetchone() is None:
            report.faults.append(f"{name}: not in the log")
        else:
            report.copies += 1


async def _photos(tablet: Tablet, report: CheckReport) -> None:
    rows = dict(_photo_rows(tablet.database))
    files = {name.rpartition("/")[2] for name in await tablet.files.names(PHOTOS)}
    for sha256, (size, state) in rows.items():
        if state == "freed":
            if sha256 in files:
                report.leftovers.append(f"{PHOTOS}/{sha256}")
        elif sha256 not in files:
            report.faults.append(f"photo {sha256}: its file is missing")
        else:
            data = await tablet.files.read(f"{PHOTOS}/{sha256}")
            if len(data) != size or sha256_hex(data) != sha256:
                report.faults.append(f"photo {sha256}: its bytes do not match its name")
            else:
                report.photos += 1
    report.leftovers += sorted(f"{PHOTOS}/{sha256}" for sha256 in files - set(rows))
    listed = "SELECT sha256 FROM listed_photos JOIN log ON log.id=entry WHERE own=1 AND status IS NULL"
    for (sha256,) in tablet.database.conn.execute(listed):
        if sha256 not in rows:
            report.faults.append(f"photo {sha256}: listed by an entry that waits, and not here")


def _photo_rows(database: Database) -> Iterator[tuple[str, tuple[int, str]]]:
    for sha256, size, state in database.conn.execute("SELECT sha256, bytes, state FROM photos"):
        yield sha256, (size, state)


_UPLOAD = re.compile(r"/v1/uploads/[0-9a-f]{32}")
