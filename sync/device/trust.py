"""What a tablet believes of central: a signed tree head that provably extends the last one it saw, and nothing less.

A server that drops, rewrites or rolls back entries cannot prove the new head from the old one. Then sync stops, both
heads are kept as evidence, and only a person can accept another history.

The lawful case is a central that went back to a backup. The rule:

1. The operator says so in the log: the first new row is central's own `device` entry with action `restore`. A head that
   reaches that row or beyond, and was signed no later than it, belongs to the history that was given up. Whoever
   verifies the log reports such heads in entries as *lost history*, not as rewriting; any other head must be a prefix.
2. Each tablet that had seen more stops with LOG_ROLLED_BACK, or LOG_REWRITTEN once the new log has outgrown the old.
   A tablet that had seen no more than the backup goes on as if nothing had happened.
3. A person settles the alarm. Then nothing that central said is believed any longer: own entries all wait again, rows
   of others do not count until they come back with a proof, photos are taken for held only when central says so. The
   next sync pulls from the beginning, sends the own entries that did not come back and the photos that are missing.
4. What only central had made since the backup (decisions at the desk, enrolments) is lost at central. Tablets keep
   their copies as rows that do not count; a person makes those decisions again.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas import merkle
from schemas.entries import Checkpoint
from schemas.errors import Code, LedgerError
from schemas.ids import key_id
from sync.device import records
from sync.device.database import transaction
from sync.device.identity import Identity
from sync.device.ports import Keys
from sync.device.store import Tablet


async def verify_head(keys: Keys, identity: Identity, head: Checkpoint) -> None:
    """Raise LedgerError(CHECKPOINT_INVALID) unless the log that this tablet enrolled with signed `head`."""
    public_key = bytes.fromhex(identity.log_public_key)
    ours = head.log == identity.log == key_id(public_key)
    if not ours or not await keys.verify(public_key, head.signed_bytes(), bytes.fromhex(head.sig)):
        raise LedgerError(Code.CHECKPOINT_INVALID)


def extends(seen: Checkpoint | None, head: Checkpoint, proof: Sequence[str]) -> None:
    """Raise LedgerError(LOG_ROLLED_BACK or LOG_REWRITTEN) unless `head` extends what was seen before."""
    if seen is None:
        return
    if head.size < seen.size:
        raise LedgerError(Code.LOG_ROLLED_BACK, seen=seen.size, offered=head.size)
    path = [bytes.fromhex(value) for value in proof]
    roots = bytes.fromhex(seen.root), bytes.fromhex(head.root)
    if not merkle.verify_consistency(seen.size, head.size, roots[0], roots[1], [] if seen.size == 0 else path):
        raise LedgerError(Code.LOG_REWRITTEN, seen=seen.size, offered=head.size)


async def believe(tablet: Tablet, identity: Identity, head: Checkpoint, proof: Sequence[str]) -> None:
    """Verify `head` and remember it as the last one seen; keep both as evidence where it contradicts that."""
    await verify_head(tablet.keys, identity, head)
    seen = tablet.checkpoint()
    try:
        extends(seen, head, proof)
    except LedgerError as error:
        _raise_alarm(tablet, error.code, seen, head)
        raise
    if seen is None or head.size > seen.size:
        await tablet.with_room(lambda: tablet.set_meta("checkpoint", head.model_dump_json()))


def open_alarm(tablet: Tablet) -> Code | None:
    """The code of an alarm that nobody has settled; sync stays stopped while there is one."""
    row = tablet.database.conn.execute("SELECT code FROM alarms WHERE settled IS NULL LIMIT 1").fetchone()
    return Code(row[0]) if row else None


def settle_alarm(tablet: Tablet, cause: str) -> None:
    """A person accepts the history that central now shows; see the rule above. The contradiction stays in `alarms`."""
    with transaction(tablet.database) as database:
        database.conn.execute("UPDATE alarms SET settled=? WHERE settled IS NULL", [cause])
        database.conn.execute("DELETE FROM meta WHERE name IN ('checkpoint', 'cursor')")
        database.conn.execute(
            "UPDATE log SET status=NULL, code=NULL, seq=NULL, received_ms=NULL, seen=0, admitted=0,"
            " disposition=CASE own WHEN 1 THEN NULL ELSE 'refused' END, reason=CASE own WHEN 1 THEN NULL ELSE ? END",
            [Code.LOG_ROLLED_BACK.value],
        )
        database.conn.execute("UPDATE photos SET state='uploaded' WHERE state='confirmed'")
        records.rebuild(database)


def _raise_alarm(tablet: Tablet, code: Code, seen: Checkpoint | None, head: Checkpoint) -> None:
    with transaction(tablet.database) as database:
        known = database.conn.execute("SELECT 1 FROM alarms WHERE settled IS NULL").fetchone()
        if known is None:
            database.conn.execute(
                "INSERT INTO alarms (at_ms, code, seen, offered) VALUES (?,?,?,?)",
                [tablet.clock.now_ms(), code.value, seen.model_dump_json() if seen else None, head.model_dump_json()],
            )
