"""The Keys port on files, by `cryptography`: one private key per file, readable by its owner only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sync.device.native.durable import ProcessLock, make_folder, write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


class FileSigner:
    """One key; the object that holds the private part is never shown, copied or written by anything here."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key().public_bytes_raw()

    @property
    def public_key(self) -> bytes:
        """See `Signer.public_key`."""
        return self._public

    async def sign(self, message: bytes) -> bytes:
        """See `Signer.sign`."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"FileSigner(public_key={self._public.hex()})"


class FileKeys:
    """Keys as PKCS #8 files in `folder`, mode 0600. Encryption at rest is the tablet's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, FileSigner] = {}

    async def create(self, name: str) -> FileSigner:
        """See `Keys.create`."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        make_folder(self._folder)
        path = self._path(name)
        lock = ProcessLock(self._folder / "lock")
        try:
            if path.exists():
                raise ValueError(f"there is a key named {name!r} already")
            private = Ed25519PrivateKey.generate()
            plain = serialization.NoEncryption()
            pkcs8 = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
            write_whole(path, pkcs8, mode=0o600)
        finally:
            lock.release()
        return FileSigner(private)

    async def load(self, name: str) -> FileSigner | None:
        """See `Keys.load`. Raises ValueError where the file is no Ed25519 key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        path = self._path(name)
        if not path.is_file():
            return None
        if name in self._loaded:
            return self._loaded[name]
        private = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(private, Ed25519PrivateKey):
            raise ValueError(f"{path.name} holds no Ed25519 key")
        self._loaded[name] = FileSigner(private)
        return self._loaded[name]

    async def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """See `Keys.verify`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True

    def _path(self, name: str) -> Path:
        """Any name makes one file name: what is not plain is written as %xx, capitals too (some disks fold them)."""
        if not name:
            raise ValueError("a key needs a name")
        escaped = "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02x}" for byte in name.encode())
        return self._folder / f"{escaped}.pem"
