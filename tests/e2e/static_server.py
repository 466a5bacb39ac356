"""Serves a built folder as it will be deployed: isolation headers, and `/v1` handed on to central, on one origin."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm", ".gz": "application/gzip"}
_HOP = {"connection", "keep-alive", "accept-encoding", "host"}


class StaticServer(ThreadingHTTPServer):
    """`address` is where the folder is; `central` is where `/v1` goes; it may change, and None is 502."""

    daemon_threads = True

    def __init__(self, folder: Path, central: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.central = central

    @property
    def address(self) -> str:
        """Such as `http://127.0.0.1:40123`; loopback counts as a secure context."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def static_server(folder: Path, central: str | None = None) -> Iterator[StaticServer]:
    """Serve `folder` on a free port of loopback."""
    server = StaticServer(folder, central)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(SimpleHTTPRequestHandler):
    server: StaticServer
    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | _TYPES

    def __init__(self, request: Any, client: Any, server: StaticServer) -> None:
        super().__init__(request, client, server, directory=str(server.folder))

    def do_GET(self) -> None:
        if self.path.startswith("/v1"):
            self._hand_on()
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self._hand_on()

    do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_POST

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _hand_on(self) -> None:
        """Relay the answer byte by byte, so that what central cuts is cut here too."""
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = urlsplit(self.server.central or "")
        try:
            central = socket.create_connection((target.hostname or "127.0.0.1", target.port or 1), timeout=60)
        except OSError:
            self.send_error(502)
            return
        lines = [f"{self.command} {self.path} HTTP/1.1", f"Host: {target.netloc}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items() if name.lower() not in _HOP]
        with central:
            central.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            try:
                while piece := central.recv(65536):
                    self.wfile.write(piece)
            except OSError:
                return
