"""What tablet and central say to each other over HTTP: requests, answers, receipts and limits.

`sync/device` and `sync/central` meet only here. Every JSON answer carries `protocol`; an answer without it is no answer
(a captive portal says 200 too).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from schemas.canonical import Json
from schemas.entries import Checkpoint, Disposition, Frozen, Instant
from schemas.ids import AccountId, DeviceId, EntryId, KeyId, PublicKey, Sha256, Signature, Subject, UnitId

PROTOCOL: Literal[1] = 1
PROTOCOL_HEADER = "ledger-protocol"
TUS_VERSION = "1.0.0"

MAX_BATCH_ENTRIES = 200
MAX_BATCH_BYTES = 1_048_576
MAX_PAGE_ROWS = 200
MIN_CHUNK_BYTES = 65_536
MAX_CHUNK_BYTES = 4_194_304
MAX_ENROLMENT_TEXT = 120

Protocol = Annotated[Literal[1], Field(description="version of this protocol")]
Size = Annotated[int, Field(ge=0, le=2**53 - 1)]
Millis = Annotated[int, Field(ge=0, le=2**53 - 1)]


class ReceiptStatus(StrEnum):
    """What became of one pushed entry. Only the first three are stored; `held` waits on the tablet for a person."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    GAP = "gap"
    INVALID = "invalid"
    HELD = "held"


class Receipt(Frozen):
    """Central's answer to one pushed entry, in the order of the batch.

    `entry` is the name central computed (None where the bytes could not be read as an entry); `seq`, `received_ms` and
    `disposition` are those of the log row, also for a duplicate; `notes` are discrepancy codes seen on arrival (D11b).
    """

    status: ReceiptStatus
    entry: Sha256 | None
    device_seq: int | None
    seq: int | None = None
    received_ms: int | None = None
    disposition: Disposition | None = None
    code: str | None = None
    expected: int | None = Field(default=None, description="with `gap`: the number to send again from")
    notes: list[str] = Field(default_factory=list)


class PushRequest(Frozen):
    """A batch of signed entries; `from_size` is the size of the last checkpoint that the device has verified."""

    protocol: Protocol
    from_size: Size
    entries: Annotated[list[Json], Field(max_length=MAX_BATCH_ENTRIES)]


class PushAnswer(Frozen):
    """One receipt an entry, then where the device's chain stands and a checkpoint that covers the batch."""

    protocol: Protocol
    receipts: list[Receipt]
    high_water: Annotated[int, Field(ge=0, description="the device's last number in the log")]
    head: Sha256 | None = Field(description="name of that entry; null where the number was closed as lost")
    checkpoint: Checkpoint
    consistency: list[Sha256]


class PulledRow(Frozen):
    """One log row with its entry and the proof that it stands in the tree of the answer's checkpoint."""

    seq: Annotated[int, Field(ge=1)]
    received_ms: Millis
    disposition: Disposition
    reason: str | None
    entry: dict[str, Json]
    proof: list[Sha256]


class PullAnswer(Frozen):
    """Rows of the account's units after the asked position; `scanned_to` is where to ask from next time."""

    protocol: Protocol
    rows: list[PulledRow]
    scanned_to: Size
    more: bool
    checkpoint: Checkpoint
    consistency: list[Sha256]


class EnrolRequest(Frozen):
    """A new key for the account that the code stands for; `device` names this tablet where it holds other keys.

    `sig` is the new key's signature of `signed_fields()`; `device_sig` that of a key already enrolled on `device`.
    """

    protocol: Protocol
    code: Annotated[str, Field(min_length=8, max_length=64)]
    public_key: PublicKey
    device: DeviceId | None
    app_version: Annotated[str, Field(max_length=40)]
    sig: Signature
    device_sig: Signature | None

    def signed_fields(self) -> dict[str, JsonValue]:
        """What both signatures cover."""
        return {"enrol": {"code": self.code, "public_key": self.public_key, "device": self.device}}


class EnrolAnswer(Frozen):
    """Who the tablet now is, and the key by which it will know central from now on."""

    protocol: Protocol
    account: AccountId
    device: DeviceId
    key: KeyId
    role: str
    units: list[UnitId]
    log: KeyId
    log_public_key: PublicKey
    high_water: int


class ChallengeAnswer(Frozen):
    """A nonce to sign; it names central's time, so a device with a wrong clock can sign in."""

    protocol: Protocol
    challenge: str
    server_ms: Millis


class SessionRequest(Frozen):
    """Proof that the device holds its key: the signature of {"session": challenge}."""

    protocol: Protocol
    device: DeviceId
    key: KeyId
    challenge: Annotated[str, Field(max_length=200)]
    sig: Signature


