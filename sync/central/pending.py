"""Bringing in a tablet's pending file: for a tablet without a network, or for one that was frozen or revoked.

An active device's file is a push by hand. A frozen or revoked device's entries are appended as refused, so that
they lie in
the log whatever follows, and then a person's `admit` names those that count (design, Sync). Photos are checked byte for
byte before they become visible. Nothing of the file is trusted but what is signed or hashed; importing it twice
changes nothing.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue, ValidationError

from schemas.canonical import parse_json
from schemas.entries import MAX_ENTRY_BYTES, first_fault
from schemas.errors import Code, LedgerError
from schemas.pending import (
    ENTRIES,
    MANIFEST,
    MAX_FILE_BYTES,
    MAX_MANIFEST_BYTES,
    PHOTO_FOLDER,
    PendingManifest,
)
from schemas.protocol import MAX_BATCH_ENTRIES, Receipt
from schemas.roles import MAY_MANAGE_DEVICES
from sync.central import desk, rows
from sync.central.central import Caller, Central
from sync.central.photos import PhotoFolder, receive
from sync.central.push import Appender, Prepared, prepare
from sync.central.writer import LogWriter

_BLOCK = 1 << 20


@dataclass
class Imported:
    """What the file brought: receipts by status, photos stored, photos that its entries list and central still
    lacks."""

    device: str
    receipts: Counter[str] = field(default_factory=Counter)
    photos: int = 0
    admitted: int = 0
    missing_photos: int = 0


def import_pending(central: Central, caller: Caller, path: Path, cause: str, *, admit: bool) -> Imported:
    """Append the entries and photos of the file. Raises LedgerError(EXPORT_DAMAGED) with nothing changed where the
    file is
    not whole, DEVICE_UNKNOWN, NOT_PERMITTED, BUSY (import it again)."""
    with _opened(path) as archive:
        manifest = _manifest(archive)
        if manifest.log != central.key.id:
            raise LedgerError(Code.EXPORT_DAMAGED, where="made for another log")
        raws = list(_entries(archive, manifest))
        _check_photos(archive, manifest)
        prepared = prepare(central, raws, manifest.device)
        _check_rights(central, caller, manifest.device)
        imported = Imported(manifest.device)
        imported.photos = _store_photos(central, caller, archive, manifest)
    worth: list[str] = []
    for start in range(0, len(prepared), MAX_BATCH_ENTRIES):
        receipts, good = _append(central, prepared[start : start + MAX_BATCH_ENTRIES], manifest.device)
        imported.receipts.update(receipt.status.value for receipt in receipts)
        worth.extend(good)
    if admit and worth:
        desk.admit(central, caller, manifest.device, worth, cause)
        imported.admitted = len(worth)
    imported.missing_photos = len(PhotoFolder(central).missing(manifest.device))
    return imported


def _append(central: Central, batch: list[Prepared], device: str) -> tuple[list[Receipt], list[str]]:
    """Append one batch; the second list names refused entries that only the device's state keeps from counting."""
    with central.store.write() as connection:
        writer = LogWriter(connection, central.key, central.clock())
        appender = Appender(central, writer, batch, by_hand=True)
        receipts = appender.take_all(device)
        worth = appender.worth_admitting()
        writer.finish()
    return receipts, worth


def _check_rights(central: Central, caller: Caller, device: str) -> None:
    with central.store.read() as connection:
        known = rows.device_row(connection, device)
    if known is None:
        raise LedgerError(Code.DEVICE_UNKNOWN, device=device)
    if caller.role not in MAY_MANAGE_DEVICES or known.unit not in caller.units:
        raise LedgerError(Code.NOT_PERMITTED)


# -- reading the file -------------------------------------------------------------------------------------------------


def _opened(path: Path) -> zipfile.ZipFile:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise LedgerError(Code.BODY_TOO_LARGE, limit_bytes=MAX_FILE_BYTES)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise LedgerError(Code.EXPORT_DAMAGED, where=type(error).__name__) from error
    names = [info.filename for info in archive.infolist()]
    plain = all(info.compress_type == zipfile.ZIP_STORED and not info.is_dir() for info in archive.infolist())
    if not plain or len(set(names)) != len(names) or not {MANIFEST, ENTRIES} <= set(names):
        archive.close()
        raise LedgerError(Code.EXPORT_DAMAGED, where="members")
    return archive


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        info = archive.getinfo(name)
        if info.file_size > most:
            raise LedgerError(Code.BODY_TOO_LARGE, limit_bytes=most)
        return archive.read(info)
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, NotImplementedError) as error:
        raise LedgerError(Code.EXPORT_DAMAGED, where=name) from error


def _manifest(archive: zipfile.ZipFile) -> PendingManifest:
    try:
        return PendingManifest.model_validate_json(_read(archive, MANIFEST, MAX_MANIFEST_BYTES))
    except ValidationError as error:
        raise LedgerError(Code.EXPORT_DAMAGED, where=f"{MANIFEST}: {first_fault(error)}") from error


def _entries(archive: zipfile.ZipFile, manifest: PendingManifest) -> Iterator[JsonValue]:
    data = _read(archive, ENTRIES, manifest.entries * (MAX_ENTRY_BYTES + 1))
    lines = data.split(b"\n")
    if lines.pop() != b"" or len(lines) != manifest.entries:
        raise LedgerError(Code.EXPORT_DAMAGED, where=ENTRIES)
    for number, line in enumerate(lines, 1):
        try:
            yield parse_json(line)
        except LedgerError as error:
            raise LedgerError(Code.EXPORT_DAMAGED, where=f"{ENTRIES}:{number}") from error


def _check_photos(archive: zipfile.ZipFile, manifest: PendingManifest) -> None:
    announced = {PHOTO_FOLDER + photo.sha256: photo for photo in manifest.photos}
    if set(announced) | {MANIFEST, ENTRIES} != set(archive.namelist()):
        raise LedgerError(Code.EXPORT_DAMAGED, where="photos")
    for name, photo in announced.items():
        digest = hashlib.sha256()
        try:
            with archive.open(name) as member:
                while block := member.read(_BLOCK):
                    digest.update(block)
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise LedgerError(Code.EXPORT_DAMAGED, where=name) from error
        if digest.hexdigest() != photo.sha256 or archive.getinfo(name).file_size != photo.bytes:
            raise LedgerError(Code.EXPORT_DAMAGED, where=name)


def _store_photos(central: Central, caller: Caller, archive: zipfile.ZipFile, manifest: PendingManifest) -> int:
    folder = PhotoFolder(central)
    stored = 0
    for photo in manifest.photos:
        data = _read(archive, PHOTO_FOLDER + photo.sha256, central.settings.max_photo_bytes)
        folder.keep(photo.sha256, data)
        receive(central, photo.sha256, photo.bytes, manifest.device, caller.account)
        stored += 1
    return stored
