"""Canonical JSON (RFC 8785) of what is signed: objects, lists, text, whole numbers, true, false and null.

Fractions are refused, not rounded: degrees travel as × 1e9, areas as hundredths of a square metre, times as
milliseconds, and a decimal in an answer as text (design, Entries). So every implementation signs the same bytes.

For this subset the standard library's encoder gives exactly RFC 8785 (escapes, no spaces, names in order), as long as
names stay in the Basic Multilingual Plane, where code-point order equals the standard's UTF-16 order. The package
`rfc8785` is 6x slower here and serves as the oracle of the tests.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from schemas.errors import Code, LedgerError

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1

if TYPE_CHECKING:
    Json = JsonValue
else:
    # For fields whose value comes from `parse_json` and goes to `canonical`, which look at every node: pydantic's own
    # JsonValue would look a third time, five times slower than the rest of an entry's check together.
    Json = Any


def canonical(value: JsonValue) -> bytes:
    """The canonical bytes of `value`. Raises LedgerError(JSON_NOT_CANONICAL) naming the place that cannot be signed."""
    fault = _fault(value, MAX_DEPTH)
    if fault is not None:
        raise LedgerError(Code.JSON_NOT_CANONICAL, where=f"${fault[0][:80]}: {fault[1]}")
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise LedgerError(Code.JSON_NOT_CANONICAL, where="a lone surrogate") from error


def parse_json(data: bytes) -> JsonValue:
    """Parse JSON strictly: UTF-8, no NaN, no doubled names. Raises LedgerError(JSON_MALFORMED)."""
    try:
        value: JsonValue = json.loads(data.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError) as error:
        raise LedgerError(Code.JSON_MALFORMED) from error
    return value


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hex digits: the name of an entry and of a photo."""
    return hashlib.sha256(data).hexdigest()


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)
_PLAIN = frozenset({str, bool, type(None)})


def _fault(value: Any, levels: int) -> tuple[str, str] | None:
    """The place in `value` that cannot be signed, as a path, and why; None where all can.

    It looks at every value of every entry, so most are passed here without a call, and a path is made only for a fault.
    """
    kind = type(value)
    if kind in _PLAIN or (kind is int and -MAX_INTEGER <= value <= MAX_INTEGER):
        return None
    if kind is not dict and kind is not list:
        return "", "beyond 2^53" if kind is int else kind.__name__
    if levels == 0:
        return "", f"deeper than {MAX_DEPTH}"
    if kind is dict:
        for name in value:
            if type(name) is not str or not (name.isascii() or max(name) <= "\uffff"):
                return "", "a name"
    for name, inner in value.items() if kind is dict else enumerate(value):
        inner_kind = type(inner)
        if inner_kind in _PLAIN or (inner_kind is int and -MAX_INTEGER <= inner <= MAX_INTEGER):
            continue
        fault = _fault(inner, levels - 1)
        if fault is not None:
            return (f".{name}" if kind is dict else f"[{name}]") + fault[0], fault[1]
    return None


def _no_constant(name: str) -> JsonValue:
    raise ValueError(name)


def _no_doubles(pairs: list[tuple[str, JsonValue]]) -> JsonValue:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("doubled name")
    return value