class SessionAnswer(Frozen):
    """A bearer token for sending and pulling; recording never needs one."""

    protocol: Protocol
    token: str
    expires_s: int
    account: AccountId
    role: str
    units: list[UnitId]
    device: DeviceId
    device_state: str
    high_water: int
    head: Sha256 | None
    server_ms: Millis


class DeskEntry(Frozen):
    """An entry made at the desk: central signs it on its own chain for the signed-in account.

    A client that may have to ask again (the answer was lost) names the entry itself by `id`: the same said twice under
    one id is one entry.
    """

    protocol: Protocol
    id: EntryId | None = None
    kind: str
    schema_: Annotated[int, Field(ge=1, alias="schema")]
    unit: UnitId
    about: Annotated[list[Subject], Field(max_length=500)]
    supersedes: EntryId | None
    observed_at: Instant | None
    body: dict[str, JsonValue]


class DeskAnswer(Frozen):
    """The entry as it was signed and where it stands."""

    protocol: Protocol
    seq: int
    entry: dict[str, JsonValue]
    checkpoint: Checkpoint


class CheckpointAnswer(Frozen):
    """The newest checkpoint and, where asked, the proof that it extends the one of `from_size`."""

    protocol: Protocol
    checkpoint: Checkpoint
    consistency: list[Sha256]


class InclusionAnswer(Frozen):
    """The proof that row `seq` stands in the tree of size `size`."""

    protocol: Protocol
    seq: int
    size: int
    leaf: Sha256
    proof: list[Sha256]
    checkpoint: Checkpoint


class ConsistencyAnswer(Frozen):
    """The proof that the tree of size `second` extends that of size `first`."""

    protocol: Protocol
    first: Size
    second: Size
    first_root: Sha256
    second_root: Sha256
    proof: list[Sha256]


class Sentence(Frozen):
    """What a person reads, in both languages."""

    zh: str
    en: str


class NextStep(Frozen):
    """What is to be done next on a parcel; `code` is a word that screens may branch on."""

    code: Literal[
        "not_listed", "resolve", "look_again", "demolish", "clear", "restore", "accept", "register", "nothing", "done"
    ]
    text: Sentence


class OpenDiscrepancy(Frozen):
    """A discrepancy (差异) that is open: its code, one sentence with the figures, and the entries that caused it."""

    id: str
    code: str
    text: Sentence
    entries: list[str]


class ParcelState(Frozen):
    """A parcel as central computes it; a tablet caches it and never takes it for a fact (design, Pull).

    Areas in hundredths of m², rounded once: `states_e2` by state, all add up to the parcel but for that rounding;
    `restored_e2` by land class; the others as in ledger rules §3. `remaining` is what is not yet restored of the
    baseline that counts as construction land, without slivers. `listed` is False where no row of the parcel holds any
    more in this unit; then all areas are 0.
    """

    number: Size = Field(description="where the state stands in the answers of `after`")
    parcel: Subject
    unit: UnitId
    listed: bool
    area_e2: int
    states_e2: dict[str, int]
    restored_e2: dict[str, int]
    base_e2: int
    verified_e2: int
    pending_e2: int
    green_not_reducing_e2: int
    reused_e2: int
    held_e2: int
    contested_e2: int
    accepted_e2: int
    registered_e2: int
    remaining_e2: int
    remaining: dict[str, JsonValue] | None
    next_step: NextStep
    discrepancies: list[OpenDiscrepancy]


class ParcelStatesAnswer(Frozen):
    """States of the caller's parcels that changed after a number, in its order, as of a log position.

    `scanned_to` is where to ask from next time; `log_position` and `at_ms` are those of the newest computation, whose
    `editions` name every table behind the figures.
    """

    protocol: Protocol
    log_position: Size
    at_ms: Millis
    editions: dict[str, str]
    states: list[ParcelState]
    scanned_to: Size
    more: bool


class HealthAnswer(Frozen):
    """Whether the service can read and append."""

    protocol: Protocol
    status: Literal["ok"]
    size: Size
    server_ms: Millis


class ProblemAnswer(Frozen):
    """Any error: a code of the catalogue, its words and its details."""

    protocol: Protocol
    code: str
    message_zh: str
    message_en: str
    details: dict[str, JsonValue]


class MissingPhotosAnswer(Frozen):
    """Hashes that accepted entries of the asking device list and central does not hold, at most 1,000."""

    protocol: Protocol
    missing: list[Sha256]


def enrolment_text(code: str, log: str) -> str:
    """What the QR code holds: version, one-time code, fingerprint of central's key."""
    return f"GBL1:{code}:{log}"


def read_enrolment_text(text: str) -> tuple[str, str] | None:
    """(code, fingerprint) of an enrolment text, or None where it is not one."""
    parts = text.strip().split(":")
    if len(text) > MAX_ENROLMENT_TEXT or len(parts) != 3 or parts[0] != "GBL1" or len(parts[2]) != 32:
        return None
    return parts[1], parts[2]
