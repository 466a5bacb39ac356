"""What stands before every route: who calls, how often, how large; and reading a body without trusting it."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from schemas.canonical import parse_json
from schemas.entries import first_fault
from schemas.errors import Code, LedgerError
from schemas.protocol import PROTOCOL
from sync.central.central import Caller, Central
from sync.central.ledger_state import LedgerState
from sync.central.sessions import caller_of

SMALL_BODY_BYTES = 16_384
_M = TypeVar("_M", bound=BaseModel)


class Limits:
    """How many requests a minute one caller may make, and one address may try to sign in."""

    def __init__(self, requests_per_minute: int, sign_in_per_minute: int) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(requests_per_minute)
        self._sign_in = RateLimitItemPerMinute(sign_in_per_minute)

    def count_request(self, who: str) -> None:
        """Raises TOO_MANY_REQUESTS with the time to wait."""
        self._count(self._requests, "request", who)

    def count_sign_in(self, address: str) -> None:
        """Raises TOO_MANY_REQUESTS with the time to wait."""
        self._count(self._sign_in, "sign-in", address)

    def _count(self, item: RateLimitItemPerMinute, what: str, who: str) -> None:
        if not self._window.hit(item, what, who):
            raise LedgerError(Code.TOO_MANY_REQUESTS, retry_after_s=5)


async def central_of(request: Request) -> Central:
    """The central that this application serves. Not a plain function: each of those costs a request a trip to another
    thread."""
    central: Central = request.app.state.central
    return central


async def signed_in(request: Request) -> Caller:
    """The caller of this request. Raises SESSION_REQUIRED and the errors of `caller_of`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 2000 or not token.isascii():
        raise LedgerError(Code.SESSION_REQUIRED)
    caller = await run_in_threadpool(caller_of, await central_of(request), token.strip())
    limits: Limits = request.app.state.limits
    limits.count_request(caller.device or caller.account)
    return caller


async def signing_in(request: Request) -> None:
    """Slow down whoever guesses codes or signatures."""
    limits: Limits = request.app.state.limits
    limits.count_sign_in(request.client.host if request.client else "?")


def ledger_of(request: Request) -> LedgerState:
    """The ledger of that central."""
    ledger: LedgerState = request.app.state.ledger
    return ledger


TheCentral = Annotated[Central, Depends(central_of)]
TheLedger = Annotated[LedgerState, Depends(ledger_of)]
TheCaller = Annotated[Caller, Depends(signed_in)]


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body, never more than `limit_bytes` in memory. Raises BODY_TOO_LARGE before reading on."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise LedgerError(Code.BODY_TOO_LARGE, limit_bytes=limit_bytes)
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > limit_bytes:
            raise LedgerError(Code.BODY_TOO_LARGE, limit_bytes=limit_bytes)
    return bytes(parts)


def read_as(model: type[_M], data: bytes) -> _M:
    """The body as `model`. Raises JSON_MALFORMED, PROTOCOL_UNSUPPORTED, BODY_INVALID naming the field."""
    raw = parse_json(data)
    if isinstance(raw, dict) and "protocol" in raw:
        if type(raw["protocol"]) is not int:  # pydantic's Literal takes 1.0 and true for 1
            raise LedgerError(Code.BODY_INVALID, where="protocol")
        if raw["protocol"] != PROTOCOL:
            raise LedgerError(Code.PROTOCOL_UNSUPPORTED)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise LedgerError(Code.BODY_INVALID, where=first_fault(error)) from error


def described_body(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a body that a route reads by itself."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
