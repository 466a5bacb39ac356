"""Where parcels lie: on each other, on those of the ledger, outside their unit, and what their baseline says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sync.central.central import Caller, Central
from sync.imports import overlaps
from sync.imports.outlines import outline_texts, outlines_of
from tests.imports.planning.kit import codes, imported, parcel, planned, square, write

_BOXES = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=25
)


@given(_BOXES, st.data())
def test_the_pairs_are_those_that_cutting_every_pair_finds(boxes: list[Any], data: st.DataObject) -> None:
    plane = np.array([shapely.box(x, y, x + w, y + h) for x, y, w, h in boxes], dtype=object)
    asked = np.array(data.draw(st.lists(st.booleans(), min_size=len(boxes), max_size=len(boxes))))
    found = {(min(a, b), max(a, b)): area for a, b, area in overlaps.within(plane, asked, 1.0).pairs()}
    expected = {
        (a, b): shapely.area(shapely.intersection(plane[a], plane[b]))
        for a in range(len(boxes)) for b in range(a + 1, len(boxes)) if asked[a] or asked[b]
    }  # fmt: skip
    assert found == pytest.approx({pair: area for pair, area in expected.items() if area > 1.0})


def test_outlines_survive_the_journey() -> None:
    holed = shapely.Polygon(shapely.box(116, 39, 117, 40).exterior, [shapely.box(116.2, 39.2, 116.4, 39.4).exterior])
    two = shapely.multipolygons([shapely.box(115, 39, 115.5, 39.5), holed])
    given_outlines = np.array([shapely.box(116.1, 39.9, 116.2, 40), None, holed, two], dtype=object)
    texts = outline_texts(given_outlines)
    assert texts[1] == "null" and len(json.loads(texts[3])["polygons"]) == 2
    back = outlines_of([text.encode() for text in texts])
    assert back[1] is None
    assert all(shapely.equals(back[n], given_outlines[n]) for n in (0, 2, 3))


def test_parcels_that_overlap_in_the_file_are_parked_and_named(central: Central, who: Caller, tmp_path: Path) -> None:
    rows = [parcel("A"), parcel("B", east=0.99), parcel("C", east=2), parcel("D", east=2.9999)]
    plan = planned(central, who, write(tmp_path, rows), park=True)
    assert plan.parked == (2, 3)  # C and D share less than 1 m²
    assert {fault.details["other"] for fault in plan.faults} == {"A", "B"}


def test_parcels_of_other_times_may_lie_on_one_place(central: Central, who: Caller, tmp_path: Path) -> None:
    rows = [parcel("OLD", 失效日期="2020-01-01"), parcel("NEW", 生效日期="2020-01-01")]
    assert not planned(central, who, write(tmp_path, rows)).faults
    rows[0]["失效日期"] = "2020-01-02"
    assert planned(central, who, write(tmp_path, rows)).parked == (2, 3)


def test_parcels_that_lie_on_the_ledgers_are_parked(central: Central, who: Caller, tmp_path: Path) -> None:
    imported(central, who, write(tmp_path, [parcel("A"), parcel("Z", east=8)]))
    plan = planned(central, who, write(tmp_path, [parcel("B", east=0.5), parcel("C", east=4)]), park=True)
    assert {(code, row) for code, row, _ in codes(plan)} == {("import_overlap", 2)} and plan.new == 1
    moved = planned(central, who, write(tmp_path, [parcel("A", east=3), parcel("B")]))
    assert not moved.faults  # A makes room in the same file


def test_a_file_in_gcj02_is_told_by_the_parcels_that_are_known(central: Central, who: Caller, tmp_path: Path) -> None:
    from schemas.gcj02 import Datum, converted
    from schemas.geometry import Point

    def shifted(outline: shapely.Geometry) -> shapely.Geometry:
        def move(pairs: Any) -> Any:
            moved = [converted(Point.from_degrees(x, y), Datum.CGCS2000, Datum.GCJ02) for x, y in pairs]
            return np.array([(point.lon_deg, point.lat_deg) for point in moved])

        return shapely.transform(outline, move)

    imported(central, who, write(tmp_path, [parcel("A", wkt=square(0, 0, 2))]))
    wrong = shifted(shapely.from_wkt(square(0, 0, 2)))
    plan = planned(central, who, write(tmp_path, [parcel("A", wkt=wrong.wkt)]))
    assert {code for code, _, _ in codes(plan)} == {"import_gcj02_suspect"}


def test_a_parcel_outside_its_unit_is_parked_where_there_is_a_boundary(
    central: Central, who: Caller, tmp_path: Path
) -> None:
    rows = [parcel("IN"), parcel("OUT", east=6), parcel("FREE", east=9, 实施单元="DEMO-HJ")]
    assert not planned(central, who, write(tmp_path, rows)).faults  # no boundaries: nothing to hold it against
    unit = {
        "实施单元": "DEMO-LS", "名称": "柳树乡", "类型": "乡", "所在区": "11019X", "生效日期": "2016-01-01",
        "wkt": square(-1, -1, 4),
    }  # fmt: skip
    imported(central, who, write(tmp_path, [unit], "unit.csv"), "unit")
    assert {(code, row) for code, row, _ in codes(planned(central, who, write(tmp_path, rows)))} == {
        ("import_unit_boundary", 3)
    }


def part(number: str = "A", wkt: str = "", **changed: object) -> dict[str, object]:
    """A row of the baseline's file."""
    row = {"台账编号": number, "编码体系": "三调", "基期地类": "0601", "初始状态": "", "初始地类": "", "wkt": wkt}
    return row | changed


