"""Tokens to a syntax tree: precedence climbing over the grammar of XPath 1.0, with a limit on depth."""

from __future__ import annotations

from functools import lru_cache

from forms.xpath.errors import XPathSyntaxError
from forms.xpath.lexer import Token, tokens
from forms.xpath.tree import Binary, Call, Expr, Filter, Negation, Number, Path, Step, Text, Union, Variable

MAX_DEPTH = 100  # six frames a level, far below Python's limit
_BINDING = {
    "or": 1, "and": 2, "=": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "div": 6, "mod": 6,
}
_NO_OPERATOR = frozenset(("text", "name", "number", "any", "path"))
_AXES = {"child": "child", "parent": "parent", "self": "self", "attribute": "attribute", "descendant": "descendant"}
_NODE_TESTS = ("node", "text", "comment", "processing-instruction")


@lru_cache(maxsize=4096)
def parse(source: str) -> Expr:
    """The tree of an expression. Raises XPathSyntaxError."""
    reader = _Reader(tokens(source))
    tree = reader.expression()
    if reader.token.kind != "end":
        raise XPathSyntaxError(f"{reader.token.text!r} is left over in {source!r}")
    return tree


class _Reader:
    def __init__(self, source: list[Token]) -> None:
        self._tokens = source
        self._at = 0
        self._depth = 0
        self.token = source[0]

    def expression(self) -> Expr:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise XPathSyntaxError("nested too deeply")
        tree = self._binary(1)
        self._depth -= 1
        return tree

    def _binary(self, weakest: int) -> Expr:
        left = self._unary()
        while self.token.kind not in _NO_OPERATOR:
            binding = _BINDING.get(self.token.text, 0)
            if binding < weakest:
                break
            operator = self._next().text
            left = Binary(operator, left, self._binary(binding + 1))
        return left

    def _unary(self) -> Expr:
        minus = 0
        while self.token.kind == "-":
            self._next()
            minus += 1
        tree = self._union()
        for _ in range(minus):
            tree = Negation(tree)
        return tree

    def _union(self) -> Expr:
        left = self._path()
        while self.token.kind == "|":
            self._next()
            left = Union(left, self._path())
        return left

    def _path(self) -> Expr:
        kind = self.token.kind
        if kind == "path":
            return self._plain_path()
        if kind == "/":
            self._next()
            return Path("/", tuple(self._steps()) if self._begins_step() else ())
        if kind == "//":
            self._next()
            return Path("/", tuple(self._descend(self._steps())))
        if self._begins_primary():
            base = self._primary()
            predicates = tuple(self._predicates())
            if predicates:
                base = Filter(base, predicates)
            if self.token.kind == "/":
                self._next()
                return Path(base, tuple(self._steps()))
            if self.token.kind == "//":
                self._next()
                return Path(base, tuple(self._descend(self._steps())))
            return base
        return Path(None, tuple(self._steps()))

    def _plain_path(self) -> Path:
        """A path that the lexer took whole, and whatever predicates and steps follow it."""
        steps = [Step("child", name) for name in self._next().text[1:].split("/")]
        if self.token.kind == "[":
            steps[-1] = Step("child", steps[-1].name, tuple(self._predicates()))
        if self.token.kind in ("/", "//"):
            deep = self._next().kind == "//"
            more = self._steps()
            steps += self._descend(more) if deep else more
        return Path("/", tuple(steps))

    def _begins_primary(self) -> bool:
        if self.token.kind in ("number", "text", "(", "$"):
            return True
        following = self._tokens[self._at + 1].kind if self._at + 1 < len(self._tokens) else "end"
        return self.token.kind == "name" and following == "(" and self.token.text not in _NODE_TESTS

    def _begins_step(self) -> bool:
        return self.token.kind in ("name", "any", ".", "..", "@")

    def _primary(self) -> Expr:
        token = self._next()
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "text":
            return Text(token.text)
        if token.kind == "$":
            return Variable(self._expect("name").text)
        if token.kind == "(":
            tree = self.expression()
            self._expect(")")
            return tree
        self._expect("(")
        arguments: list[Expr] = []
        if self.token.kind != ")":
            arguments.append(self.expression())
            while self.token.kind == ",":
                self._next()
                arguments.append(self.expression())
        self._expect(")")
        return Call(token.text, tuple(arguments))

    def _steps(self) -> list[Step]:
        steps = [self._step()]
        while self.token.kind in ("/", "//"):
            if self._next().kind == "//":
                steps += self._descend([self._step()])
            else:
                steps.append(self._step())
        return steps

    @staticmethod
    def _descend(steps: list[Step]) -> list[Step]:
        first = steps[0]
        return [Step("descendant", first.name, first.predicates), *steps[1:]]

    def _step(self) -> Step:
        kind = self.token.kind
        if kind == ".":
            self._next()
            return Step("self", None, tuple(self._predicates()))
        if kind == "..":
            self._next()
            return Step("parent", None, tuple(self._predicates()))
        axis = "child"
        if kind == "@":
            self._next()
            axis = "attribute"
        elif kind == "name" and self._tokens[self._at + 1].kind == "::":
            axis = self._axis()
        return Step(axis, self._node_test(), tuple(self._predicates()))

    def _axis(self) -> str:
        name = self._next().text
        self._next()
        if name not in _AXES:
            raise XPathSyntaxError(f"axis {name} is not supported")
        return _AXES[name]

    def _node_test(self) -> str | None:
        if self.token.kind == "any":
            self._next()
            return "*"
        name = self._expect("name").text
        if name in _NODE_TESTS and self.token.kind == "(":
            self._next()
            self._expect(")")
            return None
        return name

    def _predicates(self) -> list[Expr]:
        found: list[Expr] = []
        while self.token.kind == "[":
            self._next()
            found.append(self.expression())
            self._expect("]")
        return found

    def _next(self) -> Token:
        token = self.token
        if token.kind != "end":
            self._at += 1
            self.token = self._tokens[self._at]
        return token

    def _expect(self, kind: str) -> Token:
        if self.token.kind != kind:
            raise XPathSyntaxError(f"{kind!r} expected, found {self.token.text or 'the end'!r}")
        return self._next()
