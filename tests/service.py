"""A real central over real HTTP for the tests: uvicorn in a thread, on a free loopback port."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from schemas.roles import Role
from sync.central.accounts import put_account
from sync.central.api.app import create_app
from sync.central.central import Central
from sync.central.enrolment import new_code
from sync.central.settings import CentralSettings


@dataclass
class Served:
    """A running central and its address."""

    central: Central
    url: str
    stop: Callable[[], None]

    def account(self, name: str, role: Role, *scopes: str) -> str:
        """Make an account and return its name."""
        with self.central.store.write() as connection:
            put_account(connection, self.central.admin, self.central.today(), name, role, scopes)
        return name

    def code(self, account: str) -> str:
        """An enrolment text for the account."""
        return new_code(self.central, account)


def settings(folder: Path, url: str = "", **more: object) -> CentralSettings:
    """Settings for tests: the fictional units, and no wish for free disk."""
    return CentralSettings(
        **{"data_dir": folder, "database_url": url, "demo_units": True, "min_free_bytes": 0, **more}  # type: ignore[arg-type]
    )


@contextmanager
def served(central: Central, port: int = 0) -> Iterator[Served]:
    """Serve `central` until the block ends."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(create_app(central), log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join()
        listener.close()

    try:
        yield Served(central, f"http://127.0.0.1:{listener.getsockname()[1]}", stop)
    finally:
        stop()
