"""A finished form as the ledger takes it: its kind, what it is about, and the typed body of an entry.

The names that are read stand in `ledger_contract.py`. What the device knows beside the answers (photos with their
facts, position, the outline of a whole parcel) is handed in; nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from pydantic import JsonValue, ValidationError

from forms.entry import FormEntry, Leaf
from forms.ledger_contract import LEDGER_KIND, LEDGER_KINDS, SHOT, YES
from schemas.bodies import Finding, FormVersion, Inspection, Rectification
from schemas.body_fields import Body, Fix, Photo
from schemas.codes import AreaSource, LandFreed, Shot
from schemas.entries import Instant, Kind, first_fault
from schemas.errors import Code, LedgerError
from schemas.geometry import Geometry, from_geojson

_LONGEST_REASON = 200


@dataclass(frozen=True)
class Captured:
    """What the device adds: photos by the file names that answer the form, the fix, the start of the visit, and the
    outline of the parcels together, for a visit that speaks of all of them."""

    photos: Mapping[str, Photo] = field(default_factory=dict)
    fix: Fix | None = None
    started_at: Instant | None = None
    outline: Geometry | None = None


@dataclass(frozen=True)
class LedgerRecord:
    """What becomes an entry: the envelope's `kind` and `about`, and the body."""

    kind: Kind
    about: tuple[str, ...]
    body: Body


def ledger_record(entry: FormEntry, form: FormVersion, captured: Captured | None = None) -> LedgerRecord:
    """The record of a form that is finished here.

    Raises LedgerError: FORM_ANSWER_INVALID while an answer is missing or refused, FORM_LEDGER_KIND_UNKNOWN for a form
    that records nothing, BODY_INVALID where the answers make no body, geometry's own for an outline that is none.
    """
    entry.finish()
    captured = captured or Captured()
    answers = _Answers(entry)
    make = _MAKERS.get(answers.kind)
    if make is None:
        raise LedgerError(Code.FORM_LEDGER_KIND_UNKNOWN, kinds=", ".join(LEDGER_KINDS), found=answers.kind)
    try:
        return make(answers, form, captured)
    except ValidationError as error:
        raise LedgerError(Code.BODY_INVALID, where=first_fault(error)) from error


class _Answers:
    """The relevant answers that are not empty, by the names of the contract, and all of them by path."""

    def __init__(self, entry: FormEntry) -> None:
        self.entry = entry
        self.leaves = [leaf for leaf in entry.leaves() if leaf.relevant and leaf.value != ""]
        self.named = {_name(leaf.ref): leaf.value for leaf in self.leaves if "/meta[" not in leaf.ref}
        self.kind = self.named.get(LEDGER_KIND, "")

    def text(self, name: str) -> str | None:
        """An answer as it is; None where there is none."""
        return self.named.get(name)

    def names(self, name: str) -> list[str]:
        """The choices of a question with several."""
        return self.named.get(name, "").split()

    def e2(self, name: str) -> int | None:
        """A number in hundredths, half up. Raises LedgerError(FORM_ANSWER_INVALID)."""
        text = self.named.get(name)
        if text is None:
            return None
        try:
            return int((Decimal(text) * 100).quantize(Decimal(1), ROUND_HALF_UP))
        except (InvalidOperation, ValueError) as error:
            raise LedgerError(Code.FORM_ANSWER_INVALID, reason=f"{name}: {text[:40]}") from error

    def outline(self) -> Geometry | None:
        """The outline that was drawn."""
        text = self.named.get("footprint")
        if text is None:
            return None
        points = [point.split() for point in text.split(";") if point.strip()]
        ring = [[float(point[1]), float(point[0])] for point in points]
        if ring[0] != ring[-1]:
            ring.append(ring[0])
        return from_geojson({"type": "Polygon", "coordinates": [ring]})

    def about(self, *names: str) -> tuple[str, ...]:
        """The subjects named in these fields, each once, in order."""
        found: list[str] = []
        for name in names:
            found += self.names(name) if name == "other_parcels" else filter(None, [self.text(name)])
        return tuple(dict.fromkeys(found))

    def photos(self, captured: Mapping[str, Photo]) -> list[Photo]:
        """The photos in the order of the form, each as the role that the form gave it."""
        found = []
        for leaf in self.leaves:
            control = self.entry.control(leaf.ref)
            if (
                control is None
                or control.kind != "upload"
                or not control.attributes.get("mediatype", "image").startswith("image")
            ):
                continue
            photo = captured.get(leaf.value)
            if photo is None:
                raise LedgerError(Code.FORM_ANSWER_INVALID, reason=f"{leaf.value[:80]}: no such photo", ref=leaf.ref)
            shot = self._beside(leaf, SHOT.name) or Shot.OTHER
            if shot not in SHOT.choices:
                raise LedgerError(Code.FORM_FIELD_CHOICE, field=SHOT.name, value=shot, wanted=", ".join(SHOT.choices))
            found.append(photo.model_copy(update={"shot": Shot(shot)}))
        return found

    def everything(self) -> dict[str, JsonValue]:
        """Every answer by its path below the root, `[1]` left out, as reviewers' remarks name them."""
        found: dict[str, JsonValue] = {}
        for leaf in self.leaves:
            path = "/".join(step.removesuffix("[1]") for step in leaf.ref.split("/")[2:])
            if not path.startswith("meta/"):
                found[path] = leaf.value
        return found

    def _beside(self, leaf: Leaf, name: str) -> str:
        above = leaf.ref.rpartition("/")[0]
        return next((each.value for each in self.leaves if each.ref == f"{above}/{name}[1]"), "")


