"""A damaged database set aside, and a new one built from the signed copies, the photos and the rows that still read.

What proves itself comes back: entries by signature, photos by hash, drafts by their sum. Receipts are lost on purpose:
everything is sent again and answered `duplicate`, which cannot go wrong; guessing at receipts could.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from schemas.canonical import canonical, parse_json, sha256_hex
from schemas.entries import Entry
from schemas.errors import Code, LedgerError
from sync.device import identity as identities
from sync.device import log, records
from sync.device.copies import ENTRIES, copy_name, read_own
from sync.device.database import prepare, transaction
from sync.device.identity import Identity
from sync.device.ports import Clock, DatabaseHome, Files, Keys
from sync.device.space import PHOTOS, RESERVE
from sync.device.store import UNFINISHED_SALVAGE, Draft, Tablet, TabletSettings
from sync.device.trust import verify_head
from sync.device.wreck import PhotoRow, Wreck, read_wreck


@dataclass(frozen=True)
class SalvageReport:
    """What came back and what did not. `label` is the name under which the damaged database was set aside."""

    label: str
    from_copies: int = 0
    from_rows: int = 0
    pulled: int = 0
    drafts: int = 0
    photos: int = 0
    missing_numbers: dict[str, list[int]] = field(default_factory=dict)
    missing_photos: list[str] = field(default_factory=list)
    damaged_files: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


async def salvage(
    home: DatabaseHome, files: Files, keys: Keys, clock: Clock, settings: TabletSettings | None = None
) -> tuple[Tablet, SalvageReport]:
    """Rebuild the store and open it. May be interrupted anywhere and called again; the store must be closed.

    `missing_numbers` are numbers of this device with neither copy nor row; a supervisor's `gap_closed` settles them.
    `missing_photos` are listed by own entries that central may not have in full, and are not here. Raises
    LedgerError(STORE_OPEN_ELSEWHERE, DISK_FULL, DURABILITY_NOT_AVAILABLE).
    """
    wreck = await _unfinished(files) or await _first_read(home, files)
    label = f"damaged-{clock.now_ms()}-{clock.random_bytes(3).hex()}"
    await home.set_aside(label)
    connection = await home.connect()
    try:
        tablet = Tablet(prepare(connection), files, keys, clock, settings or TabletSettings())
        report = await _rebuild(tablet, wreck, SalvageReport(label, unreadable=wreck.unreadable))
        await files.delete(UNFINISHED_SALVAGE)
        await tablet.space.keep_reserve()
    except BaseException:
        connection.close()
        raise
    return tablet, report


async def _first_read(home: DatabaseHome, files: Files) -> Wreck:
    """Read what is left, and keep it as a file before the database is set aside: drafts are nowhere else."""
    connection = await home.connect()
    try:
        wreck = read_wreck(connection, [name.rpartition("/")[2] for name in await files.names(PHOTOS)])
    finally:
        connection.close()
    await files.delete(RESERVE)
    data = canonical(wreck.to_json(await _without_copy(files, wreck)))
    await files.write(UNFINISHED_SALVAGE, canonical({"rows": data.decode(), "sum": sha256_hex(data)}))
    return wreck


async def _without_copy(files: Files, wreck: Wreck) -> list[bytes]:
    """Entries of this tablet that are nowhere else; pulled ones come again from central."""
    devices = {identity.device for identity in wreck.identities + await identities.read_copies(files)}
    copies = set(await files.names(ENTRIES))
    alone = []
    for data in wreck.entries:
        entry = log.read_entry(data)
        if entry is not None and entry.device in devices and copy_name(entry.device, entry.device_seq) not in copies:
            alone.append(data)
    return alone


async def _unfinished(files: Files) -> Wreck | None:
    """The rows that an interrupted salvage had read."""
    if await files.size(UNFINISHED_SALVAGE) is None:
        return None
    try:
        kept = parse_json(await files.read(UNFINISHED_SALVAGE))
        data = str(kept["rows"]).encode() if isinstance(kept, dict) else b""
        if isinstance(kept, dict) and kept["sum"] == sha256_hex(data):
            return Wreck.from_json(parse_json(data))
    except (LedgerError, KeyError, TypeError, ValueError):
        pass
    return None


async def _rebuild(tablet: Tablet, wreck: Wreck, report: SalvageReport) -> SalvageReport:
    known = await _known(tablet, wreck)
    own, damaged = await _copies(tablet, known)
    report = replace(report, from_copies=len(own), damaged_files=damaged)
    for data in wreck.entries:
        entry = await read_own(tablet.keys, known, data)
        if entry is not None and data not in own:
            own[data] = entry
            report = replace(report, from_rows=report.from_rows + 1)
            name = copy_name(entry.device, entry.device_seq)
            if name in damaged or await tablet.files.size(name) is None:
                await tablet.files.write(name, data)
    devices = {identity.device for identity in known}
    # Pulled entries cannot prove themselves here; the next pull brings their verdicts with proofs.
    pulled = [(entry, data) for data in wreck.entries if (entry := _pulled(data, devices)) is not None]
    photos, damaged_photos = await _photos(tablet, wreck)
    held = await _central_head(tablet, wreck, known)
    drafts = [draft for draft in wreck.drafts if draft.id not in {entry.id for entry in own.values()}]
    with transaction(tablet.database) as database:
        for identity in known:
            identities.put(database, identity)
        for data, entry in sorted(own.items(), key=lambda item: (item[1].device, item[1].device_seq)):
            log.insert(database, entry, data, sha256_hex(data), own=True)
        for entry, data in pulled:
            log.insert(database, entry, data, sha256_hex(data), own=False)
        for draft in drafts:
            tablet.put_draft(draft)
        for photo in photos:
            database.conn.execute(
                "INSERT INTO photos (sha256, bytes, saved_ms, draft, state) VALUES (?,?,?,?,?)",
                [photo.sha256, photo.bytes, photo.saved_ms, photo.draft, photo.state],
            )
        for alarm in wreck.alarms:
            database.conn.execute("INSERT INTO alarms (at_ms, code, seen, offered, settled) VALUES (?,?,?,?,?)", alarm)
        if held is not None:
            tablet.set_meta("checkpoint", held)
        records.rebuild(database)
    here = {photo.sha256 for photo in photos}
    listed = {photo for entry in own.values() for photo in records.listed_photos(entry)}
    return replace(
        report,
        pulled=len(pulled),
        drafts=len(drafts),
        photos=len(photos),
        damaged_files=report.damaged_files + damaged_photos,
        missing_numbers=_missing(own),
        missing_photos=sorted(listed - here),
    )


async def _known(tablet: Tablet, wreck: Wreck) -> list[Identity]:
    """Identities by their rows, which carry a sum, then by their copies."""
    known = {(row.account, row.device): row for row in wreck.identities}
    for copy in await identities.read_copies(tablet.files):
        known.setdefault((copy.account, copy.device), copy)
    for identity in known.values():
        await identities.write_copy(tablet.files, identity)
    return list(known.values())


async def _copies(tablet: Tablet, known: list[Identity]) -> tuple[dict[bytes, Entry], list[str]]:
    own: dict[bytes, Entry] = {}
    damaged = []
    for name in await tablet.files.names(ENTRIES):
        data = await tablet.files.read(name)
        entry = await read_own(tablet.keys, known, data)
        if entry is None or name != copy_name(entry.device, entry.device_seq):
            damaged.append(name)
        else:
            own[data] = entry
    return own, damaged


async def _photos(tablet: Tablet, wreck: Wreck) -> tuple[list[PhotoRow], list[str]]:
    """Every whole photo file, with what its row still says; and rows of photos that were freed here."""
    rows = {row.sha256: row for row in wreck.photos}
    found = {sha256: row for sha256, row in rows.items() if row.state == "freed"}
    damaged = []
    for name in await tablet.files.names(PHOTOS):
        data = await tablet.files.read(name)
        sha256 = sha256_hex(data)
        if name != f"{PHOTOS}/{sha256}":
            damaged.append(name)
            continue
        row = rows.get(sha256) or PhotoRow(sha256, len(data), tablet.clock.now_ms(), _lister(wreck.drafts, sha256), "")
        # Sent before: central is asked whether it holds them still, which costs less than sending all again.
        state = "uploaded" if row.state in ("uploaded", "confirmed", "freed") else "local"
        found[sha256] = replace(row, bytes=len(data), state=state)
    return list(found.values()), damaged


def _lister(drafts: list[Draft], sha256: str) -> str | None:
    return next((draft.id for draft in drafts if sha256 in canonical(draft.content).decode()), None)


async def _central_head(tablet: Tablet, wreck: Wreck, known: list[Identity]) -> str | None:
    """The last tree head seen, if central's key signed it: without it an old backup at central would go unnoticed."""
    if wreck.head is None:
        return None
    for identity in known:
        try:
            await verify_head(tablet.keys, identity, wreck.head)
        except LedgerError as error:
            if error.code != Code.CHECKPOINT_INVALID:
                raise
        else:
            return wreck.head.model_dump_json()
    return None


def _pulled(data: bytes, own_devices: set[str]) -> Entry | None:
    entry = log.read_entry(data)
    return None if entry is None or entry.device in own_devices else entry


def _missing(own: dict[bytes, Entry]) -> dict[str, list[int]]:
    numbers: dict[str, set[int]] = {}
    for entry in own.values():
        numbers.setdefault(entry.device, set()).add(entry.device_seq)
    gaps = {device: sorted(set(range(1, max(held))) - held) for device, held in numbers.items()}
    return {device: gap for device, gap in gaps.items() if gap}
