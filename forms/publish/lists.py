"""Lint of lists: files that are missing or unreadable, columns and keys that a formula asks for and no list has."""

from __future__ import annotations

from collections.abc import Mapping

from forms.definition.model import FormDefinition
from forms.device_lists import DEVICE_LISTS, fixed_keys
from forms.instances.media import file_name
from forms.instances.readers import Flat, read_file
from forms.publish.findings import Findings
from forms.publish.rules import Formula, formulas, parts
from forms.xpath.tree import Call, Path, Text
from schemas.errors import Code, LedgerError

Columns = Mapping[str, frozenset[str]]
_LAST_SAVED = "jr://instance/"
_TEXT_MEDIA = frozenset(("image", "big-image", "audio", "video"))


def needed_files(definition: FormDefinition) -> tuple[str, ...]:
    """The files that an office must put beside the form: lists that no tablet brings, and media of texts."""
    lists = {file_name(src) for src in definition.media() if not src.startswith(_LAST_SAVED)}
    return tuple(sorted((lists - {each.file for each in DEVICE_LISTS.values()}) | _text_media(definition)))


def lint_lists(definition: FormDefinition, files: Mapping[str, bytes], findings: Findings) -> None:
    """Check files, columns and keys."""
    for name in needed_files(definition):
        if name not in files:
            findings.add(Code.FORM_MEDIA_MISSING, name=name)
    columns = _columns(definition, files, findings)
    for formula in formulas(definition):
        for part in parts(formula.tree):
            if isinstance(part, Call) and part.name == "pulldata":
                _pulldata(part, formula, columns, findings)
            elif isinstance(part, Path) and isinstance(part.start, Call) and part.start.name == "instance":
                _path(part, part.start, formula, columns, findings)


def _columns(definition: FormDefinition, files: Mapping[str, bytes], findings: Findings) -> Columns:
    """The columns of each list that is known by its file; lists inside the form were checked by pyxform."""
    found: dict[str, frozenset[str]] = {}
    for source in definition.sources.values():
        name = file_name(source.src) if source.src else ""
        stem = name.rpartition(".")[0]
        if stem in DEVICE_LISTS and name == DEVICE_LISTS[stem].file:
            found[source.id] = frozenset(DEVICE_LISTS[stem].columns)
        elif name in files:
            try:
                content = read_file(name, files[name])
            except LedgerError as error:
                findings.add(Code.FORM_MEDIA_UNREADABLE, name=name, reason=str(error.details.get("reason", "")))
                continue
            if isinstance(content, Flat):
                found[source.id] = frozenset(content.columns)
    return found


def _pulldata(call: Call, formula: Formula, columns: Columns, findings: Findings) -> None:
    texts = [each.value if isinstance(each, Text) else None for each in call.arguments]
    if len(texts) != 4 or texts[0] is None:
        return
    name = texts[0]
    for column in (texts[1], texts[2]):
        _column(name, column, formula, columns, findings)
    keys = fixed_keys(name) if name in DEVICE_LISTS else None
    if keys is not None and texts[2] == "name" and texts[3] is not None and texts[3] not in keys:
        findings.add(Code.FORM_RULE_UNKNOWN, formula.where, list=name, name=texts[3])


def _path(path: Path, start: Call, formula: Formula, columns: Columns, findings: Findings) -> None:
    """`instance('x')/root/item[a = 1]/b`: the columns a and b."""
    first = start.arguments[0] if start.arguments else None
    if not isinstance(first, Text) or len(path.steps) < 2:
        return
    for step in path.steps[2:3]:
        if step.axis == "child":
            _column(first.value, step.name, formula, columns, findings)
    for predicate in path.steps[1].predicates:
        for part in parts(predicate):
            if isinstance(part, Path) and part.start is None and part.steps and part.steps[0].axis == "child":
                _column(first.value, part.steps[0].name, formula, columns, findings)


def _column(name: str, column: str | None, formula: Formula, columns: Columns, findings: Findings) -> None:
    known = columns.get(name)
    if known is not None and column is not None and column not in known:
        findings.add(Code.FORM_COLUMN_UNKNOWN, formula.where, list=name, column=column)


def _text_media(definition: FormDefinition) -> set[str]:
    found: set[str] = set()
    for texts in definition.texts.values():
        for text_id in texts:
            for form, fragments in (texts.get(text_id) or {}).items():
                if form in _TEXT_MEDIA and fragments and all(isinstance(each, str) for each in fragments):
                    found.add(file_name("".join(map(str, fragments))))
    return found
