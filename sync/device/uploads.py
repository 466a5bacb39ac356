"""Sending photos by resumable upload (tus 1.0), apart from entries and while the form is still open.

Chunks adapt between 64 KiB and 4 MiB so that each lasts 2 to 10 s and is small beside what the line carries between two
cuts (`pace.py`); each carries its checksum, so a cut costs at most one chunk and wrong bytes never count.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from schemas.errors import Code, LedgerError
from schemas.protocol import MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, TUS_VERSION
from sync.device.database import transaction
from sync.device.line import Line
from sync.device.ports import Answer
from sync.device.store import PHOTOS, Tablet

UPLOADS = "/v1/uploads"
_TUS = {"tus-resumable": TUS_VERSION}
_FAST_S = 2.0
_SLOW_S = 10.0


@dataclass(frozen=True)
class Waiting:
    """A photo that central does not have yet, with the upload that was begun for it, if any."""

    sha256: str
    bytes: int
    path: str | None


class Uploader:
    """Sends photos over one line; remembers how large a chunk the network bears."""

    def __init__(self, tablet: Tablet, line: Line, chunk_bytes: int = 4 * MIN_CHUNK_BYTES) -> None:
        self._tablet = tablet
        self._line = line
        self.chunk_bytes = chunk_bytes

    def waiting(self, limit: int = 50) -> list[Waiting]:
        """Photos to send: begun uploads first, then the oldest."""
        rows = self._tablet.database.conn.execute(
            "SELECT sha256, bytes, upload_path FROM photos WHERE state='local'"
            " ORDER BY upload_path IS NULL, saved_ms, sha256 LIMIT ?",
            [limit],
        )
        return [Waiting(*row) for row in rows.fetchall()]

    async def send(self, photo: Waiting) -> None:
        """Send one photo to its end, continuing where the last try stopped. Raises what the line raises."""
        whole = photo.path is None and photo.bytes <= self._most_bytes()
        path, offset = await (self._announce_with_bytes(photo) if whole else self._place(photo))
        while offset < photo.bytes:
            offset = await self._send_chunk(photo, path, offset)
        await self._note(photo.sha256, "uploaded", None)

    async def _place(self, photo: Waiting) -> tuple[str, int]:
        if photo.path is not None:
            try:
                return photo.path, _offset(await self._line.send("HEAD", photo.path, _TUS), photo)
            except LedgerError as error:
                # Expired, or thrown away because its bytes were wrong: begin again.
                if error.code not in (Code.UPLOAD_NOT_FOUND, Code.PHOTO_HASH_MISMATCH):
                    raise
        path, _ = _placed(await self._line.send("POST", UPLOADS, _announcement(photo)), photo)
        await self._note(photo.sha256, "local", path)
        return path, 0

    async def _announce_with_bytes(self, photo: Waiting) -> tuple[str, int]:
        """A photo no larger than a chunk goes in the request that announces it: one round trip, and a cut costs no more
        than a cut chunk. Where central takes no bytes there, the upload is begun and goes on as any other."""
        data = await self._read(photo, 0, photo.bytes)
        started = self._tablet.clock.monotonic_ms()
        answer = await self._line.send("POST", UPLOADS, {**_announcement(photo), **_chunk_head(data)}, data)
        self._adapt((self._tablet.clock.monotonic_ms() - started) / 1000, photo.bytes)
        path, offset = _placed(answer, photo)
        if offset < photo.bytes:
            await self._note(photo.sha256, "local", path)
        return path, offset

    def _most_bytes(self) -> int:
        return min(self.chunk_bytes, self._line.pace.most_bytes())

    async def _send_chunk(self, photo: Waiting, path: str, offset: int) -> int:
        length = min(self._most_bytes(), photo.bytes - offset)
        data = await self._read(photo, offset, length)
        headers = {**_TUS, **_chunk_head(data), "upload-offset": str(offset)}
        started = self._tablet.clock.monotonic_ms()
        try:
            answer = await self._line.send("PATCH", path, headers, data)
        except LedgerError as error:
            if error.code == Code.UPLOAD_OFFSET_CONFLICT and isinstance(error.details.get("expected"), int):
                return int(str(error.details["expected"]))
            raise
        self._adapt((self._tablet.clock.monotonic_ms() - started) / 1000, length)
        return _offset(answer, photo)

    async def _read(self, photo: Waiting, offset: int, length: int) -> bytes:
        try:
            data = await self._tablet.files.read_range(f"{PHOTOS}/{photo.sha256}", offset, length)
        except FileNotFoundError as error:
            raise LedgerError(Code.PHOTO_NOT_FOUND, sha256=photo.sha256) from error
        if len(data) != length:
            raise LedgerError(Code.PHOTO_TRUNCATED, sha256=photo.sha256)
        return data

    def _adapt(self, took_s: float, length: int) -> None:
        if took_s < _FAST_S and length == self.chunk_bytes:
            self.chunk_bytes = min(MAX_CHUNK_BYTES, self.chunk_bytes * 2)
        elif took_s > _SLOW_S:
            self.chunk_bytes = max(MIN_CHUNK_BYTES, self.chunk_bytes // 2)

    async def _note(self, sha256: str, state: str, path: str | None) -> None:
        def note() -> None:
            with transaction(self._tablet.database) as database:
                database.conn.execute(
                    "UPDATE photos SET state=CASE state WHEN 'local' THEN ? ELSE state END, upload_path=?"
                    " WHERE sha256=?",
                    [state, path, sha256],
                )

        await self._tablet.with_room(note)


def _announcement(photo: Waiting) -> dict[str, str]:
    metadata = "sha256 " + base64.b64encode(photo.sha256.encode()).decode()
    return {**_TUS, "upload-length": str(photo.bytes), "upload-metadata": metadata}


def _chunk_head(data: bytes) -> dict[str, str]:
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return {"content-type": "application/offset+octet-stream", "upload-checksum": f"sha256 {checksum}"}


def _placed(answer: Answer, photo: Waiting) -> tuple[str, int]:
    """Where the upload stands that was announced, and how much of it central has."""
    path = answer.headers.get("location", "")
    if answer.status != 201 or not path.startswith(f"{UPLOADS}/"):
        raise LedgerError(Code.NOT_OUR_ANSWER, status=answer.status)
    return path, _offset(answer, photo) if "upload-offset" in answer.headers else 0


def _offset(answer: Answer, photo: Waiting) -> int:
    text = answer.headers.get("upload-offset", "")
    if not text.isdigit() or int(text) > photo.bytes:
        raise LedgerError(Code.NOT_OUR_ANSWER, status=answer.status)
    return int(text)
