"""May this entry count? The rules that turn an appended entry into an accepted or a refused one.

A refusal is a stored answer with a code, never a loss: the entry stays in the log and its author sees why. Who may
author what at all stands in `schemas/roles.py`; here are the limits that depend on the entry itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from schemas.bodies import GapClosed, Resolution, check_body
from schemas.entries import Entry, Kind
from schemas.errors import Code, LedgerError
from schemas.ids import CENTRAL_DEVICE, is_entry_id
from schemas.roles import CENTRAL_ONLY, Role, may_author
from sync.central.rows import DeviceRow

_IN_THREAD = frozenset({Kind.INSPECTION, Kind.REVIEW, Kind.WITHDRAWAL, Kind.RESOLUTION})


@dataclass(frozen=True)
class Author:
    """The account that signed, with the units that it reaches now."""

    account: str
    role: Role
    units: frozenset[str]
    disabled: bool


class Log(Protocol):
    """What admission asks of the log; entries accepted earlier in the same batch included."""

    def accepted(self, entry_id: str) -> Entry | None:
        """The accepted entry with this id."""

    def device(self, device: str) -> DeviceRow | None:
        """Where a device stands."""

    def has_closed_gap(self, device: str) -> bool:
        """Whether numbers of this device were closed as lost, so that what it builds on may be missing."""

    def signed_by_log(self, entry: Entry) -> bool:
        """Whether the checkpoint that the entry embeds was signed by this log's key."""


def refusal(entry: Entry, author: Author | None, log: Log) -> str | None:
    """The code of the reason why `entry` does not count, or None where it does."""
    try:
        check(entry, author, log)
    except LedgerError as error:
        return error.code.value
    return None


def check(entry: Entry, author: Author | None, log: Log) -> None:
    """Raises the LedgerError that says why `entry` does not count."""
    body = check_body(entry.kind, entry.schema_, entry.body)
    kind = Kind(entry.kind)
    _require(author is not None and not author.disabled, Code.ACCOUNT_DISABLED)
    assert author is not None  # noqa: S101  # for the type checker; the line above raised
    _require(entry.device == CENTRAL_DEVICE or (kind not in CENTRAL_ONLY and entry.auth is None), Code.ROLE_NOT_ALLOWED)
    _require(may_author(author.role, kind), Code.ROLE_NOT_ALLOWED)
    _require(entry.unit in author.units, Code.UNIT_FOREIGN)
    _require(entry.checkpoint is None or log.signed_by_log(entry), Code.CHECKPOINT_FORGED)
    _require(log.accepted(entry.id) is None, Code.ID_REUSED)
    before = _predecessor(entry, author, log)
    further = _CHECKS.get(kind)
    if further is not None:
        further(_Case(entry, body, author, before, log))


@dataclass(frozen=True)
class _Case:
    entry: Entry
    body: object
    author: Author
    before: Entry | None
    log: Log

    def subject(self) -> Entry:
        """The accepted entry that this one decides on, within the author's units."""
        about = self.entry.about
        found = self.log.accepted(about[0]) if len(about) == 1 and is_entry_id(about[0]) else None
        if found is None:
            raise LedgerError(Code.SUBJECT_UNKNOWN)
        _require(found.unit == self.entry.unit, Code.UNIT_FOREIGN)
        return found


def _predecessor(entry: Entry, author: Author, log: Log) -> Entry | None:
    """What the entry supersedes: it must be in the log, in reach and of a thread (I7), or lost with a closed number."""
    if entry.supersedes is None:
        return None
    before = log.accepted(entry.supersedes)
    if before is None:
        _require(log.has_closed_gap(entry.device), Code.SUPERSEDES_UNKNOWN)
        return None
    _require(before.unit in author.units, Code.UNIT_FOREIGN)
    if entry.kind in _IN_THREAD:
        _require(before.kind in _IN_THREAD, Code.SUPERSEDES_UNKNOWN)
    return before


def _check_inspection(case: _Case) -> None:
    if case.before is not None:
        _require(case.before.unit == case.entry.unit, Code.UNIT_FOREIGN)


def _check_review(case: _Case) -> None:
    subject = case.subject()
    _require(subject.kind == Kind.INSPECTION, Code.SUBJECT_UNKNOWN)
    _require(case.entry.supersedes is not None, Code.SUPERSEDES_UNKNOWN)
    _require(subject.author != case.author.account, Code.SELF_REVIEW)


def _check_withdrawal(case: _Case) -> None:
    subject = case.subject()
    _require(case.entry.supersedes is not None, Code.SUPERSEDES_UNKNOWN)
    own = subject.author == case.author.account
    _require(own or case.author.role in (Role.SUPERVISOR, Role.DISTRICT), Code.ROLE_NOT_ALLOWED)
    # Only the district's resolution ends an adverse move (ledger rules §2).
    _require(not _is_adverse(subject), Code.ADVERSE_NOT_WITHDRAWABLE)


def _check_resolution(case: _Case) -> None:
    body = case.body
    for head in [case.entry.supersedes, *(body.set_aside if isinstance(body, Resolution) else [])]:
        touched = case.log.accepted(head) if head else None
        if touched is None:
            continue
        _require(touched.unit in case.author.units, Code.UNIT_FOREIGN)
        _require(touched.author != case.author.account, Code.SELF_REVIEW)


def _check_gap(case: _Case) -> None:
    body = case.body
    assert isinstance(body, GapClosed)  # noqa: S101  # by the table below
    device = case.log.device(body.device)
    if device is None or device.device == CENTRAL_DEVICE:
        raise LedgerError(Code.DEVICE_UNKNOWN, device=body.device)
    _require(device.unit in case.author.units, Code.UNIT_FOREIGN)
    _require(body.device != case.entry.device, Code.SELF_REVIEW)
    if body.first != device.high_water + 1 or body.last < body.first or body.last - body.first > _LONGEST_GAP:
        raise LedgerError(Code.SEQUENCE_GAP, expected=device.high_water + 1)


_LONGEST_GAP = 100_000
_CHECKS: Mapping[Kind, Callable[[_Case], None]] = {
    Kind.INSPECTION: _check_inspection,
    Kind.REVIEW: _check_review,
    Kind.WITHDRAWAL: _check_withdrawal,
    Kind.RESOLUTION: _check_resolution,
    Kind.GAP_CLOSED: _check_gap,
}


def _is_adverse(subject: Entry) -> bool:
    facts = subject.body.get("facts")
    if not isinstance(facts, dict):
        return False
    return facts.get("type") == "new_build_sighting" or facts.get("outcome") == "failed"


def _require(holds: bool, code: Code) -> None:
    if not holds:
        raise LedgerError(code)
