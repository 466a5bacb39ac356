"""A sheet's cells as the JSON text of fields, column by column; what a cell has wrong stands with row and column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from schemas.errors import Code
from sync.imports import cells, mapping
from sync.imports.fields import Field
from sync.imports.mapping import ColumnMapping
from sync.imports.sheet import Cell, Fault, Sheet

Parsers = Mapping[str, Callable[[Cell], Any]]
"""Parsers that take the place of a field's own, because they ask what is known at run time (units)."""


@dataclass(frozen=True)
class Table:
    """Columns of fragments by field, all as long as `rows`; `headings` says where a field stood in the file."""

    rows: NDArray[np.int64]
    columns: Mapping[str, list[str]]
    headings: Mapping[str, str | None]
    outlines: NDArray[np.object_]
    faults: tuple[Fault, ...]
    unread: tuple[str, ...]
    unusable: bool
    """Whether the headings themselves are at fault, so that no row can be read."""

    def fault(self, index: int, field: str | None, code: Code, /, **details: Any) -> Fault:
        """A fault of the row at `index`, in the column of `field`."""
        heading = self.headings.get(field) if field else None
        return Fault(code, int(self.rows[index]), heading, details)


def read_table(sheet: Sheet, wanted: Sequence[Field], said: ColumnMapping, parsers: Parsers) -> Table:
    """Read every wanted field of every row; a refused or empty cell becomes a fault and `null`."""
    found = mapping.resolve(sheet, wanted, said)
    faults = list(found.faults)
    columns: dict[str, list[str]] = {}
    headings: dict[str, str | None] = {}
    count = len(sheet.rows)
    for field in wanted:
        column = found.of.get(field.name)
        headings[field.name] = column.heading if column else field.headings[0]
        if column is None:
            columns[field.name] = [field.empty] * count
            continue
        parse = parsers.get(field.name) or field.make(column.given)
        reader = cells.CellReader(parse, column.words)
        if column.heading is None:
            read = [reader[column.constant]] * count
        else:
            given = sheet.columns[column.heading].tolist()
            whole = parse.column(given) if isinstance(parse, cells.TextParser) and not column.words else None
            if whole is not None:
                columns[field.name] = whole
                continue
            read = [reader[cell] for cell in given]
        if not reader.refused and cells.NULL not in read and "[]" not in read:
            columns[field.name] = cast("list[str]", read)
            continue
        columns[field.name] = _settled(sheet, field, headings[field.name], read, faults)
    return Table(sheet.rows, columns, headings, sheet.geometries, tuple(faults), found.unread, bool(found.faults))


def _settled(
    sheet: Sheet, field: Field, heading: str | None, read: list[cells.Fragment], faults: list[Fault]
) -> list[str]:
    """The fragments with faults taken out and noted; an empty cell gets what the field has for it."""
    made: list[str] = []
    for index, fragment in enumerate(read):
        if isinstance(fragment, cells.Refused):
            faults.append(Fault(fragment.code, int(sheet.rows[index]), heading, fragment.details))
            fragment = cells.NULL
        elif fragment == cells.NULL:
            fragment = field.empty
            if field.required:
                faults.append(Fault(Code.IMPORT_VALUE_MISSING, int(sheet.rows[index]), heading))
        elif fragment == "[]" and field.required:
            faults.append(Fault(Code.IMPORT_VALUE_MISSING, int(sheet.rows[index]), heading))
        made.append(fragment)
    return made
