"""What the ledger reads of a form, by the names of fields: one table, checked at publish and used when a form is done.

A form says in its hidden field `ledger_kind` what it records. Everything else in it belongs to the office: questions
that stand in no table here are kept as answers and shown, and nothing is counted from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.codes import (
    AreaSource,
    CodeSystem,
    FacilityClass,
    FacilityCondition,
    LandFreed,
    Programme,
    RegreeningOutcome,
    Shot,
)

LEDGER_KIND = "ledger_kind"
"""The hidden field that names the kind."""
YES, NO = "yes", "no"


class Holds(StrEnum):
    """What a field holds. A calculated field may stand wherever its value fits."""

    WORDS = "text"
    NAMES = "select_multiple"
    NUMBER = "decimal or integer"
    DAY = "date"
    OUTLINE = "geoshape"
    CHOICE = "select_one"


@dataclass(frozen=True)
class LedgerField:
    """A field that the ledger reads; `choices` are the only words that it understands in it."""

    name: str
    holds: Holds
    needed: bool = True
    choices: tuple[str, ...] = ()


def _words(name: str, *, needed: bool = True) -> LedgerField:
    return LedgerField(name, Holds.WORDS, needed)


def _choice(name: str, choices: Iterable[str], *, needed: bool = True) -> LedgerField:
    return LedgerField(name, Holds.CHOICE, needed, tuple(choices))


_PARCEL = _words("parcel")
_OTHER_PARCELS = LedgerField("other_parcels", Holds.NAMES, needed=False)
_CANNOT = _words("cannot_be_done", needed=False)
_CLAIMED = LedgerField("claimed_area_m2", Holds.NUMBER)
_FOOTPRINT = LedgerField("footprint", Holds.OUTLINE)
_SOURCE = _choice("area_source", AreaSource)
_SITE = (_PARCEL, _OTHER_PARCELS, _CANNOT)
_OUTLINED = (_CLAIMED, _FOOTPRINT, _SOURCE)

LEDGER_KINDS: Mapping[str, tuple[LedgerField, ...]] = {
    "demolition": (
        *_SITE, *_OUTLINED,
        _choice("land_freed", LandFreed),
        _choice("site_cleared", (YES, NO)),
        LedgerField("structures", Holds.NAMES),
        LedgerField("floor_area_m2", Holds.NUMBER),
        _choice("programme", Programme, needed=False),
    ),
    "regreening": (
        *_SITE, *_OUTLINED,
        _choice("outcome", RegreeningOutcome),
        _words("observed_class"),
        _choice("class_system", CodeSystem),
        LedgerField("planted_on", Holds.DAY),
        LedgerField("survival_percent", Holds.NUMBER, needed=False),
    ),
    "facility": (
        _words("facility"),
        _words("place", needed=False),
        _choice("facility_class", FacilityClass),
        _words("item", needed=False),
        _choice("condition", FacilityCondition),
        _CANNOT,
    ),
    "new_build_sighting": (
        _words("parcel", needed=False), _OTHER_PARCELS, *_OUTLINED,
        LedgerField("first_seen_on", Holds.DAY),
    ),
    "site_check": _SITE,
    "finding": (
        _words("parcel", needed=False), _OTHER_PARCELS,
        _words("sample", needed=False),
        _choice("verdict", ("confirmed", "partly", "not_confirmed", "not_checked")),
        LedgerField("claimed_area_m2", Holds.NUMBER, needed=False),
        _words("text"),
    ),
    "rectification": (
        _words("order"),
        _choice("step", ("issued", "answered", "rechecked", "closed", "repeated")),
        _words("text"),
        LedgerField("due_on", Holds.DAY, needed=False),
    ),
}  # fmt: skip
"""The kinds of record that a form may make, and what each reads."""

SHOT = _choice("shot", Shot, needed=False)
"""Beside a photo question: what the photo shows. Without it a photo counts as `OTHER` and fills no place of a set."""
HEADING = "heading"
"""Beside a photo question: where the camera puts its heading in degrees before it answers the question."""
