"""The sentences of findings, by code and variant; `{name}` is filled from the finding's figures, m² to 0.01."""

# ruff: noqa: E501 - a sentence stays on its line; Chinese characters count double

from __future__ import annotations

from dataclasses import dataclass

from schemas.codes import Discrepancy

D = Discrepancy


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages."""

    zh: str
    en: str


SENTENCES: dict[tuple[Discrepancy, str], Sentence] = {
    (D.D01, "demolished"): Sentence(
        "图斑 {parcels} 去除重复查看后填报拆除占地 {claimed_m2} 平方米，大于基准或计划面积 {limit_m2} 平方米（容差 {tolerance_m2}）。",
        "On parcel {parcels} {claimed_m2} m² of demolished ground are claimed (repeat visits once), above the baseline or planned"
        " {limit_m2} m² (tolerance {tolerance_m2}).",
    ),
    (D.D01, "cleared"): Sentence(
        "图斑 {parcels} 去除重复查看后填报腾退占地 {claimed_m2} 平方米，大于基准或计划面积 {limit_m2} 平方米（容差 {tolerance_m2}）。",
        "On parcel {parcels} {claimed_m2} m² of cleared land are claimed (repeat visits once), above the baseline or planned"
        " {limit_m2} m² (tolerance {tolerance_m2}).",
    ),
    (D.D01, "restored"): Sentence(
        "图斑 {parcels} 去除重复查看后填报还绿面积 {claimed_m2} 平方米，大于基准或计划面积 {limit_m2} 平方米（容差 {tolerance_m2}）。",
        "On parcel {parcels} {claimed_m2} m² of re-greened land are claimed (repeat visits once), above the baseline or planned"
        " {limit_m2} m² (tolerance {tolerance_m2}).",
    ),
    (D.D02, ""): Sentence(
        "图斑 {parcels} 上记录 {later} 与较早的申报重叠 {overlap_m2} 平方米（交并比 {overlap_percent}%），"
        "面积计入 {credit_unit} 的记录 {credit_to}。",
        "On parcel {parcels} record {later} overlaps earlier claims by {overlap_m2} m² (IoU {overlap_percent} %);"
        " the credit stays with record {credit_to} of {credit_unit}.",
    ),
    (D.D03, ""): Sentence(
        "记录 {entries} 填报 {claimed_m2} 平方米，图形面积 {measured_m2} 平方米，相差超出容差 {tolerance_m2} 平方米。",
        "Record {entries} enters {claimed_m2} m², its outline has {measured_m2} m²: they differ by more than the"
        " tolerance of {tolerance_m2} m².",
    ),
    (D.D03, "ledger"): Sentence(
        "记录 {entries} 填报 {claimed_m2} 平方米（图形 {measured_m2}），大于所列图斑的台账面积 {ledger_m2} 平方米"
        "（容差 {tolerance_m2}）。",
        "Record {entries} enters {claimed_m2} m² (outline {measured_m2}), more than the {ledger_m2} m² of its parcels"
        " in the ledger (tolerance {tolerance_m2}).",
    ),
    (D.D04, ""): Sentence(
        "记录 {entries} 的范围 {footprint_m2} 平方米中有 {outside_m2} 平方米（{outside_percent}%）在所列图斑 {parcels} 之外。",
        "Of the {footprint_m2} m² outlined by record {entries}, {outside_m2} m² ({outside_percent} %) lie outside its"
        " parcels {parcels}.",
    ),
    (D.D05, ""): Sentence(
        "记录 {entries} 的范围（{footprint_m2} 平方米）下没有台账图斑，可建议补录。",
        "No parcel of the ledger lies under record {entries} ({footprint_m2} m²); one can be proposed.",
    ),
    (D.D05, "sighting"): Sentence(
        "疑似新增建设 {entries}（{footprint_m2} 平方米）中有 {outside_m2} 平方米不在任何台账图斑内，计入图斑外新增，可建议补录。",
        "Of the possible new building {entries} ({footprint_m2} m²) {outside_m2} m² lie on no parcel of the ledger and"
        " count as new outside it; a parcel can be proposed.",
    ),
    (D.D06, "unit"): Sentence(
        "记录 {entries} 的范围 {footprint_m2} 平方米中有 {outside_m2} 平方米（{outside_percent}%）在填报单元 {units} 之外。",
        "Of the {footprint_m2} m² outlined by record {entries}, {outside_m2} m² ({outside_percent} %) lie outside its"
        " unit {units}.",
    ),
    (D.D06, "belt"): Sentence(
        "记录 {entries} 的范围 {footprint_m2} 平方米中有 {outside_m2} 平方米（{outside_percent}%）在单元 {units} 所属绿隔之外。",
        "Of the {footprint_m2} m² outlined by record {entries}, {outside_m2} m² ({outside_percent} %) lie outside the"
        " belt of unit {units}.",
    ),
    (D.D06, "no_boundary"): Sentence(
        "未核查：单元 {units} 没有边界，无法判断范围是否超出单元。",
        "Not checked: unit {units} has no boundary, so whether outlines lie inside it is not known.",
    ),
    (D.D11B, "after"): Sentence(
        "记录 {entries} 的观测时间 {observed} 晚于中心收到的时间 {received}。",
        "Record {entries} says it was observed at {observed}, after central received it at {received}.",
    ),
    (D.D11B, "before"): Sentence(
        "记录 {entries} 的观测时间 {observed} 早于设备此前已见检查点的时间 {known}。",
        "Record {entries} says it was observed at {observed}, before the checkpoint of {known} that its device had"
        " already seen.",
    ),
    (D.D12, ""): Sentence(
        "记录 {entries} 在图斑 {parcels} 上有 {area_m2} 平方米与此前状态（{state}）的工序顺序不符。",
        "On {area_m2} m² of parcel {parcels} record {entries} does not follow from the state before ({state}).",
    ),
    (D.D13, "hashes"): Sentence(
        "记录 {entries} 所列的 {listed} 张照片尚未全部到齐。",
        "Of the {listed} photos that record {entries} lists, not all have arrived.",
    ),
    (D.D13, ""): Sentence(
        "记录 {entries} 缺少规定照片：{missing}。",
        "Record {entries} lacks required photos: {missing}.",
    ),
    (D.D13, "one_side"): Sentence(
        "记录 {entries} 的全景照片方向相差不足 {apart_degrees} 度，应从两侧拍摄。",
        "The wide photos of record {entries} look the same way: two must differ by {apart_degrees} degrees.",
    ),
    (D.D13, "no_heading"): Sentence(
        "未核查：记录 {entries} 的全景照片缺少方位角和位置，无法判断拍摄方向是否分开。",
        "Not checked: wide photos of record {entries} have neither heading nor position, so whether they were taken"
        " from different sides is not known.",
    ),
    (D.D16, ""): Sentence(
        "记录 {entries} 在图斑 {parcels} 上恢复为地类 {land_class} 的 {area_m2} 平方米不计入减量。",
        "On parcel {parcels} {area_m2} m² restored to class {land_class} by record {entries} reduce nothing.",
    ),
    (D.D16, "changed"): Sentence(
        "记录 {entries} 在图斑 {parcels} 上有 {area_m2} 平方米的恢复地类改为 {land_class}，与此前不同。",
        "On parcel {parcels} record {entries} changes the restored class of {area_m2} m² to {land_class}.",
    ),
    (D.D17, ""): Sentence(
        "图斑 {parcels} 的基准地类（{classes}）不是城乡建设用地，只计拆除，不计减量。",
        "The baseline of parcel {parcels} ({classes}) holds no urban-rural construction land: demolition only, no"
        " reduction.",
    ),
    (D.D17, "none"): Sentence(
        "图斑 {parcels} 没有基准地类，不计减量。",
        "Parcel {parcels} has no baseline class, so nothing on it reduces.",
    ),
    (D.D18, ""): Sentence(
        "记录 {entries} 在图斑 {parcels} 已腾退的土地上见到建设或堆土迹象 {area_m2} 平方米（疑似回潮，界限 {threshold_m2}）。",
        "Record {entries} saw signs of building or rubble on {area_m2} m² of cleared land of parcel {parcels} (possible"
        " relapse; threshold {threshold_m2} m²).",
    ),
    (D.D18, "small"): Sentence(
        "记录 {entries} 在图斑 {parcels} 已腾退的土地上见到建设或堆土迹象 {area_m2} 平方米，未超过 {threshold_m2} 平方米的界限。",
        "Record {entries} saw signs of building or rubble on {area_m2} m² of cleared land of parcel {parcels}, not above"
        " the threshold of {threshold_m2} m².",
    ),
    (D.D19, ""): Sentence(
        "图斑 {parcels} 有 {area_m2} 平方米腾退后 {days} 天未还绿，超过 {limit_days} 天。",
        "{area_m2} m² of parcel {parcels} were cleared {days} days ago and not restored; the limit is {limit_days} days.",
    ),
    (D.D19, "notice"): Sentence(
        "提示：图斑 {parcels} 有 {area_m2} 平方米腾退后 {days} 天未还绿，满 {limit_days} 天将列为差异。",
        "Notice: {area_m2} m² of parcel {parcels} were cleared {days} days ago and not restored; after {limit_days} days"
        " this becomes a discrepancy.",
    ),
    (D.D19, "unknown_day"): Sentence(
        "未核查：图斑 {parcels} 有台账启用前腾退的土地，腾退日期不详，无法计算天数。",
        "Not checked: parcel {parcels} has land cleared before the ledger on a day that is not known.",
    ),
    (D.D20, "failed"): Sentence(
        "记录 {entries} 复查图斑 {parcels} 上已还绿的 {area_m2} 平方米，未达到成活要求。",
        "Record {entries} found {area_m2} m² of restored land of parcel {parcels} below the survival required.",
    ),
    (D.D20, "early"): Sentence(
        "记录 {entries} 的检查距种植未满 {waiting_days} 天，按完工记，不计已还绿。",
        "Record {entries} was checked less than {waiting_days} days after planting: it counts as works done, not as"
        " restored.",
    ),
    (D.D20, "survival"): Sentence(
        "记录 {entries} 填报成活率 {survival_percent}%，低于 {required_percent}%，却填为通过。",
        "Record {entries} enters a survival of {survival_percent} %, below {required_percent} %, as passed.",
    ),
    (D.D21, ""): Sentence(
        "建新指标 {quota} 第 {step} 步已用 {used_m2} 平方米，所挂钩图斑已核验的拆旧为 {verified_m2} 平方米。",
        "Step {step} of new-build quota {quota} has used {used_m2} m²; the verified demolition linked to it is"
        " {verified_m2} m².",
    ),
    (D.D21, "released"): Sentence(
        "建新指标 {quota} 第 {step} 步已用 {used_m2} 平方米，超过该步释放的 {land_m2} 平方米。",
        "Step {step} of new-build quota {quota} has used {used_m2} m², more than the {land_m2} m² released.",
    ),
    (D.D21, "condition"): Sentence(
        "建新指标 {quota} 第 {step} 步要求先核验拆旧 {condition_m2} 平方米，现为 {verified_m2} 平方米，该步已用 {used_m2} 平方米。",
        "Step {step} of new-build quota {quota} needs {condition_m2} m² of verified demolition first, there are"
        " {verified_m2} m², and {used_m2} m² are used.",
    ),
    (D.D22, ""): Sentence(
        "单元 {units} 在 {period} 占用绿地 {taken_m2} 平方米，增绿 {added_m2} 平方米，相差 {balance_m2} 平方米。",
        "In {period} unit {units} took {taken_m2} m² of green space and added {added_m2} m²: a balance of"
        " {balance_m2} m².",
    ),
    (D.D23, ""): Sentence(
        "图斑 {parcels} 的同一轮验收中，{person} 经办了{stages}。",
        "In one acceptance cycle of parcel {parcels}, {person} acted in several stages: {stages}.",
    ),
    (D.D25, ""): Sentence(
        "{person} 的两次巡查 {entries} 相距 {distance_m} 米、间隔 {seconds} 秒，超过每小时 {limit_kmh} 公里的行程。",
        "Two visits of {person}, {entries}, lie {distance_m} m and {seconds} s apart: more than {limit_kmh} km/h allow.",
    ),
    (D.D26, ""): Sentence(
        "同一记录有 {versions} 个版本或互不知晓的处理（{entries}），需要选定其一，选定前均不计入。",
        "One record has {versions} versions or decisions that did not know of each other ({entries}); until a person"
        " chooses, none counts.",
    ),
    (D.D27, ""): Sentence(
        "图斑 {parcels} 认定 {accepted_m2} 平方米，{year} 年变更调查中非建设用地为 {survey_m2} 平方米。",
        "Parcel {parcels} has {accepted_m2} m² accepted; the survey of {year} found {survey_m2} m² that is not"
        " construction land.",
    ),
    (D.D27, "class"): Sentence(
        "图斑 {parcels} 的认定地类（{accepted_classes}）与 {year} 年变更调查地类（{survey_classes}）不同，面积不受影响。",
        "On parcel {parcels} the accepted classes ({accepted_classes}) differ from those of the survey of {year}"
        " ({survey_classes}); the area stands.",
    ),
    (D.D28, "permanent_farmland"): Sentence(
        "记录 {entries} 在图斑 {parcels} 的永久基本农田范围内恢复为地类 {land_class}，{area_m2} 平方米，方向不符。",
        "Record {entries} restores {area_m2} m² of parcel {parcels} inside permanent farmland to class {land_class}.",
    ),
    (D.D28, "ecological_redline"): Sentence(
        "记录 {entries} 在图斑 {parcels} 的生态保护红线范围内恢复为地类 {land_class}，{area_m2} 平方米，方向不符。",
        "Record {entries} restores {area_m2} m² of parcel {parcels} inside the ecological red line to class"
        " {land_class}.",
    ),
    (D.D28, "plan_class"): Sentence(
        "记录 {entries} 在图斑 {parcels} 上恢复为地类 {land_class}，{area_m2} 平方米，规划图层为 {planned_class}。",
        "Record {entries} restores {area_m2} m² of parcel {parcels} to class {land_class}; the plan layer says"
        " {planned_class}.",
    ),
    (D.D28, "planned"): Sentence(
        "记录 {entries} 在图斑 {parcels} 上恢复为地类 {land_class}，{area_m2} 平方米，台账规划地类为 {planned_class}。",
        "Record {entries} restores {area_m2} m² of parcel {parcels} to class {land_class}; the ledger plans"
        " {planned_class}.",
    ),
    (D.D28, "permanent_farmland_built"): Sentence(
        "记录 {entries} 所见建设或利用有 {area_m2} 平方米在图斑 {parcels} 的永久基本农田范围内。",
        "{area_m2} m² of the building or reuse of record {entries} lie inside permanent farmland on parcel {parcels}.",
    ),
    (D.D28, "ecological_redline_built"): Sentence(
        "记录 {entries} 所见建设或利用有 {area_m2} 平方米在图斑 {parcels} 的生态保护红线范围内。",
        "{area_m2} m² of the building or reuse of record {entries} lie inside the ecological red line on parcel"
        " {parcels}.",
    ),
    (D.D28, "protection_zone_built"): Sentence(
        "记录 {entries} 所见建设或利用有 {area_m2} 平方米在图斑 {parcels} 的防护区范围内。",
        "{area_m2} m² of the building or reuse of record {entries} lie inside a protection zone on parcel {parcels}.",
    ),
    (D.D29, "above"): Sentence(
        "记录 {entries} 填报 {claimed_m2} 平方米，约为图形面积 {measured_m2} 平方米的 {factor} 倍，疑似亩、公顷、平方米写错。",
        "Record {entries} enters {claimed_m2} m², about {factor} times the {measured_m2} m² of its outline: it looks"
        " like a slip of mu, ha and m².",
    ),
    (D.D29, "below"): Sentence(
        "记录 {entries} 填报 {claimed_m2} 平方米，约为图形面积 {measured_m2} 平方米的 {factor} 分之一，疑似亩、公顷、平方米写错。",
        "Record {entries} enters {claimed_m2} m², about one part in {factor} of the {measured_m2} m² of its outline: it"
        " looks like a slip of mu, ha and m².",
    ),
    (D.D30, ""): Sentence(
        "{units} 的 {year} 年{measure}目标为 {parent_m2} 平方米，下级之和为 {children_m2} 平方米，缺口 {gap_m2} 平方米。",
        "The target of {units} for {measure} in {year} is {parent_m2} m²; those below add up to {children_m2} m², a gap"
        " of {gap_m2} m².",
    ),
    (D.D31, ""): Sentence(
        "记录 {entries} 的范围（{footprint_m2} 平方米）来源为{area_source}，属暂定，待测绘或影像成果替代。",
        "The outline of record {entries} ({footprint_m2} m²) is {area_source}: provisional until a survey or imagery"
        " replaces it.",
    ),
}
"""By code and variant; a test makes each one and fails where one is missing."""

WORDS: dict[str, tuple[str, str]] = {
    "?": ("不详", "unknown"),
    "baseline": ("未拆", "baseline"),
    "demolished": ("已拆未清", "demolished"),
    "cleared": ("已腾退", "cleared"),
    "restored": ("已还绿", "restored"),
    "built": ("新增建设", "built"),
    "reused": ("已利用", "reused"),
    "DRAWN": ("手绘", "drawn"),
    "GNSS_WALK": ("步行测量", "walked with GNSS"),
    "LEDGER": ("台账", "from the ledger"),
    "SURVEYED": ("测绘", "surveyed"),
    "IMAGERY": ("影像", "from imagery"),
    "BEFORE_WIDE": ("拆前全景", "wide view before"),
    "BEFORE_NEAR": ("拆前近景", "near view before"),
    "AFTER_WIDE": ("拆后全景", "wide view after"),
    "AFTER_GROUND": ("拆后地面近景", "ground surface after"),
    "GROUND_PROOF": ("地面硬化层破除证明", "proof of the broken ground"),
    "PLANTS_AND_SOIL": ("苗木与土壤近景", "plants and soil"),
    "SURVIVAL_PLOT": ("成活样地", "survival plot"),
    "WIDE": ("全景", "wide view"),
    "NEAR": ("近景", "near view"),
    "FACILITY_FRONT": ("设施正面", "front of the facility"),
    "FACILITY_DETAIL": ("设施细部", "detail of the facility"),
    "inspector": ("巡查", "inspection"),
    "reviewer": ("审核", "review"),
    "first_check": ("初验", "first check"),
    "acceptance": ("验收认定", "acceptance"),
    "demolished_floor_area": ("拆除建筑面积", "demolished floor area"),
    "cleared_land": ("腾退占地", "cleared land"),
    "regreened_land": ("还绿面积", "re-greened land"),
    "net_reduction": ("净减量", "net reduction"),
    "verified_reduction": ("已核验减量", "verified reduction"),
}
"""Words in figures that both languages say in their own way."""
