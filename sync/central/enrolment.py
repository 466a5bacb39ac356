"""Enrolment: a one-time code becomes a key of one account on one device, said in the log so that anyone can check it.

Codes are kept as hashes. Sending the same request again (the answer was lost) gives the same answer and changes
nothing.
"""

from __future__ import annotations

import base64
import hashlib
import os

from sqlalchemy import insert, select, update

from schemas.canonical import canonical
from schemas.errors import Code, LedgerError
from schemas.ids import key_id
from schemas.protocol import PROTOCOL, EnrolAnswer, EnrolRequest, enrolment_text
from sync.central import keys, rows
from sync.central.accounts import read_accounts
from sync.central.central import Caller, Central
from sync.central.tables import enrolment_codes
from sync.central.tables import keys as key_table
from sync.central.writer import LogWriter


def new_code(central: Central, account: str) -> str:
    """A one-time code for `account`, as the text of a QR code: it also carries the fingerprint of central's key."""
    code = base64.b32encode(os.urandom(10)).decode().lower()
    with central.store.write() as connection:
        if account not in read_accounts(connection, [account]):
            raise LedgerError(Code.ACCOUNT_UNKNOWN, account=account)
        expires = central.clock() + central.settings.enrolment_code_s * 1000
        connection.execute(
            insert(enrolment_codes).values(code_hash=_hash(code), account=account, expires_ms=expires)
        )
    return enrolment_text(code, central.key.id)


def enrol(central: Central, request: EnrolRequest) -> EnrolAnswer:
    """Enrol the key. Raises ENROLMENT_CODE_INVALID, SIGNATURE_INVALID, DEVICE_UNKNOWN, DEVICE_FROZEN,
    ACCOUNT_DISABLED."""
    public_key = bytes.fromhex(request.public_key)
    message = canonical(request.signed_fields())
    if not keys.verify(public_key, message, bytes.fromhex(request.sig)):
        raise LedgerError(Code.SIGNATURE_INVALID)
    with central.store.write() as connection:
        row = connection.execute(
            select(enrolment_codes).where(enrolment_codes.c.code_hash == _hash(request.code))
        ).one_or_none()
        if row is None or (row.used_key is None and row.expires_ms < central.clock()):
            raise LedgerError(Code.ENROLMENT_CODE_INVALID)
        if row.used_key is not None and row.used_key != key_id(public_key):
            raise LedgerError(Code.ENROLMENT_CODE_INVALID)
        caller = central.caller(connection, row.account, "enrolment-code", None, None)
        writer = LogWriter(connection, central.key, central.clock())
        device = row.used_device or _enrol_key(writer, caller, request, message)
        connection.execute(
            update(enrolment_codes)
            .where(enrolment_codes.c.code_hash == row.code_hash)
            .values(used_key=key_id(public_key), used_device=device)
        )
        writer.finish()
        known = rows.device_row(connection, device)
    return EnrolAnswer(
        protocol=PROTOCOL,
        account=caller.account,
        device=device,
        key=key_id(public_key),
        role=caller.role.value,
        units=sorted(caller.units),
        log=central.key.id,
        log_public_key=central.key.public_key.hex(),
        high_water=known.high_water if known else 0,
    )


def _enrol_key(writer: LogWriter, caller: Caller, request: EnrolRequest, message: bytes) -> str:
    device = request.device or f"tab-{os.urandom(6).hex()}"
    if request.device is not None:
        _check_shared_tablet(writer, request, message)
    name = key_id(bytes.fromhex(request.public_key))
    if rows.key_rows(writer.connection, [name]):
        raise LedgerError(Code.ENROLMENT_CODE_INVALID)  # one key, one account, one device
    writer.change_device(
        "enrol",
        device,
        f"code; app {request.app_version}",
        unit=sorted(caller.units)[0] if caller.units else "central",
        account=caller.account,
        public_key=request.public_key,
        key=name,
        author=caller.account,
        auth=caller.auth,
    )
    return device


def _check_shared_tablet(writer: LogWriter, request: EnrolRequest, message: bytes) -> None:
    """A further account on a tablet: a key that is already enrolled there must agree."""
    device = writer.device(str(request.device))
    signature = bytes.fromhex(request.device_sig or "")
    if device is None:
        # Enrolled after the backup that this log went back to: the same key may come again for the same device.
        own = bytes.fromhex(request.public_key)
        if rows.declared_restore(writer.connection) and keys.verify(own, message, signature):
            return
        raise LedgerError(Code.DEVICE_UNKNOWN, device=str(request.device))
    if device.state != "active":
        raise LedgerError(Code.DEVICE_FROZEN)
    held = writer.connection.execute(select(key_table.c.public_key).where(key_table.c.device == device.device))
    if not any(keys.verify(bytes.fromhex(public), message, signature) for (public,) in held):
        raise LedgerError(Code.SIGNATURE_INVALID)


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().lower().encode()).hexdigest()
