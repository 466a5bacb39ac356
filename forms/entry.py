"""The interface to a form being filled: what a screen and the tests use, and nothing else does.

    entry = FormEntry.begin(definition, media=...)      # or .resume(draft), .edit(submission)
    place = entry.next()                                # the next question, group, instance or "add another?"
    entry.answer(place.ref, "12")                       # -> Verdict
    entry.finish()                                      # -> Submission, or raises with the first verdict

Refs are written `/data[1]/rep[2]/x[1]`, counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from forms.definition.model import Control, FormDefinition
from forms.instances.media import Media, no_media
from forms.session import repeats
from forms.session.actions import DeviceRequest, Events
from forms.session.choices import Choice, choices, drop_withdrawn
from forms.session.codecs import EMPTY, Stored, read
from forms.session.drafts import Draft, load_answers
from forms.session.entities import EntityChange, entity_changes
from forms.session.nodes import Node
from forms.session.preload import finish as write_end
from forms.session.preload import preload
from forms.session.recompute import changed, recompute_all, recompute_draft
from forms.session.state import Note, State, new_state
from forms.session.submission import to_xml
from forms.session.texts import Shown, choice_text, connect, shown
from forms.session.verdicts import INVALID, Verdict, judge
from forms.session.walk import Place, Walk
from forms.xpath.environment import Chance, Clock, SystemClock
from schemas.errors import Code, LedgerError


@dataclass(frozen=True)
class Leaf:
    """A node that holds a value, as it is now."""

    ref: str
    value: str
    relevant: bool
    required: bool
    enabled: bool


@dataclass(frozen=True)
class Submission:
    """A finished form: the XML that is sent, and the entities that it creates or updates."""

    form_id: str
    version: str
    xml: str
    entities: tuple[EntityChange, ...]


@dataclass(frozen=True)
class Surroundings:
    """What a session takes from outside: files, clock, chance, device properties, language."""

    media: Media = no_media
    clock: Clock | None = None
    chance: Chance | None = None
    properties: Mapping[str, str] | None = None
    language: str = ""


class FormEntry:
    """One form being filled by one person."""

    def __init__(self, definition: FormDefinition, around: Surroundings | None = None) -> None:
        around = around or Surroundings()
        self.definition = definition
        self._state = new_state(
            definition, around.clock or SystemClock(), around.chance or Chance(),
            around.media(definition), around.properties or {}, around.language,
        )
        connect(self._state)
        self._events = Events(self._state)
        self._walk = Walk(self._state, self._events)
        self.on_change: Callable[[FormEntry], None] | None = None

    @classmethod
    def begin(cls, definition: FormDefinition, around: Surroundings | None = None) -> FormEntry:
        """A new, empty form: defaults, preloads, first-load events, then every rule."""
        entry = cls(definition, around)
        state, events = entry._state, entry._events
        repeats.read_texts(state, state.root)
        preload(state, state.root)
        events.form("odk-instance-first-load")
        events.form("xforms-ready")
        events.form("odk-instance-load")
        recompute_all(state)
        return entry

    @classmethod
    def resume(cls, definition: FormDefinition, draft: Draft, around: Surroundings | None = None) -> FormEntry:
        """A draft where it was left: nothing that was drawn by chance or read from a clock is drawn again."""
        entry = cls(definition, around)
        load_answers(entry._state, draft)
        recompute_draft(entry._state)
        entry._walk.seek(draft.at)
        return entry

    @classmethod
    def edit(cls, definition: FormDefinition, xml: str, around: Surroundings | None = None) -> FormEntry:
        """A submission opened again: what it lacks was not relevant, and every rule runs."""
        entry = cls(definition, around)
        load_answers(entry._state, Draft(definition.id, definition.version, xml))
        entry._events.form("odk-instance-load")
        recompute_all(entry._state)
        return entry

    # The way through the form.

    @property
    def place(self) -> Place:
        """Where the way is."""
        return self._walk.place

    def next(self) -> Place:
        """The next relevant place."""
        return self._walk.next()

    def restart(self) -> None:
        """Back to the beginning."""
        self._walk.restart()

    def places(self) -> Iterator[Place]:
        """The whole way from the beginning, growing counted repeats under way; the cursor stays where it is."""
        walk = Walk(self._state, self._events)
        while (place := walk.next()).kind != "end":
            yield place

    # Reading.

    def leaves(self) -> list[Leaf]:
        """Every node that holds a value, in document order."""
        return [
            Leaf(node.ref, node.text, node.relevant, node.required, node.enabled)
            for node in self._state.root.walk() if node.is_leaf
        ]

    def value(self, ref: str) -> str:
        """The text of a node."""
        return self._node(ref).text

    def is_relevant(self, ref: str) -> bool:
        """Whether it is asked now."""
        return self._node(ref).relevant

    def is_required(self, ref: str) -> bool:
        """Whether it may not stay empty."""
        return self._node(ref).required

    def is_readonly(self, ref: str) -> bool:
        """Whether it can only be read."""
        return not self._node(ref).enabled

    def control(self, ref: str) -> Control | None:
        """The question bound to a node."""
        return self.definition.questions.get(self._node(ref).kind.path)

    def label(self, place: Place | str) -> Shown:
        """The label of a place or of the question at a ref."""
        control, node = self._shown(place)
        return shown(self._state, control.label, node) if control else Shown()

    def hint(self, place: Place | str) -> Shown:
        """The hint of a place or of the question at a ref."""
        control, node = self._shown(place)
        return shown(self._state, control.hint, node) if control else Shown()

    def choices(self, ref: str) -> list[Choice]:
        """What can be chosen now; an answer that is no longer offered is cleared."""
        node = self._node(ref)
        control = self.definition.questions.get(node.kind.path)
        if control is None:
            return []
        found = choices(self._state, control, node)
        drop_withdrawn(control, node, found)
        return found

    def choice_label(self, ref: str, choice: Choice) -> Shown:
        """The label of a choice of the question at `ref`."""
        return choice_text(self._state, choice, self._node(ref))

    @property
    def notes(self) -> list[Note]:
        """Rules that could not be evaluated on these answers."""
        return list(self._state.notes)

    @property
    def requests(self) -> list[DeviceRequest]:
        """What the form asks of the device since the last time; reading empties it."""
        found, self._events.requests[:] = list(self._events.requests), []
        return found

    @property
    def evaluations(self) -> int:
        """How many rules have run."""
        return self._state.evaluations

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the form."""
        return self.definition.languages

    @property
    def language(self) -> str:
        """The language of the texts."""
        return self._state.language

    @language.setter
    def language(self, name: str) -> None:
        if name in self.definition.languages:
            self._state.language = name

    # Changing.

    def answer(self, ref: str, text: str) -> Verdict:
        """Answer a question, with text in its XML form; '' clears it. A refused answer is not stored."""
        node = self._node(ref)
        try:
            value = read(node.kind.type, text, self._state.env.clock)
        except ValueError as error:
            return Verdict(INVALID, node.ref, str(error))
        verdict = judge(self._state, node, value)
        if verdict.ok:
            self._commit(node, value)
            self._tell()
        return verdict

    def check(self, ref: str, text: str) -> Verdict:
        """The verdict on an answer that is still being typed; nothing is stored."""
        node = self._node(ref)
        try:
            return judge(self._state, node, read(node.kind.type, text, self._state.env.clock))
        except ValueError as error:
            return Verdict(INVALID, node.ref, str(error))

    def put(self, ref: str, text: str) -> None:
        """Set a node that no question is bound to (a position that a request asked for, a value prefilled)."""
        node = self._node(ref)
        try:
            self._commit(node, read(node.kind.type, text, self._state.env.clock))
        except ValueError as error:
            raise LedgerError(Code.FORM_ANSWER_INVALID, reason=str(error)) from error
        self._tell()

    def add_repeat(self, ref: str) -> str:
        """Add an instance; `ref` names the new one or any instance of the repeat. Returns the ref of the new one."""
        parent, name, control = self._repeat(ref)
        if control is None or control.fixed:
            raise LedgerError(Code.FORM_REPEAT_FIXED, ref=ref)
        node = repeats.add(self._state, self._events, parent, name)
        if self._walk.place.kind == "prompt":
            self._walk.again()
        self._tell()
        return node.ref

    def remove_repeat(self, ref: str) -> None:
        """Take an instance away."""
        node = self._node(ref)
        _, _, control = self._repeat(ref)
        if control is None or control.fixed:
            raise LedgerError(Code.FORM_REPEAT_FIXED, ref=ref)
        repeats.remove(self._state, node)
        self._tell()

    # The end.

    def validate(self) -> Verdict:
        """Go through the whole form as it stands; the first verdict that is not ok, or ok."""
        for place in self.places():
            node = place.node
            if place.kind != "question" or node is None or place.control is None:
                continue
            if place.control.itemset is not None:
                drop_withdrawn(place.control, node, choices(self._state, place.control, node))
            verdict = judge(self._state, node, (node.value, node.text))
            if not verdict.ok:
                return verdict
            if node.value is not None:
                changed(self._state, node)
        return Verdict("ok")

    def faults(self) -> list[Verdict]:
        """Every question that could not be sent as it stands, in the order of the form; nothing is changed."""
        found: list[Verdict] = []
        for node in self._state.root.walk():
            if node.relevant and node.is_leaf and node.kind.path in self.definition.questions:
                verdict = judge(self._state, node, (node.value, node.text))
                if not verdict.ok:
                    found.append(verdict)
        return found

    def recompute(self) -> None:
        """Run every rule again: after midnight, or when a list was replaced."""
        recompute_all(self._state)

    def finish(self) -> Submission:
        """Validate, stamp the end, and give the XML. Raises LedgerError(FORM_ANSWER_INVALID) with ref and result."""
        verdict = self.validate()
        if not verdict.ok:
            reason = verdict.message or verdict.result
            raise LedgerError(Code.FORM_ANSWER_INVALID, reason=reason, ref=verdict.ref, result=verdict.result)
        self._events.form("xforms-revalidate")
        write_end(self._state)
        return Submission(
            self.definition.id, self.definition.version, to_xml(self._state), entity_changes(self._state)
        )

    def draft(self) -> Draft:
        """Everything as it stands, answers that are not relevant included, for `resume`."""
        xml = to_xml(self._state, drop_irrelevant=False)
        return Draft(self.definition.id, self.definition.version, xml, self._walk.place.ref, self._state.language)

    # Inside.

    def _commit(self, node: Node, value: Stored) -> None:
        if value == EMPTY and node.value is None:
            return
        if not self._events.set_value(node, value):
            changed(self._state, node)

    def _tell(self) -> None:
        if self.on_change is not None:
            self.on_change(self)

    def _node(self, ref: str) -> Node:
        node = self._state.node(ref)
        if node is None:
            raise LedgerError(Code.FORM_NODE_UNKNOWN, ref=ref)
        return node

    def _repeat(self, ref: str) -> tuple[Node, str, Control | None]:
        above, _, last = ref.rstrip("/").rpartition("/")
        name = last.partition("[")[0]
        parent = self._node(above)
        path = (*parent.kind.path, name)
        if name not in parent.templates:
            raise LedgerError(Code.FORM_NODE_UNKNOWN, ref=ref)
        return parent, name, self.definition.repeats.get(path)

    def _shown(self, place: Place | str) -> tuple[Control | None, Node | None]:
        if isinstance(place, str):
            node = self._node(place)
            return self.definition.questions.get(node.kind.path), node
        return place.control, place.node or place.parent


__all__ = ["FormEntry", "Leaf", "State", "Submission", "Surroundings"]
