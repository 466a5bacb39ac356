"""`main.py scenario FILE`: a small file of parcels and records, folded by the rules, with what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from schemas.errors import Code, LedgerError
from sync.commands.say import as_json, language, out, words
from sync.ledger.scenario import figures_json, read_scenario, scenario_findings

app = typer.Typer()


@app.command()
def scenario(
    file: Annotated[Path, typer.Argument(help="JSON; the format is in tests/cases/land/README.md")],
    json: Annotated[bool, typer.Option("--json", help="for a program")] = False,
) -> None:
    """Land scenario: the figures of each parcel and the discrepancies, by the ledger rules."""
    read = read_scenario(_readable(file))
    parcels, discrepancies = figures_json(read), scenario_findings(read)
    if json:
        as_json({"parcels": parcels, "discrepancies": discrepancies})
        return
    _show_parcels(parcels)
    _show_discrepancies(discrepancies)


def _readable(file: Path) -> Path:
    try:
        with file.open("rb"):
            return file
    except OSError as error:
        raise LedgerError(Code.VALUE_INVALID, reason=f"{file.name}: {error.strerror}") from error


def _show_parcels(parcels: dict[str, Any]) -> None:
    table = Table(title=words("图斑（平方米）", "Parcels (m²)"))
    table.add_column(words("图斑", "parcel"))
    shown = {
        "parcel_m2": words("面积", "area"),
        "verified_m2": words("已核验", "verified"),
        "pending_m2": words("待还绿", "pending"),
        "held_m2": words("暂扣", "held"),
        "contested_m2": words("有争议", "contested"),
    }
    for title in shown.values():
        table.add_column(title, justify="right")
    for parcel, figures in parcels.items():
        table.add_row(parcel, *(f"{figures[name]:,.2f}" for name in shown))
    out.print(table)


def _show_discrepancies(discrepancies: list[dict[str, Any]]) -> None:
    if not discrepancies:
        out.print(words("没有差异", "No discrepancies"))
        return
    table = Table(title=words("差异", "Discrepancies"))
    table.add_column(words("代码", "code"))
    table.add_column(words("说明", "what"))
    for one in discrepancies:
        table.add_row(one["code"], one[language()])
    out.print(table)
