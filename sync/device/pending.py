"""Pending work as one file: what central has not answered or not confirmed yet, for the day when there is no network,
or when the device was frozen and a person brings its records in (`main.py central import-pending`).

Exporting changes nothing here: the entries wait on until central has answered for them.
"""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO

from schemas.pending import ENTRIES, MANIFEST, PHOTO_FOLDER, PendingManifest, PendingPhoto
from sync.device import log
from sync.device.identity import Identity
from sync.device.space import PHOTOS
from sync.device.store import Tablet

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # members carry no clock of ours: the same work gives the same file


@dataclass(frozen=True)
class Exported:
    """What went into the file."""

    entries: int
    photos: int
    bytes: int


async def export_pending(tablet: Tablet, identity: Identity, sink: IO[bytes]) -> Exported:
    """Write the device's waiting entries and unconfirmed photos into `sink` (which need not seek).

    A photo that is neither here nor confirmed is left out; the import lists it as missing.
    """
    waiting = log.exportable(tablet.database, identity.device)
    photos = [photo async for photo in _photos(tablet)]
    numbers = [stored.entry().device_seq for stored in waiting]
    manifest = PendingManifest(
        format="greenbelt-pending",
        version=1,
        log=identity.log,
        device=identity.device,
        made_ms=max(0, tablet.clock.now_ms()),
        entries=len(waiting),
        first=min(numbers, default=None),
        last=max(numbers, default=None),
        photos=photos,
        checkpoint=tablet.checkpoint(),
    )
    written = 0
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, data in ((MANIFEST, manifest.model_dump_json().encode()), (ENTRIES, _lines(waiting))):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), data)
            written += len(data)
        for photo in photos:
            data = await tablet.files.read(f"{PHOTOS}/{photo.sha256}")
            archive.writestr(zipfile.ZipInfo(PHOTO_FOLDER + photo.sha256, _LONG_AGO), data)
            written += len(data)
    return Exported(len(waiting), len(photos), written)


async def _photos(tablet: Tablet) -> AsyncIterator[PendingPhoto]:
    rows = tablet.database.conn.execute(
        "SELECT sha256 FROM photos WHERE state IN ('local', 'uploaded') ORDER BY sha256"
    ).fetchall()
    for (sha256,) in rows:
        size = await tablet.files.size(f"{PHOTOS}/{sha256}")
        if size:
            yield PendingPhoto(sha256=sha256, bytes=size)


def _lines(waiting: list[log.Stored]) -> bytes:
    return b"".join(stored.data + b"\n" for stored in waiting)
