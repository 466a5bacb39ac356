"""Opening the tablet's one SQLite database so that a commit survives a power cut, and saying no where it cannot.

WAL with synchronous=NORMAL, the usual advice, lost every acknowledged row at a power cut (reliability §0.2), and a
second
writing connection can lose a commit on SQLite before 3.51.3 (§0.1): so FULL, EXCLUSIVE, one connection, read back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from sqlite_utils import Database

from schemas.errors import Code, LedgerError

SCHEMA_VERSION = 1

# In the order in which they must be set: EXCLUSIVE before WAL keeps the index in memory, so that a full disk can
# still be opened and sent from (reliability §0.9).
_PRAGMAS: tuple[tuple[str, str, object], ...] = (
    ("locking_mode", "EXCLUSIVE", "exclusive"),
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("fullfsync", "1", 1),
    ("checkpoint_fullfsync", "1", 1),
    ("foreign_keys", "1", 1),
    ("cell_size_check", "1", 1),
    ("trusted_schema", "0", 0),
    ("temp_store", "MEMORY", 2),
)
_OPTIONAL = {"trusted_schema"}  # unknown to SQLite before 3.31


def prepare(connection: sqlite3.Connection) -> Database:
    """Set and read back the pragmas, create or check the schema, and test the file's structure.

    Raises LedgerError(DURABILITY_NOT_AVAILABLE) where a pragma does not hold, and DATABASE_DAMAGED where the file
    is not a sound database or its version is from the future.
    """
    try:
        for name, value, expected in _PRAGMAS:
            connection.execute(f"PRAGMA {name}={value}").fetchall()
            _read_back(connection, name, expected)
        database = Database(connection)
        _migrate(database)
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if _is_full(error):
            raise LedgerError(Code.DISK_FULL) from error
        raise LedgerError(Code.DATABASE_DAMAGED, reason=str(error)) from error
    if verdict != "ok":
        raise LedgerError(Code.DATABASE_DAMAGED, reason=str(verdict)[:200])
    return database


def pragmas(connection: sqlite3.Connection) -> dict[str, object]:
    """The settings that durability rests on, as SQLite reports them."""
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name, _, _ in _PRAGMAS}


@contextmanager
def transaction(database: Database) -> Iterator[Database]:
    """One durable transaction, or none of it. No `await` may stand inside: another task would write into it.

    Raises LedgerError(DISK_FULL) when there is no space, DATABASE_DAMAGED when a page is unreadable.
    """
    try:
        with database.atomic():
            yield database
    except sqlite3.DatabaseError as error:
        if _is_full(error):
            raise LedgerError(Code.DISK_FULL) from error
        if isinstance(error, sqlite3.IntegrityError):
            raise
        raise LedgerError(Code.DATABASE_DAMAGED, reason=str(error)) from error


def _migrate(database: Database) -> None:
    version = database.conn.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise LedgerError(Code.DATABASE_DAMAGED, reason=f"schema {version} is newer than this app")
    script = resources.files("sync.device").joinpath("schema.sql").read_text("utf-8")
    with database.atomic():
        for statement in script.split(";\n"):
            if statement.strip():
                database.conn.execute(statement)
        database.conn.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _read_back(connection: sqlite3.Connection, name: str, expected: object) -> None:
    row = connection.execute(f"PRAGMA {name}").fetchone()
    found = row[0] if row else None
    if found is None and name in _OPTIONAL:
        return
    if (found.lower() if isinstance(found, str) else found) != expected:
        raise LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason=f"{name}={found}")


def _is_full(error: sqlite3.Error) -> bool:
    # SQLITE_FULL, and SQLITE_IOERR_WRITE, which is how a browser's exceeded quota arrives.
    return getattr(error, "sqlite_errorcode", None) in (13, 778) or "is full" in str(error)
