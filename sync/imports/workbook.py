"""XLSX: one sheet, one row of headings, plain cells. Merged cells, formulas and error values are faults by cell.

openpyxl reads the cells; what it hides in its streaming mode (merged ranges) or should never see (document types, which
make XML bombs) is looked for in the parts themselves first.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries

from schemas.errors import Code, LedgerError
from sync.imports import grid
from sync.imports.gate import opened_zip, parsing, unpacked
from sync.imports.raw import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Progress, Raw, imprecise, objects
from sync.imports.sheet import Cell, Fault, ReadOptions

EXCEL_DIGITS = 10**15
"""Excel keeps 15 digits of a number; longer ones (an 18-digit parcel number) have lost their end."""
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["\']([A-Za-z0-9:$]{1,40})["\']')
_OVERLAP = 200
_MAX_MERGED = 10_000
_STEP = 20_000


def read(path: Path, options: ReadOptions, progress: Progress) -> Raw:
    """One sheet. Raises LedgerError: IMPORT_LAYER_*, IMPORT_HEADER_INVALID, IMPORT_CELL_MERGED or _FORMULA (headings),
    IMPORT_ARCHIVE_UNSAFE, IMPORT_FILE_DAMAGED, IMPORT_TABLE_TOO_LARGE.
    """
    with opened_zip(path) as archive:
        _refuse_document_types(archive)
    with parsing("XLSX"), warnings.catch_warnings(), path.open("rb") as file:  # openpyxl judges a path by its ending
        warnings.simplefilter("ignore")  # styles and extensions that openpyxl leaves out are nothing to us
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = _sheet(book, options.layer)
            merged = _merged(path, sheet._worksheet_path)
            return _read(sheet, merged, options, progress)
        finally:
            book.close()


def _read(sheet: Any, merged: list[str], options: ReadOptions, progress: Progress) -> Raw:
    names: list[str] = []
    rows: list[int] = []
    cells: list[list[Cell]] = []
    faults: list[Fault] = []
    sheet.reset_dimensions()  # what a file says about its own size is not believed
    total = 0
    for number, record in enumerate(sheet.iter_rows(), start=1):
        total += len(record)
        if number > MAX_ROWS or len(record) > max(MAX_COLUMNS, 1) or total > MAX_CELLS:
            raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="rows, columns or cells", limit=MAX_ROWS)
        if number < options.header_row:
            continue
        if number == options.header_row:
            names = _headings(record, number, merged)
            continue
        values = [_value(cell, number, names, faults) for cell in record]
        if all(value is None for value in values):
            continue
        if any(value is not None for value in values[len(names) :]):
            faults.append(Fault(Code.IMPORT_ROW_RAGGED, number, None, {"cells": len(values), "headings": len(names)}))
        rows.append(number)
        cells.append((values + [None] * len(names))[: len(names)])
        if len(rows) % _STEP == 0:
            progress(len(rows), len(rows))
    if not names:
        raise LedgerError(Code.IMPORT_HEADER_INVALID, reason=f"no row {options.header_row}")
    numbers = np.array(rows, dtype=np.int64)
    by_column = list(zip(*cells, strict=True)) if cells else [()] * len(names)
    columns = {name: objects(column) for name, column in zip(names, by_column, strict=True)}
    faults += _merged_faults(merged, numbers, names) + imprecise(numbers, columns) + _cut_numbers(numbers, columns)
    raw = Raw(sheet.title, None, None, numbers, columns, objects([None] * len(rows)), None, faults)
    return grid.with_shapes(raw, options)


def _sheet(book: Any, wanted: str | None) -> Any:
    """The sheet named, or the only visible one that has cells."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if wanted is not None:
        if wanted not in sheets:
            raise LedgerError(Code.IMPORT_LAYER_UNKNOWN, layer=wanted, layers=list(sheets)[:20])
        return sheets[wanted]
    filled = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible" and _has_cells(sheet)]
    if len(filled) > 1:
        raise LedgerError(Code.IMPORT_LAYER_AMBIGUOUS, layers=[sheet.title for sheet in filled][:20])
    if not filled:
        raise LedgerError(Code.IMPORT_HEADER_INVALID, reason="every sheet is empty")
    return filled[0]


