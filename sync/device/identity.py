"""Who this tablet is to central: device id, accounts and their keys, and central's own key; kept twice, durably.

A key belongs to one account on one device; a shared tablet holds several. The second copy, a small file each, lets a
damaged database be rebuilt without enrolling again.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlite_utils import Database

from schemas.canonical import canonical
from schemas.entries import Frozen
from schemas.ids import AccountId, DeviceId, KeyId, PublicKey, UnitId
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
    await files.write(f"{FOLDER}/{identity.device}.{identity.account}.json", data)


async def read_copies(files: Files) -> list[Identity]:
    """Every identity that has a second copy."""
    names = await files.names(FOLDER)
    return [Identity.model_validate_json(await files.read(name)) for name in names]


def put(database: Database, identity: Identity) -> None:
    """Store or renew an identity, inside the caller's transaction."""
    database.conn.execute(
        "INSERT OR REPLACE INTO identities VALUES (?,?,?)",
        [identity.account, identity.device, identity.model_dump_json()],
    )


def every(database: Database) -> list[Identity]:
    """All identities, the newest enrolment first."""
    rows = database.conn.execute("SELECT content FROM identities").fetchall()
    found = [Identity.model_validate_json(row[0]) for row in rows]
    return sorted(found, key=lambda identity: (-identity.enrolled_ms, identity.device, identity.account))


def of_account(database: Database, account: str) -> Identity | None:
    """The newest identity of `account`, or None where it has not enrolled here."""
    return next((identity for identity in every(database) if identity.account == account), None)
