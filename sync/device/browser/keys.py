"""The Keys port on WebCrypto: a key never leaves the browser's own store, not even towards this code."""

from __future__ import annotations

from typing import Any

from schemas.errors import Code, LedgerError
from sync.device.browser.javascript import load, module, problems_named, to_js


class WebCryptoSigner:
    """One key: a handle on what the browser holds."""

    def __init__(self, pair: Any, public_key: bytes) -> None:
        self._pair = pair
        self._public = public_key

    @property
    def public_key(self) -> bytes:
        """See `Signer.public_key`."""
        return self._public

    @property
    def extractable(self) -> bool:
        """Whether any script could read the private key out of the browser; always False."""
        return bool(self._pair.privateKey.extractable)

    async def sign(self, message: bytes) -> bytes:
        """See `Signer.sign`."""
        signature: bytes = (await load("webcrypto.js").sign(self._pair, to_js(message))).to_bytes()
        return signature

    def __repr__(self) -> str:
        return f"WebCryptoSigner(public_key={self._public.hex()})"


class WebCryptoKeys:
    """Keys in the IndexedDB of this origin, one database per `home`; `indexed.js` says what survives."""

    def __init__(self, home: str = "ledger") -> None:
        self._database = f"{home}-keys"
        self._crypto = load("webcrypto.js")
        self._indexed = load("indexed.js")

    async def create(self, name: str) -> WebCryptoSigner:
        """See `Keys.create`; the key that it gives is the one read back from the store.

        Raises LedgerError(DURABILITY_NOT_AVAILABLE) where the browser has no Ed25519.
        """
        if not name:
            raise ValueError("a key needs a name")
        if not getattr(module("js").crypto, "subtle", None):
            raise LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason="no WebCrypto: needs https or localhost")
        problems: dict[str, Exception] = {
            "ConstraintError": ValueError(f"there is a key named {name!r} already"),
            "NotSupportedError": LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason="no Ed25519 in this browser"),
        }
        with problems_named(problems):
            await self._indexed.add(self._database, name, await self._crypto.generate())
        signer = await self.load(name)
        if signer is None:
            raise LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason="the browser did not keep the key")
        return signer

    async def load(self, name: str) -> WebCryptoSigner | None:
        """See `Keys.load`."""
        if not name:
            raise ValueError("a key needs a name")
        pair = await self._indexed.get(self._database, name)
        if pair is None:
            return None
        return WebCryptoSigner(pair, (await self._crypto.publicBytes(pair)).to_bytes())

    async def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """See `Keys.verify`."""
        return bool(await self._crypto.verify(to_js(public_key), to_js(message), to_js(signature)))
