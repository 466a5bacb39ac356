"""The desk: entries that central signs for a signed-in account, and what a district does to devices.

At the desk a refusal is an error at once and nothing is appended; there is no tablet that would need a stored answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pydantic import JsonValue

from schemas.entries import Checkpoint, Disposition, Entry, Instant, Kind, LogRow, entry_json
from schemas.errors import Code, LedgerError
from schemas.ids import CENTRAL_DEVICE
from schemas.protocol import PROTOCOL, DeskAnswer, DeskEntry
from schemas.roles import CENTRAL_ONLY, MAY_MANAGE_DEVICES, Role
from sync.central import admission, rows
from sync.central.central import Caller, Central
from sync.central.push import Appender, Prepared
from sync.central.writer import LogWriter


def append(central: Central, caller: Caller, said: Sequence[DeskEntry]) -> list[DeskAnswer]:
    """Append desk entries, all or none. Raises the LedgerError of the first that may not be made."""
    with central.store.write() as connection:
        writer = LogWriter(connection, central.key, central.clock())
        done = _append_all(central, writer, caller, said)
        checkpoint: Checkpoint = writer.finish()
    return [
        DeskAnswer(protocol=PROTOCOL, seq=row.seq, entry=entry_json(entry), checkpoint=checkpoint)
        for row, entry in done
    ]


def freeze(central: Central, caller: Caller, device: str, cause: str) -> None:
    """Stop a device until a person has looked: its entries wait on it. A revoked one stays revoked (DEVICE_REVOKED)."""
    _change(central, caller, "freeze", device, cause)


def thaw(central: Central, caller: Caller, device: str, cause: str) -> None:
    """Let a frozen device send again. A revoked one stays revoked (DEVICE_REVOKED)."""
    _change(central, caller, "thaw", device, cause)


def revoke(central: Central, caller: Caller, device: str, cause: str) -> None:
    """End a device's access; what it still holds comes in by file, after a person has decided."""
    _change(central, caller, "revoke", device, cause)


def declare_restore(central: Central, caller: Caller, cause: str) -> int:
    """Say that this log was restored from a backup, before it serves again; returns the size that it was restored to.

    Tablets that had seen more stop and ask a person; `log verify` then knows why their tree heads do not fit. Only the
    city may say so: it speaks for the whole log. Raises NOT_PERMITTED.
    """
    if caller.role is not Role.CITY:
        raise LedgerError(Code.NOT_PERMITTED)
    with central.store.write() as connection:
        writer = LogWriter(connection, central.key, central.clock())
        size = writer.size
        writer.change_device("restore", CENTRAL_DEVICE, cause, author=caller.account, auth=caller.auth)
        writer.finish()
    return size


def admit(central: Central, caller: Caller, device: str, names: Sequence[str], cause: str) -> None:
    """Let entries of a frozen or revoked device count that are in the log as refused; a person's decision, by name.

    Raises NOT_FOUND where a name is no refused entry of that device, and ID_REUSED where an entry with its id counts
    already: of two that carry one id only one ever does.
    """
    with central.store.write() as connection:
        writer = LogWriter(connection, central.key, central.clock())
        _require_manager(writer, caller, device)
        stored = rows.stored_by_hashes(connection, list(names))
        chosen = [row.entry() for row in stored.values() if row.row.disposition == Disposition.REFUSED]
        if not names or len(chosen) != len(set(names)) or any(entry.device != device for entry in chosen):
            raise LedgerError(Code.NOT_FOUND)
        ids = {entry.id for entry in chosen}
        if len(ids) < len(chosen) or rows.by_ids(connection, sorted(ids)):
            raise LedgerError(Code.ID_REUSED)
        listed: list[JsonValue] = [*sorted(stored)]
        writer.change_device("admit", device, cause, entries=listed, author=caller.account, auth=caller.auth)
        writer.finish()


def _append_all(
    central: Central, writer: LogWriter, caller: Caller, said: Sequence[DeskEntry]
) -> list[tuple[LogRow, Entry]]:
    """What the log must be asked for all of them is asked once."""
    drafts = [_draft(central, caller, item) for item in said]
    appender = Appender(central, writer, [Prepared(draft, b"", "", None, None) for draft in drafts])
    author = central.author_of(writer.connection, caller.account)
    return [
        _append_one(writer, caller, item, partial(admission.check, draft, author, appender))
        for item, draft in zip(said, drafts, strict=True)
    ]


def _append_one(
    writer: LogWriter, caller: Caller, said: DeskEntry, check: Callable[[], None]
) -> tuple[LogRow, Entry]:
    try:
        kind = Kind(said.kind)
    except ValueError as error:
        raise LedgerError(Code.KIND_UNKNOWN, kind=said.kind[:32]) from error
    if kind in CENTRAL_ONLY:
        raise LedgerError(Code.ROLE_NOT_ALLOWED)
    made = _made_before(writer, caller, said)
    if made is not None:
        return made
    check()
    return writer.say(
        kind,
        said.body,
        unit=said.unit,
        about=list(said.about),
        supersedes=said.supersedes,
        author=caller.account,
        auth=caller.auth,
        observed_at=said.observed_at,
        schema=said.schema_,
        entry_id=said.id,
    )


def _made_before(writer: LogWriter, caller: Caller, said: DeskEntry) -> tuple[LogRow, Entry] | None:
    """The entry of this id, where the same was said before and its answer was lost; ID_REUSED for other content."""
    stored = rows.by_ids(writer.connection, [said.id]).get(said.id) if said.id else None
    if stored is None:
        return None
    entry = stored.entry()
    was = (entry.author, entry.kind, entry.schema_, entry.unit, entry.about, entry.supersedes, entry.body)
    if was != (caller.account, said.kind, said.schema_, said.unit, said.about, said.supersedes, said.body):
        raise LedgerError(Code.ID_REUSED)
    return stored.row, entry


def _draft(central: Central, caller: Caller, said: DeskEntry) -> Entry:
    """The entry as it would be, unsigned, for admission to judge."""
    now = Instant(ms=central.clock(), offset_min=480)
    return Entry.model_construct(
        id=said.id or "", kind=said.kind, schema_=said.schema_, unit=said.unit, author=caller.account,
        device=CENTRAL_DEVICE, device_seq=1, prev_hash="", about=list(said.about), supersedes=said.supersedes,
        observed_at=said.observed_at or now, recorded_at=now, checkpoint=None, auth=caller.auth, body=said.body,
        alg="ed25519", key="", sig="",
    )  # fmt: skip


def _change(central: Central, caller: Caller, action: str, device: str, cause: str) -> None:
    with central.store.write() as connection:
        writer = LogWriter(connection, central.key, central.clock())
        _require_manager(writer, caller, device)
        known = writer.device(device)
        if action != "revoke" and known is not None and known.state == "revoked":
            raise LedgerError(Code.DEVICE_REVOKED)
        writer.change_device(action, device, cause, author=caller.account, auth=caller.auth)
        writer.finish()


def _require_manager(writer: LogWriter, caller: Caller, device: str) -> None:
    known = writer.device(device)
    if known is None or device == CENTRAL_DEVICE:
        raise LedgerError(Code.DEVICE_UNKNOWN, device=device)
    if caller.role not in MAY_MANAGE_DEVICES or known.unit not in caller.units:
        raise LedgerError(Code.NOT_PERMITTED)

