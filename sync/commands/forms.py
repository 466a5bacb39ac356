"""`main.py forms publish FILE`: an office's spreadsheet becomes a form on every tablet of its units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from forms.publish.findings import Finding
from forms.publish.prepare import Prepared, prepare
from schemas.errors import Code, LedgerError
from sync.central.form_source import MAX_SOURCE_BYTES, FormSource, read_form
from sync.central.publishing import Published, publish
from sync.commands.central import DATA, Data, Database, caller, opened
from sync.commands.say import as_json, complain, language, out, words

app = typer.Typer(no_args_is_help=True, help="表单 forms: check and publish")
_MEDIA_ENDINGS = (".csv", ".xml", ".geojson", ".png", ".jpg", ".jpeg", ".svg", ".mp3", ".m4a", ".mp4")


@app.callback()
def forms() -> None:
    """表单 Check and publish forms."""


@app.command("publish")
def publish_command(
    file: Annotated[Path, typer.Argument(help="XLSX, Markdown XLSForm or XForm XML")],
    by: Annotated[str, typer.Option("--by", help="the district or city account that publishes")] = "",
    media: Annotated[
        Path | None, typer.Option(help="folder of its lists and pictures; else beside", exists=True, file_okay=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check it and write nothing")] = False,
    json_out: Annotated[bool, typer.Option("--json", help="findings and result as JSON")] = False,
    data: Data = DATA,
    database: Database = "",
) -> None:
    """发布 Compile, check and publish a form. Publishing the same again changes nothing."""
    if not by and not dry_run:
        raise typer.BadParameter(words("请用 --by 说明由谁发布", "say with --by who publishes"))
    prepared = examine(file, media)
    done: Published | None = None
    if prepared.form is not None and not dry_run:
        with opened(data, database) as central:
            done = publish(central, caller(central, by), prepared.form)
    if json_out:
        as_json(report(prepared, done))
    else:
        _show(prepared, done)
    if prepared.form is None:
        complain(LedgerError(Code.FORM_FINDINGS, count=sum(finding.blocks for finding in prepared.findings)))
        raise typer.Exit(1)


def examine(file: Path, media: Path | None = None) -> Prepared:
    """Compile and lint a file with what lies beside it; a file that cannot be compiled is a finding too."""
    try:
        source: FormSource = read_form(file)
    except LedgerError as error:
        row = error.details.get("row")
        return Prepared((Finding(error.code, row=row if isinstance(row, int) else None, details=error.details),), None)
    return prepare(source.xml, source.rows, _Beside(file, media))


def report(prepared: Prepared, done: Published | None) -> dict[str, Any]:
    """The outcome as a program reads it; `published` is null where nothing was to be written."""
    form = prepared.form
    return {
        "form": None if form is None else {
            "id": form.form_id, "version": form.version, "title": form.title, "ledger_kind": form.ledger_kind,
            "hash": form.hash, "media": [{"name": each.name, "sha256": each.sha256} for each in form.media],
        },
        "findings": [
            {
                "code": each.code.value, "row": each.row, "where": each.where, "blocks": each.blocks,
                "zh": each.text("zh"), "en": each.text("en"),
            }
            for each in prepared.findings
        ],
        "published": None if done is None else {"new": list(done.new), "unchanged": list(done.known)},
    }  # fmt: skip


class _Beside(Mapping[str, bytes]):
    """The files that a form may need, by name: from the folder named, from `NAME-media`, or from its own folder.

    Read when asked for: an office's folder may hold a great deal besides.
    """

    def __init__(self, file: Path, media: Path | None) -> None:
        own = file.with_name(f"{file.stem}-media")
        folder = media or (own if own.is_dir() else file.parent)
        self._paths = {
            path.name: path
            for path in sorted(folder.iterdir())
            if path.suffix.lower() in _MEDIA_ENDINGS and path.is_file() and path.stat().st_size <= MAX_SOURCE_BYTES
        }

    def __getitem__(self, name: str) -> bytes:
        return self._paths[name].read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, name: object) -> bool:
        return name in self._paths


def _show(prepared: Prepared, done: Published | None) -> None:
    if prepared.findings:
        shown = Table(words("行", "row"), words("问题", "question"), words("发现", "finding"), words("代码", "code"))
        for each in prepared.findings:
            mark = "" if each.blocks else words("（提示）", "(note) ")
            shown.add_row(str(each.row or ""), each.where, mark + each.text(language()), each.code.value)
        out.print(shown)
    form = prepared.form
    if form is None:
        return
    out.print(f"{form.title}  {form.form_id} {form.version}  {form.hash[:12]}")
    if done is None:
        out.print(words("检查通过，未写入", "It can be published; nothing was written"))
    elif done.new:
        out.print(words(f"已发布到 {len(done.new)} 个单元", f"Published to {len(done.new)} units"))
    else:
        out.print(words("已经发布过，没有变化", "Published before; nothing changed"))
