"""The file in which a tablet's pending work travels without a network: what is in it, and under which names.

A ZIP with stored members only (photos do not shrink, and nothing can unfold into more than its own size): the manifest,
the signed entries one a line as their canonical bytes, and the photos under their hashes. The file needs no
signature of its own: each entry carries one, and each photo is named by its content.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.entries import MAX_PHOTO_BYTES, Checkpoint, Frozen
from schemas.ids import DeviceId, KeyId, Sha256

MANIFEST = "manifest.json"
ENTRIES = "entries.jsonl"
PHOTO_FOLDER = "photos/"
MAX_FILE_BYTES = 8 * 1024**3
MAX_ENTRIES = 200_000
MAX_MANIFEST_BYTES = 16 * 1024**2


class PendingPhoto(Frozen):
    """A photo in the file: its name and size in bytes."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=1, le=MAX_PHOTO_BYTES)]


class PendingManifest(Frozen):
    """What the file holds: one device's entries, from `first` to `last` of its numbers, for the log that it
    enrolled with."""

    format: Literal["greenbelt-pending"]
    version: Literal[1]
    log: KeyId
    device: DeviceId
    made_ms: Annotated[int, Field(ge=0)]
    entries: Annotated[int, Field(ge=0, le=MAX_ENTRIES)]
    first: int | None
    last: int | None
    photos: Annotated[list[PendingPhoto], Field(max_length=100_000)]
    checkpoint: Checkpoint | None
