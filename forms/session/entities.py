"""What a submission does to entities: parsed from its `entity` nodes and handed over; nothing is stored here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forms.definition.model import EntitySection
from forms.session.nodes import Node
from forms.session.recompute import expand

if TYPE_CHECKING:
    from forms.session.state import State

_TRUE = ("1", "true")


@dataclass(frozen=True)
class EntityChange:
    """`action` is create, update or upsert; versions are those of the list that the form was filled with."""

    dataset: str
    action: str
    id: str
    label: str
    properties: dict[str, str] = field(default_factory=dict)
    base_version: str = ""
    trunk_version: str = ""
    branch_id: str = ""


def entity_changes(state: State) -> tuple[EntityChange, ...]:
    """One change for each relevant entity node that creates or updates."""
    changes: list[EntityChange] = []
    for section in state.definition.entities:
        for node in expand(state.root, section.path[1:]):
            change = _change(section, node) if node.relevant else None
            if change is not None:
                changes.append(change)
    return tuple(changes)


def _change(section: EntitySection, node: Node) -> EntityChange | None:
    stated = {name: each.text for name, each in node.attributes.items() if each.relevant}
    create, update = stated.get("create", "") in _TRUE, stated.get("update", "") in _TRUE
    if not create and not update:
        return None
    action = "upsert" if create and update else "create" if create else "update"
    labels: list[Node] = node.kids.get("label") or []
    return EntityChange(
        section.dataset, action, stated.get("id", ""), labels[0].text if labels and labels[0].relevant else "",
        _properties(section, node), stated.get("baseVersion", ""), stated.get("trunkVersion", ""),
        stated.get("branchId", ""),
    )


def _properties(section: EntitySection, node: Node) -> dict[str, str]:
    """The answers saved to the entity, read in the same repeat instance as the entity itself."""
    scope = node.parent.parent if node.parent is not None and node.parent.parent is not None else node
    while scope.parent is not None and not scope.kind.repeat:
        scope = scope.parent
    found: dict[str, str] = {}
    for name, path in section.properties.items():
        for each in expand(scope, path[len(scope.kind.path) :]):
            if each.relevant:
                found[name] = each.text
    return found
