"""`main.py log …`: look at the central log and make it prove itself. Reads only; central may be serving meanwhile."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from schemas.entries import Checkpoint
from sync.central import pull, rows
from sync.central.verify import Verdict, verify_log
from sync.commands.central import DATA, Data, Database, opened
from sync.commands.say import as_json, out, words

app = typer.Typer(no_args_is_help=True, help="核验台账 verify and read the central log")
AsJson = Annotated[bool, typer.Option("--json", help="for a program")]


@app.command()
def verify(
    data: Data = DATA,
    database: Database = "",
    anchor: Annotated[list[Path] | None, typer.Option(help="a checkpoint that a tablet kept (JSON)")] = None,
    photos: Annotated[bool, typer.Option(help="re-hash every photo")] = True,
    json: AsJson = False,
) -> None:
    """Check every row, signature, chain, node, checkpoint and photo. Exit status 1 where anything does not fit."""
    anchors = [Checkpoint.model_validate_json(path.read_bytes()) for path in anchor or []]
    with opened(data, database) as central, central.store.read() as connection:
        folder = central.settings.photo_dir if photos else None
        verdict = verify_log(connection, central.key.public_key, folder, anchors)
    if json:
        as_json({**asdict(verdict), "holds": verdict.holds})
    else:
        show(verdict)
    raise typer.Exit(0 if verdict.holds else 1)


def show(verdict: Verdict) -> None:
    """Print a verdict for a person."""
    out.print(
        words(
            f"核验 {verdict.rows} 条记录、{verdict.checkpoints} 个检查点、{verdict.embedded} 个旁证检查点、"
            f"{verdict.photos} 张照片；树根 {verdict.root[:16]}…",
            f"Checked {verdict.rows} rows, {verdict.checkpoints} checkpoints, {verdict.embedded} witnessed ones, "
            f"{verdict.photos} photos; root {verdict.root[:16]}…",
        )
    )
    if verdict.holds:
        out.print(words("[green]台账自证成立[/green]", "[green]The log proves itself[/green]"))
        return
    table = Table("code", "where", "what")
    for finding in verdict.findings[:200]:
        table.add_row(finding.code, finding.where, finding.what)
    out.print(table)
    out.print(words(f"[red]发现 {len(verdict.findings)} 处不符[/red]", f"[red]{len(verdict.findings)} findings[/red]"))


@app.command()
def checkpoint(data: Data = DATA, database: Database = "") -> None:
    """The newest signed tree head, to keep elsewhere as an anchor."""
    with opened(data, database) as central:
        as_json(pull.latest(central, 0).checkpoint.model_dump(mode="json"))


@app.command("rows")
def list_rows(after: int = 0, limit: int = 50, data: Data = DATA, database: Database = "") -> None:
    """Rows of the log in order, a line each."""
    with opened(data, database) as central, central.store.read() as connection:
        end = rows.size(connection)
        found, more = rows.page(connection, after, end, None, min(limit, 200), 1 << 30)
    for stored in found:
        entry = stored.entry()
        verdict = stored.row.disposition.value + (f" ({stored.row.reason})" if stored.row.reason else "")
        about = " ".join(entry.about)
        out.print(f"{stored.row.seq:>7}  {entry.kind:<12} {entry.unit:<10} {entry.author:<16} {verdict}  {about}")
    if more:
        out.print(words(f"更多：--after {found[-1].row.seq}", f"More: --after {found[-1].row.seq}"))
