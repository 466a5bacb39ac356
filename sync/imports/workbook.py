"""XLSX: one sheet, one row of headings, plain cells. Merged cells, formulas and error values are faults by cell.

openpyxl reads workbook and styles, `cellstream.py` texts and cells; merged ranges and what neither should ever see
(document types, which make XML bombs) are looked for in the parts themselves first.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.xml.constants import SHARED_STRINGS

from schemas.errors import Code, LedgerError
from sync.imports import cellstream, grid
from sync.imports.gate import opened_zip, parsing, unpacked
from sync.imports.raw import MAX_CELLS, MAX_ROWS, Progress, Raw, imprecise, objects
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
    with parsing("XLSX"), warnings.catch_warnings(), path.open("rb") as file, opened_zip(path) as archive:
        warnings.simplefilter("ignore")  # styles and extensions that openpyxl leaves out are nothing to us
        book = _book(file)  # a handle, for openpyxl judges a path by its ending
        part = _part(book, archive, options.layer)
        merged = _merged(archive, part.entry)
        with archive.open(part.entry) as source:
            return _read(part.title, cellstream.rows(source, book), merged, options, progress)


@dataclass(frozen=True)
class _Part:
    title: str
    entry: str
    visible: bool


def _read(title: str, stream: Iterator[cellstream.Row], merged: list[str], options: ReadOptions, said: Progress) -> Raw:
    names: list[str] = []
    numbers: list[int] = []
    cells: list[list[Cell]] = []
    faults: list[Fault] = []
    total = 0
    for number, values, odd in stream:
        total += len(values)
        if number > MAX_ROWS or total > MAX_CELLS:
            raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="rows or cells", limit=MAX_ROWS)
        if number < options.header_row:
            continue
        if number == options.header_row:
            names = _headings(values, odd, number, merged)
            continue
        if not names:
            break
        faults.extend(_odd_fault(each, number, names) for each in odd)
        if not odd and all(value is None for value in values):
            continue
        if any(value is not None for value in values[len(names) :]):
            faults.append(Fault(Code.IMPORT_ROW_RAGGED, number, None, {"cells": len(values), "headings": len(names)}))
        numbers.append(number)
        cells.append((values + [None] * len(names))[: len(names)])
        if len(numbers) % _STEP == 0:
            said(len(numbers), len(numbers))
    if not names:
        raise LedgerError(Code.IMPORT_HEADER_INVALID, reason=f"no row {options.header_row}")
    rows = np.array(numbers, dtype=np.int64)
    by_column = list(zip(*cells, strict=True)) if cells else [()] * len(names)
    columns = {name: objects(column) for name, column in zip(names, by_column, strict=True)}
    faults += _merged_faults(merged, rows, names) + imprecise(rows, columns) + _cut_numbers(rows, columns)
    raw = Raw(title, None, None, rows, columns, objects([None] * len(rows)), None, faults)
    return grid.with_shapes(raw, options)


def _book(file: IO[bytes]) -> cellstream.Book:
    """What cells refer to. openpyxl's own way in would read every sheet once through, to know its size."""
    reader = ExcelReader(file, read_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_workbook()
    apply_stylesheet(reader.archive, reader.wb)
    strings = reader.package.find(SHARED_STRINGS)
    texts: list[str] = []
    if strings is not None:
        with reader.archive.open(strings.PartName.lstrip("/")) as source:
            texts = cellstream.texts(source)
    sheets = tuple(
        (str(sheet.name), str(rel.target), sheet.state == "visible")
        for sheet, rel in reader.parser.find_sheets()
        if rel.Type.endswith("/worksheet")
    )
    styles = reader.wb
    dates, spans = frozenset(styles._date_formats), frozenset(styles._timedelta_formats)
    return cellstream.Book(sheets, texts, dates, spans, styles.epoch)


def _part(book: cellstream.Book, archive: zipfile.ZipFile, wanted: str | None) -> _Part:
    """The sheet named, or the only visible one that has cells."""
    parts = [_Part(title, entry.lstrip("/"), visible) for title, entry, visible in book.sheets]
    if wanted is not None:
        for part in parts:
            if part.title == wanted:
                return part
        raise LedgerError(Code.IMPORT_LAYER_UNKNOWN, layer=wanted, layers=[part.title for part in parts][:20])
    filled = [part for part in parts if part.visible and _has_cells(book, archive, part)]
    if len(filled) > 1:
        raise LedgerError(Code.IMPORT_LAYER_AMBIGUOUS, layers=[part.title for part in filled][:20])
    if not filled:
        raise LedgerError(Code.IMPORT_HEADER_INVALID, reason="every sheet is empty")
    return filled[0]


def _has_cells(book: cellstream.Book, archive: zipfile.ZipFile, part: _Part) -> bool:
    with archive.open(part.entry) as source:
        rows = islice(cellstream.rows(source, book), 50)
        return any(odd or any(value is not None for value in values) for _, values, odd in rows)


def _headings(values: list[Cell], odd: list[cellstream.Odd], number: int, merged: list[str]) -> list[str]:
    if odd:
        raise LedgerError(odd[0].code, cell=odd[0].cell, value=odd[0].value)
    for ref in merged:
        _, top, _, bottom = range_boundaries(ref)
        if top <= number <= bottom:
            raise LedgerError(Code.IMPORT_CELL_MERGED, cell=ref)
    return grid.headings(values)


def _odd_fault(odd: cellstream.Odd, row: int, names: list[str]) -> Fault:
    column = names[odd.column] if odd.column < len(names) else str(get_column_letter(odd.column + 1))
    return Fault(odd.code, row, column, {"cell": odd.cell, "value": odd.value})


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


def _merged(archive: zipfile.ZipFile, entry: str) -> list[str]:
    """References of all merged ranges in a sheet's part, read as a stream."""
    found: dict[str, None] = {}
    for window in _windows(archive, entry):
        found.update((match[1].decode("ascii"), None) for match in _MERGE.finditer(window))
        if len(found) > _MAX_MERGED:
            raise LedgerError(Code.IMPORT_TABLE_TOO_LARGE, what="merged ranges", limit=_MAX_MERGED)
    return list(found)


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
