"""Photo rules (举证照片要求): which photos an inspection needs, how good a position must be, what a file may be.

No official distance or count was confirmed (domain §3.1): every value is a proposal that the operator may change by a
new edition. Checks themselves stand in the capture screen and in `sync/ledger`; this is what they go by.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.codes import InspectionKind, Shot
from schemas.reference import Row, Table, load

Number = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Substitute(StrEnum):
    """What may stand for a photo from before the work."""

    LEDGER_REFERENCE = "ledger_reference"
    IMAGERY = "imagery"


class Occasion(StrEnum):
    """When a photo is needed."""

    ALWAYS = "always"
    SURVIVAL_CLAIMED = "survival_claimed"


class Need(Row):
    """At least `at_least` photos of `shot`; where `headings_apart`, two of them must differ in heading enough."""

    shot: Shot
    at_least: Annotated[int, Field(ge=1)]
    headings_apart: bool = False
    occasion: Occasion = Occasion.ALWAYS
    substitutes: tuple[Substitute, ...] = ()


class PhotoRules(Table):
    """The photo rules of one edition; lengths in m, angles in degrees."""

    accuracy_good_m: Number
    accuracy_limit_m: Number
    parcel_buffer_m: Number
    half_field_of_view_deg: Number
    compass_error_deg: Number
    heading_separation_deg: Number
    file_limit_bytes: Annotated[int, Field(gt=0)]
    sos_marker_limit: Annotated[int, Field(gt=0)]
    pixel_limit: Annotated[int, Field(gt=0)]
    sources: Mapping[str, str]
    needs: Mapping[InspectionKind, tuple[Need, ...]]


def photo_rules(edition: str | None = None) -> PhotoRules:
    """The photo rules of `edition`, the newest unless named. Raises LedgerError(EDITION_UNKNOWN)."""
    return load(PhotoRules, "photo_rules", edition)
