"""The table of a shapefile (dBASE III): fixed-width records, so whole columns are cut out of the bytes at once.

Text keeps its leading zeros; a number without decimals is an int, one with decimals a float; blanks are None.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.errors import Code, LedgerError
from sync.imports import encodings
from sync.imports.raw import Mask, Objects, objects
from sync.imports.sheet import Cell, Fault

_GB_MARKS = frozenset({0x4D, 0x7A})
"""Language drivers that say code page 936."""


@dataclass(frozen=True)
class Table:
    """Columns of the records that are `alive`; `alive` runs over all records, those marked deleted included."""

    alive: Mask
    encoding: str
    columns: dict[str, Objects]
    faults: list[Fault]


@dataclass(frozen=True)
class _Field:
    name: bytes
    kind: str
    offset: int
    width: int
    decimals: int


def read(data: bytes, encoding: str | None, count: int) -> Table:
    """The table of `count` records. `encoding` as named in a .cpg or by the office; else by mark, else by the bytes.

    Raises LedgerError: IMPORT_FILE_DAMAGED, IMPORT_HEADER_INVALID, IMPORT_ENCODING_UNKNOWN.
    """
    records, head_bytes, record_bytes = _head(data)
    if records != count:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"{count} outlines, but {records} rows in the .dbf")
    fields = _fields(data, head_bytes, record_bytes)
    block = np.frombuffer(data, np.uint8, records * record_bytes, head_bytes).reshape(records, record_bytes)
    alive = block[:, 0] != ord("*")
    block = block[alive]
    rows = np.flatnonzero(alive) + 1
    text = b"\n".join(_lines(_cut(block, each)) for each in fields if each.kind == "C")
    names = b"\n".join(each.name for each in fields)
    if encoding is None and data[29] in _GB_MARKS:
        encoding = encodings.GB18030
    known = encodings.decided((names + b"\n" + text).replace(b"\0", b" "), encoding)
    columns: dict[str, Objects] = {}
    faults: list[Fault] = []
    for each in fields:
        name = encodings.decoded(each.name, known)
        if not name or name in columns or encodings.foreign(name, known, False):
            raise LedgerError(Code.IMPORT_HEADER_INVALID, reason=f"column {len(columns) + 1} of the .dbf")
        columns[name], bad = _column(_cut(block, each), each, rows, name, known)
        faults += bad
    return Table(alive, known, columns, faults)


def _head(data: bytes) -> tuple[int, int, int]:
    if len(data) < 33 or data[0] & 0x07 != 3:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="the .dbf is no dBASE table")
    records, head_bytes, record_bytes = struct.unpack("<IHH", data[4:12])
    if head_bytes < 33 or record_bytes < 1 or head_bytes + records * record_bytes > len(data):
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="the .dbf is shorter than its header says")
    return int(records), int(head_bytes), int(record_bytes)


def _fields(data: bytes, head_bytes: int, record_bytes: int) -> list[_Field]:
    fields = []
    offset = 1
    for at in range(32, head_bytes - 31, 32):
        if data[at] == 0x0D:
            break
        name = data[at : at + 11].split(b"\0")[0].strip()
        kind, width, decimals = chr(data[at + 11]), data[at + 16], data[at + 17]
        if kind == "C":
            width += decimals << 8  # long text columns put the high byte there
            decimals = 0
        fields.append(_Field(name, kind, offset, width, decimals))
        offset += width
    if offset > record_bytes:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="the .dbf has columns beyond its rows")
    return fields


def _cut(block: NDArray[np.uint8], each: _Field) -> NDArray[np.uint8]:
    return block[:, each.offset : each.offset + each.width]


def _lines(cells: NDArray[np.uint8]) -> bytes:
    """A column as text, one row a line: encodings are told apart by lines."""
    return np.column_stack((cells, np.full(len(cells), ord("\n"), dtype=np.uint8))).tobytes()


def _column(
    block: NDArray[np.uint8], each: _Field, rows: NDArray[np.int64], name: str, encoding: str
) -> tuple[Objects, list[Fault]]:
    if not each.width or not len(block):
        return objects([None] * len(block)), []
    raw = np.ascontiguousarray(block).view(f"S{each.width}").ravel().tolist()
    if each.kind == "C":
        return _texts(raw, rows, name, encoding)
    parse = _PARSE.get(each.kind, _text)
    if each.kind in "NF" and each.decimals == 0:
        parse = _whole
    cells: list[Cell] = []
    faults = []
    for index, value in enumerate(raw):
        value = value.strip(b" \0")
        try:
            cells.append(parse(value) if value else None)
        except ValueError:
            details = {"cell": name, "value": value.decode("ascii", "replace")[:40]}
            faults.append(Fault(Code.IMPORT_CELL_ERROR, int(rows[index]), name, details))
            cells.append(None)
    return objects(cells), faults


def _texts(raw: list[bytes], rows: NDArray[np.int64], name: str, encoding: str) -> tuple[Objects, list[Fault]]:
    suspicious = encodings.mixed_lines(b"\n".join(raw), encoding)
    cells: list[Cell] = []
    faults = []
    for index, value in enumerate(raw):
        text = value.rstrip(b" \0").decode(encoding, "surrogateescape")
        if not text.isascii() and encodings.foreign(text, encoding, suspicious):
            faults.append(Fault(Code.IMPORT_ENCODING_MIXED, int(rows[index]), name, {"encoding": encoding}))
            text = encodings.shown(text)
        cells.append(text or None)
    return objects(cells), faults


def _whole(value: bytes) -> Cell:
    if value.strip(b"*") == b"":  # dBASE writes stars where a number did not fit
        raise ValueError("overflow")
    return int(value) if value.lstrip(b"+-").isdigit() else _number(value)


def _number(value: bytes) -> Cell:
    number = float(value)
    if number - number != 0.0:
        raise ValueError("not finite")
    return number


def _date(value: bytes) -> Cell:
    if value == b"00000000":
        return None
    if len(value) != 8 or not value.isdigit():
        raise ValueError("no date")
    digits = value.decode("ascii")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _text(value: bytes) -> Cell:
    return value.decode("ascii")


def _logical(value: bytes) -> Cell:
    return None if value == b"?" else ("true" if value in b"TtYy" else "false")


_PARSE: dict[str, Callable[[bytes], Cell]] = {"N": _number, "F": _number, "D": _date, "L": _logical}
