"""The code words (代码) that records, tables and figures share; what a code means for a sum stands in the data tables.

Values are stable once published. Words with a table of their own (land classes, units, discrepancies with titles,
review reasons) are data in `schemas/data/`; here stand only the closed sets that code branches on.
"""

from __future__ import annotations

from enum import StrEnum


class Belt(StrEnum):
    """First and second green belt (一绿, 二绿)."""

    G1 = "G1"
    G2 = "G2"


class UnitKind(StrEnum):
    """What a unit or area is (domain §5.1); PLACE is a part of a township that the plan names."""

    CITY = "CITY"
    DISTRICT = "DISTRICT"
    FUNCTIONAL_AREA = "FUNCTIONAL_AREA"
    ENTERPRISE = "ENTERPRISE"
    SUBDISTRICT = "SUBDISTRICT"
    AREA_OFFICE = "AREA_OFFICE"
    TOWN = "TOWN"
    TOWNSHIP = "TOWNSHIP"
    VILLAGE = "VILLAGE"
    PLACE = "PLACE"


class CodeSystem(StrEnum):
    """Which system a land class code belongs to: the 2023 guide reuses codes of the third survey (三调)."""

    THIRD_LAND_SURVEY = "third_land_survey"
    LAND_USE_GUIDE_2023 = "land_use_guide_2023"


class ThreeClass(StrEnum):
    """The three great classes of land (三大类): 农用地, 建设用地, 未利用地."""

    AGRICULTURAL = "agri"
    CONSTRUCTION = "construction"
    UNUSED = "unused"


class RestorationKind(StrEnum):
    """Kinds of re-greening (还绿): 还林, 复耕, 治水, 还草, 留白增绿."""

    FOREST = "FOREST"
    FARMLAND = "FARMLAND"
    WATER = "WATER"
    GRASS = "GRASS"
    RESERVE_GREEN = "RESERVE_GREEN"


class AreaSource(StrEnum):
    """Where an outline comes from: ledger, survey (测绘), imagery (影像), drawn on the map, walked with GNSS."""

    LEDGER = "LEDGER"
    SURVEYED = "SURVEYED"
    IMAGERY = "IMAGERY"
    DRAWN = "DRAWN"
    GNSS_WALK = "GNSS_WALK"


class InspectionKind(StrEnum):
    """What an inspection is about; NEW_BUILD_SIGHTING is 疑似新增建设, never 违建 (ledger rules §6)."""

    DEMOLITION = "demolition"
    REGREENING = "regreening"
    FACILITY = "facility"
    NEW_BUILD_SIGHTING = "new_build_sighting"


class LandState(StrEnum):
    """The state of a square metre (ledger rules §2)."""

    BASELINE = "baseline"
    DEMOLISHED = "demolished"
    CLEARED = "cleared"
    RESTORED = "restored"
    BUILT = "built"
    REUSED = "reused"


class LandFreed(StrEnum):
    """What ground a demolition freed (ledger rules §1): all, the footprint, or none (interior, roof, upper floors)."""

    ALL = "all"
    PART = "part"
    NONE = "none"


class RegreeningOutcome(StrEnum):
    """What a re-greening inspection found (ledger rules §1)."""

    WORKS_DONE = "works_done"
    PASSED = "passed"
    FAILED = "failed"


class Programme(StrEnum):
    """Under what a demolition runs, from the ledger, not from the inspector: 拆违, 拆迁腾退, other."""

    ILLEGAL_CONSTRUCTION = "illegal_construction"
    VACATING = "vacating"
    OTHER = "other"


class CaseState(StrEnum):
    """State of an illegal-construction case as the authority reports it, never set by an inspector (domain §3.4)."""

    DISCOVERED = "DISCOVERED"
    STOP_ORDERED = "STOP_ORDERED"
    CASE_OPENED = "CASE_OPENED"
    CORRECTION_ORDERED = "CORRECTION_ORDERED"
    DEMOLITION_ORDERED = "DEMOLITION_ORDERED"
    SELF_DEMOLISHED = "SELF_DEMOLISHED"
    FORCED_DEMOLISHED = "FORCED_DEMOLISHED"
    CONFISCATED = "CONFISCATED"
    DEFERRED = "DEFERRED"
    FOUND_LAWFUL = "FOUND_LAWFUL"


class FacilityClass(StrEnum):
    """The 12 classes of 居住公共服务设施配置指标 (京政发〔2025〕25号), and what only the plan names (domain §1.5)."""

    COMPREHENSIVE_SERVICE = "COMPREHENSIVE_SERVICE"  # 综合服务
    BASIC_EDUCATION = "BASIC_EDUCATION"  # 基础教育
    HEALTH = "HEALTH"  # 医疗卫生
    SOCIAL_WELFARE = "SOCIAL_WELFARE"  # 社会福利
    CULTURE = "CULTURE"  # 文化
    SPORT = "SPORT"  # 体育
    LOCAL_COMMERCE = "LOCAL_COMMERCE"  # 便民商业
    POST_AND_LOGISTICS = "POST_AND_LOGISTICS"  # 邮政物流
    TRANSPORT = "TRANSPORT"  # 交通出行
    UTILITIES = "UTILITIES"  # 市政保障
    PARKS_AND_GREEN = "PARKS_AND_GREEN"  # 公园绿地
    PUBLIC_SAFETY = "PUBLIC_SAFETY"  # 公共安全
    OTHER_PLAN = "OTHER_PLAN"  # 规划另列 (water works)


