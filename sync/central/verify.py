"""Checking a whole central log: every row, signature, chain, node, checkpoint and photo, read raw and recomputed.

Nothing that the writer derived is trusted. A row that was changed, deleted, inserted or moved no longer fits its
leaf; who repairs the leaf breaks a signed checkpoint; who holds central's key and signs anew is contradicted by the
checkpoints that
tablets embedded in their own signed entries, and by those that they kept (`anchors`). What a log alone cannot show
is that
its newest rows are gone together with every trace: that takes an anchor, or the next sync of a tablet that had
seen them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from schemas import merkle
from schemas.bodies import check_body
from schemas.canonical import parse_json, sha256_hex
from schemas.entries import (
    GENESIS_HASH,
    Checkpoint,
    Disposition,
    Entry,
    Kind,
    entry_bytes,
    entry_json,
    leaf_data,
    parse_entry,
    signed_bytes,
)
from schemas.errors import LedgerError
from schemas.ids import CENTRAL_DEVICE, key_id
from sync.central import keys as signing
from sync.central.photos import announced
from sync.central.tables import checkpoints, entries, photos
from sync.central.verify_tree import TreeCheck

_PAGE = 500
_TOLD = frozenset({Kind.DEVICE, Kind.GAP_CLOSED, Kind.EVIDENCE})
"""Kinds that change what is known of devices and photos while the rows go by."""


@dataclass(frozen=True)
class Finding:
    """Something that does not fit: a stable code, where it is (`row 17`, `node 3/2`, `photo ab12…`), and what is
    wrong."""

    code: str
    where: str
    what: str


@dataclass(frozen=True)
class Verdict:
    """The result: how much was checked, and every finding. An empty list means that the log proves itself."""

    rows: int
    checkpoints: int
    embedded: int
    photos: int
    root: str
    findings: tuple[Finding, ...]
    given_up: int = 0
    """Heads that tablets saw in a history that central gave up for a backup, and said so in the log."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass
class _Chain:
    """A device's chain while the rows go by."""

    number: int
    head: str | None
    state: str


def verify_log(
    connection: Connection, public_key: bytes, photo_dir: Path | None, anchors: Sequence[Checkpoint] = ()
) -> Verdict:
    """Check everything that `connection` shows of the log signed by `public_key`; photos where a folder is given."""
    check = _Check(connection, public_key)
    check.rows()
    check.tree.nodes()
    signed = check.signed_heads()
    embedded = check.embedded_heads(anchors)
    held = check.photos(photo_dir) if photo_dir is not None else 0
    size = check.tree.size
    root = check.tree.root_at(size).hex()
    return Verdict(size, signed, embedded, held, root, tuple(check.findings), check.given_up)


