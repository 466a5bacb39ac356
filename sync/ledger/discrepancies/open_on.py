"""The open findings on some parcels of a growing ledger: what a list of parcels shows beside its figures.

All checks of records and of ground but D25 (pace), which needs every visit of the people concerned; those of totals
concern units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from schemas.codes import Discrepancy
from sync.ledger.book.facts import Version
from sync.ledger.discrepancies.asked import Asked, AskedOfLand
from sync.ledger.discrepancies.finding import Finding
from sync.ledger.discrepancies.settling import Bench, State, settle
from sync.ledger.discrepancies.table import BEFORE_FOLD, on_land
from sync.ledger.land.classes import ClassTable
from sync.ledger.reconcile import Laid, Reconciliation


def open_on(ledger: Reconciliation, laid: Laid, classes: ClassTable) -> dict[str, list[Finding]]:
    """Open findings by parcel of `laid`, in the order of lists. A finding that names no parcel, for its record lists
    none, stands nowhere here; one whose check could not be made is no discrepancy."""
    names = {parcel.id for parcel in laid.land.parcels}
    book = ledger.part(names)
    rows = tuple(row for name in sorted(_listed(book.versions) | names) if (row := ledger.parcel(name)) is not None)
    asked = Asked.of_book(book, rows, ledger.at_ms, classes)
    found = [one for check in BEFORE_FOLD if check.code is not Discrepancy.D25 for one in check.run(asked)]
    found.extend(on_land(AskedOfLand(asked, laid.land, laid.figures)))
    by_parcel: dict[str, list[Finding]] = defaultdict(list)
    for settled in settle(found, Bench.of_book(book)):
        if settled.state is State.OPEN and settled.finding.checked:
            for parcel in names.intersection(settled.finding.parcels):
                by_parcel[parcel].append(settled.finding)
    return by_parcel


def _listed(versions: Iterable[Version]) -> set[str]:
    return {parcel for version in versions for parcel in version.parcels}
