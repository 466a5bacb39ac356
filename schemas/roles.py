"""Who may say what: one table of roles and kinds, read by central when it appends and by screens when they offer.

The plan's levels are inspector (巡查员), township supervisor (乡镇审核), district (区级), city (市级) and third party
(第三方), who only checks (domain §1.2). A row here says which kinds a role may author at all; limits that depend on the
entry (own units, not one's own record) are checked in `sync/central/admission.py`.
"""

from __future__ import annotations

from enum import StrEnum

from schemas.entries import Kind


class Role(StrEnum):
    """A level of the plan's organisation."""

    INSPECTOR = "inspector"
    SUPERVISOR = "supervisor"
    DISTRICT = "district"
    CITY = "city"
    THIRD_PARTY = "third_party"


_IMPORTS = {
    Kind.PARCEL, Kind.PROJECT, Kind.TARGET, Kind.UNIT, Kind.SURVEY_RESULT, Kind.NEW_BUILD_QUOTA, Kind.GREEN_TARGET,
    Kind.REGISTER,
}  # fmt: skip

MAY_AUTHOR: dict[Role, frozenset[Kind]] = {
    Role.INSPECTOR: frozenset({Kind.INSPECTION, Kind.WITHDRAWAL, Kind.RECTIFICATION}),
    Role.SUPERVISOR: frozenset(
        {Kind.INSPECTION, Kind.REVIEW, Kind.TASK, Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.GAP_CLOSED}
    ),
    Role.DISTRICT: frozenset(
        {Kind.REVIEW, Kind.TASK, Kind.WITHDRAWAL, Kind.GAP_CLOSED, Kind.FIRST_CHECK, Kind.RESOLUTION}
        | {Kind.RECTIFICATION}
        | _IMPORTS
    ),
    Role.CITY: frozenset({Kind.ACCEPTANCE, Kind.TASK, Kind.RECTIFICATION} | _IMPORTS),
    Role.THIRD_PARTY: frozenset({Kind.FINDING, Kind.RECTIFICATION}),
}

MAY_MANAGE_DEVICES: frozenset[Role] = frozenset({Role.DISTRICT, Role.CITY})
"""Enrolment codes, freeze, thaw, revoke and the admission of what a frozen device still held."""

CENTRAL_ONLY: frozenset[Kind] = frozenset({Kind.EVIDENCE, Kind.DEVICE})
"""Kinds that only central's own chain carries: no tablet may claim that its photos have arrived."""


def may_author(role: Role, kind: Kind) -> bool:
    """Whether `role` may author entries of `kind`."""
    return kind in MAY_AUTHOR[role]
