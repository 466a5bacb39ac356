"""Central as the demonstration runs it: the real service over a real port in a thread, behind a network that cuts.

Its clock is the story's. While the tablets sync nobody else writes; what the desk and imports do goes through the same
`Central` object, as the commands of `main.py` do it.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import requests
import uvicorn

from schemas.entries import Checkpoint
from schemas.roles import Role
from sync.central.accounts import put_account
from sync.central.api.app import create_app
from sync.central.central import Caller, Central
from sync.central.enrolment import new_code
from sync.central.settings import CentralSettings
from sync.commands.central import caller
from sync.demo.clock import SCRIPTED, ScriptedTime
from sync.demo.drawing.people import SEED, Person
from sync.demo.network import BadNetwork, free_port


class Station:
    """Central, its service and the relay before it."""

    def __init__(self, data: Path, start_ms: int) -> None:
        self.data = data
        self.time = ScriptedTime(start_ms)
        # Six seasons of a tablet's requests come within a minute here.
        settings = CentralSettings(data_dir=data, demo_units=True, requests_per_minute=1_000_000)
        self.central = Central.create(settings, clock=self.time.now_ms)
        (data / "demo").write_text(SCRIPTED, "utf-8")
        self.port = free_port()
        self.relay: BadNetwork | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(create_app(self.central), host="127.0.0.1", port=self.port, log_level="error")
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def url(self) -> str:
        """The service without the bad network, for the desk."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def field_url(self) -> str:
        """The service through the network that cuts, for the tablets."""
        if self.relay is None:
            raise RuntimeError("not open yet")
        return self.relay.url

    def open(self) -> None:
        """Begin to serve."""
        # Many short requests: a thread that comes back from the disk should not wait 5 ms for its turn.
        sys.setswitchinterval(0.0005)
        self._thread.start()
        for _ in range(300):
            try:
                if requests.get(f"{self.url}/v1/health", timeout=2).ok:
                    break
            except requests.RequestException:
                time.sleep(0.05)
        else:
            raise RuntimeError("central did not start")
        self.relay = BadNetwork(self.port, SEED)

    def close(self) -> None:
        """End the service and release the log."""
        if self.relay is not None:
            self.relay.close()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(10)
        self.central.close()

    def hire(self, people: list[Person]) -> dict[str, str]:
        """Make accounts; returns a one-time enrolment code for each inspector."""
        with self.central.store.write() as connection:
            for person in people:
                put_account(
                    connection, self.central.admin, self.central.today(), person.account, person.role, person.scopes
                )
        inspectors = [person.account for person in people if person.role is Role.INSPECTOR]
        return {account: new_code(self.central, account) for account in inspectors}

    def as_account(self, account: str) -> Caller:
        """An account acting on the command line."""
        return caller(self.central, account)

    def size(self) -> tuple[int, Checkpoint]:
        """Rows of the log, and its newest tree head."""
        with self.central.store.read() as connection:
            checkpoint = self.central.checkpoint(connection)
        return checkpoint.size, checkpoint
