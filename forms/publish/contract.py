"""Lint of the contract: the form names what it records, and the fields that the ledger reads are there and fit."""

from __future__ import annotations

from forms.definition.model import FormDefinition, NodeKind, Seed
from forms.ledger_contract import LEDGER_KIND, LEDGER_KINDS, SHOT, Holds, LedgerField
from forms.publish.findings import Findings
from forms.publish.reach import choices_of
from schemas.errors import Code

_TYPES = {
    Holds.NUMBER: ("int", "decimal", "long"),
    Holds.DAY: ("date",),
    Holds.OUTLINE: ("geoshape",),
    Holds.CHOICE: ("choice",),
    Holds.NAMES: ("choices", "text", "choice"),
    Holds.WORDS: ("text", "choice", ""),
}


def ledger_kind(definition: FormDefinition) -> str:
    """What the form says that it records; '' where it says nothing."""
    return _text(definition.seed, LEDGER_KIND)


def lint_contract(definition: FormDefinition, findings: Findings) -> None:
    """Check the fields of the form's kind, and the roles of its photos."""
    found = ledger_kind(definition)
    fields = LEDGER_KINDS.get(found)
    if fields is None:
        findings.add(Code.FORM_LEDGER_KIND_UNKNOWN, LEDGER_KIND, kinds=", ".join(LEDGER_KINDS), found=found)
        return
    for each in fields:
        kinds = _named(definition, each.name)
        if not kinds and each.needed:
            findings.add(Code.FORM_FIELD_MISSING, field=each.name, kind=found)
        for kind in kinds:
            _check(each, kind, definition, findings)
    for kind in _named(definition, SHOT.name):
        _check(SHOT, kind, definition, findings)


def _check(wanted: LedgerField, kind: NodeKind, definition: FormDefinition, findings: Findings) -> None:
    control = definition.questions.get(kind.path)
    where = "/" + "/".join(kind.path)
    if control is None:  # calculated, or filled by the device: checked when the record is made; hidden: a constant
        said = _text(definition.seed, kind.name)
        if said and wanted.choices and said not in wanted.choices:
            _foreign(wanted, said, where, findings)
        return
    if kind.type not in _TYPES[wanted.holds]:
        shown = kind.type or control.kind
        findings.add(Code.FORM_FIELD_TYPE, where, field=wanted.name, found=shown, wanted=wanted.holds.value)
        return
    offered = choices_of(control, definition) if wanted.choices and control.kind == "select1" else None
    for value in sorted((offered or frozenset()) - frozenset(wanted.choices)):
        _foreign(wanted, value, where, findings)


def _foreign(wanted: LedgerField, value: str, where: str, findings: Findings) -> None:
    words = ", ".join(wanted.choices)
    findings.add(Code.FORM_FIELD_CHOICE, where, field=wanted.name, value=value, wanted=words)


def _named(definition: FormDefinition, name: str) -> list[NodeKind]:
    return [kind for path, kind in definition.kinds.items() if path[-1] == name and "meta" not in path[:-1]]


def _text(seed: Seed, name: str) -> str:
    if seed.kind.name == name:
        return seed.text.strip()
    return next((text for child in seed.children if (text := _text(child, name))), "")
