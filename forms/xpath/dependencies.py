"""Which nodes of the main instance an expression reads, as generic paths, and whether it gives the same value twice."""

from __future__ import annotations

from collections.abc import Iterator

from forms.xpath.registry import FUNCTIONS, known
from forms.xpath.scope import Names, Scope
from forms.xpath.tree import Binary, Call, Expr, Filter, Negation, Number, Path, Step, Text, Union, Variable

IMPURE = frozenset(("uuid", "random", "now", "once", "today"))


def reads(tree: Expr, scope: Scope) -> set[Names]:
    """The generic paths that the expression names, predicates and current() included."""
    found: set[Names] = set()
    for path, inner in _paths(tree, scope):
        found |= _targets(path, inner)
    return found


def is_impure(tree: Expr) -> bool:
    """Whether it may give another value on the same answers."""
    return any(call.name in IMPURE for call in calls(tree))


def calls(tree: Expr) -> Iterator[Call]:
    """All function calls in an expression."""
    for part in parts(tree):
        if isinstance(part, Call):
            yield part


def faults(tree: Expr) -> Iterator[tuple[str, str, str]]:
    """What would fail when it runs: (kind, name, text) of unknown functions, wrong arguments, `[2]`."""
    for part in parts(tree):
        if isinstance(part, Call):
            declared = FUNCTIONS.get(part.name)
            if declared is None:
                yield "function", part.name, f"there is no function {part.name}()"
            elif not declared.accepts(len(part.arguments)):
                yield "function", part.name, f"{part.name}() cannot be called with {len(part.arguments)} arguments"
        elif isinstance(part, Variable):
            yield "feature", f"${part.name}", "variables are not supported"
        for predicate in _predicates(part):
            if isinstance(predicate, Number):
                place = int(predicate.value)
                yield "position", f"[{place}]", f"selects nothing in ODK Collect; write [position() = {place}]"


def unknown_paths(tree: Expr, scope: Scope) -> set[Names]:
    """The absolute paths that name no node of the form."""
    found: set[Names] = set()
    for path, inner in _paths(tree, scope):
        if path.start in ("/", None) and (path.start == "/" or inner.context is not None):
            found |= {each for each in _targets(path, inner) if each and not scope.shape.exists(each)}
    return found


def parts(tree: Expr) -> Iterator[Expr]:
    """The expression and everything in it."""
    waiting: list[Expr] = [tree]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += _inside(part)


def _inside(tree: Expr) -> list[Expr]:
    match tree:
        case Binary(_, left, right) | Union(left, right):
            return [left, right]
        case Negation(operand):
            return [operand]
        case Call(_, arguments):
            return list(arguments)
        case Filter(base, predicates):
            return [base, *predicates]
        case Path(start, steps):
            inner: list[Expr] = [each for step in steps for each in step.predicates]
            return inner if start is None or isinstance(start, str) else [start, *inner]
        case _:
            return []


def _predicates(tree: Expr) -> list[Expr]:
    if isinstance(tree, Path):
        return [each for step in tree.steps for each in step.predicates]
    return list(tree.predicates) if isinstance(tree, Filter) else []


def _paths(tree: Expr, scope: Scope) -> Iterator[tuple[Path, Scope]]:
    waiting: list[tuple[Expr, Scope]] = [(tree, scope)]
    while waiting:
        part, inner = waiting.pop()
        if not isinstance(part, Path):
            if isinstance(part, Call) and part.name == "current" and not part.arguments:
                yield Path(part, ()), inner
            waiting += [(each, inner) for each in _inside(part)]
            continue
        yield part, inner
        if part.start is not None and not isinstance(part.start, str):
            waiting += [(each, inner) for each in _inside(part.start)]
        at = _base(part, inner)
        for step in part.steps:
            at = _single(at, step)
            waiting += [(each, inner.within(at)) for each in step.predicates]


def _base(path: Path, scope: Scope) -> Names | None:
    if path.start == "/":
        return ()
    if path.start is None:
        return scope.context
    if isinstance(path.start, Call) and path.start.name == "current":
        return scope.origin
    if isinstance(path.start, Call) and path.start.name == "instance" and path.start.arguments == (Text(scope.main or ""),):
        return () if scope.main else None
    return None


def _single(at: Names | None, step: Step) -> Names | None:
    if at is None or step.axis == "descendant" or (step.name in (None, "*") and step.axis in ("child", "attribute")):
        return None
    if step.axis == "parent":
        return at[:-1]
    if step.axis == "self":
        return at
    return (*at, f"@{step.name}" if step.axis == "attribute" else str(step.name))


def _targets(path: Path, scope: Scope) -> set[Names]:
    base = _base(path, scope)
    found: set[Names] = set() if base is None else {base}
    for step in path.steps:
        if step.axis == "descendant":
            found = {below for each in found for below in _below(each, scope) if step.name in ("*", None, below[-1])}
        elif step.axis == "child" and step.name in (None, "*"):
            found = {(*each, name) for each in found for name in scope.shape.children(each)}
        else:
            found = {at for each in found if (at := _single(each, step)) is not None}
    return {each for each in found if each}


def _below(path: Names, scope: Scope) -> Iterator[Names]:
    for name in scope.shape.children(path):
        yield (*path, name)
        yield from _below((*path, name), scope)


__all__ = ["calls", "faults", "is_impure", "known", "parts", "reads", "unknown_paths"]
