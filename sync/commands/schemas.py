"""`main.py schemas …`: the words as JSON Schemas, for whoever reads or writes entries without our code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from schemas.bodies import json_schemas
from sync.commands.say import out, words

app = typer.Typer(no_args_is_help=True, help="数据格式 JSON Schemas of all kinds of entries")


@app.command()
def export(folder: Annotated[Path, typer.Argument(help="where the files go")] = Path("docs/schemas")) -> None:
    """Write one JSON Schema a kind and version, and the envelope's."""
    folder.mkdir(parents=True, exist_ok=True)
    schemas = json_schemas()
    for name, schema in schemas.items():
        (folder / f"{name}.json").write_text(schema_text(schema), "utf-8")
    out.print(words(f"已导出 {len(schemas)} 个格式到 {folder}", f"Wrote {len(schemas)} schemas to {folder}"))


def schema_text(schema: dict[str, object]) -> str:
    """A schema as the file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
