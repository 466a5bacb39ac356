"""Reading the log: rows, heads, keys, tree nodes. Every function takes a connection, so that a caller's questions
see one state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Column, Connection, Select, Table, any_, bindparam, func, literal, or_, select

from schemas import merkle
from schemas.canonical import parse_json
from schemas.entries import Checkpoint, Disposition, Entry, Kind, LogRow, parse_entry
from schemas.ids import CENTRAL_DEVICE
from schemas.merkle import NodeKey
from sync.central.tables import admitted, checkpoints, devices, entries, evidence, keys, nodes, photos

COUNTS = or_(
    entries.c.disposition == Disposition.ACCEPTED.value, entries.c.entry_hash.in_(select(admitted.c.entry_hash))
)
"""Rows that count: accepted on arrival, or admitted by a person afterwards. No two of them share an id."""

_LEVEL = 1 << 48
_MOST_BOUND = 900


@dataclass(frozen=True)
class StoredEntry:
    """A log row with the entry's canonical bytes."""

    row: LogRow
    data: bytes
    numbered: bool

    def entry(self) -> Entry:
        """The entry in these bytes."""
        return parse_entry(parse_json(self.data))


@dataclass(frozen=True)
class KeyRow:
    """An enrolled key."""

    key: str
    device: str
    account: str
    public_key: bytes
    since_seq: int


@dataclass(frozen=True)
class DeviceRow:
    """Where a device's chain stands in the log; `head` is None where its last number was closed as lost."""

    device: str
    unit: str
    state: str
    high_water: int
    head: str | None
    cause: str | None = None


class TreeNodes:
    """The tree's nodes in the database, read in few questions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def nodes(self, wanted: Iterable[NodeKey]) -> Mapping[NodeKey, bytes]:
        """The hashes under `wanted` (level, index); absent ones are left out."""
        places = [place(level, index) for level, index in set(wanted)]
        found: dict[NodeKey, bytes] = {}
        for number, value in _among(self._connection, select(nodes.c.place, nodes.c.hash), nodes.c.place, places):
            found[divmod(number, _LEVEL)] = bytes(value)
        return found


def add(connection: Connection, table: Table, new: Sequence[Mapping[str, object]]) -> None:
    """Insert rows that all name the same columns, of plain values, by one statement of the driver.

    On SQLite this halves, and on PostgreSQL it quarters, what SQLAlchemy's way by single rows costs.
    """
    if not new:
        return
    add_columns(connection, table, {name: [row[name] for row in new] for name in new[0]})


def add_columns(connection: Connection, table: Table, new: Mapping[str, Sequence[object]]) -> None:
    """As `add`, for rows that come in columns, all as long as each other; none where they are empty."""
    if not len(next(iter(new.values()))):
        return
    into = f"INSERT INTO {table.name} ({', '.join(new)})"
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(new))
        connection.exec_driver_sql(f"{into} VALUES ({marks})", list(zip(*new.values(), strict=True)))
        return
    types = (table.c[name].type.compile(connection.dialect) for name in new)
    arrays = ", ".join(f"%b::{kind}[]" for kind in types)
    connection.exec_driver_sql(
        f"{into} SELECT * FROM unnest({arrays})",  # noqa: S608  # names and types of our own tables
        tuple(list(column) for column in new.values()),
    )


def place(level: int, index: int) -> int:
    """The number under which a node is stored."""
    return level * _LEVEL + index


def size(connection: Connection) -> int:
    """How many rows the log has; rows are numbered 1 to size without holes."""
    count: int = connection.execute(select(func.coalesce(func.max(entries.c.seq), 0))).scalar_one()
    return count


def latest_checkpoint(connection: Connection, log: str) -> Checkpoint | None:
    """The newest signed tree head; None before the log began."""
    row = connection.execute(select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1)).one_or_none()
    return None if row is None else Checkpoint(log=log, size=row.size, root=row.root, at_ms=row.at_ms, sig=row.sig)


def page(
    connection: Connection,
    after: int,
    upto: int,
    units: Sequence[str] | None,
    limit: int,
    most_bytes: int,
    device: str | None = None,
) -> tuple[list[StoredEntry], bool]:
    """Rows after `after` up to `upto` of these units (all, where None), in order, and whether there may be more.

    At most `limit` rows, and no further one once they hold `most_bytes`. The asking `device`'s own rows are among them
    whatever their unit: a tablet restored from an old backup must learn every number that it gave out, refused or not.
    """
    query = select(entries).where(entries.c.seq > after, entries.c.seq <= upto).order_by(entries.c.seq).limit(limit)
    if units is not None:
        query = query.where(or_(entries.c.unit.in_(units), entries.c.device == device))
    found: list[StoredEntry] = []
    held = 0
    with connection.execute(query) as result:
        for row in result:
            found.append(_stored(row))
            held += len(found[-1].data)
            if len(found) == limit or held >= most_bytes:
                return found, True
    return found, False


def by_seq(connection: Connection, seq: int) -> StoredEntry | None:
    """One row by its place in the log."""
    row = connection.execute(select(entries).where(entries.c.seq == seq)).one_or_none()
    return None if row is None else _stored(row)


def by_hashes(connection: Connection, names: Sequence[str]) -> dict[str, LogRow]:
    """The rows that these entries already have."""
    query = select(entries.c.seq, entries.c.entry_hash, entries.c.received_ms, entries.c.disposition, entries.c.reason)
    return {row.entry_hash: _log_row(row) for row in _among(connection, query, entries.c.entry_hash, names)}


def stored_by_hashes(connection: Connection, names: Sequence[str]) -> dict[str, StoredEntry]:
    """The entries of these names, with their bytes."""
    found = _among(connection, select(entries), entries.c.entry_hash, names)
    return {row.entry_hash: _stored(row) for row in found}


def by_ids(connection: Connection, ids: Sequence[str]) -> dict[str, StoredEntry]:
    """The entries with these ids that count."""
    return {row.id: _stored(row) for row in _among(connection, select(entries).where(COUNTS), entries.c.id, ids)}


def held_photos(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """The sizes, in bytes, of those of these photos that central holds."""
    query = select(photos.c.sha256, photos.c.bytes)
    return {row.sha256: row.bytes for row in _among(connection, query, photos.c.sha256, names)}


def with_evidence(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of these entries whose evidence is complete, as the log has said."""
    return {row.entry for row in _among(connection, select(evidence.c.entry), evidence.c.entry, ids)}


