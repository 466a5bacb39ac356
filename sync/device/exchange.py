"""One HTTP exchange by `requests`, the same on CPython and in the browser: one try, a whole answer or NO_ANSWER.

What differs is only who waits: a thread on CPython, a task in the browser. Retrying is the caller's business.
"""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING

from schemas.errors import Code, LedgerError
from sync.device.ports import Answer, Request

if TYPE_CHECKING:
    import http.cookiejar

    import requests

LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
CONNECT_TIMEOUT_S = 10.0
TRICKLE_FACTOR = 10
"""`Request.timeout_s` bounds each silence; an exchange that trickles on is given up after this many times that."""

_CHUNK_BYTES = 64 * 1024


def plain_session() -> requests.Session:
    """A session that keeps no cookies and adds no passwords of its own (a `.netrc` would)."""
    import requests

    session = requests.Session()
    session.cookies.set_policy(_no_cookies())
    session.auth = _unchanged
    return session


def exchange(
    session: requests.Session, address: str, request: Request, connect_timeout_s: float = CONNECT_TIMEOUT_S
) -> Answer:
    """Send `request` and read the whole answer; a redirect is an answer like any other."""
    import requests
    import urllib3

    try:
        with session.request(
            request.method,
            address + request.path,
            headers=dict(request.headers),
            data=request.body or None,
            timeout=(connect_timeout_s, float(request.timeout_s)),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = b"".join(_bounded(response))
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, body)
    except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as problem:
        raise LedgerError(Code.NO_ANSWER, reason=type(problem).__name__) from problem


async def in_time(work: Coroutine[None, None, Answer], request: Request) -> Answer:
    """Wait for `work` as long as `request` allows in all, then raise LedgerError(NO_ANSWER) and let it end unheard."""
    task = asyncio.ensure_future(work)
    limit_s = CONNECT_TIMEOUT_S + TRICKLE_FACTOR * request.timeout_s
    done, _ = await asyncio.wait({task}, timeout=limit_s)
    if not done:
        task.add_done_callback(_forget)
        raise LedgerError(Code.NO_ANSWER, reason="too_slow")
    return task.result()


def _bounded(response: requests.Response) -> Iterator[bytes]:
    taken_bytes = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        taken_bytes += len(chunk)
        if taken_bytes > LARGEST_ANSWER_BYTES:
            raise LedgerError(Code.NO_ANSWER, reason="answer_too_large")
        yield chunk


def _forget(task: asyncio.Future[Answer]) -> None:
    if not task.cancelled():
        task.exception()


def _unchanged(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared


def _no_cookies() -> http.cookiejar.DefaultCookiePolicy:
    import http.cookiejar

    return http.cookiejar.DefaultCookiePolicy(allowed_domains=[])
