"""The ports of the tablet: what differs between a browser (OPFS, WebCrypto) and everywhere else (files,
`cryptography`).

Each port has two sides that pass the same contract test. Signing and files are async, because a browser's are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Files(Protocol):
    """Durable files under short names such as `photos/<sha256>` or `entries/000012-<hash>.json`.

    Names consist of `[a-z0-9._-]` segments joined by one or two `/`; anything else raises ValueError.
    """

    async def write(self, name: str, data: bytes) -> None:
        """Write all of `data` or nothing; returns only when it survives a power cut.

        Raises LedgerError(DISK_FULL) when there is no space; the name then has its old content or none.
        """

    async def read(self, name: str) -> bytes:
        """The bytes under `name`. Raises FileNotFoundError."""

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """`length` bytes from `start`, fewer at the end. Raises FileNotFoundError."""

    async def size(self, name: str) -> int | None:
        """Size in bytes, or None where there is no such file."""

    async def delete(self, name: str) -> None:
        """Remove `name`; no error where it is absent."""

    async def names(self, folder: str) -> list[str]:
        """Sorted full names of the complete files in `folder` (no partial ones)."""

    async def free_bytes(self) -> int:
        """Space left for this app, in bytes."""


class DatabaseHome(Protocol):
    """Where the tablet's one SQLite database lies."""

    async def connect(self) -> sqlite3.Connection:
        """Open the database, creating it where it is absent; no pragmas set yet.

        Raises LedgerError(STORE_OPEN_ELSEWHERE) when another tab or process holds it, and
        LedgerError(DURABILITY_NOT_AVAILABLE) where commits cannot be made durable.
        """

    async def set_aside(self, label: str) -> None:
        """Move a damaged database out of the way under `label`, so that `connect` starts a new one."""


class Signer(Protocol):
    """One Ed25519 key of one account on this device; the private part never leaves the port."""

    @property
    def public_key(self) -> bytes:
        """The 32 raw bytes of the public key."""

    async def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`."""


class Keys(Protocol):
    """The device's key store; keys survive a restart of the app and of the browser."""

    async def create(self, name: str) -> Signer:
        """Make a new key under `name`, durable before it returns. Raises ValueError where the name is taken."""

    async def load(self, name: str) -> Signer | None:
        """The key under `name`, or None."""

    async def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is `public_key`'s Ed25519 signature of `message`. Never raises on bad input."""


@dataclass(frozen=True)
class Request:
    """One HTTP request; `path` starts with `/` and is relative to the central address."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout_s: float = 30.0


@dataclass(frozen=True)
class Answer:
    """What came back, whoever sent it: header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request to the central address, without retries, redirects or cookies."""

    async def send(self, request: Request) -> Answer:
        """Raises LedgerError(NO_ANSWER) on any network failure, a timeout or a cut answer."""


class Clock(Protocol):
    """Time and chance, injected so that tests can replay them."""

    def now_ms(self) -> int:
        """Unix time in milliseconds, as the device believes it."""

    def offset_min(self) -> int:
        """Minutes east of UTC."""

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards within one boot of the device."""

    def random_bytes(self, count: int) -> bytes:
        """Random bytes: cryptographic in the field, seeded in a replayed test."""

    async def sleep(self, seconds: float) -> None:
        """Wait, where a caller wants to wait between tries."""
