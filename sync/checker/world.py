"""Reading a world for the checker: raw rows of central and of tablets, files under their names, acknowledgement lines.

A store that nobody holds open is copied with its WAL and the copy is opened, so it can be read after a crash and is
never written. A live central is read by a read-only connection; a live tablet, which lets nobody else in, by its own
connection (closing a copied file in the same process would drop SQLite's locks on it).

Acknowledgement logs are JSON lines that a test writes the moment something was promised:

    saved             device, device_seq, entry (name), photos   the screen said "saved"
    receipt           entry, seq, disposition                    central's answer arrived
    photo             sha256                                     central took the last byte
    offset            upload, offset                             where central said an upload stands
    checkpoint        checkpoint                                 a tree head that somebody saw
    lost              entry or sha256                            the test destroyed the only copy on purpose
    central_restored  size                                       central went back to a backup of this size

`epoch` (0 where absent) counts the restores before a line was written: a backup voids what was said after it was made.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from schemas.entries import Checkpoint

Ack: TypeAlias = dict[str, Any]
_Query: TypeAlias = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Violation:
    """An invariant (I1 … I16) that does not hold, in which store, and how."""

    invariant: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.where}: {self.what}"


@dataclass(frozen=True)
class CentralRow:
    """A row of central's `entries`, as it stands there."""

    seq: int
    name: str
    id: str
    kind: str
    unit: str
    author: str
    device: str
    device_seq: int
    numbered: int
    supersedes: str | None
    received_ms: int
    disposition: str
    reason: str | None
    data: bytes

    @property
    def entry(self) -> dict[str, Any]:
        """The entry in the row's bytes; empty where they are not JSON."""
        return parsed(self.data)

    @property
    def accepted(self) -> bool:
        """Whether central accepted it."""
        return self.disposition == "accepted"


@dataclass(frozen=True)
class CentralState:
    """Central's tables and photo files at one moment."""

    rows: list[CentralRow]
    nodes: dict[int, bytes]
    checkpoints: list[tuple[int, str, int, str]]
    keys: set[tuple[Any, ...]]
    devices: set[tuple[Any, ...]]
    listed: set[tuple[Any, ...]]
    evidence: set[tuple[Any, ...]]
    admitted: set[tuple[Any, ...]]
    accounts: list[tuple[Any, ...]]
    photos: dict[str, int]
    files: list[Path]
    where: str = "central"

    @property
    def held(self) -> set[str]:
        """Photos whose bytes are here under their hash."""
        return {path.name for path in self.files if file_hash(path) == path.name}


@dataclass(frozen=True)
class TabletRow:
    """A row of a tablet's `log`, as it stands there."""

    name: str
    id: str
    device: str
    device_seq: int
    kind: str
    unit: str
    supersedes: str | None
    own: int
    data: bytes
    status: str | None
    seq: int | None
    received_ms: int | None
    disposition: str | None
    seen: int

    @property
    def entry(self) -> dict[str, Any]:
        """The entry in the row's bytes; empty where they are not JSON."""
        return parsed(self.data)


@dataclass(frozen=True)
class TabletState:
    """A tablet's tables and photo files at one moment; `image` is a private copy that may be changed."""

    where: str
    log: list[TabletRow]
    identities: list[dict[str, Any]]
    meta: dict[str, str]
    photos: dict[str, tuple[int, str]]
    alarms: list[tuple[str, str | None, str | None, str | None]]
    files: list[Path]
    image: sqlite3.Connection

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The last tree head that this tablet believed."""
        text = self.meta.get("checkpoint")
        return Checkpoint.model_validate_json(text) if text else None

    @property
    def alarmed(self) -> bool:
        """Whether an alarm waits for a person."""
        return any(settled is None for _, _, _, settled in self.alarms)


@dataclass
class World:
    """All that is known at one moment."""

    central: CentralState | None = None
    tablets: list[TabletState] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)

    def said(self, what: str) -> list[Ack]:
        """The acknowledgements of one sort that no restored backup has voided."""
        lines = [ack for ack in self.acks if ack["what"] == what]
        return [ack for ack in lines if not self._void(ack)]

    def lost(self) -> set[str]:
        """Names of entries and photos that a test destroyed on purpose."""
        gone = [ack for ack in self.acks if ack["what"] == "lost"]
        return {str(ack[key]) for ack in gone for key in ("entry", "sha256") if key in ack}

    def restores(self) -> list[tuple[int, int]]:
        """(epoch that began, size) of every restore of central."""
        return [(int(ack["epoch"]), int(ack["size"])) for ack in self.acks if ack["what"] == "central_restored"]

    def _void(self, ack: Ack) -> bool:
        later = [size for epoch, size in self.restores() if epoch > int(ack.get("epoch", 0))]
        if ack["what"] in ("photo", "offset"):
            return bool(later)
        position = ack.get("seq") or (ack.get("checkpoint") or {}).get("size")
        return position is not None and any(size < int(position) for size in later)


def read_central(source: str | Path, photo_dir: Path | None = None) -> CentralState:
    """Central's state from its data directory, or from a database URL and the folder of photos."""
    with _central_query(source) as query:
        photos = photo_dir if photo_dir is not None else Path(source) / "photos"
        return CentralState(
            rows=[CentralRow(*row) for row in query(_ENTRIES)],
            nodes={place: bytes(value) for place, value in query("SELECT place, hash FROM nodes")},
            checkpoints=[
                (size, root, at_ms, sig)
                for size, root, at_ms, sig in query("SELECT size, root, at_ms, sig FROM checkpoints ORDER BY size")
            ],
            keys=set(query("SELECT key, device, account, public_key, since_seq FROM keys")),
            devices=set(query("SELECT device, unit, state, high_water, head, cause FROM devices")),
            listed=set(query("SELECT entry, sha256 FROM listed_photos")),
            evidence=set(query("SELECT entry, seq FROM evidence")),
            admitted=set(query("SELECT entry_hash, seq FROM admitted")),
            accounts=query("SELECT account, role, scopes, disabled FROM accounts"),
            photos=dict(_pairs(query("SELECT sha256, bytes FROM photos"))),
            files=sorted(path for path in photos.rglob("*") if path.is_file()) if photos.is_dir() else [],
        )


