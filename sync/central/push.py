"""Taking in a batch of signed entries: verify outside the lock, decide and append inside it, answer with receipts.

Sending anything twice, or in part, changes nothing. One entry's refusal never holds up the next; a gap stops the batch,
because later numbers cannot be checked; a fork freezes the device and keeps both sides (design, Sync).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from schemas.canonical import canonical, sha256_hex
from schemas.entries import MAX_ENTRY_BYTES, Entry, LogRow, parse_entry, signed_part
from schemas.errors import Code, LedgerError
from schemas.ids import is_entry_id
from schemas.protocol import PROTOCOL, PushAnswer, Receipt, ReceiptStatus
from sync.central import keys, rows
from sync.central.accounts import read_accounts
from sync.central.admission import Author, refusal
from sync.central.central import Caller, Central
from sync.central.rows import DeviceRow, KeyRow, StoredEntry
from sync.central.writer import LogWriter


@dataclass(frozen=True)
class Prepared:
    """One pushed value after everything that needs no lock: parsed, named, its signature checked."""

    entry: Entry | None
    data: bytes
    name: str
    key: KeyRow | None
    fault: Code | None


def push(central: Central, caller: Caller, from_size: int, raws: Sequence[JsonValue]) -> PushAnswer:
    """Append a tablet's batch. Raises LedgerError(BUSY) while a long import holds the lock; nothing is lost by it."""
    if caller.device is None:
        raise LedgerError(Code.NOT_PERMITTED)
    prepared = prepare(central, raws, caller.device)
    with central.store.write() as connection:
        writer = LogWriter(connection, central.key, central.clock())
        appender = Appender(central, writer, prepared)
        receipts = appender.take_all(caller.device)
        checkpoint = writer.finish()
        device = writer.device(caller.device)
        consistency = rows.consistency(connection, from_size, checkpoint.size)
    if device is None:
        raise LedgerError(Code.DEVICE_UNKNOWN, device=caller.device)
    return PushAnswer(
        protocol=PROTOCOL,
        receipts=receipts,
        high_water=device.high_water,
        head=device.head,
        checkpoint=checkpoint,
        consistency=consistency,
    )


def prepare(central: Central, raws: Sequence[JsonValue], device: str) -> list[Prepared]:
    """Parse, name and verify each value; a fault makes it `invalid` and never stops the others."""
    parsed = [_parse(raw) for raw in raws]
    with central.store.read() as connection:
        known = rows.key_rows(connection, {entry.key for entry, _, _ in parsed if entry is not None})
    return [_verified(entry, data, fault, known, device) for entry, data, fault in parsed]


class Appender:
    """Decides and appends a batch of prepared entries within one writer's transaction."""

    def __init__(
        self, central: Central, writer: LogWriter, prepared: Sequence[Prepared], *, by_hand: bool = False
    ) -> None:
        """`by_hand`: a person brings a file in, so a frozen or revoked device's entries are kept, as refused."""
        self._central = central
        self._writer = writer
        self._prepared = prepared
        connection = writer.connection
        whole = [item for item in prepared if item.entry is not None]
        self._known: dict[str, LogRow] = rows.by_hashes(connection, [item.name for item in whole])
        self._stored: dict[str, StoredEntry] = rows.by_ids(connection, sorted(_named_ids(whole)))
        accounts = read_accounts(connection, {item.entry.author for item in whole if item.entry is not None})
        self._authors: dict[str, Author] = {name: central.author(account) for name, account in accounts.items()}
        self._by_hand = by_hand
        self._worth: dict[str, tuple[str, Entry]] = {}
        before = [item.entry.prev_hash for item in whole if item.entry is not None] if by_hand else []
        self._branch = {name for name, row in rows.by_hashes(connection, before).items() if row.reason == Code.FORK}

    def take_all(self, device: str) -> list[Receipt]:
        """One receipt an entry, in order."""
        receipts: list[Receipt] = []
        for item in self._prepared:
            if item.entry is None or item.fault is not None:
                number = item.entry.device_seq if item.entry else None
                receipts.append(_unstored(ReceiptStatus.INVALID, item, number, item.fault))
            else:
                receipts.append(self._take(item, item.entry, device))
        return receipts

    def _take(self, item: Prepared, entry: Entry, device: str) -> Receipt:
        known = self._known.get(item.name)
        if known is not None:
            if self._by_hand and known.reason in _FOR_DEVICE_STATE and self.judge(item, entry) is None:
                self._worth[entry.id] = (item.name, entry)
            return _stored(ReceiptStatus.DUPLICATE, entry, known)
        state = self._writer.device(device)
        if state is None or state.state != "active":
            code = Code.DEVICE_REVOKED if state and state.state == "revoked" else Code.DEVICE_FROZEN
            if state is None or not self._by_hand:
                return _unstored(ReceiptStatus.HELD, item, entry.device_seq, code)
            return self._keep_by_hand(item, entry, state, code)
        if entry.device_seq > state.high_water + 1:
            gap = _unstored(ReceiptStatus.GAP, item, entry.device_seq, Code.SEQUENCE_GAP)
            return gap.model_copy(update={"expected": state.high_water + 1})
        if entry.device_seq <= state.high_water and not self._writer.number_taken(device, entry.device_seq):
            return self._append(item, entry, Code.NUMBER_CLOSED.value, numbered=False)
        if entry.device_seq <= state.high_water or state.head not in (None, entry.prev_hash):
            receipt = self._append(item, entry, Code.FORK.value, numbered=False)
            self._writer.change_device("freeze", device, f"fork at number {entry.device_seq}")
            return receipt
        return self._append(item, entry, self.judge(item, entry), numbered=True)

    def worth_admitting(self) -> list[str]:
        """Names of refused entries that only their device's state keeps from counting, in order."""
        return [name for name, _ in self._worth.values()]

    def _keep_by_hand(self, item: Prepared, entry: Entry, state: DeviceRow, code: Code) -> Receipt:
        """Append as refused what continues the device's chain, or the other branch of its fork."""
        continues = entry.device_seq == state.high_water + 1 and state.head in (None, entry.prev_hash)
        taken = entry.device_seq <= state.high_water + 1 or entry.prev_hash in self._branch
        if not continues and not taken:
            gap = _unstored(ReceiptStatus.GAP, item, entry.device_seq, Code.SEQUENCE_GAP)
            return gap.model_copy(update={"expected": state.high_water + 1})
        if self.judge(item, entry) is None:
            self._worth[entry.id] = (item.name, entry)
        if not continues:
            self._branch.add(item.name)
        return self._append(item, entry, (code if continues else Code.FORK).value, numbered=continues)

    def judge(self, item: Prepared, entry: Entry) -> str | None:
        """The reason why the entry does not count, or None."""
        if item.key is None or item.key.account != entry.author:
            return Code.AUTHOR_MISMATCH.value
        return refusal(entry, self._authors.get(entry.author), self)

    def _append(self, item: Prepared, entry: Entry, reason: str | None, *, numbered: bool) -> Receipt:
        row = self._writer.add(entry, item.data, item.name, reason, numbered=numbered)
        self._known[item.name] = row
        status = ReceiptStatus.REFUSED if reason else ReceiptStatus.ACCEPTED
        return _stored(status, entry, row)

    # -- what admission asks (admission.Log) -----------------------------------------------------------------------

    def accepted(self, entry_id: str) -> Entry | None:
        """The accepted entry with this id, of the log or of this batch."""
        fresh = self._writer.fresh(entry_id)
        if fresh is not None:
            return fresh
        if entry_id in self._worth:
            return self._worth[entry_id][1]
        stored = self._stored.get(entry_id)
        return stored.entry() if stored else None

    def device(self, device: str) -> DeviceRow | None:
        """A device's state."""
        return self._writer.device(device)

    def has_closed_gap(self, device: str) -> bool:
        """Whether a supervisor closed numbers of this device: then fewer stand in the log than its last number says."""
        known = self._writer.device(device)
        return known is not None and self._writer.numbered_count(device) < known.high_water

    def signed_by_log(self, entry: Entry) -> bool:
        """Whether the embedded checkpoint is ours."""
        return self._central.signed_by_log(entry)


