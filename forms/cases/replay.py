"""One recorded walk replayed through the same interface that a screen uses, and what came out otherwise."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from forms.definition.model import FormDefinition
from forms.entry import FormEntry, Leaf, Surroundings
from forms.instances.media import Media
from forms.xpath.environment import FixedClock
from forms.xpath.moments import moment_of_wall
from forms.xpath.scope import Names
from schemas.errors import LedgerError

_NAMES = frozenset(("start", "end", "today", "deviceid", "instanceID", "username", "phonenumber", "uuid"))
_CHANCE = frozenset(("now", "random", "uuid"))
_NUMBER = re.compile(r"\[\d+\]")


@dataclass
class Result:
    """Counts of what was compared, by category; `first` describes the first difference."""

    form: str
    seed: int
    compared: Counter[str] = field(default_factory=Counter)
    unequal: Counter[str] = field(default_factory=Counter)
    first: str = ""

    @property
    def equal(self) -> bool:
        """Whether nothing differed."""
        return not self.unequal

    def compare(self, category: str, where: str, expected: Any, found: Any) -> None:
        """Count a comparison."""
        self.compared[category] += 1
        if expected != found:
            self.differ(category, f"{where}: expected {expected!r}, found {found!r}")

    def differ(self, category: str, text: str) -> None:
        """Count a difference."""
        self.unequal[category] += 1
        if not self.first:
            self.first = f"{category} {text}"


def replay(definition: FormDefinition, media: Media, case: dict[str, Any]) -> Result:
    """Replay a case; every difference is counted, nothing is raised for one."""
    result = Result(case["form"], case["seed"])
    day = date.fromisoformat(case["date"])
    clock = FixedClock(moment_of_wall(day.year, day.month, day.day, 12, tz=zone(case["tz"])))
    entry = FormEntry.begin(definition, Surroundings(media, clock))
    _serve(entry)
    unstable = unstable_paths(definition)
    compare_leaves(result, "initial", case["initial"], entry.leaves(), unstable)
    for step in case["steps"]:
        _step(result, entry, step)
    entry.next()  # the recorder had gone on when it stopped, which may have grown a counted repeat
    compare_leaves(result, "final", case["final"], entry.leaves(), unstable)
    verdict = entry.validate()
    expected = case["validate"]
    found = {"ok": True} if verdict.ok else {"ok": False, "ref": verdict.ref, "why": verdict.result}
    result.compare("validate", "validate", expected, found)
    return result


def compare_leaves(
    result: Result, stage: str, expected: list[dict[str, Any]], found: list[Leaf], unstable: frozenset[Names]
) -> None:
    """Compare the leaves of the instance: which there are, their values and states."""
    leaves = {leaf.ref: leaf for leaf in found}
    names = {tuple(local(name) for name in path) for path in unstable}
    for each in expected:
        ref = each["ref"]
        leaf = leaves.pop(ref, None)
        if leaf is None:
            result.compared["values"] += 1
            result.differ("values", f"{stage} {ref}: there is no such node")
            continue
        result.compare("relevance", f"{stage} {ref}", each["relevant"], leaf.relevant)
        result.compare("required", f"{stage} {ref}", each["required"], leaf.required)
        result.compare("enabled", f"{stage} {ref}", each["enabled"], leaf.enabled)
        if generic(ref) not in names:
            result.compare("values", f"{stage} {ref}", each["value"], leaf.value)
    for ref in leaves:
        result.compared["values"] += 1
        result.differ("values", f"{stage} {ref}: a node that should not be there")


def unstable_paths(definition: FormDefinition) -> frozenset[Names]:
    """The paths whose values no two runs share: device metadata, and what comes from now(), random() or uuid()."""
    found = {path for path in definition.kinds if local(path[-1]) in _NAMES}
    found |= {path for path, kind in definition.kinds.items() if kind.preload in ("uid", "timestamp", "property")}
    rules = [(vertex.path, vertex.expression) for vertex in definition.vertices if vertex.kind == "calculate"]
    actions = [*definition.actions, *(a for control in definition.nested_actions for a in control.actions)]
    rules += [(action.target, action.value) for action in actions if action.value is not None]
    found |= {path for path, expression in rules if expression.functions & _CHANCE}
    while True:  # and what is calculated from such values
        more = {
            vertex.path for vertex in definition.vertices
            if vertex.kind == "calculate" and vertex.path not in found and vertex.expression.reads & found
        }
        if not more:
            return frozenset(found)
        found |= more


def zone(name: str) -> tzinfo:
    """The time zone of a case; UTC without the zone files, which a browser lacks."""
    return UTC if name in ("UTC", "Etc/UTC") else ZoneInfo(name)


def generic(ref: str) -> Names:
    """A ref without its numbers."""
    return tuple(_NUMBER.sub("", ref).strip("/").split("/"))


def local(name: str) -> str:
    """A name without its prefix, as refs have it."""
    return name.rpartition(":")[2]


def _step(result: Result, entry: FormEntry, step: dict[str, Any]) -> None:
    ref = step["ref"]
    match step["op"]:
        case "at":
            _at(result, entry, step)
        case "set":
            if not _exists(entry, ref):
                result.compared["verdicts"] += 1
                result.differ("verdicts", f"set {ref}: there is no such node")
                return
            verdict = entry.answer(ref, step["value"]).result
            result.compare("verdicts", f"set {ref} {step['value']!r}", step["result"], verdict)
            _serve(entry)
        case "repeat":
            result.compared["repeats"] += 1
            if not _go(entry, ref, "prompt"):
                result.differ("repeats", f"{ref}: not offered")
            else:
                entry.add_repeat(ref)


def _serve(entry: FormEntry) -> None:
    """Answer what the form asks of the device as the recorder's device did, which had no position to give."""
    for request in entry.requests:
        with contextlib.suppress(LedgerError):  # its text fits no node of type geopoint
            entry.put(request.ref, "no client implementation")


def _at(result: Result, entry: FormEntry, step: dict[str, Any]) -> None:
    ref = step["ref"]
    result.compared["asked"] += 1
    if not _go(entry, ref, "question"):
        result.differ("asked", f"{ref}: not asked")
        return
    result.compare("required", f"at {ref}", step["required"], entry.is_required(ref))
    result.compare("enabled", f"at {ref}", step["readonly"], entry.is_readonly(ref))
    control = entry.control(ref)
    if "choices" in step or "nchoices" in step or (control is not None and control.itemset is not None):
        offered = [choice.value for choice in entry.choices(ref)]
        if "choices" in step:
            result.compare("choices", f"at {ref}", step["choices"], offered)
        elif "nchoices" in step:
            result.compare("choices", f"at {ref}", step["nchoices"], len(offered))


def _go(entry: FormEntry, ref: str, kind: str) -> bool:
    """Walk on to a place; from the beginning if it does not lie ahead."""
    for _ in range(2):
        while (place := entry.next()).kind != "end":
            if place.ref == ref and place.kind == kind:
                return True
        entry.restart()
    return False


def _exists(entry: FormEntry, ref: str) -> bool:
    return any(leaf.ref == ref for leaf in entry.leaves())
