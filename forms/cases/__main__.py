"""`python -m forms.cases DIR [--json]`: replay DIR/cases on DIR/forms and say what is equal."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from forms.cases.replay import Result, replay
from forms.definition import FormDefinition, load
from forms.instances.media import Media, media_of
from forms.instances.store import InstanceStore
from schemas.errors import LedgerError

CATEGORIES = ("asked", "verdicts", "relevance", "required", "enabled", "choices", "values", "repeats", "validate")


def run(folder: Path) -> list[Result]:
    """The results of all cases of a folder, in the order of their names."""
    forms: dict[str, tuple[FormDefinition | None, Media, str]] = {}
    results: list[Result] = []
    for path in sorted((folder / "cases").glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        name = case["form"]
        if name not in forms:
            forms[name] = _load(folder / "forms" / name)
        definition, media, why = forms[name]
        if definition is None:
            result = Result(name, case["seed"])
            result.differ("load", why)
        else:
            result = _replay(definition, media, case)
        results.append(result)
    return results


def summary(results: list[Result]) -> dict[str, Any]:
    """The totals and one line a form, as the JSON output gives them."""
    compared: Counter[str] = Counter()
    unequal: Counter[str] = Counter()
    forms: dict[str, dict[str, Any]] = {}
    for result in results:
        compared.update(result.compared)
        unequal.update(result.unequal)
        blank = {"form": result.form, "cases": 0, "unequal_cases": 0, "first_difference": ""}
        line = forms.setdefault(result.form, blank)
        line["cases"] += 1
        line["unequal_cases"] += not result.equal
        line["first_difference"] = line["first_difference"] or result.first
    total: dict[str, int] = {"cases": len(results), "unequal_cases": sum(not result.equal for result in results)}
    for category in CATEGORIES:
        total[category] = compared[category]
        total[f"{category}_unequal"] = unequal[category]
    total["not_loaded"] = unequal["load"]
    total["failed"] = unequal["failed"]
    return {"total": total, "forms": list(forms.values())}


def main() -> int:
    """Replay and print."""
    parser = argparse.ArgumentParser(prog="python -m forms.cases", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = summary(run(arguments.folder))
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    total = found["total"]
    print(f"{total['cases'] - total['unequal_cases']} of {total['cases']} cases equal")
    for category in CATEGORIES:
        print(f"  {category}: {total[category]} compared, {total[f'{category}_unequal']} unequal")
    for line in found["forms"]:
        if line["unequal_cases"]:
            print(f"{line['form']}: {line['unequal_cases']} of {line['cases']} unequal; {line['first_difference']}")
    return 0


def _load(path: Path) -> tuple[FormDefinition | None, Media, str]:
    beside = path.with_name(path.stem + "-media")
    files = {each.name: each.read_bytes() for each in sorted(beside.glob("*"))} if beside.is_dir() else {}
    try:
        return load(path.read_bytes()), media_of(files, InstanceStore()), ""
    except (LedgerError, OSError) as error:
        return None, media_of({}), f"does not load: {error}"


def _replay(definition: FormDefinition, media: Media, case: dict[str, Any]) -> Result:
    try:
        return replay(definition, media, case)
    except Exception as error:  # a crash of the engine is a difference like any other, and must not hide the rest
        result = Result(case["form"], case["seed"])
        result.differ("failed", f"{type(error).__name__}: {error}")
        return result


if __name__ == "__main__":
    sys.exit(main())
