"""Carrying out a plan: all of it in one transaction, at the log position that it was made at, or none of it.

What is slow (signing, hashing) is done before the lock; under it rows, nodes and the checkpoint are written. Tablets
that push meanwhile are told to come again (BUSY, 429 with Retry-After) and lose nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, select

from schemas.errors import Code, LedgerError
from schemas.roles import MAY_AUTHOR, Role, may_author
from sync.central.central import Caller, Central
from sync.central.tables import entries
from sync.central.writer import LogWriter
from sync.imports.chain import Chain, signed_chains
from sync.imports.planned import ImportPlan, Progress, quiet
from sync.imports.reach import Reach

_AT_A_TIME = 5000
_IMPORTED = sorted(MAY_AUTHOR[Role.CITY] & MAY_AUTHOR[Role.DISTRICT])
"""Kinds by which the ledger that a plan was compared with may have moved."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was appended: entries, the log's size afterwards, and how long the lock was held (s)."""

    entries: int
    size: int
    locked_s: float


def commit_import(central: Central, caller: Caller, plan: ImportPlan, progress: Progress = quiet) -> Imported:
    """Append what the plan says.

    Raises LedgerError: IMPORT_FAULTS where faults stop it, ACCOUNT_DISABLED, ROLE_NOT_ALLOWED, UNIT_FOREIGN,
    IMPORT_LEDGER_MOVED where another import came between, BUSY. Nothing is appended then.
    """
    plan.refuse()
    if not len(plan.drafts.rows):
        return Imported(0, plan.position, 0.0)
    chains = signed_chains(
        plan, caller, central.clock(), central.today(), lambda done, total: progress("sign", done, total)
    )
    total = sum(len(chain.run) for chain in chains)
    with central.store.write_bulk() as connection:
        began = time.perf_counter()
        writer = LogWriter(connection, central.key, central.clock())
        _admit(central, caller, plan, connection)
        devices = [_enrol(writer, caller, plan, chain) for chain in chains]
        pieces = [
            chain.run.part(at, at + _AT_A_TIME) for chain in chains for at in range(0, len(chain.run), _AT_A_TIME)
        ]
        chains.clear()  # so that what is written is given back while the database's page cache grows
        written = 0
        while pieces:
            piece = pieces.pop(0)
            writer.add_ready(piece)
            written += len(piece)
            progress("write", written, total)
        for device in devices:
            writer.change_device("revoke", device, "import ended", author=caller.account, auth=caller.auth)
        size = writer.finish().size
    return Imported(total, size, time.perf_counter() - began)


def _admit(central: Central, caller: Caller, plan: ImportPlan, connection: Connection) -> None:
    """What admission asks of every entry, asked once of all: the account as it stands now, its role, its units."""
    author = central.author_of(connection, caller.account)
    if author is None or author.disabled:
        raise LedgerError(Code.ACCOUNT_DISABLED)
    if not may_author(author.role, plan.form.kind):
        raise LedgerError(Code.ROLE_NOT_ALLOWED)
    reach = Reach(author.units, central.admin, central.today())
    for unit in sorted(set(plan.drafts.units)):
        if not reach.may_hold(plan.form, unit):
            raise LedgerError(Code.UNIT_FOREIGN, unit=unit)
    moved = select(entries.c.seq).where(entries.c.seq > plan.position, entries.c.kind.in_(_IMPORTED)).limit(1)
    if connection.execute(moved).first() is not None:
        raise LedgerError(Code.IMPORT_LEDGER_MOVED)


def _enrol(writer: LogWriter, caller: Caller, plan: ImportPlan, chain: Chain) -> str:
    """Say on central's chain whose key signs the import's chain, and for what file; the device that it enrols."""
    writer.change_device(
        "enrol",
        chain.device,
        f"import {plan.form.name} {plan.sha256} by {plan.mapping_edition}",
        unit=chain.run.units[0],
        account=caller.account,
        public_key=chain.public_key.hex(),
        key=chain.key,
        author=caller.account,
        auth=caller.auth,
    )
    return chain.device
