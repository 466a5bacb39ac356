"""A compiled form examined and, where nothing stops it, frozen: what the command does before it asks central."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forms.publish.findings import Finding
from forms.publish.frozen import freeze
from forms.publish.lint import lint
from schemas.errors import LedgerError
from schemas.register_fields import PublishedForm


@dataclass(frozen=True)
class Prepared:
    """A form that was examined: what was found, and its frozen shape unless that forbids it."""

    findings: tuple[Finding, ...]
    form: PublishedForm | None


def prepare(xml: str, rows: Mapping[str, int], files: Mapping[str, bytes]) -> Prepared:
    """Lint and freeze an XForm."""
    linted = lint(xml, rows, files)
    if linted.blocked or linted.definition is None:
        return Prepared(linted.findings, None)
    try:
        return Prepared(linted.findings, freeze(linted.definition, xml, files))
    except LedgerError as error:
        return Prepared((*linted.findings, Finding(error.code, details=error.details)), None)
