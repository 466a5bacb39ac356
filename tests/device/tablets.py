"""Tablets for the tests of the store: real files, real SQLite, a key of their own; no central needed to record."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from schemas.ids import key_id
from sync.device.identity import Identity
from sync.device.native import DirectoryDatabase, DirectoryFiles, FileKeys, SystemClock
from sync.device.store import NewEntry, Tablet, TabletSettings

ACCOUNT = "insp1"
DEVICE = "tab-000000000001"
UNIT = "DEMO-LS"
SMALL = TabletSettings(reserve_bytes=0, min_free_bytes=0, min_pull_bytes=0)


@dataclass(frozen=True)
class Place:
    """Where one tablet lies."""

    folder: Path

    @property
    def home(self) -> DirectoryDatabase:
        return DirectoryDatabase(self.folder / "db")

    @property
    def files(self) -> DirectoryFiles:
        return DirectoryFiles(self.folder / "files")

    @property
    def keys(self) -> FileKeys:
        return FileKeys(self.folder / "keys")

    async def open(self, settings: TabletSettings = SMALL) -> Tablet:
        return await Tablet.open(self.home, self.files, self.keys, SystemClock(), settings)


async def enrolled(place: Place, settings: TabletSettings = SMALL, account: str = ACCOUNT) -> Tablet:
    """An open tablet that believes itself enrolled; central's key is one that nobody holds."""
    tablet = await place.open(settings)
    signer = await tablet.keys.create(f"key-{account}")
    await tablet.remember_identity(
        Identity(
            account=account,
            device=DEVICE,
            key_name=f"key-{account}",
            public_key=signer.public_key.hex(),
            role="inspector",
            units=[UNIT],
            log=key_id(b"\1" * 32),
            log_public_key=(b"\1" * 32).hex(),
            enrolled_ms=1,
        )
    )
    return tablet


def jpeg(seed: int, size: int = 3000) -> bytes:
    """Bytes that are nobody else's photo."""
    return b"\xff\xd8" + random.Random(seed).randbytes(size - 4) + b"\xff\xd9"


def inspection(photos: dict[str, int] | None = None, parcel: str = "P-1", **more: object) -> NewEntry:
    """An inspection of `parcel` that lists these photos (hash: bytes)."""
    listed = [
        {
            "sha256": sha256, "bytes": size, "shot": "AFTER_WIDE", "taken_at": {"ms": 1, "offset_min": 480},
            "monotonic_ms": None, "fix": None, "heading_e2": None, "in_app": True,
        }
        for sha256, size in (photos or {}).items()
    ]  # fmt: skip
    facts = {
        "type": "demolition", "land_freed": "all", "site_cleared": True, "structures": [], "floor_area_e2": None,
        "programme": None,
    }  # fmt: skip
    body = {
        "form": {"id": "demolition", "version": "1", "hash": None}, "facts": facts, "footprint": None,
        "area_source": None, "claimed_area_e2": 100, "fix": None, "photos": listed, "answers": {"note": "拆除"},
        "started_at": None,
    }  # fmt: skip
    return NewEntry(**{"kind": "inspection", "schema": 1, "unit": UNIT, "about": (parcel,), "body": body, **more})  # type: ignore[arg-type]


def review(of: str, supersedes: str, outcome: str = "approve") -> NewEntry:
    """A review of the inspection `of` by someone who saw `supersedes`."""
    told = None if outcome == "approve" else "E"
    body = {"outcome": outcome, "reason": told, "text": told, "fields": []}
    return NewEntry("review", 1, UNIT, (of,), body, supersedes=supersedes)


def withdrawal(of: str, supersedes: str) -> NewEntry:
    return NewEntry("withdrawal", 1, UNIT, (of,), {"cause": "误录"}, supersedes=supersedes)
