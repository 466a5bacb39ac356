"""The binds: types, conditions and messages of each node. Several binds may name one node; the last word counts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from forms.definition.expressions import Expression, Expressions, ref
from forms.definition.model import NodeKind
from forms.definition.shape import InstanceShape
from forms.xmldoc import ENTITIES, JAVAROSA, Document, Element, attribute
from forms.xpath.errors import XPathSyntaxError
from forms.xpath.indexed import generic_path
from forms.xpath.parser import parse
from forms.xpath.scope import Names, Scope

_TYPES = {
    "string": "text", "text": "text", "int": "int", "integer": "int", "long": "long", "decimal": "decimal",
    "float": "decimal", "double": "decimal", "date": "date", "time": "time", "dateTime": "dateTime",
    "boolean": "boolean", "select1": "choice", "select": "choices", "listItem": "choice", "listItems": "choices",
    "odk:rank": "choices", "rank": "choices", "geopoint": "geopoint", "geotrace": "geotrace", "geoshape": "geoshape",
    "barcode": "text", "binary": "text", "base64Binary": "text", "anyURI": "text", "intent": "text", "": "",
}
_PLAIN = re.compile(r"(?:/[^\W\d][\w.\-:]*)+")
_CONDITIONS = ("relevant", "required", "readonly")


@dataclass
class Rules:
    """What the binds say: per path the properties of its node, and the rules of the graph."""

    properties: dict[Names, dict[str, Any]] = field(default_factory=dict)
    found: list[tuple[str, Names, Expression]] = field(default_factory=list)


def read_binds(binds: list[Element], root: Names, document: Document, expressions: Expressions) -> Rules:
    """All binds of a form."""
    rules = Rules()
    for bind in binds:
        nodeset = attribute(bind, "nodeset") or attribute(bind, "ref")
        path = absolute(nodeset, expressions.shape, root)
        if path is None or not expressions.shape.exists(path):
            expressions.note("bind", str(nodeset), str(nodeset), "a bind for a node that does not exist", fatal=False)
            continue
        _read(bind, path, document, expressions, rules)
    return rules


def absolute(text: str | None, shape: InstanceShape, context: Names = ()) -> Names | None:
    """The generic path that a reference names; None if it is no plain path."""
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        return tuple(text[1:].split("/"))
    try:
        return generic_path(parse(text), Scope.of(shape, context))
    except XPathSyntaxError:
        return None


def node_kinds(shape: InstanceShape, rules: Rules, controls: dict[Names, str]) -> dict[Names, NodeKind]:
    """The node of each path with its properties; a select makes text a choice."""
    kinds: dict[Names, NodeKind] = {}
    for path in shape.below:
        properties = dict(rules.properties.get(path, {}))
        control = controls.get(path, "")
        if properties.get("type", "") in ("", "text") and control in ("select1", "select", "rank"):
            properties["type"] = "choice" if control == "select1" else "choices"
        kinds[path] = NodeKind(
            path, path[-1], control=control, attribute=path[-1].startswith("@"), repeat=shape.repeats(path),
            in_repeat=shape.in_repeat(path), slot=shape.slot(path), **properties,
        )
    return kinds


def _read(bind: Element, path: Names, document: Document, expressions: Expressions, rules: Rules) -> None:
    properties = rules.properties.setdefault(path, {})
    declared = (attribute(bind, "type") or "").rpartition(":")[2]
    if declared not in _TYPES:
        expressions.note("feature", ref(path), f"type {declared}", "unknown type, treated as text", fatal=False)
    properties["type"] = _TYPES.get(declared, "text")
    for kind in _CONDITIONS:
        _condition(kind, attribute(bind, kind), path, expressions, rules)
    calculate = attribute(bind, "calculate")
    if calculate:
        _rule("calculate", calculate, path, expressions, rules)
    constraint = attribute(bind, "constraint")
    if constraint:
        properties["constraint"] = expressions.compile(constraint, ref(path), path, "boolean")
        properties["constraint_message"] = attribute(bind, "constraintMsg", JAVAROSA) or ""
    properties["required_message"] = attribute(bind, "requiredMsg", JAVAROSA) or ""
    properties["preload"] = attribute(bind, "preload", JAVAROSA) or ""
    properties["preload_parameters"] = attribute(bind, "preloadParams", JAVAROSA) or ""
    properties["save_to"] = attribute(bind, "saveto", ENTITIES) or ""
    properties["extras"] = {
        document.name(key): value for key, value in bind.attrib.items() if key.startswith("{")
    }


def _condition(kind: str, source: str | None, path: Names, expressions: Expressions, rules: Rules) -> None:
    properties = rules.properties[path]
    if source is None or source == "":
        properties.setdefault(kind, kind == "relevant")
    elif source in ("true()", "false()"):
        properties[kind] = source == "true()"
    else:
        _rule(kind, source, path, expressions, rules)


def _rule(kind: str, source: str, path: Names, expressions: Expressions, rules: Rules) -> None:
    wanted = "scalar" if kind == "calculate" else "boolean"
    expression = expressions.compile(source, ref(path), path, wanted)
    if expression is not None:
        rules.found.append((kind, path, expression))
