"""Text to tokens, with the two rules of XPath 1.0 §3.7 that decide what `*`, `-` and `div` mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forms.xpath.errors import XPathSyntaxError

_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_NAME = re.compile(r"[^\W\d][\w.\-\u00b7]*(?::(?!:)[^\W\d][\w.\-\u00b7]*|:\*)?")
_WORD = re.compile(r"(?:and|or|div|mod)")
_SYMBOL = re.compile(r"\.\.|//|::|!=|<=|>=|[()\[\]@,/|+\-=<>*.$]")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, text, name, operator (after an operand) or the symbol itself."""

    kind: str
    text: str


_OPERANDS = frozenset(("number", "text", "name", ")", "]", ".", "..", "any"))


def tokens(source: str) -> list[Token]:
    """The tokens of an expression, ended by one of kind `end`."""
    found: list[Token] = []
    at = 0
    while at < len(source):
        space = _SPACE.match(source, at)
        if space:
            at = space.end()
            continue
        token, at = _token(source, at, bool(found) and found[-1].kind in _OPERANDS)
        found.append(token)
    found.append(Token("end", ""))
    return found


def _token(source: str, at: int, after_operand: bool) -> tuple[Token, int]:
    letter = source[at]
    if letter in "\"'":
        end = source.find(letter, at + 1)
        if end < 0:
            raise XPathSyntaxError(f"unfinished text from {source[at:at + 20]!r}")
        return Token("text", source[at + 1 : end]), end + 1
    if after_operand:
        word = _WORD.match(source, at)
        if word:
            return Token("operator", word.group()), word.end()
        if letter == "*":
            return Token("operator", "*"), at + 1
    number = _NUMBER.match(source, at)
    if number:
        return Token("number", number.group()), number.end()
    name = _NAME.match(source, at)
    if name:
        return Token("name", name.group()), name.end()
    symbol = _SYMBOL.match(source, at)
    if not symbol:
        raise XPathSyntaxError(f"{letter!r} has no meaning here: {source[max(0, at - 10):at + 10]!r}")
    text = symbol.group()
    return Token("any" if text == "*" else text, text), symbol.end()
