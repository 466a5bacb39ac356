"""What the benchmarks feed in: inspections as a form fills them (1.2 to 2 kB signed), from a device with a real key."""

from __future__ import annotations

import os
import random
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.canonical import canonical, sha256_hex
from schemas.entries import ALGORITHM, GENESIS_HASH, Checkpoint, signed_bytes
from schemas.ids import key_id, uuid7

UNIT = "DEMO-LS"
ACCOUNT = "bench-inspector"
JPEG_BYTES = 3_145_728


class Pen:
    """A device that writes its chain: each call is the next signed entry, as the JSON value that a tablet sends."""

    def __init__(self, account: str, device: str, private: Ed25519PrivateKey) -> None:
        self.account = account
        self.device = device
        self.private = private
        self.public_key = private.public_key().public_bytes_raw()
        self.head = GENESIS_HASH
        self.device_seq = 0

    def inspection(self, photos: list[str], checkpoint: Checkpoint | None = None) -> dict[str, Any]:
        """The next inspection, which lists these photos."""
        self.device_seq += 1
        now = time.time_ns() // 1_000_000
        instant = {"ms": now, "offset_min": 480}
        fields: dict[str, Any] = {
            "id": uuid7(now, os.urandom(10)),
            "kind": "inspection",
            "schema": 1,
            "unit": UNIT,
            "author": self.account,
            "device": self.device,
            "device_seq": self.device_seq,
            "prev_hash": self.head,
            "about": [f"柳树乡-{self.device_seq % 5000:04d}"],
            "supersedes": None,
            "observed_at": instant,
            "recorded_at": instant,
            "checkpoint": None if checkpoint is None else checkpoint.model_dump(),
            "auth": None,
            "body": body(self.device_seq, now, photos),
            "alg": ALGORITHM,
            "key": key_id(self.public_key),
        }
        fields["sig"] = self.private.sign(signed_bytes(fields)).hex()
        self.head = sha256_hex(canonical(fields))
        return fields


def body(number: int, now_ms: int, photos: list[str]) -> dict[str, Any]:
    """A demolition inspection: outline with eight vertices, position, photos, and the answers of its form."""
    dice = random.Random(number)  # the same bodies in every run
    lon, lat = 116_400_000_000 + dice.randrange(10**8), 39_900_000_000 + dice.randrange(10**8)
    fix = {
        "lon_e9": lon, "lat_e9": lat, "accuracy_mm": dice.randrange(2_000, 9_000), "provider": "gnss",
        "mocked": False, "gnss_ms": now_ms - 900,
    }  # fmt: skip
    ring = [[lon + dx * 45_000, lat + dy * 36_000] for dx, dy in _OUTLINE]
    return {
        "form": {"id": "demolition", "version": "2026.1", "hash": "5f" * 32},
        "facts": {
            "type": "demolition", "land_freed": "all", "site_cleared": True, "structures": [f"JZ-{number:05d}"],
            "floor_area_e2": dice.randrange(10_000, 900_000), "programme": None,
        },
        "footprint": {"type": "Polygon", "rings": [[*ring, ring[0]]]},
        "area_source": "GNSS_WALK",
        "claimed_area_e2": dice.randrange(10_000, 900_000),
        "fix": fix,
        "photos": [_photo(sha256, now_ms, fix) for sha256 in photos],
        "answers": {
            "现场情况": "建筑主体已拆除，场地基本清理完毕，东侧围墙尚存。", "残土清运": "yes", "遗留构筑物": "无",
            "核对台账面积": f"{dice.randrange(100, 9000)}.{dice.randrange(100):02d}",
        },
        "started_at": {"ms": now_ms - 600_000, "offset_min": 480},
    }  # fmt: skip


def photo_hash(number: int) -> str:
    """The name of a photo that nobody took."""
    return sha256_hex(f"photo {number}".encode())


def jpeg(size: int) -> bytes:
    """Bytes that compress as badly as a photo's, different each time."""
    return b"\xff\xd8" + os.urandom(size - 4) + b"\xff\xd9"


_OUTLINE = ((0, 0), (5, -1), (14, 1), (15, 5), (14, 9), (9, 11), (1, 8), (-1, 4))


def _photo(sha256: str, now_ms: int, fix: dict[str, Any]) -> dict[str, Any]:
    return {
        "sha256": sha256, "bytes": JPEG_BYTES, "shot": "AFTER_WIDE", "taken_at": {"ms": now_ms, "offset_min": 480},
        "monotonic_ms": 81_000_000, "fix": fix, "heading_e2": 12_250, "in_app": True,
    }  # fmt: skip
