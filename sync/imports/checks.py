"""What a row may have wrong though each cell can be read: classes, dates, doubled ids, unknown parcels, slips of unit.

Every check looks at whole columns and returns faults by row and column; what is wrong twice is said twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np

from schemas.codes import CodeSystem, LandState
from schemas.entries import Kind
from schemas.errors import Code, LedgerError
from schemas.land_classes import land_classes
from schemas.rules import rules
from sync.imports.cells import NULL
from sync.imports.fields import PARCELS, UNIT, Form
from sync.imports.sheet import Fault
from sync.imports.table import Table

_PARCEL_FIELDS = (PARCELS, "parcels", "demolition_parcels", "parcel")


def class_faults(form_name: str, table: Table) -> Iterator[Fault]:
    """Codes without a code system, and codes that the system's table does not have (domain §3.2).

    A planned class has no system of its own and is one of the third survey. Only overlays may carry codes of the 2023
    guide, of which there is no table yet: nothing counts by them.
    """
    systems = table.columns.get("class_system")
    for name in ("class_code", "initial_class"):
        if systems is not None and name in table.columns:
            yield from _class_column(table, name, systems, open_guide=form_name == "overlay")
    if "planned_class" in table.columns:
        third = [f'"{CodeSystem.THIRD_LAND_SURVEY}"'] * len(table.rows)
        yield from _class_column(table, "planned_class", third, open_guide=False)


def state_faults(table: Table) -> Iterator[Fault]:
    """Land before the ledger is cleared, or restored with a class (ledger rules §1); other states need an entry."""
    states, classes = table.columns.get("initial_state"), table.columns.get("initial_class")
    if states is None or classes is None:
        return
    allowed = {f'"{LandState.CLEARED}"', f'"{LandState.RESTORED}"', NULL}
    for index, (state, restored) in enumerate(zip(states, classes, strict=True)):
        if state not in allowed:
            yield table.fault(index, "initial_state", Code.VALUE_INVALID, reason="cleared or restored")
        elif (state == f'"{LandState.RESTORED}"') != (restored != NULL):
            reason = "restored land has a class, other land none"
            yield table.fault(index, "initial_class", Code.VALUE_INVALID, reason=reason)


def date_faults(form: Form, table: Table, today: date) -> Iterator[Fault]:
    """Dates out of order, and dates in the future of what has happened. ISO dates compare as text."""
    now = f'"{today.isoformat()}"'
    for earlier, later in form.dates:
        pairs = zip(table.columns[earlier], table.columns[later], strict=True)
        for index, (first, second) in enumerate(pairs):
            if NULL not in (first, second) and first > second:
                order = {"earlier": _shown(first), "later": _shown(second)}
                yield table.fault(index, later, Code.IMPORT_DATES_DISORDERED, **order)
    for name in form.past:
        for index, said in enumerate(table.columns.get(name, ())):
            if said != NULL and said > now:
                yield table.fault(index, name, Code.IMPORT_DATES_DISORDERED, earlier=_shown(said), later=_shown(now))
    for index, year in enumerate(table.columns.get("year", ()) if form.kind is Kind.SURVEY_RESULT else ()):
        if year != NULL and int(year) > today.year:
            yield table.fault(index, "year", Code.IMPORT_DATES_DISORDERED, earlier=year, later=str(today.year))


def doubled_faults(form: Form, table: Table) -> Iterator[Fault]:
    """Every row of a key that stands more than once; none of them is preferred."""
    if form.kind is Kind.SURVEY_RESULT:  # a row for each class; which make one result is decided when they are grouped
        keys = list(zip(*(table.columns[name] for name in (*form.key, "class_system", "class_code")), strict=True))
    else:
        keys = list(zip(*(table.columns[name] for name in form.key), strict=True))
    seen: dict[tuple[str, ...], list[int]] = {}
    for index, key in enumerate(keys):
        seen.setdefault(key, []).append(index)
    if len(seen) == len(keys):
        return
    for key, members in seen.items():
        if len(members) > 1 and NULL not in key[: len(form.key)]:
            numbers = ", ".join(str(int(table.rows[index])) for index in members[:20])
            for index in members:
                yield table.fault(index, form.key[0], Code.IMPORT_ID_DOUBLED, id=_shown("/".join(key)), rows=numbers)


def parcel_faults(table: Table, parcels: Mapping[str, str], units: frozenset[str]) -> Iterator[Fault]:
    """Parcels that a row refers to and the ledger does not have, or has in a unit outside the account's."""
    for name in _PARCEL_FIELDS:
        for index, text in enumerate(table.columns.get(name, ())):
            for parcel in _subjects(text):
                if parcel not in parcels:
                    yield table.fault(index, name, Code.IMPORT_PARCEL_UNKNOWN, parcel=parcel)
                elif parcels[parcel] not in units:
                    yield table.fault(index, name, Code.UNIT_FOREIGN, unit=parcels[parcel])


