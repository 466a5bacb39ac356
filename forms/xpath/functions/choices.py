"""selected, selected-at, count-selected, jr:choice-name, jr:itext, pulldata, version, property."""

from __future__ import annotations

from typing import Any

from forms.xpath.errors import XPathError
from forms.xpath.registry import function
from forms.xpath.values import Scalar, to_integer, to_string


@function("selected", "string", "value", returns="boolean", aliases=("is-selected",))
def selected(answer: str, choice: Scalar) -> bool:
    """Whether a choice is among those that were chosen."""
    return f" {to_string(choice).strip()} " in f" {answer} "


@function("selected-at", "string", "number", returns="string")
def selected_at(answer: str, index: float) -> str:
    """The choice at a place, from 0; '' outside."""
    chosen = answer.split()
    at = to_integer(index)
    return chosen[at] if 0 <= at < len(chosen) else ""


@function("count-selected", "string", returns="number")
def count_selected(answer: str) -> float:
    """How many were chosen."""
    return float(len(answer.split()))


@function("jr:choice-name", "string", "string", returns="string", needs="node")
def choice_name(node: Any, env: Any, value: str, path: str) -> str:
    """The label, in the language of the session, of a choice of the question at the path."""
    return str(env.choice_name(value, path, node))


@function("jr:itext", "string", returns="string", needs="env")
def itext(env: Any, text_id: str) -> str:
    """The text with this id in the language of the session."""
    return str(env.itext(text_id))


@function("pulldata", "string", "string", "string", "value", returns="value", needs="env")
def pulldata(env: Any, instance: str, column: str, key_column: str, key: Scalar) -> Scalar:
    """The value in `column` of the first row of a list whose `key_column` is `key`; '' if there is none."""
    document = env.instance(instance)
    if document is None:
        raise XPathError(f"there is no list {instance!r}")
    wanted = to_string(key)
    if not wanted:
        return ""
    for root in _roots(document):
        rows = root.lookup("item", [(key_column, wanted)]) if root.lookup is not None else None
        for row in rows if rows is not None else root.kids.get("item", ()):
            keys = row.kids.get(key_column)
            if keys and to_string(keys[0].xval) == wanted:
                cells = row.kids.get(column)
                value: Scalar = cells[0].xval if cells else ""
                return value
    return ""


@function("version", returns="string", needs="env")
def version(env: Any) -> str:
    """The version of the form."""
    return str(env.version)


@function("property", "string", returns="string", needs="env")
def property_(env: Any, name: str) -> str:
    """A property of the device or its user."""
    return str(env.property(name))


def _roots(document: Any) -> list[Any]:
    return [root for roots in document.kids.values() for root in roots]
