"""The Transport port on CPython: `requests` in a thread, so that the screens stay alive meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sync.device.exchange import exchange, in_time, plain_session
from sync.device.ports import Answer, Request

if TYPE_CHECKING:
    import requests


class RequestsTransport:
    """Sends to the central service at `address`, such as `http://127.0.0.1:8600`; proxies and CAs are the system's."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._session: requests.Session | None = None

    async def send(self, request: Request) -> Answer:
        """See `Transport.send`."""
        if self._session is None:
            self._session = _session()
        return await in_time(asyncio.to_thread(exchange, self._session, self._address, request), request)

    def close(self) -> None:
        """Drop the open connections."""
        if self._session is not None:
            self._session.close()
            self._session = None


def _session() -> requests.Session:
    from sync.device.native.whole_heads import WholeHeadAdapter

    session = plain_session()
    session.mount("http://", WholeHeadAdapter())
    session.mount("https://", WholeHeadAdapter())
    return session
