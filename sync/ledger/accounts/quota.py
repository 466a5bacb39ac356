"""拆占比, 拆建比 and the staged release of new-build quotas (周转指标; M10, M19).

A step stays locked until the verified demolition of the old land linked to its quota reaches the step's condition, and
until every earlier step is released. Old land is linked once: a second quota that names the same parcel gets nothing
for it. Areas in ticks come from `figures`; what is shown is exact m².
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from sync.ledger.book.facts import QuotaStep
from sync.ledger.land import exact
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.fold import CLEARED, RESTORED, REUSED, STATES
from sync.ledger.land.layout import Land
from sync.ledger.statement.plan_sections import QuotaStatus, Ratios
from sync.ledger.statement.unit_figures import ZERO, FigureRow

_FREE = (CLEARED, RESTORED, REUSED)


def verified_demolition(land: Land, figures: ParcelFigures, steps: Iterable[QuotaStep]) -> dict[str, Fraction]:
    """By parcel that `steps` link the land (m²) that demolitions in force have freed and that is free still: cleared,
    restored or reused.

    Land that was built on again does not count, nor land under rubble (场清地净).
    """
    freed = exact.from_m2(figures.states_m2[:, list(_FREE)].sum(axis=1))
    linked = {parcel for step in steps for parcel in step.demolition_parcels}
    places = (number for number, parcel in enumerate(land.parcels) if parcel.id in linked)
    return {land.parcels[number].id: exact.m2(freed[number]) for number in places}


def quota_statuses(steps: Iterable[QuotaStep], demolished_m2: Mapping[str, Fraction]) -> tuple[QuotaStatus, ...]:
    """Each step with its condition, what is verified of the quota's old land, and whether it is released."""
    quotas: dict[str, list[QuotaStep]] = defaultdict(list)
    holder: dict[str, str] = {}
    for step in sorted(steps, key=lambda step: (step.said.seq, step.said.entry)):
        quotas[step.quota].append(step)
        for parcel in step.demolition_parcels:
            holder.setdefault(parcel, step.quota)
    found = []
    for quota, own in quotas.items():
        linked = {parcel for step in own for parcel in step.demolition_parcels}
        verified = sum((demolished_m2.get(p, ZERO) for p in linked if holder[p] == quota), ZERO)
        released, used = True, ZERO
        for step in sorted(own, key=lambda step: step.step):
            condition = exact.hundredths(step.condition_demolished_e2 or 0)
            released = released and verified >= condition
            used += exact.hundredths(step.used_e2)
            found.append(
                QuotaStatus(
                    entry=step.said.entry,
                    unit=step.said.unit,
                    quota=quota,
                    step=step.step,
                    condition=step.condition,
                    condition_m2=condition,
                    verified_m2=verified,
                    released=released,
                    land_m2=exact.hundredths(step.land_e2),
                    floor_area_m2=exact.hundredths(step.floor_area_e2 or 0),
                    used_m2=exact.hundredths(step.used_e2),
                    used_so_far_m2=used,
                    linked_twice=tuple(sorted(p for p in step.demolition_parcels if holder[p] != quota)),
                )
            )
    return tuple(sorted(found, key=lambda row: (row.unit, row.quota, row.step)))


def linked_elsewhere(steps: Iterable[QuotaStep], quota: str, parcels: Iterable[str]) -> tuple[str, ...]:
    """Of `parcels` those that another quota holds already: an import refuses to link them to `quota` (M10)."""
    held = {parcel for step in steps if step.quota != quota for parcel in step.demolition_parcels}
    return tuple(sorted(held.intersection(parcels)))


def ratios(
    rows: Iterable[FigureRow],
    statuses: Iterable[QuotaStatus],
    credited: Mapping[str, str],
    floor_m2: Mapping[str, Fraction],
) -> tuple[Ratios, ...]:
    """拆占比 (demolished land / new land) and 拆建比 (demolished / new floor area) of each row, up to the state date.

    Demolished land is what is cleared or further; `floor_m2` is each unit's demolished floor area to date. New is what
    released steps allow, or what was used where that is more. `credited` maps a unit of a quota to that of the rows.
    """
    new: dict[str, tuple[Fraction, Fraction]] = {}
    for status in statuses:
        unit = credited.get(status.unit, status.unit)
        land, floor = new.get(unit, (ZERO, ZERO))
        allowed = status.floor_area_m2 if status.released else ZERO
        new[unit] = land + max(status.open_m2, status.used_m2), floor + allowed
    return tuple(_ratios(row, new, floor_m2) for row in rows)


def _ratios(row: FigureRow, new: Mapping[str, tuple[Fraction, Fraction]], floor_m2: Mapping[str, Fraction]) -> Ratios:
    states = row.figures.stock.states_m2
    allowed = [new.get(unit, (ZERO, ZERO)) for unit in row.units]
    return Ratios(
        level=row.level,
        code=row.code,
        demolished_land_m2=sum((states.get(STATES[one], ZERO) for one in _FREE), ZERO),
        new_land_m2=sum((land for land, _ in allowed), ZERO),
        demolished_floor_area_m2=sum((floor_m2.get(unit, ZERO) for unit in row.units), ZERO),
        new_floor_area_m2=sum((floor for _, floor in allowed), ZERO),
    )
