"""Photos over HTTP: resumable upload by tus 1.0 (core, creation, creation-with-upload, checksum, termination) and
download. A photo no larger than one chunk comes whole in the request that announces it: one round trip.

A chunk with a checksum is taken whole or not at all; without one, what arrived before a cut is kept. Downloads carry a
fixed type and headers under which a browser will neither guess nor run anything. Where we depart from tus: an
upload of no
bytes is refused (a photo has some), X-HTTP-Method-Override is not read, and uploads are never deferred or concatenated.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from schemas.errors import Code, LedgerError
from schemas.protocol import MAX_CHUNK_BYTES, PROTOCOL, PROTOCOL_HEADER, TUS_VERSION, MissingPhotosAnswer
from sync.central.api.entries import SIGNED_IN
from sync.central.api.guard import TheCaller, TheCentral
from sync.central.api.problems import answers
from sync.central.photos import PhotoFolder, Upload

router = APIRouter(prefix="/v1", tags=["photos"])
UPLOADS = "/v1/uploads"
CHUNK_TYPE = "application/offset+octet-stream"
_ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
_FLUSH_BYTES = 1 << 20
_TUS = {"tus-resumable": TUS_VERSION, PROTOCOL_HEADER: str(PROTOCOL), "cache-control": "no-store"}
_GONE = (Code.UPLOAD_VERSION_UNSUPPORTED, Code.UPLOAD_NOT_FOUND, Code.BUSY, Code.PHOTO_HASH_MISMATCH)
_SHA = re.compile(r"[0-9a-f]{64}")
UploadId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
_METADATA = re.compile(r"[!-+\--~]+( [A-Za-z0-9+/]*={0,2})?(,[!-+\--~]+( [A-Za-z0-9+/]*={0,2})?)*")
_MOST_METADATA = 1000
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})|bytes=-[1-9]\d{0,11}")
_NUMBER = {"schema": {"type": "integer"}}
_OFFSET = {"Upload-Offset": _NUMBER, "Tus-Resumable": {"schema": {"type": "string"}}}


@router.options("/uploads", status_code=204, response_class=Response, responses=answers(Code.METHOD_NOT_ALLOWED))
def capabilities(central: TheCentral) -> Response:
    """What this tus server can do."""
    return Response(
        status_code=204,
        headers={
            **_TUS,
            "tus-version": TUS_VERSION,
            "tus-extension": "creation,creation-with-upload,checksum,termination",
            "tus-checksum-algorithm": ",".join(_ALGORITHMS),
            "tus-max-size": str(central.settings.max_photo_bytes),
        },
    )


def _header(name: str, pattern: str, *, required: bool = True) -> dict[str, object]:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string", "pattern": pattern}}


_VERSION = _header("Tus-Resumable", r"^1\.0\.0$")


async def speaks_tus(request: Request) -> None:
    """Raises UPLOAD_VERSION_UNSUPPORTED (412) before anything else is looked at, as tus wants it."""
    if request.headers.get("tus-resumable") != TUS_VERSION:
        raise LedgerError(Code.UPLOAD_VERSION_UNSUPPORTED, version=TUS_VERSION)


@router.post(
    "/uploads",
    status_code=201,
    response_class=Response,
    dependencies=[Depends(speaks_tus)],
    responses={
        201: {"headers": {"Location": {"schema": {"type": "string"}}}},
        **answers(
            *SIGNED_IN,
            Code.UPLOAD_VERSION_UNSUPPORTED,
            Code.UPLOAD_METADATA_INVALID,
            Code.UPLOAD_CHECKSUM_MISMATCH,
            Code.PHOTO_HASH_MISMATCH,
            Code.PHOTO_TOO_LARGE,
            Code.UPLOAD_QUOTA,
            Code.CENTRAL_DISK_FULL,
            Code.DEVICE_FROZEN,
            Code.BUSY,
        ),
    },
    openapi_extra={
        "parameters": [
            _VERSION,
            _header("Upload-Length", r"^[1-9][0-9]{0,11}$"),
            _header("Upload-Metadata", r"^sha256 [A-Za-z0-9+/]{86}==$"),
        ]
    },
)
async def begin(request: Request, central: TheCentral, caller: TheCaller) -> Response:
    """Announce a photo: its length and, in the metadata, its SHA-256 as hex."""
    length = _number(request, "upload-length")
    if length == 0 or "upload-defer-length" in request.headers:
        raise LedgerError(Code.UPLOAD_METADATA_INVALID, reason="upload-length")
    metadata = request.headers.get("upload-metadata", "")
    sha256 = _announced_hash(metadata)
    folder = PhotoFolder(central)
    at = 0
    if request.headers.get("content-type", "") != CHUNK_TYPE:
        upload = await run_in_threadpool(folder.begin, caller, sha256, length, metadata)
    elif request.headers.get("content-length", "") == str(length) and length <= MAX_CHUNK_BYTES:
        data = await _checked(request, length, request.headers.get("upload-checksum"))
        upload = await run_in_threadpool(folder.take, caller, sha256, data, metadata)
        at = length
    else:
        upload = await run_in_threadpool(folder.begin, caller, sha256, length, metadata)
        at = await _append(request, folder, upload, 0)
    return Response(status_code=201, headers={**_TUS, "location": f"{UPLOADS}/{upload.id}", "upload-offset": str(at)})


@router.head(
    "/uploads/{upload_id}",
    response_class=Response,
    dependencies=[Depends(speaks_tus)],
    responses={200: {"headers": _OFFSET}, **answers(*SIGNED_IN, *_GONE)},
    openapi_extra={"parameters": [_VERSION]},
)
def state(central: TheCentral, caller: TheCaller, upload_id: UploadId) -> Response:
    """How many bytes are here; a whole upload is made visible if that was not done yet."""
    folder = PhotoFolder(central)
    upload = folder.upload(caller, upload_id)
    folder.settle(upload)
    headers = {
        **_TUS,
        "upload-offset": str(folder.offset(upload)),
        "upload-length": str(upload.length),
        "upload-metadata": upload.metadata,
    }
    return Response(status_code=200, headers=headers)


@router.patch(
    "/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    dependencies=[Depends(speaks_tus)],
    responses={
        204: {"headers": _OFFSET},
        **answers(
            *SIGNED_IN,
            *_GONE,
            Code.UPLOAD_TYPE_UNSUPPORTED,
            Code.UPLOAD_METADATA_INVALID,
            Code.UPLOAD_OFFSET_CONFLICT,
            Code.UPLOAD_CHECKSUM_MISMATCH,
            Code.PHOTO_TOO_LARGE,
            Code.CENTRAL_DISK_FULL,
        ),
    },
    openapi_extra={
        "parameters": [
            _VERSION,
            _header("Upload-Offset", r"^[0-9]{1,12}$"),
            _header("Upload-Checksum", r"^(sha1|sha256) [A-Za-z0-9+/=]+$", required=False),
        ],
        "requestBody": {"required": True, "content": {CHUNK_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def append(request: Request, central: TheCentral, caller: TheCaller, upload_id: UploadId) -> Response:
    """Add bytes at the offset; the last ones make the photo visible when its hash is right."""
    if request.headers.get("content-type", "") != CHUNK_TYPE:
        raise LedgerError(Code.UPLOAD_TYPE_UNSUPPORTED, expected=CHUNK_TYPE)
    offset = _number(request, "upload-offset")
    folder = PhotoFolder(central)
    upload = await run_in_threadpool(folder.upload, caller, upload_id)
    await run_in_threadpool(folder.append, upload, offset, b"")  # a wrong offset is refused before the bytes are read
    at = await _append(request, folder, upload, offset)
    return Response(status_code=204, headers={**_TUS, "upload-offset": str(at)})


@router.delete(
    "/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    dependencies=[Depends(speaks_tus)],
    responses=answers(*SIGNED_IN, Code.UPLOAD_VERSION_UNSUPPORTED, Code.UPLOAD_NOT_FOUND),
    openapi_extra={"parameters": [_VERSION]},
)
def terminate(central: TheCentral, caller: TheCaller, upload_id: UploadId) -> Response:
    """Give an upload up."""
    folder = PhotoFolder(central)
    folder.discard(folder.upload(caller, upload_id))
    return Response(status_code=204, headers=_TUS)


@router.get("/photos/missing", response_model=MissingPhotosAnswer, responses=answers(*SIGNED_IN))
def missing(central: TheCentral, caller: TheCaller) -> MissingPhotosAnswer:
    """Hashes that accepted entries of this device list and central does not hold."""
    return MissingPhotosAnswer(protocol=PROTOCOL, missing=PhotoFolder(central).missing(caller.device or ""))


_BYTES = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}
_ANSWERS: dict[int | str, dict[str, Any]] = answers(*SIGNED_IN, Code.PHOTO_NOT_FOUND)


@router.head("/photos/{sha256}", response_class=Response, operation_id="photo_there", responses=_ANSWERS)
@router.get(
    "/photos/{sha256}",
    response_class=FileResponse,
    responses={
        200: {"content": _BYTES},
        206: {"content": _BYTES, "description": "the range of the bytes that was asked for"},
        **_ANSWERS,
    },
)
def download(request: Request, central: TheCentral, caller: TheCaller, sha256: Sha256) -> Response:
    """The original bytes of a photo that the caller may see, or one range of them."""
    folder = PhotoFolder(central)
    held = folder.held(caller, sha256)
    path = folder.path(held.sha256)
    if not path.exists():
        raise LedgerError(Code.PHOTO_NOT_FOUND)
    _only_plain_range(request, held.bytes)
    headers = {
        **_TUS,
        "content-disposition": f'attachment; filename="{held.sha256[:16]}.jpg"',
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, max-age=31536000, immutable",
    }
    return FileResponse(path, media_type="image/jpeg", headers=headers)


def _number(request: Request, header: str) -> int:
    """A whole number of a header. Raises UPLOAD_METADATA_INVALID for anything else: a sign, a fraction, too many
    digits."""
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise LedgerError(Code.UPLOAD_METADATA_INVALID, reason=header)
    return int(text)


def _announced_hash(metadata: str) -> str:
    """The photo's hash in tus metadata; other pairs (a file's name, say) must be well formed and are never used."""
    if len(metadata) > _MOST_METADATA or not _METADATA.fullmatch(metadata):
        raise LedgerError(Code.UPLOAD_METADATA_INVALID, reason="upload-metadata")
    pairs = [pair.partition(" ") for pair in metadata.split(",")]
    values = {name: value for name, _, value in pairs}
    try:
        text = base64.b64decode(values.get("sha256", ""), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise LedgerError(Code.UPLOAD_METADATA_INVALID, reason="sha256") from error
    if len(values) < len(pairs) or not _SHA.fullmatch(text):
        raise LedgerError(Code.UPLOAD_METADATA_INVALID, reason="sha256")
    return text


def _only_plain_range(request: Request, length: int) -> None:
    """Let one range that the photo has stand and forget any other Range header, as RFC 9110 §14.2 allows."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    first, last = (int(asked[1] or 0), int(asked[2] or length)) if asked else (length, 0)
    if first >= length or last < first:
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]