def link_faults(table: Table, linked: Mapping[str, Mapping[str, None]]) -> Iterator[Fault]:
    """Demolished parcels that two quotas are linked to (M10), in the file or with the ledger."""
    quotas = [json.loads(text) or "" for text in table.columns["quota"]]
    holders = {parcel: dict(of) for parcel, of in linked.items()}
    replaced = set(quotas)
    for parcel, of in holders.items():
        holders[parcel] = {quota: None for quota in of if quota not in replaced}
    for quota, text in zip(quotas, table.columns["demolition_parcels"], strict=True):
        for parcel in _subjects(text):
            holders.setdefault(parcel, {})[quota] = None
    for index, text in enumerate(table.columns["demolition_parcels"]):
        for parcel in _subjects(text):
            others = [quota for quota in holders[parcel] if quota != quotas[index]]
            if others:
                yield table.fault(
                    index, "demolition_parcels", Code.IMPORT_LINKED_TWICE, parcel=parcel, other=others[0]
                )


def transfer_faults(table: Table) -> Iterator[Fault]:
    """A unit cannot hand anything to itself, and the row stands under one of the two."""
    ends = zip(table.columns[UNIT], table.columns["from_unit"], table.columns["to_unit"], strict=True)
    for index, (unit, source, target) in enumerate(ends):
        if source == target or unit not in (source, target):
            yield table.fault(index, "to_unit", Code.VALUE_INVALID, reason="two units, one of them the row's own")


def slip_faults(form: Form, table: Table, measured_m2: np.ndarray[Any, np.dtype[np.float64]]) -> Iterator[Fault]:
    """Areas that are off from the outline's by a factor that mu, ha and m² mixed up would give (D29).

    `measured_m2` is each row's ellipsoidal area, 0 without an outline; factors and nearness come from the rules.
    """
    values = rules().values
    factors = [factor for one in values.unit_slip_factors for factor in (one, 1 / one)]
    for name in form.measured:
        stated = np.array([0 if text == NULL else int(text) for text in table.columns[name]], dtype=np.float64) / 100
        usable = (stated > 0) & (measured_m2 > 0)
        ratio = np.divide(stated, measured_m2, out=np.ones_like(stated), where=usable)
        slipped = np.zeros(len(ratio), dtype=bool)
        for factor in factors:
            slipped |= np.abs(ratio / factor - 1) <= values.unit_slip_ratio
        for index in np.flatnonzero(slipped & usable).tolist():
            yield table.fault(
                index, name, Code.IMPORT_AREA_SLIP, stated_m2=f"{stated[index]:.2f}",
                measured_m2=f"{measured_m2[index]:.2f}", factor=f"{ratio[index]:.4g}",
            )  # fmt: skip


def _class_column(table: Table, name: str, systems: list[str], *, open_guide: bool) -> Iterator[Fault]:
    known: dict[tuple[str, str], Code | None] = {}
    for index, pair in enumerate(zip(systems, table.columns[name], strict=True)):
        if pair not in known:
            known[pair] = _class_fault(*pair, open_guide=open_guide)
        code = known[pair]
        if code is Code.IMPORT_CLASS_SYSTEM_MISSING:
            yield table.fault(index, name, code)
        elif code is not None:
            yield table.fault(index, name, code, code=f"{_shown(pair[0])}:{_shown(pair[1])}")


def _class_fault(system: str, code: str, *, open_guide: bool) -> Code | None:
    if code == NULL:
        return None
    if system == NULL:
        return Code.IMPORT_CLASS_SYSTEM_MISSING
    if open_guide and _shown(system) == CodeSystem.LAND_USE_GUIDE_2023:
        return None
    try:
        land_classes().find(_shown(system), _shown(code))
    except LedgerError as error:
        return error.code
    return None


def _subjects(text: str) -> list[str]:
    if text == NULL:
        return []
    said = json.loads(text)
    return said if isinstance(said, list) else [said]


def _shown(text: str) -> str:
    return text.replace('"', "")[:80]
