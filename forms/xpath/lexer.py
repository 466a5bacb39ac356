"""Text to tokens, with the two rules of XPath 1.0 §3.7 that decide what `*`, `-` and `div` mean."""

from __future__ import annotations

import re
from typing import NamedTuple

from forms.xpath.errors import XPathSyntaxError

# Most of a form's expressions are plain absolute paths, so one token takes them whole.
_PLAIN = r"(?P<path>(?>(?:/[^\W\d][\w.\-\u00b7]*)+)(?!\s*[(:]))"
_NAME = r"[^\W\d][\w.\-\u00b7]*(?::(?!:)[^\W\d][\w.\-\u00b7]*|:\*)?"
_COMMON = (
    r"(?P<text>\"[^\"]*\"|'[^']*')|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>" + _NAME
    + r")|(?P<symbol>\.\.|//|::|!=|<=|>=|[()\[\]@,/|+\-=<>*.$])"
)
_TOKEN = re.compile(rf"\s*(?:{_PLAIN}|{_COMMON})")
_AFTER_OPERAND = re.compile(rf"\s*(?:(?P<operator>and|or|div|mod|\*)|{_COMMON})")
_OPERANDS = frozenset(("number", "text", "name", "path", ")", "]", ".", "..", "any"))


class Token(NamedTuple):
    """`kind` is number, text, name, path (`/a/b`), operator (after an operand), any (`*`) or the symbol itself."""

    kind: str
    text: str


def tokens(source: str) -> list[Token]:
    """The tokens of an expression, ended by one of kind `end`."""
    found: list[Token] = []
    at, end = 0, len(source.rstrip())
    after_operand = False
    while at < end:
        match = (_AFTER_OPERAND if after_operand else _TOKEN).match(source, at)
        if match is None:
            raise XPathSyntaxError(f"no meaning here: {source[at:at + 20]!r}")
        kind = match.lastgroup or ""
        text = match[kind]
        at = match.end()
        if kind == "symbol":
            kind = "any" if text == "*" else text
        elif kind == "text":
            text = text[1:-1]
        found.append(Token(kind, text))
        after_operand = kind in _OPERANDS
    found.append(Token("end", ""))
    return found
