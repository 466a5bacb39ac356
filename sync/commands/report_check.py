"""`main.py verify REPORT` and `main.py report diff A B`: check a published report offline, explain what changed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from schemas.measures import AreaUnit, from_stored, shown
from sync.central.keys import verify as verify_signature
from sync.commands.central import DATA, Database, opened
from sync.commands.report_files import bytes_of, key_in, read_report
from sync.commands.report_ledger import entries_between, steps_between
from sync.commands.say import as_json, language, out, words
from sync.ledger.report.check import check_report
from sync.ledger.report.diff import Explanation, Part, explain
from sync.ledger.report.findings import Verdict
from sync.ledger.report.sections import FIGURES, SECTIONS
from sync.ledger.report.table import Kind
from sync.ledger.report.words import WORDS

_SHOWN = 200
AsJson = Annotated[bool, typer.Option("--json", help="for a program")]


def verify(
    file: Path,
    key: Annotated[str, typer.Option(help="central's public key or its fingerprint, or a file with it")] = "",
    json: AsJson = False,
) -> None:
    """核验报告 Check a report (JSON, XLSX, HTML) offline, by the public key alone. Exit status 1 where it fails."""
    verdict = check_report(bytes_of(file), verify_signature, key_in(key) if key else None)
    if json:
        as_json(_verdict_json(verdict))
    else:
        _show_verdict(verdict)
    raise typer.Exit(0 if verdict.holds else 1)


def diff(
    first: Path,
    second: Path,
    data: Annotated[Path | None, typer.Option(help="central's data folder: causes are taken apart by the log")] = None,
    database: Database = "",
    level: Annotated[str, typer.Option(help="city, belt, district, township, unit; empty: all")] = "",
    json: AsJson = False,
) -> None:
    """Explain every difference between two reports: parcels, entries and causes, which add up to it."""
    one, other = read_report(first), read_report(second)
    steps, entries = [one.contents, other.contents], None
    if data is not None or database:
        with opened(data or DATA, database) as central, central.store.read() as connection:
            steps = list(steps_between(central, connection, one.contents, other.contents))
            entries = entries_between(connection, *sorted((one.seal.position, other.seal.position)))
    found = explain(steps, entries)
    if json:
        as_json(asdict(found))
    else:
        _show_explanation(found, level)


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    report = verdict.report
    return {
        "holds": verdict.holds,
        "container": verdict.container,
        "key_confirmed": verdict.key_confirmed,
        "hash": report.seal.hash if report else None,
        "log": report.seal.log if report else None,
        "position": report.seal.position if report else None,
        "entries_proven": len(report.proof.rows) if report else 0,
        "findings": [
            {"code": one.code.value, "zh": one.text("zh"), "en": one.text("en"), "details": dict(one.details)}
            for one in verdict.findings
        ],
    }


def _show_verdict(verdict: Verdict) -> None:
    report = verdict.report
    if report is not None:
        seal = report.seal
        out.print(
            words(
                f"报告指纹 {seal.hash}\n台账位置 {seal.position}，证明记录 {len(report.proof.rows)} 条\n"
                f"公钥指纹 {seal.log}",
                f"Hash {seal.hash}\nLog position {seal.position}, {len(report.proof.rows)} entries proven\n"
                f"Fingerprint of the key {seal.log}",
            )
        )
    for finding in verdict.findings[:_SHOWN]:
        out.print(f"[red]✗[/red] {escape(finding.text(language()))}  ({finding.code.value})")
    if len(verdict.findings) > _SHOWN:
        out.print(words(f"……另有 {len(verdict.findings) - _SHOWN} 处", f"... {len(verdict.findings) - _SHOWN} more"))
    if not verdict.holds:
        out.print(words("[red]报告不成立[/red]", "[red]The report does not hold[/red]"))
    elif verdict.key_confirmed:
        out.print(
            words("[green]报告成立，由所给公钥签发[/green]", "[green]The report holds, signed by the key given[/green]")
        )
    else:
        out.print(
            words(
                "[yellow]报告自身一致，但未核对公钥：请用 --key 给出从其他途径取得的公钥[/yellow]",
                "[yellow]The report agrees with itself; the key was not confirmed: give one obtained elsewhere with "
                "--key[/yellow]",
            )
        )


def _show_explanation(found: Explanation, level: str) -> None:
    for name, (before, now) in found.header.items():
        out.print(f"{name}: {escape(before)} → {escape(now)}")
    rows = [one for one in found.differences if level in ("", one.level)]
    if not rows and not found.sections:
        out.print(words("两份报告的数据相同", "The two reports have the same figures"))
        return
    table = Table()
    for title in (words("范围", "row"), words("数据", "figure"), words("前", "before"), words("后", "now"),
                  words("差", "change"), words("由来", "because of")):  # fmt: skip
        table.add_column(title)
    pick = 1 if language() == "en" else 0
    for one in rows[:_SHOWN]:
        column = FIGURES.columns[FIGURES.place(one.figure)]
        values = [_value(column.kind, number) for number in (one.before, one.now, one.now - one.before)]
        because = "\n".join(_part(column.kind, part, pick) for part in one.parts[:12])
        more = f"\n… +{len(one.parts) - 12}" if len(one.parts) > 12 else ""
        table.add_row(escape(f"{WORDS['level'][one.level][pick]} {one.code}"), (column.zh, column.en)[pick], *values,
                      escape(because + more))  # fmt: skip
    out.print(table)
    for change in found.sections:
        section = SECTIONS[change.section]
        out.print(f"{(section.zh, section.en)[pick]}: -{len(change.gone)} +{len(change.new)}")


def _part(kind: Kind, part: Part, pick: int) -> str:
    where = part.parcel or part.unit or ""
    named = f" [{', '.join(one[:13] for one in part.entries[:4])}]" if part.entries else ""
    return f"{_value(kind, part.change)}  {where} {WORDS['cause'][part.cause][pick]}{named}"


def _value(kind: Kind, value: int) -> str:
    return f"{shown(from_stored(value), AreaUnit.M2):,}" if kind is Kind.AREA else f"{value:,}"