async def _append(request: Request, folder: PhotoFolder, upload: Upload, offset: int) -> int:
    """The body, added to an upload at `offset`; the last bytes make the photo visible. Returns the new offset."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and offset + int(announced) > upload.length:
        raise LedgerError(Code.PHOTO_TOO_LARGE, limit_bytes=upload.length)
    checksum = request.headers.get("upload-checksum")
    if checksum is None:
        at = await _take_stream(request, folder, upload, offset)
    else:
        data = await _checked(request, upload.length - offset, checksum)
        at = await run_in_threadpool(folder.append, upload, offset, data)
    await run_in_threadpool(folder.settle, upload)
    return at


async def _checked(request: Request, most_bytes: int, checksum: str | None) -> bytes:
    """A body of at most `most_bytes` in memory, until its checksum is proven; a photo's own hash proves it too."""
    name, _, value = ("sha256" if checksum is None else checksum).partition(" ")
    if name not in _ALGORITHMS:
        raise LedgerError(Code.UPLOAD_METADATA_INVALID, reason="upload-checksum")
    parts, length, digest = [], 0, _ALGORITHMS[name]()
    async for part in request.stream():
        parts.append(part)
        length += len(part)
        digest.update(part)
        if length > most_bytes:
            raise LedgerError(Code.PHOTO_TOO_LARGE, limit_bytes=most_bytes)
    if checksum is not None and base64.b64encode(digest.digest()).decode() != value:
        raise LedgerError(Code.UPLOAD_CHECKSUM_MISMATCH)
    return b"".join(parts)


async def _take_stream(request: Request, folder: PhotoFolder, upload: Upload, offset: int) -> int:
    """A chunk without a checksum: what arrives is kept block by block, also when the rest never comes."""
    at = offset
    waiting = bytearray()
    try:
        async for part in request.stream():
            waiting += part
            if len(waiting) >= _FLUSH_BYTES:
                at = await run_in_threadpool(folder.append, upload, at, bytes(waiting))
                waiting.clear()
    except ClientDisconnect:
        await run_in_threadpool(folder.append, upload, at, bytes(waiting))
        raise
    return await run_in_threadpool(folder.append, upload, at, bytes(waiting))


def disconnected(_request: Request, _error: Exception) -> Response:
    """Nobody is left to read this answer; it only keeps the log free of a trace."""
    return Response(status_code=400, headers=_TUS)

