"""Publishing a form: one register entry for each unit that the publisher reaches, so that its tablets pull it.

A pull hands out the rows of a tablet's units, so a form that a district publishes reaches the district's tablets and
one of the city's reaches all. The id of an entry is made of unit, form and version: publishing the same again finds the
entries there and changes nothing, a unit that came later gets its own, and other content needs another version.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from schemas.entries import Kind
from schemas.errors import Code, LedgerError
from schemas.ids import uuid7
from schemas.ledger_bodies import Register
from schemas.protocol import PROTOCOL, DeskEntry
from schemas.register_fields import PublishedForm
from sync.central import desk, rows
from sync.central.central import Caller, Central

SUBTYPE = "form"


@dataclass(frozen=True)
class Published:
    """For which units an entry was appended now, and for which it was there."""

    new: tuple[str, ...]
    known: tuple[str, ...]


def publish(central: Central, caller: Caller, form: PublishedForm) -> Published:
    """Append what is missing. Raises FORM_VERSION_TAKEN, and what the desk raises (NOT_PERMITTED, ROLE_NOT_ALLOWED)."""
    ids = {unit: entry_id(unit, form.form_id, form.version) for unit in sorted(caller.units)}
    with central.store.read() as connection:
        stored = rows.by_ids(connection, sorted(ids.values()))
    known = tuple(unit for unit, name in ids.items() if name in stored)
    for unit in known:
        body = Register.model_validate(stored[ids[unit]].entry().body)
        if body.fields.get("hash") != form.hash:
            raise LedgerError(Code.FORM_VERSION_TAKEN, form=form.form_id, version=form.version)
    new = tuple(unit for unit in ids if unit not in known)
    if new:
        desk.append(central, caller, [_entry(unit, ids[unit], form, str(central.today())) for unit in new])
    return Published(new, known)


def entry_id(unit: str, form_id: str, version: str) -> str:
    """The id of the entry that publishes a version to a unit. Its time is 0: it says what, not when."""
    digest = hashlib.sha256(f"{unit}\n{form_id}\n{version}".encode()).digest()
    return uuid7(0, digest[:10])


def _entry(unit: str, name: str, form: PublishedForm, on: str) -> DeskEntry:
    body = Register(
        subtype=SUBTYPE, row=f"{form.form_id}@{form.version}"[:80], on=on, geometry=None, fields=form.model_dump()
    )
    return DeskEntry.model_validate(
        {
            "protocol": PROTOCOL, "id": name, "kind": Kind.REGISTER.value, "schema": 1, "unit": unit, "about": [],
            "supersedes": None, "observed_at": None, "body": body.model_dump(),
        }
    )  # fmt: skip
