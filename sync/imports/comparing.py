"""Drafts held against the ledger: whose rows they are, what is new or changed, which parcels lie on others."""

from __future__ import annotations

import json

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from schemas.entries import Kind
from schemas.errors import Code
from schemas.rules import rules
from sync.imports import known, overlaps
from sync.imports.ahead import Ahead
from sync.imports.drafts import Drafts
from sync.imports.fields import Form
from sync.imports.offsets import gcj02_suspects
from sync.imports.outlines import Outlines, outlines_of
from sync.imports.planned import Change
from sync.imports.reach import Reach
from sync.imports.sheet import Fault
from sync.ledger.land.plane import to_plane

Mask = NDArray[np.bool_]
Known = dict[str, known.KnownRow]


class Comparison:
    """One import beside the ledger as `connection` sees it; what it finds wrong is added to `faults`."""

    def __init__(self, connection: Connection, form: Form, reach: Reach, faults: list[Fault]) -> None:
        self.connection, self.form, self.reach, self.faults = connection, form, reach, faults

    def own(self, made: Drafts, plane: Outlines, known_now: Known) -> tuple[Drafts, Outlines, Mask]:
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

    def placed(self, made: Drafts, plane: Outlines, fresh: Mask, ahead: Ahead) -> tuple[Drafts, Mask]:
        """Without parcels that lie on others or outside their unit."""
        if self.form.kind is not Kind.PARCEL or not fresh.any():
            return made, fresh
        tolerance_m2 = rules().values.parking_overlap_m2
        good = np.ones(len(made.keys), dtype=bool)
        found = overlaps.within(plane, fresh, tolerance_m2, ahead.misfits(plane))
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

    def _against_ledger(self, made: Drafts, plane: Outlines, fresh: Mask, good: Mask, tolerance_m2: float) -> None:
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

    def _in_units(self, made: Drafts, plane: Outlines, fresh: Mask, good: Mask, tolerance_m2: float) -> None:
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

    def changes(self, made: Drafts, known_now: Known) -> tuple[Change, ...]:
        """Which drafts change a row, and which of its fields."""
        found = [(index, known_now[key]) for index, key in enumerate(made.keys) if key in known_now]
        before = {entry: body for entry, body in known.bodies_of(self.connection, [row.entry for _, row in found])}
        return tuple(Change(index, row.entry, _differing(row, before[row.entry], made, index)) for index, row in found)


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
