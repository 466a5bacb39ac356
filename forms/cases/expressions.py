"""Runs document-free XPath expressions with known results: `python -m forms.cases.expressions FILE`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from forms.xpath.compiler import compile_text
from forms.xpath.environment import Chance, Environment, FixedClock
from forms.xpath.errors import XPathError
from forms.xpath.moments import moment_of_wall
from forms.xpath.scope import Scope
from forms.xpath.values import to_boolean, to_number, to_string


@dataclass(frozen=True)
class Difference:
    """An expression whose result is not the expected one."""

    expression: str
    kind: str
    expected: str
    found: str


def differences(cases: list[dict[str, Any]], zone: str = "America/Phoenix") -> list[Difference]:
    """The expressions that come out otherwise than expected."""
    clock = FixedClock(moment_of_wall(2026, 11, 22, 12, tz=ZoneInfo(zone)))
    env = Environment(clock, Chance())
    found = []
    for case in cases:
        result = evaluate(case["expr"], case["type"], env)
        if not same(result, case["expected"], case["type"]):
            found.append(Difference(case["expr"], case["type"], case["expected"], str(result)))
    return found


def evaluate(expression: str, kind: str, env: Environment) -> str | float | bool:
    """The result of an expression as number, string or boolean; an error as text."""
    try:
        compiler = compile_text(expression, Scope())
        value = compiler.scalar(compiler.tree)(None, env)
        if kind == "number":
            return to_number(value, env)
        return to_string(value) if kind == "string" else to_boolean(value)
    except XPathError as error:
        return f"error: {error}"


def same(result: str | float | bool, expected: str, kind: str) -> bool:
    """Whether a result is the expected one; a number is compared to the digits given."""
    if kind == "number":
        if not isinstance(result, float):
            return False
        if expected in ("NaN", "Infinity", "-Infinity"):
            return to_string(result) == expected
        digits = len(expected.partition(".")[2])
        return abs(result - float(expected)) <= 0.5 * 10.0**-digits + 1e-12
    if kind == "boolean":
        return result is (expected == "true")
    return to_string(result) == expected


def main() -> int:
    """Print how many of a file's expressions come out as expected, and those that do not."""
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    wrong = differences(cases)
    print(f"{len(cases) - len(wrong)} of {len(cases)} equal")
    for each in wrong:
        print(f"  {each.expression!r} ({each.kind}): expected {each.expected!r}, found {each.found!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
