"""What a re-greening record says of its plants against the thresholds (D20)."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.codes import Discrepancy, RegreeningOutcome
from sync.ledger.discrepancies.asked import Asked
from sync.ledger.discrepancies.finding import Finding, found
from sync.ledger.discrepancies.site import is_current


def survival_low(asked: Asked) -> Iterator[Finding]:
    """D20: a check entered as passed states a survival below `survival_pass_percent` (domain §3.7)."""
    for version in asked.book.versions:
        percent_e2 = version.survival_percent_e2
        if version.outcome is not RegreeningOutcome.PASSED or percent_e2 is None or not is_current(version):
            continue
        if percent_e2 < 100 * asked.values.survival_pass_percent:
            yield found(
                Discrepancy.D20,
                edition=asked.edition,
                since_ms=version.said.received_ms,
                entries=[version.id],
                parcels=version.parcels,
                units=[version.said.unit],
                variant="survival",
                survival_percent=percent_e2 / 100,
                required_percent=asked.values.survival_pass_percent,
            )
