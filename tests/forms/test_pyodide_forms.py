"""The engine in Debian's chromium: every module imports, and a recorded case comes out as it does here."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e.browser import chromium, driver, field_folder, open_page, run
from tests.e2e.static_server import static_server

__all__ = ["driver", "field_folder"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CASES = Path(__file__).with_name("cases")
NAMES = ("own__parcel_visit", "enketo__calcs_in_repeats", "collect__external_select_csv", "pyxform__xlsform_spec_test")
REPLAY = """
import importlib, json, pkgutil
import forms
found = [m.name for m in pkgutil.walk_packages(forms.__path__, "forms.") if not m.name.endswith("__main__")]
for name in found:
    importlib.import_module(name)

from forms.cases.replay import replay
from forms.definition import load
from forms.instances.media import media_of

def outcome(form, media, case):
    result = replay(load(form), media_of({name: text.encode() for name, text in media.items()}), json.loads(case))
    return [sum(result.compared.values()), result.first]
len(found)
"""


def test_recorded_cases_come_out_alike_in_a_browser(driver: Playwright, field_folder: Path, tmp_path: Path) -> None:
    with static_server(field_folder) as server, chromium(driver, tmp_path / "profile") as context:
        page = open_page(context, server.address)
        assert run(page, REPLAY) > 50
        for name in NAMES:
            form = (CASES / "forms" / f"{name}.xml").read_text("utf-8")
            case = (CASES / "cases" / f"{name}.1.json").read_text("utf-8")
            media = {path.name: path.read_text("utf-8") for path in (CASES / "forms" / f"{name}-media").glob("*")}
            compared, first = run(page, f"outcome({form!r}, {media!r}, {case!r})")
            assert first == "" and compared > 5
