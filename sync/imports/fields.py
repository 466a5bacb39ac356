"""What each kind of import reads: its fields, the Chinese headings that a plain file uses, and how a cell is read.

`FORMS` is the catalogue. A field's JSON value goes into the body under `name`; fields whose name begins with `@` do
not: they say whose row it is (`@unit`), which parcels it is about (`@parcels`), what an area must agree with (`@area`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from schemas.body_fields import LandClassCode, Short, Text, Year
from schemas.codes import (
    Belt,
    CaseState,
    CodeSystem,
    FacilityClass,
    FacilityCondition,
    LandState,
    Measure,
    OverlayKind,
    Programme,
    ReuseKind,
    StockKind,
    TransferMeasure,
    UnitKind,
)
from schemas.entries import Kind
from schemas.ids import Subject, UnitId
from schemas.measures import AreaUnit
from sync.imports import cells, words
from sync.imports.sheet import Cell

UNIT, PARCELS, STATED_AREA = "@unit", "@parcels", "@area"
Outline = Literal["required", "optional"]
Parse = Callable[[Cell], Any]


@dataclass(frozen=True, slots=True)
class ReadWith:
    """What a mapping may say about a field: the unit of its numbers and the form of its dates."""

    area_unit: AreaUnit | None
    date_form: str | None


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where its value goes, how its column may be headed, how a cell is read, whether it may be empty."""

    name: str
    headings: tuple[str, ...]
    make: Callable[[ReadWith], Parse]
    required: bool = False
    empty: str = cells.NULL
    """JSON text of an empty cell or an absent column."""
    is_area: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """What one kind of import reads. `key` names the fields that make a row one thing; `subtype` is the register's."""

    name: str
    kind: Kind
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    outline: Outline | None
    subtype: str | None = None
    about: tuple[str, ...] = ()
    """Fields whose subjects stand in the entry's `about`."""
    dates: tuple[tuple[str, str], ...] = ()
    """Pairs of fields of which the first must not lie after the second."""
    past: tuple[str, ...] = ()
    """Dates that cannot lie in the future."""
    measured: tuple[str, ...] = ()
    """Areas that an outline can be held against (D29)."""

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of all fields."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """The field of this name."""
        return next(field for field in self.fields if field.name == name)


def _text(name: str, *headings: str, of: Any = Short, required: bool = False) -> Field:
    return Field(name, headings, lambda _: cells.text(of), required)


def _subject(name: str, *headings: str, required: bool = False) -> Field:
    return _text(name, *headings, of=Subject, required=required)


def _number(name: str, *headings: str, of: Any = Year, required: bool = True) -> Field:
    return Field(name, headings, lambda _: cells.number(of), required)


def _day(name: str, *headings: str, required: bool = False) -> Field:
    return Field(name, headings, lambda given: cells.day(given.date_form), required)


def _area(name: str, *headings: str, required: bool = False, signed: bool = False) -> Field:
    return Field(name, headings, lambda given: cells.area(given.area_unit, signed=signed), required, is_area=True)


def _word(name: str, choices: type[StrEnum], *headings: str, required: bool = False) -> Field:
    return Field(name, headings, lambda _: cells.word(choices, words.CHINESE.get(choices, {})), required)


def _flag(name: str, *headings: str) -> Field:
    return Field(name, headings, lambda _: cells.flag, required=True)


def _list(name: str, *headings: str, of: Any = Subject, required: bool = False) -> Field:
    one = cells.text(of)
    return Field(name, headings, lambda _: cells.several(one), required, empty="[]")


def _class(name: str, *headings: str, required: bool = False) -> Field:
    return _text(name, *headings, of=LandClassCode, required=required)


def _system(name: str = "class_system") -> Field:
    return _word(name, CodeSystem, "地类编码体系", "编码体系", "分类标准")


_UNIT = _text(UNIT, "实施单元", "单元编号", "单元", "乡镇", of=str, required=True)
_AREA = _area(STATED_AREA, "面积", "图斑面积", "MJ")
_DOCUMENT = _text("document", "文号", "依据文件")
_YEAR = _number("year", "年度", "年份")


def _register(name: str, *fields: Field, **more: Any) -> Form:
    """A subtype of the register: what every row has, and its own fields."""
    common = (_UNIT, _subject("row", "编号", "序号", required=True), _day("on", "日期", "登记日期", required=True))
    made = {"key": ("row",), "outline": "optional"} | more
    return Form(name=name, kind=Kind.REGISTER, subtype=name, fields=(*common, *fields), **made)


BASELINE = (
    _subject("parcel", "台账编号", "图斑编号", "图斑", required=True),
    _system(),
    _class("class_code", "基期地类", "地类编码", "地类代码", "DLBM", required=True),
    _word("initial_state", LandState, "初始状态"),
    _class("initial_class", "初始地类"),
    _day("as_of", "状态日期"),
    _text("document", "初始状态文号", "文号"),
)
"""A part of a parcel's baseline: a row of a second file, or columns of the parcel's own row."""

PARCEL_BASELINE = tuple(field.name for field in BASELINE if field.name != "parcel")
"""The fields of a part that a parcel's own row may carry."""

