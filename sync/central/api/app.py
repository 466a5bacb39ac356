"""The central service as an ASGI application: routes, guards, problems, and the headers that every answer carries."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.protocol import PROTOCOL, PROTOCOL_HEADER, DeskEntry, EnrolRequest, PushRequest, SessionRequest
from sync.central.api import entries, problems, sign_in, uploads
from sync.central.api.guard import Limits
from sync.central.central import Central
from sync.central.ledger_state import LedgerState

_READ_BY_ROUTES: tuple[type[BaseModel], ...] = (PushRequest, DeskEntry, EnrolRequest, SessionRequest)


def create_app(central: Central) -> FastAPI:
    """The service over one central; the caller closes that."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = FastAPI(
        title="Green-belt field ledger, central log",
        version=str(PROTOCOL),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,
    )
    settings = central.settings
    app.state.central = central
    app.state.ledger = LedgerState(central)
    app.state.limits = Limits(settings.requests_per_minute, settings.sign_in_per_minute)
    problems.install(app)
    app.add_exception_handler(ClientDisconnect, uploads.disconnected)
    for part in (sign_in, entries, uploads):
        app.include_router(part.router)
    app.add_middleware(_EveryAnswer)
    _complete_description(app)
    return app


_HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}
"""Answers of the API are data: no browser shall guess, keep, run, frame or embed them. (HSTS is for who ends TLS.)"""


class _EveryAnswer:
    """The protocol version on every answer, so that a stranger's answer shows; no guessing of types; failures as
    problems."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = False

        async def marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers[PROTOCOL_HEADER] = str(PROTOCOL)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, marked)
        except Exception as error:
            if started:
                raise
            answer = problems.unexpected(scope["method"], scope["path"], error)
            await answer(scope, receive, marked)


def _complete_description(app: FastAPI) -> None:
    """Add the models of bodies that routes read themselves, and the bearer scheme, to the OpenAPI description."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            components = schema.setdefault("components", {})
            models = components.setdefault("schemas", {})
            for model in _READ_BY_ROUTES:
                whole = model.model_json_schema(ref_template="#/components/schemas/{model}")
                models.update(whole.pop("$defs", {}))
            components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
            for path, operations in schema["paths"].items():
                for operation in operations.values():
                    if "401" in operation.get("responses", {}) and path != "/v1/session":
                        operation["security"] = [{"bearer": []}]
            app.openapi_schema = json.loads(json.dumps(schema))
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
