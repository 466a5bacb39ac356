"""What an expression reads and what would fail in it, found in one walk over its tree.

Paths are generic paths of the main instance; predicates and current() are followed, wildcards spelled out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from forms.xpath.registry import FUNCTIONS
from forms.xpath.scope import Names, Scope
from forms.xpath.tree import Binary, Call, Expr, Filter, Negation, Number, Path, Step, Text, Union, Variable

SUMS = frozenset(("sum", "min", "max", "count-non-empty"))
Fault = tuple[str, str, str]  # kind, name, text


@dataclass
class Findings:
    """What one expression does. `unknown` are the paths that the form does not have."""

    reads: set[Names] = field(default_factory=set)
    plain: set[Names] = field(default_factory=set)  # read otherwise than by the functions of the next two
    summed: set[Names] = field(default_factory=set)  # read by functions that pass over empty nodes
    placed: set[Names] = field(default_factory=set)  # read by position(), which a later instance does not change
    unknown: set[Names] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    instances: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def only(self, kind: set[Names]) -> frozenset[Names]:
        """The paths that are read in this way and in no other."""
        others = self.plain | (self.placed if kind is self.summed else self.summed)
        return frozenset(kind - others)


def examine(tree: Expr, scope: Scope) -> Findings:
    """Everything that can be known of an expression without evaluating it."""
    findings = Findings()
    waiting: list[tuple[Expr, Scope]] = [(tree, scope)]
    while waiting:
        part, inner = waiting.pop()
        kind = type(part)
        if kind is Text or kind is Number:
            continue
        if kind is Path:
            _path(part, inner, findings, waiting)  # type: ignore[arg-type]
        elif kind is Binary or kind is Union:
            waiting.append((part.left, inner))  # type: ignore[union-attr]
            waiting.append((part.right, inner))  # type: ignore[union-attr]
        elif kind is Call:
            _call(part, inner, findings, waiting)  # type: ignore[arg-type]
        elif isinstance(part, Negation):
            waiting.append((part.operand, inner))
        elif isinstance(part, Filter):
            waiting.append((part.base, inner))
            for predicate in part.predicates:
                _predicate(predicate, inner.within(None), findings, waiting)
        elif isinstance(part, Variable):
            findings.faults.append(("feature", f"${part.name}", "variables are not supported"))
    return findings


def _call(call: Call, scope: Scope, findings: Findings, waiting: list[tuple[Expr, Scope]]) -> None:
    name, count = call.name, len(call.arguments)
    findings.functions.add(name)
    declared = FUNCTIONS.get(name)
    if declared is None:
        findings.faults.append(("function", name, f"there is no function {name}()"))
    elif not declared.accepts(count):
        findings.faults.append(("function", name, f"{name}() cannot be called with {count} arguments"))
    elif name == "current":
        _path(Path(call, ()), scope, findings, waiting)
    elif name in ("instance", "pulldata") and isinstance(call.arguments[0], Text):
        findings.instances.add(call.arguments[0].value)
    if count == 1 and (name in SUMS or name == "position") and isinstance(call.arguments[0], Path):
        _path(call.arguments[0], scope, findings, waiting, findings.summed if name in SUMS else findings.placed)
        return
    waiting += [(each, scope) for each in call.arguments]


def _path(
    path: Path, scope: Scope, findings: Findings, waiting: list[tuple[Expr, Scope]], kind: set[Names] | None = None
) -> None:
    into = findings.plain if kind is None or any(step.predicates for step in path.steps) else kind
    start = path.start
    if start is not None and not isinstance(start, str) and not _is_current(start):
        waiting.append((start, scope))
    at = _base(path, scope)
    found: list[Names] | None = None if at is None else [at]
    for step in path.steps:
        if found is not None:
            found = _advance(found, step, scope)
        if step.predicates:
            here = found[0] if found is not None and len(found) == 1 else None
            for predicate in step.predicates:
                _predicate(predicate, scope.within(here), findings, waiting)
    exists = scope.shape.exists
    for each in found or ():
        if each:
            findings.reads.add(each)
            into.add(each)
            if not exists(each):
                findings.unknown.add(each)


def _predicate(tree: Expr, scope: Scope, findings: Findings, waiting: list[tuple[Expr, Scope]]) -> None:
    if isinstance(tree, Number):
        place = int(tree.value)
        text = f"selects nothing in ODK Collect; write [position() = {place}]"
        findings.faults.append(("position", f"[{place}]", text))
    waiting.append((tree, scope))


def _is_current(tree: Expr) -> bool:
    return isinstance(tree, Call) and tree.name == "current"


def _base(path: Path, scope: Scope) -> Names | None:
    start = path.start
    if start == "/":
        return ()
    if start is None:
        return scope.context
    if isinstance(start, Call):
        if start.name == "current":
            return scope.origin
        if start.name == "instance" and scope.main and start.arguments == (Text(scope.main),):
            return ()
    return None


def _advance(found: list[Names], step: Step, scope: Scope) -> list[Names]:
    name, axis = step.name, step.axis
    if axis == "child":
        if name is None or name == "*":
            return [(*each, kid) for each in found for kid in scope.shape.children(each)]
        return [(*each, name) for each in found]
    if axis == "parent":
        return [each[:-1] for each in found]
    if axis == "attribute":
        return [] if name in (None, "*") else [(*each, f"@{name}") for each in found]
    if axis == "descendant":
        return [below for each in found for below in _below(each, scope) if name in ("*", None, below[-1])]
    return found


def _below(path: Names, scope: Scope) -> list[Names]:
    found: list[Names] = []
    for name in scope.shape.children(path):
        found.append((*path, name))
        found += _below((*path, name), scope)
    return found