_FORMS = (
    Form(
        "parcel",
        Kind.PARCEL,
        (
            _UNIT,
            _subject("ledger_no", "台账编号", "图斑编号", "编号", required=True),
            _text("name", "名称", "图斑名称"),
            _day("baseline_on", "基期日期", "基期", required=True),
            _area("planned_land_area_e2", "计划减量面积", "计划面积"),
            _class("planned_class", "规划地类", "计划地类"),
            _text("owner_type", "权属类型", "权属性质"),
            _subject("project", "项目编号", "项目"),
            _day("valid_from", "生效日期", required=True),
            _day("valid_to", "失效日期"),
            _AREA,
            *(field for field in BASELINE if field.name != "parcel"),
        ),
        key=("ledger_no",),
        outline="required",
        about=("ledger_no",),
        dates=(("valid_from", "valid_to"),),
        past=("baseline_on", "as_of"),
        measured=(STATED_AREA, "planned_land_area_e2"),
    ),
    Form(
        "project",
        Kind.PROJECT,
        (
            _UNIT,
            _subject("project", "项目编号", required=True),
            _text("name", "项目名称", "名称", required=True),
            _list("parcels", "图斑编号", "台账编号", "图斑"),
            _text("phase", "阶段", "期次"),
            _day("deadline", "完成期限", "截止日期"),
        ),
        key=("project",),
        outline=None,
        about=("project",),
    ),
    Form(
        "target",
        Kind.TARGET,
        (
            _UNIT,
            _word("measure", Measure, "指标", "目标类型", required=True),
            _YEAR,
            _area("value_e2", "目标值", "目标面积", "面积", required=True, signed=True),
            _text("parent_unit", "上级单元", of=UnitId),
            _text("phase", "阶段", "期次"),
        ),
        key=("measure", "year", UNIT),
        outline=None,
    ),
    Form(
        "unit",
        Kind.UNIT,
        (
            _text("unit_id", "实施单元", "单元编号", of=UnitId, required=True),
            _text("name", "名称", "单元名称", required=True),
            _word("kind", UnitKind, "类型", "单元类型", required=True),
            _word("belt", Belt, "绿隔", "绿带"),
            _list("districts", "所在区", of=Short, required=True),
            _text("managing_body", "管理主体"),
            _list("aliases", "别名", of=Short),
            _list("predecessors", "前身单元", of=UnitId),
            _day("valid_from", "生效日期", required=True),
            _day("valid_to", "失效日期"),
        ),
        key=("unit_id",),
        outline="optional",
        about=("unit_id",),
        dates=(("valid_from", "valid_to"),),
    ),
    Form(
        "survey_result",
        Kind.SURVEY_RESULT,
        (
            _UNIT,
            _subject(PARCELS, "台账编号", "图斑编号", required=True),
            _YEAR,
            _system(),
            _class("class_code", "地类编码", "地类代码", "DLBM", required=True),
            _area("area_e2", "面积", "TBMJ", required=True),
            _DOCUMENT,
        ),
        key=(PARCELS, "year"),
        outline=None,
        about=(PARCELS,),
    ),
    Form(
        "new_build_quota",
        Kind.NEW_BUILD_QUOTA,
        (
            _UNIT,
            _subject("quota", "指标编号", required=True),
            _number("step", "步骤", "释放步骤", of=int),
            _area("land_e2", "用地面积", required=True),
            _area("floor_area_e2", "建筑面积"),
            _area("used_e2", "已用面积", required=True),
            _text("condition", "释放条件", of=Text),
            _area("condition_demolished_e2", "须拆除面积", "挂钩拆除面积"),
            _list("demolition_parcels", "挂钩图斑", "拆旧图斑"),
        ),
        key=("quota", "step"),
        outline="optional",
        about=("quota",),
        measured=("land_e2",),
    ),
    Form(
        "green_target",
        Kind.GREEN_TARGET,
        (
            _UNIT,
            _subject("target", "编号", "绿地编号", required=True),
            _class("planned_class", "规划地类"),
            _text("blocker", "未实现原因", "制约因素", of=Text),
            _AREA,
        ),
        key=("target",),
        outline="required",
        about=("target",),
        measured=(STATED_AREA,),
    ),
    _register(
        "structure",
        _text("category", "建筑类别", "类别", required=True),
        _word("stock", StockKind, "存量新增", required=True),
        _word("programme", Programme, "拆除类型"),
        _word("case_state", CaseState, "案件状态"),
        _area("floor_area_e2", "建筑面积"),
        _area("land_area_e2", "占地面积"),
        _day("first_seen_on", "发现日期"),
        _day("demolished_on", "拆除日期"),
        _text("owner_type", "权属类型", "权属性质"),
        _subject("parcel", "台账编号", "图斑编号"),
        about=("parcel",),
        dates=(("first_seen_on", "demolished_on"),),
        past=("first_seen_on", "demolished_on"),
        measured=("land_area_e2",),
    ),
    _register(
        "facility",
        _text("name", "名称", "设施名称"),
        _word("facility_class", FacilityClass, "设施类别", required=True),
        _text("item", "设施项目"),
        _word("condition", FacilityCondition, "设施状态", "现状"),
        _subject("village", "村编号", "所属村"),
        _subject("park", "公园编号", "所属公园"),
        _day("target_on", "目标日期"),
    ),
    _register(
        "park",
        _text("name", "名称", "公园名称", required=True),
        _text("kind", "公园类型", "类型"),
        _text("stage", "建设阶段", "阶段"),
        _area("area_e2", "面积"),
        _flag("reclaimed_eligible", "具备再生水条件"),
        _flag("reclaimed_in_use", "已用再生水"),
        measured=("area_e2",),
    ),
    _register(
        "village",
        _text("name", "名称", "村名", required=True),
        Field("services", ("服务", "公共服务"), lambda _: words.services, empty="[]"),
        _text("state", "村状态", "状态", of=Text),
    ),
    _register(
        "milestone",
        _subject("project", "项目编号"),
        _text("title", "节点", "节点名称", required=True),
        _day("due_on", "计划日期", required=True),
        _day("done_on", "完成日期"),
        _text("phase", "阶段", "期次"),
        outline=None,
        past=("done_on",),
    ),
    _register(
        "overlay",
        _word("overlay", OverlayKind, "图层类型", required=True),
        _system(),
        _class("class_code", "地类编码", "规划地类"),
        _text("name", "名称"),
        outline="required",
    ),
    _register(
        "transfer",
        _text("from_unit", "转出单元", of=UnitId, required=True),
        _text("to_unit", "转入单元", of=UnitId, required=True),
        _word("measure", TransferMeasure, "指标", required=True),
        _YEAR,
        _area("area_e2", "面积", required=True),
        _text("document", "文号", "协议文号", required=True),
        outline=None,
    ),
    _register(
        "green_taken",
        _area("area_e2", "面积", "占用面积"),
        _system(),
        _class("class_code", "地类编码", "地类代码"),
        _DOCUMENT,
        measured=("area_e2",),
    ),
    _register(
        "exclusion",
        _subject(PARCELS, "台账编号", "图斑编号", required=True),
        _text("reason", "剔除原因", "原因", required=True),
        _DOCUMENT,
        outline=None,
        about=(PARCELS,),
    ),
    _register(
        "satisfaction",
        Field("score_e2", ("得分", "满意度"), lambda _: cells.hundredths(int), required=True),
        _text("survey", "调查名称", required=True),
        _YEAR,
        outline=None,
    ),
    _register(
        "reuse",
        _list(PARCELS, "台账编号", "图斑编号", required=True),
        _system(),
        _class("class_code", "地类编码", "再利用地类", required=True),
        _text("permit", "许可文号", "批准文号", required=True),
        _word("reuse_kind", ReuseKind, "再利用类型"),
        _AREA,
        about=(PARCELS,),
        measured=(STATED_AREA,),
    ),
)
FORMS: Mapping[str, Form] = {form.name: form for form in _FORMS}
