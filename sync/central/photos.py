"""Photos at central: bytes under their own hash, and resumable uploads that become them.

Clients never name a file. An upload grows under a random id; it becomes visible only when it is whole and its hash
is the announced one (I9), and then the log says so wherever that completes an inspection's evidence (I11).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import func, insert, select

from schemas.entries import Disposition
from schemas.errors import Code, LedgerError
from sync.central import rows
from sync.central.central import Caller, Central
from sync.central.tables import entries, evidence, listed_photos, photos
from sync.central.writer import LogWriter

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Upload:
    """What an upload is to become: the announced hash and length in bytes, by whom, since when; `done` once visible."""

    id: str
    sha256: str
    length: int
    device: str
    account: str
    created_ms: int
    done: bool


@dataclass(frozen=True)
class HeldPhoto:
    """A photo that central holds."""

    sha256: str
    bytes: int
    received_ms: int
    device: str


class PhotoFolder:
    """Files of photos and unfinished uploads below central's data directory."""

    def __init__(self, central: Central) -> None:
        self._central = central
        self._photos = central.settings.photo_dir
        self._uploads = central.settings.upload_dir
        for folder in (self._photos, self._uploads):
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the photo of this hash lies or would lie."""
        return self._photos / sha256[:2] / sha256[2:4] / sha256

    # -- uploads ---------------------------------------------------------------------------------------------------

    def begin(self, caller: Caller, sha256: str, length: int) -> Upload:
        """Start an upload. Raises PHOTO_TOO_LARGE, UPLOAD_QUOTA, CENTRAL_DISK_FULL."""
        settings = self._central.settings
        if length > settings.max_photo_bytes:
            raise LedgerError(Code.PHOTO_TOO_LARGE, limit_bytes=settings.max_photo_bytes)
        owner = caller.device or caller.account
        self.expire()
        unfinished = sum(1 for upload in self._every() if upload.device == owner and not upload.done)
        if unfinished >= settings.max_unfinished_uploads:
            raise LedgerError(Code.UPLOAD_QUOTA, retry_after_s=60)
        if shutil.disk_usage(self._uploads).free < settings.min_free_bytes + length:
            raise LedgerError(Code.CENTRAL_DISK_FULL)
        upload = Upload(os.urandom(16).hex(), sha256, length, owner, caller.account, self._central.clock(), False)
        self._part(upload.id).touch()
        self._write_note(upload)
        return upload

    def upload(self, caller: Caller, upload_id: str) -> Upload:
        """The caller's own upload. Raises UPLOAD_NOT_FOUND."""
        found = self._read_note(upload_id) if _is_id(upload_id) else None
        if found is None or found.device != (caller.device or caller.account):
            raise LedgerError(Code.UPLOAD_NOT_FOUND)
        return found

    def offset(self, upload: Upload) -> int:
        """How many bytes are durably here."""
        if upload.done:
            return upload.length
        try:
            return self._part(upload.id).stat().st_size
        except FileNotFoundError as error:
            raise LedgerError(Code.UPLOAD_NOT_FOUND) from error

    def append(self, upload: Upload, offset: int, data: bytes) -> int:
        """Add bytes at `offset` durably and return the new offset. Raises UPLOAD_OFFSET_CONFLICT, PHOTO_TOO_LARGE."""
        at = self.offset(upload)
        if offset != at:
            raise LedgerError(Code.UPLOAD_OFFSET_CONFLICT, expected=at)
        if at + len(data) > upload.length:
            raise LedgerError(Code.PHOTO_TOO_LARGE, limit_bytes=upload.length)
        if data:
            with self._part(upload.id).open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        return at + len(data)

    def settle(self, upload: Upload) -> None:
        """Make a whole upload visible; no effect on one that is not whole or is visible already.

        Raises PHOTO_HASH_MISMATCH (the upload is discarded) and BUSY (ask again; the bytes are kept).
        """
        if upload.done or self.offset(upload) != upload.length:
            return
        part, final = self._part(upload.id), self.path(upload.sha256)
        if _hash_of(part) != upload.sha256:
            self.discard(upload)
            raise LedgerError(Code.PHOTO_HASH_MISMATCH, sha256=upload.sha256)
        final.parent.mkdir(parents=True, exist_ok=True)
        # A second name first, so that a crash between the steps leaves the upload whole and to be settled again.
        if not final.exists():
            os.link(part, final)
            _sync_folder(final.parent)
        receive(self._central, upload.sha256, upload.length, upload.device, upload.account)
        self._write_note(Upload(**{**asdict(upload), "done": True}))
        part.unlink(missing_ok=True)

    def discard(self, upload: Upload) -> None:
        """Forget an upload; a photo that it became stays."""
        self._part(upload.id).unlink(missing_ok=True)
        self._note(upload.id).unlink(missing_ok=True)

    def expire(self) -> None:
        """Forget uploads that nobody has finished for a long time."""
        limit = self._central.clock() - self._central.settings.upload_expires_s * 1000
        for upload in self._every():
            if upload.created_ms < limit:
                self.discard(upload)

    # -- photos ----------------------------------------------------------------------------------------------------

    def held(self, caller: Caller, sha256: str) -> HeldPhoto:
        """A photo that the caller may see: its own, or one that an entry of its units lists. Raises PHOTO_NOT_FOUND."""
        with self._central.store.read() as connection:
            row = connection.execute(select(photos).where(photos.c.sha256 == sha256)).one_or_none()
            listed = select(entries.c.seq).join(listed_photos, listed_photos.c.entry == entries.c.id)
            listed = listed.where(listed_photos.c.sha256 == sha256, entries.c.unit.in_(sorted(caller.units)))
            own = row is not None and row.device == (caller.device or caller.account)
            if row is None or not (own or connection.execute(listed.limit(1)).first()):
                raise LedgerError(Code.PHOTO_NOT_FOUND)
        return HeldPhoto(row.sha256, row.bytes, row.received_ms, row.device)

    def missing(self, caller: Caller) -> list[str]:
        """Photos that accepted entries of the caller's device list and central does not hold, at most 1,000."""
        query = (
            select(listed_photos.c.sha256)
            .join(entries, entries.c.id == listed_photos.c.entry)
            .outerjoin(photos, photos.c.sha256 == listed_photos.c.sha256)
            .where(entries.c.device == caller.device, entries.c.disposition == Disposition.ACCEPTED.value)
            .where(photos.c.sha256.is_(None))
            .distinct()
            .limit(1000)
        )
        with self._central.store.read() as connection:
            return sorted(connection.execute(query).scalars())

    # -- private ---------------------------------------------------------------------------------------------------

    def _part(self, upload_id: str) -> Path:
        return self._uploads / f"{upload_id}.part"

    def _note(self, upload_id: str) -> Path:
        return self._uploads / f"{upload_id}.json"

    def _write_note(self, upload: Upload) -> None:
        write_durably(self._note(upload.id), json.dumps(asdict(upload)).encode())

    def _read_note(self, upload_id: str) -> Upload | None:
        try:
            return Upload(**json.loads(self._note(upload_id).read_bytes()))
        except FileNotFoundError:
            return None

    def _every(self) -> list[Upload]:
        found = (self._read_note(path.stem) for path in self._uploads.glob("*.json"))
        return [upload for upload in found if upload is not None]