def number_taken(connection: Connection, device: str, device_seq: int) -> bool:
    """Whether an entry stands under this number; false where the number was closed as lost."""
    query = select(entries.c.seq).where(
        entries.c.device == device, entries.c.device_seq == device_seq, entries.c.numbered == 1
    )
    return connection.execute(query).first() is not None


def numbered_count(connection: Connection, device: str) -> int:
    """How many of the device's numbers stand in the log; fewer than its last number where some were closed as lost."""
    query = select(func.count()).select_from(entries).where(entries.c.device == device, entries.c.numbered == 1)
    count: int = connection.execute(query).scalar_one()
    return count


def declared_restore(connection: Connection) -> bool:
    """Whether central has ever said that it went back to a backup."""
    query = select(entries).where(entries.c.kind == Kind.DEVICE.value, entries.c.device == CENTRAL_DEVICE)
    return any(_stored(row).entry().body.get("action") == "restore" for row in connection.execute(query))


def key_rows(connection: Connection, ids: Iterable[str]) -> dict[str, KeyRow]:
    """Enrolled keys by id."""
    query = select(keys).where(keys.c.key.in_(list(ids)))
    return {
        row.key: KeyRow(row.key, row.device, row.account, bytes.fromhex(row.public_key), row.since_seq)
        for row in connection.execute(query)
    }


def device_row(connection: Connection, device: str) -> DeviceRow | None:
    """A device's state, or None where it never enrolled."""
    row = connection.execute(_DEVICE, {"device": device}).one_or_none()
    return None if row is None else _device(row)


_DEVICE = select(devices).where(devices.c.device == bindparam("device"))


def all_devices(connection: Connection) -> list[DeviceRow]:
    """Every device by its id."""
    return [_device(row) for row in connection.execute(select(devices).order_by(devices.c.device))]


def root_at(connection: Connection, tree_size: int) -> bytes:
    """The tree's root over the first `tree_size` rows."""
    return merkle.root(tree_size, TreeNodes(connection))


def consistency(connection: Connection, first: int, second: int) -> list[str]:
    """The proof, as hex, that the tree of `second` rows extends that of `first`; empty where `first` is beyond it."""
    if first > second:
        return []
    return [value.hex() for value in merkle.consistency_proof(first, second, TreeNodes(connection))]


def inclusions(connection: Connection, seqs: Sequence[int], tree_size: int) -> list[list[str]]:
    """For each row its inclusion proof in the tree of `tree_size`, fetched together."""
    wanted: set[NodeKey] = set()
    for seq in seqs:
        wanted.update(merkle.needed_nodes_for_inclusion(seq - 1, tree_size))
    known = merkle.MemoryNodes(TreeNodes(connection).nodes(wanted))
    return [[value.hex() for value in merkle.inclusion_proof(seq - 1, tree_size, known)] for seq in seqs]


def _among(connection: Connection, query: Select[Any], column: Column[Any], values: Sequence[object]) -> Iterator[Any]:
    """Rows of `query` whose `column` is one of `values`, however many these are.

    PostgreSQL takes them as one array, so that the statement stays the same and is prepared once.
    """
    for start in range(0, len(values), _MOST_BOUND):
        chosen = list(values[start : start + _MOST_BOUND])
        if connection.dialect.name == "postgresql":
            yield from connection.execute(query.where(column == any_(literal(chosen, ARRAY(column.type)))))
        else:
            yield from connection.execute(query.where(column.in_(chosen)))


def _stored(row: Any) -> StoredEntry:
    return StoredEntry(_log_row(row), bytes(row.bytes), bool(row.numbered))


def _log_row(row: Any) -> LogRow:
    return LogRow(
        seq=row.seq,
        entry=row.entry_hash,
        received_ms=row.received_ms,
        disposition=Disposition(row.disposition),
        reason=row.reason,
    )


def _device(row: Any) -> DeviceRow:
    return DeviceRow(row.device, row.unit, row.state, row.high_water, row.head, row.cause)
