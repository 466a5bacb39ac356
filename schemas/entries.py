"""The entry: one immutable, signed fact in the log. Everything else in this software is derived from entries.

The envelope is the same for every kind; what a kind carries stands in `bodies.py`. An entry's *name* is the SHA-256
of its canonical JSON, signature included; a device's entries form a chain by naming the one before (`prev_hash`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from schemas.canonical import Json, canonical, sha256_hex
from schemas.errors import Code, LedgerError
from schemas.ids import AccountId, DeviceId, EntryId, KeyId, Sha256, Signature, Subject, UnitId

ALGORITHM = "ed25519"
GENESIS_HASH = "0" * 64
"""`prev_hash` of a device's first entry."""
MAX_ENTRY_BYTES = 262_144
"""Largest canonical entry that a device may push (256 KiB: some 9,000 vertices)."""


MAX_PHOTO_BYTES = 26_214_400
"""Largest photo that an entry may list, a tablet keeps and central takes (25 MiB)."""


class Frozen(BaseModel):
    """Base of everything that travels: immutable, no unknown fields, no coercion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Kind(StrEnum):
    """What an entry says (design, Entries); who may say it stands in `roles.py`."""

    INSPECTION = "inspection"
    REVIEW = "review"
    FIRST_CHECK = "first_check"
    ACCEPTANCE = "acceptance"
    PARCEL = "parcel"
    PROJECT = "project"
    TARGET = "target"
    UNIT = "unit"
    SURVEY_RESULT = "survey_result"
    NEW_BUILD_QUOTA = "new_build_quota"
    GREEN_TARGET = "green_target"
    TASK = "task"
    FINDING = "finding"
    RECTIFICATION = "rectification"
    WITHDRAWAL = "withdrawal"
    RESOLUTION = "resolution"
    GAP_CLOSED = "gap_closed"
    REGISTER = "register"
    DEVICE = "device"
    EVIDENCE = "evidence"


class Instant(Frozen):
    """A moment as a device's clock showed it: Unix milliseconds and minutes east of UTC.

    The range is wide on purpose (years 1970 to 9999): a wrong clock is a fact to be judged (D11), not an error.
    """

    ms: Annotated[int, Field(ge=0, le=253_402_300_799_999)]
    offset_min: Annotated[int, Field(ge=-840, le=840)]


class Checkpoint(Frozen):
    """A signed tree head of the central log: `root` over the first `size` rows, said at `at_ms` (server time)."""

    log: KeyId
    size: Annotated[int, Field(ge=0, le=2**53 - 1)]
    root: Sha256
    at_ms: Annotated[int, Field(ge=0)]
    sig: Signature

    def signed_bytes(self) -> bytes:
        """What central's key signs; its shape differs from an entry's, so neither can pass for the other."""
        return canonical({"checkpoint": self.model_dump(exclude={"sig"})})


class Entry(Frozen):
    """The envelope. `kind` and `schema_` are open text and number here: what this version does not know is kept too."""

    id: EntryId
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,31}$")]
    schema_: Annotated[int, Field(ge=1, le=1_000_000, alias="schema")]
    unit: UnitId
    author: AccountId
    device: DeviceId
    device_seq: Annotated[int, Field(ge=1, le=2**53 - 1)]
    prev_hash: Sha256
    about: Annotated[list[Subject], Field(max_length=500)]
    supersedes: EntryId | None
    observed_at: Instant
    recorded_at: Instant
    checkpoint: Checkpoint | None
    auth: Annotated[str, Field(pattern=r"^[a-z][a-z0-9:+_-]{0,63}$")] | None
    body: dict[str, Json]
    alg: Literal["ed25519"]
    key: KeyId
    sig: Signature


class Disposition(StrEnum):
    """What central decided about an appended entry; a refused one never reaches the fold."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class LogRow(Frozen):
    """One row of the central log as the Merkle tree covers it: the entry's name and central's verdict on it."""

    seq: Annotated[int, Field(ge=1)]
    entry: Sha256
    received_ms: Annotated[int, Field(ge=0)]
    disposition: Disposition
    reason: str | None

    def leaf_data(self) -> bytes:
        """The bytes that are hashed into the tree."""
        return leaf_data(self.seq, self.entry, self.received_ms, self.disposition.value, self.reason)


def leaf_data(seq: int, entry: str, received_ms: int, disposition: str, reason: str | None) -> bytes:
    """What the Merkle tree covers of a row: order, time of receipt and verdict, not the entry's name alone."""
    return canonical(
        {"seq": seq, "entry": entry, "received_ms": received_ms, "disposition": disposition, "reason": reason}
    )


def parse_entry(raw: JsonValue) -> Entry:
    """The entry in `raw`. Raises LedgerError(SIGNATURE_MISSING or BODY_INVALID) naming the field at fault.

    No field has a default and none is coerced, so the canonical bytes of `raw` are those of the entry.
    """
    if isinstance(raw, dict) and not raw.get("sig"):
        raise LedgerError(Code.SIGNATURE_MISSING)
    try:
        return Entry.model_validate(raw)
    except ValidationError as error:
        raise LedgerError(Code.BODY_INVALID, where=first_fault(error)) from error


def entry_json(entry: Entry) -> dict[str, JsonValue]:
    """The entry as it travels."""
    return entry.model_dump(by_alias=True)


def entry_bytes(entry: Entry) -> bytes:
    """The canonical bytes of the entry, signature included: what is stored, named and hashed."""
    return canonical(entry_json(entry))


def entry_hash(entry: Entry) -> str:
    """The entry's name: SHA-256 of its canonical bytes."""
    return sha256_hex(entry_bytes(entry))


def signed_part(data: bytes, signature: str) -> bytes:
    """What the author's key signed, cut out of an entry's canonical bytes: `signed_bytes` without encoding again.

    Names are in order, so after an entry's own signature only `supersedes` and `unit` follow, which cannot contain it:
    the last occurrence is the one.
    """
    before, _, after = data.rpartition(f',"sig":"{signature}"'.encode())
    return before + after


def signed_bytes(fields: dict[str, Any]) -> bytes:
    """The canonical bytes that the author's key signs: all fields of the envelope but `sig`."""
    return canonical({name: value for name, value in fields.items() if name != "sig"})


def first_fault(error: ValidationError) -> str:
    """The first fault of a pydantic error as `field.path: what`, without the offending value (it may be personal)."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or "$"
    return f"{place}: {fault['msg']}"
