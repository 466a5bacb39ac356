"""Texts as a person reads them: in the language of the session, with the values of the answers filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forms.definition.binds import absolute
from forms.definition.model import Output, Text
from forms.session.choices import Choice, choices
from forms.session.nodes import Node
from forms.session.recompute import targets
from forms.xpath.errors import EVALUATION_ERRORS
from forms.xpath.scope import Names
from forms.xpath.values import to_string

if TYPE_CHECKING:
    from forms.session.state import State

_DEPTH = 5  # outputs whose text holds outputs
MEDIA = ("image", "big-image", "audio", "video")


@dataclass(frozen=True)
class Shown:
    """A text with what belongs to it: media by kind (`jr://images/a.png`), a short form, guidance for training."""

    text: str = ""
    media: dict[str, str] = field(default_factory=dict)
    short: str = ""
    guidance: str = ""


def shown(state: State, text: Text | None, node: Node | None) -> Shown:
    """A text of the form as it reads now; `node` is the node that its paths are seen from."""
    if text is None:
        return Shown()
    if text.text_id:
        return translated(state, text.text_id, node)
    if text.reference:
        return _referred(state, text.reference, node)
    return Shown(fill(state, text.fragments, node))


def translated(state: State, text_id: str, node: Node | None) -> Shown:
    """The text with this id in the session's language, in the form's first language if it is missing there."""
    forms = None
    for language in (state.language, state.definition.default_language):
        texts = state.definition.texts.get(language)
        forms = None if texts is None else texts.get(text_id)
        if forms:
            break
    if not forms:
        return Shown(f"[itext:{text_id}]")
    filled = {name: fill(state, fragments, node) for name, fragments in forms.items()}
    return Shown(
        filled.get("long") or filled.get("", ""), {kind: filled[kind] for kind in MEDIA if filled.get(kind)},
        filled.get("short", ""), filled.get("guidance", ""),
    )


def choice_text(state: State, choice: Choice, node: Node | None) -> Shown:
    """The label of a choice."""
    return shown(state, choice.text, node) if choice.text is not None else Shown(choice.label)


def fill(state: State, fragments: tuple[str | Output, ...], node: Node | None) -> str:
    """Fragments put together; an output that fails reads as ''."""
    return "".join(each if isinstance(each, str) else _value(state, each.source, node) for each in fragments)


def connect(state: State) -> None:
    """Let expressions reach the texts: jr:itext() and jr:choice-name()."""
    depth = 0

    def itext(text_id: str) -> str:
        nonlocal depth
        if depth >= _DEPTH:
            return ""
        depth += 1
        try:
            return translated(state, text_id, state.root).text
        finally:
            depth -= 1

    state.env.itext = itext
    state.env.choice_name = lambda value, path, node: choice_name(state, value, path, node)


def choice_name(state: State, value: str, path: str, node: Any) -> str:
    """The label of a choice of the question at `path`, which may be relative to `node`."""
    context: Names = node.kind.path if isinstance(node, Node) else ()
    generic = absolute(path, state.definition.shape, context)
    control = state.definition.questions.get(generic) if generic else None
    if control is None or generic is None:
        return ""
    question = _seen_from(state, generic, node if isinstance(node, Node) else state.root)
    if question is None:
        return ""
    for choice in choices(state, control, question):
        if choice.value == value:
            return choice_text(state, choice, question).text
    return ""


def _seen_from(state: State, path: Names, node: Node) -> Node | None:
    vertex = _Place(path)
    found = targets(state, vertex, node)  # type: ignore[arg-type]
    return found[0] if found else None


@dataclass(frozen=True)
class _Place:
    path: Names


def _referred(state: State, reference: str, node: Node | None) -> Shown:
    return Shown(_value(state, reference, node))


def _value(state: State, source: str, node: Node | None) -> str:
    at = node if node is not None else state.root
    expression = state.definition.output(source, at.kind.path)
    if expression is None:
        return ""
    try:
        return to_string(expression.evaluate(at, state.env))
    except EVALUATION_ERRORS as error:
        state.note(at, "output", source, str(error))
        return ""
