"""Entity sections: which dataset a submission writes to, and which answers become which properties."""

from __future__ import annotations

from forms.definition.expressions import Expressions
from forms.definition.instance import Raw
from forms.definition.model import EntitySection, NodeKind
from forms.xpath.scope import Names


def read_entities(root: Raw, kinds: dict[Names, NodeKind], expressions: Expressions) -> tuple[EntitySection, ...]:
    """The `meta/entity` nodes of the form, each with the answers saved to it."""
    sections: list[EntitySection] = []
    for path, raw in _entities(root, (root.name,)):
        dataset = dict(raw.attributes).get("dataset", "")
        scope = path[:-2]
        saved = {
            kind.save_to: kind.path for kind in kinds.values()
            if kind.save_to and _nearest(kind.path, kinds) == _nearest(scope, kinds)
        }
        if not dataset:
            expressions.note("structure", "/" + "/".join(path), "entity", "an entity without a dataset")
        section = EntitySection(path, dataset, saved)
        if section not in sections:
            sections.append(section)
    return tuple(sections)


def _entities(raw: Raw, path: Names) -> list[tuple[Names, Raw]]:
    found: list[tuple[Names, Raw]] = []
    seen: set[Names] = set()
    for child in raw.children:
        here = (*path, child.name)
        if child.name.rpartition(":")[2] == "entity" and path[-1].rpartition(":")[2] == "meta":
            if here not in seen:
                found.append((here, child))
            seen.add(here)
        else:
            for each in _entities(child, here):
                if each[0] not in seen:
                    found.append(each)
                seen.add(each[0])
    return found


def _nearest(path: Names, kinds: dict[Names, NodeKind]) -> Names:
    """The innermost repeat around a path."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in kinds and kinds[path[:depth]].repeat:
            return path[:depth]
    return ()
