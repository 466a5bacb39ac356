"""What is found in a form: a code of the catalogue, where, on which row, and whether it stops the publishing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.errors import Code, Detail, LedgerError

_STEP = re.compile(r"/([^/:\s]+)(?::[\w-]+)*\Z")


@dataclass(frozen=True)
class Finding:
    """One finding. `where` is the name of a question or field, '' for the form as a whole."""

    code: Code
    where: str = ""
    row: int | None = None
    blocks: bool = True
    details: Mapping[str, Detail] = field(default_factory=dict)

    def text(self, language: str = "zh") -> str:
        """What it says, in `zh` or `en`."""
        return LedgerError(self.code, **self.details).text(language)


class Findings:
    """Collects findings; knows the row of each name."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        self._rows = rows
        self.all: list[Finding] = []

    def add(self, code: Code, where: str = "", /, *, blocks: bool = True, **details: Detail) -> None:
        """Remember a finding, once. `where` may be a path or an id of a text."""
        name = name_of(where)
        self._remember(Finding(code, name, self._rows.get(name), blocks, {"where": name or where} | details))

    def refused(self, error: LedgerError) -> None:
        """Remember why a form cannot be loaded; the error may name nodes, the first of which gives the row."""
        name = name_of(str(error.details.get("where", "")).partition(",")[0])
        self._remember(Finding(error.code, name, self._rows.get(name), True, error.details))

    def _remember(self, finding: Finding) -> None:
        if finding not in self.all:
            self.all.append(finding)

    def in_order(self) -> list[Finding]:
        """What stops the publishing first, then by row."""
        return sorted(self.all, key=lambda each: (not each.blocks, each.row or 0, each.where, each.code.value))


def name_of(where: str) -> str:
    """The name of the node in `/data/work/area` or `itext /data/work/area:label`."""
    found = _STEP.search(where.strip())
    return found.group(1) if found else where
