"""Names of things that travel: entries (UUIDv7), devices, accounts, implementation units, hashes, keys."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from pydantic import StringConstraints

EntryId = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
DeviceId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,31}$")]
AccountId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,63}$")]
UnitId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
# A parcel's ledger number (台账编号) or an entry's id; offices number parcels in many ways, Chinese included.
Subject = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]

CENTRAL_DEVICE = "central"
"""The device id of central's own chain, which signs what is decided at the desk or imported."""


def uuid7(now_ms: int, random: bytes) -> str:
    """A UUIDv7 (RFC 9562) of `now_ms` (Unix milliseconds) and 10 random bytes. Ids order by time within a device."""
    if len(random) != 10:
        raise ValueError("uuid7 takes 10 random bytes")
    value = (max(now_ms, 0) & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def key_id(public_key: bytes) -> str:
    """The id (fingerprint) of an Ed25519 public key: the first 32 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def is_entry_id(text: str) -> bool:
    """Whether `text` has the form of an entry id (a UUIDv7), as `about` may name parcels and entries alike."""
    return _ENTRY_ID.fullmatch(text) is not None


_ENTRY_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
