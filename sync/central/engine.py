"""Connections to the central database: one writer under one lock, readers beside it; SQLite or PostgreSQL.

Order in the log is the order of commits because the lock is held until the commit, so a reader never skips a row that
commits late. On SQLite there is exactly one writing connection in one process (reliability §0.1); a lock file refuses a
second process. On PostgreSQL an advisory lock does the same across processes.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

from psycopg.errors import UndefinedTable
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool, StaticPool

from schemas.errors import Code, LedgerError
from sync.central.settings import CentralSettings

LOCK_NUMBER = 0x47424C31  # "GBL1"
RETRY_AFTER_S = 2


class Store(Protocol):
    """What the rest of central needs of a database."""

    def write(self) -> Any:
        """Context of the one writing transaction; commits at the end, rolls back on any error. Raises BUSY."""

    def write_bulk(self) -> Any:
        """As `write`, for as many rows as a long import has."""

    def read(self) -> Any:
        """Context of a reading transaction that sees one state."""

    def close(self) -> None:
        """Give back connections and locks."""


def open_store(settings: CentralSettings) -> Store:
    """The store that the settings name."""
    if settings.url.startswith("sqlite"):
        return SqliteStore(settings)
    return PostgresStore(settings)


class SqliteStore:
    """The embedded store."""

    def __init__(self, settings: CentralSettings) -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._wait_s = settings.lock_wait_s
        self._lock = threading.Lock()
        self._lock_path = settings.data_dir / "central.lock"
        self._lock_file: IO[str] | None = None
        self._writer = create_engine(
            settings.url, poolclass=StaticPool, connect_args={"check_same_thread": False, "isolation_level": None}
        )
        self._readers = create_engine(
            settings.url,
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=24,
            connect_args={"check_same_thread": False, "isolation_level": None},
        )
        _on_connect(self._writer, _WRITER_PRAGMAS)
        _on_connect(self._readers, _READER_PRAGMAS)
        event.listen(self._writer, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        event.listen(self._readers, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction at a time; waits a little, then BUSY. STORE_IN_USE where another process writes."""
        if not self._lock.acquire(timeout=self._wait_s):
            raise LedgerError(Code.BUSY, retry_after_s=RETRY_AFTER_S)
        try:
            self._own_process()
            with _translated(), self._writer.begin() as connection:
                yield connection
        finally:
            self._lock.release()

    @contextmanager
    def write_bulk(self) -> Iterator[Connection]:
        """As `write`, with a page cache that holds what many rows touch.

        Copying the write-ahead log into the database waits until the lock has been given back once, so that others get
        their turn between the two; a crash in between loses nothing.
        """
        try:
            with self.write() as connection:
                for pragma in (f"cache_size=-{_BULK_CACHE_KIB}", "wal_autocheckpoint=0"):
                    connection.exec_driver_sql(f"PRAGMA {pragma}")
                yield connection
        finally:
            with self._lock:
                self._settle()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot; never blocks the writer."""
        with _translated(), self._readers.begin() as connection:
            yield connection

    def close(self) -> None:
        """Readers first: the last connection to close runs SQLite's checkpoint."""
        self._readers.dispose()
        self._writer.dispose()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def _settle(self) -> None:
        """Copy the write-ahead log into the database and go back to the usual settings; outside any transaction.

        Past SQLAlchemy, which would begin one; giving a raw connection back rolls back, so never use one inside.
        """
        raw = self._writer.raw_connection()
        try:
            connection: Any = raw.driver_connection
            for pragma in ("wal_checkpoint(PASSIVE)", "shrink_memory", *_USUAL_PRAGMAS):
                connection.execute(f"PRAGMA {pragma}").fetchall()
        finally:
            raw.close()

    def _own_process(self) -> None:
        if self._lock_file is not None:
            return
        lock_file = self._lock_path.open("w")
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock_file.close()
            raise LedgerError(Code.STORE_IN_USE) from error
        self._lock_file = lock_file


class PostgresStore:
    """The store for more than one process or machine."""

    def __init__(self, settings: CentralSettings) -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._wait_ms = max(1, int(settings.lock_wait_s * 1000))
        self._engine = create_engine(settings.url, pool_size=8, max_overflow=24, pool_pre_ping=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The advisory lock is released by the commit itself, never before it."""
        with _translated(), self._engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = {self._wait_ms}"))
            connection.execute(text("SET LOCAL synchronous_commit = on"))  # whatever the server's default is
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK_NUMBER})
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            yield connection

    def write_bulk(self) -> Any:
        """The same as `write`: the server minds its own log."""
        return self.write()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot for all questions of the transaction."""
        with _translated(), self._engine.begin() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()


# Names are hashes, so a batch touches pages all over their index; a checkpoint every 32 MB, not every 4, copies each
# page less often.
_USUAL_PRAGMAS = ("wal_autocheckpoint=8000", "cache_size=-2000")
_WRITER_PRAGMAS = (
    "journal_mode=WAL", "synchronous=FULL", "fullfsync=1", "foreign_keys=1", "trusted_schema=0", *_USUAL_PRAGMAS,
)
_BULK_CACHE_KIB = 131_072
_READER_PRAGMAS = ("query_only=1", "trusted_schema=0", "busy_timeout=5000")


def _on_connect(engine: Engine, pragmas: tuple[str, ...]) -> None:
    def configure(connection: Any, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()

    event.listen(engine, "connect", configure)


@contextmanager
def _translated() -> Iterator[None]:
    """Database failures that a client can wait out become errors of the catalogue; others stay what they are."""
    try:
        yield
    except PoolTimeout as error:
        raise LedgerError(Code.BUSY, retry_after_s=RETRY_AFTER_S) from error
    except ProgrammingError as error:
        if isinstance(error.orig, UndefinedTable):
            raise LedgerError(Code.STORE_NOT_READY) from error
        raise
    except OperationalError as error:
        words = str(error.orig)
        if "lock timeout" in words or "database is locked" in words:
            raise LedgerError(Code.BUSY, retry_after_s=RETRY_AFTER_S) from error
        if "is full" in words or "No space left" in words:
            raise LedgerError(Code.CENTRAL_DISK_FULL) from error
        if "no such table" in words:
            raise LedgerError(Code.STORE_NOT_READY) from error
        raise
