"""A second file with the baseline parts of parcels: a row a part, joined to its parcel by the ledger number.

A part without an outline is the whole parcel, so it must be the only one. Parts must lie in their parcel and not on
each other, by more than the rules' tolerance. A fault in a part parks its parcel: half a baseline would be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely

from schemas.errors import Code
from schemas.rules import rules
from sync.imports import checks, overlaps
from sync.imports.cells import NULL
from sync.imports.drafts import part_texts
from sync.imports.fields import FORMS, Form
from sync.imports.outlines import Outlines, outline_texts
from sync.imports.sheet import Fault
from sync.imports.table import Table
from sync.ledger.land.plane import to_plane


@dataclass(frozen=True)
class Baselines:
    """For each parcel its list of parts as JSON text; parcels that a part's fault parks; faults by row of each file."""

    texts: list[str]
    parked: frozenset[int]
    """Row numbers of parcels."""
    faults: tuple[Fault, ...]
    """Of the parcels' file."""
    part_faults: tuple[Fault, ...]
    """Of the baseline's file."""


def baselines(parcels: Table, plane: Outlines, parts: Table, read_faults: tuple[Fault, ...], today: date) -> Baselines:
    """Join parts to parcels. `plane` are the parcels' outlines in metres; `read_faults` those of the reader."""
    form = FORMS["parcel"]
    part_faults = [
        *read_faults,
        *parts.faults,
        *checks.class_faults("baseline", parts),
        *checks.state_faults(parts),
        *checks.date_faults(Form("baseline", form.kind, (), (), None, past=("as_of",)), parts, today),
    ]
    at = {number: index for index, number in enumerate(parcels.columns["ledger_no"])}
    owner = np.array([at.get(number, -1) for number in parts.columns["parcel"]], dtype=np.intp)
    bad = {fault.row for fault in part_faults}
    for index in np.flatnonzero(owner < 0).tolist():
        number = parts.columns["parcel"][index]
        if number != NULL:
            part_faults.append(parts.fault(index, "parcel", Code.IMPORT_PARCEL_UNKNOWN, parcel=number.strip('"')))
    hurt = {int(owner[index]) for index, row in enumerate(parts.rows.tolist()) if row in bad and owner[index] >= 0}
    texts = part_texts(dict(parts.columns), outline_texts(parts.outlines))
    lists: list[list[str]] = [[] for _ in parcels.rows]
    for index, of in enumerate(owner.tolist()):
        if of >= 0:
            lists[of].append(texts[index])
    faults = list(_place_faults(parcels, plane, parts, owner))
    for index, items in enumerate(lists):
        number = parcels.columns["ledger_no"][index]
        if not items and number != NULL:
            faults.append(
                parcels.fault(index, "ledger_no", Code.IMPORT_BASELINE_MISSING, parcel=number.strip('"'))
            )
    parked = frozenset(int(parcels.rows[index]) for index in hurt) | {fault.row for fault in faults if fault.row}
    return Baselines([f"[{','.join(items)}]" for items in lists], parked, tuple(faults), tuple(part_faults))


def _place_faults(parcels: Table, plane: Outlines, parts: Table, owner: overlaps.Indices) -> Iterator[Fault]:
    """Parts outside their parcel, on each other, or whole parcels beside other parts."""
    tolerance_m2 = rules().values.parking_overlap_m2
    whole = shapely.is_missing(parts.outlines)
    counts = np.bincount(owner[owner >= 0], minlength=len(parcels.rows))
    beside = np.zeros(len(parcels.rows), dtype=bool)
    beside[owner[whole & (owner >= 0)]] = True
    wrong_m2 = np.zeros(len(parcels.rows))
    wrong_m2[beside & (counts > 1)] = np.inf
    chosen = np.flatnonzero(~whole & (owner >= 0))
    cut = to_plane(parts.outlines[chosen])
    around = plane[owner[chosen]]
    out = np.nan_to_num(shapely.area(cut) - shapely.area(shapely.intersection(cut, around)))
    np.add.at(wrong_m2, owner[chosen], np.where(out > tolerance_m2, out, 0.0))
    pairs = overlaps.within(cut, np.ones(len(cut), dtype=bool), tolerance_m2)
    same = owner[chosen][pairs.here] == owner[chosen][pairs.there]
    np.add.at(wrong_m2, owner[chosen][pairs.here[same]], pairs.shared_m2[same])
    for index in np.flatnonzero(wrong_m2 > 0).tolist():
        shown = "?" if np.isinf(wrong_m2[index]) else f"{wrong_m2[index]:.2f}"
        number = parcels.columns["ledger_no"][index].strip('"')
        yield parcels.fault(index, None, Code.IMPORT_BASELINE_OUTSIDE, outside_m2=shown, parcel=number)
