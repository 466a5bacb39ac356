"""Actions: what an event sets. setvalue is carried out by the session, the others by the device."""

from __future__ import annotations

from forms.definition.binds import absolute
from forms.definition.expressions import Expressions, ref
from forms.definition.model import Action
from forms.xmldoc import Element, attribute, children, local
from forms.xpath.scope import Names

NAMES = ("setvalue", "setgeopoint", "setlocation", "recordaudio")
EVENTS = frozenset((
    "odk-instance-first-load", "odk-instance-load", "odk-new-repeat", "xforms-value-changed", "xforms-revalidate",
    "xforms-ready", "jr-insert",
))


def read_actions(element: Element, context: Names, expressions: Expressions) -> tuple[Action, ...]:
    """The actions directly inside an element (the model, a question, a group, a repeat)."""
    found: list[Action] = []
    for each in children(element, *NAMES):
        action = _read(each, context, expressions)
        if action is not None:
            found.append(action)
    return tuple(found)


def _read(element: Element, context: Names, expressions: Expressions) -> Action | None:
    name = local(element.tag)
    target = absolute(attribute(element, "ref"), expressions.shape, context)
    where = attribute(element, "ref") or name
    if target is None or not expressions.shape.exists(target):
        expressions.note("structure", where, f"<{name}>", "an action on a node that does not exist")
        return None
    stated = next((value for key, value in element.attrib.items() if local(key) == "event"), "")
    events = tuple(stated.split())
    for event in events:
        if event not in EVENTS:
            expressions.note("feature", where, event, "unknown event, never happens")
    source = attribute(element, "value")
    value = expressions.compile(source, ref(target), target) if source else None
    return Action(name, events, target, value, (element.text or "").strip())
