"""The recorded land scenarios (tests/cases/land): figures to 0.02 m², discrepancies raised and not raised.

A case in plane metres is also placed in Beijing, in EPSG:4527 and 4490, and must give nearly the same on the ellipsoid.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyproj import Transformer

from sync.ledger.scenario import figures_json, read_scenario, scenario_findings

CASES = sorted((Path(__file__).parent.parent / "cases" / "land").glob("*.json"))
TOLERANCE_M2 = 0.02
EAST_M, NORTH_M = 39_450_000.0, 4_420_000.0
"""South-west corner of a placed case in EPSG:4527: 116.4 E, 39.9 N."""


def answers(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    scenario = read_scenario(path)
    return figures_json(scenario), scenario_findings(scenario)


def raised(found: list[dict[str, Any]], code: str, records: list[str]) -> bool:
    return any(one["code"] == code and set(records) <= set(one["records"]) for one in found)


def same(got: Any, expected: Any, where: str, tolerance: float, ratio: float = 0.0) -> None:
    if isinstance(expected, dict):
        assert got.keys() == expected.keys() or where.endswith("by_class_m2"), where
        for key in expected.keys() | got.keys():
            same(got.get(key, 0), expected.get(key, 0), f"{where}.{key}", tolerance, ratio)
    else:
        assert abs(got - expected) <= max(tolerance, ratio * abs(expected)), (where, got, expected)


def check_discrepancies(case: dict[str, Any], found: list[dict[str, Any]]) -> None:
    for one in case.get("expected_discrepancies") or []:
        assert raised(found, one["code"], one["records"]), (one, found)
    for code in case.get("forbidden_discrepancies") or []:
        assert not [one for one in found if one["code"] == code], (code, found)


def test_all_cases_are_here() -> None:
    assert len(CASES) == 51


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_recorded_answers(path: Path) -> None:
    case = json.loads(path.read_text())
    figures, found = answers(path)
    for parcel, expected in case["expected"].items():
        same(figures[parcel], expected, parcel, TOLERANCE_M2)
    check_discrepancies(case, found)


def placed(case: dict[str, Any], crs: int) -> dict[str, Any]:
    """The case moved from plane metres to a corner of EPSG:4527 and written in `crs`."""
    onto = Transformer.from_crs(4527, crs, always_xy=True)

    def moved(geometry: dict[str, Any]) -> dict[str, Any]:
        def walk(node: Any) -> Any:
            if isinstance(node[0], int | float):
                x, y = EAST_M + node[0], NORTH_M + node[1]
                return [x, y] if crs == 4527 else list(onto.transform(x, y))
            return [walk(child) for child in node]

        return {**geometry, "coordinates": walk(geometry["coordinates"])}

    def row(one: dict[str, Any]) -> dict[str, Any]:
        made = {**one, "geometry": moved(one["geometry"])}
        if "baseline" in one:
            made["baseline"] = [{**part, "geometry": moved(part["geometry"])} for part in one["baseline"]]
        return made

    return {
        **case,
        "crs": crs,
        "parcels": [row(p) for p in case["parcels"]],
        "records": [row(r) for r in case["records"]],
    }


@pytest.mark.parametrize("crs", [4527, 4490])
@pytest.mark.parametrize("path", CASES[:26], ids=lambda path: path.stem)
def test_placed_on_the_ellipsoid(path: Path, crs: int, tmp_path: Path) -> None:
    case = json.loads(path.read_text())
    there = tmp_path / "case.json"
    there.write_text(json.dumps(placed(case, crs)))
    figures, found = answers(there)
    # Plane areas of the zone are some 40 to 300 ppm off the ellipsoid's; claims stay as entered.
    for parcel, expected in case["expected"].items():
        same(figures[parcel], expected, parcel, TOLERANCE_M2, 4e-4)
    check_discrepancies(case, found)


def test_order_of_records_means_nothing(tmp_path: Path) -> None:
    for path in CASES:
        case = json.loads(path.read_text())
        there = tmp_path / path.name
        there.write_text(json.dumps({**case, "records": case["records"][::-1], "parcels": case["parcels"][::-1]}))
        assert answers(there)[1] == answers(path)[1]
