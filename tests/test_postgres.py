"""The tests' own PostgreSQL does what the fault tests lean on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.postgres import Server, fresh_database, kill_backends, programs, running_server

pytestmark = pytest.mark.postgres


def test_a_fresh_database_is_empty_checked_durable_and_dropped(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url, psycopg.connect(url) as connection:
        settings = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("data_checksums", "fsync", "synchronous_commit", "server_encoding", "listen_addresses")
        }
        assert list(settings.values()) == [("on",), ("on",), ("on",), ("UTF8",), ("",)]
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_sessions_end_when_killed(postgres_database: str) -> None:
    with contextlib.closing(psycopg.connect(postgres_database)) as victim:
        assert kill_backends(postgres_database) == 1
        with pytest.raises(psycopg.OperationalError):
            victim.execute("SELECT 1")


def test_what_was_committed_survives_a_kill_and_nothing_else(postgres_server: Server, postgres_database: str) -> None:
    with contextlib.closing(psycopg.connect(postgres_database)) as writer:
        writer.execute("CREATE TABLE kept (n int)")
        writer.execute("INSERT INTO kept VALUES (1)")
        writer.commit()
        writer.execute("INSERT INTO kept VALUES (2)")
        postgres_server.restart_after_kill()
        with pytest.raises(psycopg.OperationalError):
            writer.commit()
    with psycopg.connect(postgres_database) as reader:
        assert reader.execute("SELECT n FROM kept").fetchall() == [(1,)]
    assert "recovery" in postgres_server.log


def test_the_server_dies_with_its_owner_and_is_removed_with_its_block() -> None:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with running_server() as server:
        home = server.url.partition("host=")[2].replace("%2F", "/")
        assert Path(home).stat().st_mode & 0o777 == 0o700
    assert not Path(home).exists()

    code = (
        "import time; from tests.postgres import running_server\n"
        "with running_server() as server: print(server.url, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    )
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    psycopg.connect(url).close()
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait(10)
    owner.stdout.close()
    deadline = time.monotonic() + 10
    with pytest.raises(psycopg.OperationalError):
        while time.monotonic() < deadline:
            psycopg.connect(url).close()
            time.sleep(0.05)
    subprocess.run(["rm", "-rf", url.partition("host=")[2].replace("%2F", "/")], check=True)
