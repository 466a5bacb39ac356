"""The expressions of a form: examined when the form is loaded, compiled when they first run.

What is wrong with them is noted, without stopping at the first; what is right costs nothing until somebody needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from forms.definition.shape import InstanceShape
from forms.xpath.compiler import Compiler
from forms.xpath.dependencies import examine
from forms.xpath.errors import XPathSyntaxError
from forms.xpath.parser import parse
from forms.xpath.registry import Closure
from forms.xpath.scope import Names, Scope


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
    """An expression in its scope: the source for messages, the paths that it reads, the closure that does the work."""

    source: str
    build: Callable[[], Closure] = field(repr=False, compare=False)
    reads: frozenset[Names] = frozenset()
    functions: frozenset[str] = frozenset()
    summed: frozenset[Names] = frozenset()  # read only by functions that pass over empty nodes
    placed: frozenset[Names] = frozenset()  # read only by position()

    @cached_property
    def evaluate(self) -> Closure:
        """The closure `f(node, env)`; raises XPathError where it cannot be evaluated."""
        return self.build()


@dataclass
class Expressions:
    """One for a form that is being loaded; `problems` fills up under way."""

    shape: InstanceShape
    main_id: str | None = None
    problems: list[Problem] = field(default_factory=list)
    instances: dict[str, str] = field(default_factory=dict)  # the secondary instances that are named, and where

    def compile(self, source: str, where: str, context: Names, wanted: str = "scalar") -> Expression | None:
        """The expression in the form that is wanted (scalar, boolean, number, string, nodes); None if unreadable."""
        scope = Scope.of(self.shape, context, self.main_id)
        try:
            tree = parse(source)
        except XPathSyntaxError as error:
            self.note("expression", where, source, f"cannot be read: {error}")
            return None
        findings = examine(tree, scope)
        for kind, name, text in findings.faults:
            self.note(kind, where, name, text)
        for path in sorted(findings.unknown):
            self.note("path", where, ref(path), "the form has no such node", fatal=False)
        for name in findings.instances:
            self.instances.setdefault(name, where)

        def build() -> Closure:
            closure: Closure = getattr(Compiler(scope), wanted)(tree)
            return closure

        return Expression(
            source, build, frozenset(findings.reads), frozenset(findings.functions),
            findings.only(findings.summed), findings.only(findings.placed),
        )

    def check(self, source: str, where: str) -> None:
        """Note what is wrong with an expression that is compiled later, where its text is shown."""
        try:
            for kind, name, text in examine(parse(source), Scope(context=None, origin=None)).faults:
                self.note(kind, where, name, text)
        except XPathSyntaxError as error:
            self.note("expression", where, source, f"cannot be read: {error}")

    def note(self, kind: str, where: str, name: str, text: str, *, fatal: bool = True) -> None:
        """Remember a problem, once."""
        problem = Problem(kind, where, name, text, fatal)
        if problem not in self.problems:
            self.problems.append(problem)


def ref(path: Names) -> str:
    """A path as forms write it."""
    return "/" + "/".join(path)
