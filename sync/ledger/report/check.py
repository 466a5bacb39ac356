"""Checking a report offline: the bytes of a file and, if the reader has it, central's public key; nothing else.

From the inside out: the document is read, its parts against their digests, these against the hash, the hash against
central's signature, the named entries against the tree head, and last what the reader sees against the document.
Whatever a stranger sent, the answer is a list of coded findings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pydantic import JsonValue

from schemas import merkle
from schemas.canonical import parse_json
from schemas.entries import ALGORITHM, leaf_data
from schemas.errors import Code, Detail, LedgerError
from schemas.ids import key_id
from sync.ledger.report import proof as proofs
from sync.ledger.report.container import Container, embedded_in_page, kind_of, parts_of, sheets_of
from sync.ledger.report.document import LAYOUT, entries_named
from sync.ledger.report.findings import Finding, Verdict
from sync.ledger.report.parts import check_parts
from sync.ledger.report.sealed import Proof, Report, hash_of, read_document
from sync.ledger.report.visible import MAX_FINDINGS, compare_page, compare_workbook
from sync.ledger.report.xlsx import DOCUMENT_SHEET

VerifySignature = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) -> whether it holds; never raises."""


def check_report(data: bytes, verify: VerifySignature, trusted: str | None = None) -> Verdict:
    """Check a file. `trusted` is central's public key (64 hex digits) or its fingerprint (32), as `trusted_key` reads
    them; without it the file is only checked against the key that it names itself."""
    container = ""
    try:
        kind = kind_of(data)
        container = kind.value
        parts = parts_of(data) if kind is Container.XLSX else {}
        report = read_document(_document(kind, data, parts))
    except LedgerError as error:
        return Verdict(container, None, (Finding(error.code, error.details),), False)
    findings = [*check_parts(report), *_seal(report, verify, trusted)]
    well_formed = not any(finding.code is Code.REPORT_DAMAGED for finding in findings)
    intact = not findings
    findings.extend(_proof(report, verify) if well_formed else ())
    if kind is not Container.JSON and well_formed:
        findings.extend(_visible(kind, data, parts, report, intact=intact))
    return Verdict(container, report, tuple(findings[: 2 * MAX_FINDINGS]), trusted is not None)


def trusted_key(text: str) -> str:
    """The key or fingerprint in what a person gives: hex digits, alone or in a file's text or JSON.

    Raises LedgerError(REPORT_KEY_UNREADABLE).
    """
    stripped = text.strip()
    if len(stripped) > 100_000:
        raise LedgerError(Code.REPORT_KEY_UNREADABLE, reason="too long")
    if stripped.startswith("{"):
        try:
            value = parse_json(stripped.encode())
        except LedgerError as error:
            raise LedgerError(Code.REPORT_KEY_UNREADABLE, reason="not JSON") from error
        named = [value.get(name) for name in ("public_key", "key", "log")] if isinstance(value, dict) else []
        stripped = next((one for one in named if isinstance(one, str)), "")
    if re.fullmatch(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{32}", stripped) is None:
        raise LedgerError(Code.REPORT_KEY_UNREADABLE, reason="neither 64 nor 32 hex digits")
    return stripped.lower()


def _document(kind: Container, data: bytes, parts: dict[str, bytes]) -> bytes:
    if kind is Container.JSON:
        return data.removeprefix(b"\xef\xbb\xbf")
    if kind is Container.HTML:
        return embedded_in_page(data)
    for sheet in sheets_of(parts):
        if sheet.name == DOCUMENT_SHEET:
            chunks = sorted((row, text) for (row, column), text in sheet.cells.items() if column == 0)
            return "".join(text for _, text in chunks).encode("utf-8", "replace")
    raise LedgerError(Code.REPORT_DAMAGED, reason="the workbook holds no document")


def _seal(report: Report, verify: VerifySignature, trusted: str | None) -> Iterator[Finding]:
    seal, header = report.seal, report.contents.header
    if hash_of(report.digest) != seal.hash:
        yield _found(Code.REPORT_HASH_WRONG)
    public_key = bytes.fromhex(seal.public_key)
    named = (header.get("log"), header.get("position"), header.get("root"))
    sealed = (seal.log, seal.position, seal.root)
    named_alike = seal.alg == ALGORITHM and key_id(public_key) == seal.log and sealed == named
    if not (named_alike and verify(public_key, seal.signed_bytes(), bytes.fromhex(seal.sig))):
        yield _found(Code.REPORT_SIGNATURE_WRONG)
    if trusted is not None and trusted not in (seal.public_key, key_id(public_key)):
        yield _found(Code.REPORT_KEY_WRONG, found=key_id(public_key), trusted=trusted)


def _proof(report: Report, verify: VerifySignature) -> Iterator[Finding]:
    proof, seal = report.proof, report.seal
    head = proof.checkpoint
    public_key = bytes.fromhex(seal.public_key)
    if head.log != seal.log or not verify(public_key, head.signed_bytes(), bytes.fromhex(head.sig)):
        yield _found(Code.REPORT_CHECKPOINT_WRONG, what="its signature is not the log's")
    path = [bytes.fromhex(one) for one in proof.consistency]
    ends = bytes.fromhex(seal.root), bytes.fromhex(head.root)
    if not merkle.verify_consistency(seal.position, head.size, *ends, path):
        yield _found(Code.REPORT_CHECKPOINT_WRONG, what="the tree at the report's position is not part of it")
    leaves = _leaves(proof)
    if leaves is None:
        yield _found(Code.REPORT_PROOF_WRONG, what="its rows are not rows of a log")
        return
    if leaves:
        root = proofs.root_from(leaves, seal.position, [bytes.fromhex(one) for one in proof.hashes])
        if root is None or root.hex() != seal.root:
            yield _found(Code.REPORT_PROOF_WRONG, what="rows and hashes do not give the root")
    elif proof.hashes:
        yield _found(Code.REPORT_PROOF_WRONG, what="hashes without rows")
    missing = sorted(entries_named(report.contents) - {str(row[1]) for row in proof.rows})
    if missing:
        what = f"{len(missing)} entries are named and not proven: {missing[0][:40]}"
        yield _found(Code.REPORT_PROOF_WRONG, what=what)


def _leaves(proof: Proof) -> list[tuple[int, bytes]] | None:
    leaves: list[tuple[int, bytes]] = []
    for row in proof.rows:
        if len(row) != 6:
            return None
        seq, entry_id, entry, received_ms, disposition, reason = row
        numbers = isinstance(seq, int) and seq >= 1 and isinstance(received_ms, int)
        texts = isinstance(entry_id, str) and isinstance(entry, str) and isinstance(disposition, str)
        if not (numbers and texts and (reason is None or isinstance(reason, str))):
            return None
        try:
            data = leaf_data(int(seq or 0), str(entry), int(received_ms or 0), str(disposition), reason)
        except LedgerError:
            return None
        leaves.append((int(seq or 0) - 1, merkle.leaf_hash(data)))
    return leaves


def _visible(kind: Container, data: bytes, parts: dict[str, bytes], report: Report, *, intact: bool) -> list[Finding]:
    layout: JsonValue = report.contents.header.get("layout")
    if layout != LAYOUT:
        return [_found(Code.REPORT_LAYOUT_UNKNOWN, layout=str(layout)[:20], known=LAYOUT)]
    try:
        if kind is Container.HTML:
            return compare_page(data, report, intact=intact)
        return compare_workbook(data, parts, report, intact=intact)
    except LedgerError as error:
        return [Finding(error.code, error.details)]


def _found(code: Code, **details: Detail) -> Finding:
    return Finding(code, details)
