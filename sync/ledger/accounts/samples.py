"""Third-party checks (第三方核查, M16): how many were wrong, with an interval, and rectification orders still open."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sync.ledger.book.days import day_of
from sync.ledger.book.facts import RectificationStep, ThirdPartyFinding
from sync.ledger.statement.field_sections import SampleResult

_Z_95 = 1.959963984540054
_RIGHT, _NOT_CHECKED = "confirmed", "not_checked"
_CLOSED = "closed"


def sample_result(
    findings: Iterable[ThirdPartyFinding],
    steps: Iterable[RectificationStep],
    about: frozenset[str] | None,
    after: date,
    until: date,
) -> SampleResult | None:
    """The checks that arrived in (after, until] and orders open at its end; None where there are neither.

    `about` limits both to these entries and parcels (None: all). Of several findings on one thing the last counts.
    """
    last: dict[tuple[str, ...], ThirdPartyFinding] = {}
    for finding in sorted(findings, key=lambda one: one.said.seq):
        on = day_of(finding.said.received_ms)
        if after < on <= until and finding.verdict != _NOT_CHECKED and _concerns(finding.about, about):
            last[finding.about] = finding
    wrong = sum(finding.verdict != _RIGHT for finding in last.values())
    orders: dict[str, list[RectificationStep]] = defaultdict(list)
    for step in sorted(steps, key=lambda one: one.said.seq):
        if day_of(step.said.received_ms) <= until:
            orders[step.order].append(step)
    still = [own for own in orders.values() if own[-1].step != _CLOSED and _concerns(own[0].about, about)]
    if not last and not still:
        return None
    low, high = interval(wrong, len(last))
    due = [max((step.due_on for step in own if step.due_on is not None), default=None) for own in still]
    return SampleResult(len(last), wrong, low, high, len(still), sum(one is not None and one < until for one in due))


def interval(wrong: int, checked: int) -> tuple[float, float]:
    """The 95 % interval (Wilson) of the share that is wrong when `wrong` of `checked` were; (0, 1) if none was checked.

    >>> low, high = interval(0, 299)
    >>> low, round(high, 4)
    (0.0, 0.0127)
    """
    if not checked:
        return 0.0, 1.0
    share, z2 = wrong / checked, _Z_95**2
    middle = (share + z2 / (2 * checked)) / (1 + z2 / checked)
    reach = _Z_95 / (1 + z2 / checked) * math.sqrt(share * (1 - share) / checked + z2 / (4 * checked**2))
    return (0.0 if wrong == 0 else middle - reach), (1.0 if wrong == checked else middle + reach)


def _concerns(about: tuple[str, ...], wanted: frozenset[str] | None) -> bool:
    return wanted is None or not wanted.isdisjoint(about)