class FacilityCondition(StrEnum):
    """Condition of a facility (设施现状, domain §1.5)."""

    PLANNED = "PLANNED"
    UNDER_CONSTRUCTION = "UNDER_CONSTRUCTION"
    IN_SERVICE = "IN_SERVICE"
    PARTIAL_SERVICE = "PARTIAL_SERVICE"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    DAMAGED = "DAMAGED"
    OCCUPIED_OTHER_USE = "OCCUPIED_OTHER_USE"
    MISSING = "MISSING"


class Measure(StrEnum):
    """What a target counts (M02, ledger rules §4): four quantities that are never mixed, and what the fold verified."""

    DEMOLISHED_FLOOR_AREA = "demolished_floor_area"
    CLEARED_LAND = "cleared_land"
    REGREENED_LAND = "regreened_land"
    NET_REDUCTION = "net_reduction"
    VERIFIED_REDUCTION = "verified_reduction"


class StockKind(StrEnum):
    """Whether a structure belongs to the stock of illegal construction or is a new case (存量, 新增; plan T1 L129)."""

    STOCK = "stock"
    NEW = "new"


class OverlayKind(StrEnum):
    """What lies over parcels: 永久基本农田, 生态保护红线, 防护区, planned class, belt (M25, M26, M29)."""

    PERMANENT_FARMLAND = "permanent_farmland"
    ECOLOGICAL_REDLINE = "ecological_redline"
    PROTECTION_ZONE = "protection_zone"
    PLAN_CLASS = "plan_class"
    BELT = "belt"


class TransferMeasure(StrEnum):
    """What one unit hands to another under an agreement (跨区域平衡, M18)."""

    NET_REDUCTION = "net_reduction"
    NEW_BUILD_LAND = "new_build_land"
    NEW_BUILD_FLOOR_AREA = "new_build_floor_area"
    GREEN_SPACE = "green_space"


class ReuseKind(StrEnum):
    """What cleared land is used for (拆违腾退土地利用, M22; plan L127-129)."""

    RESERVE_GREEN = "RESERVE_GREEN"  # 留白增绿
    VACATED_GREEN = "VACATED_GREEN"  # 腾退还绿
    FILLING_GAPS = "FILLING_GAPS"  # 查漏补缺
    PUBLIC_SPACE = "PUBLIC_SPACE"  # 公共空间
    INDUSTRY = "INDUSTRY"  # 产业


class Shot(StrEnum):
    """What a photo shows (domain §3.1): its time (before, after) and view (wide 全景, near 近景) in one word."""

    BEFORE_WIDE = "BEFORE_WIDE"
    BEFORE_NEAR = "BEFORE_NEAR"
    AFTER_WIDE = "AFTER_WIDE"
    AFTER_GROUND = "AFTER_GROUND"
    GROUND_PROOF = "GROUND_PROOF"
    PLANTS_AND_SOIL = "PLANTS_AND_SOIL"
    SURVIVAL_PLOT = "SURVIVAL_PLOT"
    WIDE = "WIDE"
    NEAR = "NEAR"
    FACILITY_FRONT = "FACILITY_FRONT"
    FACILITY_DETAIL = "FACILITY_DETAIL"
    OTHER = "OTHER"


class DiscrepancyScope(StrEnum):
    """What an open discrepancy stops (ledger rules §5)."""

    RECORD = "record"
    CREDIT = "credit"
    ACCEPTANCE_STEP = "acceptance_step"
    QUOTA_STEP = "quota_step"
    NOTHING = "nothing"


class Severity(StrEnum):
    """B stops something until it is resolved; W is shown, counted and aged (domain §5.4, scopes of ledger rules §5)."""

    BLOCKS = "B"
    WARNS = "W"


class Discrepancy(StrEnum):
    """Codes of discrepancies (差异); their titles, scopes and rules are the table `discrepancies`."""

    D01 = "D01"
    D02 = "D02"
    D03 = "D03"
    D04 = "D04"
    D05 = "D05"
    D06 = "D06"
    D07 = "D07"
    D08 = "D08"
    D09 = "D09"
    D09W = "D09w"
    D10 = "D10"
    D11A = "D11a"
    D11B = "D11b"
    D12 = "D12"
    D13 = "D13"
    D14 = "D14"
    D15 = "D15"
    D16 = "D16"
    D17 = "D17"
    D18 = "D18"
    D19 = "D19"
    D20 = "D20"
    D21 = "D21"
    D22 = "D22"
    D23 = "D23"
    D24 = "D24"
    D25 = "D25"
    D26 = "D26"
    D27 = "D27"
    D28 = "D28"
    D29 = "D29"
    D30 = "D30"
    D31 = "D31"


class ReviewOutcome(StrEnum):
    """What a township review (审核) decides: approve (通过), return for correction (退回), reject (不予采信)."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
