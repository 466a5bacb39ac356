"""The choices of a select: listed in place, or drawn from an instance."""

from __future__ import annotations

from forms.definition.expressions import Expressions, ref
from forms.definition.model import Item, Itemset, Text
from forms.definition.texts import label_of
from forms.xmldoc import Element, attribute, child, children
from forms.xpath.errors import XPathSyntaxError
from forms.xpath.parser import parse
from forms.xpath.scope import Names
from forms.xpath.tree import Call


def read_items(element: Element, path: Names, expressions: Expressions) -> tuple[Item, ...]:
    """The choices that stand in the form."""
    found: list[Item] = []
    for item in children(element, "item"):
        value = child(item, "value")
        label = label_of(item, ref(path), expressions)
        text = "" if value is None else (value.text or "").strip()
        if not text:
            expressions.note("structure", ref(path), "<item>", "a choice without a value")
            continue
        found.append(Item(text, label or Text((text,))))
    return tuple(found)


def read_itemset(element: Element, path: Names, expressions: Expressions) -> Itemset | None:
    """Where the choices come from."""
    source = attribute(element, "nodeset") or ""
    nodes = expressions.compile(source, ref(path), path, "nodes")
    if nodes is None:
        return None
    value, label = child(element, "value"), child(element, "label")
    value_name = attribute(value, "ref") if value is not None else None
    label_source = (attribute(label, "ref") if label is not None else None) or value_name or "name"
    label_name, is_id = _label(label_source)
    if child(element, "copy") is not None:
        expressions.note("feature", ref(path), "<copy>", "choices that are copied as nodes are not supported")
    return Itemset(nodes, value_name or "name", label_name, is_id, _is_random(source))


def _label(source: str) -> tuple[str, bool]:
    try:
        tree = parse(source)
    except XPathSyntaxError:
        return source, False
    if isinstance(tree, Call) and tree.name == "jr:itext" and len(tree.arguments) == 1:
        return source[source.index("(") + 1 : source.rindex(")")].strip(), True
    return source, False


def _is_random(source: str) -> bool:
    tree = parse(source)
    return isinstance(tree, Call) and tree.name == "randomize"
