"""Words of a report in Chinese and English, by table and code: what a reader sees in place of a code.

Facts only: 疑似新增建设 for a sighting, legal status as the authority reports it (ledger rules §6).
"""

from __future__ import annotations

from collections.abc import Mapping

Words = tuple[str, str]

WORDS: Mapping[str, Mapping[str, Words]] = {
    "level": {
        "city": ("全市", "City"), "belt": ("绿隔", "Belt"), "district": ("区", "District"),
        "township": ("乡镇（街道）", "Township"), "unit": ("实施单元", "Unit"),
    },
    "belt": {"G1": ("一绿", "First belt"), "G2": ("二绿", "Second belt")},
    "yes_no": {"True": ("是", "Yes"), "False": ("否", "No")},
    "state": {
        "baseline": ("未动", "Baseline"), "demolished": ("已拆未清", "Demolished"), "cleared": ("场清地净", "Cleared"),
        "restored": ("已还绿", "Restored"), "built": ("疑似建设", "Built"), "reused": ("再利用", "Reused"),
    },
    "measure": {
        "demolished_floor_area": ("拆除建筑面积", "Demolished floor area"),
        "cleared_land": ("腾退用地", "Cleared land"),
        "regreened_land": ("还绿", "Re-greened land"), "net_reduction": ("净减量", "Net reduction"),
        "verified_reduction": ("核验减量", "Verified reduction"),
    },
    "transfer_measure": {
        "net_reduction": ("净减量", "Net reduction"), "new_build_land": ("建新用地", "New-build land"),
        "new_build_floor_area": ("建新建筑面积", "New floor area"), "green_space": ("绿色空间", "Green space"),
    },
    "reuse_kind": {
        "RESERVE_GREEN": ("留白增绿", "Reserve and green"), "VACATED_GREEN": ("腾退还绿", "Vacated to green"),
        "FILLING_GAPS": ("查漏补缺", "Filling gaps"), "PUBLIC_SPACE": ("公共空间", "Public space"),
        "INDUSTRY": ("产业", "Industry"),
    },
    "stock_kind": {"stock": ("存量", "Stock"), "new": ("新增", "New")},
    "case_state": {
        "DISCOVERED": ("发现", "Discovered"), "STOP_ORDERED": ("责令停工", "Stop ordered"),
        "CASE_OPENED": ("立案", "Case opened"), "CORRECTION_ORDERED": ("限期改正", "Correction ordered"),
        "DEMOLITION_ORDERED": ("责令拆除", "Demolition ordered"), "SELF_DEMOLISHED": ("自拆", "Demolished by owner"),
        "FORCED_DEMOLISHED": ("强拆", "Demolished by force"), "CONFISCATED": ("没收", "Confiscated"),
        "DEFERRED": ("暂缓", "Deferred"), "FOUND_LAWFUL": ("认定合法", "Found lawful"),
    },
    "facility_class": {
        "COMPREHENSIVE_SERVICE": ("综合服务", "General services"), "BASIC_EDUCATION": ("基础教育", "Education"),
        "HEALTH": ("医疗卫生", "Health"), "SOCIAL_WELFARE": ("社会福利", "Welfare"), "CULTURE": ("文化", "Culture"),
        "SPORT": ("体育", "Sport"), "LOCAL_COMMERCE": ("便民商业", "Local commerce"),
        "POST_AND_LOGISTICS": ("邮政物流", "Post and logistics"), "TRANSPORT": ("交通出行", "Transport"),
        "UTILITIES": ("市政保障", "Utilities"), "PARKS_AND_GREEN": ("公园绿地", "Parks and green"),
        "PUBLIC_SAFETY": ("公共安全", "Public safety"), "OTHER_PLAN": ("规划另列", "Others of the plan"),
    },
    "condition": {
        "PLANNED": ("规划", "Planned"), "UNDER_CONSTRUCTION": ("在建", "Under construction"),
        "IN_SERVICE": ("正常使用", "In service"), "PARTIAL_SERVICE": ("部分使用", "Partly in service"),
        "OUT_OF_SERVICE": ("停用", "Out of service"), "DAMAGED": ("损坏", "Damaged"),
        "OCCUPIED_OTHER_USE": ("挪作他用", "Used otherwise"), "MISSING": ("缺失", "Missing"),
    },
    "lag_group": {"restored": ("本期已还绿", "Restored in the period"), "waiting": ("待还绿已等", "Still waiting"),
                  "undated": ("台账前腾退，日期不明", "Cleared before the ledger, undated")},
    "cause": {
        "edition": ("口径或版次变更", "Change of edition"), "late": ("迟到的记录", "Facts that arrived late"),
        "position": ("新增记录", "Further entries"), "date": ("统计期不同", "Another period"),
        "several": ("位置、日期、版次中的几项", "Position, dates or editions"),
        "rounding": ("取整", "Rounding"),
    },
    "edition": {
        "land_classes": ("地类", "Land classes"), "counting_rule": ("减量口径", "Counting rule"),
        "admin_units": ("行政区划与单元", "Administrative units"), "rules": ("阈值", "Thresholds"),
        "photo_rules": ("照片规则", "Photo rules"), "discrepancies": ("差异代码", "Discrepancies"),
        "review_reasons": ("审核理由", "Review reasons"),
    },
    "kind": {
        "parcel": ("上账", "Listed"), "demolition": ("拆除巡查", "Demolition"),
        "regreening": ("还绿巡查", "Re-greening"),
        "facility": ("设施巡查", "Facility"), "new_build_sighting": ("疑似新增建设", "Sighting"),
        "inspection": ("巡查", "Inspection"), "review": ("审核", "Review"), "first_check": ("初验", "First check"),
        "acceptance": ("认定", "Acceptance"), "survey_result": ("变更调查", "Survey"),
    },
    "role": {
        "inspector": ("巡查员", "inspector"), "supervisor": ("乡镇", "township"), "district": ("区", "district"),
        "city": ("市", "city"), "third_party": ("第三方", "third party"),
    },
    "outcome": {
        "approve": ("通过", "approved"), "return": ("退回", "returned"), "reject": ("不予采信", "rejected"),
        "passed": ("合格", "passed"), "failed": ("不合格", "failed"), "submitted": ("待审", "not decided"),
        "approved": ("有效", "in force"), "returned": ("被退回", "returned"), "rejected": ("不予采信", "rejected"),
        "withdrawn": ("已撤回", "withdrawn"), "superseded": ("已有新版", "superseded"), "branch": ("分叉", "branch"),
    },
}  # fmt: skip
