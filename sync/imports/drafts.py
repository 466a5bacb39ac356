"""Rows that could become entries: their bodies as canonical JSON text, column by column, one body of each kind.

No typed body is made per row: every field was checked by its own annotation when its cell was read. A sample of the
bodies goes through `check_body` all the same, so that a template that drifts from its model is found at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schemas.bodies import check_body
from schemas.canonical import canonical
from schemas.entries import Kind
from schemas.errors import Code, LedgerError
from sync.imports import cells
from sync.imports.cells import joined
from sync.imports.fields import PARCEL_BASELINE, UNIT, Form
from sync.imports.outlines import Outlines, outline_texts
from sync.imports.table import Table

_SAMPLE = 500


@dataclass(frozen=True)
class Drafts:
    """Rows alongside each other: row number in the file, key, unit, about and body as canonical JSON text, outline."""

    form: Form
    rows: NDArray[np.int64]
    keys: list[str]
    units: list[str]
    about: list[str]
    bodies: list[str]
    outlines: Outlines

    def chosen(self, keep: NDArray[np.bool_]) -> Drafts:
        """Only the rows that `keep` marks."""
        if bool(keep.all()):
            return self
        marks = keep.tolist()

        def some(values: list[str]) -> list[str]:
            return [value for value, kept in zip(values, marks, strict=True) if kept]

        return replace(
            self, rows=self.rows[keep], keys=some(self.keys), units=some(self.units), about=some(self.about),
            bodies=some(self.bodies), outlines=self.outlines[keep],
        )  # fmt: skip


def drafted(form: Form, table: Table, baselines: Sequence[str] | None = None) -> Drafts:
    """The drafts of a table; `baselines` are the JSON lists of parts, by row, where they come from a second file."""
    columns = dict(table.columns)
    outlines = table.outlines
    rows = table.rows
    if form.kind is Kind.SURVEY_RESULT:
        columns, rows, outlines = _grouped(form, columns, rows, outlines)
    if form.kind is Kind.PARCEL:
        columns["baseline"] = list(baselines) if baselines is not None else _own_part(columns)
        for name in PARCEL_BASELINE:
            columns.pop(name, None)
    about = _about(form, columns)
    named = columns.get(UNIT, columns.get("unit_id", []))
    names = {text: json.loads(text) or "" for text in set(named)}
    units = [names[text] for text in named]
    keys = [",".join(values) for values in zip(*(columns[name] for name in form.key), strict=True)]
    said = {name: column for name, column in columns.items() if not name.startswith("@")}
    outline = outline_texts(outlines) if form.outline is not None else [cells.NULL] * len(rows)
    bodies = _register(form, said, outline) if form.kind is Kind.REGISTER else _plain(form, said, outline)
    return Drafts(form, rows, keys, units, about, bodies, outlines)


def check_sample(drafts: Drafts) -> None:
    """Hold some bodies against their models. Raises BODY_INVALID, which means that a template here is wrong."""
    step = max(1, len(drafts.bodies) // _SAMPLE)
    for text in drafts.bodies[::step]:
        body = json.loads(text)
        check_body(drafts.form.kind, 1, body)
        if canonical(body) != text.encode():
            raise LedgerError(Code.BODY_INVALID, where="$: not in canonical form")


def part_texts(columns: dict[str, list[str]], outlines: list[str]) -> list[str]:
    """Baseline parts as JSON text."""
    names = [*PARCEL_BASELINE, "geometry"]
    return joined(names, [*(columns[name] for name in PARCEL_BASELINE), outlines])


def _own_part(columns: dict[str, list[str]]) -> list[str]:
    """The parcel's own class as its only part, which is the whole parcel."""
    parts = part_texts(columns, [cells.NULL] * len(columns["class_code"]))
    return [f"[{part}]" for part in parts]


def _plain(form: Form, said: dict[str, list[str]], outline: list[str]) -> list[str]:
    if form.outline is not None:
        said["geometry"] = outline
    return joined(list(said), list(said.values()))


def _register(form: Form, said: dict[str, list[str]], outline: list[str]) -> list[str]:
    common = {"row": said.pop("row"), "on": said.pop("on"), "geometry": outline}
    common["fields"] = joined(list(said), list(said.values()))
    common["subtype"] = [cells.encoded(form.subtype)] * len(outline)
    return joined(list(common), list(common.values()))


def _about(form: Form, columns: dict[str, list[str]]) -> list[str]:
    """The entry's `about`: the subjects in the form's fields, a list's items one by one."""
    if not form.about:
        return ["[]"] * len(next(iter(columns.values())))
    values = columns[form.about[0]]
    return [text if text.startswith("[") else "[]" if text == cells.NULL else f"[{text}]" for text in values]


def _grouped(
    form: Form, columns: dict[str, list[str]], rows: NDArray[np.int64], outlines: Outlines
) -> tuple[dict[str, list[str]], NDArray[np.int64], Outlines]:
    """Survey rows of one parcel, year and document as one, with its areas by class in the order of the file."""
    names = ("class_system", "class_code", "area_e2")
    areas = joined(names, [columns.pop(name) for name in names])
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, key in enumerate(zip(*columns.values(), strict=True)):
        groups.setdefault(key, []).append(index)
    firsts = np.array([members[0] for members in groups.values()], dtype=np.intp)
    made = {name: [column[index] for index in firsts] for name, column in columns.items()}
    made["areas"] = [f"[{','.join(areas[index] for index in members)}]" for members in groups.values()]
    return made, rows[firsts], outlines[firsts]
