"""CSV: comma, semicolon or tab; UTF-8 or GB18030; WKT outlines or none. Every cell stays text, an empty one is None."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from schemas.errors import Code, LedgerError
from sync.imports import encodings, grid
from sync.imports.raw import MAX_CELLS, MAX_ROWS, Progress, Raw, objects
from sync.imports.sheet import Fault, ReadOptions

MAX_CELL_CHARACTERS = 8_000_000
"""A WKT outline of the most vertices that are allowed, and then some."""
_STEP = 20_000


def read(path: Path, options: ReadOptions, progress: Progress) -> Raw:
    """One table. Raises LedgerError (IMPORT_ENCODING_UNKNOWN, IMPORT_HEADER_INVALID, IMPORT_FILE_DAMAGED, ...)."""
    data = path.read_bytes()
    encoding = encodings.decided(data, options.encoding)
    text = encodings.decoded(data, encoding)
    suspicious = encodings.mixed_lines(data, encoding)
    lines = data.count(b"\n") + 1
    del data
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    records = _records(text)
    names: list[str] = []
    rows: list[int] = []
    cells: list[list[str]] = []
    faults: list[Fault] = []
    for number, record in records:
        if number < options.header_row:
            continue
        if number == options.header_row:
            _refuse_foreign_heading(record, encoding, suspicious)
            names = grid.headings(record)
            continue
        if not any(record):
            continue
        if len(rows) >= MAX_ROWS or len(rows) * len(names) >= MAX_CELLS:
            raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="rows", limit=len(rows))
        fault = _misfit(record, names, number)
        if fault is not None:
            faults.append(fault)
            record = (record + [""] * len(names))[: len(names)]
        rows.append(number)
        cells.append(record[: len(names)])
        if len(rows) % _STEP == 0:
            progress(len(rows), lines)
    if not names:
        raise LedgerError(Code.IMPORT_HEADER_INVALID, reason=f"no row {options.header_row}")
    numbers = np.array(rows, dtype=np.int64)
    by_column = list(zip(*cells, strict=True)) if cells else [()] * len(names)
    del cells, text
    columns = {}
    for name, column in zip(names, by_column, strict=True):
        faults.extend(
            Fault(Code.IMPORT_ENCODING_MIXED, rows[index], name, {"encoding": encoding})
            for index, cell in enumerate(column)
            if not cell.isascii() and encodings.foreign(cell, encoding, suspicious)
        )
        columns[name] = objects([(cell if cell.isascii() else encodings.shown(cell)) or None for cell in column])
    raw = Raw(None, None, encoding, numbers, columns, objects([None] * len(rows)), None, faults)
    return grid.with_shapes(raw, options)


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Records with their numbers. Raises LedgerError(IMPORT_FILE_DAMAGED) for an open quote, naming the row."""
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"row {number}: {error}", row=number) from error
        yield number, record


def _misfit(record: list[str], names: list[str], number: int) -> Fault | None:
    extra = any(record[len(names) :])
    if len(record) < len(names) or extra:
        return Fault(Code.IMPORT_ROW_RAGGED, number, None, {"cells": len(record), "headings": len(names)})
    return None


def _refuse_foreign_heading(record: list[str], encoding: str, suspicious: bool) -> None:
    for cell in record:
        if encodings.foreign(cell, encoding, suspicious):
            raise LedgerError(Code.IMPORT_ENCODING_UNKNOWN, reason=f"the headings are not {encoding}")
