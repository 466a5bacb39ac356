"""Thresholds (阈值) of the ledger and its checks: one edition, each value with its source; nothing here is a constant.

Names carry the unit; a `_ratio` is a share of 1. Marks in a source: [S] the plan, [V] public source, [K] general
knowledge to be checked against the standard, [P] proposal to be confirmed by the operator (domain, reading keys).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from schemas.codes import AreaSource
from schemas.errors import Code, LedgerError
from schemas.reference import Row, Table, load

Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=0)]


class Thresholds(Row):
    """The values. Comments say what a value decides; the source of each stands in `Rules.sources`."""

    # D03 and acceptance: tolerance = ratio of the area (or factor × σ_A) + extra
    tolerance_ledger_ratio: Ratio
    tolerance_surveyed_ratio: Ratio
    tolerance_imagery_ratio: Ratio
    tolerance_drawn_ratio: Ratio
    tolerance_walk_sigma_factor: Number
    tolerance_extra_m2: Number
    # held and provisional areas (ledger rules §3)
    admitted_area_sources: frozenset[AreaSource]
    # D02 duplicate, D04 outside the parcel
    duplicate_overlap_m2: Number
    duplicate_iou: Ratio
    outside_parcel_ratio: Ratio
    # D11a device clock, D15 GCJ-02 look-alike, D25 pace
    clock_tolerance_s: Whole
    gcj02_offset_from_m: Number
    gcj02_offset_to_m: Number
    travel_speed_kmh: Number
    # D18 relapse: the larger of the two
    relapse_area_m2: Number
    relapse_ratio: Ratio
    # D19 not restored: notice, then discrepancy
    unrestored_notice_days: Whole
    unrestored_days: Whole
    # D20 survival of plants; waiting period between planting and a check that can pass
    survival_pass_percent: Whole
    survival_replant_percent: Whole
    survival_urban_pass_percent: Whole
    lawn_cover_pass_percent: Whole
    waiting_period_days: Whole
    # D24 last-minute resubmission; a new case of illegal construction is due within
    last_minute_days: Whole
    new_case_due_days: Whole
    # D29 slips of unit (factors) and how near to the factor a slip lies
    unit_slip_factors: tuple[Number, ...]
    unit_slip_ratio: Ratio
    # the fold and imports (ledger rules §2, design)
    adverse_area_limit_m2: Number
    shrink_needs_district_m2: Number
    parking_overlap_m2: Number
    sliver_m2: Number
    # third-party sample (domain M16), device package (domain §3.9)
    sample_error_ratio: Ratio
    sample_confidence_ratio: Ratio
    package_area_km2: Number
    # greenhouses and rented rooms (domain §3.6)
    guard_house_m2: Number
    greenhouse_road_m: Number
    rented_m2_per_person: Number
    rented_persons_per_room: Whole


class Rules(Table):
    """The thresholds of one edition and where each comes from."""

    values: Thresholds
    sources: Mapping[str, str]

    @model_validator(mode="after")
    def _every_value_has_a_source(self) -> Rules:
        if self.sources.keys() != Thresholds.model_fields.keys():
            raise ValueError("values and sources do not name the same thresholds")
        return self


def rules(edition: str | None = None) -> Rules:
    """The rules of `edition`, the newest unless named. Raises LedgerError(EDITION_UNKNOWN)."""
    return load(Rules, "rules", edition)


def area_tolerance_m2(values: Thresholds, source: AreaSource, area_m2: float, sigma_area_m2: float = 0.0) -> float:
    """By how many m² an area of this source may differ before it is a mismatch (D03; domain §5.3).

    A share of the area, plus 1 m²; for a walked outline a multiple of its standard error `sigma_area_m2` (m²,
    `geodesy.walked_area_sigma_m2`) instead of the share.
    """
    if source is AreaSource.GNSS_WALK:
        return values.tolerance_walk_sigma_factor * sigma_area_m2 + values.tolerance_extra_m2
    ratios = {
        AreaSource.LEDGER: values.tolerance_ledger_ratio,
        AreaSource.SURVEYED: values.tolerance_surveyed_ratio,
        AreaSource.IMAGERY: values.tolerance_imagery_ratio,
        AreaSource.DRAWN: values.tolerance_drawn_ratio,
    }
    return ratios[source] * abs(area_m2) + values.tolerance_extra_m2


def relapse_threshold_m2(values: Thresholds, cleared_m2: float) -> float:
    """The area (m²) above which building seen on `cleared_m2` of cleared land is a relapse (回潮, D18)."""
    return max(values.relapse_area_m2, values.relapse_ratio * cleared_m2)


def sample_size(error_ratio: float, confidence_ratio: float) -> int:
    """Items to draw so that at least one error is seen with this confidence if `error_ratio` of all are wrong (M16).

    Raises LedgerError(VALUE_INVALID) unless both lie strictly between 0 and 1.

    >>> sample_size(0.01, 0.95)
    299
    """
    if not (0 < error_ratio < 1 and 0 < confidence_ratio < 1):
        raise LedgerError(Code.VALUE_INVALID, reason="shares lie between 0 and 1")
    return math.ceil(math.log1p(-confidence_ratio) / math.log1p(-error_ratio))
