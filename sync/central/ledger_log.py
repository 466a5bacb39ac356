"""The central log as the ledger reads it: rows with the role of their author, admitted ones once they are admitted."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from schemas.canonical import parse_json
from schemas.entries import Disposition, Kind
from sync.central import rows
from sync.central.accounts import read_accounts
from sync.central.tables import entries
from sync.ledger.book.builder import LogLine


def ledger_lines(connection: Connection, after: int, upto: int) -> Iterator[LogLine]:
    """Rows after position `after` up to `upto`, in order. A refused row that an entry among them admits comes again
    behind that entry and counts, so whoever has read up to a position has read what counts there.

    The log does not carry roles; they come from the accounts, where a role never changes (`accounts.put_account`).
    """
    roles = {name: account.role.value for name, account in read_accounts(connection).items()}
    columns = (entries.c.seq, entries.c.author, entries.c.received_ms, entries.c.disposition, entries.c.bytes)
    query = select(*columns).where(entries.c.seq > after, entries.c.seq <= upto).order_by(entries.c.seq)
    with connection.execution_options(yield_per=1000).execute(query) as found:
        for row in found:
            entry = parse_json(bytes(row.bytes))
            if not isinstance(entry, dict):
                continue
            counts = row.disposition == Disposition.ACCEPTED.value
            yield LogLine(row.seq, row.received_ms, counts, entry, roles.get(row.author))
            body = entry["body"]
            if counts and entry["kind"] == Kind.DEVICE and isinstance(body, dict) and body.get("action") == "admit":
                yield from _admitted(connection, body.get("entries"), roles)


def _admitted(connection: Connection, names: object, roles: dict[str, str]) -> Iterator[LogLine]:
    chosen = [str(name) for name in names] if isinstance(names, list) else []
    for stored in rows.stored_by_hashes(connection, chosen).values():
        entry = parse_json(stored.data)
        if isinstance(entry, dict):
            role = roles.get(str(entry["author"]))
            yield LogLine(stored.row.seq, stored.row.received_ms, True, entry, role)
