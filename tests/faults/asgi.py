"""A transport that calls central's ASGI application in this process: the whole HTTP layer, no sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from sync.device.ports import Answer, Request


class AsgiTransport:
    """Sends to whatever application `app` gives at that moment, so that a central can be replaced under the tablets."""

    def __init__(self, app: Callable[[], ASGIApp]) -> None:
        self._app = app

    async def send(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        headers = {"host": "central", "content-length": str(len(request.body)), **request.headers}
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("tablet", 1),
            "server": ("central", 80),
        }
        body: list[bytes] = [request.body]
        started: dict[str, Any] = {}
        parts_back: list[bytes] = []

        async def receive() -> dict[str, Any]:
            if body:
                return {"type": "http.request", "body": body.pop(), "more_body": False}
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                parts_back.append(message.get("body", b""))

        await self._app()(scope, receive, send)
        names = {name.decode().lower(): value.decode() for name, value in started["headers"]}
        return Answer(started["status"], names, b"" if request.method == "HEAD" else b"".join(parts_back))
