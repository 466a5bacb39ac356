"""A sealed report: its contents, their hash, central's signature over it, and the proof from the log, as one document.

The seal says who made the file and with which software; these are signed, but they are no part of the hash. Signing
and reading the log are left to whoever makes a report (`sync/commands/report.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError

from schemas.canonical import canonical, parse_json, sha256_hex
from schemas.entries import ALGORITHM, Checkpoint, Frozen, LogRow, first_fault
from schemas.errors import Code, LedgerError
from schemas.ids import KeyId, PublicKey, Sha256, Signature, key_id
from sync.ledger.report.document import FORMAT, VERSION, Contents, Rows
from sync.ledger.report.sections import ANNEX, SECTIONS

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024


class Issuer(Frozen):
    """Who had the report made: a level and its scope, not a person."""

    role: Annotated[str, Field(max_length=40)]
    scope: Annotated[str, Field(max_length=200)]


class Seal(Frozen):
    """Central's signature over the report's hash and what goes with it."""

    hash: Sha256
    log: KeyId
    position: Annotated[int, Field(ge=1)]
    root: Sha256
    software: Annotated[str, Field(max_length=100)]
    issuer: Issuer | None
    public_key: PublicKey
    alg: Annotated[str, Field(max_length=40)]
    sig: Signature

    def signed_bytes(self) -> bytes:
        """What central's key signs; its shape differs from an entry's and a checkpoint's."""
        return canonical({"report": self.model_dump(exclude={"sig"})})


class Proof(Frozen):
    """That the rows stand in the log: `rows` are [seq, entry id, entry hash, received_ms, disposition, reason].

    `checkpoint` is the first signed tree head that covers the report's position; `consistency` ties the tree at the
    position to it where it is larger. `hashes` complete the root (`proof.py`).
    """

    checkpoint: Checkpoint
    consistency: Annotated[list[Sha256], Field(max_length=200)]
    rows: list[list[str | int | None]]
    hashes: list[Sha256]


@dataclass(frozen=True)
class ProvenRow:
    """A row of the log that the report names, with the entry's id."""

    entry_id: str
    row: LogRow


@dataclass(frozen=True)
class Report:
    """A whole report. `digest` is as the file says it, which need not be that of `contents` in a stranger's file."""

    contents: Contents
    digest: Mapping[str, JsonValue]
    seal: Seal
    proof: Proof

    def document(self) -> dict[str, JsonValue]:
        """The report as JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "header": dict(self.contents.header),
            "columns": column_names(),
            "sections": dict(self.contents.sections),
            "annex": dict(self.contents.annex),
            "digest": dict(self.digest),
            "seal": self.seal.model_dump(),
            "proof": self.proof.model_dump(),
        }

    def data(self) -> bytes:
        """The canonical bytes: the JSON file, and what the other formats embed."""
        return canonical(self.document())


def seal(
    contents: Contents,
    proven: Sequence[ProvenRow],
    hashes: Sequence[bytes],
    checkpoint: Checkpoint,
    consistency: Sequence[str],
    *,
    public_key: bytes,
    sign: Callable[[bytes], bytes],
    software: str,
    issuer: Issuer | None,
) -> Report:
    """Hash, sign and bind: the last step of making a report. `proven` are in order of the log."""
    rows = [_proof_row(one) for one in proven]
    digest = whole_digest(contents, rows)
    unsigned = Seal(
        hash=hash_of(digest),
        log=key_id(public_key),
        position=_whole(contents.header["position"]),
        root=str(contents.header["root"]),
        software=software,
        issuer=issuer,
        public_key=public_key.hex(),
        alg=ALGORITHM,
        sig="0" * 128,
    )
    signed = unsigned.model_copy(update={"sig": sign(unsigned.signed_bytes()).hex()})
    proof = Proof(checkpoint=checkpoint, consistency=list(consistency), rows=rows, hashes=[one.hex() for one in hashes])
    return Report(contents, digest, signed, proof)


def whole_digest(contents: Contents, rows: Sequence[list[str | int | None]]) -> dict[str, JsonValue]:
    """The digest of the contents and of the rows of the log that go with them."""
    proven: list[JsonValue] = [list(row) for row in rows]
    return {**contents.digest(), "entries": sha256_hex(canonical(proven))}


def hash_of(digest: Mapping[str, JsonValue]) -> str:
    """The report's hash: of its digest, which holds the hash of every part."""
    return sha256_hex(canonical(dict(digest)))


def read_document(data: bytes) -> Report:
    """The report in the bytes of its JSON. Its shape is checked, nothing else is.

    Raises LedgerError: REPORT_TOO_LARGE, REPORT_DAMAGED, REPORT_FORMAT_UNKNOWN.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise LedgerError(Code.REPORT_TOO_LARGE, size_bytes=len(data), limit_bytes=MAX_DOCUMENT_BYTES)
    try:
        value = parse_json(data)
        canonical(value)  # no fractions, no depth, no lone surrogates
    except LedgerError as error:
        raise LedgerError(Code.REPORT_DAMAGED, reason=error.text("en")) from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise LedgerError(Code.REPORT_FORMAT_UNKNOWN, reason="no report in it")
    if value.get("version") != VERSION:
        raise LedgerError(Code.REPORT_FORMAT_UNKNOWN, reason=f"version {str(value.get('version'))[:20]}")
    if set(value) != {"format", "version", "header", "columns", "sections", "annex", "digest", "seal", "proof"}:
        raise _damaged("parts are missing, or there are others")
    try:
        found_seal, proof = Seal.model_validate(value["seal"]), Proof.model_validate(value["proof"])
    except ValidationError as error:
        raise _damaged(first_fault(error)) from error
    if value["columns"] != column_names():
        raise _damaged("other columns than this version has")
    header, digest = _object(value, "header"), _object(value, "digest")
    return Report(Contents(header, _tables(value, "sections"), _tables(value, "annex")), digest, found_seal, proof)


def column_names() -> dict[str, JsonValue]:
    """The columns of every section, in order, by name: how a stranger reads the rows."""
    return {section.name: [one.id for one in section.columns] for section in (*SECTIONS.values(), ANNEX)}


def _proof_row(one: ProvenRow) -> list[str | int | None]:
    row = one.row
    return [row.seq, one.entry_id, row.entry, row.received_ms, row.disposition.value, row.reason]


def _object(value: dict[str, JsonValue], name: str) -> dict[str, JsonValue]:
    found = value[name]
    if not isinstance(found, dict):
        raise _damaged(f"{name} is no object")
    return found


def _tables(value: dict[str, JsonValue], name: str) -> dict[str, Rows]:
    found: dict[str, Any] = _object(value, name)
    for key, rows in found.items():
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise _damaged(f"{name}.{key[:40]} is no table")
    if name == "sections" and set(found) != set(SECTIONS):
        raise _damaged("sections are missing, or there are others")
    return found


def _whole(value: JsonValue) -> int:
    if not isinstance(value, int):
        raise TypeError("the position is a whole number")
    return value


def _damaged(reason: str) -> LedgerError:
    return LedgerError(Code.REPORT_DAMAGED, reason=reason)
