"""string, concat, join, substr, substring…, contains, starts-with, ends-with, translate, string-length, regex, uuid."""

from __future__ import annotations

import base64
import binascii
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from forms.xpath.errors import XPathError
from forms.xpath.registry import Closure, form, function
from forms.xpath.tree import Call
from forms.xpath.values import Nodeset, to_integer, to_string

if TYPE_CHECKING:
    from forms.xpath.compiler import Compiler

_SPACES = re.compile(r"[ \t\n\r\x0b\x0c]+")


@form("string", 0, 1, "string")
def string(compiler: Compiler, call: Call) -> Closure:
    """The value as text; without an argument that of the context node."""
    return compiler.string(call.arguments[0]) if call.arguments else _own_text


@function("concat", rest="raw", returns="string")
def concat(*parts: Any) -> str:
    """All parts one after the other; one nodeset gives the values of its nodes."""
    return _joined("", parts)


@function("join", "string", rest="raw", returns="string")
def join(separator: str, *parts: Any) -> str:
    """All parts with a separator between them."""
    return _joined(separator, parts)


@function("substr", "string", "number", "number", required=2, returns="string")
def substr(text: str, start: float, end: float | None = None) -> str:
    """From `start` (0-based) up to before `end`; negative numbers count from the end."""
    length = len(text)
    first, last = to_integer(start), length if end is None else to_integer(end)
    first, last = (first + length if first < 0 else first), (last + length if last < 0 else last)
    first, last = min(max(0, first), length), min(max(0, last), length)
    return text[first:last] if first <= last else ""


@function("substring", "string", "number", "number", required=2, returns="string")
def substring(text: str, start: float, length: float | None = None) -> str:
    """XPath 1.0's own: from `start` (1-based), so many letters, rounded as the standard says."""
    first = _round_half_up(start)
    last = math.inf if length is None else first + _round_half_up(length)
    return "".join(letter for place, letter in enumerate(text, 1) if first <= place < last)


@function("substring-before", "string", "string", returns="string")
def substring_before(text: str, mark: str) -> str:
    """What stands before the mark; '' if it does not occur."""
    at = text.find(mark)
    return text[:at] if at >= 0 else ""


@function("substring-after", "string", "string", returns="string")
def substring_after(text: str, mark: str) -> str:
    """What stands after the mark; '' if it does not occur."""
    at = text.find(mark)
    return text[at + len(mark) :] if at >= 0 else ""


@function("contains", "string", "string", returns="boolean")
def contains(text: str, part: str) -> bool:
    """Whether the part occurs."""
    return part in text


@function("starts-with", "string", "string", returns="boolean")
def starts_with(text: str, part: str) -> bool:
    """Whether the text begins so."""
    return text.startswith(part)


@function("ends-with", "string", "string", returns="boolean")
def ends_with(text: str, part: str) -> bool:
    """Whether the text ends so."""
    return text.endswith(part)


@function("translate", "string", "string", "string", returns="string")
def translate(text: str, letters: str, replacements: str) -> str:
    """Letters replaced one by one; those without a replacement vanish."""
    table: dict[str, str] = {}
    for at, letter in enumerate(letters):
        table.setdefault(letter, replacements[at] if at < len(replacements) else "")
    return "".join(table.get(letter, letter) for letter in text)


@form("string-length", 0, 1, "number")
def string_length(compiler: Compiler, call: Call) -> Closure:
    """How many letters; without an argument those of the context node."""
    text = compiler.string(call.arguments[0]) if call.arguments else _own_text
    return lambda node, env: float(len(text(node, env)))


@form("normalize-space", 0, 1, "string")
def normalize_space(compiler: Compiler, call: Call) -> Closure:
    """Without spaces at the ends, and with single ones between."""
    text = compiler.string(call.arguments[0]) if call.arguments else _own_text
    return lambda node, env: _SPACES.sub(" ", text(node, env).strip(" \t\n\r\x0b\x0c"))


@function("regex", "string", "string", returns="boolean")
def regex(text: str, pattern: str) -> bool:
    """Whether the whole text matches the pattern."""
    return pattern_of(pattern).fullmatch(text) is not None


@function("base64-decode", "string", returns="string")
def base64_decode(text: str) -> str:
    """The text that was encoded; '' if it is none."""
    try:
        cleaned = re.sub(r"[^A-Za-z0-9+/]", "", text)
        return base64.b64decode(cleaned + "=" * (-len(cleaned) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


@function("uuid", "number", required=0, returns="string", needs="env")
def uuid(env: Any, length: float | None = None) -> str:
    """A random UUID, or so many random letters and digits."""
    if length is None:
        return str(env.chance.uuid())
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "".join(digits[env.chance.below(36)] for _ in range(min(to_integer(length), 10_000)))


_CLASSES = {
    "Alpha": "A-Za-z", "Lower": "a-z", "Upper": "A-Z", "Digit": "0-9", "Alnum": "A-Za-z0-9", "Space": r"\s",
    "Punct": r"!-/:-@\[-`{-~", "XDigit": "0-9A-Fa-f", "ASCII": r"\x00-\x7f", "Blank": r" \t",
    "L": "A-Za-z\u00aa-\u02af\u0370-\u1fff\u2c00-\ud7ff\uf900-\ufdff\ufe70-\uffdc",
    "Lu": "A-Z\u00c0-\u00d6\u00d8-\u00de\u0391-\u03a9\u0410-\u042f",
    "Ll": "a-z\u00df-\u00f6\u00f8-\u00ff\u03b1-\u03c9\u0430-\u044f", "N": "0-9\u0660-\u0669\u0966-\u096f",
    "Nd": "0-9\u0660-\u0669\u0966-\u096f", "IsHan": "\u3400-\u4dbf\u4e00-\u9fff", "IsAlphabetic": "A-Za-z\u00aa-\uffdc",
}
_PROPERTY = re.compile(r"\\p\{(\w+)\}|\\p([LN])")


@lru_cache(maxsize=512)
def pattern_of(source: str) -> re.Pattern[str]:
    """A Java pattern as Python's: letter classes spelled out, named groups renamed. XPathError if it is none."""

    def spelled(found: re.Match[str]) -> str:
        letters = _CLASSES.get(found.group(1) or found.group(2))
        if letters is None:
            raise XPathError(f"regex class {found.group()} is not supported")
        before = source[: found.start()]
        inside = before.count("[") - before.count("\\[") > before.count("]") - before.count("\\]")
        return letters if inside else f"[{letters}]"

    try:
        translated = _PROPERTY.sub(spelled, source).replace("(?<", "(?P<")
        translated = translated.replace("(?P<=", "(?<=").replace("(?P<!", "(?<!").replace(r"\z", r"\Z")
        return re.compile(translated, re.ASCII)
    except re.error as error:
        raise XPathError(f"{source!r} is no regular expression: {error}") from error


def _own_text(node: Any, env: Any) -> str:
    return "" if node is None else to_string(node.xval)


def _joined(separator: str, parts: tuple[Any, ...]) -> str:
    texts: list[str] = []
    for part in parts:
        if isinstance(part, Nodeset) and (len(parts) == 1 or len(part) > 1):
            texts += [to_string(each) for each in part.values()]
        else:
            texts.append(to_string(part))
    return separator.join(texts)


def _round_half_up(number: float) -> float:
    return number if math.isinf(number) or number != number else math.floor(number + 0.5)
