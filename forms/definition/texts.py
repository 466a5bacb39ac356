"""Labels, hints and messages: plain text, text with outputs, or the id of a translated text with its media."""

from __future__ import annotations

import re
from collections.abc import Iterator

from forms.definition.expressions import Expressions
from forms.definition.model import Output, Text
from forms.xmldoc import Element, attribute, child, children, tag

Fragments = tuple[str | Output, ...]
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


def fragments(element: Element, where: str, expressions: Expressions | None) -> Fragments:
    """Mixed content as text and outputs; markup inside keeps only its text. Faults are noted in `expressions`."""
    if not len(element):
        text = _SPACES.sub(" ", element.text or "").strip(" ")
        return (text,) if text else ()
    found: list[str | Output] = [element.text or ""]
    for each in element:
        if tag(each) == "output":
            source = attribute(each, "value") or attribute(each, "ref") or ""
            if source:
                if expressions is not None:
                    expressions.check(source, where)
                found.append(Output(source))
        elif tag(each):
            found += fragments(each, where, expressions)
        found.append(each.tail or "")
    return _merged(found)


class Translation:
    """The texts of one language. They stay XML until somebody reads them: a form has thousands and shows few."""

    def __init__(self, elements: dict[str, Element]) -> None:
        self._elements = elements
        self._read: dict[str, dict[str, Fragments]] = {}

    def __contains__(self, text_id: str) -> bool:
        return text_id in self._elements

    def __iter__(self) -> Iterator[str]:
        return iter(self._elements)

    def get(self, text_id: str) -> dict[str, Fragments] | None:
        """The forms of a text ('' is the plain one; long, short, image … beside it); None if there is no such text."""
        found = self._read.get(text_id)
        if found is None and text_id in self._elements:
            values = children(self._elements[text_id], "value")
            found = {attribute(value, "form") or "": fragments(value, text_id, None) for value in values}
            self._read[text_id] = found
        return found


Texts = dict[str, Translation]


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
        elements = {text.get("id", ""): text for text in translation}
        for text_id, text in elements.items():
            for value in text:
                if len(value):
                    fragments(value, f"itext {text_id}", expressions)
        texts[language] = Translation(elements)
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
