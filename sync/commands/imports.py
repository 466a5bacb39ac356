"""`main.py import FILE --kind …`: bring an office's file into the ledger; a dry run shows what would change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from schemas.errors import LedgerError
from sync.commands.central import DATA, Data, Database, caller, opened
from sync.commands.say import as_json, complain, language, out, words
from sync.imports.commit import Imported, commit_import
from sync.imports.fields import FORMS
from sync.imports.plan import ImportPlan, Request, form_of, plan_import
from sync.imports.sheet import Fault, ReadOptions

_SHOWN = 200
_STEPS = {
    "read": ("读取", "read"), "baseline": ("读取基期地类", "read the baseline"), "check": ("检查", "check"),
    "compare": ("与台账比对", "compare"), "overlaps": ("检查重叠", "look for overlaps"), "sign": ("签名", "sign"),
    "write": ("写入", "write"),
}  # fmt: skip


def import_command(
    file: Annotated[Path, typer.Argument(help="GeoPackage, GeoJSON, zipped Shapefile, XLSX or CSV", exists=True)],
    kind: Annotated[str, typer.Option(help=", ".join(FORMS))],
    by: Annotated[str, typer.Option("--by", help="the district or city account that imports")],
    mapping: Annotated[Path | None, typer.Option(help="which column is which field; else the usual headings")] = None,
    baseline: Annotated[Path | None, typer.Option(help="parcels: a second file with the baseline's parts")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would change and write nothing")] = False,
    park: Annotated[bool, typer.Option("--park", help="set rows with faults aside and import the others")] = False,
    layer: Annotated[str | None, typer.Option(help="layer or sheet, where the file has several")] = None,
    crs: Annotated[int | None, typer.Option(help="EPSG code, where the file names none")] = None,
    encoding: Annotated[str | None, typer.Option(help="utf-8 or gb18030, where it cannot be found out")] = None,
    geometry_column: Annotated[str | None, typer.Option(help="column with WKT in CSV and XLSX")] = None,
    header_row: Annotated[int, typer.Option(help="row of the headings in CSV and XLSX")] = 1,
    json_out: Annotated[bool, typer.Option("--json", help="the plan as JSON")] = False,
    data: Data = DATA,
    database: Database = "",
) -> None:
    """导入 Bring a file into the ledger: all in one transaction, or nothing. Importing it again changes nothing."""
    form = form_of(kind)
    options = ReadOptions(layer, crs, encoding, geometry_column, header_row)
    asked = Request(file, form, mapping, baseline, options, park)
    with opened(data, database) as central, _Bars() as bars:
        who = caller(central, by)
        plan = plan_import(central, who, asked, bars.told)
        done = None if dry_run or plan.blocked else commit_import(central, who, plan, bars.told)
    if json_out:
        as_json(plan_json(plan, done))
    else:
        _show(plan, done)
    if plan.blocked and not dry_run:
        try:
            plan.refuse()
        except LedgerError as error:
            complain(error)
        raise typer.Exit(1)


def plan_json(plan: ImportPlan, done: Imported | None) -> dict[str, Any]:
    """A plan as a program reads it; `imported` is null where nothing was written."""
    return {
        "kind": plan.form.name,
        "file": plan.source,
        "sha256": plan.sha256,
        "baseline_sha256": plan.baseline_sha256,
        "mapping": {"edition": plan.mapping_edition, "sha256": plan.mapping_sha256},
        "crs": plan.crs,
        "position": plan.position,
        "rows": plan.rows,
        "new": plan.new,
        "changed": [
            {"row": int(plan.drafts.rows[change.index]), "id": plan.drafts.keys[change.index], "fields": change.fields}
            for change in plan.changed
        ],
        "unchanged": plan.unchanged,
        "parked": list(plan.parked),
        "faults": _faults_json(plan.faults),
        "baseline_faults": _faults_json(plan.baseline_faults),
        "warnings": _faults_json(plan.warnings),
        "repairs": [
            {"row": repair.row, "what": repair.what, "area_before_m2": repair.area_before_m2,
             "area_after_m2": repair.area_after_m2}
            for repair in plan.repairs
        ],
        "blocked": plan.blocked,
        "imported": None if done is None else {"entries": done.entries, "size": done.size},
    }  # fmt: skip


def _faults_json(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [
        {"code": fault.code.value, "row": fault.row, "column": fault.column, "text": fault.text(language())}
        for fault in faults
    ]


def _show(plan: ImportPlan, done: Imported | None) -> None:
    counts = Table(title=f"{plan.source}  {plan.sha256[:12]}  {plan.form.name}  {plan.mapping_edition}")
    for zh, en in (("行", "rows"), ("新增", "new"), ("变更", "changed"), ("不变", "unchanged"), ("搁置", "parked")):
        counts.add_column(words(zh, en), justify="right")
    numbers = (plan.rows, plan.new, len(plan.changed), plan.unchanged, len(plan.parked))
    counts.add_row(*(f"{number:,}" for number in numbers))
    out.print(counts)
    if plan.changed:
        _show_changes(plan)
    _show_faults(words("问题", "faults"), plan.faults)
    _show_faults(words("基期地类文件的问题", "faults of the baseline file"), plan.baseline_faults)
    _show_faults(words("提示", "notes"), plan.warnings)
    for repair in plan.repairs[:_SHOWN]:
        areas = f"{repair.area_before_m2:.2f} → {repair.area_after_m2:.2f} m²"
        out.print(words(f"第 {repair.row} 行图形已修复：", f"row {repair.row} repaired: ") + f"{repair.what}; {areas}")
    if done is not None:
        en = f"{done.entries} entries imported; the log has {done.size}"
        out.print(words(f"已导入 {done.entries} 条，台账共 {done.size} 条", en))
    elif not plan.blocked:
        out.print(words("未写入", "Nothing was written"))


def _show_changes(plan: ImportPlan) -> None:
    shown = Table(words("行", "row"), words("编号", "id"), words("变更字段", "fields"), title=words("变更", "changed"))
    for change in plan.changed[:_SHOWN]:
        row, key = str(plan.drafts.rows[change.index]), plan.drafts.keys[change.index]
        shown.add_row(row, key, ", ".join(change.fields))
    out.print(shown)


def _show_faults(title: str, faults: Sequence[Fault]) -> None:
    if not faults:
        return
    shown = Table(words("行", "row"), words("列", "column"), words("问题", "what"), words("代码", "code"), title=title)
    for fault in faults[:_SHOWN]:
        shown.add_row(str(fault.row or ""), fault.column or "", fault.text(language()), fault.code.value)
    out.print(shown)
    if len(faults) > _SHOWN:
        out.print(words(f"……共 {len(faults)} 处，用 --json 列全", f"… {len(faults)} in all; --json lists them"))


class _Bars:
    """Progress on the error stream, a bar a step; nothing where nobody watches."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def told(self, step: str, done: int, total: int) -> None:
        """Move the bar of a step."""
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(words(*_STEPS.get(step, (step, step))), total=total)
        self._progress.update(self._tasks[step], completed=done, total=total)
