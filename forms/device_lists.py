"""What a form can know before the first question: the lists that every tablet brings to every form, by name.

A form reads them as external lists, `pulldata('parcels', 'area_m2', 'name', ${parcel})`, or chooses from them,
`select_one_from_file land_classes.csv`. They are never frozen with a form: parcels change daily and thresholds by
edition, so the tablet writes them anew from its log and its reference data when a form is opened. This module is the
one place that says which lists there are and which columns they have; `docs/writing-forms.md` shows them to offices.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from schemas.codes import Shot
from schemas.errors import Code, LedgerError
from schemas.land_classes import CountingRule, LandClasses, counting_rule, land_classes
from schemas.measures import M2_PER_UNIT, AreaUnit
from schemas.photo_rules import Occasion, PhotoRules, photo_rules
from schemas.rules import Rules, rules

Rows = Iterable[Mapping[str, str]]


@dataclass(frozen=True)
class DeviceList:
    """A list of the tablet and its columns; the first is its key."""

    name: str
    columns: tuple[str, ...]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.csv"


VISIT_KEYS = frozenset({"parcel", "facility", "place", "order", "order_text", "sample", "unit"})
"""What the visit was begun on: a parcel on the map, a facility, a park or village, an order, a drawn sample."""

_AREA_UNITS = (AreaUnit.M2, AreaUnit.MU, AreaUnit.HA)
_SHOT_TITLES: Mapping[Shot, tuple[str, str]] = {
    Shot.BEFORE_WIDE: ("拆除前全景", "before, wide view"),
    Shot.BEFORE_NEAR: ("拆除前近景", "before, close view"),
    Shot.AFTER_WIDE: ("拆除后全景", "after, wide view"),
    Shot.AFTER_GROUND: ("拆除后地面近景", "after, the ground close up"),
    Shot.GROUND_PROOF: ("破除硬化或探坑（带标尺）", "broken hard layer or test pit, with a scale"),
    Shot.PLANTS_AND_SOIL: ("植株与土壤近景", "plants and soil close up"),
    Shot.SURVIVAL_PLOT: ("成活率样方", "the sample plot of survival"),
    Shot.WIDE: ("全景", "wide view"),
    Shot.NEAR: ("近景", "close view"),
    Shot.FACILITY_FRONT: ("设施正面", "front of the facility"),
    Shot.FACILITY_DETAIL: ("设施状况细部", "detail of its condition"),
    Shot.OTHER: ("其他", "other"),
}


def _threshold_rows(table: Rules, photos: PhotoRules) -> list[dict[str, str]]:
    """Thresholds, photo rules and the units of area, one number a row; several numbers of one name share its group."""
    found: list[dict[str, str]] = []
    for source in (table.values, photos):
        for name, value in source:
            if isinstance(value, tuple):
                numbers = [each for each in value if isinstance(each, int | float)]
                found += [
                    {"name": f"{name}_{place}", "value": _number(each), "group": name}
                    for place, each in enumerate(numbers, 1)
                ]
            elif isinstance(value, int | float):
                found.append({"name": name, "value": _number(value), "group": name})
    for unit in _AREA_UNITS:
        found.append(
            {"name": f"m2_per_{unit.value}", "value": _number(float(M2_PER_UNIT[unit])), "group": "area_units"}
        )
    return found


def _photo_rows(photos: PhotoRules) -> list[dict[str, str]]:
    """One row for each photo that is needed; those needed on an occasion come last, so that a form may stop before."""
    found: list[dict[str, str]] = []
    for kind, needs in photos.needs.items():
        at = 0
        for need in sorted(needs, key=lambda each: each.occasion is not Occasion.ALWAYS):
            for number in range(1, need.at_least + 1):
                at += 1
                zh, en = _SHOT_TITLES[need.shot]
                found.append(
                    {
                        "name": f"{kind.value}-{at}", "form": kind.value, "shot": need.shot.value,
                        "number": str(number), "title": _counted(zh, number, need.at_least),
                        "title_en": _counted(en, number, need.at_least),
                        "headings_apart": "yes" if need.headings_apart else "no", "occasion": need.occasion.value,
                        "substitutes": " ".join(each.value for each in need.substitutes),
                    }
                )  # fmt: skip
    return found


def _class_rows(classes: LandClasses, counting: CountingRule) -> list[dict[str, str]]:
    found = []
    for row in classes.classes:
        kind = counting.restoration_kind(classes.system, row.code)
        counts = counting.restoration_counts(classes.system, row.code)
        found.append(
            {
                "name": row.code, "label": f"{row.code} {row.name}", "three_class": row.three_class.value,
                "kind": kind.value if kind else "", "reduces": "yes" if counts else "no",
            }
        )  # fmt: skip
    return found


DEVICE_LISTS: Mapping[str, DeviceList] = {
    each.name: each
    for each in (
        DeviceList("visit", ("name", "value")),
        DeviceList(
            "parcels",
            (
                "name", "label", "unit", "area_m2", "area_mu", "state", "baseline_class", "planned_class",
                "planned_kind", "programme", "project",
            ),
        ),
        DeviceList("structures", ("name", "label", "parcel", "floor_area_m2", "land_area_m2")),
        DeviceList("facilities", ("name", "label", "facility_class", "item", "condition", "place")),
        DeviceList("places", ("name", "label", "kind")),
        DeviceList("rules", ("name", "value", "group")),
        DeviceList(
            "photo_needs",
            (
                "name", "form", "shot", "number", "title", "title_en", "headings_apart", "occasion", "substitutes",
            ),
        ),
        DeviceList("land_classes", ("name", "label", "three_class", "kind", "reduces")),
    )
}  # fmt: skip
"""Every list by name. `parcels`, `structures`, `facilities` and `places` hold those of the tablet's units only."""


