"""The declared functions: name, parameters, result. Arity is checked when an expression is compiled.

A parameter's kind says in which form the argument arrives: `string`, `number`, `boolean`, `value` (any scalar), `raw`
(a scalar or a nodeset) or `nodes`. A *form* is a function that compiles its own arguments, because it evaluates them
lazily or needs their paths (`if`, `position`, `indexed-repeat`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from forms.xpath.compiler import Compiler
    from forms.xpath.tree import Call

Closure = Callable[[Any, Any], Any]
Body = TypeVar("Body", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Function:
    """A function whose arguments are evaluated first. `rest` is the kind of any further arguments, None for none."""

    name: str
    parameters: tuple[str, ...]
    required: int
    rest: str | None
    returns: str
    needs: str  # "" | "env" | "node": what the body gets before its arguments
    body: Callable[..., Any]

    def accepts(self, count: int) -> bool:
        """Whether it may be called with so many arguments."""
        return count >= self.required and (self.rest is not None or count <= len(self.parameters))

    def kind(self, index: int) -> str:
        """The kind of the argument at this place."""
        return self.parameters[index] if index < len(self.parameters) else self.rest or "raw"


@dataclass(frozen=True, slots=True)
class Form:
    """A function that compiles its own arguments."""

    name: str
    required: int
    most: int
    returns: str
    build: Callable[[Compiler, Call], Closure]

    def accepts(self, count: int) -> bool:
        """Whether it may be called with so many arguments."""
        return self.required <= count <= self.most


FUNCTIONS: dict[str, Function | Form] = {}


def function(
    name: str, *parameters: str, required: int | None = None, rest: str | None = None, returns: str, needs: str = "",
    aliases: tuple[str, ...] = (),
) -> Callable[[Body], Body]:
    """Declare the body below as the function `name`."""

    def declare(body: Body) -> Body:
        least = len(parameters) if required is None else required
        for each in (name, *aliases):
            FUNCTIONS[each] = Function(each, parameters, least, rest, returns, needs, body)
        return body

    return declare


def form(name: str, required: int, most: int, returns: str) -> Callable[[Body], Body]:
    """Declare the builder below as the function `name`."""

    def declare(build: Body) -> Body:
        FUNCTIONS[name] = Form(name, required, most, returns, build)
        return build

    return declare


def known(name: str) -> bool:
    """Whether the dialect has this function."""
    return name in FUNCTIONS