def _has_cells(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell.value is not None for record in sheet.iter_rows(max_row=50) for cell in record)


def _headings(record: tuple[Any, ...], number: int, merged: list[str]) -> list[str]:
    for cell in record:
        if cell.data_type == "f":
            raise LedgerError(Code.IMPORT_CELL_FORMULA, cell=cell.coordinate)
    for ref in merged:
        _, top, _, bottom = range_boundaries(ref)
        if top <= number <= bottom:
            raise LedgerError(Code.IMPORT_CELL_MERGED, cell=ref)
    return grid.headings([None if cell.value is None else str(cell.value) for cell in record])


def _value(cell: Any, row: int, names: list[str], faults: list[Fault]) -> Cell:
    """A cell as text, number or None; formulas and errors become faults, dates ISO text."""
    value = cell.value
    if value is None or type(value) is int or (type(value) is str and cell.data_type == "s"):
        return value if value != "" else None
    if type(value) is float and value - value == 0.0:
        return value
    if cell.data_type == "f":
        faults.append(Fault(Code.IMPORT_CELL_FORMULA, row, _name(cell, names), {"cell": cell.coordinate}))
        return None
    if cell.data_type == "e" or type(value) is float:
        details = {"cell": cell.coordinate, "value": str(value)[:40]}
        faults.append(Fault(Code.IMPORT_CELL_ERROR, row, _name(cell, names), details))
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value) if value != "" else None


def _name(cell: Any, names: list[str]) -> str:
    """The cell's heading, or its column's letter where there is none."""
    number = int(cell.column)
    return names[number - 1] if number <= len(names) else str(get_column_letter(number))


def _cut_numbers(rows: NDArray[np.int64], columns: dict[str, NDArray[np.object_]]) -> list[Fault]:
    return [
        Fault(Code.IMPORT_NUMBER_IMPRECISE, int(rows[index]), name)
        for name, cells in columns.items()
        for index, cell in enumerate(cells)
        if type(cell) is int and not -EXCEL_DIGITS < cell < EXCEL_DIGITS
    ]


def _merged_faults(merged: list[str], rows: NDArray[np.int64], names: list[str]) -> list[Fault]:
    """A fault for each row that a merged range touches: which of its rows the value is meant for is a guess."""
    faults = []
    for ref in merged:
        left, top, _, bottom = range_boundaries(ref)
        column = names[left - 1] if left <= len(names) else get_column_letter(left)
        for row in rows[np.searchsorted(rows, top) : np.searchsorted(rows, bottom, side="right")]:
            faults.append(Fault(Code.IMPORT_CELL_MERGED, int(row), column, {"cell": ref}))
    return faults


def _merged(path: Path, part: str) -> list[str]:
    """References of all merged ranges in a sheet's part, read as a stream."""
    found: list[str] = []
    with opened_zip(path) as archive:
        for window in _windows(archive, part.lstrip("/")):
            for match in _MERGE.finditer(window):
                ref = match[1].decode("ascii")
                if not found or ref != found[-1]:
                    found.append(ref)
            if len(found) > _MAX_MERGED:
                raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="merged ranges", limit=_MAX_MERGED)
    return list(dict.fromkeys(found))


def _refuse_document_types(archive: zipfile.ZipFile) -> None:
    """No XML part of a workbook has a document type; one that does defines entities, and that is an attack."""
    for info in archive.infolist():
        if not info.filename.lower().endswith((".xml", ".rels")):
            continue
        for window in _windows(archive, info.filename):
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window or window.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise LedgerError(Code.IMPORT_ARCHIVE_UNSAFE, reason=f"{info.filename[:60]} has a document type")


def _windows(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The part in chunks, each with the end of the one before, so that nothing hides on a border."""
    tail = b""
    for chunk in unpacked(archive, name):
        yield tail + chunk
        tail = chunk[-_OVERLAP:]
