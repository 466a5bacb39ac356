"""A central log replayed from its own rows: devices, keys, gaps, admissions, restores; and its tree computed anew.

The rules read from here instead of from the tables that central derives, and instead of from the code under test.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.canonical import canonical
from schemas.entries import Checkpoint
from schemas.ids import CENTRAL_DEVICE, key_id
from sync.checker.world import CentralRow, CentralState

LEVEL = 1 << 48


@dataclass
class DeviceHistory:
    """A device as the log tells it up to some row."""

    unit: str
    state: str = "active"
    number: int = 0
    head: str | None = "0" * 64
    cause: str | None = None
    closed: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class History:
    """What the accepted rows of a log say, replayed in order."""

    devices: dict[str, DeviceHistory] = field(default_factory=dict)
    keys: dict[str, tuple[str, str, str, int]] = field(default_factory=dict)
    listed: set[tuple[str, str]] = field(default_factory=set)
    evidence: dict[str, int] = field(default_factory=dict)
    admitted: dict[str, int] = field(default_factory=dict)
    refused: dict[str, CentralRow] = field(default_factory=dict)
    restores: list[tuple[int, int]] = field(default_factory=list)
    """(row, received_ms) of each row by which central says that it went back to a backup."""


def lost_history(head: Checkpoint, restores: list[tuple[int, int]]) -> bool:
    """Whether `head` belongs to a history that a declared restore gave up.

    It must reach beyond the backup (whose rows end before the row that declares the restore) and have been signed no
    later than that row: a log cannot excuse what it signed afterwards.
    """
    return any(head.size >= row and head.at_ms <= received_ms for row, received_ms in restores)


def history(state: CentralState) -> History:
    """Replay the log."""
    told = History()
    for row in state.rows:
        replay(told, row)
    return told


def replay(told: History, row: CentralRow) -> None:
    """Add one row to a history."""
    body: dict[str, Any] = row.entry.get("body", {})
    if row.kind == "device" and row.accepted and row.device == CENTRAL_DEVICE:
        _replay_device(told, row, body)
    if row.numbered and row.device in told.devices:
        known = told.devices[row.device]
        known.number, known.head = row.device_seq, row.name
    if not row.accepted:
        told.refused[row.name] = row
    if not row.accepted or row.kind == "device":
        return
    if row.kind == "gap_closed":
        gone = told.devices.get(str(body.get("device")))
        if gone is not None:
            gone.closed.append((int(body["first"]), int(body["last"])))
            gone.number, gone.head = int(body["last"]), None
    elif row.kind == "evidence":
        told.evidence[str(row.entry["about"][0])] = row.seq
    else:
        told.listed |= {(row.id, sha256) for sha256 in listed_photos(row)}


def admitted_by(told: History, row: CentralRow) -> list[CentralRow]:
    """The refused rows that a person lets count with this row."""
    body: dict[str, Any] = row.entry.get("body", {})
    if row.kind != "device" or not row.accepted or body.get("action") != "admit":
        return []
    return [told.refused[name] for name in map(str, body["entries"]) if name in told.refused]


def listed_photos(row: CentralRow) -> set[str]:
    """The photos that a row's entry lists."""
    photos = row.entry.get("body", {}).get("photos")
    if row.kind == "evidence" or not isinstance(photos, list):
        return set()
    return {str(photo["sha256"]) for photo in photos if isinstance(photo, dict)}


def leaf_of(row: CentralRow) -> bytes:
    """The hash of a row's leaf (RFC 9162 §2.1.1)."""
    verdict = {
        "seq": row.seq,
        "entry": row.name,
        "received_ms": row.received_ms,
        "disposition": row.disposition,
        "reason": row.reason,
    }
    return hashlib.sha256(b"\x00" + canonical(verdict)).digest()  # type: ignore[arg-type]


def grow(leaves: list[bytes]) -> tuple[dict[int, bytes], list[str]]:
    """(every complete node by its place, the root after each number of leaves from 0 on)."""
    nodes: dict[int, bytes] = {}
    roots = [hashlib.sha256(b"").hexdigest()]
    peaks: list[tuple[int, bytes]] = []
    for number, leaf in enumerate(leaves):
        level, index, value = 0, number, leaf
        nodes[index] = value
        while peaks and peaks[-1][0] == level:
            _, left = peaks.pop()
            level, index, value = level + 1, index >> 1, hashlib.sha256(b"\x01" + left + value).digest()
            nodes[level * LEVEL + index] = value
        peaks.append((level, value))
        root = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        roots.append(root.hex())
    return nodes, roots


@lru_cache(maxsize=16)
def grown(leaves: tuple[bytes, ...]) -> tuple[dict[int, bytes], list[str]]:
    return grow(list(leaves))


def roots_of(state: CentralState) -> list[str]:
    """The root after each number of rows."""
    return grown(tuple(leaf_of(row) for row in state.rows))[1]


@lru_cache(maxsize=200_000)
def signed(public_key: str, message: bytes, signature: str) -> bool:
    """Whether an Ed25519 signature holds; False on anything malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def log_key(state: CentralState) -> str | None:
    """Central's public key, as the first row names it."""
    if not state.rows:
        return None
    public_key = state.rows[0].entry.get("body", {}).get("public_key")
    return public_key if isinstance(public_key, str) else None


def head_fault(
    head: Checkpoint, public_key: str | None, roots: list[str], restores: list[tuple[int, int]]
) -> str | None:
    """Why `head` is no prefix of this log, or None where it is one or belongs to a history that was given up."""
    message = head.signed_bytes()
    if public_key is None or head.log != key_id(bytes.fromhex(public_key)) or not signed(public_key, message, head.sig):
        return "not signed by this log"
    if head.size < len(roots) and roots[head.size] == head.root:
        return None
    if lost_history(head, restores):
        return None
    if head.size >= len(roots):
        return f"covers {head.size} rows of {len(roots) - 1}"
    return "its root is not that of these rows"


def embedded_head(row: CentralRow) -> Checkpoint | None:
    """The checkpoint that a row's entry embeds."""
    value = row.entry.get("checkpoint")
    return Checkpoint.model_validate(value) if isinstance(value, dict) else None


def _replay_device(told: History, row: CentralRow, body: dict[str, Any]) -> None:
    device, action = str(body["device"]), body["action"]
    if action == "enrol":
        told.devices.setdefault(device, DeviceHistory(row.unit))
        told.keys.setdefault(str(body["key"]), (device, str(body["account"]), str(body["public_key"]), row.seq))
    elif action == "admit":
        told.admitted.update({str(name): row.seq for name in body["entries"]})
        for let_in in admitted_by(told, row):
            told.listed |= {(let_in.id, sha256) for sha256 in listed_photos(let_in)}
    elif action == "restore":
        told.restores.append((row.seq, row.received_ms))
    elif device in told.devices:
        known = told.devices[device]
        known.state = {"freeze": "frozen", "thaw": "active", "revoke": "revoked"}.get(action, known.state)
        known.cause = str(body["cause"])
