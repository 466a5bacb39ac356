"""Compiles the expressions of a form and notes what is wrong with them, without stopping at the first."""

from __future__ import annotations

from dataclasses import dataclass, field

from forms.definition.shape import InstanceShape
from forms.xpath.compiler import Compiler
from forms.xpath.dependencies import calls, faults, is_impure, reads, unknown_paths
from forms.xpath.errors import XPathError, XPathSyntaxError
from forms.xpath.parser import parse
from forms.xpath.registry import Closure
from forms.xpath.scope import Names, Scope
from forms.xpath.tree import Text as Literal


@dataclass(frozen=True)
class Problem:
    """Something a publisher must know. `kind` is a stable word; `fatal` means that the form does not do what it says.

    Kinds: expression (cannot be read), function (unknown, or wrong number of arguments), path (names no node),
    position (`[2]` selects nothing in JavaRosa), feature (not supported), bind (no such node), media (missing source),
    structure.
    """

    kind: str
    where: str
    name: str
    text: str
    fatal: bool = True


@dataclass(frozen=True)
class Expression:
    """An expression in its scope: the source for messages, the closure for work, the paths that it reads."""

    source: str
    evaluate: Closure
    reads: frozenset[Names] = frozenset()
    impure: bool = False  # uuid(), random(), now(): another value each time


@dataclass
class Expressions:
    """One for a form that is being loaded; `problems` fills up under way."""

    shape: InstanceShape
    main_id: str | None = None
    problems: list[Problem] = field(default_factory=list)
    instances: dict[str, str] = field(default_factory=dict)  # the secondary instances that are named, and where

    def compile(self, source: str, where: str, context: Names, wanted: str = "scalar") -> Expression | None:
        """The expression in the form that is wanted (scalar, boolean, string, nodes); None if it cannot be read."""
        return self._compiled(source, where, Scope.of(self.shape, context, self.main_id), wanted)

    def check(self, source: str, where: str) -> None:
        """Note what is wrong with an expression that is compiled later, where its text is shown."""
        try:
            for kind, name, text in faults(parse(source)):
                self.note(kind, where, name, text)
        except XPathSyntaxError as error:
            self.note("expression", where, source, f"cannot be read: {error}")

    def _compiled(self, source: str, where: str, scope: Scope, wanted: str) -> Expression | None:
        try:
            tree = parse(source)
            closure = getattr(Compiler(scope), wanted)(tree)
            paths = reads(tree, scope)
        except (XPathSyntaxError, XPathError, RecursionError) as error:
            self.note("expression", where, source, f"cannot be read: {error or 'nested too deeply'}")
            return None
        for kind, name, text in faults(tree):
            self.note(kind, where, name, text)
        for call in calls(tree):
            if call.name in ("instance", "pulldata") and call.arguments and isinstance(call.arguments[0], Literal):
                self.instances.setdefault(call.arguments[0].value, where)
        for path in sorted(unknown_paths(tree, scope)):
            self.note("path", where, "/" + "/".join(path), "the form has no such node", fatal=False)
        return Expression(source, closure, frozenset(paths), is_impure(tree))

    def note(self, kind: str, where: str, name: str, text: str, *, fatal: bool = True) -> None:
        """Remember a problem, once."""
        problem = Problem(kind, where, name, text, fatal)
        if problem not in self.problems:
            self.problems.append(problem)


def ref(path: Names) -> str:
    """A path as forms write it."""
    return "/" + "/".join(path)
