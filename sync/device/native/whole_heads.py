"""A `requests` adapter that refuses an answer whose head was cut off.

`http.client` takes the end of the connection for the end of the headers, so `Upload-Offset: 123456` cut after `12`
would be believed. A browser notices this under TLS.
"""

from __future__ import annotations

import http.client
from typing import Any

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class WholeHeadAdapter(requests.adapters.HTTPAdapter):
    """The usual adapter, on connections that raise IncompleteRead for a cut head."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        pools: Any = self.poolmanager
        pools.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTls}


class _WholeLines:
    """A file that hands out whole lines only."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(limit)
        if not line.endswith(b"\n") and len(line) < limit:
            raise http.client.IncompleteRead(line)
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        plain: Any = self.fp
        guard: Any = _WholeLines(plain)
        self.fp = guard
        super().begin()
        if self.fp is guard:
            self.fp = plain


class _Connection(HTTPConnection):
    response_class = _Response


class _ConnectionTls(HTTPSConnection):
    response_class = _Response


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _PoolTls(urllib3.HTTPSConnectionPool):
    ConnectionCls = _ConnectionTls
