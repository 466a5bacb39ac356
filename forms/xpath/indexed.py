"""indexed-repeat(target, repeat, index, …): the target path with some of its levels fixed to a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forms.xpath.errors import XPathError
from forms.xpath.registry import Closure
from forms.xpath.scope import Names, Scope
from forms.xpath.tree import Call, Expr, Path
from forms.xpath.values import Nodeset, to_integer

if TYPE_CHECKING:
    from forms.xpath.compiler import Compiler


def compile_indexed_repeat(compiler: Compiler, call: Call) -> Closure:
    """The closure of a call; arguments that are no paths fail when it is evaluated, as in JavaRosa."""
    target = generic_path(call.arguments[0], compiler.scope)
    if target is None or len(call.arguments) % 2 == 0:
        return _failing("indexed-repeat() needs a field, then pairs of repeat and number")
    chosen: dict[int, Closure] = {}
    for repeat, index in zip(call.arguments[1::2], call.arguments[2::2], strict=True):
        path = generic_path(repeat, compiler.scope)
        if path is None or target[: len(path)] != path or len(path) >= len(target):
            return _failing("indexed-repeat() needs a repeat that holds the field")
        chosen[len(path)] = compiler.number(index)
    context = compiler.scope.context or ()
    shared = 0
    while shared < min(len(target), len(context)) and target[shared] == context[shared]:
        shared += 1

    def nodes(node: Any, env: Any) -> Nodeset:
        own = _ancestors(node)
        found = [env.root] if env.root is not None else []
        for depth, name in enumerate(target, 1):
            found = [kid for each in found for kid in each.kids.get(name, ())]
            if depth in chosen:
                place = max(1, to_integer(chosen[depth](node, env))) - 1
                found = [kid for kid in found if kid.index == place]
            elif depth <= shared and depth <= len(own):
                found = [kid for kid in found if kid.index == own[depth - 1].index]
        return Nodeset([each for each in found if each.relevant])

    return nodes


def generic_path(tree: Expr, scope: Scope) -> Names | None:
    """The absolute path that a path expression names, without predicates; None if it cannot be told."""
    if not isinstance(tree, Path):
        return None
    if tree.start == "/":
        path: Names = ()
    elif tree.start is None:
        path = scope.context or ()
    elif isinstance(tree.start, Call) and tree.start.name == "current":
        path = scope.origin or ()
    else:
        return None
    for step in tree.steps:
        if step.axis == "parent":
            path = path[:-1]
        elif step.axis == "child" and step.name not in (None, "*"):
            path = (*path, str(step.name))
        elif step.axis == "attribute" and step.name not in (None, "*"):
            path = (*path, f"@{step.name}")
        elif step.axis != "self":
            return None
    return path


def _ancestors(node: Any) -> list[Any]:
    """From the root element down to the node."""
    chain: list[Any] = []
    while node is not None:
        chain.append(node)
        node = node.parent
    return chain[::-1]


def _failing(message: str) -> Closure:
    def fail(node: Any, env: Any) -> Nodeset:
        raise XPathError(message)

    return fail
