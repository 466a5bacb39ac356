"""What is found in a form before it is published: every lint, with its code and the row that a person must look at."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from forms.publish.frozen import freeze, thaw, version_of
from forms.publish.lint import lint
from schemas.errors import Code, LedgerError
from sync.commands.forms import examine
from tests.forms.library.kit import FORMS, LIBRARY, begin, library
from tests.forms.library.sheets import YES_NO, markdown, workbook

FIRST_ROW = 5  # line of the row after the two that every form has


def found(tmp_path: Path, text: str, **files: bytes) -> list[tuple[str, int | None, str]]:
    """(code, row, where) of each finding of a Markdown form with these files beside it."""
    path = tmp_path / "form.md"
    path.write_text(text, "utf-8")
    for name, data in files.items():
        (tmp_path / name.replace("__", ".")).write_bytes(data)
    prepared = examine(path)
    for finding in prepared.findings:
        for language in ("zh", "en"):
            assert "…" not in finding.text(language), finding  # no detail is missing from its words
    assert (prepared.form is None) == any(finding.blocks for finding in prepared.findings)
    return [(finding.code.value, finding.row, finding.where) for finding in prepared.findings]


@pytest.mark.parametrize("form", FORMS)
def test_the_library_is_published_without_a_finding(form: str) -> None:
    prepared = examine(LIBRARY / f"{form}.md")
    assert prepared.findings == ()
    assert prepared.form is not None


@pytest.mark.parametrize("form", FORMS)
def test_the_library_is_labelled_in_both_languages(form: str) -> None:
    definition = library(form).definition
    assert definition.languages == ("中文 (zh)", "English (en)")
    assert definition.default_language == "中文 (zh)"
    for control in definition.questions.values():
        assert control.label is not None, control.path
        for language in definition.languages:
            assert definition.texts[language].get(control.label.text_id), (control.path, language)


def test_no_threshold_stands_in_a_form() -> None:
    """The numbers of the rules are looked up: their values appear in no formula of the library."""
    for form in FORMS:
        xml = library(form).source.xml
        for literal in ("666", ">= 60", "&gt;= 60", "180,", " 85", " 95", "> 15", "&gt; 15", "&gt; 6 ", "1.01"):
            assert literal not in xml, (form, literal)


def test_a_sound_form_has_no_finding(tmp_path: Path) -> None:
    text = markdown("select_one~yes_no a label=甲", "text b label=乙 ;relevant=${a}='yes'", choices=YES_NO)
    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("rows", "code", "where"),
    [
        (("calculate c calculation=frobnicate(1)",), "form_function_unknown", "c"),
        (("calculate c calculation=substr('a')",), "form_function_unknown", "c"),
        (("calculate c calculation=1 + * 2",), "form_expression_invalid", "c"),
        (("calculate c calculation=$x + 1",), "form_feature_unsupported", "c"),
        (("calculate c calculation=/data/nothing",), "form_path_unknown", "c"),
        (("calculate c calculation=count(instance('nolist')/root/item)",), "form_list_unknown", "c"),
        (("calculate c calculation=pulldata('parcels','aera','name',${parcel})",), "form_column_unknown", "c"),
        (("calculate c calculation=count(instance('parcels')/root/item[aera > 1])",), "form_column_unknown", "c"),
        (("calculate c calculation=sum(instance('parcels')/root/item/aera)",), "form_column_unknown", "c"),
        (("calculate c calculation=pulldata('rules','value','name','survival')",), "form_rule_unknown", "c"),
        (("calculate c calculation=pulldata('visit','value','name','owner')",), "form_rule_unknown", "c"),
        (("select_one~yes_no a label=甲", "text b label=乙 ;relevant=${a}='ja'"), "form_choice_unknown", "b"),
        (("select_multiple~yes_no a label=甲", "text b label=乙 ;relevant=selected(${a}, 'ja')"),
         "form_choice_unknown", "b"),
        (("text b label=乙 ;relevant=1 = 2",), "form_question_unreachable", "b"),
        (("text b label=乙 ;relevant=false()",), "form_question_unreachable", "b"),
        (("hidden h", "text b label=乙 ;relevant=${h}='x'"), "form_question_unreachable", "b"),
    ],
)  # fmt: skip
def test_each_finding_has_its_code_and_row(tmp_path: Path, rows: tuple[str, ...], code: str, where: str) -> None:
    text = markdown(*rows, choices=YES_NO)
    assert found(tmp_path, text) == [(code, FIRST_ROW + len(rows) - 1, where)]


@pytest.mark.parametrize(
    ("relevant", "blocks"),
    [
        ("${a}='ja'", True),
        ("${a}!='' and ${a}='ja'", True),
        ("${a}='yes' or ${a}='ja'", False),
        ("${a}!='ja'", False),
        ("not(${a}='ja')", False),
    ],
)
def test_an_unknown_choice_stops_only_where_it_is_needed(tmp_path: Path, relevant: str, blocks: bool) -> None:
    text = markdown("select_one~yes_no a label=甲", f"text b label=乙 ;relevant={relevant}", choices=YES_NO)
    (tmp_path / "form.md").write_text(text, "utf-8")
    (finding,) = examine(tmp_path / "form.md").findings
    assert (finding.code, finding.blocks) == (Code.FORM_CHOICE_UNKNOWN, blocks)


def test_what_depends_on_the_unreachable_is_unreachable(tmp_path: Path) -> None:
    rows = ("text a label=甲 ;relevant=1=2", "text b label=乙 ;relevant=${a}!=''", "text c label=丙 ;relevant=${b}=''")
    unreachable = [where for code, _, where in found(tmp_path, markdown(*rows)) if code == "form_question_unreachable"]
    assert unreachable == ["a", "b"]


def test_a_group_out_of_reach_takes_its_questions_along(tmp_path: Path) -> None:
    rows = ("begin_group g label=组 ;relevant=1=2", "text a label=甲", "end_group g")
    assert found(tmp_path, markdown(*rows)) == [("form_question_unreachable", FIRST_ROW + 1, "a")]


def test_a_cycle_is_named_with_its_row(tmp_path: Path) -> None:
    rows = ("calculate a calculation=${b} + 1", "calculate b calculation=${a} + 1", "note n label=${a}")
    ((code, row, where),) = found(tmp_path, markdown(*rows))
    assert (code, where, row) == ("form_cycle", "a", FIRST_ROW) or (code, where, row) == (
        "form_cycle",
        "b",
        FIRST_ROW + 1,
    )


def test_lists_that_lie_beside_the_form(tmp_path: Path) -> None:
    rows = ("select_one_from_file~shops.csv s label=店", "calculate c calculation=pulldata('shops','aera','name',${s})")
    assert found(tmp_path, markdown(*rows))[0][0] == "form_media_missing"
    with_file = found(tmp_path, markdown(*rows), shops__csv="name,label\n1,甲\n".encode())
    assert with_file == [("form_column_unknown", FIRST_ROW + 1, "c")]
    rows = ("select_one_from_file~shops.geojson s label=店",)
    assert found(tmp_path, markdown(*rows), shops__geojson=b"{}")[0][0] == "form_media_unreadable"


def test_pictures_of_labels_must_be_there(tmp_path: Path) -> None:
    text = markdown("text a label=甲").replace("| label |", "| media::image |", 1)
    lines = [line.replace("| 甲 |", "| 图.png |").replace("| 图斑 |", "| 图.png |") for line in text.splitlines()]
    text = "\n".join(lines)
    assert found(tmp_path, text) == [("form_media_missing", None, "")]
    assert found(tmp_path, text, **{"图__png": b"png"}) == []


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ((), {"form_field_missing"}),
        (("text verdict label=结论", "text text label=说明"), {"form_field_type"}),
        (("select_one~yes_no verdict label=结论", "text text label=说明"), {"form_field_choice"}),
        (("calculate verdict calculation='partly'", "integer text label=说明"), {"form_field_type"}),
        (("calculate verdict calculation='partly'", "text text label=说明"), set()),
    ],
)
def test_the_fields_that_the_ledger_reads(tmp_path: Path, rows: tuple[str, ...], codes: set[str]) -> None:
    text = markdown("hidden ledger_kind default=finding", *rows, choices=YES_NO, common=False)
    assert {code for code, _, _ in found(tmp_path, text)} == codes


def test_a_form_says_what_it_records(tmp_path: Path) -> None:
    assert found(tmp_path, markdown("text a label=甲", common=False)) == [
        ("form_ledger_kind_unknown", None, "ledger_kind")
    ]
    text = markdown("hidden ledger_kind default=verdict", "text a label=甲", common=False)
    assert [code for code, _, _ in found(tmp_path, text)] == ["form_ledger_kind_unknown"]


def test_a_form_has_an_id_and_a_version(tmp_path: Path) -> None:
    assert found(tmp_path, markdown("text a label=甲", settings="t-1 "))[0][0] == "form_version_missing"
    assert found(tmp_path, markdown("text a label=甲", settings="表单 1"))[0][0] == "form_version_missing"


def test_what_a_tablet_cannot_do_is_named(tmp_path: Path) -> None:
    rows = ("background-audio r",)
    assert found(tmp_path, markdown(*rows))[0][0] == "form_feature_unsupported"
    assert found(tmp_path, markdown("audit audit")) == [("form_feature_unsupported", FIRST_ROW, "audit")]
    xml = library("greenhouse").source.xml.replace('mediatype="image/*"', 'mediatype="osm/*"')
    assert [each.code for each in lint(xml, {}, {}).findings] == [Code.FORM_FEATURE_UNSUPPORTED]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("form.xlsx", b"no zip", "form_source_unreadable"),
        ("form.xlsx", b"", "form_source_unreadable"),
        ("form.docx", b"x", "form_source_unreadable"),
        ("form.md", b"\xff\xfe\x00", "form_source_unreadable"),
        ("form.md", "没有表格".encode(), "form_compile_failed"),
        ("form.xml", b"<html>", "form_invalid"),
        ("form.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "form_invalid"),
        ("form.xml", b"<a/>", "form_invalid"),
    ],
)
def test_broken_files_are_coded(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    prepared = examine(path)
    assert [finding.code.value for finding in prepared.findings] == [code]
    assert prepared.form is None
    assert "…" not in prepared.findings[0].text("zh")


def test_a_spoilt_form_is_never_a_traceback(tmp_path: Path) -> None:
    """Lines lost, swapped and misspelt; bytes of a workbook changed: findings, or a form, and nothing else."""
    chance = random.Random(3)
    lines = (LIBRARY / "demolition.md").read_text("utf-8").splitlines()
    workbook(tmp_path / "form.xlsx", markdown("text a label=甲"))
    data = (tmp_path / "form.xlsx").read_bytes()
    for _ in range(25):
        spoilt = list(lines)
        at, other = chance.randrange(4, len(lines)), chance.randrange(4, len(lines))
        cut = chance.randrange(len(lines[at]) + 1)
        match chance.randrange(3):
            case 0:
                del spoilt[at]
            case 1:
                spoilt[at] = lines[at][:cut] + chance.choice("|'(){}$,.\0") + lines[at][cut:]
            case _:
                spoilt[at], spoilt[other] = lines[other], lines[at]
        changed = bytearray(data)
        for _ in range(4):
            changed[chance.randrange(len(data))] = chance.randrange(256)
        (tmp_path / "form.md").write_text("\n".join(spoilt), "utf-8")
        (tmp_path / "form.xlsx").write_bytes(bytes(changed))
        for name in ("form.md", "form.xlsx"):
            prepared = examine(tmp_path / name)
            assert prepared.form is not None or any(finding.blocks for finding in prepared.findings)


def test_a_missing_file_is_coded(tmp_path: Path) -> None:
    assert examine(tmp_path / "nothing.md").findings[0].code is Code.FORM_SOURCE_UNREADABLE


@pytest.mark.parametrize("ending", ["md", "xlsx"])
def test_what_pyxform_refuses_names_the_row(tmp_path: Path, ending: str) -> None:
    text = markdown("text a label=甲", "text a label=乙")
    path = tmp_path / f"form.{ending}"
    if ending == "md":
        path.write_text("# 一份表单\n\n" + text, "utf-8")
    else:
        workbook(path, text)
    (finding,) = examine(path).findings
    assert finding.code is Code.FORM_COMPILE_FAILED
    assert finding.row == (8 if ending == "md" else 5)


def test_a_misspelt_type_names_the_row(tmp_path: Path) -> None:
    text = markdown("note n label=好", "txet a label=甲")
    (tmp_path / "form.md").write_text(text, "utf-8")
    for path, row in ((tmp_path / "form.md", FIRST_ROW + 1), (workbook(tmp_path / "form.xlsx", text), 5)):
        (finding,) = examine(path).findings
        assert (finding.code, finding.row) == (Code.FORM_COMPILE_FAILED, row)
        assert "txet" in finding.text("zh")


def test_a_role_of_a_photo_that_nobody_knows(tmp_path: Path) -> None:
    rows = ("hidden shot default=SELFIE", "image photo label=照片")
    assert found(tmp_path, markdown(*rows)) == [("form_field_choice", FIRST_ROW, "shot")]


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "cases" / "forms").glob("*.xml")), ids=lambda p: p.stem
)
def test_forms_from_elsewhere_get_findings_and_no_traceback(path: Path) -> None:
    """None of them was written for this ledger, so none may be published; every finding has its words."""
    linted = lint(path.read_text("utf-8"), {}, {})
    assert linted.blocked
    for finding in linted.findings:
        assert "…" not in finding.text("zh") and "…" not in finding.text("en")


def test_a_workbook_gives_the_same_form_as_its_markdown(tmp_path: Path) -> None:
    text = markdown("calculate c calculation=frobnicate(1)")
    (finding,) = examine(workbook(tmp_path / "form.xlsx", text)).findings
    assert (finding.code, finding.row, finding.where) == (Code.FORM_FUNCTION_UNKNOWN, 4, "c")
    good = markdown("select_one~yes_no a label=甲", choices=YES_NO)
    (tmp_path / "form.md").write_text(good, "utf-8")
    a, b = examine(workbook(tmp_path / "form.xlsx", good)).form, examine(tmp_path / "form.md").form
    assert a is not None and b is not None and a.hash == b.hash


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (65 * 1024 * 1024))
    assert examine(path).findings[0].code is Code.FORM_SOURCE_UNREADABLE


def test_an_xform_is_published_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "demolition.xml"
    path.write_text(library("demolition").source.xml, "utf-8")
    prepared, same = examine(path), examine(LIBRARY / "demolition.md")
    assert prepared.findings == () and prepared.form is not None and same.form is not None
    assert prepared.form.hash == same.form.hash


def test_frozen_and_back() -> None:
    prepared = examine(LIBRARY / "facility.md")
    assert prepared.form is not None
    xml, files = thaw(prepared.form)
    assert xml == library("facility").source.xml
    assert files == {"facility_items.csv": (LIBRARY / "facility_items.csv").read_bytes()}
    assert version_of(prepared.form).hash == prepared.form.hash


def test_the_hash_covers_the_lists() -> None:
    definition, xml = library("facility").definition, library("facility").source.xml
    a = freeze(definition, xml, {"facility_items.csv": b"name,label\n1,a\n"})
    b = freeze(definition, xml, {"facility_items.csv": b"name,label\n1,b\n"})
    assert a.hash != b.hash and a.xml_sha256 == b.xml_sha256


def test_a_form_that_was_changed_does_not_thaw() -> None:
    prepared = examine(LIBRARY / "facility.md")
    other = examine(LIBRARY / "greenhouse.md")
    assert prepared.form is not None and other.form is not None
    cut = prepared.form.xml[:-8]
    for changed in (
        {"xml": other.form.xml}, {"hash": other.form.hash}, {"media": []}, {"xml": "AAAA"}, {"xml": cut},
    ):  # fmt: skip
        with pytest.raises(LedgerError) as caught:
            thaw(prepared.form.model_copy(update=changed))
        assert caught.value.code is Code.FORM_INVALID


def test_what_does_not_fit_into_an_entry_is_refused(tmp_path: Path) -> None:
    chance = random.Random(1)
    rows = "\n".join(f"{n},{chance.getrandbits(200):x}" for n in range(6000))
    (tmp_path / "shops.csv").write_text("name,label\n" + rows, "utf-8")
    (tmp_path / "form.md").write_text(markdown("select_one_from_file~shops.csv s label=店"), "utf-8")
    prepared = examine(tmp_path / "form.md")
    assert [finding.code for finding in prepared.findings] == [Code.FORM_TOO_LARGE]


def test_english_is_shown_where_it_is_asked_for() -> None:
    entry = begin("demolition", {"parcel": "P-1"}, language="English (en)")
    verdict = entry.answer("/data/parcel", "X-9")
    assert verdict.message.startswith("No such parcel")
