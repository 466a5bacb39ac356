"""Opening the tablet's one SQLite database so that a commit survives a power cut, and saying no where it cannot.

WAL with synchronous=NORMAL, the usual advice, lost every acknowledged row at a power cut (reliability §0.2), and a
second writing connection can lose a commit on SQLite before 3.51.3 (§0.1): so FULL, EXCLUSIVE, one connection, read
back. Every read and write goes through cursors that name their errors, for damage may show at any row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, cast

from pydantic import JsonValue
from sqlite_utils import Database

from schemas.canonical import canonical, sha256_hex
from schemas.errors import Code, LedgerError

SCHEMA_VERSION = 2
_SCRIPTS = ("schema.sql", "schema_0002.sql")
"""What makes each version out of the one before."""

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
    """Set and read back the pragmas, create or check the schema, and test the file: pages, indexes, value ranges.

    Raises LedgerError: DURABILITY_NOT_AVAILABLE where a pragma does not hold, DATABASE_DAMAGED where the file is not a
    sound database of ours or its version is from the future, DISK_FULL where a new one finds no room.
    """
    guarded = cast(sqlite3.Connection, _Guarded(connection))
    for name, value, expected in _PRAGMAS:
        guarded.execute(f"PRAGMA {name}={value}").fetchall()
        _read_back(guarded, name, expected)
    database = Database(guarded)
    _migrate(database)
    verdict = guarded.execute("PRAGMA integrity_check(1)").fetchone()[0]
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
    with database.atomic():
        yield database


def row_sum(*values: JsonValue) -> str:
    """The checksum that a row carries when nothing else in it proves its values."""
    return sha256_hex(canonical(list(values)))


def named(error: sqlite3.DatabaseError | UnicodeDecodeError) -> Exception:
    """What an error of SQLite means here: no room, a device that fails, a damaged file, or a broken constraint."""
    code = getattr(error, "sqlite_errorcode", None)
    if code in _NO_ROOM or "is full" in str(error):
        return LedgerError(Code.DISK_FULL)
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return error
    if code in _HELD:
        return LedgerError(Code.STORE_OPEN_ELSEWHERE)
    if code not in _TORN and (code or 0) & 0xFF in _DEVICE_FAILS:
        return LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason=str(error))
    return LedgerError(Code.DATABASE_DAMAGED, reason=str(error))


ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a damaged file raises: even the text of SQLite's own message may be damaged."""


class _Cursor(sqlite3.Cursor):
    """A cursor whose errors come from the catalogue: damage may show at any row that is read."""

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        try:
            super().execute(sql, parameters)
        except ERRORS as error:
            raise named(error) from error
        return self

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except ERRORS as error:
            raise named(error) from error

    def fetchone(self) -> Any:
        return next(self, None)

    def fetchall(self) -> list[Any]:
        return list(self)


class _Guarded:
    """The port's connection with such cursors. It is a port's own class, so it is wrapped, not derived from."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        return self._connection.cursor(_Cursor).execute(sql, parameters)

    def rollback(self) -> None:
        try:
            self._connection.rollback()
        except ERRORS as error:
            raise named(error) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _migrate(database: Database) -> None:
    version = database.conn.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise LedgerError(Code.DATABASE_DAMAGED, reason=f"schema {version} is newer than this app")
    with database.atomic():
        for name in _SCRIPTS[version:]:
            script = resources.files("sync.device").joinpath(name).read_text("utf-8")
            for statement in script.split(";\n"):
                if statement.strip():
                    database.conn.execute(statement)
        database.conn.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _read_back(connection: sqlite3.Connection, name: str, expected: object) -> None:
    row = connection.execute(f"PRAGMA {name}").fetchone()
    found = row[0] if row else None
    if found is None and name in _OPTIONAL:
        return
    if (found.lower() if isinstance(found, str) else found) == expected:
        return
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        # It held when we made this file, so the file says something else now.
        raise LedgerError(Code.DATABASE_DAMAGED, reason=f"{name}={found}")
    raise LedgerError(Code.DURABILITY_NOT_AVAILABLE, reason=f"{name}={found}")


# SQLITE_FULL, and SQLITE_IOERR_WRITE, which is how a browser's exceeded quota arrives.
_NO_ROOM = {13, 778}
# SQLITE_BUSY and LOCKED: some other program has the file open.
_HELD = {5, 6}
# SQLITE_PERM, READONLY, IOERR, CANTOPEN: the file may well be whole, and setting it aside would be wrong.
_DEVICE_FAILS = {3, 8, 10, 14}
# SQLITE_IOERR_SHORT_READ and IOERR_CORRUPTFS: a file that ends early.
_TORN = {522, 8458}
