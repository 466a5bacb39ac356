"""What people are told: discrepancies (差异) with scope and title, and the reasons of a return (退回) or a rejection.

Facts only: a title says what was seen or does not fit, never that somebody did wrong (ledger rules §6). What an open
discrepancy stops is its scope (§5); how each is found stands in `sync/ledger`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.codes import Discrepancy, DiscrepancyScope, ReviewOutcome, Severity
from schemas.errors import Code, LedgerError
from schemas.reference import Row, Table, load


class DiscrepancyKind(Row):
    """One code: what it stops while open, and what it is called."""

    code: Discrepancy
    name: str
    scope: DiscrepancyScope
    severity: Severity
    zh: str
    en: str

    @model_validator(mode="after")
    def _severity_follows_scope(self) -> Self:
        if (self.severity is Severity.BLOCKS) != (self.scope is not DiscrepancyScope.NOTHING):
            raise ValueError(f"{self.code}: blocks exactly where its scope stops something")
        return self


class Discrepancies(Table):
    """All discrepancy codes of one edition."""

    rows: tuple[DiscrepancyKind, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if [row.code for row in self.rows] != list(Discrepancy):
            raise ValueError("one row for each code, in order")
        return self

    def of(self, code: Discrepancy) -> DiscrepancyKind:
        """The row of `code`."""
        return self._by_code[code]

    def with_scope(self, scope: DiscrepancyScope) -> frozenset[Discrepancy]:
        """The codes that stop `scope` while they are open."""
        return frozenset(row.code for row in self.rows if row.scope is scope)

    @cached_property
    def _by_code(self) -> Mapping[Discrepancy, DiscrepancyKind]:
        return {row.code: row for row in self.rows}


class ReviewReason(Row):
    """A reason that a reviewer picks. `fields` are the parts to correct: paths in an inspection's body or envelope."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{2,39}$")]
    outcomes: Annotated[tuple[ReviewOutcome, ...], Field(min_length=1)]
    zh: str
    en: str
    fields: tuple[str, ...]
    discrepancy: Discrepancy | None = None
    needs_text: bool = False


class ReviewReasons(Table):
    """The reasons of one edition."""

    rows: tuple[ReviewReason, ...]

    def find(self, code: str) -> ReviewReason:
        """The reason of this code. Raises LedgerError(CODE_UNKNOWN)."""
        if code not in self._by_code:
            raise LedgerError(Code.CODE_UNKNOWN, code=code[:40])
        return self._by_code[code]

    def for_outcome(self, outcome: ReviewOutcome) -> tuple[ReviewReason, ...]:
        """The reasons that may be given for `outcome`, in the order in which they are offered."""
        return tuple(row for row in self.rows if outcome in row.outcomes)

    @cached_property
    def _by_code(self) -> Mapping[str, ReviewReason]:
        return {row.code: row for row in self.rows}


def discrepancies(edition: str | None = None) -> Discrepancies:
    """The discrepancy codes of `edition`, the newest unless named. Raises LedgerError(EDITION_UNKNOWN)."""
    return load(Discrepancies, "discrepancies", edition)


def review_reasons(edition: str | None = None) -> ReviewReasons:
    """The review reasons of `edition`, the newest unless named. Raises LedgerError(EDITION_UNKNOWN)."""
    return load(ReviewReasons, "review_reasons", edition)
