"""减量腾退项目 (M04), milestones (M05), what is left by type of owner (M24), excluded parcels, and acceptances that the
survey has not followed yet (M07)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from schemas.register_fields import Milestone
from schemas.rules import Thresholds
from sync.ledger.accounts.acceptance import Accepted
from sync.ledger.book.days import named_day
from sync.ledger.book.facts import ProjectRow, RegisterRow
from sync.ledger.land import exact
from sync.ledger.land.exact import Ints
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.layout import Land
from sync.ledger.statement.field_sections import AwaitingChange, ExcludedParcel
from sync.ledger.statement.plan_sections import MilestoneRow, OwnerResidue, ProjectStatus


@dataclass(frozen=True)
class ParcelColumns:
    """What these sections read of every parcel, ticks; `done`: accepted in full. `place` finds a parcel by its id."""

    place: Mapping[str, int]
    base: Ints
    verified: Ints
    accepted: Ints
    done: np.ndarray[tuple[int], np.dtype[np.bool_]]


def parcel_columns(land: Land, figures: ParcelFigures, accepted: Accepted, values: Thresholds) -> ParcelColumns:
    """A parcel is accepted in full when what is accepted reaches its planned area, or B where nothing is planned,
    within the tolerance of a survey (domain §5.3). One without B is done with any acceptance that names it: it has
    nothing to reduce."""
    base = exact.from_m2(figures.base_m2)
    planned = exact.from_e2(
        np.array([-1 if one.planned_land_area_e2 is None else one.planned_land_area_e2 for one in land.parcels])
    )
    due = np.where(planned >= 0, np.minimum(planned, base), base)
    slack = values.tolerance_surveyed_ratio * due + values.tolerance_extra_m2 * exact.TICKS_PER_M2
    named = np.zeros(len(land.parcels), dtype=bool)
    named[accepted.takes.parcel] = True
    done = (accepted.accepted > 0) & (accepted.accepted + slack >= due) | named & (due == 0)
    return ParcelColumns(
        place={parcel.id: number for number, parcel in enumerate(land.parcels)},
        base=base,
        verified=exact.from_m2(figures.verified_m2),
        accepted=accepted.accepted,
        done=np.asarray(done, dtype=bool),
    )


def exclusions(rows: Iterable[RegisterRow], units: Mapping[str, str]) -> tuple[ExcludedParcel, ...]:
    """Parcels formally taken out, with the reason; `units` gives the unit of a parcel."""
    found = (
        ExcludedParcel(parcel, units.get(parcel, row.said.unit), row.on, row.fields.reason, row.fields.document)
        for row in rows
        for parcel in row.parcels
    )
    return tuple(sorted(found, key=lambda one: (one.unit, one.parcel, one.on)))


def project_statuses(
    projects: Iterable[ProjectRow], land: Land, columns: ParcelColumns, excluded: Iterable[str], until: date
) -> tuple[ProjectStatus, ...]:
    """Each project on the day `until`: complete only when every parcel is accepted in full or excluded (M04). Its
    parcels are those that it names and those that name it; one that the ledger lacks is never done.

    Areas are those of the ledger at that day, so a cost check reads the same figures (M35)."""
    out = frozenset(excluded)
    members: dict[str, set[str]] = defaultdict(set)
    for parcel in land.parcels:
        if parcel.project is not None:
            members[parcel.project].add(parcel.id)
    found = []
    for project in projects:
        names = members[project.id] | set(project.parcels)
        known = [columns.place[name] for name in names if name in columns.place and name not in out]
        done = sum(bool(columns.done[number]) for number in known)
        excluded_here = len(names & out)
        complete = done + excluded_here == len(names)
        found.append(
            ProjectStatus(
                project=project.id,
                name=project.name,
                phase=project.phase,
                deadline=project.deadline,
                parcels=len(names),
                accepted=done,
                excluded=excluded_here,
                unknown=tuple(sorted(name for name in names - out if name not in columns.place)),
                base_m2=exact.m2(columns.base[known].sum()),
                verified_m2=exact.m2(columns.verified[known].sum()),
                accepted_m2=exact.m2(columns.accepted[known].sum()),
                overdue=project.deadline is not None and project.deadline < until and not complete,
            )
        )
    return tuple(sorted(found, key=lambda row: row.project))


def milestones(rows: Iterable[RegisterRow], until: date) -> tuple[MilestoneRow, ...]:
    """计划节点 with the days by which each is late on the day `until`: it shows without any record changing (M05)."""
    found = []
    for row in rows:
        fields: Milestone = row.fields
        due, done = date.fromisoformat(fields.due_on), named_day(fields.done_on)
        done = done if done is not None and done <= until else None
        late = ((done or until) - due).days
        found.append(
            MilestoneRow(row.row, row.said.unit, fields.project, fields.title, fields.phase, due, done, max(0, late))
        )
    return tuple(sorted(found, key=lambda one: (one.unit, one.due_on, one.row)))


def owners(land: Land, columns: ParcelColumns, chosen: Ints) -> tuple[OwnerResidue, ...]:
    """What is left of B by type of owner on the `chosen` parcels (M24); None stands for parcels that name no owner."""
    groups: dict[str | None, list[int]] = defaultdict(list)
    for number in chosen.tolist():
        groups[land.parcels[number].owner_type].append(number)
    return tuple(
        OwnerResidue(
            owner,
            len(groups[owner]),
            exact.m2(columns.base[groups[owner]].sum()),
            exact.m2(columns.verified[groups[owner]].sum()),
        )
        for owner in sorted(groups, key=lambda owner: (owner is None, owner or ""))
    )


def awaiting_change(land: Land, accepted: Accepted, chosen: Ints, until: date) -> tuple[AwaitingChange, ...]:
    """Accepted ground that the land-change survey does not show yet, oldest first: from the last document that took
    some of it (M07)."""
    newest: dict[int, date] = {}
    took = accepted.takes.ticks > 0
    pairs = zip(accepted.takes.check[took].tolist(), accepted.takes.parcel[took].tolist(), strict=True)
    for check, parcel in pairs:
        on = land.checks[check].document_on
        newest[parcel] = max(newest.get(parcel, on), on)
    found = []
    for number in chosen[accepted.accepted[chosen] > accepted.registered[chosen]].tolist():
        parcel, on = land.parcels[number], newest[number]
        found.append(
            AwaitingChange(
                parcel=parcel.id,
                unit=parcel.unit,
                accepted_m2=exact.m2(accepted.accepted[number]),
                registered_m2=exact.m2(accepted.registered[number]),
                accepted_on=on,
                days=(until - on).days,
                surveyed_year=int(accepted.survey_year[number]) or None,
            )
        )
    return tuple(sorted(found, key=lambda row: (row.accepted_on, row.unit, row.parcel)))