def receive(central: Central, sha256: str, length: int, device: str, account: str) -> None:
    """Note a photo whose bytes are durable and checked, and the evidence that it completes, in one transaction."""
    with central.store.write() as connection:
        known = connection.execute(select(photos.c.sha256).where(photos.c.sha256 == sha256)).first()
        writer = LogWriter(connection, central.key, central.clock())
        if known is None:
            connection.execute(
                insert(photos).values(
                    sha256=sha256, bytes=length, received_ms=writer.now_ms, device=device, account=account
                )
            )
        waiting = (
            select(entries.c.id)
            .join(listed_photos, listed_photos.c.entry == entries.c.id)
            .outerjoin(evidence, evidence.c.entry == entries.c.id)
            .where(listed_photos.c.sha256 == sha256, evidence.c.entry.is_(None))
            .where(entries.c.disposition == Disposition.ACCEPTED.value)
        )
        ids = list(connection.execute(waiting).scalars())
        for stored in rows.by_ids(connection, ids).values():
            writer.note_evidence(stored.entry())
        if ids:
            writer.finish()


def count_held(central: Central) -> tuple[int, int]:
    """How many photos central holds, and their bytes."""
    with central.store.read() as connection:
        count, size = connection.execute(select(func.count(), func.coalesce(func.sum(photos.c.bytes), 0))).one()
        return int(count), int(size)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: temporary name, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _is_id(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)
