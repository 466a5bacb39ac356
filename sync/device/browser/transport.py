"""The Transport port in a worker: `requests` over fetch, in a task of its own.

urllib3 lets a task wait without holding up the others where the browser has JSPI, and blocks the worker elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.device.browser.javascript import load, module
from sync.device.exchange import exchange, in_time, plain_session
from sync.device.ports import Answer, Request

if TYPE_CHECKING:
    import requests

_MARKER = "x-plain-fetch"
_prepared = False


class FetchTransport:
    """Sends to the central service at `address`; by default to the origin that the page came from."""

    def __init__(self, address: str | None = None) -> None:
        self._address = str(module("js").location.origin if address is None else address).rstrip("/")
        self._session: requests.Session | None = None

    async def send(self, request: Request) -> Answer:
        """See `Transport.send`; a redirect is NO_ANSWER, for a browser does not say where it leads."""
        if self._session is None:
            self._session = _session()
        return await in_time(_exchange(self._session, self._address, request), request)


async def _exchange(session: requests.Session, address: str, request: Request) -> Answer:
    """In a browser urllib3 applies the connect timeout to the whole exchange and ignores the read timeout."""
    return exchange(session, address, request, connect_timeout_s=float(request.timeout_s))


def _session() -> requests.Session:
    global _prepared
    if not _prepared:
        load("fetch.js")(_MARKER)
        _prepared = True
    session = plain_session()
    session.headers[_MARKER] = "1"
    return session
