"""A PostgreSQL of our own for the tests: private directory, private socket, gone afterwards.

Each test process (each xdist worker) starts its own server when a test first asks for one. That costs about two seconds
per worker, and in return a fault test may kill its server without pulling the ground from under another worker.

The server is a direct child that the kernel ends when this process dies, however it dies (`setpriv --pdeathsig`);
nothing is left running after a kill -9 of pytest. (The kernel watches the thread that started it: start from the main
one.) initdb and postgres refuse root, so root runs them as `postgres`.
Only the socket in a 0700 directory is opened, no port; trust on it lets in the owner and root alone.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from psycopg import sql

START_TIMEOUT_S = 60.0
SETTINGS = {
    "listen_addresses": "",  # no TCP at all
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "log_min_messages": "warning",
}


def programs() -> Path | None:
    """The folder of the newest PostgreSQL of this machine, as Debian lays it, or None."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: float(path.parent.name), default=None)


class Server:
    """One PostgreSQL server. Use `running_server`; the methods here are for fault tests."""

    def __init__(self, home: Path, bin_dir: Path) -> None:
        self._home = home
        self._bin = bin_dir
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the maintenance database; `fresh_database` makes others."""
        return f"postgresql://postgres@/postgres?host={quote(str(self._home), safe='')}"

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return (self._home / "log").read_text(errors="replace")

    def initialise(self) -> None:
        """Make the data directory: checksums on, UTF-8, the same collation everywhere."""
        subprocess.run(
            [
                *_as_owner(), self._bin / "initdb", "--pgdata", self._home / "data", "--username", "postgres",
                "--auth-local", "trust", "--auth-host", "reject", "--encoding", "UTF8", "--locale", "C",
                "--data-checksums", "--no-sync",
            ],
            check=True, cwd=self._home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> None:
        """Start and wait until it answers; also after `kill_postmaster`, when it recovers from its log first."""
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_owner(), "--pdeathsig", "QUIT", self._bin / "postgres", "-D", self._home / "data",
                 "-k", self._home, *options],
                cwd=self._home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # a Ctrl-C is for pytest, which then stops the server in order
            )  # fmt: skip
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
                return
            except psycopg.OperationalError as refused:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self.log}") from refused
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop at once (`immediate`): nobody needs this data again."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill_postmaster()
        self._process = None

    def kill_postmaster(self) -> None:
        """kill -9 of the server and all its processes, as when the machine dies; `start` brings it back."""
        if self._process is None:
            return
        family = [self._process.pid, *_children(self._process.pid)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(20)
        while any(_alive(pid) for pid in family):
            time.sleep(0.01)
        self._process = None

    def restart_after_kill(self) -> None:
        """Die and come back."""
        self.kill_postmaster()
        self.start()


def kill_backends(url: str) -> int:
    """End all other sessions of the database at `url`, as an administrator or a failover would; returns how many."""
    with psycopg.connect(url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    return int(ended[0]) if ended else 0


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """A new server, stopped and removed at the end. Raises RuntimeError where PostgreSQL is not installed."""
    bin_dir = programs()
    if bin_dir is None:
        raise RuntimeError("PostgreSQL is not installed (Debian package postgresql; `make test` installs it)")
    home = Path(tempfile.mkdtemp(prefix="gbpg-", dir="/tmp"))  # short: a socket's path holds 107 bytes
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(home, owner.pw_uid, owner.pw_gid)
    server = Server(home, bin_dir)

    def end() -> None:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(end)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        end()
        atexit.unregister(end)


@contextlib.contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """An empty database on the server of `url`; yields its URL and drops it, whoever is still connected."""
    name = f"test_{secrets.token_hex(6)}"
    _run(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        _run(url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """This worker's server, for fault tests: kill it, start it, read its log."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql; `make test` installs it)")
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Server) -> str:
    """URL of the maintenance database of this worker's server."""
    return postgres_server.url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """URL of an empty database for one test."""
    with fresh_database(postgres_url) as url:
        yield url


def _run(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _as_owner() -> list[str]:
    """The command that leaves root behind; the options of `setpriv` may follow it."""
    if os.geteuid() != 0:
        return ["setpriv"]
    owner = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


def _children(parent: int) -> list[int]:
    """The direct children of `parent`: the server's own processes and its sessions."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and only waits to be reaped does not."""
    try:
        return re.search(r"\) [ZX] ", Path(f"/proc/{pid}/stat").read_text()) is None
    except OSError:
        return False
