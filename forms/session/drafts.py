"""Answers back into a form: a draft of our own, or a submission from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forms.session.nodes import Alike, Node, grow
from forms.session.repeats import read_texts
from forms.xmldoc import Document, Element, children, namespace, parse
from schemas.errors import Code, LedgerError

if TYPE_CHECKING:
    from forms.session.state import State


@dataclass(frozen=True)
class Draft:
    """A form that is not finished: its answers as XML, the place and the language where it was left."""

    form_id: str
    version: str
    xml: str
    at: str = ""
    language: str = ""


def load_answers(state: State, draft: Draft) -> None:
    """Replace the answers of a fresh state. Raises LedgerError(FORM_DRAFT_FOREIGN) for another form's."""
    document = parse(draft.xml)
    document = replace(document, own=namespace(document.root))
    root = document.root
    form = root.get("id") or state.definition.id
    if document.name(str(root.tag)) != state.root.name or form != state.definition.id:
        raise LedgerError(Code.FORM_DRAFT_FOREIGN, draft=form, form=state.definition.id)
    _fill(state.root, root, document)
    state.find_slots()
    read_texts(state, state.root)
    if draft.language in state.definition.languages:
        state.language = draft.language


def _fill(node: Node, element: Element, document: Document) -> None:
    for key, value in element.attrib.items():
        attribute = node.attributes.get(document.name(key))
        if attribute is not None:
            attribute.text = value
    if node.is_leaf:
        node.text = element.text or ""
        return
    found: dict[str, list[Element]] = {}
    for child in children(element):
        found.setdefault(document.name(str(child.tag)), []).append(child)
    for name in node.kids:
        saved = found.get(name, [])
        if name in node.templates:
            node.kids[name] = Alike()
            for _ in saved:
                node.kids[name].grow(grow(node.templates[name], node))
        for kid, child in zip(node.kids[name], saved, strict=False):
            _fill(kid, child, document)
