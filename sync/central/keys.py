"""Central's own Ed25519 key: it signs checkpoints and the entries made at the desk, by an import or by central
itself."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import Code, LedgerError
from schemas.ids import key_id

KEY_FILE = "central.key"
SECRET_FILE = "session.secret"  # noqa: S105  # a file name


class CentralKey:
    """The signing key; its private part is never shown."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key: bytes = private.public_key().public_bytes_raw()
        self.id = key_id(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`."""
        return self._private.sign(message)


def create_key(data_dir: Path) -> CentralKey:
    """Make the key once; raises FileExistsError where there is one, because a log has one key."""
    private = Ed25519PrivateKey.generate()
    data = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_secret(data_dir / KEY_FILE, data)
    _write_secret(data_dir / SECRET_FILE, os.urandom(32))
    return CentralKey(private)


def load_key(data_dir: Path) -> CentralKey:
    """The key of this log. Raises LedgerError(STORE_NOT_READY) where there is none."""
    try:
        private = serialization.load_pem_private_key((data_dir / KEY_FILE).read_bytes(), password=None)
    except FileNotFoundError as error:
        raise LedgerError(Code.STORE_NOT_READY) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise LedgerError(Code.STORE_NOT_READY)
    return CentralKey(private)


def load_secret(data_dir: Path) -> bytes:
    """The secret that session tokens are made with; losing it only signs everyone out."""
    path = data_dir / SECRET_FILE
    if not path.exists():
        _write_secret(path, os.urandom(32))
    return path.read_bytes()


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `public_key` over `message`; False on anything malformed."""
    try:
        _loaded(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=4096)
def _loaded(public_key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public_key)


def _write_secret(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
