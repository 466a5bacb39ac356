"""External lists in SQLite: read once by content hash, indexed by the columns that forms ask for.

A list of 100,000 rows costs memory only for the rows that a filter lets through. In a file the lists survive a restart;
in memory they last as long as the store.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from forms.instances.readers import Flat, read_file, read_xml
from forms.instances.rows import NONE, Row, Wanted, document

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lists (
    hash TEXT PRIMARY KEY, number INTEGER NOT NULL, root TEXT NOT NULL, item TEXT NOT NULL, columns TEXT NOT NULL
)
"""
_SEPARATOR = "\x1f"


class InstanceStore:
    """Lists by name and content."""

    def __init__(self, path: str = ":memory:") -> None:
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.execute(_SCHEMA)

    def open(self, name: str, data: bytes) -> Any:
        """The document of a file. Raises LedgerError(FORM_MEDIA_UNREADABLE)."""
        key = hashlib.sha256(name.encode() + b"\0" + data).hexdigest()
        known = self._db.execute("SELECT number, root, item, columns FROM lists WHERE hash = ?", (key,)).fetchone()
        if known is None:
            content = read_file(name, data)
            if isinstance(content, Row):
                return document(content)
            known = self._fill(key, content)
        number, root, item, columns = known
        return document(TableRoot(self._db, number, root, item, tuple(columns.split(_SEPARATOR)) if columns else ()))

    def tree(self, data: bytes) -> Any:
        """The document of an XML text that is kept as a tree."""
        content = read_xml(data)
        if isinstance(content, Row):
            return document(content)
        root = Row(content.root)
        for cells in content.rows:
            row = Row(content.item)
            for column, text in zip(content.columns, cells, strict=True):
                row.add(Row(column, text))
            root.add(row)
        return document(root)

    def _fill(self, key: str, content: Flat) -> tuple[int, str, str, str]:
        with self._db:
            number = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM lists").fetchone()[0]
            columns = content.columns
            names = ", ".join(f"c{at}" for at in range(len(columns)))
            self._db.execute(f"CREATE TABLE list_{number} (place INTEGER PRIMARY KEY{', ' + names if names else ''})")
            marks = ", ".join("?" for _ in range(len(columns) + 1))
            rows = ((place, *cells) for place, cells in enumerate(content.rows))
            self._db.executemany(f"INSERT INTO list_{number} VALUES ({marks})", rows)  # noqa: S608  # our own numbers
            known = (number, content.root, content.item, _SEPARATOR.join(columns))
            self._db.execute("INSERT INTO lists VALUES (?, ?, ?, ?, ?)", (key, *known))
        return known


class TableRoot:
    """The root element of a stored list. Its rows become nodes when somebody asks for them."""

    relevant = True
    xval = ""
    index = 0

    def __init__(self, db: sqlite3.Connection, number: int, name: str, item: str, columns: tuple[str, ...]) -> None:
        self._db = db
        self._table = f"list_{number}"
        self._columns = columns
        self.name = name
        self.item = item
        self.parent: Any = None
        self.attributes = NONE
        self.kids: Mapping[str, Any] = _Rows(self)
        self._indexed: set[int] = set()
        self._last: tuple[tuple[int, str], list[StoredRow]] | None = None

    def lookup(self, name: str, wanted: Wanted) -> Iterable[Any] | None:
        """The rows whose cells equal the wanted texts; None where no column helps."""
        if name != self.item:
            return None
        keys = [(self._columns.index(c), v) for c, v in wanted if c in self._columns and type(v) is str]
        if not keys:
            return None
        for at, _ in keys:
            self._index(at)
        where = " AND ".join(f"c{at} = ?" for at, _ in keys)
        return self._select(f"WHERE {where}", [str(value) for _, value in keys])

    def rows(self) -> list[StoredRow]:
        """All rows."""
        return self._select("", [])

    def count(self) -> int:
        """How many rows."""
        return int(self._db.execute(f"SELECT count(*) FROM {self._table}").fetchone()[0])  # noqa: S608

    def _select(self, where: str, values: list[str]) -> list[StoredRow]:
        found = self._db.execute(f"SELECT * FROM {self._table} {where} ORDER BY place", values)  # noqa: S608
        return [StoredRow(self, record) for record in found]

    def _index(self, at: int) -> None:
        if at not in self._indexed:
            self._db.execute(f"CREATE INDEX IF NOT EXISTS {self._table}_c{at} ON {self._table} (c{at})")
            self._indexed.add(at)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self._columns


class StoredRow:
    """One row of a stored list; its cells become nodes when a path goes into them."""

    __slots__ = ("_kids", "_record", "attributes", "index", "name", "parent")
    relevant = True
    xval = ""
    lookup = None

    def __init__(self, root: TableRoot, record: tuple[Any, ...]) -> None:
        self.name = root.item
        self.parent = root
        self.index: int = record[0]
        self.attributes: Mapping[str, Any] = NONE
        self._record = record
        self._kids: dict[str, list[Row]] | None = None

    @property
    def kids(self) -> dict[str, list[Row]]:
        """The cells."""
        if self._kids is None:
            cells = zip(self.parent.columns, self._record[1:], strict=True)
            self._kids = {name: [Row(name, text, self)] for name, text in cells}  # type: ignore[arg-type]
        return self._kids


class _Rows(Mapping[str, Any]):
    """`{item: rows}`, fetched when it is read."""

    def __init__(self, root: TableRoot) -> None:
        self._root = root

    def __getitem__(self, name: str) -> list[StoredRow]:
        if name != self._root.item:
            raise KeyError(name)
        return self._root.rows()

    def __iter__(self) -> Iterator[str]:
        return iter((self._root.item,))

    def __len__(self) -> int:
        return 1
