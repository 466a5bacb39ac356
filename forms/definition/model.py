"""The parts of a form definition. Frozen once loaded; expressions are kept as text and as closure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from forms.definition.expressions import Expression, Expressions, Problem, ref
from forms.definition.shape import InstanceShape
from forms.xpath.scope import Names


@dataclass(frozen=True)
class NodeKind:
    """One node of the main instance, as all its instances share it."""

    path: Names
    name: str
    type: str = ""
    control: str = ""  # select1, select, rank … of the question that is bound to it
    attribute: bool = False
    repeat: bool = False
    in_repeat: bool = False
    slot: int | None = None
    relevant: bool = True
    required: bool = False
    readonly: bool = False
    constraint: Expression | None = None
    constraint_message: str = ""
    required_message: str = ""
    preload: str = ""
    preload_parameters: str = ""
    save_to: str = ""
    extras: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seed:
    """A node of the instance as the form ships it: its kind, its text, what stands below it."""

    kind: NodeKind
    text: str = ""
    children: tuple[Seed, ...] = ()
    attributes: tuple[Seed, ...] = ()
    templates: Mapping[str, Seed] = field(default_factory=dict)  # of the repeats directly below
    slots: tuple[str, ...] = ()  # the names below in order, repeats without instances included


@dataclass(frozen=True)
class Vertex:
    """A rule of the dependency graph: `kind` is calculate, relevant, required or readonly."""

    rank: int
    kind: str
    path: Names
    expression: Expression
    follows: tuple[int, ...] = ()  # ranks of the vertices that read what this one writes

    @property
    def cascades(self) -> bool:
        """Whether others can depend on what it sets."""
        return self.kind in ("calculate", "relevant")


class Translations(Protocol):
    """The texts of one language."""

    def get(self, text_id: str) -> Mapping[str, tuple[str | Output, ...]] | None:
        """The forms of a text; None if there is no such text."""
        ...

    def __iter__(self) -> Iterator[str]:
        """All ids."""
        ...


@dataclass(frozen=True)
class Output:
    """A value inside a text: an expression, compiled where the text is shown, for its paths are relative to there."""

    source: str


@dataclass(frozen=True)
class Text:
    """A label, hint or message: a text id, or fragments that are text or output."""

    fragments: tuple[str | Output, ...] = ()
    text_id: str = ""
    reference: str = ""  # a path, or jr:itext() with a computed id


@dataclass(frozen=True)
class Item:
    """A choice that the form itself lists."""

    value: str
    label: Text


@dataclass(frozen=True)
class Itemset:
    """Choices that come from an instance. `label_is_id` says that the label node holds a text id."""

    nodes: Expression
    value: str
    label: str
    label_is_id: bool
    random: bool = False


@dataclass(frozen=True)
class Action:
    """setvalue, setgeopoint, setlocation or recordaudio."""

    name: str
    events: tuple[str, ...]
    target: Names
    value: Expression | None
    text: str


@dataclass(frozen=True)
class Control:
    """An element of the body. `kind`: group, repeat, input, select1, select, rank, upload, trigger, range, secret."""

    kind: str
    path: Names
    label: Text | None = None
    hint: Text | None = None
    appearance: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Control, ...] = ()
    items: tuple[Item, ...] = ()
    itemset: Itemset | None = None
    actions: tuple[Action, ...] = ()
    count: Expression | None = None
    fixed: bool = False  # the person may neither add nor remove instances

    @property
    def is_question(self) -> bool:
        """Whether a person answers it."""
        return self.kind not in ("group", "repeat")


@dataclass(frozen=True)
class Source:
    """A secondary instance: rows inside the form, or a file that comes with it (`src` is `jr://file-csv/x.csv`)."""

    id: str
    src: str = ""
    rows: object | None = None  # forms.instances.rows.Row of the document, for internal ones


@dataclass(frozen=True)
class EntitySection:
    """An entity that a submission creates or updates; `path` is that of the node `entity`."""

    path: Names
    dataset: str
    properties: Mapping[str, Names] = field(default_factory=dict)


@dataclass(frozen=True)
class FormDefinition:
    """A whole form."""

    id: str
    version: str
    title: str
    seed: Seed
    kinds: Mapping[Names, NodeKind]
    slot_paths: tuple[Names, ...]
    vertices: tuple[Vertex, ...]
    triggers: Mapping[Names, tuple[int, ...]]  # path -> ranks of the vertices that read it
    all_instances: Mapping[Names, frozenset[int]]  # repeat -> ranks to be run in every instance when it shrinks
    all_on_growth: Mapping[Names, frozenset[int]]  # the same when an instance is added last
    body: tuple[Control, ...]
    questions: Mapping[Names, Control]
    repeats: Mapping[Names, Control]
    actions: tuple[Action, ...]
    nested_actions: tuple[Control, ...]
    sources: Mapping[str, Source]
    languages: tuple[str, ...]
    default_language: str
    texts: Mapping[str, Translations]  # by language
    entities: tuple[EntitySection, ...]
    namespaces: Mapping[str, str]  # prefix -> uri, for the submission
    submission: Mapping[str, str]
    problems: tuple[Problem, ...]
    shape: InstanceShape
    main_id: str | None = None
    hash: str = ""
    _outputs: dict[tuple[str, Names], Expression | None] = field(default_factory=dict, compare=False, repr=False)

    def media(self) -> tuple[str, ...]:
        """The files that the form needs beside it."""
        return tuple(sorted({source.src for source in self.sources.values() if source.src}))

    def output(self, source: str, context: Names) -> Expression | None:
        """The expression of an output as seen from a node; None if it cannot be read (see `problems`)."""
        key = (source, context)
        if key not in self._outputs:
            compiled = Expressions(self.shape, self.main_id).compile(source, ref(context), context, "string")
            self._outputs[key] = compiled
        return self._outputs[key]
