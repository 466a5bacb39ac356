"""Accounts and devices at a central, for the benchmarks that need one."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.samples import ACCOUNT, UNIT, Pen
from schemas.canonical import canonical
from schemas.protocol import PROTOCOL, EnrolRequest, read_enrolment_text
from schemas.roles import Role
from sync.central.accounts import put_account
from sync.central.central import Central
from sync.central.enrolment import enrol, new_code


def invited(central: Central) -> str:
    """The enrolment text of a new inspector of the benchmarks' unit."""
    with central.store.write() as connection:
        put_account(connection, central.admin, central.today(), ACCOUNT, Role.INSPECTOR, [UNIT])
    return new_code(central, ACCOUNT)


def enrolled(central: Central) -> Pen:
    """An inspector's device at `central`."""
    parts = read_enrolment_text(invited(central))
    assert parts is not None
    private = Ed25519PrivateKey.generate()
    request = EnrolRequest(
        protocol=PROTOCOL, code=parts[0], public_key=private.public_key().public_bytes_raw().hex(), device=None,
        app_version="benchmark", sig="0" * 128, device_sig=None,
    )  # fmt: skip
    signature = private.sign(canonical(request.signed_fields())).hex()
    return Pen(ACCOUNT, enrol(central, request.model_copy(update={"sig": signature})).device, private)
