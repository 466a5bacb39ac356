"""Land classes (地类) and the counting rule (口径): what a class is, and, apart from it, what it counts for.

A code means nothing without its system: the 2023 guide reuses codes of the third land survey (三调). "Counts as
reduction" is the operator's decision with an edition of its own (domain §0.4), so it lies in a table of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.codes import CodeSystem, RestorationKind, ThreeClass
from schemas.errors import Code, LedgerError
from schemas.reference import Row, Table, load

ADJUSTABLE = "K"
"""Suffix of farmland planted otherwise but adjustable (可调整): the code follows its base code."""


class LandClass(Row):
    """One class of a system; `code` as printed in the standard, with leading zeros."""

    code: Annotated[str, Field(pattern=r"^[0-9]{2,4}[0-9A-Z]{0,3}$")]
    name: str
    three_class: ThreeClass


class LandClasses(Table):
    """The classes of one code system in one edition."""

    system: CodeSystem
    classes: tuple[LandClass, ...]

    def find(self, system: str, code: str) -> LandClass:
        """The class of `code`, a K suffix (可调整) taken as its agricultural base class.

        Raises LedgerError(CODE_UNKNOWN) for a missing or other system and for an unknown code.
        """
        if system != self.system:
            raise _unknown(system, code)
        found = self._by_code.get(code)
        if found is None and code.endswith(ADJUSTABLE):
            base = self._by_code.get(code.removesuffix(ADJUSTABLE))
            found = base if base and base.three_class is ThreeClass.AGRICULTURAL else None
        if found is None:
            raise _unknown(system, code)
        return found

    @cached_property
    def _by_code(self) -> Mapping[str, LandClass]:
        return {row.code: row for row in self.classes}


class CountedClass(Row):
    """What one class counts for: as urban-rural construction land (城乡建设用地), and as restoration."""

    code: str
    counts_urban_rural: bool
    restoration_counts: bool
    restoration_kind: RestorationKind | None = None

    @model_validator(mode="after")
    def _no_class_both_ways(self) -> Self:
        if self.restoration_counts and (self.counts_urban_rural or self.restoration_kind is None):
            raise ValueError(f"{self.code}: a restoration that counts has a kind and is no construction land")
        return self


class CountingRule(Table):
    """The counting rule of one edition for the classes of `land_classes` edition `class_edition`."""

    class_edition: str
    rows: tuple[CountedClass, ...]

    def counts_urban_rural(self, system: str, code: str) -> bool:
        """Whether land of this class is urban-rural construction land (the B of ledger rules §3)."""
        return self._row(system, code).counts_urban_rural

    def restoration_counts(self, system: str, code: str) -> bool:
        """Whether restoring to this class reduces construction land (the K of ledger rules §3)."""
        return self._row(system, code).restoration_counts

    def restoration_kind(self, system: str, code: str) -> RestorationKind | None:
        """The kind of re-greening that this class is, if any; 留白增绿 (0810) is one and reduces nothing."""
        return self._row(system, code).restoration_kind

    @property
    def urban_rural(self) -> frozenset[str]:
        """All base codes that count as urban-rural construction land."""
        return frozenset(row.code for row in self.rows if row.counts_urban_rural)

    @property
    def restoring(self) -> frozenset[str]:
        """All base codes that count as restoration."""
        return frozenset(row.code for row in self.rows if row.restoration_counts)

    def _row(self, system: str, code: str) -> CountedClass:
        return self._by_code[land_classes(self.class_edition).find(system, code).code]

    @cached_property
    def _by_code(self) -> Mapping[str, CountedClass]:
        return {row.code: row for row in self.rows}


def land_classes(edition: str | None = None) -> LandClasses:
    """The land classes of `edition`, the newest unless named. Raises LedgerError(EDITION_UNKNOWN)."""
    return load(LandClasses, "land_classes", edition)


def counting_rule(edition: str | None = None) -> CountingRule:
    """The counting rule of `edition`, the newest unless named. Raises LedgerError(EDITION_UNKNOWN)."""
    return load(CountingRule, "counting_rule", edition)


def _unknown(system: str, code: str) -> LedgerError:
    return LedgerError(Code.CODE_UNKNOWN, code=f"{system}:{code}"[:80])
