"""What an import would do, as one object: new, changed, unchanged and parked rows at one log position."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import Code, LedgerError
from sync.imports.drafts import Drafts
from sync.imports.fields import Form
from sync.imports.sheet import Fault, ReadOptions, Repair

Progress = Callable[[str, int, int], None]
"""Told of a step by name, how much of it is done, and of how much."""


def quiet(_step: str, _done: int, _total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for: a file, what it is, and how to read it."""

    file: Path
    form: Form
    mapping: Path | None = None
    baseline: Path | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    park: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A row that the ledger has otherwise: what it supersedes, and the fields that differ."""

    index: int
    supersedes: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class ImportPlan:
    """What would happen. `drafts` are the rows to append, new and changed; `parked` are row numbers, per file."""

    form: Form
    source: str
    sha256: str
    bytes: int
    baseline_sha256: str | None
    mapping_edition: str
    mapping_sha256: str
    crs: int | None
    position: int
    """Log position (rows) that it was compared with."""
    rows: int
    drafts: Drafts
    changed: tuple[Change, ...]
    unchanged: int
    parked: tuple[int, ...]
    faults: tuple[Fault, ...]
    baseline_faults: tuple[Fault, ...]
    repairs: tuple[Repair, ...]
    warnings: tuple[Fault, ...]
    park: bool

    @property
    def new(self) -> int:
        """How many rows the ledger does not have yet."""
        return len(self.drafts.rows) - len(self.changed)

    @property
    def blocked(self) -> bool:
        """Whether faults stop it: one of the file as a whole, or one of a row where rows are not to be parked."""
        every = (*self.faults, *self.baseline_faults)
        return any(fault.row is None for fault in every) or (bool(every) and not self.park)

    def refuse(self) -> None:
        """Raise LedgerError(IMPORT_FAULTS) where faults stop the import."""
        if self.blocked:
            every = (*self.faults, *self.baseline_faults)
            raise LedgerError(Code.IMPORT_FAULTS, faults=len(every), rows=len(self.parked))
