"""The body: questions, groups and repeats with their texts, choices, counts and actions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from forms.definition.actions import read_actions
from forms.definition.binds import absolute
from forms.definition.choices import read_items, read_itemset
from forms.definition.expressions import Expression, Expressions, ref
from forms.definition.model import Control
from forms.definition.shape import InstanceShape
from forms.definition.texts import label_of, read_text
from forms.xmldoc import JAVAROSA, MAX_DEPTH, Document, Element, attribute, child, children, local, tag
from forms.xpath.scope import Names
from schemas.errors import Code, LedgerError

QUESTIONS = frozenset(("input", "select1", "select", "rank", "upload", "trigger", "range", "secret"))
_IGNORED = frozenset(("label", "hint", "help", "alert", "item", "itemset", "output", "value"))
_ACTIONS = frozenset(("setvalue", "setgeopoint", "setlocation", "recordaudio"))
_COUNT, _FIXED = f"{{{JAVAROSA}}}count", f"{{{JAVAROSA}}}noAddRemove"
_SELECTS = ("select1", "select", "rank")


def repeat_paths(body: Element | None, root: Names) -> frozenset[Names]:
    """The paths of all repeats; read before anything else, because it decides what a path means."""
    empty = InstanceShape(frozenset())
    found: set[Names] = set()
    for element in body.iter() if body is not None else ():
        if tag(element) == "repeat":
            path = absolute(attribute(element, "nodeset") or attribute(element, "ref"), empty, root)
            if path is not None and len(path) > 1:
                found.add(path)
    return frozenset(found)


def control_kinds(body: Element | None, root: Names) -> dict[Names, str]:
    """Which kind of question is bound to each path."""
    empty = InstanceShape(frozenset())
    found: dict[Names, str] = {}
    for element in body.iter() if body is not None else ():
        if tag(element) in QUESTIONS:
            path = absolute(attribute(element, "ref"), empty, root)
            if path is not None:
                found.setdefault(path, tag(element))
    return found


@dataclass
class BodyReader:
    """Reads the elements of a body; `ids` gives the path of a bind that an element names by its id."""

    document: Document
    expressions: Expressions
    ids: dict[str, Names]

    def read(self, body: Element | None, root: Names) -> tuple[Control, ...]:
        """All controls of the body."""
        return () if body is None else self._children(body, root, 0)

    def _children(self, parent: Element, context: Names, depth: int) -> tuple[Control, ...]:
        if depth > MAX_DEPTH:
            raise LedgerError(Code.FORM_INVALID, reason="the body is nested too deeply")
        found: list[Control] = []
        for element in children(parent):
            kind = local(element.tag)
            if kind in QUESTIONS:
                control = self._question(element, kind, context)
            elif kind in ("group", "repeat"):
                control = self._group(element, kind, context, depth)
            else:
                if kind not in _IGNORED and kind not in _ACTIONS:
                    self._note("feature", ref(context), f"<{kind}>", "unknown element, left out", fatal=False)
                continue
            if control is not None:
                found.append(control)
        return tuple(found)

    def _note(self, kind: str, where: str, name: str, text: str, *, fatal: bool = True) -> None:
        self.expressions.note(kind, where, name, text, fatal=fatal)

    def _path(self, element: Element, context: Names) -> Names | None:
        """Where an element is bound to; None for a group without a reference."""
        bind = attribute(element, "bind")
        if bind is not None and bind in self.ids:
            return self.ids[bind]
        reference = attribute(element, "nodeset") or attribute(element, "ref")
        return absolute(reference, self.expressions.shape, context)

    def _question(self, element: Element, kind: str, context: Names) -> Control | None:
        path = self._path(element, context)
        if path is None or not self.expressions.shape.exists(path):
            name = attribute(element, "ref") or attribute(element, "bind") or f"<{kind}>"
            self._note("structure", name, f"<{kind}>", "a question for a node that does not exist")
            return None
        control = self._common(element, kind, path)
        if kind in _SELECTS:
            itemset = child(element, "itemset")
            control = replace(
                control, items=read_items(element, path, self.expressions),
                itemset=None if itemset is None else read_itemset(itemset, path, self.expressions),
            )
            if "search(" in control.appearance:
                self._note("feature", ref(path), "search()", "not supported; use select_one_from_file")
        return control

    def _group(self, element: Element, kind: str, context: Names, depth: int) -> Control | None:
        path = self._path(element, context)
        if kind == "repeat" and (path is None or not self.expressions.shape.repeats(path)):
            self._note("structure", ref(context), "<repeat>", "a repeat for a node that does not exist")
            return None
        if path is not None and not self.expressions.shape.exists(path):
            self._note("structure", ref(path), "<group>", "a group for a node that does not exist", fatal=False)
            path = None
        here = path or context
        control = replace(self._common(element, kind, here), children=self._children(element, here, depth + 1))
        if kind == "group":
            return _collapsed(control)
        return replace(control, count=self._count(element, here), fixed=self._is_fixed(element))

    def _count(self, element: Element, path: Names) -> Expression | None:
        source = element.get(_COUNT)
        if not source:
            return None
        return self.expressions.compile(source.strip(), ref(path), path, "number")

    @staticmethod
    def _is_fixed(element: Element) -> bool:
        stated = (element.get(_FIXED) or "").strip()
        return element.get(_COUNT) is not None or stated in ("true()", "true")

    def _common(self, element: Element, kind: str, path: Names) -> Control:
        where = ref(path)
        attributes = {
            self.document.name(key): value for key, value in element.attrib.items()
            if key not in ("ref", "nodeset", "bind", "appearance")
        }
        return Control(
            kind, path, label_of(element, where, self.expressions),
            read_text(child(element, "hint"), where, self.expressions),
            attribute(element, "appearance") or "", attributes,
            actions=read_actions(element, path, self.expressions),
        )


def _collapsed(group: Control) -> Control:
    """A group around nothing but its repeat is one thing to a person: the repeat with the group's label."""
    if len(group.children) == 1 and group.children[0].kind == "repeat" and group.children[0].path == group.path:
        repeat = group.children[0]
        return replace(
            repeat, label=repeat.label or group.label, appearance=repeat.appearance or group.appearance,
            actions=group.actions + repeat.actions,
        )
    return group