_FOR_DEVICE_STATE = frozenset({Code.FORK.value, Code.DEVICE_FROZEN.value, Code.DEVICE_REVOKED.value})
"""Reasons that speak of the device, not of the entry: a person may let such an entry in."""


def clock_notes(entry: Entry, row: LogRow) -> list[str]:
    """D11b where the observation lies outside [last checkpoint seen, receipt] (ledger rules §1); shown, never
    refused."""
    not_before = entry.checkpoint.at_ms if entry.checkpoint else 0
    return [] if not_before <= entry.observed_at.ms <= row.received_ms else ["D11b"]


def _parse(raw: JsonValue) -> tuple[Entry | None, bytes, Code | None]:
    try:
        entry = parse_entry(raw)
        data = canonical(raw)
    except LedgerError as error:
        return None, b"", error.code
    return entry, data, Code.BODY_TOO_LARGE if len(data) > MAX_ENTRY_BYTES else None


def _verified(
    entry: Entry | None, data: bytes, fault: Code | None, known: dict[str, KeyRow], device: str
) -> Prepared:
    if entry is None or fault is not None:
        return Prepared(entry, data, "", None, fault or Code.BODY_INVALID)
    key = known.get(entry.key)
    if entry.device != device:
        fault = Code.DEVICE_MISMATCH
    elif key is None or key.device != device:
        fault = Code.KEY_UNKNOWN
    else:
        if not keys.verify(key.public_key, signed_part(data, entry.sig), bytes.fromhex(entry.sig)):
            fault = Code.SIGNATURE_INVALID
    return Prepared(entry, data, sha256_hex(data), key, fault)


def _named_ids(prepared: Sequence[Prepared]) -> set[str]:
    named: set[str] = set()
    for item in prepared:
        if item.entry is None:
            continue
        aside = item.entry.body.get("set_aside")
        named.update([item.entry.id, *filter(is_entry_id, item.entry.about)])
        named.update([item.entry.supersedes] if item.entry.supersedes else [])
        named.update(str(head) for head in aside) if isinstance(aside, list) else None
    return named


def _stored(status: ReceiptStatus, entry: Entry, row: LogRow) -> Receipt:
    return Receipt(
        status=status,
        entry=row.entry,
        device_seq=entry.device_seq,
        seq=row.seq,
        received_ms=row.received_ms,
        disposition=row.disposition,
        code=row.reason,
        notes=clock_notes(entry, row),
    )


def _unstored(status: ReceiptStatus, item: Prepared, number: int | None, code: Code | None) -> Receipt:
    return Receipt(status=status, entry=item.name or None, device_seq=number, code=code.value if code else None)
