"""Discrepancies of a report: counted by code and unit, by state, and the open ones by age (domain §5.5 section 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from schemas.codes import DiscrepancyScope
from sync.ledger.discrepancies.counting import AGES_DAYS, NOTICE, age_days
from sync.ledger.discrepancies.settling import Settled, State
from sync.ledger.statement.field_sections import DiscrepancyCount


@dataclass(frozen=True)
class AgedCount(DiscrepancyCount):
    """A count with the closed ones by outcome and the open ones by age in days. `not_checked` could not be checked and
    is no discrepancy."""

    upheld: int = 0
    explained: int = 0
    corrected: int = 0
    dismissed: int = 0
    open_0: int = 0
    open_30: int = 0
    open_90: int = 0
    open_180: int = 0
    not_checked: int = 0


def aged_counts(settled: Iterable[Settled], at_ms: int, claimed_e2: Mapping[str, int]) -> tuple[AgedCount, ...]:
    """Counts by code and unit; one between two units counts in each. `claimed_e2` is what an entry claims, in
    hundredths of m²: the claims that an open finding of scope record holds are what it keeps from counting."""
    groups: dict[tuple[str, str], list[Settled]] = defaultdict(list)
    for one in settled:
        if one.finding.variant != NOTICE:
            for unit in one.finding.units or ("",):
                groups[one.finding.code.value, unit].append(one)
    return tuple(_count(code, unit, groups[code, unit], at_ms, claimed_e2) for code, unit in sorted(groups))


def _count(code: str, unit: str, settled: list[Settled], at_ms: int, claimed_e2: Mapping[str, int]) -> AgedCount:
    facts = [one for one in settled if one.finding.checked]
    states = [one.state for one in facts]
    ages = [age_days(one, at_ms) for one in facts if one.state is State.OPEN]
    bands = [0] * len(AGES_DAYS)
    for age in ages:
        bands[sum(age >= lower for lower in AGES_DAYS) - 1] += 1
    held = {
        entry
        for one in facts
        if one.stops and one.finding.scope is DiscrepancyScope.RECORD
        for entry in one.finding.entries
    }
    return AgedCount(
        code=code, unit=unit, open=len(ages), closed=len(facts) - len(ages), oldest_open_days=max(ages, default=None),
        refused_m2=Fraction(sum(claimed_e2.get(entry, 0) for entry in held), 100),
        upheld=states.count(State.UPHELD), explained=states.count(State.EXPLAINED),
        corrected=states.count(State.CORRECTED), dismissed=states.count(State.DISMISSED),
        open_0=bands[0], open_30=bands[1], open_90=bands[2], open_180=bands[3],
        not_checked=len(settled) - len(facts),
    )  # fmt: skip
