"""Sign-in of tablets by their keys, and the bearer tokens that follow: signed by central, kept nowhere.

A token only names who signed in; role, units and the device's state are read anew at every request, so a revocation
works at once. The challenge carries central's own time, so a tablet with a wrong clock can sign in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
from dataclasses import dataclass, replace

from schemas.canonical import canonical
from schemas.errors import Code, LedgerError
from schemas.protocol import PROTOCOL, ChallengeAnswer, SessionAnswer, SessionRequest
from sync.central import keys, rows
from sync.central.central import Caller, Central

CHALLENGE_S = 300


@dataclass(frozen=True)
class Token:
    """What a bearer token says."""

    account: str
    device: str | None
    key: str | None
    auth: str
    expires_ms: int


def challenge(central: Central) -> ChallengeAnswer:
    """A nonce to sign, valid for five minutes of central's time."""
    now = central.clock()
    text = f"{now}.{os.urandom(12).hex()}"
    return ChallengeAnswer(protocol=PROTOCOL, challenge=f"{text}.{_mac(central.secret, text)}", server_ms=now)


def open_session(central: Central, request: SessionRequest) -> SessionAnswer:
    """A token for the account of the key that signed. Raises SESSION_EXPIRED, KEY_UNKNOWN, SIGNATURE_INVALID,
    DEVICE_REVOKED, ACCOUNT_DISABLED. A frozen device may sign in, to learn that it is frozen."""
    _check_challenge(central, request.challenge)
    with central.store.read() as connection:
        key = rows.key_rows(connection, [request.key]).get(request.key)
        if key is None or key.device != request.device:
            raise LedgerError(Code.KEY_UNKNOWN)
        message = canonical({"session": request.challenge})
        if not keys.verify(key.public_key, message, bytes.fromhex(request.sig)):
            raise LedgerError(Code.SIGNATURE_INVALID)
        device = rows.device_row(connection, key.device)
        if device is None or device.state == "revoked":
            raise LedgerError(Code.DEVICE_REVOKED)
        caller = central.caller(connection, key.account, "device-key", key.device, key.key)
    expires_s = central.settings.session_s
    token = Token(caller.account, caller.device, caller.key, caller.auth, central.clock() + expires_s * 1000)
    return SessionAnswer(
        protocol=PROTOCOL,
        token=seal(central.secret, token),
        expires_s=expires_s,
        account=caller.account,
        role=caller.role.value,
        units=sorted(caller.units),
        device=key.device,
        device_state=device.state,
        high_water=device.high_water,
        head=device.head,
        server_ms=central.clock(),
    )


def desk_token(central: Central, account: str, auth: str, valid_s: int) -> str:
    """A token for work at the desk, for an account that was authenticated as `auth` says."""
    with central.store.read() as connection:
        central.caller(connection, account, auth, None, None)
    return seal(central.secret, Token(account, None, None, auth, central.clock() + valid_s * 1000))


def caller_of(central: Central, text: str) -> Caller:
    """Who holds this token, as they stand now. Raises SESSION_REQUIRED, SESSION_EXPIRED, DEVICE_REVOKED,
    ACCOUNT_DISABLED."""
    token = unseal(central.secret, text)
    if token.expires_ms < central.clock():
        raise LedgerError(Code.SESSION_EXPIRED)
    with central.store.read() as connection:
        caller = central.caller(connection, token.account, token.auth, token.device, token.key)
        if token.device is None:
            return caller
        device = rows.device_row(connection, token.device)
    if device is None or device.state == "revoked":
        raise LedgerError(Code.DEVICE_REVOKED)
    return replace(caller, device_state=device.state)


def seal(secret: bytes, token: Token) -> str:
    """The token as text, with its MAC."""
    data = base64.urlsafe_b64encode(json.dumps(token.__dict__, separators=(",", ":")).encode()).decode()
    return f"{data}.{_mac(secret, data)}"


def unseal(secret: bytes, text: str) -> Token:
    """The token in `text`. Raises SESSION_REQUIRED where it was not made here."""
    data, _, mac = text.partition(".")
    if not hmac.compare_digest(_mac(secret, data).encode(), mac.encode()):
        raise LedgerError(Code.SESSION_REQUIRED)
    try:
        return Token(**json.loads(base64.urlsafe_b64decode(data)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise LedgerError(Code.SESSION_REQUIRED) from error


def _check_challenge(central: Central, text: str) -> None:
    body, _, mac = text.rpartition(".")
    made, _, _ = body.partition(".")
    genuine = hmac.compare_digest(_mac(central.secret, body).encode(), mac.encode()) and made.isdigit()
    if not genuine or central.clock() - int(made) > CHALLENGE_S * 1000:
        raise LedgerError(Code.SESSION_EXPIRED)


def _mac(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
