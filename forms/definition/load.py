"""XML to a form definition: instance first, then binds, body, graph, texts; problems are collected, not thrown."""

from __future__ import annotations

import gc
import hashlib
from dataclasses import replace

from forms.definition.actions import read_actions
from forms.definition.binds import absolute, node_kinds, read_binds
from forms.definition.body import QUESTIONS, BodyReader, control_kinds, repeat_paths
from forms.definition.entities import read_entities
from forms.definition.expressions import Expressions
from forms.definition.graph import build
from forms.definition.instance import build_seed, read_raw, read_shape
from forms.definition.model import Control, FormDefinition, Source
from forms.definition.sources import read_source
from forms.definition.texts import read_translations
from forms.xmldoc import Document, Element, attribute, child, children, local, namespace, parse, tag
from forms.xpath.scope import Names
from schemas.errors import Code, LedgerError


def load(xml: bytes | str) -> FormDefinition:
    """A form definition. Raises LedgerError(FORM_INVALID) for what is no form, FORM_CYCLE for circular rules.

    Everything else that a person should know before the form is published stands in `problems`.
    """
    collects = gc.isenabled()
    gc.disable()  # nearly everything that is built here stays: looking for garbage under way doubles the time
    try:
        return _load(xml)
    finally:
        if collects:
            gc.enable()


def _load(xml: bytes | str) -> FormDefinition:
    document = parse(xml)
    head, body = _parts(document.root)
    model = child(head, "model")
    if model is None:
        raise LedgerError(Code.FORM_INVALID, reason="there is no model")
    main, main_element = _main(model)
    document = replace(document, own=namespace(main_element))
    raw = read_raw(main_element, document)
    root: Names = (raw.name,)
    shape = read_shape(raw, repeat_paths(body, root))
    expressions = Expressions(shape, attribute(main, "id"))
    binds = list(children(model, "bind"))
    rules = read_binds(binds, root, document, expressions)
    kinds = node_kinds(shape, rules, control_kinds(body, root))
    reader = BodyReader(document, expressions, _bind_ids(binds, root, expressions))
    controls = reader.read(body, root)
    graph = build(rules.found, shape)
    texts, language = read_translations(child(model, "itext"), expressions)
    sources = _sources(model, main, document, expressions)
    title = child(head, "title")
    raw_bytes = xml.encode() if isinstance(xml, str) else xml
    _check_instances(expressions, sources)
    return FormDefinition(
        id=main_element.get("id") or main_element.get("xmlns") or "",
        version=main_element.get("version") or "",
        title=("" if title is None else (title.text or "")).strip(),
        seed=build_seed(raw, root, kinds),
        kinds=kinds,
        slot_paths=tuple(shape.slots),
        vertices=graph.vertices,
        triggers=graph.triggers,
        all_instances=graph.all_instances,
        all_on_growth=graph.all_on_growth,
        body=controls,
        questions=_by_path(controls, QUESTIONS),
        repeats=_by_path(controls, frozenset(("repeat",))),
        actions=read_actions(model, root, expressions),
        nested_actions=tuple(each for each in _all(controls) if each.actions),
        sources=sources,
        languages=tuple(texts),
        default_language=language,
        texts=texts,
        entities=read_entities(raw, kinds, expressions),
        namespaces=_namespaces(document, main_element),
        submission=_submission(model),
        problems=tuple(expressions.problems),
        shape=shape,
        main_id=expressions.main_id,
        hash=hashlib.sha256(raw_bytes).hexdigest(),
    )


def _parts(root: Element) -> tuple[Element, Element | None]:
    head = child(root, "head")
    if head is None:
        raise LedgerError(Code.FORM_INVALID, reason="no XForm: there is no head")
    return head, child(root, "body")


def _main(model: Element) -> tuple[Element, Element]:
    """The first instance, and the element in it."""
    instance = child(model, "instance")
    element = None if instance is None else next(children(instance), None)
    if instance is None or element is None:
        raise LedgerError(Code.FORM_INVALID, reason="the form has no main instance")
    return instance, element


def _bind_ids(binds: list[Element], root: Names, expressions: Expressions) -> dict[str, Names]:
    found: dict[str, Names] = {}
    for bind in binds:
        name, path = attribute(bind, "id"), absolute(attribute(bind, "nodeset"), expressions.shape, root)
        if name and path:
            found[name] = path
    return found


def _sources(model: Element, main: Element, document: Document, expressions: Expressions) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for instance in children(model, "instance"):
        if instance is main:
            continue
        source = read_source(instance, document)
        if source is None:
            expressions.note("structure", "instance", "<instance>", "a secondary instance without an id", fatal=False)
        elif source.id not in found:
            found[source.id] = source
    return found


def _check_instances(expressions: Expressions, sources: dict[str, Source]) -> None:
    for name, where in sorted(expressions.instances.items()):
        if name not in sources and name != expressions.main_id:
            expressions.note("media", where, name, f"instance('{name}') is not part of the form")


def _by_path(controls: tuple[Control, ...], kinds: frozenset[str]) -> dict[Names, Control]:
    found: dict[Names, Control] = {}
    for each in _all(controls):
        if each.kind in kinds:
            found.setdefault(each.path, each)
    return found


def _all(controls: tuple[Control, ...]) -> list[Control]:
    found: list[Control] = []
    for each in controls:
        found.append(each)
        found += _all(each.children)
    return found


def _namespaces(document: Document, main: Element) -> dict[str, str]:
    """The prefixes that the main instance uses, for writing it again; '' for the namespace of the root itself."""
    uris = {uri for element in main.iter() if tag(element) for uri in _uris(element)}
    found = {document.prefixes[uri]: uri for uri in sorted(uris) if uri in document.prefixes}
    if document.own:
        found = {prefix: uri for prefix, uri in found.items() if uri != document.own}
        found[""] = document.own
    return found


def _uris(element: Element) -> list[str]:
    names = [str(element.tag), *element.attrib]
    return [name[1:].partition("}")[0] for name in names if name.startswith("{")]


def _submission(model: Element) -> dict[str, str]:
    element = child(model, "submission")
    return {} if element is None else {local(key): value for key, value in element.attrib.items()}
