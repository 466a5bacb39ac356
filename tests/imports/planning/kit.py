"""Files as an office would send them, made small: CSV with WKT, one line a row, and an import of it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from sync.central.central import Caller, Central
from sync.imports.commit import Imported, commit_import
from sync.imports.plan import ImportPlan, Request, form_of, plan_import
from sync.imports.sheet import ReadOptions

Row = Mapping[str, object]
STEP_DEG = 0.001


def square(east: float = 0, north: float = 0, size: float = 1) -> str:
    """A WKT square in Beijing; one step is about 85 m by 111 m, so it has about 9,500 m²."""
    west, south = 116.4 + east * STEP_DEG, 39.9 + north * STEP_DEG
    right, top = west + size * STEP_DEG, south + size * STEP_DEG
    return f"POLYGON(({west} {south},{right} {south},{right} {top},{west} {top},{west} {south}))"


def parcel(number: str = "LS-1", east: float = 0, **changed: object) -> dict[str, object]:
    """A parcel's row under the usual headings."""
    return {
        "台账编号": number, "名称": "一号地", "实施单元": "DEMO-LS", "基期日期": "2017-12-31", "编码体系": "三调",
        "基期地类": "0601", "计划面积": "", "规划地类": "0301", "权属类型": "集体", "项目编号": "PR-1",
        "生效日期": "2018-01-01", "失效日期": "", "面积": "", "wkt": square(east), **changed,
    }  # fmt: skip


def write(folder: Path, rows: Sequence[Row], name: str = "rows.csv") -> Path:
    """The rows as CSV."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def request(
    path: Path, kind: str = "parcel", *, mapping: Path | None = None, baseline: Path | None = None, park: bool = False
) -> Request:
    """What a person would ask for."""
    return Request(path, form_of(kind), mapping, baseline, ReadOptions(crs=4490), park)


def planned(central: Central, who: Caller, path: Path, kind: str = "parcel", **more: object) -> ImportPlan:
    """The plan of a file."""
    return plan_import(central, who, request(path, kind, **more))  # type: ignore[arg-type]


def imported(central: Central, who: Caller, path: Path, kind: str = "parcel", **more: object) -> Imported:
    """Import a file."""
    return commit_import(central, who, planned(central, who, path, kind, **more))


def codes(plan: ImportPlan) -> set[tuple[str, int | None, str | None]]:
    """Every fault by code, row and column."""
    return {(fault.code.value, fault.row, fault.column) for fault in plan.faults}
