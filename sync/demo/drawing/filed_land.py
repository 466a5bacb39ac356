"""What offices file with outlines: parcels and their baseline, a boundary, layers, planned green, reuse, the survey."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from schemas.admin_units import Unit
from sync.demo.drawing import files
from sync.demo.drawing.accounting import survey_areas_e2
from sync.demo.drawing.calendar import LISTED, SEASONS, SURVEY_FILED, SURVEY_YEAR
from sync.demo.drawing.cells import Box
from sync.demo.drawing.faults import BOUNDED_UNIT
from sync.demo.drawing.files import SYSTEM, Filing, Ring, Row
from sync.demo.drawing.parcels import BASELINE_ON, Plot
from sync.demo.drawing.people import MARK
from sync.demo.drawing.world import World


def parcels(world: World, folder: Path) -> Filing:
    """The parcels, with their baseline parts in a second file."""
    rows, rings, parts, part_rings = [], [], [], []
    for plot in world.plots:
        rows.append(_parcel_row(plot))
        rings.append(plot.grid.ring(plot.shape))
        for part in plot.parts:
            parts.append(
                {
                    "台账编号": plot.number, "编码体系": SYSTEM, "基期地类": part.land_class,
                    "初始状态": {"cleared": "已腾退", "restored": "已还绿"}.get(part.initial_state or ""),
                    "初始地类": part.initial_class, "状态日期": _iso(part.as_of),
                    "初始状态文号": f"演清〔2020〕{plot.number}号" if part.initial_state else None,
                }
            )  # fmt: skip
            part_rings.append(plot.grid.ring(part.box))
    file, baseline = folder / "图斑.gpkg", folder / "图斑基期.gpkg"
    files.geopackage(file, rows, rings)
    files.geopackage(baseline, parts, part_rings)
    return Filing("parcel", file, LISTED, baseline=baseline)


def boundaries(world: World, folder: Path) -> Filing:
    """The boundary of one fictional unit: round its parcels, but through the one that was drawn for D06."""
    plots = [plot for plot in world.plots if plot.unit == BOUNDED_UNIT]
    crossed = next(plot for plot in plots if "D06" in _codes(world, plot))
    unit = _unit(world, BOUNDED_UNIT)
    row: Row = {
        "单元编号": unit.unit_id, "单元名称": f"{unit.name_on(LISTED)}（{MARK}）", "类型": "镇", "绿隔": "一绿",
        "所在区": "11019X", "生效日期": "2021-01-01",
    }  # fmt: skip
    file = folder / "单元边界.geojson"
    files.geojson(file, [row], [_boundary(plots, crossed)])
    return Filing("unit", file, LISTED)


def overlays(world: World, folder: Path) -> Filing:
    """Permanent farmland over the parcel drawn for D28, and beside two others."""
    rows: list[Row] = []
    rings: list[Ring] = []
    for number, plot in enumerate([p for p in world.plots if "D28" in _codes(world, p)], 1):
        rows.append(
            {
                "编号": f"YJ-{number:03d}", "日期": "2023-06-30", "实施单元": plot.unit, "图层类型": "永久基本农田",
                "编码体系": None, "规划地类": None, "名称": f"永久基本农田{number}（{MARK}）",
            }
        )  # fmt: skip
        rings.append(plot.grid.ring(Box(-4, -4, plot.grid.columns // 2, plot.grid.rows + 4)))
    file = folder / "管控图层.geojson"
    files.geojson(file, rows, rings)
    return Filing("overlay", file, LISTED)


def planned_green(world: World, folder: Path) -> Filing:
    """Planned green that is not realised yet: every 17th parcel."""
    rows: list[Row] = []
    rings: list[Ring] = []
    for plot in world.plots[::17]:
        ring = plot.grid.ring(plot.shape)
        rows.append(
            {
                "编号": f"LK-{plot.number}", "实施单元": plot.unit, "规划地类": "0810",
                "未实现原因": f"待腾退（{MARK}）", "面积（亩）": round(plot.area_m2 * 3 / 2000, 4),
            }
        )  # fmt: skip
        rings.append(ring)
    file = folder / "未实现规划绿色空间.geojson"
    files.geojson(file, rows, rings)
    return Filing("green_target", file, LISTED)


def reuse(world: World, folder: Path) -> Filing | None:
    """Approved uses of cleared land."""
    reuses = [reuse for story in world.stories for reuse in story.reuses]
    if not reuses:
        return None
    rows: list[Row] = [
        {
            "编号": one.row, "日期": one.on.isoformat(), "实施单元": one.plot.unit, "台账编号": one.plot.number,
            "编码体系": SYSTEM, "再利用地类": one.land_class, "许可文号": one.permit, "再利用类型": "公共空间",
        }
        for one in reuses
    ]  # fmt: skip
    file = folder / "再利用.gpkg"
    files.geopackage(file, rows, [one.plot.grid.ring(one.box) for one in reuses])
    return Filing("reuse", file, SEASONS[3].checked)


def survey(world: World, folder: Path) -> Filing | None:
    """The land-change survey, with an office's own column names and a mapping file for them."""
    rows: list[Row] = []
    rings: list[Ring] = []
    for story in world.stories:
        for survey in story.surveys:
            for code, area_e2 in survey_areas_e2(story, changed=survey.changed).items():
                rows.append(
                    {
                        "TZBH": story.plot.number, "DW": story.plot.unit, "ND": SURVEY_YEAR, "BZ": SYSTEM,
                        "DLBM": code, "TBMJ": area_e2 / 100, "WH": f"演变更〔2026〕1号（{MARK}）",
                    }
                )  # fmt: skip
                rings.append(story.plot.grid.ring(story.plot.shape))
    if not rows:
        return None
    file, mapping = folder / "变更调查2025.zip", folder / "变更调查字段对照.toml"
    files.zipped_shapefile(file, rows, rings)
    mapping.write_text(
        'edition = "demo-survey-1"\nkind = "survey_result"\n'
        'columns = { parcels = "TZBH", unit = "DW", year = "ND", class_system = "BZ", document = "WH" }\n',
        "utf-8",
    )
    return Filing("survey_result", file, SURVEY_FILED, mapping=mapping)


