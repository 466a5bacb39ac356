"""Who this tablet is to central: device id, accounts and their keys, and central's own key; kept twice, durably.

A key belongs to one account on one device; a shared tablet holds several. The second copy, a small file each, lets a
damaged database be rebuilt without enrolling again.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError
from sqlite_utils import Database

from schemas.canonical import canonical
from schemas.entries import Frozen
from schemas.errors import Code, LedgerError
from schemas.ids import AccountId, DeviceId, KeyId, PublicKey, UnitId, key_id
from sync.device.database import row_sum
from sync.device.ports import Files

FOLDER = "identity"


class Identity(Frozen):
    """One account on this device. `log` and `log_public_key` are central's, checked against the enrolment code."""

    account: AccountId
    device: DeviceId
    key_name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    public_key: PublicKey
    role: str
    units: list[UnitId]
    log: KeyId
    log_public_key: PublicKey
    enrolled_ms: int


async def write_copy(files: Files, identity: Identity) -> None:
    """Write the durable second copy. It holds no secret: private keys stay in the key store."""
    data = canonical(identity.model_dump(mode="json"))
    await files.write(_copy_name(identity), data)


async def read_copies(files: Files) -> list[Identity]:
    """Every identity whose second copy is whole: it fits its own name, and central's key its fingerprint."""
    found = []
    for name in await files.names(FOLDER):
        try:
            identity = Identity.model_validate_json(await files.read(name))
        except ValidationError:
            continue
        log_key = key_id(bytes.fromhex(identity.log_public_key))
        if name == _copy_name(identity) and identity.log == log_key:
            found.append(identity)
    return found


async def compare_copies(database: Database, files: Files) -> None:
    """Write the copies that a crash left out. Raises LedgerError(DATABASE_DAMAGED) where a copy's row is gone."""
    known = {(identity.account, identity.device): identity for identity in every(database)}
    copies = {(copy.account, copy.device) for copy in await read_copies(files)}
    if not copies <= set(known):
        raise LedgerError(Code.DATABASE_DAMAGED, reason="it does not know who is enrolled here")
    for name in set(known) - copies:
        await write_copy(files, known[name])


def put(database: Database, identity: Identity) -> None:
    """Store or renew an identity, inside the caller's transaction."""
    content = identity.model_dump_json()
    database.conn.execute(
        "INSERT OR REPLACE INTO identities VALUES (?,?,?,?)",
        [identity.account, identity.device, content, row_sum(content)],
    )


def every(database: Database) -> list[Identity]:
    """All identities, the newest enrolment first."""
    rows = database.conn.execute("SELECT content, sum FROM identities").fetchall()
    if any(row_sum(content) != total for content, total in rows):
        raise LedgerError(Code.DATABASE_DAMAGED, reason="an identity does not match its sum")
    found = [Identity.model_validate_json(content) for content, _ in rows]
    return sorted(found, key=lambda identity: (-identity.enrolled_ms, identity.device, identity.account))


def of_account(database: Database, account: str) -> Identity | None:
    """The newest identity of `account`, or None where it has not enrolled here."""
    return next((identity for identity in every(database) if identity.account == account), None)


def _copy_name(identity: Identity) -> str:
    return f"{FOLDER}/{identity.device}.{identity.account}.json"
