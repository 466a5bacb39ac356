"""Routes of enrolment, sign-in and health."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from schemas.errors import Code
from schemas.protocol import (
    PROTOCOL,
    ChallengeAnswer,
    EnrolAnswer,
    EnrolRequest,
    HealthAnswer,
    SessionAnswer,
    SessionRequest,
)
from sync.central import enrolment, rows, sessions
from sync.central.api.guard import SMALL_BODY_BYTES, TheCentral, described_body, read_as, read_body, signing_in
from sync.central.api.problems import answers

router = APIRouter(prefix="/v1", tags=["sign-in"])
_OPEN = (Code.TOO_MANY_REQUESTS, Code.BODY_INVALID, Code.METHOD_NOT_ALLOWED)
_READ = (*_OPEN, Code.JSON_MALFORMED, Code.BODY_TOO_LARGE, Code.PROTOCOL_UNSUPPORTED)


@router.get("/health", response_model=HealthAnswer, responses=answers(Code.METHOD_NOT_ALLOWED))
def health(central: TheCentral) -> HealthAnswer:
    """Whether the log can be read, and how long it is."""
    with central.store.read() as connection:
        size = rows.size(connection)
    return HealthAnswer(protocol=PROTOCOL, status="ok", size=size, server_ms=central.clock())


@router.post(
    "/enrol",
    response_model=EnrolAnswer,
    responses=answers(
        *_READ,
        Code.ENROLMENT_CODE_INVALID,
        Code.SIGNATURE_INVALID,
        Code.DEVICE_UNKNOWN,
        Code.DEVICE_FROZEN,
        Code.ACCOUNT_DISABLED,
        Code.BUSY,
        Code.CENTRAL_DISK_FULL,
    ),
    openapi_extra=described_body(EnrolRequest),
    dependencies=[Depends(signing_in)],
)
async def enrol(request: Request, central: TheCentral) -> EnrolAnswer:
    """Turn a one-time code into an enrolled key. Sending the same request again gives the same answer."""
    data = await read_body(request, SMALL_BODY_BYTES)
    return await run_in_threadpool(enrolment.enrol, central, read_as(EnrolRequest, data))


@router.get("/session/challenge", response_model=ChallengeAnswer, responses=answers(*_OPEN))
def session_challenge(central: TheCentral) -> ChallengeAnswer:
    """A nonce for the device's key to sign."""
    return sessions.challenge(central)


@router.post(
    "/session",
    response_model=SessionAnswer,
    responses=answers(
        *_READ,
        Code.SESSION_EXPIRED,
        Code.KEY_UNKNOWN,
        Code.SIGNATURE_INVALID,
        Code.DEVICE_REVOKED,
        Code.ACCOUNT_DISABLED,
    ),
    openapi_extra=described_body(SessionRequest),
    dependencies=[Depends(signing_in)],
)
async def open_session(request: Request, central: TheCentral) -> SessionAnswer:
    """A bearer token for a device that proves its key."""
    data = await read_body(request, SMALL_BODY_BYTES)
    return await run_in_threadpool(sessions.open_session, central, read_as(SessionRequest, data))
