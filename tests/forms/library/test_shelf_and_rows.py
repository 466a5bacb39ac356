"""A tablet's forms and lists: records keep the version they were begun with; what was pulled is what a form reads."""

from __future__ import annotations

import pytest

from forms.definition.load import load
from forms.device_lists import DEVICE_LISTS, device_file, fixed_keys, reference_files, visit_file
from forms.entry import FormEntry, Surroundings
from forms.instances.media import media_of
from forms.instances.readers import read_csv
from forms.ledger_rows import facility_row, parcel_row, place_row, structure_row
from forms.publish.frozen import freeze, thaw, version_of
from forms.shelf import Shelf
from schemas.bodies import FormVersion
from schemas.codes import FacilityClass, FacilityCondition, Programme, StockKind
from schemas.errors import Code, LedgerError
from schemas.ledger_bodies import Parcel
from schemas.photo_rules import photo_rules
from schemas.register_fields import FacilityRow, Park, PublishedForm, Structure, Village
from schemas.rules import rules
from sync.commands.forms import examine
from tests.forms.library.kit import LIBRARY, OUTLINE


def two_versions() -> tuple[PublishedForm, PublishedForm]:
    old = examine(LIBRARY / "greenhouse.md").form
    assert old is not None
    xml = thaw(old)[0].replace("2026.11.1", "2026.12.1").replace("有多少个大棚", "大棚几个")
    return old, freeze(load(xml), xml, {})


def test_a_record_is_finished_with_the_form_it_was_begun_with() -> None:
    old, new = two_versions()
    draft = FormEntry.begin(Shelf([old]).open(version_of(old))[0]).draft()
    rows = [{"subtype": "form", "fields": form.model_dump()} for form in (old, new)]
    shelf = Shelf.of_bodies([rows[0], {"subtype": "park"}, rows[1]])
    assert [form.version for form in shelf.newest] == ["2026.12.1"]
    definition, _ = shelf.open(version_of(old))
    resumed = FormEntry.resume(definition, draft)
    assert resumed.label("/data/work/greenhouses").text == "有多少个大棚"
    assert FormEntry.begin(shelf.open(version_of(new))[0]).label("/data/work/greenhouses").text == "大棚几个"


def test_a_version_that_was_not_pulled_is_named() -> None:
    old, new = two_versions()
    for version in (version_of(new), FormVersion(id=old.form_id, version=old.version, hash="0" * 64)):
        with pytest.raises(LedgerError) as caught:
            Shelf([old]).open(version)
        assert caught.value.code is Code.NOT_FOUND


def structure(programme: Programme | None, floor_e2: int | None = 120_050) -> Structure:
    return Structure(
        category="厂房", stock=StockKind.STOCK, programme=programme, case_state=None, floor_area_e2=floor_e2,
        land_area_e2=5, first_seen_on=None, demolished_on=None, owner_type=None, parcel="P-1",
    )  # fmt: skip


def parcel(planned: str | None = "0301") -> Parcel:
    return Parcel(
        ledger_no="P-1", name="东院", geometry=OUTLINE, baseline=[], baseline_on="2020-01-01",
        planned_land_area_e2=None, planned_class=planned, owner_type=None, project="X", valid_from="2020-01-01",
        valid_to=None,
    )  # fmt: skip


def test_rows_of_parcels() -> None:
    vacating = structure(Programme.VACATING)
    row = parcel_row(parcel(), "U-1", 8400, [vacating, structure(None)], "基期")
    assert row["label"] == "P-1 东院" and row["area_m2"] == "8400.00" and row["area_mu"] == "12.6000"
    assert (row["planned_kind"], row["programme"], row["state"]) == ("FOREST", "vacating", "基期")
    torn = parcel_row(parcel(None), "U-1", 1, [vacating, structure(Programme.OTHER)])
    assert (torn["planned_kind"], torn["programme"]) == ("", "")


def test_rows_fit_their_lists_and_are_read_by_a_form() -> None:
    facility = FacilityRow(
        name=None, facility_class=FacilityClass.HEALTH, item=None, condition=FacilityCondition.DAMAGED, village="V-1",
        park=None, target_on=None,
    )  # fmt: skip
    files = reference_files() | {
        "visit.csv": visit_file(parcel="P-1", facility="F-1"),
        "parcels.csv": device_file("parcels", [parcel_row(parcel(), "U-1", 8400)]),
        "structures.csv": device_file("structures", [structure_row("S-1", structure(None))]),
        "facilities.csv": device_file("facilities", [facility_row("F-1", facility)]),
        "places.csv": device_file(
            "places",
            [
                place_row("V-1", Village(name="东村", services=[], state=None)),
                place_row("K-1", Park(name="北园", kind=None, stage=None, area_e2=None, reclaimed_eligible=True,
                                      reclaimed_in_use=False)),
            ],
        ),
    }  # fmt: skip
    assert set(files) == {each.file for each in DEVICE_LISTS.values()}
    for name, data in files.items():
        assert read_csv(data).columns == DEVICE_LISTS[name.removesuffix(".csv")].columns
    assert b"S-1,S-1 \xe5\x8e\x82\xe6\x88\xbf,P-1,1200.50,0.05" in files["structures.csv"]
    assert b"F-1,F-1,HEALTH,,DAMAGED,V-1" in files["facilities.csv"]
    assert b"K-1" in files["places.csv"] and b"park" in files["places.csv"]
    prepared = examine(LIBRARY / "demolition.md").form
    assert prepared is not None
    definition, own = Shelf([prepared]).open(version_of(prepared))
    entry = FormEntry.begin(definition, Surroundings(media=media_of(files | own)))
    assert entry.label("/data/parcel_card").text.startswith("P-1 东院：8400.00 平方米")


def test_every_number_of_the_rules_is_in_the_list() -> None:
    keys = fixed_keys("rules")
    assert keys is not None and fixed_keys("parcels") is None
    for table in (rules().values, photo_rules()):
        for name, value in table:
            if isinstance(value, int | float):
                assert name in keys
    assert {"unit_slip_factors_1", "unit_slip_factors_3", "m2_per_mu"} <= keys
    assert str(rules().values.survival_pass_percent).encode() in reference_files()["rules.csv"]


def test_lists_refuse_what_no_form_could_read() -> None:
    with pytest.raises(LedgerError) as caught:
        device_file("parcels", [{"owner": "张三"}])
    assert caught.value.code is Code.FORM_COLUMN_UNKNOWN
    with pytest.raises(LedgerError) as caught:
        visit_file(owner="张三")
    assert caught.value.code is Code.FORM_RULE_UNKNOWN


def test_thresholds_of_another_edition_reach_the_form_without_a_new_form() -> None:
    old = rules()
    values = old.values.model_copy(update={"guard_house_m2": 20.0})
    files = reference_files(table=old.model_copy(update={"values": values})) | {"visit.csv": visit_file(parcel="P-1")}
    prepared = examine(LIBRARY / "greenhouse.md").form
    assert prepared is not None
    definition, _ = Shelf([prepared]).open(version_of(prepared))
    entry = FormEntry.begin(definition, Surroundings(media=media_of(files)))
    entry.answer("/data/work/guard_house_m2", "18")
    assert entry.value("/data/work/guard_house_over") == "no"
    entry = FormEntry.begin(definition, Surroundings(media=media_of(files | reference_files())))
    entry.answer("/data/work/guard_house_m2", "18")
    assert entry.value("/data/work/guard_house_over") == "yes"