def device_file(name: str, rows: Rows) -> bytes:
    """A list as the file that a form reads. Raises LedgerError(FORM_COLUMN_UNKNOWN) for a column that it has not."""
    known = DEVICE_LISTS[name]
    text = io.StringIO()
    writer = csv.DictWriter(text, known.columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        for column in row:
            if column not in known.columns:
                raise LedgerError(Code.FORM_COLUMN_UNKNOWN, where="", list=name, column=column)
        writer.writerow(row)
    return text.getvalue().encode()


def visit_file(**known: str) -> bytes:
    """The list `visit`: what this visit was begun on, by the names of `VISIT_KEYS`."""
    for name in known:
        if name not in VISIT_KEYS:
            raise LedgerError(Code.FORM_RULE_UNKNOWN, where="", list="visit", name=name)
    return device_file("visit", [{"name": name, "value": value} for name, value in sorted(known.items())])


def reference_files(
    table: Rules | None = None,
    photos: PhotoRules | None = None,
    classes: LandClasses | None = None,
    counting: CountingRule | None = None,
) -> dict[str, bytes]:
    """The lists that come from reference data, of the newest editions unless others are given."""
    photos, classes = photos or photo_rules(), classes or land_classes()
    return {
        "rules.csv": device_file("rules", _threshold_rows(table or rules(), photos)),
        "photo_needs.csv": device_file("photo_needs", _photo_rows(photos)),
        "land_classes.csv": device_file("land_classes", _class_rows(classes, counting or counting_rule())),
    }


def area_row(name: str, area_m2: float, **more: str) -> dict[str, str]:
    """A row of `parcels` with its area in m² and mu; the other columns as given."""
    mu = area_m2 / float(M2_PER_UNIT[AreaUnit.MU])
    return {"name": name, "label": name, "area_m2": f"{area_m2:.2f}", "area_mu": f"{mu:.4f}"} | more


@cache
def fixed_keys(name: str) -> frozenset[str] | None:
    """The keys that a list always has, by which a form may ask; None of a list whose rows come and go."""
    if name == "visit":
        return VISIT_KEYS
    if name == "rules":
        return frozenset(row["name"] for row in _threshold_rows(rules(), photo_rules()))
    return None


def _counted(title: str, number: int, of: int) -> str:
    return title if of == 1 else f"{title} {number}/{of}"


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")
