"""The main instance: its nodes, its repeats with their templates, the text that each node begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forms.definition.model import NodeKind, Seed
from forms.definition.shape import InstanceShape
from forms.xmldoc import JAVAROSA, MAX_DEPTH, Document, Element, children
from forms.xpath.scope import Names
from schemas.errors import Code, LedgerError

_TEMPLATE = f"{{{JAVAROSA}}}template"


@dataclass(frozen=True)
class Raw:
    """An instance element with the names that paths use."""

    name: str
    text: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Raw, ...]
    template: bool


def read_raw(element: Element, document: Document, depth: int = 0) -> Raw:
    """The element and everything below it."""
    if depth > MAX_DEPTH:
        raise LedgerError(Code.FORM_INVALID, reason="the instance is nested too deeply")
    below = tuple(read_raw(child, document, depth + 1) for child in children(element))
    attributes = tuple((document.name(key), value) for key, value in element.attrib.items() if key != _TEMPLATE)
    text = "" if below else (element.text or "").strip()
    return Raw(document.name(str(element.tag)), text, attributes, below, _TEMPLATE in element.attrib)


def read_shape(root: Raw, repeats: frozenset[Names]) -> InstanceShape:
    """The generic tree of the instance."""
    shape = InstanceShape(repeats)

    def visit(raw: Raw, path: Names) -> None:
        shape.add(path)
        for name, _ in raw.attributes:
            shape.add((*path, f"@{name}"))
        for child in raw.children:
            visit(child, (*path, child.name))

    visit(root, (root.name,))
    return shape


def build_seed(raw: Raw, path: Names, kinds: Mapping[Names, NodeKind]) -> Seed:
    """The instance as it begins: templates set aside, made from the first instance where the form has none."""
    names = tuple(dict.fromkeys(child.name for child in raw.children))
    below: list[Seed] = []
    templates: dict[str, Seed] = {}
    for name in names:
        here = (*path, name)
        of_name = [child for child in raw.children if child.name == name]
        if kinds[here].repeat:
            explicit = next((child for child in of_name if child.template), None)
            pattern = explicit or _trimmed(of_name[0], here, kinds)
            templates[name] = build_seed(pattern, here, kinds)
        below += [build_seed(child, here, kinds) for child in of_name if not child.template]
    attributes = tuple(Seed(kinds[(*path, f"@{name}")], value) for name, value in raw.attributes)
    return Seed(kinds[path], raw.text, tuple(below), attributes, templates, names)


def _trimmed(raw: Raw, path: Names, kinds: Mapping[Names, NodeKind]) -> Raw:
    """An instance as a template: the repeats inside it keep their structure but begin without instances."""
    below = []
    seen = set()
    for child in raw.children:
        here = (*path, child.name)
        if kinds[here].repeat:
            if child.name not in seen:
                trimmed = _trimmed(child, here, kinds)
                below.append(Raw(child.name, child.text, trimmed.attributes, trimmed.children, True))
            seen.add(child.name)
        else:
            below.append(_trimmed(child, here, kinds))
    return Raw(raw.name, raw.text, raw.attributes, tuple(below), raw.template)
