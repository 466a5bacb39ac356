"""Handing out the log: rows of the caller's units in order, each with its proof, and proofs for whoever asks."""

from __future__ import annotations

from schemas import merkle
from schemas.canonical import parse_json
from schemas.errors import Code, LedgerError
from schemas.protocol import (
    MAX_PAGE_ROWS,
    PROTOCOL,
    CheckpointAnswer,
    ConsistencyAnswer,
    InclusionAnswer,
    PullAnswer,
    PulledRow,
)
from sync.central import rows
from sync.central.central import Caller, Central

MAX_PAGE_BYTES = 4 * 1_048_576
"""A page ends with the entry that reaches this: a tablet on a thin line should not wait for 50 MB to keep any of it."""


def pull(central: Central, caller: Caller, after: int, limit: int, from_size: int) -> PullAnswer:
    """Rows after position `after` that the caller may see, at most `limit`, proven against the answer's checkpoint."""
    limit = max(1, min(limit, MAX_PAGE_ROWS))
    with central.store.read() as connection:
        checkpoint = central.checkpoint(connection)
        units = sorted(caller.units)
        found, more = rows.page(connection, after, checkpoint.size, units, limit, MAX_PAGE_BYTES, caller.device)
        proofs = rows.inclusions(connection, [stored.row.seq for stored in found], checkpoint.size)
        consistency = rows.consistency(connection, from_size, checkpoint.size)
    pulled = []
    for stored, proof in zip(found, proofs, strict=True):
        entry = parse_json(stored.data)
        pulled.append(
            PulledRow(
                seq=stored.row.seq,
                received_ms=stored.row.received_ms,
                disposition=stored.row.disposition,
                reason=stored.row.reason,
                entry=entry if isinstance(entry, dict) else {},
                proof=proof,
            )
        )
    return PullAnswer(
        protocol=PROTOCOL,
        rows=pulled,
        scanned_to=found[-1].row.seq if more else checkpoint.size,
        more=more,
        checkpoint=checkpoint,
        consistency=consistency,
    )


def latest(central: Central, from_size: int) -> CheckpointAnswer:
    """The newest checkpoint, and the proof that it extends the tree of `from_size` rows."""
    with central.store.read() as connection:
        checkpoint = central.checkpoint(connection)
        consistency = rows.consistency(connection, from_size, checkpoint.size)
    return CheckpointAnswer(protocol=PROTOCOL, checkpoint=checkpoint, consistency=consistency)


def inclusion(central: Central, caller: Caller, seq: int, size: int | None) -> InclusionAnswer:
    """The proof that row `seq` stands in the tree of `size` rows (the newest, where None); only within one's units."""
    with central.store.read() as connection:
        checkpoint = central.checkpoint(connection)
        tree = checkpoint.size if size is None else size
        stored = rows.by_seq(connection, seq) if seq <= tree <= checkpoint.size else None
        if stored is None or stored.entry().unit not in caller.units:
            raise LedgerError(Code.NOT_FOUND)
        proof = rows.inclusions(connection, [seq], tree)[0]
    leaf = merkle.leaf_hash(stored.row.leaf_data()).hex()
    return InclusionAnswer(protocol=PROTOCOL, seq=seq, size=tree, leaf=leaf, proof=proof, checkpoint=checkpoint)


def consistency(central: Central, first: int, second: int) -> ConsistencyAnswer:
    """The proof that the tree of `second` rows extends that of `first`. Raises NOT_FOUND beyond the log's end."""
    with central.store.read() as connection:
        size = rows.size(connection)
        if not 0 <= first <= second <= size:
            raise LedgerError(Code.NOT_FOUND)
        return ConsistencyAnswer(
            protocol=PROTOCOL,
            first=first,
            second=second,
            first_root=rows.root_at(connection, first).hex(),
            second_root=rows.root_at(connection, second).hex(),
            proof=rows.consistency(connection, first, second),
        )
