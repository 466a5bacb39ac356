"""Whose rows an account may import, and what the rows may refer to: units by id or name, parcels of the ledger."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from schemas.admin_units import CITY, AdminUnits
from schemas.codes import Belt
from schemas.entries import Kind
from schemas.errors import Code, LedgerError
from sync.imports.cells import plain
from sync.imports.fields import UNIT, Form
from sync.imports.sheet import Cell
from sync.imports.table import Parsers


@dataclass(frozen=True)
class Reach:
    """The units of the account, and the table of units on the day of the import."""

    units: frozenset[str]
    admin: AdminUnits
    today: date

    def parsers(self, form: Form) -> Parsers:
        """How unit cells of this form are read: the row's own unit within reach, units referred to just known."""
        own = self.area if form.kind is Kind.TARGET else self.unit
        found: dict[str, Callable[[Cell], object]] = {UNIT: own, "parent_unit": self.known_area}
        found |= {"from_unit": self.known_unit, "to_unit": self.known_unit}
        return found | ({"unit_id": self.unit} if form.kind is Kind.UNIT else {})

    def unit(self, cell: Cell) -> str:
        """A unit within reach. Raises UNIT_UNKNOWN, IMPORT_UNIT_AMBIGUOUS, UNIT_FOREIGN."""
        found = self.known_unit(cell)
        if found not in self.units:
            raise LedgerError(Code.UNIT_FOREIGN, unit=found)
        return found

    def known_unit(self, cell: Cell) -> str:
        """A unit by its id, or by the name or alias that means one unit today."""
        said = plain(cell)
        with suppress(LedgerError):
            return self.admin.unit(said).unit_id
        named = self.admin.named(said, self.today)
        if not named:
            raise LedgerError(Code.UNIT_UNKNOWN, unit=said[:64])
        if len(named) > 1:
            raise LedgerError(Code.IMPORT_UNIT_AMBIGUOUS, unit=said[:64], units=[unit.unit_id for unit in named])
        return named[0].unit_id

    def area(self, cell: Cell) -> str:
        """A unit, district, belt or the city, all of whose units are within reach: what may have a target."""
        found = self.known_area(cell)
        if not self._units_of(found) <= self.units:
            raise LedgerError(Code.UNIT_FOREIGN, unit=found)
        return found

    def known_area(self, cell: Cell) -> str:
        """A unit, a district by its code, a belt (G1, G2) or the city."""
        said = plain(cell)
        found = {"市": CITY, "全市": CITY, "一绿": Belt.G1.value, "二绿": Belt.G2.value}.get(said, said)
        return found if self._units_of(found) else self.known_unit(cell)

    def may_hold(self, form: Form, unit: str) -> bool:
        """Whether a row of this form may stand under `unit`."""
        if form.kind is Kind.TARGET:
            return bool(self._units_of(unit)) and self._units_of(unit) <= self.units
        return unit in self.units

    def _units_of(self, name: str) -> frozenset[str]:
        scope = name
        if name in {area.code for area in self.admin.areas}:
            scope = f"district:{name}"
        elif name in set(Belt):
            scope = f"belt:{name}"
        try:
            return self.admin.units_within(scope, self.today)
        except LedgerError:
            return frozenset()
