"""digest: a fingerprint of a text."""

from __future__ import annotations

import base64
import hashlib

from forms.xpath.errors import XPathError
from forms.xpath.registry import function

_ALGORITHMS = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}


@function("digest", "string", "string", "string", required=2, returns="string")
def digest(text: str, algorithm: str, encoding: str = "base64") -> str:
    """MD5, SHA-1, SHA-256, SHA-384 or SHA-512 of the text, in base64 or hex."""
    name = _ALGORITHMS.get(algorithm.upper().replace("-", ""))
    if name is None:
        raise XPathError(f"digest() does not know {algorithm!r}")
    fingerprint = hashlib.new(name, text.encode(), usedforsecurity=False).digest()
    match encoding.lower():
        case "base64":
            return base64.b64encode(fingerprint).decode()
        case "hex":
            return fingerprint.hex()
    raise XPathError(f"digest() does not know the encoding {encoding!r}")
