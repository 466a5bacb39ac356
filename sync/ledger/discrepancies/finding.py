"""A finding: one discrepancy (差异) with the entries and figures that caused it. A fact, never a verdict (rules §6).

Findings are derived anew from facts and never stored, so each has an id made of what it is about: the same cause has
the same id on every computation and every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.codes import Discrepancy, DiscrepancyScope
from schemas.findings import discrepancies

Figure = float | int | str
"""A number or word that caused a finding; the unit stands in its name (`overlap_m2`, `days`)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One discrepancy.

    `entries` are the entries that caused it, in the order in which the ground saw them; `since_ms` is when the cause
    was observed or received, for ageing. `variant` picks among the sentences of a code. Where a check could not be made
    `checked` is False and `variant` says why: it blocks nobody (rules §5). `edition` is that of the thresholds.
    """

    code: Discrepancy
    entries: tuple[str, ...]
    parcels: tuple[str, ...]
    units: tuple[str, ...]
    since_ms: int
    figures: Mapping[str, Figure] = field(hash=False)
    edition: str = ""
    variant: str = ""
    checked: bool = True

    @property
    def id(self) -> str:
        """A stable name: code, variant, and what it is about, hashed. Figures and dates are no part of it."""
        about = (self.code.value, self.variant, *sorted(self.entries), "", *sorted(self.parcels), "", *self.units)
        return hashlib.sha256("\x1f".join(about).encode()).hexdigest()[:32]

    @property
    def scope(self) -> DiscrepancyScope:
        """What it stops while open; nothing where the check could not be made."""
        return discrepancies().of(self.code).scope if self.checked else DiscrepancyScope.NOTHING

    @property
    def order(self) -> tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], str]:
        """Where it stands in a list."""
        return self.code.value, self.parcels, self.entries, self.units, self.variant


def found(
    code: Discrepancy,
    *,
    edition: str,
    since_ms: int,
    entries: Iterable[str] = (),
    parcels: Iterable[str] = (),
    units: Iterable[str] = (),
    variant: str = "",
    **figures: Figure,
) -> Finding:
    """A finding; figures in floating point are rounded to 0.01, once, here."""
    return Finding(
        code,
        tuple(entries),
        tuple(sorted(set(parcels))),
        tuple(sorted(set(units) - {""})),
        since_ms,
        {name: round(value, 2) + 0.0 if isinstance(value, float) else value for name, value in figures.items()},
        edition,
        variant,
    )


def not_checked(
    code: Discrepancy,
    why: str,
    *,
    edition: str,
    since_ms: int,
    entries: Iterable[str] = (),
    parcels: Iterable[str] = (),
    units: Iterable[str] = (),
) -> Finding:
    """A check that could not be made; `why` names its sentence (`no_boundary`, `no_heading`)."""
    return Finding(
        code,
        tuple(entries),
        tuple(sorted(set(parcels))),
        tuple(sorted(set(units) - {""})),
        since_ms,
        {},
        edition,
        why,
        checked=False,
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, in the order of lists."""
    return tuple(sorted({one.id: one for one in findings}.values(), key=lambda one: one.order))
