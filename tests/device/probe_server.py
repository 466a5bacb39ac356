"""A small HTTP server that answers well and badly on demand, for the contract test of the Transport port."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def probe_server() -> Iterator[str]:
    """Run the server on a free port of loopback and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Probe)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Probe(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    redirects_followed = 0

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name, _, rest = self.path.partition("?")[0].removeprefix("/v1/").partition("/")
        getattr(self, "_" + name.replace("-", "_"))(rest, body)

    do_POST = do_PATCH = do_PUT = do_HEAD = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _echo(self, rest: str, body: bytes) -> None:
        headers = {"X-Method": self.command, "X-Path": self.path}
        for asked, answered in {"X-Given": "X-Given", "Cookie": "X-Cookie"}.items():
            if self.headers.get(asked):
                headers[answered] = self.headers[asked]
        self._answer(200, body, headers)

    def _status(self, rest: str, body: bytes) -> None:
        self._answer(int(rest), b"" if rest == "204" else b"{}", {"Retry-After": "7"})

    def _gzip(self, rest: str, body: bytes) -> None:
        self._answer(200, gzip.compress(b"packed " * 1000), {"Content-Encoding": "gzip"})

    def _redirect(self, rest: str, body: bytes) -> None:
        self._answer(int(rest), b"", {"Location": "/v1/followed"})

    def _followed(self, rest: str, body: bytes) -> None:
        _Probe.redirects_followed += 1
        self._answer(200)

    def _redirects_followed(self, rest: str, body: bytes) -> None:
        self._answer(200, str(_Probe.redirects_followed).encode())

    def _set_cookie(self, rest: str, body: bytes) -> None:
        self._answer(200, b"", {"Set-Cookie": "session=secret; Path=/"})

    def _raw(self, data: bytes) -> None:
        self.close_connection = True
        self.wfile.write(data)

    def _cut_length(self, rest: str, body: bytes) -> None:
        self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 60)

    def _cut_chunks(self, rest: str, body: bytes) -> None:
        self._raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + b"x" * 30)

    def _cut_head(self, rest: str, body: bytes) -> None:
        self._raw(b"HTTP/1.1 200 OK\r\nContent-Le")

    def _cut_value(self, rest: str, body: bytes) -> None:
        self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nUpload-Offset: 12")

    def _cut_last_line(self, rest: str, body: bytes) -> None:
        self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")

    def _hang_up(self, rest: str, body: bytes) -> None:
        self._raw(b"")

    def _garbage(self, rest: str, body: bytes) -> None:
        self._raw(b"\x16\x03\x01\x02\x00\x01\x00 this is not HTTP\r\n\r\n")

    def _slow_head(self, rest: str, body: bytes) -> None:
        time.sleep(3)
        self.close_connection = True

    def _slow_body(self, rest: str, body: bytes) -> None:
        self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 60)
        time.sleep(3)

    def _huge(self, rest: str, body: bytes) -> None:
        self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 134217728\r\n\r\n")
        try:
            for _ in range(128):
                self.wfile.write(bytes(1 << 20))
        except OSError:
            pass

    def _wait(self, rest: str, body: bytes) -> None:
        time.sleep(0.3)
        self._answer(200, b"waited")
