"""From the file to the tablet: published once, pulled by every tablet of the publisher's units, frozen for records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forms.definition.load import load
from forms.publish.frozen import thaw, version_of
from schemas.errors import Code, LedgerError
from schemas.register_fields import PublishedForm
from schemas.roles import Role
from sync.central.central import Caller, Central
from sync.central.publishing import publish
from sync.central.pull import pull
from sync.commands import forms as forms_command
from sync.commands.door import app
from sync.commands.forms import examine
from tests.central import kit
from tests.forms.library.kit import LIBRARY
from tests.forms.library.sheets import markdown

runner = CliRunner()


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    with kit.opened(tmp_path / "central") as made:
        yield made


def office(central: Central, name: str, role: Role, *scopes: str) -> Caller:
    return kit.desk(central, kit.account(central, name, role, *scopes))


def frozen(name: str) -> PublishedForm:
    prepared = examine(LIBRARY / f"{name}.md")
    assert prepared.form is not None
    return prepared.form


def pulled_forms(central: Central, caller: Caller) -> list[PublishedForm]:
    rows = pull(central, caller, 0, 500, 0).rows
    bodies = [row.entry["body"] for row in rows if row.entry.get("kind") == "register"]
    return [PublishedForm.model_validate(body["fields"]) for body in bodies if body["subtype"] == "form"]  # type: ignore[index,call-overload]


def test_every_tablet_of_the_units_pulls_it_and_can_begin_it(central: Central) -> None:
    district = office(central, "office", Role.DISTRICT, kit.LS, kit.HJ)
    form = frozen("facility")
    done = publish(central, district, form)
    assert set(done.new) == {kit.LS, kit.HJ} and done.known == ()
    for unit, count in ((kit.LS, 1), (kit.HJ, 1), (kit.QT, 0)):
        inspector = office(central, f"i-{unit.lower()}", Role.INSPECTOR, unit)
        found = pulled_forms(central, inspector)
        assert found == [form] * count
        for each in found:
            xml, files = thaw(each)
            assert load(xml).id == "facility" and list(files) == ["facility_items.csv"]
            assert version_of(each).version == "2026.11.1"


def test_publishing_the_same_twice_changes_nothing(central: Central) -> None:
    district = office(central, "office", Role.DISTRICT, kit.LS)
    publish(central, district, frozen("demolition"))
    before = pull(central, district, 0, 500, 0).checkpoint.size
    again = publish(central, district, frozen("demolition"))
    assert again.new == () and again.known == (kit.LS,)
    assert pull(central, district, 0, 500, 0).checkpoint.size == before


def test_a_unit_that_came_later_gets_its_own(central: Central) -> None:
    publish(central, office(central, "office", Role.DISTRICT, kit.LS), frozen("demolition"))
    done = publish(central, office(central, "other", Role.DISTRICT, kit.LS, kit.QT), frozen("demolition"))
    assert (done.new, done.known) == ((kit.QT,), (kit.LS,))


def test_other_content_needs_another_version_and_the_old_one_stays(central: Central) -> None:
    district = office(central, "office", Role.DISTRICT, kit.LS)
    old = frozen("demolition")
    publish(central, district, old)
    with pytest.raises(LedgerError) as caught:
        publish(central, district, old.model_copy(update={"hash": "0" * 64}))
    assert caught.value.code is Code.FORM_VERSION_TAKEN
    publish(central, district, old.model_copy(update={"version": "2026.12.1"}))
    assert [form.version for form in pulled_forms(central, district)] == ["2026.11.1", "2026.12.1"]


def test_an_inspector_may_not_publish(central: Central) -> None:
    with pytest.raises(LedgerError) as caught:
        publish(central, office(central, "inspector", Role.INSPECTOR, kit.LS), frozen("demolition"))
    assert caught.value.code is Code.ROLE_NOT_ALLOWED


# ---------------------------------------------------------------- the command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "central"
    assert runner.invoke(app, ["central", "init", "--data", str(folder), "--demo-units"]).exit_code == 0
    done = runner.invoke(app, ["central", "account", "office", "district", kit.LS, "--data", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


def run(*arguments: str) -> tuple[int, str]:
    done = runner.invoke(app, ["forms", "publish", *arguments])
    return done.exit_code, done.stdout


def test_the_command_publishes_once(data: Path) -> None:
    file = str(LIBRARY / "greenhouse.md")
    status, text = run(file, "--dry-run", "--json")
    assert status == 0 and json.loads(text)["published"] is None
    status, text = run(file, "--by", "office", "--json", "--data", str(data))
    first = json.loads(text)
    assert status == 0 and first["published"] == {"new": [kit.LS], "unchanged": []}
    assert first["form"]["ledger_kind"] == "site_check" and first["findings"] == []
    status, text = run(file, "--by", "office", "--json", "--data", str(data))
    assert status == 0 and json.loads(text)["published"] == {"new": [], "unchanged": [kit.LS]}
    status, text = run(file, "--by", "office", "--data", str(data))
    assert status == 0 and "没有变化" in text


def test_the_command_names_what_is_wrong_and_writes_nothing(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "form.md"
    file.write_text(markdown("calculate c calculation=frobnicate(1)"), "utf-8")
    status, text = run(str(file), "--by", "office", "--json", "--data", str(data))
    report = json.loads(text[: text.rindex("}") + 1])
    assert status == 1 and report["published"] is None and report["form"] is None
    assert [(each["code"], each["row"], each["blocks"]) for each in report["findings"]] == [
        ("form_function_unknown", 5, True)
    ]
    assert "frobnicate" in report["findings"][0]["zh"]
    status, text = run(str(file), "--by", "office", "--data", str(data))
    assert status == 1 and "frobnicate" in text


def test_the_command_needs_somebody_who_publishes() -> None:
    assert run(str(LIBRARY / "greenhouse.md"))[0] == 2


def test_lists_come_from_the_folder_that_is_named(tmp_path: Path) -> None:
    text = markdown("select_one_from_file~shops.csv s label=店")
    (tmp_path / "form.md").write_text(text, "utf-8")
    assert forms_command.examine(tmp_path / "form.md").form is None
    own = tmp_path / "form-media"
    own.mkdir()
    (own / "shops.csv").write_text("name,label\n1,甲\n", "utf-8")
    prepared = forms_command.examine(tmp_path / "form.md")
    assert prepared.form is not None and [each.name for each in prepared.form.media] == ["shops.csv"]
    assert forms_command.examine(tmp_path / "form.md", tmp_path).form is None
