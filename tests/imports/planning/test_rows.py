"""Rows of every kind become bodies; what a row has wrong is named by code, row and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.bodies import check_body
from schemas.errors import Code, LedgerError
from schemas.roles import Role
from sync.central.central import Caller, Central
from sync.imports.fields import FORMS
from tests.central.kit import account, desk
from tests.imports.planning.kit import codes, imported, parcel, planned, square, write

_REGISTER = {"实施单元": "柳树乡（虚构）", "编号": "R-1", "日期": "2026-01-01"}
_CLASS = {"编码体系": "三调", "地类编码": "0301"}
ROWS: dict[str, dict[str, Any]] = {
    "parcel": parcel(),
    "project": {
        "实施单元": "DEMO-LS", "项目编号": "PR-1", "名称": "一期", "图斑编号": "LS-1", "完成期限": "2026/12/31",
    },
    "target": {"实施单元": "DEMO-LS", "指标": "净减量", "年度": 2026, "面积(公顷)": "-1.5", "上级单元": "11019X"},
    "unit": {
        "实施单元": "DEMO-LS", "名称": "柳树乡", "类型": "乡", "绿隔": "一绿", "所在区": "11019X",
        "别名": "柳树地区、柳树", "生效日期": "2016-01-01", "wkt": square(-5, -5, 30),
    },
    "survey_result": {"实施单元": "DEMO-LS", "台账编号": "LS-1", "年度": 2025, "面积": 9000, **_CLASS},
    "new_build_quota": {
        "实施单元": "DEMO-LS", "指标编号": "Q-1", "步骤": 1, "用地面积": 100, "已用面积": 0, "挂钩图斑": "LS-1",
        "挂钩拆除面积": "5000",
    },
    "green_target": {"实施单元": "DEMO-LS", "编号": "G-1", "规划地类": "0301", "制约因素": "未拆迁", "wkt": square()},
    "structure": {
        **_REGISTER, "类别": "仓库", "存量新增": "存量", "拆除类型": "拆违", "案件状态": "立案", "建筑面积": 120.5,
        "发现日期": "2020年3月4日", "台账编号": "LS-1",
    },
    "facility": {**_REGISTER, "设施类别": "医疗卫生", "设施状态": "正常使用", "村编号": "V-1"},
    "park": {**_REGISTER, "名称": "东郊公园", "面积(亩)": 3, "具备再生水条件": "是", "已用再生水": "否"},
    "village": {**_REGISTER, "名称": "柳树村", "服务": "医疗卫生（流动）、文化"},
    "milestone": {**_REGISTER, "节点": "腾退完成", "计划日期": "2026-06-30", "阶段": "三年行动"},
    "overlay": {**_REGISTER, "图层类型": "永久基本农田", "wkt": square()},
    "transfer": {
        **_REGISTER, "转出单元": "DEMO-LS", "转入单元": "DEMO-HJ", "指标": "净减量", "年度": 2026, "面积": 100,
        "文号": "京规〔2026〕1号",
    },
    "green_taken": {**_REGISTER, "占用面积": 20, **_CLASS},
    "exclusion": {**_REGISTER, "台账编号": "LS-1", "原因": "军事用地"},
    "satisfaction": {**_REGISTER, "得分": "87.5", "调查名称": "2026 年上半年", "年度": 2026},
    "reuse": {
        **_REGISTER, "台账编号": "LS-1", "编码体系": "三调", "再利用地类": "0809", "许可文号": "建字 1",
        "再利用类型": "公共空间", "wkt": square(0, 0, 0.5),
    },
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "parcel": {"planned_land_area_e2": None, "baseline": [{
        "class_system": "third_land_survey", "class_code": "0601", "geometry": None, "initial_state": None,
        "initial_class": None, "as_of": None, "document": None,
    }]},
    "project": {"parcels": ["LS-1"], "deadline": "2026-12-31"},
    "target": {"measure": "net_reduction", "value_e2": -1_500_000, "parent_unit": "11019X"},
    "unit": {"belt": "G1", "aliases": ["柳树地区", "柳树"], "managing_body": None},
    "survey_result": {"areas": [{"class_system": "third_land_survey", "class_code": "0301", "area_e2": 900_000}]},
    "new_build_quota": {"condition_demolished_e2": 500_000, "demolition_parcels": ["LS-1"], "geometry": None},
    "green_target": {"planned_class": "0301", "blocker": "未拆迁"},
    "structure": {"floor_area_e2": 12_050, "first_seen_on": "2020-03-04", "programme": "illegal_construction"},
    "facility": {"facility_class": "HEALTH", "condition": "IN_SERVICE"},
    "park": {"area_e2": 200_000, "reclaimed_eligible": True, "reclaimed_in_use": False},
    "village": {"services": [
        {"facility_class": "HEALTH", "visiting": True}, {"facility_class": "CULTURE", "visiting": False},
    ]},
    "milestone": {"due_on": "2026-06-30", "done_on": None},
    "overlay": {"overlay": "permanent_farmland"},
    "transfer": {"from_unit": "DEMO-LS", "to_unit": "DEMO-HJ", "area_e2": 10_000},
    "green_taken": {"area_e2": 2_000, "class_code": "0301"},
    "exclusion": {"reason": "军事用地"},
    "satisfaction": {"score_e2": 8750},
    "reuse": {"class_code": "0809", "reuse_kind": "PUBLIC_SPACE"},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(FORMS))
def test_a_row_of_each_kind_becomes_its_body(central: Central, who: Caller, tmp_path: Path, kind: str) -> None:
    if kind != "parcel":
        imported(central, who, write(tmp_path, [parcel()], "parcels.csv"))
    plan = planned(central, who, write(tmp_path, [ROWS[kind]]), kind)
    assert not plan.faults
    body = json.loads(plan.drafts.bodies[0])
    check_body(FORMS[kind].kind, 1, body)
    said = body.get("fields", body)
    assert {name: said[name] for name in BODIES[kind]} == BODIES[kind]
    assert plan.drafts.units == ["DEMO-LS"]


@pytest.mark.parametrize(
    ("changed", "code", "column"),
    [
        ({"实施单元": "无此乡"}, "unit_unknown", "实施单元"),
        ({"实施单元": "CY-LGY"}, "unit_foreign", "实施单元"),
        ({"实施单元": ""}, "import_value_missing", "实施单元"),
        ({"台账编号": "a/b"}, "value_invalid", "台账编号"),
        ({"基期地类": "9999"}, "code_unknown", "基期地类"),
        ({"基期地类": "601"}, "code_unknown", "基期地类"),
        ({"编码体系": ""}, "import_class_system_missing", "基期地类"),
        ({"编码体系": "2023指南"}, "code_unknown", "基期地类"),
        ({"规划地类": "0399"}, "code_unknown", "规划地类"),
        ({"计划面积": "-5"}, "value_invalid", "计划面积"),
        ({"计划面积": "3亩"}, "value_invalid", "计划面积"),
        ({"计划面积": "nan"}, "value_invalid", "计划面积"),
        ({"基期日期": "2017-02-30"}, "value_invalid", "基期日期"),
        ({"基期日期": "2099-01-01"}, "import_dates_disordered", "基期日期"),
        ({"失效日期": "2017-01-01"}, "import_dates_disordered", "失效日期"),
        ({"面积": "14.242"}, "import_area_slip", "面积"),
        ({"面积": "0.9495"}, "import_area_slip", "面积"),
        ({"计划面积": "142429"}, "import_area_slip", "计划面积"),
    ],
)  # fmt: skip
def test_what_a_parcel_has_wrong_is_named(
    central: Central, who: Caller, tmp_path: Path, changed: dict[str, object], code: str, column: str
) -> None:
    plan = planned(central, who, write(tmp_path, [parcel("LS-0", east=5), parcel(**{**parcel(), **changed})]))
    assert codes(plan) == {(code, 3, column)}
    assert plan.blocked and plan.parked == (3,)
    assert [json.loads(key) for key in plan.drafts.keys] == ["LS-0"]
    with pytest.raises(LedgerError) as caught:
        plan.refuse()
    assert caught.value.code is Code.IMPORT_FAULTS


def test_an_area_that_is_merely_different_is_no_slip(central: Central, who: Caller, tmp_path: Path) -> None:
    assert not planned(central, who, write(tmp_path, [parcel(面积="8000", 计划面积="4000")])).faults


def test_an_area_in_mu_is_read_by_its_heading(central: Central, who: Caller, tmp_path: Path) -> None:
    row = {key: value for key, value in parcel().items() if key != "计划面积"} | {"计划面积（亩）": "5.7"}
    plan = planned(central, who, write(tmp_path, [row]))
    assert json.loads(plan.drafts.bodies[0])["planned_land_area_e2"] == 380_000


def test_doubled_ids_are_all_named(central: Central, who: Caller, tmp_path: Path) -> None:
    plan = planned(central, who, write(tmp_path, [parcel(), parcel(east=3), parcel("LS-2", east=6)]))
    assert codes(plan) == {("import_id_doubled", 2, "台账编号"), ("import_id_doubled", 3, "台账编号")}
    assert plan.new == 1


def test_headings_that_are_missing_or_doubled_stop_the_file(central: Central, who: Caller, tmp_path: Path) -> None:
    row = {key: value for key, value in parcel().items() if key != "生效日期"} | {"图斑编号": "LS-1", "业主": "某人"}
    plan = planned(central, who, write(tmp_path, [row]), park=True)
    assert {(fault.code, tuple(fault.details["columns"])) for fault in plan.faults} == {  # type: ignore[arg-type]
        (Code.IMPORT_COLUMN_MISSING, ("生效日期",)), (Code.IMPORT_COLUMN_DOUBLED, ("台账编号", "图斑编号")),
    }  # fmt: skip
    assert plan.blocked  # --park sets rows aside, never headings
    assert [fault.details["columns"] for fault in plan.warnings if fault.code is Code.IMPORT_COLUMN_UNREAD]


def test_a_mapping_names_columns_units_and_words(central: Central, who: Caller, tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'edition = "cy-1"\nkind = "parcel"\ndate_form = "%d.%m.%Y"\n'
        'columns = { ledger_no = "BH", unit = "DW", baseline_on = "JQ", class_code = "DL", valid_from = "SX",'
        ' planned_land_area_e2 = "JH" }\n'
        'constants = { class_system = "third_land_survey" }\narea_units = { planned_land_area_e2 = "mu" }\n'
        'values = { unit = { "柳树" = "DEMO-LS" } }\n',
        "utf-8",
    )
    row = {"BH": "LS-1", "DW": "柳树", "JQ": "31.12.2017", "DL": "0601", "SX": "01.01.2018", "JH": 3, "wkt": square()}
    plan = planned(central, who, write(tmp_path, [row]), mapping=mapping)
    body = json.loads(plan.drafts.bodies[0])
    assert (body["planned_land_area_e2"], body["baseline_on"]) == (200_000, "2017-12-31")
    assert (plan.mapping_edition, plan.drafts.units) == ("cy-1", ["DEMO-LS"])


@pytest.mark.parametrize(
    "said",
    ['{"kind":"parcel"}', '{"edition":"x","kind":"park"}', '{"edition":"x","columns":{"owner":"业主"}}', "{", "[]",
     '{"edition":"x","columns":{"name":"A","unit":"A"}}', '{"edition":"x","colums":{}}'],
)  # fmt: skip
def test_a_mapping_that_says_nonsense_is_refused(central: Central, who: Caller, tmp_path: Path, said: str) -> None:
    (tmp_path / "m.json").write_text(said)
    with pytest.raises(LedgerError) as caught:
        planned(central, who, write(tmp_path, [parcel()]), mapping=tmp_path / "m.json")
    assert caught.value.code is Code.IMPORT_MAPPING_INVALID


def test_a_column_that_the_mapping_names_must_be_there(central: Central, who: Caller, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"edition":"x","columns":{"name":"XM"}}')
    plan = planned(central, who, write(tmp_path, [parcel()]), mapping=tmp_path / "m.json")
    assert codes(plan) == {("import_column_unknown", None, "XM")}


def test_rows_of_a_survey_make_one_result_and_stand_or_fall_together(
    central: Central, who: Caller, tmp_path: Path
) -> None:
    imported(central, who, write(tmp_path, [parcel(), parcel("LS-2", east=3)], "parcels.csv"))
    rows = [ROWS["survey_result"] | {"地类编码": code, "面积": area, "台账编号": number} for code, area, number in
            [("0301", 5, "LS-1"), ("0601", 7, "LS-1"), ("0301", 5, "LS-2"), ("9999", 7, "LS-2"), ("0301", 1, "LS-3")]]
    plan = planned(central, who, write(tmp_path, rows), "survey_result", park=True)
    assert plan.new == 1 and plan.parked == (4, 5, 6)
    assert [area["area_e2"] for area in json.loads(plan.drafts.bodies[0])["areas"]] == [500, 700]
    assert ("import_parcel_unknown", 6, "台账编号") in codes(plan)


def test_demolished_land_is_linked_once(central: Central, who: Caller, tmp_path: Path) -> None:
    imported(central, who, write(tmp_path, [parcel(), parcel("LS-2", east=3)], "parcels.csv"))
    first = ROWS["new_build_quota"]
    in_file = planned(central, who, write(tmp_path, [first, first | {"指标编号": "Q-2"}]), "new_build_quota")
    assert {code for code, _, _ in codes(in_file)} == {"import_linked_twice"} and in_file.parked == (2, 3)
    imported(central, who, write(tmp_path, [first]), "new_build_quota")
    later = planned(central, who, write(tmp_path, [first | {"指标编号": "Q-2"}]), "new_build_quota")
    assert codes(later) == {("import_linked_twice", 2, "挂钩图斑")}
    moved = [first | {"挂钩图斑": "LS-2"}, first | {"指标编号": "Q-2"}]
    assert not planned(central, who, write(tmp_path, moved), "new_build_quota").faults


def test_only_district_and_city_import(central: Central, tmp_path: Path) -> None:
    for role in (Role.INSPECTOR, Role.SUPERVISOR, Role.THIRD_PARTY):
        caller = desk(central, account(central, f"a-{role.value}", role, "DEMO-LS"))
        with pytest.raises(LedgerError) as caught:
            planned(central, caller, write(tmp_path, [parcel()]))
        assert caught.value.code is Code.ROLE_NOT_ALLOWED


def test_an_id_of_another_district_is_not_taken_over(central: Central, who: Caller, tmp_path: Path) -> None:
    imported(central, who, write(tmp_path, [parcel()]))
    other = desk(central, account(central, "other", Role.DISTRICT, "DEMO-HJ"))
    plan = planned(central, other, write(tmp_path, [parcel(east=4, 实施单元="DEMO-HJ")]))
    assert {code for code, _, _ in codes(plan)} == {"import_id_taken"}
