"""What offices file as lists: structures, projects, targets, milestones, facilities, quotas and the rest.

Rows with something wrong in them (D21, D22, D30) belong to fictional units.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

from schemas.admin_units import Unit
from sync.demo.drawing import files
from sync.demo.drawing.calendar import LISTED
from sync.demo.drawing.files import SYSTEM, Filing, Row
from sync.demo.drawing.parcels import Plot
from sync.demo.drawing.people import MARK
from sync.demo.drawing.world import World

QUOTA_FILED = date(2026, 7, 14)
GREEN_UNIT = "DEMO-BY"
"""The fictional unit that takes more green than it adds (D22)."""
QUOTA_UNIT = "DEMO-SQ"
"""The fictional unit that uses a quota before it has earned it (D21)."""
GAP_DISTRICT = "11019X"
"""The fictional district whose targets do not add up (D30)."""
YEARS = (2024, 2025, 2026)
_FACILITIES = {
    "COMPREHENSIVE_SERVICE": "综合服务", "BASIC_EDUCATION": "基础教育", "HEALTH": "医疗卫生",
    "SOCIAL_WELFARE": "社会福利", "CULTURE": "文化", "SPORT": "体育",
    "LOCAL_COMMERCE": "便民商业",
    "POST_AND_LOGISTICS": "邮政物流",
    "TRANSPORT": "交通出行", "UTILITIES": "市政保障", "PARKS_AND_GREEN": "公园绿地", "PUBLIC_SAFETY": "公共安全",
}  # fmt: skip


def structures(world: World, folder: Path) -> Filing:
    """Structures to be taken down, in GB18030."""
    rows: list[Row] = []
    known: set[str] = set()
    for story in world.stories:
        for visit in story.visits:
            for structure in visit.structures:
                if structure not in known:
                    known.add(structure)
                    rows.append(_structure_row(story.plot, structure, visit.floor_area_e2))
    file = folder / "建构筑物.csv"
    files.delimited(file, rows, "gb18030")
    return Filing("structure", file, LISTED)


def projects(world: World, folder: Path) -> Filing:
    """Projects with their parcels."""
    parcels: dict[str, list[Plot]] = defaultdict(list)
    for plot in world.plots:
        parcels[plot.project].append(plot)
    rows: list[Row] = [
        {
            "项目编号": project, "实施单元": plots[0].unit,
            "项目名称": f"{plots[0].unit_name}减量腾退项目{project[-1]}（{MARK}）",
            "图斑编号": "、".join(plot.number for plot in plots), "阶段": "三年行动计划2024-2026",
            "完成期限": "2026-12-31",
        }
        for project, plots in sorted(parcels.items())
    ]  # fmt: skip
    file = folder / "减量腾退项目库.xlsx"
    files.workbook(file, "项目库", rows)
    return Filing("project", file, LISTED)


def targets(world: World, folder: Path) -> Filing:
    """Targets of units add up to those of their district, but for the fictional one (D30); two years each."""
    rows: list[Row] = []
    districts: dict[str, list[Unit]] = defaultdict(list)
    for unit in world.units:
        districts[unit.lead_district].append(unit)
    for year in YEARS:
        for district, units in sorted(districts.items()):
            for unit in units:
                rows.append(_target_row(unit.unit_id, year, 3.5, district))
            gap = 0.4 if district == GAP_DISTRICT and year == YEARS[-1] else 0.0
            rows.append(_target_row(district, year, 3.5 * len(units) + gap, None))
    file = folder / "减量目标.xlsx"
    files.workbook(file, "减量目标", rows)
    return Filing("target", file, LISTED)


def milestones(world: World, folder: Path) -> Filing:
    """Steps of the three-year plan."""
    rows: list[Row] = []
    for unit in world.units:
        for number, due in enumerate((date(2024, 12, 31), date(2025, 12, 31), date(2026, 12, 31)), 1):
            rows.append(
                {
                    "编号": f"JD-{unit.unit_id}-{number}", "日期": "2024-01-10", "实施单元": unit.unit_id,
                    "项目编号": None, "节点": f"第{number}年拆除腾退（{MARK}）", "计划日期": due.isoformat(),
                    "完成日期": None, "阶段": "三年行动计划2024-2026",
                }
            )  # fmt: skip
    file = folder / "计划节点.xlsx"
    files.workbook(file, "计划节点", rows)
    return Filing("milestone", file, LISTED)


def facilities(world: World, folder: Path) -> Filing:
    """Facilities that inspectors visit."""
    rows: list[Row] = [
        {
            "编号": visit.facility[0], "日期": "2023-12-31", "实施单元": visit.unit, "设施名称": f"设施（{MARK}）",
            "设施类别": _FACILITIES[visit.facility[1].value], "设施状态": None,
        }
        for visit in world.visits
        if visit.facility is not None
    ]  # fmt: skip
    file = folder / "公共服务设施.csv"
    files.delimited(file, rows)
    return Filing("facility", file, LISTED)


def villages(world: World, folder: Path) -> Filing:
    """A village a unit, with its services."""
    rows: list[Row] = []
    for number, unit in enumerate(world.units):
        services = "医疗卫生、文化" if number % 3 else "医疗卫生（流动）"
        rows.append(
            {
                "编号": f"C-{unit.unit_id}-1", "日期": "2023-12-31", "实施单元": unit.unit_id,
                "村名": f"{unit.name_on(LISTED)}演示村（{MARK}）", "服务": services,
            }
        )  # fmt: skip
    file = folder / "村庄.xlsx"
    files.workbook(file, "村庄", rows)
    return Filing("village", file, LISTED)


def parks(world: World, folder: Path) -> Filing:
    """A park a unit, some of them on reclaimed water."""
    rows: list[Row] = [
        {
            "编号": f"GY-{unit.unit_id}", "日期": "2023-12-31", "实施单元": unit.unit_id,
            "公园名称": f"{unit.name_on(LISTED)}演示公园（{MARK}）", "公园类型": "郊野公园",
            "面积（公顷）": 1.2 + number % 5, "具备再生水条件": "是" if number % 2 else "否",
            "已用再生水": "是" if number % 4 == 1 else "否",
        }
        for number, unit in enumerate(world.units)
    ]  # fmt: skip
    file = folder / "公园.csv"
    files.delimited(file, rows, "gb18030")
    return Filing("park", file, LISTED)


def quotas(world: World, folder: Path) -> Filing:
    """Steps whose condition is met, and one that was used before its own was (D21)."""
    earned = [plot for plot in world.plots if plot.unit == QUOTA_UNIT]
    rows: list[Row] = [
        {
            "指标编号": f"ZB-{QUOTA_UNIT}", "实施单元": QUOTA_UNIT, "步骤": 1, "用地面积": 3_000.0,
            "已用面积": 2_500.0, "释放条件": f"核验减量达到 5 公顷（{MARK}）",
            "须拆除面积": 50_000.0,
            "挂钩图斑": "、".join(plot.number for plot in earned[:8]),
        }
    ]  # fmt: skip
    file = folder / "周转指标.xlsx"
    files.workbook(file, "周转指标", rows)
    return Filing("new_build_quota", file, QUOTA_FILED)


def green_taken(world: World, folder: Path) -> Filing:
    """Green space taken, more than was added (D22)."""
    rows: list[Row] = [
        {
            "编号": "ZL-001", "日期": "2026-06-15", "实施单元": GREEN_UNIT,
            "占用面积": 60_000.0, "编码体系": SYSTEM, "地类编码": "0301", "文号": f"演占〔2026〕1号（{MARK}）",
        }
    ]  # fmt: skip
    file = folder / "占用绿地.csv"
    files.delimited(file, rows)
    return Filing("green_taken", file, QUOTA_FILED)


def transfers(world: World, folder: Path) -> Filing:
    """An agreement between two units."""
    rows: list[Row] = [
        {
            "编号": "TJ-001", "日期": "2026-05-20", "实施单元": "DEMO-LS", "转出单元": "DEMO-LS",
            "转入单元": "DEMO-HJ", "指标": "净减量", "年度": 2026, "面积": 4_000.0,
            "协议文号": f"演调〔2026〕1号（{MARK}）",
        }
    ]  # fmt: skip
    file = folder / "跨单元调剂.csv"
    files.delimited(file, rows, "gb18030")
    return Filing("transfer", file, QUOTA_FILED)


def exclusions(world: World, folder: Path) -> Filing:
    """Parcels taken out of their project."""
    idle = [story.plot for story in world.stories if not story.visits and not story.notes][:12]
    rows: list[Row] = [
        {
            "编号": f"TC-{number:03d}", "日期": "2026-07-01", "实施单元": plot.unit, "台账编号": plot.number,
            "剔除原因": f"转为保留（{MARK}）", "文号": f"演剔〔2026〕{number}号",
        }
        for number, plot in enumerate(idle, 1)
    ]  # fmt: skip
    file = folder / "剔除.csv"
    files.delimited(file, rows)
    return Filing("exclusion", file, QUOTA_FILED)


def satisfaction(world: World, folder: Path) -> Filing:
    """Scores of a survey, apart from all areas."""
    rows: list[Row] = [
        {
            "编号": f"MY-{unit.unit_id}", "日期": "2026-06-30", "实施单元": unit.unit_id, "得分": 80 + number % 17,
            "调查名称": f"群众满意度（{MARK}）", "年度": 2026,
        }
        for number, unit in enumerate(world.units)
    ]  # fmt: skip
    file = folder / "群众满意度.csv"
    files.delimited(file, rows)
    return Filing("satisfaction", file, QUOTA_FILED)


def _structure_row(plot: Plot, structure: str, floor_area_e2: int) -> Row:
    return {
        "编号": structure, "日期": "2023-11-30", "实施单元": plot.unit, "建筑类别": f"厂房（{MARK}）",
        "存量新增": "存量", "拆除类型": "拆迁腾退", "建筑面积": f"{floor_area_e2 / 100:.2f}", "占地面积": None,
        "发现日期": "2021-03-01",
        "权属类型": plot.owner_type, "图斑编号": plot.number,
    }  # fmt: skip


def _target_row(unit: str, year: int, hectares: float, parent: str | None) -> Row:
    return {
        "实施单元": unit, "指标": "核验减量", "年度": year, "目标值（公顷）": round(hectares, 4), "上级单元": parent,
        "阶段": "三年行动计划2024-2026",
    }  # fmt: skip
