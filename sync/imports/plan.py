"""What an import would change, before it changes anything: new, changed, unchanged and parked rows, as one object.

The dry run prints a plan; the commit carries out the same one, at the log position that it was made at.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection

from schemas.entries import MAX_ENTRY_BYTES, Kind
from schemas.errors import Code, LedgerError
from schemas.roles import may_author
from schemas.rules import rules
from sync.central import rows as log_rows
from sync.central.central import Caller, Central
from sync.imports import baseline, checks, drafts, known, overlaps
from sync.imports.drafts import Drafts
from sync.imports.fields import BASELINE, FORMS, PARCEL_BASELINE, Form
from sync.imports.mapping import ImportMapping, load_mapping
from sync.imports.offsets import gcj02_suspects
from sync.imports.outlines import Outlines, outlines_of
from sync.imports.reach import Reach
from sync.imports.reading import read_sheet
from sync.imports.sheet import Fault, ReadOptions, Repair, Sheet
from sync.imports.table import Table, read_table
from sync.ledger.plane import to_plane

_MOST_BODY_CHARACTERS = MAX_ENTRY_BYTES - 4096
"""What leaves room for the envelope; texts that are not ASCII are short."""

Progress = Callable[[str, int, int], None]
"""Told of a step by name, how much of it is done, and of how much."""


def quiet(_step: str, _done: int, _total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for: a file, what it is, and how to read it."""

    file: Path
    form: Form
    mapping: Path | None = None
    baseline: Path | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    park: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A row that the ledger has otherwise: what it supersedes, and the fields that differ."""

    index: int
    supersedes: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class ImportPlan:
    """What would happen. `drafts` are the rows to append, new and changed; `parked` are row numbers, per file."""

    form: Form
    source: str
    sha256: str
    bytes: int
    baseline_sha256: str | None
    mapping_edition: str
    mapping_sha256: str
    crs: int | None
    position: int
    """Log position (rows) that it was compared with."""
    rows: int
    drafts: Drafts
    changed: tuple[Change, ...]
    unchanged: int
    parked: tuple[int, ...]
    faults: tuple[Fault, ...]
    baseline_faults: tuple[Fault, ...]
    repairs: tuple[Repair, ...]
    warnings: tuple[Fault, ...]
    park: bool

    @property
    def new(self) -> int:
        """How many rows the ledger does not have yet."""
        return len(self.drafts.rows) - len(self.changed)

    @property
    def blocked(self) -> bool:
        """Whether faults stop it: one of the file as a whole, or one of a row where rows are not to be parked."""
        every = (*self.faults, *self.baseline_faults)
        return any(fault.row is None for fault in every) or (bool(every) and not self.park)

    def refuse(self) -> None:
        """Raise LedgerError(IMPORT_FAULTS) where faults stop the import."""
        if self.blocked:
            every = (*self.faults, *self.baseline_faults)
            raise LedgerError(Code.IMPORT_FAULTS, faults=len(every), rows=len(self.parked))


def plan_import(central: Central, caller: Caller, asked: Request, progress: Progress = quiet) -> ImportPlan:
    """Read, check and compare a file; nothing is written.

    Raises LedgerError: ROLE_NOT_ALLOWED, codes of the reader where the whole file is refused, IMPORT_MAPPING_INVALID.
    """
    form = asked.form
    if not may_author(caller.role, form.kind):
        raise LedgerError(Code.ROLE_NOT_ALLOWED)
    mapping = load_mapping(asked.mapping, form)
    sheet = _read(asked.file, asked.options, "read", progress, required=form.outline == "required")
    parts = _read(asked.baseline, ReadOptions(crs=asked.options.crs), "baseline", progress) if asked.baseline else None
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
        """All steps in order."""
        position = log_rows.size(self.connection)
        table = self._table()
        made, plane = self._checked(table)
        known_now = known.known_rows(self.connection, self.form)
        self.progress("compare", 0, len(made.keys))
        made, plane, fresh = self._own(made, plane, known_now)
        made, fresh = self._placed(made, plane, fresh)
        drafts.check_sample(made)
        changed = self._changes(made.chosen(fresh), known_now)
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

    def _checked(self, table: Table) -> tuple[Drafts, Outlines]:
        """Everything that needs no comparison with rows of the same kind; then the drafts of the rows that are left."""
        self.progress("check", 0, len(table.rows))
        if table.unusable:
            empty = np.zeros(len(table.rows), dtype=bool)
            blank = ["null"] * len(table.rows)
            made = Drafts(self.form, table.rows, blank, blank, blank, blank, table.outlines)
            return made.chosen(empty), table.outlines[:0]
        plane = to_plane(table.outlines) if self.form.outline is not None else table.outlines
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

    # -- comparing with the ledger ---------------------------------------------------------------------------------

    def _own(
        self, made: Drafts, plane: Outlines, known_now: dict[str, known.KnownRow]
    ) -> tuple[Drafts, Outlines, np.ndarray[Any, np.dtype[np.bool_]]]:
        """Without rows whose id belongs to a unit out of reach; and which of the rest the ledger does not say yet."""
        mine = np.ones(len(made.keys), dtype=bool)
        fresh = np.ones(len(made.keys), dtype=bool)
        for index, key in enumerate(made.keys if known_now else ()):
            row = known_now.get(key)
            if row is None:
                continue
            if not self.reach.may_hold(self.form, row.unit):
                mine[index] = False
                details = {"id": key.strip('"')[:80]}
                self.faults.append(Fault(Code.IMPORT_ID_TAKEN, int(made.rows[index]), None, details))
            said = known.digest(made.units[index], made.about[index].encode(), made.bodies[index].encode())
            fresh[index] = said != row.digest
        return made.chosen(mine), plane[mine], fresh[mine]

    def _placed(
        self, made: Drafts, plane: Outlines, fresh: np.ndarray[Any, np.dtype[np.bool_]]
    ) -> tuple[Drafts, np.ndarray[Any, np.dtype[np.bool_]]]:
        """Without parcels that lie on others or outside their unit."""
        if self.form.kind is not Kind.PARCEL or not fresh.any():
            return made, fresh
        self.progress("overlaps", 0, len(made.keys))
        tolerance_m2 = rules().values.parking_overlap_m2
        good = np.ones(len(made.keys), dtype=bool)
        found = overlaps.within(plane, fresh, tolerance_m2)
        spans = [_span(body) for body in made.bodies] if len(found.here) else []
        for here, there, shared in found.pairs():
            if _meet(spans[here], spans[there]):
                for one, other in ((here, there), (there, here)):
                    if fresh[one]:
                        good[one] = False
                        self._overlap(made, one, json.loads(made.keys[other]), shared)
        self._against_ledger(made, plane, fresh, good, tolerance_m2)
        self._in_units(made, plane, fresh, good, tolerance_m2)
        return made.chosen(good), fresh[good]

    def _against_ledger(
        self, made: Drafts, plane: Outlines, fresh: Any, good: Any, tolerance_m2: float
    ) -> None:
        """Overlaps with parcels of the ledger that this file does not replace; and the look-alikes of GCJ-02."""
        others = list(known.newest_parcels(self.connection))
        if not others:
            return
        replaced = {json.loads(key) for key, kept in zip(made.keys, good.tolist(), strict=True) if kept}
        outlines = outlines_of([outline for _, _, _, outline in others])
        suspects = gcj02_suspects(made.outlines[fresh], outlines)
        for index in np.flatnonzero(fresh)[suspects.suspects].tolist():
            good[index] = False
            details = {"offset_m": f"{suspects.offset_m:.0f}" if suspects.offset_m else "?"}
            self.faults.append(Fault(Code.IMPORT_GCJ02_SUSPECT, int(made.rows[index]), None, details))
        there = to_plane(outlines)
        found = overlaps.between(plane, there, tolerance_m2)
        for here, other, shared in found.pairs():
            number, since, until, _ = others[other]
            elsewhere = number not in replaced and number != json.loads(made.keys[here])
            if fresh[here] and elsewhere and _meet(_span(made.bodies[here]), (since, until)):
                good[here] = False
                self._overlap(made, here, number, shared)

    def _in_units(self, made: Drafts, plane: Outlines, fresh: Any, good: Any, tolerance_m2: float) -> None:
        """Parcels of which more than the rules' share lies outside their unit, where the unit has a boundary."""
        texts = known.unit_outlines(self.connection)
        if not texts:
            return
        boundaries = dict(zip(texts, to_plane(outlines_of(list(texts.values()))), strict=True))
        outside = overlaps.outside_m2(plane, made.units, boundaries)
        share = rules().values.outside_parcel_ratio * np.nan_to_num(shapely.area(plane))
        for index in np.flatnonzero(fresh & (outside > np.maximum(tolerance_m2, share))).tolist():
            good[index] = False
            details = {"outside_m2": f"{outside[index]:.2f}", "unit": made.units[index]}
            self.faults.append(Fault(Code.IMPORT_UNIT_BOUNDARY, int(made.rows[index]), None, details))

    def _overlap(self, made: Drafts, index: int, other: str, shared_m2: float) -> None:
        details = {"other": other[:80], "overlap_m2": f"{shared_m2:.2f}"}
        self.faults.append(Fault(Code.IMPORT_OVERLAP, int(made.rows[index]), None, details))

    def _changes(self, made: Drafts, known_now: dict[str, known.KnownRow]) -> tuple[Change, ...]:
        """Which drafts change a row, and which of its fields."""
        found = [(index, known_now[key]) for index, key in enumerate(made.keys) if key in known_now]
        before = {entry: body for entry, body in known.bodies_of(self.connection, [row.entry for _, row in found])}
        return tuple(
            Change(index, row.entry, _differing(row, before[row.entry], made, index)) for index, row in found
        )

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


def _span(body: str) -> tuple[str | None, str | None]:
    """From when to when a parcel's row holds."""
    tail = json.loads("{" + body[body.rindex('"valid_from":') :])
    return tail["valid_from"], tail["valid_to"]


def _meet(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> bool:
    """Whether two spans have a day in common; the last day is the first on which a row no longer holds."""
    return (one[1] is None or (other[0] or "") < one[1]) and (other[1] is None or (one[0] or "") < other[1])


def _differing(row: known.KnownRow, before: bytes, made: Drafts, index: int) -> tuple[str, ...]:
    old, new = json.loads(before), json.loads(made.bodies[index])
    old, new = old | old.get("fields", {}), new | new.get("fields", {})
    names = [name for name in new if name != "fields" and old.get(name) != new[name]]
    return (*names, *(["unit"] if row.unit != made.units[index] else []))


def _sorted(faults: Any) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.row is not None, fault.row or 0)))


__all__ = ["Change", "ImportPlan", "Progress", "Request", "form_of", "plan_import", "quiet"]
