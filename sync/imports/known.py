"""What the ledger holds of one kind of row, streamed from the log: enough to tell new, changed and unchanged apart.

Of each row the newest counting entry is remembered by its id and a digest, never its body; outlines are read when they
are asked for. What is read is the state at one log position.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import Connection, select

from schemas.entries import Kind
from sync.central import rows
from sync.central.tables import entries
from sync.imports.cells import encoded
from sync.imports.fields import UNIT, Form

_AT_A_TIME = 2000


@dataclass(frozen=True, slots=True)
class KnownRow:
    """The newest entry of a row: its id, whose it is, and the digest of what it says."""

    entry: str
    seq: int
    unit: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry of the log with the two parts that imports ask for, as canonical bytes."""

    seq: int
    entry: str
    unit: str
    about: bytes
    body: bytes


def digest(unit: str, about: bytes, body: bytes) -> bytes:
    """What two entries that say the same have in common: unit, about and body."""
    return blake2b(b"\n".join((unit.encode(), about, body)), digest_size=16).digest()


def stored_rows(connection: Connection, kind: Kind, subtype: str | None = None) -> Iterator[Stored]:
    """Every entry of this kind that counts, in the order of the log, a page at a time."""
    ending = None if subtype is None else f',"subtype":{encoded(subtype)}}}'.encode()
    after = 0
    columns = (entries.c.seq, entries.c.id, entries.c.unit, entries.c.bytes)
    while True:
        query = select(*columns).where(entries.c.seq > after, entries.c.kind == kind.value, rows.COUNTS)
        page = connection.execute(query.order_by(entries.c.seq).limit(_AT_A_TIME)).all()
        for row in page:
            about, body = parts(bytes(row.bytes))
            if ending is None or body.endswith(ending):
                yield Stored(row.seq, row.id, row.unit, about, body)
        if len(page) < _AT_A_TIME:
            return
        after = page[-1].seq


def parts(data: bytes) -> tuple[bytes, bytes]:
    """`about` and `body` cut out of an entry's canonical bytes.

    Names are in order, and quotes inside text are escaped: the first `,"body":` and the last `,"checkpoint":` are the
    envelope's own.
    """
    start = data.index(b',"body":')
    return data[len(b'{"about":') : data.index(b',"alg":')], data[start + 8 : data.rindex(b',"checkpoint":')]


def key_of(form: Form, stored: Stored) -> str:
    """What makes the row one thing, as the JSON text of its key's fields."""
    if form.kind is Kind.PARCEL:
        return encoded(_ledger_no(stored.body))
    body = json.loads(stored.body)
    about = json.loads(stored.about)
    values = {UNIT: stored.unit, "@parcels": about[0] if about else None} | body
    return ",".join(encoded(values.get(name)) for name in form.key)


def known_rows(connection: Connection, form: Form) -> dict[str, KnownRow]:
    """The newest entry of every row of this form, by key."""
    found: dict[str, KnownRow] = {}
    for stored in stored_rows(connection, form.kind, form.subtype):
        said = digest(stored.unit, stored.about, stored.body)
        found[key_of(form, stored)] = KnownRow(stored.entry, stored.seq, stored.unit, said)
    return found


def bodies_of(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The bodies of these entries, a page at a time."""
    for start in range(0, len(ids), _AT_A_TIME):
        for entry, stored in rows.by_ids(connection, ids[start : start + _AT_A_TIME]).items():
            yield entry, parts(stored.data)[1]


def parcel_units(connection: Connection) -> dict[str, str]:
    """The unit of every parcel, by its ledger number."""
    found: dict[str, str] = {}
    for stored in stored_rows(connection, Kind.PARCEL):
        found[_ledger_no(stored.body)] = stored.unit
    return found


def unit_outlines(connection: Connection) -> dict[str, bytes]:
    """The newest boundary of every unit that has one, as JSON text."""
    found: dict[str, bytes] = {}
    for stored in stored_rows(connection, Kind.UNIT):
        body = json.loads(stored.body)
        if body["geometry"] is None:
            found.pop(body["unit_id"], None)
        else:
            found[body["unit_id"]] = encoded(body["geometry"]).encode()
    return found


def linked_parcels(connection: Connection) -> dict[str, dict[str, None]]:
    """The quotas that each demolished parcel is linked to now, by the parcel."""
    newest: dict[tuple[str, int], list[str]] = {}
    for stored in stored_rows(connection, Kind.NEW_BUILD_QUOTA):
        body = json.loads(stored.body)
        newest[body["quota"], body["step"]] = body["demolition_parcels"]
    found: dict[str, dict[str, None]] = {}
    for (quota, _), parcels in newest.items():
        for parcel in parcels:
            found.setdefault(parcel, {})[quota] = None
    return found


def newest_parcels(connection: Connection) -> Iterator[tuple[str, str | None, str | None, bytes]]:
    """(ledger number, valid from, valid to, outline as JSON text) of every parcel as it stands."""
    newest: dict[str, int] = {}
    for stored in stored_rows(connection, Kind.PARCEL):
        newest[_ledger_no(stored.body)] = stored.seq
    for stored in stored_rows(connection, Kind.PARCEL):
        number = _ledger_no(stored.body)
        if newest[number] != stored.seq:
            continue
        start = stored.body.index(b',"geometry":{', stored.body.index(b',"baseline_on":')) + len(b',"geometry":')
        tail = json.loads(b"{" + stored.body[stored.body.rindex(b'"valid_from":') :])
        outline = stored.body[start : stored.body.index(b',"ledger_no":', start)]
        yield number, tail["valid_from"], tail["valid_to"], outline


def _ledger_no(body: bytes) -> str:
    start = body.index(b'"ledger_no":') + len(b'"ledger_no":')
    return str(json.loads(body[start : body.index(b',"name":', start)]))
