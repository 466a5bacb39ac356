"""The choices of a question now: listed in the form, or drawn from an instance and filtered by the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forms.definition.model import Control, Itemset, Text
from forms.session.nodes import Node
from forms.xpath.errors import EVALUATION_ERRORS
from forms.xpath.values import to_string

if TYPE_CHECKING:
    from forms.session.state import State


@dataclass(frozen=True)
class Choice:
    """What is stored (`value`), and where its label comes from: a text of the form, or a row of a list."""

    value: str
    text: Text | None = None
    label: str = ""
    row: Any = None


def choices(state: State, control: Control, node: Node) -> list[Choice]:
    """The choices that are offered for a question at this node."""
    found = [Choice(item.value, item.label) for item in control.items]
    itemset = control.itemset
    if itemset is None:
        return found
    try:
        rows = itemset.nodes.evaluate(node, state.env)
    except EVALUATION_ERRORS as error:
        state.note(node, "itemset", itemset.nodes.source, str(error))
        return found
    for row in rows:
        value = cell(row, itemset.value)
        found.append(Choice(value, *_label(row, itemset), row))
    return found


def drop_withdrawn(control: Control, node: Node, offered: list[Choice]) -> bool:
    """Clear what the list no longer offers; whether something was cleared.

    As in JavaRosa nothing is recomputed here: it happens while a question is shown, and the next answer reads it.
    """
    if control.itemset is None or node.value is None or node.kind.type not in ("choice", "choices"):
        return False
    values = {choice.value for choice in offered}
    if node.kind.type == "choice":
        return node.put(None, "") if node.text not in values else False
    kept = " ".join(each for each in node.text.split() if each in values)
    return node.put(kept or None, kept)


def cell(row: Any, path: str) -> str:
    """The text at a relative path below a row; '' if there is none."""
    for step in path.split("/"):
        if step in (".", ""):
            continue
        if step == "..":
            row = row.parent
        elif step.startswith("@"):
            row = row.attributes.get(step[1:])
        else:
            kids = row.kids.get(step)
            row = kids[0] if kids else None
        if row is None:
            return ""
    return to_string(row.xval)


def _label(row: Any, itemset: Itemset) -> tuple[Text | None, str]:
    text = cell(row, itemset.label)
    return (Text(text_id=text), text) if itemset.label_is_id else (None, text)