def _demolition(answers: _Answers) -> dict[str, Any]:
    return {
        "type": "demolition", "land_freed": answers.text("land_freed"),
        "site_cleared": answers.text("site_cleared") == YES, "structures": answers.names("structures"),
        "floor_area_e2": answers.e2("floor_area_m2"), "programme": answers.text("programme"),
    }  # fmt: skip


def _regreening(answers: _Answers) -> dict[str, Any]:
    return {
        "type": "regreening", "outcome": answers.text("outcome"), "observed_class": answers.text("observed_class"),
        "class_system": answers.text("class_system"), "planted_on": answers.text("planted_on"),
        "survival_percent_e2": answers.e2("survival_percent"),
    }  # fmt: skip


def _facility(answers: _Answers) -> dict[str, Any]:
    return {
        "type": "facility", "facility": answers.text("facility"), "facility_class": answers.text("facility_class"),
        "item": answers.text("item"), "condition": answers.text("condition"),
    }  # fmt: skip


def _sighting(answers: _Answers) -> dict[str, Any]:
    return {"type": "new_build_sighting", "first_seen_on": answers.text("first_seen_on")}


def _check(answers: _Answers) -> dict[str, Any]:
    return {"type": "site_check", "check": answers.entry.definition.id}


_FACTS: Mapping[str, Callable[[_Answers], dict[str, Any]]] = {
    "demolition": _demolition,
    "regreening": _regreening,
    "facility": _facility,
    "new_build_sighting": _sighting,
    "site_check": _check,
}


def _inspection(answers: _Answers, form: FormVersion, captured: Captured) -> LedgerRecord:
    reason = answers.text("cannot_be_done")
    if reason:
        facts: dict[str, Any] = {"type": "cannot_be_done", "reason": reason[:_LONGEST_REASON]}
        outline, source, claimed = None, None, None
    else:
        facts = _FACTS[answers.kind](answers)
        outline, source = _outline(answers, captured)
        claimed = answers.e2("claimed_area_m2")
    body = Inspection.model_validate(
        {
            "form": form, "facts": facts, "footprint": outline, "area_source": source, "claimed_area_e2": claimed,
            "fix": captured.fix, "photos": answers.photos(captured.photos), "answers": answers.everything(),
            "started_at": captured.started_at,
        }
    )  # fmt: skip
    fields = ("facility", "place") if answers.kind == "facility" else ("parcel", "other_parcels")
    about = answers.about(*fields)
    return LedgerRecord(Kind.INSPECTION, about[:1] if answers.kind == "facility" else about, body)


def _outline(answers: _Answers, captured: Captured) -> tuple[Geometry | None, str | None]:
    """What was drawn, or the parcels' own outline where the visit speaks of all of them.

    A demolition that freed no land has no outline, and of one that freed all the ledger takes the parcel itself; a
    re-greening without an outline would move nothing, so it must have one.
    """
    drawn = answers.outline()
    if drawn is not None:
        return drawn, answers.text("area_source")
    if answers.kind == "regreening" or answers.text("land_freed") == LandFreed.ALL:
        if captured.outline is not None:
            return captured.outline, AreaSource.LEDGER
        if answers.kind == "regreening":
            raise LedgerError(Code.FORM_FIELD_MISSING, field="footprint", kind=answers.kind)
    return None, None


def _finding(answers: _Answers, form: FormVersion, captured: Captured) -> LedgerRecord:
    body = Finding.model_validate(
        {
            "verdict": answers.text("verdict"), "area_e2": answers.e2("claimed_area_m2"),
            "text": answers.text("text") or "", "photos": answers.photos(captured.photos),
            "sample": answers.text("sample"),
        }
    )  # fmt: skip
    return LedgerRecord(Kind.FINDING, answers.about("sample", "parcel", "other_parcels"), body)


def _rectification(answers: _Answers, form: FormVersion, captured: Captured) -> LedgerRecord:
    body = Rectification.model_validate(
        {
            "step": answers.text("step"), "text": answers.text("text") or "", "due_on": answers.text("due_on"),
            "photos": answers.photos(captured.photos),
        }
    )  # fmt: skip
    return LedgerRecord(Kind.RECTIFICATION, answers.about("order"), body)


_MAKERS: Mapping[str, Callable[[_Answers, FormVersion, Captured], LedgerRecord]] = {
    **dict.fromkeys(_FACTS, _inspection),
    "finding": _finding,
    "rectification": _rectification,
}


def _name(ref: str) -> str:
    """`/data[1]/work[1]/parcel[1]` → `parcel`."""
    return ref.rpartition("/")[2].partition("[")[0]
