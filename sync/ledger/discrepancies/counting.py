"""How many findings there are, of what code, in which unit, open or closed, and how old: for pages and reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.codes import Discrepancy
from sync.ledger.book.days import DAY_MS
from sync.ledger.discrepancies.settling import Settled, State

AGES_DAYS = (0, 30, 90, 180)
"""Lower ends of the age bands of open findings, in days."""
NOTICE = "notice"


@dataclass(frozen=True)
class Count:
    """Findings of a code in a unit ("": in none). `open_by_age` are the bands of AGES_DAYS; `not_checked` and `notices`
    stand apart, for they are no discrepancies."""

    code: Discrepancy
    unit: str
    open: int
    closed: int
    open_by_age: tuple[int, ...]
    oldest_open_days: int | None
    not_checked: int
    notices: int


def count(settled: Iterable[Settled], at_ms: int) -> tuple[Count, ...]:
    """Counts by code and unit at an instant. A finding between two units counts in each of them; so totals are counted
    by `total`, never added up."""
    groups: dict[tuple[Discrepancy, str], list[Settled]] = defaultdict(list)
    for one in settled:
        for unit in one.finding.units or ("",):
            groups[one.finding.code, unit].append(one)
    return tuple(_count(code, unit, groups[code, unit], at_ms) for code, unit in sorted(groups))


def total(settled: Iterable[Settled], at_ms: int) -> tuple[Count, ...]:
    """Counts by code alone, each finding once."""
    groups: dict[Discrepancy, list[Settled]] = defaultdict(list)
    for one in settled:
        groups[one.finding.code].append(one)
    return tuple(_count(code, "", groups[code], at_ms) for code in sorted(groups))


def age_days(one: Settled, at_ms: int) -> int:
    """Whole days since the cause was observed or received; never below 0."""
    return max(0, at_ms - one.finding.since_ms) // DAY_MS


def _count(code: Discrepancy, unit: str, settled: list[Settled], at_ms: int) -> Count:
    facts = [one for one in settled if one.finding.checked and one.finding.variant != NOTICE]
    ages = [age_days(one, at_ms) for one in facts if one.state is State.OPEN]
    bands = [0] * len(AGES_DAYS)
    for age in ages:
        bands[sum(age >= lower for lower in AGES_DAYS) - 1] += 1
    return Count(
        code=code,
        unit=unit,
        open=len(ages),
        closed=len(facts) - len(ages),
        open_by_age=tuple(bands),
        oldest_open_days=max(ages, default=None),
        not_checked=sum(not one.finding.checked for one in settled),
        notices=sum(one.finding.variant == NOTICE for one in settled),
    )
