"""The Chinese words of offices for our code words; a mapping file may add others for one file (`values`)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

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
from sync.imports import cells
from sync.imports.sheet import Cell

CHINESE: Mapping[type[StrEnum], Mapping[str, str]] = {
    CodeSystem: {
        "三调": CodeSystem.THIRD_LAND_SURVEY, "第三次全国国土调查": CodeSystem.THIRD_LAND_SURVEY,
        "2023指南": CodeSystem.LAND_USE_GUIDE_2023, "用地用海分类指南": CodeSystem.LAND_USE_GUIDE_2023,
    },
    LandState: {
        "基期": LandState.BASELINE, "已拆除": LandState.DEMOLISHED, "已腾退": LandState.CLEARED,
        "已还绿": LandState.RESTORED, "新增建设": LandState.BUILT, "再利用": LandState.REUSED,
    },
    Measure: {
        "拆除建筑面积": Measure.DEMOLISHED_FLOOR_AREA, "腾退土地": Measure.CLEARED_LAND,
        "还绿面积": Measure.REGREENED_LAND, "净减量": Measure.NET_REDUCTION, "核验减量": Measure.VERIFIED_REDUCTION,
    },
    Belt: {"一绿": Belt.G1, "二绿": Belt.G2},
    UnitKind: {
        "市": UnitKind.CITY, "区": UnitKind.DISTRICT, "功能区": UnitKind.FUNCTIONAL_AREA, "企业": UnitKind.ENTERPRISE,
        "街道": UnitKind.SUBDISTRICT, "地区": UnitKind.AREA_OFFICE, "镇": UnitKind.TOWN, "乡": UnitKind.TOWNSHIP,
        "村": UnitKind.VILLAGE, "片区": UnitKind.PLACE,
    },
    StockKind: {"存量": StockKind.STOCK, "新增": StockKind.NEW},
    Programme: {
        "拆违": Programme.ILLEGAL_CONSTRUCTION, "拆迁腾退": Programme.VACATING, "其他": Programme.OTHER,
    },
    CaseState: {
        "发现": CaseState.DISCOVERED, "责令停工": CaseState.STOP_ORDERED, "立案": CaseState.CASE_OPENED,
        "责令改正": CaseState.CORRECTION_ORDERED, "限期拆除": CaseState.DEMOLITION_ORDERED,
        "自行拆除": CaseState.SELF_DEMOLISHED, "强制拆除": CaseState.FORCED_DEMOLISHED, "没收": CaseState.CONFISCATED,
        "暂缓拆除": CaseState.DEFERRED, "认定合法": CaseState.FOUND_LAWFUL,
    },
    FacilityClass: {
        "综合服务": FacilityClass.COMPREHENSIVE_SERVICE, "基础教育": FacilityClass.BASIC_EDUCATION,
        "医疗卫生": FacilityClass.HEALTH, "社会福利": FacilityClass.SOCIAL_WELFARE, "文化": FacilityClass.CULTURE,
        "体育": FacilityClass.SPORT, "便民商业": FacilityClass.LOCAL_COMMERCE,
        "邮政物流": FacilityClass.POST_AND_LOGISTICS, "交通出行": FacilityClass.TRANSPORT,
        "市政保障": FacilityClass.UTILITIES, "公园绿地": FacilityClass.PARKS_AND_GREEN,
        "公共安全": FacilityClass.PUBLIC_SAFETY, "规划另列": FacilityClass.OTHER_PLAN,
    },
    FacilityCondition: {
        "规划": FacilityCondition.PLANNED, "在建": FacilityCondition.UNDER_CONSTRUCTION,
        "正常使用": FacilityCondition.IN_SERVICE, "部分使用": FacilityCondition.PARTIAL_SERVICE,
        "停用": FacilityCondition.OUT_OF_SERVICE, "损坏": FacilityCondition.DAMAGED,
        "挪作他用": FacilityCondition.OCCUPIED_OTHER_USE, "缺失": FacilityCondition.MISSING,
    },
    OverlayKind: {
        "永久基本农田": OverlayKind.PERMANENT_FARMLAND, "生态保护红线": OverlayKind.ECOLOGICAL_REDLINE,
        "防护区": OverlayKind.PROTECTION_ZONE, "规划地类": OverlayKind.PLAN_CLASS, "绿隔范围": OverlayKind.BELT,
    },
    TransferMeasure: {
        "净减量": TransferMeasure.NET_REDUCTION, "新增建设用地": TransferMeasure.NEW_BUILD_LAND,
        "新增建筑面积": TransferMeasure.NEW_BUILD_FLOOR_AREA, "绿色空间": TransferMeasure.GREEN_SPACE,
    },
    ReuseKind: {
        "留白增绿": ReuseKind.RESERVE_GREEN, "腾退还绿": ReuseKind.VACATED_GREEN, "查漏补缺": ReuseKind.FILLING_GAPS,
        "公共空间": ReuseKind.PUBLIC_SPACE, "产业": ReuseKind.INDUSTRY,
    },
}  # fmt: skip

_VISITING = ("(流动)", "（流动）", "(巡回)", "（巡回）")


def services(cell: Cell) -> list[dict[str, Any]]:
    """A village's services in one cell: 医疗卫生（流动）、文化; the mark says that the service visits (M31)."""
    return _services(cell)


def _service(cell: Cell) -> dict[str, Any]:
    said = cells.plain(cell)
    mark = next((mark for mark in _VISITING if said.endswith(mark)), "")
    return {"facility_class": _facility_class(said.removesuffix(mark)), "visiting": bool(mark)}


_facility_class = cells.word(FacilityClass, CHINESE[FacilityClass])
_services = cells.several(_service)
