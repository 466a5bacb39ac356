"""XML in, safely: no document type, no entities, limits on size and depth. Knows no form.

The whole text is read by expat first, with nothing but the handlers that refuse, and only then built into a tree.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from xml.parsers import expat

from schemas.errors import Code, LedgerError

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 60
XFORMS = "http://www.w3.org/2002/xforms"
XHTML = "http://www.w3.org/1999/xhtml"
JAVAROSA = "http://openrosa.org/javarosa"
ODK = "http://www.opendatakit.org/xforms"
ENTITIES = "http://www.opendatakit.org/xforms/entities"
ORX = "http://openrosa.org/xforms"

Element = ET.Element


@dataclass(frozen=True)
class Document:
    """A tree and the prefixes that its namespaces were declared with."""

    root: Element
    prefixes: dict[str, str]  # namespace -> prefix
    own: str = XFORMS  # the namespace whose names need no prefix

    def name(self, tag: str) -> str:
        """`{namespace}local` as a form's paths write it: with the prefix that the form declares for the namespace."""
        if not tag.startswith("{"):
            return tag
        namespace, _, local = tag[1:].partition("}")
        prefix = "" if namespace in (XFORMS, self.own) else self.prefixes.get(namespace, "")
        return f"{prefix}:{local}" if prefix else local


def parse(data: bytes | str) -> Document:
    """The tree of a document. Raises LedgerError(FORM_INVALID) for what is malformed, too large or has a doctype."""
    raw = data.encode() if isinstance(data, str) else data
    if len(raw) > MAX_BYTES:
        raise LedgerError(Code.FORM_INVALID, reason=f"larger than {MAX_BYTES} bytes")
    if isinstance(data, str):
        raw = _without_declaration(data).encode()
    prefixes: dict[str, str] = {}
    reader = expat.ParserCreate(namespace_separator="}")

    def declared(prefix: str | None, uri: str) -> None:
        if prefix:
            prefixes.setdefault(uri, prefix)

    def refused(*_: object) -> None:
        raise LedgerError(Code.FORM_INVALID, reason="a document type is not allowed")

    reader.StartNamespaceDeclHandler = declared
    reader.StartDoctypeDeclHandler = refused
    reader.EntityDeclHandler = refused
    try:
        reader.Parse(raw, True)
        root = ET.fromstring(raw)  # noqa: S314  # refused above: no doctype, hence no entities
    except (expat.ExpatError, ET.ParseError, ValueError) as error:
        raise LedgerError(Code.FORM_INVALID, reason=f"no well-formed XML: {error}") from error
    return Document(root, prefixes)


@lru_cache(maxsize=4096)
def local(name: str) -> str:
    """The local part of `{namespace}local`."""
    return name.rpartition("}")[2]


def tag(element: Element) -> str:
    """The local name of an element; '' of a comment or processing instruction, whose tag is no text."""
    name: object = element.tag
    return local(name) if isinstance(name, str) else ""


def namespace(element: Element) -> str:
    """The namespace of an element; '' without one."""
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """The children with one of these local names; all element children without names."""
    for child in element:
        name = tag(child)
        if (name in names) if names else name:
            yield child


def child(element: Element, name: str) -> Element | None:
    """The first child with this local name."""
    for each in element:
        if tag(each) == name:
            return each
    return None


def attribute(element: Element, name: str, namespace: str | None = None) -> str | None:
    """An attribute, trimmed; in a namespace if one is given."""
    value = element.get(f"{{{namespace}}}{name}" if namespace else name)
    return None if value is None else value.strip()


def _without_declaration(text: str) -> str:
    """A text that was decoded already must not claim another encoding."""
    stripped = text.lstrip("\ufeff")
    if stripped.startswith("<?xml"):
        return stripped[stripped.index("?>") + 2 :].lstrip() if "?>" in stripped else stripped
    return stripped
