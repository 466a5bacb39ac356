"""What a check of a report found: a code of the catalogue with its details, and the verdict over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.errors import Code, Detail, LedgerError
from sync.ledger.report.sealed import Report


@dataclass(frozen=True)
class Finding:
    """Something that does not hold."""

    code: Code
    details: Mapping[str, Detail]

    def text(self, language: str = "zh") -> str:
        """The catalogue's sentence in `zh` or `en`."""
        return LedgerError(self.code, **self.details).text(language)


@dataclass(frozen=True)
class Verdict:
    """The result. `report` is None where no document could be read; `key_confirmed`: the key is one that the reader
    named, else the file only agrees with itself."""

    container: str
    report: Report | None
    findings: tuple[Finding, ...]
    key_confirmed: bool

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
