"""The sections of a report (domain §5.5) as tables: what each column holds and where in the statement it comes from."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.codes import CaseState, FacilityCondition, LandState, ReuseKind
from sync.ledger.report.table import Column, Kind, Section
from sync.ledger.report.words import WORDS

T, W, N, A, R, D, L = Kind.TEXT, Kind.WORD, Kind.COUNT, Kind.AREA, Kind.RATIO, Kind.DAY, Kind.LIST


def _c(id_: str, kind: Kind, zh: str, en: str, path: str = "", words: str = "") -> Column:
    return Column(id_, kind, zh, en, path, words)


def _each(values: type, kind: Kind, table: str, path: str) -> tuple[Column, ...]:
    """A column for each member of an enum, out of a mapping."""
    return tuple(
        _c(f"{path.rsplit('.', 1)[-1]}.{one.value}", kind, *WORDS[table][one.value], f"{path}.{one.value}")
        for one in values  # type: ignore[attr-defined]
    )


_LEVEL = (_c("level", W, "层级", "Level", words="level"), _c("code", T, "代码", "Code"))
_UNIT = _c("unit", T, "实施单元", "Unit")

FIGURES = Section(
    "figures", "汇总", "Totals",
    (
        _c("level", W, "层级", "Level", "row.level", "level"),
        _c("code", T, "代码", "Code", "row.code"),
        _c("name", T, "名称", "Name", "row.name"),
        _c("parent", T, "上级", "Parent", "row.parent"),
        _c("belt", W, "绿隔", "Belt", "row.belt", "belt"),
        _c("units", L, "所含单元", "Units added up", "row.units"),
        _c("demolished_floor_area", A, "拆除建筑面积", "Demolished floor area",
           "row.figures.flow.demolished_floor_area_m2"),
        _c("cleared", A, "腾退用地", "Cleared land", "row.figures.flow.cleared_m2"),
        _c("cleared_again", A, "回潮后再次腾退", "Cleared again after relapse", "row.figures.flow.cleared_again_m2"),
        _c("regreened_reducing", A, "还绿（计减量）", "Re-greened, reducing",
           "row.figures.flow.regreened_reducing_m2"),
        _c("regreened_not_reducing", A, "还绿（不计减量）", "Re-greened, not reducing",
           "row.figures.flow.regreened_not_reducing_m2"),
        _c("regreened_again", A, "再次还绿", "Re-greened again", "row.figures.flow.regreened_again_m2"),
        _c("relapsed", A, "回潮", "Relapsed", "row.figures.flow.relapsed_m2"),
        _c("occupied", A, "新增占地", "Newly occupied", "row.figures.flow.occupied_m2"),
        _c("net", A, "本期净减量", "Net reduction of the period", "row.figures.net.net_m2"),
        _c("late", A, "补记或冲回（以前各期）", "Late facts of earlier periods", "row.figures.net.late_m2"),
        _c("reported", A, "本期报告净减量", "Net reduction reported", "row.figures.net.reported_m2"),
        _c("net_with_transfers", A, "调剂后净减量", "Net reduction after transfers", "row.net_with_transfers_m2"),
        _c("target_net", A, "净减量目标", "Target, net reduction", "target_net_m2"),
        _c("target_verified", A, "核验减量目标", "Target, verified", "target_verified_m2"),
        _c("parcels", N, "图斑数", "Parcels", "row.figures.stock.parcels"),
        _c("area", A, "图斑面积", "Area of parcels", "row.figures.stock.area_m2"),
        _c("base", A, "基准城乡建设用地", "Construction land, baseline", "row.figures.stock.base_m2"),
        _c("planned", A, "计划减量", "Planned", "row.figures.stock.planned_m2"),
        _c("claimed_gfa", A, "填报拆除建筑面积", "Claimed floor area", "row.figures.claims.gfa_m2"),
        _c("claimed_cleared", A, "填报腾退", "Claimed cleared", "row.figures.claims.cleared_m2"),
        _c("claimed_restored", A, "填报还绿", "Claimed restored", "row.figures.claims.restored_m2"),
        _c("submitted_cleared", A, "待审腾退", "Cleared, not decided", "row.figures.claims.submitted_cleared_m2"),
        _c("submitted_restored", A, "待审还绿", "Restored, not decided", "row.figures.claims.submitted_restored_m2"),
        _c("verified", A, "核验减量", "Verified", "row.figures.stock.verified_m2"),
        _c("accepted", A, "认定减量", "Accepted", "row.figures.stock.accepted_m2"),
        _c("registered", A, "变更登记", "Registered", "row.figures.stock.registered_m2"),
        _c("pending", A, "待还绿", "Pending restoration", "row.figures.stock.pending_m2"),
        _c("green_not_reducing", A, "绿地（不计减量）", "Green, not reducing",
           "row.figures.stock.green_not_reducing_m2"),
        _c("reused", A, "再利用", "Reused", "row.figures.stock.reused_m2"),
        _c("held", A, "暂缓计入", "Held", "row.figures.stock.held_m2"),
        _c("contested", A, "待核不利事实影响", "Contested", "row.figures.stock.contested_m2"),
        *_each(LandState, A, "state", "row.figures.stock.states_m2"),
    ),
)  # fmt: skip

ANNEX = Section(
    "annex", "图斑附表", "Parcels",
    (
        _c("parcel", T, "图斑编号", "Parcel"),
        _c("name", T, "名称", "Name"),
        _UNIT,
        _c("near", Kind.PLACE, "位置（约）", "Place (coarse)"),
        _c("owner_type", T, "权属类型", "Owner type"),
        _c("project", T, "项目", "Project"),
        _c("area", A, "图斑面积", "Area", "stock.area_m2"),
        _c("base", A, "基准城乡建设用地", "Construction land, baseline", "stock.base_m2"),
        _c("baseline", Kind.CLASSES, "基准地类", "Baseline classes"),
        _c("claimed_gfa", A, "填报拆除建筑面积", "Claimed floor area", "claimed_gfa_m2"),
        _c("claimed_cleared", A, "填报腾退", "Claimed cleared", "claimed_cleared_m2"),
        _c("claimed_restored", A, "填报还绿", "Claimed restored", "claimed_restored_m2"),
        _c("pending", A, "待还绿", "Pending", "stock.pending_m2"),
        _c("held", A, "暂缓计入", "Held", "stock.held_m2"),
        _c("contested", A, "待核影响", "Contested", "stock.contested_m2"),
        _c("verified", A, "核验减量", "Verified", "stock.verified_m2"),
        _c("accepted", A, "认定减量", "Accepted", "stock.accepted_m2"),
        _c("registered", A, "变更登记", "Registered", "stock.registered_m2"),
        _c("restored", Kind.CLASSES, "恢复地类", "Restored classes"),
        _c("cleared_on", D, "腾退日期", "Cleared on"),
        _c("restored_on", D, "还绿日期", "Restored on"),
        _c("accepted_on", D, "认定日期", "Accepted on"),
        _c("chain", Kind.CHAIN, "审核链", "Decisions"),
        _c("photos", L, "照片", "Photos", "photo_hashes"),
        _c("excluded", T, "剔除原因", "Excluded because"),
    ),
    "annex",
)  # fmt: skip

_TARGET = (
    _c("unit", T, "单元或区", "Unit or area"),
    _c("measure", W, "指标", "Measure", words="measure"),
    _c("year", N, "年度", "Year"),
    _c("value", A, "目标", "Target", "value_m2"),
    _c("reached", A, "完成", "Reached", "reached_m2"),
    _c("open", A, "差额", "Still open", "open_m2"),
    _c("phases", L, "阶段", "Phase"),
    _c("entries", L, "依据记录", "Entries"),
)

_PLANS = (
    Section("ratios", "拆占比、拆建比", "Demolition against new building", (
        *_LEVEL,
        _c("demolished_land", A, "拆除占地", "Demolished land", "demolished_land_m2"),
        _c("new_land", A, "新增占地指标", "New land", "new_land_m2"),
        _c("land_ratio", R, "拆占比", "Land ratio"),
        _c("demolished_floor_area", A, "拆除建筑面积", "Demolished floor area", "demolished_floor_area_m2"),
        _c("new_floor_area", A, "新建建筑面积", "New floor area", "new_floor_area_m2"),
        _c("floor_area_ratio", R, "拆建比", "Floor area ratio"),
    ), "ratios"),
    Section("quotas", "周转指标分步释放", "Released quotas", (
        _UNIT, _c("quota", T, "指标编号", "Quota"), _c("step", N, "步", "Step"),
        _c("condition", T, "条件", "Condition"),
        _c("condition_area", A, "须达到", "To be reached", "condition_m2"),
        _c("verified", A, "已核验", "Verified", "verified_m2"),
        _c("released", W, "释放", "Released", words="yes_no"),
        _c("land", A, "用地", "Land", "land_m2"),
        _c("floor_area", A, "建筑面积", "Floor area", "floor_area_m2"),
        _c("used", A, "已用", "Used", "used_m2"),
        _c("over_used", A, "超用", "Over-used", "over_used_m2"),
        _c("uncovered", A, "无拆旧对应", "Not covered by demolition", "uncovered_m2"),
        _c("linked_twice", L, "重复挂钩图斑", "Linked twice"),
        _c("entry", T, "依据记录", "Entry"),
    ), "quotas"),
    Section("green_balance", "绿色空间占补平衡", "Balance of green space", (
        *_LEVEL, _c("taken", A, "占用", "Taken", "taken_m2"), _c("added", A, "补充", "Added", "added_m2"),
        _c("balance", A, "平衡", "Balance", "balance_m2"),
    ), "green_balance"),
    Section("planned_green", "未实现规划绿色空间", "Planned green not realised", (
        _c("id", T, "编号", "Id"), _UNIT, _c("planned", A, "规划", "Planned", "planned_m2"),
        _c("realised", A, "已实现", "Realised", "realised_m2"),
        _c("unrealised", A, "未实现", "Unrealised", "unrealised_m2"), _c("blocker", T, "障碍", "Blocker"),
    ), "planned_green"),
    Section("targets", "减量目标", "Targets", _TARGET, "targets"),
    Section("target_gaps", "目标分解差额", "Gaps between targets", (
        _c("parent", T, "上级", "Parent"), _c("measure", W, "指标", "Measure", words="measure"),
        _c("year", N, "年度", "Year"), _c("parent_area", A, "上级目标", "Parent's target", "parent_m2"),
        _c("children_area", A, "下级合计", "Children's sum", "children_m2"), _c("gap", A, "差额", "Gap", "gap_m2"),
        _c("children", L, "下级", "Children"), _c("entries", L, "依据记录", "Entries"),
    ), "target_gaps"),
    Section("phases", "三年行动计划", "Phases of the three-year plan", (
        _c("phase", T, "阶段", "Phase"), _c("measure", W, "指标", "Measure", words="measure"),
        _c("target", A, "目标", "Target", "target_m2"), _c("reached", A, "完成", "Reached", "reached_m2"),
        _c("targets", N, "目标数", "Targets"),
    ), "phases"),
    Section("phase_faults", "阶段不唯一的目标", "Targets not in one phase", _TARGET, "phase_faults"),
    Section("transfers", "跨单元调剂", "Transfers", (
        _c("row", T, "编号", "Row"), _c("from_unit", T, "调出", "From"), _c("to_unit", T, "调入", "To"),
        _c("measure", W, "内容", "Measure", words="transfer_measure"), _c("year", N, "年度", "Year"),
        _c("area", A, "面积", "Area", "area_m2"), _c("document", T, "文号", "Document"),
        _c("flaw", T, "未计入原因", "Not counted because"),
    ), "transfers"),
    Section("reuse", "腾退用地去向", "Use of cleared land", (
        *_LEVEL, _c("cleared", A, "腾退用地", "Cleared", "cleared_m2"),
        *_each(ReuseKind, A, "reuse_kind", "kinds_m2"), _c("unnamed", A, "未说明用途", "Use not named", "unnamed_m2"),
        _c("idle", A, "闲置", "Idle", "idle_m2"),
    ), "reuse"),
    Section("owners", "按权属类型的剩余", "Left to do by owner type", (
        _c("owner_type", T, "权属类型", "Owner type"), _c("parcels", N, "图斑数", "Parcels"),
        _c("base", A, "基准城乡建设用地", "Construction land", "base_m2"),
        _c("verified", A, "核验减量", "Verified", "verified_m2"),
        _c("residue", A, "剩余", "Left", "residue_m2"),
    ), "owners"),
    Section("projects", "减量腾退项目", "Projects", (
        _c("project", T, "项目", "Project"), _c("name", T, "名称", "Name"), _c("phase", T, "阶段", "Phase"),
        _c("deadline", D, "期限", "Deadline"), _c("parcels", N, "图斑数", "Parcels"),
        _c("accepted_parcels", N, "已认定", "Accepted", "accepted"), _c("excluded", N, "已剔除", "Excluded"),
        _c("ratio", R, "完成率", "Done"), _c("base", A, "基准城乡建设用地", "Construction land", "base_m2"),
        _c("verified", A, "核验减量", "Verified", "verified_m2"),
        _c("accepted", A, "认定减量", "Accepted", "accepted_m2"),
        _c("overdue", W, "逾期", "Overdue", words="yes_no"), _c("unknown", L, "台账外图斑", "Unknown parcels"),
    ), "projects"),
    Section("milestones", "计划节点", "Milestones", (
        _c("row", T, "编号", "Row"), _UNIT, _c("project", T, "项目", "Project"), _c("title", T, "节点", "Milestone"),
        _c("phase", T, "阶段", "Phase"), _c("due_on", D, "应完成", "Due"), _c("done_on", D, "完成", "Done"),
        _c("late_days", N, "逾期天数", "Days late"),
    ), "milestones"),
)  # fmt: skip

_FIELD = (
    Section("flow_matrix", "地类流向", "Class before and now", (
        _c("before", T, "基准地类", "Class before", "before.code"),
        _c("state", W, "现状态", "State now", words="state"),
        _c("now", T, "现地类", "Class now", "now.code"), _c("area", A, "面积", "Area", "area_m2"),
    )),
    Section("lags", "腾退至还绿时滞", "Days from clearing to restoration", (
        _c("group", W, "类别", "Group", words="lag_group"), _c("from_days", N, "自（天）", "From (days)"),
        _c("below_days", N, "不足（天）", "Below (days)"), _c("area", A, "面积", "Area", "area_m2"),
    )),
    Section("relapses", "回潮", "Relapses", (
        _c("parcel", T, "图斑编号", "Parcel"), _UNIT, _c("on", D, "发现日期", "Seen on"),
        _c("area", A, "面积", "Area", "area_m2"), _c("entry", T, "依据记录", "Entry"),
    ), "relapses"),
    Section("sightings", "疑似新增建设", "Sightings of new building", (
        _UNIT, _c("on", D, "发现日期", "Seen on"), _c("parcels", L, "图斑", "Parcels"),
        _c("area", A, "面积", "Area", "area_m2"), _c("outside", A, "台账外", "Outside the ledger", "outside_m2"),
        _c("entry", T, "依据记录", "Entry"),
    ), "sightings"),
    Section("structures", "违法建设台账（存量与新增）", "Structures, stock and new", (
        _UNIT, _c("stock", W, "类别", "Kind", words="stock_kind"), _c("count", N, "宗数", "Count"),
        _c("open", N, "未拆", "Open"),
        _c("open_floor_area", A, "未拆建筑面积", "Open floor area", "open_floor_area_m2"),
        _c("new_in_period", N, "本期新增", "New"), _c("demolished_in_period", N, "本期拆除", "Demolished"),
        _c("demolished_floor_area", A, "本期拆除建筑面积", "Demolished floor area", "demolished_floor_area_m2"),
        _c("oldest_open_days", N, "最长未拆天数", "Oldest (days)"),
        *_each(CaseState, N, "case_state", "cases"),
    ), "structures"),
    Section("facilities", "设施现状", "Facilities", (
        _UNIT, _c("facility_class", W, "设施类别", "Class", words="facility_class"),
        *_each(FacilityCondition, N, "condition", "conditions"), _c("unknown", N, "未查", "Not seen"),
        _c("overdue", N, "逾期", "Overdue"),
    ), "facilities"),
    Section("coverage", "公共服务覆盖", "Villages served", (
        _UNIT, _c("facility_class", W, "设施类别", "Class", words="facility_class"),
        _c("villages", N, "村数", "Villages"), _c("standing", N, "固定服务", "Standing"),
        _c("visiting", N, "巡回服务", "Visiting"),
        _c("ratio", R, "覆盖率", "Share"), _c("without", L, "未覆盖村", "Without"),
    ), "coverage"),
    Section("reclaimed_water", "公园再生水使用", "Parks on reclaimed water", (
        _UNIT, _c("parks", N, "公园数", "Parks"), _c("eligible", N, "具备条件", "Eligible"),
        _c("in_use", N, "已使用", "In use"), _c("ratio", R, "占比", "Share"),
    ), "reclaimed_water"),
    Section("scores", "群众满意度（不计入面积）", "Satisfaction (apart from areas)", (
        _UNIT, _c("survey", T, "调查", "Survey"), _c("year", N, "年度", "Year"), _c("points", R, "得分", "Points"),
    ), "scores"),
)  # fmt: skip

_CHECKS = (
    Section("discrepancies", "差异", "Discrepancies", (
        _c("code", W, "差异", "Discrepancy", words="discrepancy"), _UNIT, _c("open", N, "未处理", "Open"),
        _c("open_0", N, "不足30天", "Below 30 days"), _c("open_30", N, "30–89天", "30 to 89"),
        _c("open_90", N, "90–179天", "90 to 179"), _c("open_180", N, "180天以上", "180 and more"),
        _c("oldest_open_days", N, "最长未处理天数", "Oldest open (days)"), _c("closed", N, "已处理", "Closed"),
        _c("upheld", N, "属实", "Upheld"), _c("explained", N, "已说明", "Explained"),
        _c("corrected", N, "已更正", "Corrected"), _c("dismissed", N, "不成立", "Dismissed"),
        _c("refused", A, "暂不计入的填报面积", "Claims not counted", "refused_m2"),
        _c("not_checked", N, "无法核对", "Not checked"),
    ), "discrepancies"),
    Section("sample", "第三方核查", "Third-party sample", (
        _c("checked", N, "抽查数", "Checked"), _c("wrong", N, "不符数", "Found wrong"),
        _c("ratio_low", R, "不符率下限（95%）", "Low end, 95 %"),
        _c("ratio_high", R, "不符率上限（95%）", "High end, 95 %"),
        _c("orders_open", N, "未结整改", "Open orders"), _c("orders_overdue", N, "逾期整改", "Overdue orders"),
    )),
    Section("awaiting_change", "已认定未变更", "Accepted, not yet registered", (
        _c("parcel", T, "图斑编号", "Parcel"), _UNIT, _c("accepted", A, "认定", "Accepted", "accepted_m2"),
        _c("registered", A, "登记", "Registered", "registered_m2"), _c("accepted_on", D, "认定日期", "Accepted on"),
        _c("days", N, "已历天数", "Days"), _c("surveyed_year", N, "最近变更调查年度", "Survey year"),
    ), "awaiting_change"),
    Section("imports", "导入批次与搁置行", "Imports and parked rows", (
        _c("on", D, "日期", "Day"), _c("kind", T, "种类", "Kind"), _c("new", N, "新增", "New"),
        _c("changed", N, "变更", "Changed"), _c("unchanged", N, "不变", "Unchanged"),
        _c("parked", N, "搁置（未计入）", "Parked, not totalled"), _c("file_sha256", T, "文件指纹", "File hash"),
        _c("entry", T, "依据记录", "Entry"),
    ), "imports"),
    Section("excluded", "剔除图斑", "Excluded parcels", (
        _c("parcel", T, "图斑编号", "Parcel"), _UNIT, _c("on", D, "日期", "Day"), _c("reason", T, "原因", "Reason"),
        _c("document", T, "文号", "Document"),
    ), "excluded"),
    Section("restated", "与上期报告的差异说明", "Differences from the last report", (
        *_LEVEL, _c("figure", W, "数据", "Figure", words="figure"),
        _c("before", A, "上期公布", "As published", "before_m2"), _c("now", A, "现知", "As known now", "now_m2"),
        _c("change", A, "差额", "Difference", "change_m2"), _c("cause", W, "原因", "Cause", words="cause"),
    ), "restated"),
    Section("edition_changes", "口径版次变更", "Editions that changed", (
        _c("table", W, "表", "Table", words="edition"), _c("before", T, "上期", "Before"), _c("now", T, "本期", "Now"),
    )),
)  # fmt: skip

SECTIONS: Mapping[str, Section] = {one.name: one for one in (FIGURES, *_CHECKS[:1], *_PLANS, *_FIELD, *_CHECKS[1:])}
"""All sections but the annex, by name, in order of the report."""
