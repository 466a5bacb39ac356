"""What an import would change, before it changes anything: read → check → compare, and nothing is written.

The dry run prints the plan; the commit carries out the same one, at the log position that it was made at.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection

from schemas.entries import MAX_ENTRY_BYTES, Kind
from schemas.errors import Code, LedgerError
from schemas.roles import may_author
from sync.central import rows as log_rows
from sync.central.central import Caller, Central
from sync.imports import baseline, checks, drafts, known
from sync.imports.ahead import Ahead
from sync.imports.comparing import Comparison
from sync.imports.drafts import Drafts
from sync.imports.fields import BASELINE, FORMS, PARCEL_BASELINE, Form
from sync.imports.garbage import seldom_searched
from sync.imports.mapping import ImportMapping, load_mapping
from sync.imports.outlines import Outlines
from sync.imports.planned import Change, ImportPlan, Progress, Request, quiet
from sync.imports.reach import Reach
from sync.imports.reading import read_sheet
from sync.imports.sheet import Fault, ReadOptions, Sheet
from sync.imports.table import Table, read_table

_MOST_BODY_CHARACTERS = MAX_ENTRY_BYTES - 4096
"""What leaves room for the envelope; texts that are not ASCII are short."""


def plan_import(central: Central, caller: Caller, asked: Request, progress: Progress = quiet) -> ImportPlan:
    """Read, check and compare a file; nothing is written.

    Raises LedgerError: ROLE_NOT_ALLOWED, codes of the reader where the whole file is refused, IMPORT_MAPPING_INVALID.
    """
    form = asked.form
    if not may_author(caller.role, form.kind):
        raise LedgerError(Code.ROLE_NOT_ALLOWED)
    with seldom_searched():
        mapping = load_mapping(asked.mapping, form)
        sheet = _read(asked.file, asked.options, "read", progress, required=form.outline == "required")
        options = ReadOptions(crs=asked.options.crs)
        parts = _read(asked.baseline, options, "baseline", progress) if asked.baseline else None
        with central.store.read() as connection:
            return _Planner(central, caller, asked, mapping, sheet, parts, connection, progress).plan()


def form_of(name: str) -> Form:
    """The form of this name. Raises KIND_UNKNOWN."""
    if name not in FORMS:
        raise LedgerError(Code.KIND_UNKNOWN, kind=name[:32])
    return FORMS[name]


class _Planner:
    """One import while it is planned: read → check → compare."""

    def __init__(
        self, central: Central, caller: Caller, asked: Request, mapping: ImportMapping, sheet: Sheet,
        parts: Sheet | None, connection: Connection, progress: Progress,
    ) -> None:  # fmt: skip
        self.reach = Reach(caller.units, central.admin, central.today())
        self.asked, self.form, self.mapping = asked, asked.form, mapping
        self.sheet, self.parts, self.connection, self.progress = sheet, parts, connection, progress
        self.faults: list[Fault] = list(sheet.faults)
        self.warnings: list[Fault] = list(sheet.warnings)
        self.baseline_faults: tuple[Fault, ...] = ()
        self.hurt: set[int] = set()

    def plan(self) -> ImportPlan:
        """All steps in order; what GEOS can say of the outlines is found out while cells are read."""
        position = log_rows.size(self.connection)
        known_now = known.known_rows(self.connection, self.form)
        # A file of which the ledger knows every row is most likely the same again, and nothing will be placed.
        coverage = self.form.kind is Kind.PARCEL and len(known_now) < len(self.sheet.rows)
        with Ahead(self.sheet.geometries, coverage=coverage) as ahead:
            return self._plan(ahead, position, known_now)

    def _plan(self, ahead: Ahead, position: int, known_now: dict[str, known.KnownRow]) -> ImportPlan:
        made, plane = self._checked(self._table(), ahead)
        beside = Comparison(self.connection, self.form, self.reach, self.faults)
        self.progress("compare", 0, len(made.keys))
        made, plane, fresh = beside.own(made, plane, known_now)
        if self.form.kind is Kind.PARCEL and fresh.any():
            self.progress("overlaps", 0, len(made.keys))
        made, fresh = beside.placed(made, plane, fresh, ahead)
        drafts.check_sample(made)
        changed = beside.changes(made.chosen(fresh), known_now)
        parked = sorted(self._parked_rows())
        return ImportPlan(
            form=self.form, source=self.sheet.source, sha256=self.sheet.sha256, bytes=self.asked.file.stat().st_size,
            baseline_sha256=self.parts.sha256 if self.parts else None, mapping_edition=self.mapping.edition,
            mapping_sha256=self.mapping.sha256, crs=self.sheet.crs, position=position, rows=len(self.sheet.rows),
            drafts=made.chosen(fresh), changed=changed, unchanged=int((~fresh).sum()), parked=tuple(parked),
            faults=_sorted(self.faults), baseline_faults=_sorted(self.baseline_faults),
            repairs=(*self.sheet.repairs, *(self.parts.repairs if self.parts else ())),
            warnings=tuple(self.warnings), park=self.asked.park,
        )  # fmt: skip

    # -- reading and checking --------------------------------------------------------------------------------------

    def _table(self) -> Table:
        wanted = [f for f in self.form.fields if self.parts is None or f.name not in PARCEL_BASELINE]
        table = read_table(self.sheet, wanted, self.mapping, self.reach.parsers(self.form))
        if table.unread:
            self.warnings.append(Fault(Code.IMPORT_COLUMN_UNREAD, details={"columns": list(table.unread)}))
        self.faults += table.faults
        return table

    def _checked(self, table: Table, ahead: Ahead) -> tuple[Drafts, Outlines]:
        """Everything that needs no comparison with rows of the same kind; then the drafts of the rows that are left."""
        self.progress("check", 0, len(table.rows))
        if table.unusable:
            empty = np.zeros(len(table.rows), dtype=bool)
            blank = ["null"] * len(table.rows)
            made = Drafts(self.form, table.rows, blank, blank, blank, blank, table.outlines)
            return made.chosen(empty), table.outlines[:0]
        plane = ahead.plane if self.form.outline is not None else table.outlines
        for found in self._row_faults(table, plane):
            self.faults.append(found)
        texts = self._baselines(table, plane)
        bad = self._parked_rows()
        alive = np.array([row not in bad for row in table.rows.tolist()], dtype=bool)
        if self.form.kind is Kind.SURVEY_RESULT:
            alive = _whole_groups(self.form, table, alive)
            self.hurt |= {int(row) for row in table.rows[~alive]}
        kept = np.flatnonzero(alive).tolist()
        part = table if len(kept) == len(table.rows) else _only(table, alive)
        made = drafts.drafted(self.form, part, None if texts is None else [texts[index] for index in kept])
        made, unique = self._usable(made)
        if self.form.outline is None:
            return made, made.outlines
        return made, plane[alive][unique]

    def _row_faults(self, table: Table, plane: Outlines) -> list[Fault]:
        form, reach = self.form, self.reach
        found = [
            *checks.class_faults(form.name, table),
            *checks.state_faults(table),
            *checks.date_faults(form, table, reach.today),
            *checks.doubled_faults(form, table),
        ]
        if form.name in ("project", "survey_result", "new_build_quota", "structure", "exclusion", "reuse"):
            found += checks.parcel_faults(table, known.parcel_units(self.connection), reach.units)
        if form.kind is Kind.NEW_BUILD_QUOTA:
            found += checks.link_faults(table, known.linked_parcels(self.connection))
        if form.name == "transfer":
            found += checks.transfer_faults(table)
        if form.measured:
            found += checks.slip_faults(form, table, np.nan_to_num(shapely.area(plane)))
        return found

    def _baselines(self, table: Table, plane: Outlines) -> list[str] | None:
        if self.parts is None:
            return None
        parts = read_table(self.parts, BASELINE, self.mapping.baseline, {})
        if parts.unusable:
            self.baseline_faults = (*self.parts.faults, *parts.faults)
            return ["[]"] * len(table.rows)
        found = baseline.baselines(table, plane, parts, self.parts.faults, self.reach.today)
        self.faults += found.faults
        self.baseline_faults = found.part_faults
        self.hurt |= found.parked
        return found.texts

    def _usable(self, made: Drafts) -> tuple[Drafts, np.ndarray[Any, np.dtype[np.bool_]]]:
        """Without drafts that no entry holds, and those whose key stands twice although no row did (two documents of
        one survey)."""
        small = np.array([len(body) <= _MOST_BODY_CHARACTERS for body in made.bodies], dtype=bool)
        for index in np.flatnonzero(~small).tolist():
            details = {"limit_bytes": MAX_ENTRY_BYTES}
            self.faults.append(Fault(Code.BODY_TOO_LARGE, int(made.rows[index]), None, details))
        counts = Counter(made.keys)
        unique = np.array([counts[key] == 1 for key in made.keys], dtype=bool)
        for index in np.flatnonzero(~unique).tolist():
            self.faults.append(
                Fault(Code.IMPORT_ID_DOUBLED, int(made.rows[index]), None, {"id": made.keys[index][:80], "rows": ""})
            )
        return made.chosen(unique & small), unique & small

    def _parked_rows(self) -> set[int]:
        return self.hurt | {fault.row for fault in self.faults if fault.row is not None}


def _read(path: Path, options: ReadOptions, step: str, progress: Progress, *, required: bool = False) -> Sheet:
    chosen = ReadOptions(
        options.layer, options.crs, options.encoding, options.geometry_column, options.header_row, required
    )
    return read_sheet(path, chosen, lambda done, total: progress(step, done, total))


def _whole_groups(form: Form, table: Table, alive: Any) -> Any:
    """A survey's result is all its rows: where one is parked, all of that parcel and year are."""
    keys = list(zip(*(table.columns[name] for name in form.key), strict=True))
    dead = {key for key, kept in zip(keys, alive.tolist(), strict=True) if not kept}
    return np.array([key not in dead for key in keys], dtype=bool) & alive


def _only(table: Table, keep: Any) -> Table:
    marks = keep.tolist()
    columns = {
        name: [value for value, kept in zip(column, marks, strict=True) if kept]
        for name, column in table.columns.items()
    }
    return Table(table.rows[keep], columns, table.headings, table.outlines[keep], (), table.unread, False)


def _sorted(faults: Any) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.row is not None, fault.row or 0)))


__all__ = ["Change", "ImportPlan", "Progress", "Request", "form_of", "plan_import", "quiet"]