def bare(number: str = "A", east: float = 0) -> dict[str, object]:
    """A parcel whose class stands in another file."""
    return {key: value for key, value in parcel(number, east).items() if key not in ("编码体系", "基期地类")}


def test_a_second_file_gives_the_parts_of_the_baseline(central: Central, who: Caller, tmp_path: Path) -> None:
    parts = [
        part(wkt=square(0, 0, 0.5)), part(wkt=square(0.5, 0.5, 0.5), 基期地类="0301"),
        part("B", 初始状态="已还绿", 初始地类="0301"),
    ]  # fmt: skip
    second = write(tmp_path, parts, "parts.csv")
    plan = planned(central, who, write(tmp_path, [bare(), bare("B", 5)]), baseline=second)
    assert not plan.faults and not plan.baseline_faults
    first, other = (json.loads(body)["baseline"] for body in plan.drafts.bodies)
    assert [one["class_code"] for one in first] == ["0601", "0301"] and first[0]["geometry"]["type"] == "Polygon"
    assert (other[0]["geometry"], other[0]["initial_state"], other[0]["initial_class"]) == (None, "restored", "0301")


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([part(wkt=square(0.6, 0, 0.5))], "import_baseline_outside"),
        ([part(wkt=square(0, 0, 0.5)), part(wkt=square(0.4, 0, 0.5))], "import_baseline_outside"),
        ([part(), part(wkt=square(0, 0, 0.5))], "import_baseline_outside"),
        ([part("B")], "import_baseline_missing"),
    ],
)
def test_a_baseline_that_does_not_fit_parks_its_parcel(
    central: Central, who: Caller, tmp_path: Path, parts: list[dict[str, object]], code: str
) -> None:
    second = write(tmp_path, [*parts, *([] if parts[0]["台账编号"] == "B" else [part("B")])], "parts.csv")
    plan = planned(central, who, write(tmp_path, [bare(), bare("B", 5)]), baseline=second, park=True)
    assert {(fault, row) for fault, row, _ in codes(plan)} == {(code, 2)} and plan.new == 1


def test_a_fault_in_a_part_parks_its_parcel(central: Central, who: Caller, tmp_path: Path) -> None:
    second = write(tmp_path, [part(基期地类="9999"), part("B", 初始状态="已拆除"), part("X")], "parts.csv")
    plan = planned(central, who, write(tmp_path, [bare(), bare("B", 5)]), baseline=second, park=True)
    assert plan.parked == (2, 3) and plan.new == 0
    assert [(fault.code.value, fault.row) for fault in plan.baseline_faults] == [
        ("code_unknown", 2), ("value_invalid", 3), ("import_parcel_unknown", 4),
    ]  # fmt: skip


def test_an_outline_that_no_entry_holds_is_parked(central: Central, who: Caller, tmp_path: Path) -> None:
    turn = np.linspace(0, 2 * np.pi, 10_001)[:-1]
    many = shapely.polygons(np.column_stack((116.5 + 0.01 * np.cos(turn), 39.95 + 0.01 * np.sin(turn))))
    plan = planned(central, who, write(tmp_path, [parcel(), parcel("BIG", wkt=many.wkt)]), park=True)
    assert codes(plan) == {("body_too_large", 3, None)} and plan.new == 1