class _Check:
    def __init__(self, connection: Connection, public_key: bytes) -> None:
        self.connection = connection
        self.findings: list[Finding] = []
        self.tree = TreeCheck(connection, self.found)
        self._public_key = public_key
        self._log = key_id(public_key)
        self._keys: dict[str, tuple[str, str, bytes]] = {}
        self._chains: dict[str, _Chain] = {}
        self._accepted: dict[str, str] = {}
        self._restores: list[tuple[int, int]] = []
        self.given_up = 0
        self._refused: dict[str, str] = {}
        self._names: set[str] = set()
        self._embedded: dict[Checkpoint, int] = {}
        self._evidence: dict[str, int] = {}
        self._gaps: set[str] = set()

    def found(self, code: str, where: str, what: str) -> None:
        self.findings.append(Finding(code, where, what))

    # -- rows ------------------------------------------------------------------------------------------------------

    def rows(self) -> None:
        """Every row in order: bytes, name, columns, signature, key, chain; its leaf and the nodes that it completes."""
        for row in self._every_row():
            while self.tree.size + 1 < row.seq:
                self.found("row_missing", f"row {self.tree.size + 1}", "the row is gone")
                self.tree.grow(self.tree.stored_leaf(self.tree.size))
            self._row(row)
            verdict = leaf_data(row.seq, row.entry_hash, row.received_ms, row.disposition, row.reason)
            self.tree.grow(merkle.leaf_hash(verdict))

    def _row(self, row: Any) -> None:
        where = f"row {row.seq}"
        try:
            entry = parse_entry(parse_json(bytes(row.bytes)))
        except LedgerError as error:
            self.found("row_unreadable", where, error.text("en"))
            return
        if entry_bytes(entry) != bytes(row.bytes) or sha256_hex(bytes(row.bytes)) != row.entry_hash:
            self.found("row_changed", where, f"entry {entry.id}: its bytes do not match its name")
        if _columns(entry) != (*tuple(row)[2:8], row.supersedes):
            self.found("row_columns", where, f"entry {entry.id}: its columns do not match its bytes")
        if row.entry_hash in self._names:
            self.found("row_doubled", where, f"entry {entry.id} stands twice")
        self._names.add(row.entry_hash)
        self._signature(where, entry, accepted=row.disposition == Disposition.ACCEPTED)
        self._chain(where, entry, row)
        accepted = row.disposition == Disposition.ACCEPTED
        # A forged head in a refused entry is why it was refused, and no fault of the log.
        if entry.checkpoint is not None and (accepted or self._said(entry.checkpoint)):
            self._embedded.setdefault(entry.checkpoint, row.seq)
        if accepted:
            self._accept(where, entry)
        else:
            self._refused[row.entry_hash] = entry.id

    def _signature(self, where: str, entry: Entry, *, accepted: bool) -> None:
        if entry.device == CENTRAL_DEVICE and entry.key == self._log:
            public_key = self._public_key
        else:
            known = self._keys.get(entry.key)
            if known is None or known[0] != entry.device:
                self.found("key_unknown", where, f"key {entry.key} was not enrolled on {entry.device} before this row")
                return
            if accepted and known[1] != entry.author:
                self.found("author", where, f"{entry.author} signed with the key of {known[1]}, and it was accepted")
            public_key = known[2]
        message = signed_bytes(entry_json(entry))
        if not signing.verify(public_key, message, bytes.fromhex(entry.sig)):
            self.found("signature", where, f"entry {entry.id}: the signature of {entry.author} does not hold")

    def _chain(self, where: str, entry: Entry, row: Any) -> None:
        chain = self._chains.setdefault(entry.device, _Chain(0, GENESIS_HASH, "active"))
        if not row.numbered:
            if row.disposition == Disposition.ACCEPTED:
                self.found("chain", where, "an entry without a number of its own cannot be accepted")
            return
        if chain.state != "active" and row.disposition == Disposition.ACCEPTED:
            self.found("chain", where, f"{entry.device} was {chain.state} and yet the entry was accepted")
        if entry.device_seq != chain.number + 1:
            self.found("chain", where, f"{entry.device}: number {entry.device_seq} follows {chain.number}")
        elif chain.head is not None and entry.prev_hash != chain.head:
            self.found("chain", where, f"{entry.device}: number {entry.device_seq} does not name the one before it")
        chain.number, chain.head = entry.device_seq, row.entry_hash

    def _accept(self, where: str, entry: Entry) -> None:
        if entry.id in self._accepted:
            self.found("id_doubled", where, f"id {entry.id} was accepted before, in {self._accepted[entry.id]}")
        self._accepted[entry.id] = where
        if entry.supersedes and entry.supersedes not in self._accepted and entry.device not in self._gaps:
            self.found("order", where, f"what it supersedes, {entry.supersedes}, does not stand before it")
        body = entry.body
        if entry.kind not in _TOLD:
            return
        try:
            check_body(entry.kind, entry.schema_, body)
        except LedgerError as error:
            self.found("row_unreadable", where, error.text("en"))
            return
        if entry.kind == Kind.DEVICE and entry.device == CENTRAL_DEVICE:
            self._device(where, entry, body)
        elif entry.kind == Kind.GAP_CLOSED:
            chain = self._chains.setdefault(str(body["device"]), _Chain(0, GENESIS_HASH, "active"))
            chain.number, chain.head = int(str(body["last"])), None
            self._gaps.add(str(body["device"]))
        elif entry.kind == Kind.EVIDENCE and isinstance(body["photos"], list):
            seq = int(where.split()[1])
            self._evidence.update({str(photo): seq for photo in body["photos"]})

    def _device(self, where: str, entry: Entry, body: Mapping[str, Any]) -> None:
        device, action = str(body["device"]), body["action"]
        chain = self._chains.setdefault(device, _Chain(0, GENESIS_HASH, "active"))
        if action == "enrol":
            self._keys[str(body["key"])] = (device, str(body["account"]), bytes.fromhex(str(body["public_key"])))
        elif action in ("freeze", "revoke", "thaw"):
            chain.state = {"freeze": "frozen", "revoke": "revoked", "thaw": "active"}[str(action)]
        elif action == "restore":
            self._restores.append((int(where.split()[1]), entry.recorded_at.ms))
        elif action == "admit" and isinstance(body["entries"], list):
            for name in map(str, body["entries"]):
                if name not in self._refused:
                    self.found("order", where, f"it admits {name}, which was not refused before it")
                else:
                    self._accepted.setdefault(self._refused[name], where)

    def _every_row(self) -> Iterator[Any]:
        after = 0
        columns = (
            entries.c.seq, entries.c.entry_hash, entries.c.id, entries.c.kind, entries.c.unit, entries.c.author,
            entries.c.device, entries.c.device_seq, entries.c.numbered, entries.c.supersedes, entries.c.received_ms,
            entries.c.disposition, entries.c.reason, entries.c.bytes,
        )  # fmt: skip
        while True:
            query = select(*columns).where(entries.c.seq > after).order_by(entries.c.seq).limit(_PAGE)
            page = self.connection.execute(query).all()
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    # -- signed heads ----------------------------------------------------------------------------------------------

    def signed_heads(self) -> int:
        """Every checkpoint that central stored: its signature, and its root over the rows of today."""
        heads = [
            Checkpoint.model_construct(log=self._log, size=row.size, root=row.root, at_ms=row.at_ms, sig=row.sig)
            for row in self.connection.execute(select(checkpoints).order_by(checkpoints.c.size))
        ]
        before = 0
        for head in heads:
            where = f"checkpoint {head.size}"
            self._head(where, head, f"rows {before + 1} to {head.size}")
            before = head.size
        if before < self.tree.size:
            self.found("unsigned", f"row {before + 1}", f"no checkpoint covers rows {before + 1} to {self.tree.size}")
        return len(heads)

    def embedded_heads(self, anchors: Sequence[Checkpoint]) -> int:
        """The checkpoints that entries embed, and those that tablets kept: each must be a prefix of this log."""
        for head, seq in self._embedded.items():
            if self._is_given_up(head):
                self.given_up += 1
                continue
            self._head(f"checkpoint {head.size} embedded in row {seq}", head, f"rows 1 to {head.size}")
            if head.size >= seq:
                self.found("order", f"row {seq}", f"its device had seen {head.size} rows, so it cannot be row {seq}")
        for head in anchors:
            self._head(f"anchor {head.size}", head, f"rows 1 to {head.size}")
        return len(self._embedded) + len(anchors)

    def _is_given_up(self, head: Checkpoint) -> bool:
        """Whether a tablet saw `head` in a history that central gave up when it went back to a backup and said so.

        It must reach the row that says so, and be signed no later: a log cannot excuse what it signed afterwards.
        """
        reaches = any(head.size >= row and head.at_ms <= said_ms for row, said_ms in self._restores)
        if not reaches or not self._said(head):
            return False
        return head.size > self.tree.size or self.tree.root_at(head.size).hex() != head.root

    def _said(self, head: Checkpoint) -> bool:
        """Whether this log's key signed the head."""
        return head.log == self._log and signing.verify(self._public_key, head.signed_bytes(), _hex(head.sig))

    def _head(self, where: str, head: Checkpoint, rows: str) -> None:
        if not self._said(head):
            self.found("checkpoint_signature", where, "it was not signed by this log's key")
        elif head.size > self.tree.size:
            self.found("rows_gone", where, f"it covers {head.size} rows and there are {self.tree.size}")
        elif self.tree.root_at(head.size).hex() != head.root:
            self.found("checkpoint_root", where, f"{rows} are not what was signed")

    # -- photos ----------------------------------------------------------------------------------------------------

    def photos(self, folder: Path) -> int:
        """Every received photo against its name, and every photo that an evidence entry says is held."""
        held: set[str] = set()
        for row in self.connection.execute(select(photos.c.sha256, photos.c.bytes).order_by(photos.c.sha256)):
            held.add(row.sha256)
            self._photo(folder, row.sha256)
        for sha256, seq in sorted(self._evidence.items()):
            if sha256 not in held:
                self.found("photo_missing", f"photo {sha256}", f"row {seq} says that it is held; it is not listed")
                self._photo(folder, sha256)
        begun = announced(folder.with_name("uploads"))  # a crash between file and row leaves what settles by itself
        for path in sorted(folder.glob("??/??/*")):
            if path.name not in held | begun:
                self.found("photo_extra", f"photo {path.name}", "a file that no upload accounts for")
        return len(held)

    def _photo(self, folder: Path, sha256: str) -> None:
        path = folder / sha256[:2] / sha256[2:4] / sha256
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            self.found("photo_missing", f"photo {sha256}", "its file is gone")
            return
        if digest != sha256:
            self.found("photo_changed", f"photo {sha256}", "its bytes do not match its name")


def _columns(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.id, entry.kind, entry.unit, entry.author, entry.device, entry.device_seq, entry.supersedes,
    )  # fmt: skip


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
