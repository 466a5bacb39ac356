"""The state of parcels in words and numbers for whoever looks: areas, what remains, the next step, what is open.

From results, the ground as laid out and the open findings to the protocol's `ParcelState`; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import shapely

from schemas.codes import LandState
from schemas.measures import AreaUnit, measured_m2, shown, stored
from schemas.protocol import NextStep, OpenDiscrepancy, ParcelState, Sentence
from schemas.rules import Thresholds
from sync.ledger.book.outlines import to_json
from sync.ledger.discrepancies.finding import Finding
from sync.ledger.discrepancies.sentences import sentence
from sync.ledger.land import exact
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.fold import BASELINE, BUILT, CLEARED, DEMOLISHED, RESTORED, REUSED
from sync.ledger.land.plane import polygonal, to_degrees
from sync.ledger.reconcile import Laid
from sync.ledger.results import ParcelResult

_OPEN = (BASELINE, DEMOLISHED, CLEARED, BUILT)
"""States of ground that is still to be restored; approved reuse is not."""


def parcel_states(
    laid: Laid,
    results: Mapping[str, ParcelResult],
    findings: Mapping[str, Iterable[Finding]],
    classes: ClassTable,
    values: Thresholds,
) -> dict[str, ParcelState]:
    """The states of all parcels of `laid`, numbered 0; `findings` are the open ones by parcel."""
    remaining = _remaining(laid, values.sliver_m2)
    return {
        parcel.id: _state(
            results[parcel.id], remaining.get(number), tuple(findings.get(parcel.id, ())), classes, values.sliver_m2
        )
        for number, parcel in enumerate(laid.land.parcels)
    }


def gone(parcel: str, unit: str) -> ParcelState:
    """The state of a parcel that no row lists in this unit any more."""
    text = Sentence(zh="此图斑已不在本单元台账中", en="This parcel is no longer listed in this unit")
    return ParcelState(
        number=0, parcel=parcel, unit=unit, listed=False, area_e2=0, states_e2={}, restored_e2={}, base_e2=0,
        verified_e2=0, pending_e2=0, green_not_reducing_e2=0, reused_e2=0, held_e2=0, contested_e2=0, accepted_e2=0,
        registered_e2=0, remaining_e2=0, remaining=None, next_step=NextStep(code="not_listed", text=text),
        discrepancies=[],
    )  # fmt: skip


def next_step(result: ParcelResult, blocking: int, least_m2: float) -> NextStep:
    """What is to be done next, in one sentence; areas below `least_m2` call for nothing.

    In the order in which work goes on: what may be building comes first, then what stops a claim, then the land from
    its first step to its last.
    """
    states = result.base_states_m2
    accepted, registered = float(exact.m2(result.accepted)), float(exact.m2(result.registered))
    restored_m2 = result.verified_m2 - accepted
    if states[BUILT] >= least_m2:
        return _step("look_again", states[BUILT], "疑似新增建设 {}，待复查", "Possible new building on {}: look again")
    if blocking:
        return NextStep(
            code="resolve",
            text=Sentence(
                zh=f"有 {blocking} 项差异待处理，有关申报暂不计入",
                en=f"{blocking} discrepancies to settle; the claims they concern do not count yet",
            ),
        )
    if states[DEMOLISHED] >= least_m2:
        return _step("clear", states[DEMOLISHED], "已拆未清 {}，待场清地净", "{} demolished: to be cleared")
    if states[CLEARED] >= least_m2:
        return _step("restore", states[CLEARED], "已腾退 {}，待还绿", "{} cleared: to be re-greened")
    if states[BASELINE] >= least_m2:
        return _step("demolish", states[BASELINE], "尚有 {} 待拆除腾退", "{} still to be demolished and cleared")
    if restored_m2 >= least_m2:
        return _step("accept", restored_m2, "已还绿 {}，待验收认定", "{} re-greened: to be accepted")
    if accepted - registered >= least_m2:
        return _step("register", accepted - registered, "已认定 {}，待变更登记", "{} accepted: to be registered")
    if result.base_m2 < least_m2:
        text = Sentence(zh="基准不是城乡建设用地，无减量任务", en="No construction land here: nothing to reduce")
        return NextStep(code="nothing", text=text)
    return NextStep(code="done", text=Sentence(zh="已销账", en="Closed"))


def _step(code: str, area_m2: float, zh: str, en: str) -> NextStep:
    area = f"{shown(measured_m2(area_m2), AreaUnit.M2):,}"
    text = Sentence(zh=zh.format(f"{area} 平方米"), en=en.format(f"{area} m²"))
    return NextStep.model_validate({"code": code, "text": text})


def _state(
    result: ParcelResult,
    remaining: shapely.Geometry | None,
    findings: tuple[Finding, ...],
    classes: ClassTable,
    least_m2: float,
) -> ParcelState:
    blocking = sum(finding.scope != "nothing" for finding in findings)
    return ParcelState(
        number=0,
        parcel=result.id,
        unit=result.parcel.unit,
        listed=True,
        area_e2=_e2(result.area_m2),
        states_e2={state.value: _e2(area) for state, area in zip(LandState, result.states_m2, strict=True)},
        restored_e2={classes.code(number): _e2(area) for number, area in result.restored if number >= 0},
        base_e2=_e2(result.base_m2),
        verified_e2=_e2(result.verified_m2),
        pending_e2=_e2(result.pending_m2),
        green_not_reducing_e2=_e2(result.green_not_reducing_m2),
        reused_e2=_e2(result.reused_m2),
        held_e2=_e2(result.held_m2),
        contested_e2=_e2(result.contested_m2),
        accepted_e2=stored(exact.m2(result.accepted)),
        registered_e2=stored(exact.m2(result.registered)),
        remaining_e2=_e2(result.base_m2 - result.base_states_m2[RESTORED] - result.base_states_m2[REUSED]),
        remaining=None if remaining is None else to_json(remaining),
        next_step=next_step(result, blocking, least_m2),
        discrepancies=[
            OpenDiscrepancy(
                id=one.id,
                code=one.code.value,
                text=Sentence(zh=sentence(one, "zh"), en=sentence(one, "en")),
                entries=list(one.entries),
            )
            for one in findings
        ],
    )


def _remaining(laid: Laid, sliver_m2: float) -> dict[int, shapely.Geometry]:
    """By number of the parcel the ground still to be restored, EPSG:4490 degrees; parts below `sliver_m2` left out."""
    land, state = laid.land, laid.figures.folded.state
    pieces = np.flatnonzero(land.in_base & np.isin(state, _OPEN))
    if not len(pieces):
        return {}
    shapes = land.ground.shapes(pieces)
    owner = land.ground.parcel[pieces]
    found: dict[int, shapely.Geometry] = {}
    numbers, starts = np.unique(owner, return_index=True)  # pieces come in order of their parcels
    for number, mine in zip(numbers.tolist(), np.split(shapes, starts[1:]), strict=True):
        joined = polygonal(np.array([shapely.union_all(mine)], dtype=object))[0]
        parts = [] if joined is None else [part for part in shapely.get_parts(joined) if part.area >= sliver_m2]
        if parts:
            found[number] = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    if not found:
        return {}
    names = list(found)
    outlines = np.empty(len(names), dtype=object)
    outlines[:] = [found[name] for name in names]
    return dict(zip(names, to_degrees(outlines), strict=True))


def _e2(area_m2: float) -> int:
    return stored(measured_m2(area_m2))
