"""Enrolment of this tablet: a one-time code from the office becomes a key here and a name at central."""

from __future__ import annotations

from schemas.canonical import canonical
from schemas.errors import Code, LedgerError
from schemas.ids import key_id
from schemas.protocol import PROTOCOL, EnrolAnswer, EnrolRequest, read_enrolment_text
from sync.device.identity import Identity
from sync.device.line import json_bytes, read_answer, require_ours
from sync.device.ports import Request, Transport
from sync.device.store import Tablet


async def enrol(
    tablet: Tablet, transport: Transport, text: str, *, new_device: bool = False, again: str | None = None
) -> Identity:
    """Enrol with the text of a code. Trying again after a lost answer uses the same key and gives the same result.

    On a tablet that is enrolled already the further account shares the device, its chain and its outbox, unless
    `new_device` asks for a fresh chain (after the old device was frozen). `again` names an account of this tablet whose
    enrolment central lost by going back to a backup: its key and device are enrolled once more, so that what they
    signed can be sent. Raises ENROLMENT_CODE_INVALID, DEVICE_NOT_ENROLLED, DEVICE_UNKNOWN (no restore was declared),
    CHECKPOINT_INVALID where the answer does not come from the log that the code names, NO_ANSWER, NOT_OUR_ANSWER.
    """
    parts = read_enrolment_text(text)
    if parts is None:
        raise LedgerError(Code.ENROLMENT_CODE_INVALID)
    code, log = parts
    held = tablet.identities()
    shared = None if new_device or not held else held[0]
    if again is not None:
        shared = tablet.identity(again)
    name = shared.key_name if again is not None and shared is not None else f"code-{key_id(code.encode())}"
    signer = await tablet.keys.load(name) or await tablet.keys.create(name)
    unsigned = EnrolRequest(
        protocol=PROTOCOL,
        code=code,
        public_key=signer.public_key.hex(),
        device=shared.device if shared else None,
        app_version=tablet.settings.app_version,
        sig="0" * 128,
        device_sig=None,
    )
    message = canonical(unsigned.signed_fields())
    signatures = {"sig": (await signer.sign(message)).hex()}
    if shared is not None:
        holder = await tablet.keys.load(shared.key_name)
        if holder is None:
            raise LedgerError(Code.DEVICE_NOT_ENROLLED)
        signatures["device_sig"] = (await holder.sign(message)).hex()
    request = unsigned.model_copy(update=signatures)
    headers = {"content-type": "application/json"}
    raw = await transport.send(Request("POST", "/v1/enrol", headers, json_bytes(request)))
    answer = read_answer(require_ours(raw, "POST"), EnrolAnswer)
    if answer.log != log or key_id(bytes.fromhex(answer.log_public_key)) != log:
        raise LedgerError(Code.CHECKPOINT_INVALID)
    identity = Identity(
        account=answer.account,
        device=answer.device,
        key_name=name,
        public_key=signer.public_key.hex(),
        role=answer.role,
        units=answer.units,
        log=answer.log,
        log_public_key=answer.log_public_key,
        enrolled_ms=tablet.clock.now_ms(),
    )
    await tablet.remember_identity(identity)
    return identity
