"""Servers in processes of their own, as they run in earnest, so that client and server do not share one interpreter.

`python -m benchmarks.serving central SETTINGS` serves central; `… plain FOLDER durable|cached` is the yardstick for
uploads: the same uvicorn with one Starlette route that writes the body of a POST to a file.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sync.central.api.app import create_app
from sync.central.central import Central
from sync.central.settings import CentralSettings


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """The address of a server that runs until the block ends; `command` is as above."""
    with _running("benchmarks.serving", *command) as address:
        yield address


@contextmanager
def through_a_line(address: str) -> Iterator[str]:
    """The address of the same server at the end of a line like those outdoors (`line.py`)."""
    with _running("benchmarks.line", address.rpartition(":")[2]) as far:
        yield far


@contextmanager
def _running(*command: str) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the server did not start; its own words are above")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def central_command(settings: CentralSettings) -> tuple[str, str]:
    """The command that serves the central of these settings."""
    return "central", settings.model_dump_json()


def plain(folder: Path, *, durable: bool) -> Starlette:
    """One route: the body of a POST becomes a file, flushed to the disk where `durable`."""

    def write(parts: list[bytes]) -> None:
        with (folder / os.urandom(8).hex()).open("wb") as file:
            file.writelines(parts)
            file.flush()
            if durable:
                os.fsync(file.fileno())

    async def take(request: Request) -> Response:
        parts = [part async for part in request.stream()]
        await run_in_threadpool(write, parts)
        return Response(status_code=204)

    return Starlette(routes=[Route("/", take, methods=["POST"])])


def main(kind: str, *more: str) -> None:
    """Serve until terminated; the first line of output is the port."""
    app: ASGIApp
    if kind == "central":
        app = create_app(Central(CentralSettings(**json.loads(more[0]))))
    else:
        app = plain(Path(more[0]), durable=more[1] == "durable")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