def _codes(world: World, plot: Plot) -> tuple[str, ...]:
    return next((story.notes for story in world.stories if story.plot.number == plot.number), ())


def _unit(world: World, unit_id: str) -> Unit:
    return next(unit for unit in world.units if unit.unit_id == unit_id)


def _parcel_row(plot: Plot) -> Row:
    return {
        "实施单元": plot.unit, "台账编号": plot.number, "名称": plot.name, "基期日期": BASELINE_ON.isoformat(),
        "计划减量面积（亩）": round(plot.planned_e2 / 100 * 3 / 2000, 4), "规划地类": plot.planned_class,
        "权属类型": plot.owner_type, "项目编号": plot.project, "生效日期": "2021-01-01",
        "图斑面积": round(plot.area_m2, 2),
    }  # fmt: skip


def _boundary(plots: Iterable[Plot], crossed: Plot) -> Ring:
    """A rectangle round plots, but for a bite that takes the eastern half of one of them out."""
    corners = [plot.grid.point(column, row) for plot in plots for column, row in ((-10, -10), (40, 40))]
    west, east = min(p.lon_e9 for p in corners), max(p.lon_e9 for p in corners)
    south, north = min(p.lat_e9 for p in corners), max(p.lat_e9 for p in corners)
    middle = crossed.grid.point(crossed.grid.columns / 2, 0)
    right = crossed.grid.point(crossed.grid.columns + 2, -2)
    return [
        (west, south), (east, south), (east, north), (right.lon_e9, north), (right.lon_e9, right.lat_e9),
        (middle.lon_e9, right.lat_e9), (middle.lon_e9, north), (west, north), (west, south),
    ]  # fmt: skip


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
