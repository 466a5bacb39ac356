"""The recorded walks: every case that the project carries comes out as JavaRosa's; so do those beside it, if there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from forms.cases.__main__ import run, summary
from forms.cases.expressions import differences
from forms.cases.replay import Result, compare_leaves
from forms.entry import Leaf

CASES = Path(__file__).with_name("cases")
README = Path(__file__).parents[2] / "forms" / "README.md"
SHARED = Path(__file__).parents[3] / "shared" / "cases" / "xforms"


def test_the_cases_of_the_project_are_equal() -> None:
    results = run(CASES)
    assert len(results) == 50
    assert [result.first for result in results if not result.equal] == []
    assert sum(result.compared["values"] for result in results) > 2_500


@pytest.mark.soak
@pytest.mark.skipif(not SHARED.is_dir(), reason="the cases beside the project are not there")
def test_all_cases_are_equal_but_those_that_the_readme_names() -> None:
    found = summary(run(SHARED))
    unequal = [line["form"] for line in found["forms"] if line["unequal_cases"]]
    assert unequal == ["web-forms__all-question-types-v2024091201-3.xml"]
    assert found["total"]["cases"] == 167 and found["total"]["unequal_cases"] == 3
    assert unequal[0].removesuffix(".xml") in README.read_text("utf-8")


def test_expressions_differ_only_where_the_readme_says_so() -> None:
    cases = json.loads((CASES / "xpath.json").read_text("utf-8"))
    wrong = differences(cases)
    assert len(cases) == 921 and len(cases) - len(wrong) >= 905
    explained = README.read_text("utf-8")
    assert [each.expression for each in wrong if f"`{each.expression}`" not in explained] == []


def test_the_command_prints_totals_and_a_line_a_form() -> None:
    command = [sys.executable, "-m", "forms.cases", str(CASES), "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert found["total"]["cases"] == 50 and found["total"]["unequal_cases"] == 0
    assert {"asked", "asked_unequal", "verdicts", "relevance", "choices", "values"} <= set(found["total"])
    assert {"form", "first_difference"} <= set(found["forms"][0])


def test_a_difference_is_found_and_described() -> None:
    result = Result("f.xml", 1)
    expected = [{"ref": "/data[1]/a[1]", "value": "1", "relevant": True, "required": False, "enabled": True}]
    found = [Leaf("/data[1]/a[1]", "2", True, False, True), Leaf("/data[1]/b[1]", "", True, False, True)]
    compare_leaves(result, "final", expected, found, frozenset())
    assert result.unequal == {"values": 2}
    assert result.first == "values final /data[1]/a[1]: expected '1', found '2'"


def test_a_form_that_does_not_load_counts_as_unequal(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "broken.xml").write_text("<a>")
    case = {"form": "broken.xml", "seed": 1, "date": "2026-11-22", "tz": "Etc/UTC"}
    (tmp_path / "cases" / "broken.1.json").write_text(json.dumps(case))
    assert summary(run(tmp_path))["total"]["unequal_cases"] == 1
