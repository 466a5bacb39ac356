"""A sheet as data: what a writer of XLSX or HTML prints, and what a checker expects to find."""

from __future__ import annotations

from dataclasses import dataclass

from sync.ledger.report.show import Shown


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's headings; `width` in characters of a spreadsheet."""

    zh: str
    en: str
    width: int
    number: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet. `fixed` columns stay in sight; `emphasised` rows print bold; `note` stands under the title."""

    id: str
    zh: str
    en: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Shown, ...], ...]
    total: tuple[Shown, ...] | None = None
    fixed: int = 1
    note: tuple[str, str] | None = None
    emphasised: frozenset[int] = frozenset()

    @property
    def every_row(self) -> tuple[tuple[Shown, ...], ...]:
        """The rows and, last, the total."""
        return self.rows if self.total is None else (*self.rows, self.total)
