"""Land classes as the fold sees them: rows of small arrays, so that a rule about classes is one lookup.

What a class counts for comes from the counting rule's edition (口径), never from code (domain §0.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schemas.codes import CodeSystem, RestorationKind, ThreeClass
from schemas.land_classes import counting_rule, land_classes
from sync.ledger.book.facts import LandClass

NO_CLASS = -1
"""Ground without a class: inside a parcel, outside its baseline parts."""


@dataclass(frozen=True)
class ClassTable:
    """All classes in use, by index. `urban_rural` is B, `restores` is K of ledger rules §3; `construction` is the great
    class 建设用地. The last row of each array answers for NO_CLASS: counts for nothing."""

    classes: tuple[LandClass, ...]
    kinds: tuple[RestorationKind | None, ...]
    urban_rural: NDArray[np.bool_]
    restores: NDArray[np.bool_]
    construction: NDArray[np.bool_]
    edition: str

    @classmethod
    def of(cls, edition: str | None = None) -> ClassTable:
        """Every class of the counting rule of `edition` (the newest unless named): indices stay the same whatever a
        batch brings. Raises LedgerError(EDITION_UNKNOWN)."""
        rule = counting_rule(edition)
        known = land_classes(rule.class_edition)
        rows = sorted(rule.rows, key=lambda row: row.code)
        great = [known.find(known.system, row.code).three_class is ThreeClass.CONSTRUCTION for row in rows]
        return cls(
            classes=tuple(LandClass(CodeSystem(known.system), row.code) for row in rows),
            kinds=tuple(row.restoration_kind for row in rows),
            urban_rural=np.array([*(row.counts_urban_rural for row in rows), False]),
            restores=np.array([*(row.restoration_counts for row in rows), False]),
            construction=np.array([*great, False]),
            edition=rule.edition,
        )

    def index(self, land_class: LandClass | None) -> int:
        """The row of a class, its K suffix (可调整) taken as its base; NO_CLASS for none.

        Raises LedgerError(CODE_UNKNOWN) for a class that the edition does not have.
        """
        if land_class is None:
            return NO_CLASS
        found = self._places.get(land_class)
        if found is None:  # a K suffix, or unknown
            base = land_classes(counting_rule(self.edition).class_edition).find(land_class.system, land_class.code)
            found = self._places[LandClass(land_class.system, base.code)]
        return found

    def code(self, index: int) -> str:
        """The code of a row."""
        return self.classes[index].code

    @cached_property
    def _places(self) -> dict[LandClass, int]:
        return {one: number for number, one in enumerate(self.classes)}
