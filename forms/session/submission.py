"""The answers as XForm submission XML: nodes that are not relevant left out, form id, version and entities kept."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from forms.session.codecs import legal
from forms.session.nodes import Node

if TYPE_CHECKING:
    from forms.session.state import State

_RETURN = {"\r": "&#13;"}  # a parser would read it as a line feed


def to_xml(state: State, *, drop_irrelevant: bool = True) -> str:
    """The instance as it is sent; a draft keeps what is not relevant, so that it comes back with its condition."""
    declared = "".join(
        f" xmlns{':' + prefix if prefix else ''}={quoteattr(uri)}"
        for prefix, uri in sorted(state.definition.namespaces.items())
    )
    parts: list[str] = ["<?xml version='1.0' encoding='UTF-8'?>\n"]
    _write(state.root, parts, declared, drop_irrelevant)
    return "".join(parts)


def _write(node: Node, parts: list[str], declared: str, drop: bool) -> None:
    attributes = "".join(
        f" {name}={quoteattr(legal(each.text))}" for name, each in node.attributes.items() if each.relevant or not drop
    )
    start = f"<{node.name}{declared}{attributes}"
    kids = [kid for kids in node.kids.values() for kid in kids if kid.relevant or not drop]
    if kids:
        parts.append(start + ">")
        for kid in kids:
            _write(kid, parts, "", drop)
        parts.append(f"</{node.name}>")
    elif node.text:
        parts.append(f"{start}>{escape(legal(node.text), _RETURN)}</{node.name}>")
    else:
        parts.append(start + "/>")
