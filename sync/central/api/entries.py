"""Routes of the log: push, pull, checkpoint, proofs, parcel states."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from schemas.errors import Code
from schemas.protocol import (
    MAX_BATCH_BYTES,
    MAX_PAGE_ROWS,
    CheckpointAnswer,
    ConsistencyAnswer,
    DeskAnswer,
    DeskEntry,
    InclusionAnswer,
    ParcelStatesAnswer,
    PullAnswer,
    PushAnswer,
    PushRequest,
)
from sync.central import desk, pull, push
from sync.central.api.guard import TheCaller, TheCentral, TheLedger, described_body, read_as, read_body
from sync.central.api.problems import answers
from sync.central.ledger_state import MAX_STATES

router = APIRouter(prefix="/v1", tags=["log"])

SIGNED_IN = (
    Code.SESSION_REQUIRED,
    Code.SESSION_EXPIRED,
    Code.ACCOUNT_DISABLED,
    Code.DEVICE_REVOKED,
    Code.TOO_MANY_REQUESTS,
    Code.BODY_INVALID,
    Code.METHOD_NOT_ALLOWED,
)
WITH_BODY = (Code.JSON_MALFORMED, Code.BODY_TOO_LARGE, Code.PROTOCOL_UNSUPPORTED, Code.BUSY, Code.CENTRAL_DISK_FULL)
Position = Annotated[int, Query(ge=0, le=2**53 - 1)]


@router.post(
    "/entries",
    response_model=PushAnswer,
    responses=answers(*SIGNED_IN, *WITH_BODY, Code.NOT_PERMITTED),
    openapi_extra=described_body(PushRequest),
)
async def push_entries(request: Request, central: TheCentral, caller: TheCaller) -> PushAnswer:
    """Append a batch of signed entries; one receipt each. Safe to send again."""
    data = await read_body(request, MAX_BATCH_BYTES)
    return await run_in_threadpool(_push, central, caller, data)


def _push(central: TheCentral, caller: TheCaller, data: bytes) -> PushAnswer:
    asked = read_as(PushRequest, data)
    return push.push(central, caller, asked.from_size, asked.entries)


@router.get("/entries", response_model=PullAnswer, responses=answers(*SIGNED_IN))
def pull_entries(
    central: TheCentral,
    caller: TheCaller,
    after: Position = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ROWS)] = MAX_PAGE_ROWS,
    from_size: Position = 0,
) -> PullAnswer:
    """Rows of the caller's units after a position, each with its inclusion proof."""
    return pull.pull(central, caller, after, limit, from_size)


@router.get("/checkpoint", response_model=CheckpointAnswer, responses=answers(*SIGNED_IN))
def latest_checkpoint(central: TheCentral, caller: TheCaller, from_size: Position = 0) -> CheckpointAnswer:
    """The newest signed tree head, and the proof that it extends the tree of `from_size` rows."""
    return pull.latest(central, from_size)


@router.get("/proofs/inclusion", response_model=InclusionAnswer, responses=answers(*SIGNED_IN, Code.NOT_FOUND))
def inclusion_proof(
    central: TheCentral,
    caller: TheCaller,
    seq: Annotated[int, Query(ge=1, le=2**53 - 1)],
    size: Annotated[int | None, Query(ge=1, le=2**53 - 1)] = None,
) -> InclusionAnswer:
    """The proof that a row stands in the tree (of `size` rows, or the newest)."""
    return pull.inclusion(central, caller, seq, size)


@router.get("/proofs/consistency", response_model=ConsistencyAnswer, responses=answers(*SIGNED_IN, Code.NOT_FOUND))
def consistency_proof(central: TheCentral, caller: TheCaller, first: Position, second: Position) -> ConsistencyAnswer:
    """The proof that one tree extends another."""
    return pull.consistency(central, first, second)


@router.get("/parcel-states", response_model=ParcelStatesAnswer, responses=answers(*SIGNED_IN, Code.BUSY))
def parcel_states(
    ledger: TheLedger,
    caller: TheCaller,
    after: Position = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_STATES)] = MAX_STATES,
) -> ParcelStatesAnswer:
    """State areas, remaining ground, next step and open discrepancies of the caller's parcels that changed since."""
    return ledger.states(caller, after, limit)


@router.post(
    "/desk/entries",
    response_model=DeskAnswer,
    responses=answers(
        *SIGNED_IN,
        *WITH_BODY,
        Code.KIND_UNKNOWN,
        Code.SCHEMA_UNKNOWN,
        Code.ROLE_NOT_ALLOWED,
        Code.UNIT_FOREIGN,
        Code.SUPERSEDES_UNKNOWN,
        Code.ID_REUSED,
        Code.SUBJECT_UNKNOWN,
        Code.SELF_REVIEW,
        Code.ADVERSE_NOT_WITHDRAWABLE,
        Code.SEQUENCE_GAP,
        Code.DEVICE_UNKNOWN,
    ),
    openapi_extra=described_body(DeskEntry),
)
async def desk_entry(request: Request, central: TheCentral, caller: TheCaller) -> DeskAnswer:
    """Make an entry at the desk: central signs it on its own chain for the caller."""
    data = await read_body(request, MAX_BATCH_BYTES)
    return await run_in_threadpool(_desk, central, caller, data)


def _desk(central: TheCentral, caller: TheCaller, data: bytes) -> DeskAnswer:
    return desk.append(central, caller, [read_as(DeskEntry, data)])[0]
