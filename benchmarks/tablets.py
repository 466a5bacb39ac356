"""Tablets for the benchmarks: a real store in a folder, enrolled without a central where none is needed."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.samples import ACCOUNT, UNIT, Pen
from schemas.ids import key_id
from sync.device.identity import Identity
from sync.device.native import DirectoryDatabase, DirectoryFiles, FileKeys, SystemClock
from sync.device.store import Tablet, TabletSettings

DEVICE = "tab-benchmark"
_KEY = "benchmark"


async def open_tablet(folder: Path) -> Tablet:
    """The store in `folder`, made where there is none."""
    settings = TabletSettings(reserve_bytes=1_000_000, min_free_bytes=0)
    home, files, keys = DirectoryDatabase(folder / "db"), DirectoryFiles(folder / "files"), FileKeys(folder / "keys")
    return await Tablet.open(home, files, keys, SystemClock(), settings)


async def enrol_alone(tablet: Tablet, folder: Path) -> Pen:
    """Give the tablet in `folder` an identity and a key without any central; the pen writes with the same key."""
    signer = await tablet.keys.create(_KEY)
    public_key = signer.public_key.hex()
    identity = Identity(
        account=ACCOUNT, device=DEVICE, key_name=_KEY, public_key=public_key, role="inspector", units=[UNIT],
        log=key_id(signer.public_key), log_public_key=public_key, enrolled_ms=tablet.clock.now_ms(),
    )  # fmt: skip
    await tablet.remember_identity(identity)
    private = load_pem_private_key((folder / "keys" / f"{_KEY}.pem").read_bytes(), password=None)
    return Pen(ACCOUNT, DEVICE, private)
