"""docs/writing-forms.md and .zh.md: the example publishes and does what the pages say; their tables are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forms.definition.load import load
from forms.device_lists import DEVICE_LISTS
from forms.entry import FormEntry, Surroundings
from forms.instances.media import media_of
from forms.ledger_contract import LEDGER_KINDS
from forms.ledger_fields import ledger_record
from forms.publish.frozen import thaw, version_of
from schemas.errors import Code
from schemas.register_fields import PublishedForm
from sync.commands.forms import examine
from tests.forms.library.kit import captured, files
from tests.forms.library.sheets import workbook

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {name: (DOCS / name).read_text("utf-8") for name in ("writing-forms.md", "writing-forms.zh.md")}


def example(page: str = "writing-forms.md") -> str:
    found = re.search(r"<!-- example: village_waste\.md -->\n```markdown\n(.*?)```", PAGES[page], re.S)
    assert found is not None
    return found.group(1)


@pytest.fixture(params=["md", "xlsx"])
def published(request: pytest.FixtureRequest, tmp_path: Path) -> PublishedForm:
    path = tmp_path / f"village_waste.{request.param}"
    if request.param == "md":
        path.write_text(example(), "utf-8")
    else:
        workbook(path, "\n".join(line for line in example().splitlines() if line))
    prepared = examine(path)
    assert prepared.findings == ()
    assert prepared.form is not None
    return prepared.form


def test_the_example_does_what_the_page_says(published: PublishedForm) -> None:
    xml, _ = thaw(published)
    entry = FormEntry.begin(load(xml), Surroundings(media=media_of(files({"parcel": "P-1"}))))
    assert entry.value("/data/parcel") == "P-1"
    assert entry.label("/data/card").text == "图斑 P-1：8400.00 平方米"
    assert "没有这个图斑" in entry.answer("/data/parcel", "X-9").message
    assert "将来" in entry.answer("/data/seen_on", "2999-01-01").message
    assert "负数" in entry.answer("/data/bins", "-1").message
    assert entry.answer("/data/bins", "3").ok
    assert not entry.is_relevant("/data/dirty_m2")
    assert entry.answer("/data/clean", "no").ok and entry.is_relevant("/data/dirty_m2")
    assert "8400.00 平方米" in entry.answer("/data/dirty_m2", "9000").message
    assert entry.answer("/data/dirty_m2", "12").ok
    assert entry.answer("/data/photos[1]/photo", "1.jpg").ok
    record = ledger_record(entry, version_of(published), captured())
    assert record.about == ("P-1",)
    assert record.body.model_dump()["answers"]["dirty_m2"] in ("12", "12.0")
    assert record.body.model_dump()["form"]["hash"] == published.hash


def test_both_pages_show_the_same_example() -> None:
    assert example("writing-forms.zh.md") == example()


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_the_tables_name_every_field_and_list(page: str) -> None:
    for kind, fields in LEDGER_KINDS.items():
        (row,) = re.findall(rf"^\| `{kind}` \| (.*) \|$", page, re.M)
        written = [(name.strip("()`"), not name.startswith("(")) for name in row.split(", ")]
        assert written == [(each.name, each.needed) for each in fields], kind
    for each in DEVICE_LISTS.values():
        (columns,) = re.findall(rf"^\| `{re.escape(each.file)}` \| ([^|]*) \|", page, re.M)
        assert [name.strip("` ") for name in columns.split(",")] == list(each.columns), each.name


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_the_page_names_only_codes_that_exist(page: str) -> None:
    named = set(re.findall(r"`(form_[a-z_]+)`", page)) - {"form_id", "form_title"}
    assert named and named <= {code.value for code in Code}
