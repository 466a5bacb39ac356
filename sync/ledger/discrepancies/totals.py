"""What does not fit between offices: quotas (D21), green balance (D22), survey against acceptance (D27), targets (D30).

The figures are those of the quota, balance, target and acceptance modules; here it is said when they are a discrepancy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from schemas.codes import AreaSource, Discrepancy
from schemas.rules import area_tolerance_m2
from sync.ledger.accounts.acceptance import Accepted, class_index, surveys_on
from sync.ledger.book.days import day_of
from sync.ledger.book.facts import Said, Survey
from sync.ledger.discrepancies.asked import AskedOfLand
from sync.ledger.discrepancies.finding import Finding, found
from sync.ledger.land import exact
from sync.ledger.land.classes import NO_CLASS
from sync.ledger.statement.plan_sections import GreenBalance, QuotaStatus, TargetGap
from sync.ledger.statement.unit_figures import Level


@dataclass(frozen=True)
class AskedOfTotals:
    """The ground with what was accepted of it, and the sums of units; `period` names that of the balances."""

    ground: AskedOfLand
    accepted: Accepted | None = None
    quotas: tuple[QuotaStatus, ...] = ()
    balances: tuple[GreenBalance, ...] = ()
    gaps: tuple[TargetGap, ...] = ()
    period: str = ""


def new_build_without_demolition(asked: AskedOfTotals) -> Iterator[Finding]:
    """D21: more of a quota is used than was released, or than the verified demolition linked to it (M10, M19)."""
    records = asked.ground.records
    said = {row.said.entry: row.said for row in records.book.quotas}
    for status in asked.quotas:
        locked = status.over_used_m2 > 0
        if locked or (status.used_m2 > 0 and status.uncovered_m2 > 0):
            yield found(
                Discrepancy.D21,
                edition=records.edition,
                since_ms=_since(said, (status.entry,)),
                entries=[status.entry],
                units=[status.unit],
                variant="condition" if not status.released else "released" if locked else "",
                quota=status.quota,
                step=status.step,
                used_m2=float(status.used_m2 if locked else status.used_so_far_m2),
                land_m2=float(status.land_m2),
                condition_m2=float(status.condition_m2),
                verified_m2=float(status.verified_m2),
            )


def green_balance_negative(asked: AskedOfTotals) -> Iterator[Finding]:
    """D22: a unit took more green space in the period than it added (M12). Caused by the rows that say what it took."""
    records = asked.ground.records
    taken: dict[str, list[Said]] = defaultdict(list)
    for row in records.book.registers:
        if row.subtype == "green_taken":
            taken[row.said.unit].append(row.said)
    for balance in asked.balances:
        if balance.level is not Level.UNIT or balance.balance_m2 >= 0:
            continue
        causes = taken.get(balance.code, [])
        yield found(
            Discrepancy.D22,
            edition=records.edition,
            since_ms=max((said.received_ms for said in causes), default=asked.ground.figures.at_ms),
            entries=[said.entry for said in causes],
            units=[balance.code],
            period=asked.period,
            taken_m2=float(balance.taken_m2),
            added_m2=float(balance.added_m2),
            balance_m2=float(balance.balance_m2),
        )


def survey_disagrees(asked: AskedOfTotals) -> Iterator[Finding]:
    """D27: the latest survey sees less land outside construction than was accepted up to its year, beyond the tolerance
    of surveyed areas; or as much, but of other classes, which is told and changes nothing (rules §3, M07)."""
    accepted, land = asked.accepted, asked.ground.land
    if accepted is None:
        return
    records = asked.ground.records
    newest = _newest_surveys(records.book.surveys, day_of(asked.ground.figures.at_ms).year)
    outside, years = surveys_on(land, records.book.surveys, day_of(asked.ground.figures.at_ms))
    takes = accepted.takes
    counted = (takes.year <= years[takes.parcel]) & (takes.ticks > 0)
    total = exact.summed(takes.parcel[counted], takes.ticks[counted], len(land.parcels))
    for number in np.flatnonzero(total).tolist():
        parcel = land.parcels[number]
        survey = newest[parcel.id]
        accepted_m2, survey_m2 = float(exact.m2(total[number])), float(exact.m2(outside[number]))
        tolerance = area_tolerance_m2(records.values, AreaSource.SURVEYED, accepted_m2)
        mine = counted & (takes.parcel == number)
        classes = {land.classes.code(int(one)) for one in takes.land_class[mine]}
        surveyed = _outside_classes(asked, survey)
        variant = "" if survey_m2 < accepted_m2 - tolerance else "class"
        if variant == "class" and classes <= surveyed:
            continue
        documents = sorted({land.checks[int(check)].said.entry for check in takes.check[mine]})
        yield found(
            Discrepancy.D27,
            edition=records.edition,
            since_ms=survey.said.received_ms,
            entries=[*documents, survey.said.entry],
            parcels=[parcel.id],
            units=[parcel.unit],
            variant=variant,
            accepted_m2=accepted_m2,
            survey_m2=survey_m2,
            tolerance_m2=tolerance,
            year=str(survey.year),
            accepted_classes="、".join(sorted(classes)),
            survey_classes="、".join(sorted(surveyed)) or "?",
        )


def target_rollup(asked: AskedOfTotals) -> Iterator[Finding]:
    """D30: the targets of children do not add up to their parent's (M02), to the hundredth of a square metre."""
    records = asked.ground.records
    said = {row.said.entry: row.said for row in records.book.targets}
    for gap in asked.gaps:
        yield found(
            Discrepancy.D30,
            edition=records.edition,
            since_ms=_since(said, gap.entries),
            entries=gap.entries,
            units=[gap.parent],
            measure=gap.measure.value,
            year=str(gap.year),
            parent_m2=float(gap.parent_m2),
            children_m2=float(gap.children_m2),
            gap_m2=float(gap.gap_m2),
        )


def _since(said: dict[str, Said], entries: tuple[str, ...]) -> int:
    """When the last of these entries was received."""
    return max((said[entry].received_ms for entry in entries if entry in said), default=0)


def _newest_surveys(surveys: tuple[Survey, ...], year: int) -> dict[str, Survey]:
    newest: dict[str, Survey] = {}
    for row in sorted(surveys, key=lambda row: (row.year, row.said.seq)):
        if row.year <= year:
            newest[row.parcel] = row
    return newest


def _outside_classes(asked: AskedOfTotals, survey: Survey) -> set[str]:
    """Codes of the classes outside construction that a survey found."""
    classes = asked.ground.land.classes
    indices = (class_index(classes, area.land_class) for area in survey.areas if area.area_e2 > 0)
    return {classes.code(index) for index in indices if index != NO_CLASS and not classes.construction[index]}
