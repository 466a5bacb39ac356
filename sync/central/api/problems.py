"""Errors as answers: every one has a code, its words in two languages and the protocol version, and none shows a
trace."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue
from starlette.exceptions import HTTPException

from schemas.errors import CATALOGUE, Code, Detail, LedgerError
from schemas.protocol import PROTOCOL, PROTOCOL_HEADER, TUS_VERSION, ProblemAnswer

_LOGGER = logging.getLogger("sync.central")
_BY_STATUS = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED}
_MOST_LETTERS = 300


def problem(error: LedgerError) -> JSONResponse:
    """The answer for an error of the catalogue."""
    headers = {PROTOCOL_HEADER: str(PROTOCOL), "tus-resumable": TUS_VERSION, "cache-control": "no-store"}
    if error.status == 412:
        headers["tus-version"] = TUS_VERSION
    wait = error.details.get("retry_after_s")
    if error.status == 429:
        headers["retry-after"] = str(wait if isinstance(wait, int) else 2)
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    body = ProblemAnswer(
        protocol=PROTOCOL,
        code=error.code.value,
        message_zh=_fit(error.text("zh"), 2 * _MOST_LETTERS),
        message_en=_fit(error.text("en"), 2 * _MOST_LETTERS),
        details={name: _json(value) for name, value in error.details.items()},
    )
    return JSONResponse(body.model_dump(mode="json"), status_code=error.status, headers=headers)


def answers(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of the errors that a route may answer with, and of those of any route; one text a status."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in dict.fromkeys((*codes, *_ANYWHERE)):
        status = CATALOGUE[code].status
        known = found.setdefault(status, {"model": ProblemAnswer, "description": ""})
        known["description"] = f"{known['description']} `{code.value}`: {CATALOGUE[code].en}.".strip()
    return found


_ANYWHERE = (Code.BUSY, Code.STORE_NOT_READY, Code.INTERNAL)


def install(app: FastAPI) -> None:
    """Turn every failure of `app` into a problem answer."""

    @app.exception_handler(LedgerError)
    async def ledger_error(_request: Request, error: LedgerError) -> Response:
        return problem(error)

    @app.exception_handler(RequestValidationError)
    async def validation_error(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem(LedgerError(Code.BODY_INVALID, where=f"{place}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    async def http_error(_request: Request, error: HTTPException) -> Response:
        answer = problem(LedgerError(_BY_STATUS.get(error.status_code, Code.NOT_FOUND)))
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer


def unexpected(method: str, path: str, error: Exception) -> JSONResponse:
    """The answer to a failure that nobody foresaw; the trace goes to the log, never to the caller."""
    _LOGGER.error("%s %s failed", method, path, exc_info=error)
    return problem(LedgerError(Code.INTERNAL))


def _json(value: Detail) -> JsonValue:
    if isinstance(value, str):
        return _fit(value, _MOST_LETTERS)
    return [*value] if isinstance(value, list) else value


def _fit(words: str, most: int) -> str:
    """Text that may repeat what a stranger sent: cut where it is long, and without halves of characters."""
    return words[:most].encode("utf-8", "replace").decode()
