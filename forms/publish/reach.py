"""Lint of reach: questions that are never asked, and comparisons with choices that are not offered.

A question is out of reach when it is not relevant at the beginning and nothing that its condition reads can ever
change: constants, fields that nobody fills, questions that are out of reach themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forms.definition.expressions import ref
from forms.definition.model import Control, FormDefinition
from forms.entry import FormEntry, Surroundings
from forms.instances.media import media_of
from forms.ledger_contract import HEADING, LEDGER_KIND
from forms.publish.findings import Findings
from forms.publish.rules import Formula, controls, formulas, parts
from forms.xpath.indexed import generic_path
from forms.xpath.scope import Names, Scope
from forms.xpath.tree import Binary, Call, Expr, Path, Text
from schemas.errors import Code, LedgerError

_CHANGING = frozenset(("today", "now", "random", "uuid", "instance", "pulldata", "once"))


def lint_reach(definition: FormDefinition, files: Mapping[str, bytes], findings: Findings) -> None:
    """Check that every question can be asked."""
    gone = _out_of_reach(definition, files)
    for path in definition.questions:
        above = next((path[:depth] for depth in range(1, len(path) + 1) if path[:depth] in gone), None)
        if above is not None:
            findings.add(Code.FORM_QUESTION_UNREACHABLE, ref(path), name=path[-1], reason=gone[above])


def lint_choices(definition: FormDefinition, findings: Findings) -> None:
    """Check every word that a formula compares with the answer of a question whose choices stand in the form.

    It stops the publishing where a question needs that word to appear; elsewhere it may be meant (`= 'NaN'`).
    """
    offered = {
        control.path: words
        for control in controls(definition)
        if control.kind in ("select1", "select", "rank") and (words := choices_of(control, definition)) is not None
    }
    for formula in formulas(definition):
        needed = _conjuncts(formula.tree) if formula.kind == "relevant" else []
        for part in parts(formula.tree):
            for asked, word in _compared(part):
                path = _path_of(asked, formula, definition)
                known = offered.get(path) if path is not None else None
                if known is not None and path is not None and word not in known:
                    blocks = any(part is each for each in needed) and not _is_unequal(part)
                    findings.add(Code.FORM_CHOICE_UNKNOWN, formula.where, name=path[-1], value=word, blocks=blocks)


def choices_of(control: Control, definition: FormDefinition) -> frozenset[str] | None:
    """The values that a question offers; None where they come from a file."""
    if control.itemset is None:
        return frozenset(item.value for item in control.items)
    for name, source in definition.sources.items():
        starts = (f"instance('{name}')", f'instance("{name}")', f"randomize(instance('{name}')")
        if source.src or not control.itemset.nodes.source.strip().startswith(starts):
            continue
        rows = [item for root in _kids(source.rows) for item in _kids(root)]
        return frozenset(cell.xval for row in rows for cell in row.kids.get(control.itemset.value, ()))
    return None


def _out_of_reach(definition: FormDefinition, files: Mapping[str, bytes]) -> dict[Names, str]:
    """The nodes that can never be relevant, and why."""
    conditions = {
        vertex.path: vertex.expression for vertex in definition.vertices if vertex.kind == "relevant"
    }  # fmt: skip
    gone = {path: "false()" for path, kind in definition.kinds.items() if not kind.relevant}
    if not conditions:
        return gone
    entry = FormEntry.begin(definition, Surroundings(media=media_of(files)))
    silent = _silent(definition)
    while True:
        more = {
            path: condition.source.strip()
            for path, condition in conditions.items()
            if path not in gone
            and not _CHANGING & condition.functions
            and all(_is_fixed(read, silent, gone) for read in condition.reads)
            and not _is_relevant(entry, path)
        }
        if not more:
            return gone
        gone |= more


def _silent(definition: FormDefinition) -> frozenset[Names]:
    """The values that nothing ever sets: no question, calculation, action, preload, or device."""
    written = {vertex.path for vertex in definition.vertices if vertex.kind == "calculate"}
    written |= set(definition.questions)
    written |= {action.target for action in definition.actions}
    written |= {action.target for control in controls(definition) for action in control.actions}
    return frozenset(
        path
        for path, kind in definition.kinds.items()
        if path not in written and not kind.preload and kind.name not in (HEADING, LEDGER_KIND)
        and not definition.shape.children(path)
    )  # fmt: skip


def _is_fixed(path: Names, silent: frozenset[Names], gone: Mapping[Names, str]) -> bool:
    return path in silent or any(path[:depth] in gone for depth in range(1, len(path) + 1))


def _is_relevant(entry: FormEntry, path: Names) -> bool:
    """Whether a node is relevant now; a repeat without instances counts as reachable."""
    try:
        return entry.is_relevant(ref(path))
    except LedgerError:
        return True


def _conjuncts(tree: Expr) -> list[Expr]:
    """What must hold all together."""
    if isinstance(tree, Binary) and tree.operator == "and":
        return _conjuncts(tree.left) + _conjuncts(tree.right)
    return [tree]


def _is_unequal(part: Expr) -> bool:
    return isinstance(part, Binary) and part.operator == "!="


def _compared(part: Expr) -> list[tuple[Path, str]]:
    """The questions and the words that they are compared with, in one part of a formula."""
    if isinstance(part, Binary) and part.operator in ("=", "!="):
        pairs: list[tuple[Expr, Expr]] = [(part.left, part.right), (part.right, part.left)]
    elif isinstance(part, Call) and part.name in ("selected", "jr:selected") and len(part.arguments) == 2:
        pairs = [(part.arguments[0], part.arguments[1])]
    else:
        return []
    return [(a, b.value) for a, b in pairs if isinstance(a, Path) and isinstance(b, Text) and b.value]


def _path_of(path: Path, formula: Formula, definition: FormDefinition) -> Names | None:
    return generic_path(path, Scope.of(definition.shape, formula.path, definition.main_id))


def _kids(row: Any) -> list[Any]:
    return [each for alike in row.kids.values() for each in alike]
