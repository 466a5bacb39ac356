"""What the bodies of entries are made of: the base class, and the fields that several kinds share, with their units.

Whole numbers and text only (areas in hundredths of m², `_e2`; degrees × 1e9; headings in hundredths of a degree).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from schemas.codes import Shot
from schemas.entries import MAX_PHOTO_BYTES, Instant
from schemas.geometry import MAX_LAT_E9, MAX_LON_E9
from schemas.ids import Sha256

Text = Annotated[str, Field(max_length=2000)]
Short = Annotated[str, Field(min_length=1, max_length=200)]
AreaE2 = Annotated[StrictInt, Field(ge=0, le=10**13, description="hundredths of m²; at most 1,000 km²")]
SignedAreaE2 = Annotated[StrictInt, Field(ge=-(10**13), le=10**13, description="hundredths of m²")]
Day = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", description="Beijing date")]
Year = Annotated[StrictInt, Field(ge=1949, le=2200)]
LandClassCode = Annotated[str, Field(pattern=r"^[0-9]{2}[0-9A-Z]{0,3}K?$")]
LonE9 = Annotated[StrictInt, Field(ge=-MAX_LON_E9, le=MAX_LON_E9)]
LatE9 = Annotated[StrictInt, Field(ge=-MAX_LAT_E9, le=MAX_LAT_E9)]


class Body(BaseModel):
    """Base of all bodies: frozen, no unknown fields; numbers and flags are strict one by one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fix(Body):
    """A position as the device reported it, WGS-84. What a browser does not measure is null, never 0 or false."""

    lon_e9: LonE9
    lat_e9: LatE9
    accuracy_mm: Annotated[StrictInt, Field(ge=0, le=10**9)] | None
    provider: Annotated[str, Field(max_length=40)] | None
    mocked: StrictBool | None
    gnss_ms: Annotated[StrictInt, Field(ge=0)] | None


class Photo(Body):
    """A photo that an entry lists: its hash is its name; the rest are facts read at the shutter (domain §3.1)."""

    sha256: Sha256
    bytes: Annotated[StrictInt, Field(ge=1, le=MAX_PHOTO_BYTES)]
    shot: Shot
    taken_at: Instant
    monotonic_ms: Annotated[StrictInt, Field(ge=0)] | None
    fix: Fix | None
    heading_e2: Annotated[StrictInt, Field(ge=0, lt=36_000)] | None
    in_app: StrictBool
