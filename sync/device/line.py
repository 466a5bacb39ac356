"""The line to central: one signed-in session over a transport, and the rule that only our protocol is an answer.

A captive portal says 200 with a page, a proxy says 502 in its own words: both are no answer, and nothing is lost
by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from schemas.canonical import canonical
from schemas.entries import Frozen
from schemas.errors import Code, LedgerError
from schemas.ids import key_id
from schemas.protocol import (
    PROTOCOL,
    PROTOCOL_HEADER,
    ChallengeAnswer,
    ProblemAnswer,
    SessionAnswer,
    SessionRequest,
)
from sync.device.identity import Identity
from sync.device.pace import Pace
from sync.device.ports import Answer, Clock, Keys, Request, Transport

_M = TypeVar("_M", bound=Frozen)
_MARGIN_MS = 30_000


class Line:
    """Requests to central on behalf of one identity; signs in when it must, and once more when a session has ended."""

    def __init__(self, transport: Transport, keys: Keys, clock: Clock, identity: Identity) -> None:
        self._transport = transport
        self._keys = keys
        self._clock = clock
        self._identity = identity
        self._token: str | None = None
        self._token_until = 0
        self.session: SessionAnswer | None = None
        self.pace = Pace()

    async def get(self, path: str, model: type[_M]) -> _M:
        """A signed-in GET, read as `model`."""
        return read_answer(await self.send("GET", path), model)

    async def post(self, path: str, body: bytes, model: type[_M], timeout_s: float = 60.0) -> _M:
        """A signed-in POST of JSON bytes, read as `model`."""
        headers = {"content-type": "application/json"}
        return read_answer(await self.send("POST", path, headers, body, timeout_s), model)

    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float = 60.0,
    ) -> Answer:
        """A signed-in request. Raises LedgerError: NO_ANSWER, NOT_OUR_ANSWER, or what central says."""
        for attempt in (1, 2):
            if self._token is None or self._clock.monotonic_ms() > self._token_until:
                await self.sign_in()
            signed = {**(headers or {}), "authorization": f"Bearer {self._token}"}
            try:
                return await self._exchange(Request(method, path, signed, body, timeout_s))
            except LedgerError as error:
                self._token = None if error.status == 401 else self._token
                if error.status != 401 or attempt == 2:
                    raise
        raise LedgerError(Code.SESSION_REQUIRED)

    async def sign_in(self) -> SessionAnswer:
        """Prove the key and take a token; works whatever this device's clock says."""
        asked = read_answer(await self._plain("GET", "/v1/session/challenge"), ChallengeAnswer)
        signer = await self._keys.load(self._identity.key_name)
        if signer is None:
            raise LedgerError(Code.DEVICE_NOT_ENROLLED)
        signature = await signer.sign(canonical({"session": asked.challenge}))
        request = SessionRequest(
            protocol=PROTOCOL,
            device=self._identity.device,
            key=key_id(bytes.fromhex(self._identity.public_key)),
            challenge=asked.challenge,
            sig=signature.hex(),
        )
        answer = read_answer(await self._plain("POST", "/v1/session", json_bytes(request)), SessionAnswer)
        self._token = answer.token
        lasts_ms = answer.expires_s * 1000
        self._token_until = self._clock.monotonic_ms() + max(lasts_ms // 2, lasts_ms - _MARGIN_MS)
        self.session = answer
        return answer

    async def _plain(self, method: str, path: str, body: bytes = b"") -> Answer:
        headers = {"content-type": "application/json"} if body else {}
        return await self._exchange(Request(method, path, headers, body))

    async def _exchange(self, request: Request) -> Answer:
        try:
            answer = await self._transport.send(request)
        except LedgerError as error:
            if error.code == Code.NO_ANSWER:
                self.pace.cut(len(request.body))
            raise
        self.pace.carried(len(request.body))
        return require_ours(answer, request.method)


def require_ours(answer: Answer, method: str) -> Answer:
    """The answer, if central gave it and it is no problem. Raises NOT_OUR_ANSWER or the problem's own error."""
    if answer.headers.get(PROTOCOL_HEADER) != str(PROTOCOL):
        raise LedgerError(Code.NOT_OUR_ANSWER, status=answer.status, **_asked_to_wait(answer))
    if answer.status < 400:
        return answer
    if method == "HEAD":
        raise LedgerError(_HEAD_CODES.get(answer.status, Code.INTERNAL), **_asked_to_wait(answer))
    try:
        problem = ProblemAnswer.model_validate_json(answer.body)
        code = Code(problem.code)
    except (ValidationError, ValueError) as error:
        raise LedgerError(Code.NOT_OUR_ANSWER, status=answer.status) from error
    details = {name: value for name, value in problem.details.items() if isinstance(value, str | int)}
    raise LedgerError(code, **{**_asked_to_wait(answer), **details})


def read_answer(answer: Answer, model: type[_M]) -> _M:
    """The body as `model`. Raises NOT_OUR_ANSWER where it is something else."""
    try:
        return model.model_validate_json(answer.body)
    except ValidationError as error:
        raise LedgerError(Code.NOT_OUR_ANSWER, status=answer.status) from error


def json_bytes(request: BaseModel) -> bytes:
    """A request as JSON."""
    return request.model_dump_json(by_alias=True).encode()


def _asked_to_wait(answer: Answer) -> dict[str, int]:
    """The answer's Retry-After in seconds, whoever gave it: a proxy in front of central speaks by this header alone."""
    text = answer.headers.get("retry-after", "")
    return {"retry_after_s": int(text)} if text.isascii() and text.isdigit() and len(text) < 6 else {}


# A HEAD has no body to say more (tus uses it for the offset).
_HEAD_CODES = {
    401: Code.SESSION_EXPIRED,
    403: Code.DEVICE_REVOKED,
    404: Code.UPLOAD_NOT_FOUND,
    409: Code.UPLOAD_OFFSET_CONFLICT,
    429: Code.BUSY,
    460: Code.PHOTO_HASH_MISMATCH,
    507: Code.CENTRAL_DISK_FULL,
}
