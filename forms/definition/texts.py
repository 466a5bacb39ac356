"""Labels, hints and messages: plain text, text with outputs, or the id of a translated text with its media."""

from __future__ import annotations

import re

from forms.definition.expressions import Expressions
from forms.definition.model import Output, Text
from forms.xmldoc import Element, attribute, child, children, local

Fragments = tuple[str | Output, ...]
Texts = dict[str, dict[str, dict[str, Fragments]]]
_ITEXT = re.compile(r"\s*jr:itext\(\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)\s*\Z")
_SPACES = re.compile(r"[ \t\r\n]+")


def read_text(element: Element | None, where: str, expressions: Expressions) -> Text | None:
    """The text that a label or hint holds or refers to."""
    if element is None:
        return None
    reference = attribute(element, "ref")
    if not reference:
        return Text(fragments=fragments(element, where, expressions))
    found = text_id_of(reference)
    if found is not None:
        return Text(text_id=found)
    expressions.check(reference, where)
    return Text(reference=reference)


def text_id_of(reference: str) -> str | None:
    """The id in `jr:itext('id')`; None if it is something else."""
    found = _ITEXT.match(reference)
    return (found.group(1) or found.group(2) or "") if found else None


def message(source: str) -> Text:
    """A bind's message: literal text or jr:itext('id')."""
    found = text_id_of(source)
    return Text(text_id=found) if found is not None else Text(fragments=(source,))


def fragments(element: Element, where: str, expressions: Expressions) -> Fragments:
    """Mixed content as text and outputs; markup inside keeps only its text."""
    found: list[str | Output] = [element.text or ""]
    for each in element:
        if not isinstance(each.tag, str):
            found.append(each.tail or "")
            continue
        if local(each.tag) == "output":
            source = attribute(each, "value") or attribute(each, "ref") or ""
            if source:
                expressions.check(source, where)
                found.append(Output(source))
        else:
            found += fragments(each, where, expressions)
        found.append(each.tail or "")
    return _merged(found)


def read_translations(itext: Element | None, expressions: Expressions) -> tuple[Texts, str]:
    """All translations, and the language to begin with: the one marked default, else the first."""
    texts: Texts = {}
    default = ""
    if itext is None:
        return texts, default
    for translation in children(itext, "translation"):
        language = attribute(translation, "lang") or ""
        if attribute(translation, "default") is not None and attribute(translation, "default") != "false()":
            default = language
        entries = texts.setdefault(language, {})
        for text in children(translation, "text"):
            text_id = attribute(text, "id") or ""
            forms = entries.setdefault(text_id, {})
            for value in children(text, "value"):
                where = f"itext {text_id}"
                forms[attribute(value, "form") or ""] = fragments(value, where, expressions)
    return texts, default or next(iter(texts), "")


def label_of(element: Element, where: str, expressions: Expressions) -> Text | None:
    """The label of a control or item."""
    return read_text(child(element, "label"), where, expressions)


def _merged(found: list[str | Output]) -> Fragments:
    merged: list[str | Output] = []
    for each in found:
        if isinstance(each, str):
            each = _SPACES.sub(" ", each)
            if merged and isinstance(merged[-1], str):
                merged[-1] += each
                continue
        merged.append(each)
    if merged and isinstance(merged[0], str):
        merged[0] = merged[0].lstrip()
    if merged and isinstance(merged[-1], str):
        merged[-1] = merged[-1].rstrip()
    return tuple(each for each in merged if each != "")