def read_tablet(home: Path, connection: sqlite3.Connection | None = None) -> TabletState:
    """A tablet's state from its directory (`db/`, `files/`), or by its own `connection` while it is open."""
    image = sqlite3.connect(":memory:", check_same_thread=False)
    if connection is not None:
        if connection.in_transaction:
            raise RuntimeError(f"{home.name}: a transaction is open, what it holds is not yet said to anyone")
        image.deserialize(_no_wal(connection.serialize()))
    else:
        with _copied(home / "db" / "ledger.db") as copy:
            copy.backup(image)

    def query(statement: str) -> list[tuple[Any, ...]]:
        return image.execute(statement).fetchall()

    photos = home / "files" / "photos"
    return TabletState(
        where=home.name,
        log=[TabletRow(*row) for row in query(_LOG)],
        identities=[json.loads(content) for (content,) in query("SELECT content FROM identities")],
        meta=dict(_pairs(query("SELECT name, value FROM meta"))),
        photos={row[0]: (row[1], row[2]) for row in query("SELECT sha256, bytes, state FROM photos")},
        alarms=[(row[0], row[1], row[2], row[3]) for row in query("SELECT code, seen, offered, settled FROM alarms")],
        files=sorted(path for path in photos.glob("*") if path.is_file() and path.suffix != ".part"),
        image=image,
    )


def _no_wal(image: bytes) -> bytes:
    """A database image that says so itself: a private copy in memory needs no WAL (bytes 18 and 19 of the header)."""
    return image[:18] + b"\x01\x01" + image[20:]


def read_acks(paths: Iterable[Path]) -> list[Ack]:
    """The lines of acknowledgement logs. A last line that a kill cut short was never said."""
    found: list[Ack] = []
    for path in paths:
        for line in path.read_text("utf-8").split("\n")[:-1]:
            if line.strip():
                found.append(json.loads(line))
    return found


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, remembered as long as the file looks the same."""
    stat = path.stat()
    return _file_hash(path, stat.st_ino, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=200_000)
def parsed(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`, or an empty one."""
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@lru_cache(maxsize=200_000)
def _file_hash(path: Path, _inode: int, _mtime_ns: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_ENTRIES = (
    "SELECT seq, entry_hash, id, kind, unit, author, device, device_seq, numbered, supersedes, received_ms,"
    " disposition, reason, bytes FROM entries ORDER BY seq"
)
_LOG = (
    "SELECT hash, id, device, device_seq, kind, unit, supersedes, own, bytes, status, seq, received_ms,"
    " disposition, seen FROM log ORDER BY local_seq"
)


@contextmanager
def _central_query(source: str | Path) -> Iterator[_Query]:
    if isinstance(source, str) and "://" in source:
        with _url_query(source) as query:
            yield query
        return
    folder = Path(source)
    path = folder / "central.db"
    opened = _live(path) if _is_held(folder / "central.lock") else _copied(path)
    with opened as connection:
        connection.execute("BEGIN")

        def ask(statement: str) -> list[tuple[Any, ...]]:
            return connection.execute(statement).fetchall()

        yield ask


@contextmanager
def _url_query(url: str) -> Iterator[_Query]:
    from sqlalchemy import create_engine

    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

            def ask(statement: str) -> list[tuple[Any, ...]]:
                return [tuple(row) for row in connection.exec_driver_sql(statement)]

            yield ask
    finally:
        engine.dispose()


@contextmanager
def _live(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        yield connection


@contextmanager
def _copied(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a private copy; copied again while the original changes under the hand."""
    parts = [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-journal")]
    with tempfile.TemporaryDirectory(prefix="checker-") as folder:
        for _ in range(10):
            before = _looks(parts)
            for part in parts:
                Path(folder, part.name).unlink(missing_ok=True)
                if part.exists():
                    shutil.copyfile(part, Path(folder, part.name))
            if _looks(parts) == before:
                break
        with closing(sqlite3.connect(Path(folder, path.name), isolation_level=None)) as connection:
            yield connection


def _looks(parts: Sequence[Path]) -> list[tuple[int, int] | None]:
    stats = [part.stat() if part.exists() else None for part in parts]
    return [(stat.st_size, stat.st_mtime_ns) if stat else None for stat in stats]


def _is_held(lock: Path) -> bool:
    """Whether a process holds central's write lock; it does so from its first write on."""
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _pairs(rows: list[tuple[Any, ...]]) -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in rows]
