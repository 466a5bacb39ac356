"""Photos at central: bytes under their own hash, and resumable uploads that become them.

Clients never name a file. An upload grows under a random id; it becomes visible only when it is whole and its hash is
the announced one (I9), and then the log says so wherever that completes an inspection's evidence (I11).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from io import FileIO
from pathlib import Path

from sqlalchemy import func, select

from schemas.errors import Code, LedgerError
from schemas.ids import CENTRAL_DEVICE
from sync.central import rows
from sync.central.central import Caller, Central
from sync.central.durable import flush, flush_folder, make_folder, write_durably, write_whole
from sync.central.intake import Arrival
from sync.central.tables import entries, listed_photos, photos

_DONE_KEPT_S = 86_400
_SWEEP_EVERY_S = 3600
_WHOLE = ".whole"
"""Ending of the file of a photo that came whole, until it is one: `<upload>.<sha256>.<account>.whole`."""
_ID_LENGTH = 32


@dataclass(frozen=True)
class Upload:
    """What an upload is to become: the announced hash and length in bytes, by whom, since when; `done` once visible.

    `metadata` is what the client said of it, word for word; nothing but the hash in it is ever used.
    """

    id: str
    sha256: str
    length: int
    metadata: str
    device: str
    account: str
    created_ms: int
    done: bool

    @property
    def owner(self) -> str:
        """The folder of its uploads: a device's id, or the account at the desk (no device's id holds a full stop)."""
        return self.device if self.device != CENTRAL_DEVICE else f"desk.{self.account}"


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

    def begin(self, caller: Caller, sha256: str, length: int, metadata: str = "") -> Upload:
        """Start an upload. Raises PHOTO_TOO_LARGE, DEVICE_FROZEN, UPLOAD_QUOTA, CENTRAL_DISK_FULL."""
        made = self._announced(caller, sha256, length, metadata)
        self._part(made).touch()
        self._write_note(made)
        return made

    def take(self, caller: Caller, sha256: str, data: bytes, metadata: str = "") -> Upload:
        """Take a photo that came whole in the request that announced it; it is visible when this returns.

        There is nothing to continue, so it needs no note: its file's name says what it is, until it is a photo. Whoever
        lost the answer announces it again. Raises as `begin`, and PHOTO_HASH_MISMATCH.
        """
        made = self._announced(caller, sha256, len(data), metadata)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise LedgerError(Code.PHOTO_HASH_MISMATCH, sha256=sha256)
        path = self._uploads / made.owner / f"{made.id}.{sha256}.{made.account}{_WHOLE}"
        with path.open("xb", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # a sweep that finds it waits
            try:
                write_whole(file, data)
                flush(file)
            except BaseException:
                path.unlink()
                raise
            flush_folder(path.parent)  # durable under a name that announces it, before it has the photo's (`announced`)
            self._publish(path, sha256)
            receive(self._central, sha256, len(data), made.device, made.account)
            path.unlink()
        return made

    def _announced(self, caller: Caller, sha256: str, length: int, metadata: str) -> Upload:
        """An upload that may be begun, with nothing on disk yet but its folder."""
        settings = self._central.settings
        if length > settings.max_photo_bytes:
            raise LedgerError(Code.PHOTO_TOO_LARGE, limit_bytes=settings.max_photo_bytes)
        if caller.device_state != "active":
            raise LedgerError(Code.DEVICE_FROZEN)
        self._sweep()
        device = caller.device or CENTRAL_DEVICE
        made = Upload(
            os.urandom(16).hex(), sha256, length, metadata, device, caller.account, self._central.clock(), False
        )
        folder = self._part(made).parent
        make_folder(folder)
        if sum(1 for _ in folder.glob("*.part")) >= settings.max_unfinished_uploads:
            raise LedgerError(Code.UPLOAD_QUOTA, retry_after_s=60)
        if shutil.disk_usage(folder).free < settings.min_free_bytes + length:
            raise LedgerError(Code.CENTRAL_DISK_FULL)
        return made

    def upload(self, caller: Caller, upload_id: str) -> Upload:
        """An upload of the caller's device, or of the caller at the desk. Raises UPLOAD_NOT_FOUND."""
        owner = Upload("", "", 0, "", caller.device or CENTRAL_DEVICE, caller.account, 0, False).owner
        found = _read_note(self._uploads / owner / f"{upload_id}.json") if _is_id(upload_id) else None
        if found is None:
            raise LedgerError(Code.UPLOAD_NOT_FOUND)
        return found

    def offset(self, upload: Upload) -> int:
        """How many bytes are here. They become durable together when the upload is settled: a power cut at central may
        take some, and then the tablet, which asks here where to go on, sends those again."""
        try:
            return self._part(upload).stat().st_size
        except FileNotFoundError as error:
            now = _read_note(self._note(upload))  # settled meanwhile, or gone
            if now is None or not now.done:
                raise LedgerError(Code.UPLOAD_NOT_FOUND) from error
            return now.length

    def append(self, upload: Upload, offset: int, data: bytes) -> int:
        """Add bytes at `offset` and return the new offset.

        Raises UPLOAD_OFFSET_CONFLICT, PHOTO_TOO_LARGE, UPLOAD_NOT_FOUND, CENTRAL_DISK_FULL.
        """
        if offset + len(data) > upload.length:
            raise LedgerError(Code.PHOTO_TOO_LARGE, limit_bytes=upload.length)
        at = self.offset(upload)
        if offset != at:
            raise LedgerError(Code.UPLOAD_OFFSET_CONFLICT, expected=at)
        if not data:
            return at
        with self._alone(upload) as file:
            at = file.seek(0, os.SEEK_END)
            if offset != at:  # another request was quicker
                raise LedgerError(Code.UPLOAD_OFFSET_CONFLICT, expected=at)
            write_whole(file, data)
        return at + len(data)

    def settle(self, upload: Upload) -> None:
        """Make a whole upload visible; no effect on one that is not whole or is visible already.

        Raises PHOTO_HASH_MISMATCH (the upload is discarded) and BUSY (ask again; the bytes are kept).
        """
        if upload.done or self.offset(upload) != upload.length:
            return
        try:
            file = self._alone(upload)
        except LedgerError:  # settled or discarded by another request a moment ago
            self.offset(upload)
            return
        with file:
            if not self._part(upload).exists():  # or while this one waited
                self.offset(upload)
                return
            flush(file)
            if hashlib.file_digest(file, "sha256").hexdigest() != upload.sha256:
                self.discard(upload)
                raise LedgerError(Code.PHOTO_HASH_MISMATCH, sha256=upload.sha256)
            self._publish(self._part(upload), upload.sha256)
            receive(self._central, upload.sha256, upload.length, upload.device, upload.account)
            self._write_note(replace(upload, done=True))
            self._part(upload).unlink()

    def discard(self, upload: Upload) -> None:
        """Forget an upload; a photo that it became stays."""
        self._part(upload).unlink(missing_ok=True)
        self._note(upload).unlink(missing_ok=True)

    # -- photos ----------------------------------------------------------------------------------------------------

    def held(self, caller: Caller, sha256: str) -> HeldPhoto:
        """A photo that the caller may see: its own, or one that an entry of its units lists. Raises PHOTO_NOT_FOUND."""
        listed = (
            select(entries.c.seq)
            .join(listed_photos, listed_photos.c.entry == entries.c.id)
            .where(listed_photos.c.sha256 == sha256, rows.COUNTS, entries.c.unit.in_(sorted(caller.units)))
            .limit(1)
        )
        with self._central.store.read() as connection:
            row = connection.execute(select(photos).where(photos.c.sha256 == sha256)).one_or_none()
            mine = (caller.device or CENTRAL_DEVICE, caller.account)
            own = row is not None and (row.device, row.account) == mine
            if row is None or not (own or connection.execute(listed).first()):
                raise LedgerError(Code.PHOTO_NOT_FOUND)
        return HeldPhoto(row.sha256, row.bytes, row.received_ms, row.device)

    def keep(self, sha256: str, data: bytes) -> None:
        """Store the bytes of a photo that came in a file and were checked, durably under their name."""
        final = self.path(sha256)
        make_folder(final.parent)
        write_durably(final, data)

    def missing(self, device: str) -> list[str]:
        """Photos that entries of this device which count list and central does not hold, at most 1,000."""
        query = (
            select(listed_photos.c.sha256)
            .join(entries, entries.c.id == listed_photos.c.entry)
            .outerjoin(photos, photos.c.sha256 == listed_photos.c.sha256)
            .where(entries.c.device == device, rows.COUNTS, photos.c.sha256.is_(None))
            .distinct()
            .order_by(listed_photos.c.sha256)
            .limit(1000)
        )
        with self._central.store.read() as connection:
            return list(connection.execute(query).scalars())

    # -- private ---------------------------------------------------------------------------------------------------

    def _part(self, upload: Upload) -> Path:
        return self._uploads / upload.owner / f"{upload.id}.part"

    def _note(self, upload: Upload) -> Path:
        return self._uploads / upload.owner / f"{upload.id}.json"

    def _write_note(self, upload: Upload) -> None:
        """The note's time of change is central's time, so that a sweep need not open it."""
        write_durably(self._note(upload), json.dumps(asdict(upload)).encode())
        os.utime(self._note(upload), ns=(upload.created_ms * 1_000_000,) * 2)

    def _alone(self, upload: Upload) -> FileIO:
        """The growing file; until it is closed every other request, of any process, waits. Raises UPLOAD_NOT_FOUND."""
        try:
            file = self._part(upload).open("r+b", buffering=0)
        except FileNotFoundError as error:
            raise LedgerError(Code.UPLOAD_NOT_FOUND) from error
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def _publish(self, part: Path, sha256: str) -> None:
        """Give the whole file its second name. A crash after this leaves an upload that is whole and settles again.

        A file of that name is replaced, which heals one that was damaged on disk.
        """
        final = self.path(sha256)
        make_folder(final.parent)
        temporary = final.with_name(f".{part.name[:_ID_LENGTH]}")
        os.link(part, temporary)
        temporary.replace(final)
        temporary.unlink(missing_ok=True)  # renaming onto the same file's other name leaves both
        flush_folder(final.parent)

    def _sweep(self) -> None:
        """Once an hour, and soon after a start: settle what a crash left whole, forget what nobody finished."""
        now_ms = self._central.clock()
        if now_ms - self._central.swept_ms < _SWEEP_EVERY_S * 1000:
            return
        self._central.swept_ms = now_ms
        for whole in self._uploads.glob(f"*/*{_WHOLE}"):
            with suppress(FileNotFoundError, LedgerError):  # finished meanwhile, or it is somebody else's turn
                self._settle_whole(whole)
        for note in self._uploads.glob("*/*.json"):
            part = note.with_suffix(".part")
            begun = _read_note(note) if part.exists() else None
            if begun is not None:
                with suppress(LedgerError):
                    self.settle(begun)
            kept_s = self._central.settings.upload_expires_s if part.exists() else _DONE_KEPT_S
            with suppress(FileNotFoundError):  # finished meanwhile
                if note.stat().st_mtime * 1000 < now_ms - kept_s * 1000:
                    part.unlink(missing_ok=True)
                    note.unlink(missing_ok=True)

    def _settle_whole(self, path: Path) -> None:
        """Finish what a crash left of a photo that came whole; bytes that are not what the name says go."""
        _, sha256, account = path.name.removesuffix(_WHOLE).split(".", 2)
        device = CENTRAL_DEVICE if path.parent.name == f"desk.{account}" else path.parent.name
        with path.open("rb", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists():
                return
            if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                self._publish(path, sha256)
                receive(self._central, sha256, path.stat().st_size, device, account)
            path.unlink()


def receive(central: Central, sha256: str, length: int, device: str, account: str) -> None:
    """Note a photo whose bytes are durable and checked, and the evidence that it completes."""
    central.intake.note(central, Arrival(sha256, length, device, account))


def announced(upload_dir: Path) -> set[str]:
    """Hashes of photos whose uploads are on disk: their files may lie there a moment before the database says so."""
    notes = (_read_note(path) for path in upload_dir.glob("*/*.json"))
    whole = {path.name.split(".")[1] for path in upload_dir.glob(f"*/*{_WHOLE}")}
    return whole | {note.sha256 for note in notes if note is not None}


def count_held(central: Central) -> tuple[int, int]:
    """How many photos central holds, and their bytes."""
    with central.store.read() as connection:
        count, size = connection.execute(select(func.count(), func.coalesce(func.sum(photos.c.bytes), 0))).one()
        return int(count), int(size)


def _read_note(path: Path) -> Upload | None:
    try:
        return Upload(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


def _is_id(text: str) -> bool:
    return len(text) == _ID_LENGTH and all(letter in "0123456789abcdef" for letter in text)
