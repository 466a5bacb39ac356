"""Expressions without a form: grammar, conversions, functions; and whatever is typed, only known errors."""

from __future__ import annotations

import contextlib
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.xpath.compiler import compile_text
from forms.xpath.dependencies import examine
from forms.xpath.environment import Chance, Environment, FixedClock
from forms.xpath.errors import EVALUATION_ERRORS, XPathError, XPathSyntaxError
from forms.xpath.lexer import tokens
from forms.xpath.moments import moment_of_text, moment_of_wall
from forms.xpath.parser import parse
from forms.xpath.registry import FUNCTIONS
from forms.xpath.scope import Scope
from forms.xpath.values import java_double, text_of_number, to_string

ENV = Environment(FixedClock(moment_of_wall(2026, 11, 22, 12, tz=UTC)), Chance(3))


def value(source: str) -> str:
    """The result of an expression as text."""
    compiler = compile_text(source, Scope())
    return to_string(compiler.scalar(compiler.tree)(None, ENV))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3 - 4", "3"),
        ("2 - 1 - 1", "0"),
        ("-(1) - -1", "0"),
        ("1 = 1 and 2 > 1 or false()", "true"),
        ("'a' = 'b'", "false"),
        ("5 mod -2", "1"),
        ("1 div 0", "Infinity"),
        ("number('1,5')", "1.5"),
        ("string(10000000000)", "1.0E10"),
        ("0.1 + 0.2 = 0.3", "true"),
        ("date('2026-11-22') - date('2026-11-20')", "2"),
        ("format-date('2026-02-03', '%e/%n/%y %a %b %%')", "3/2/26 Tue Feb %"),
        ("format-date-time('2026-02-03T04:05:06', '%H:%M:%S %h %3')", "04:05:06 4 000"),
        ("today() = date('2026-11-22')", "true"),
        ("date('2026-02-30')", "error"),
        ("selected('a b', ' b ')", "true"),
        ("substr('hello', -3, -1)", "ll"),
        ("regex('ab12', '[a-z]+')", "false"),
        ("regex('北京 Ab', '[\\p{IsHan}\\p{L} ]+')", "true"),
        ("regex('x', '[')", "error"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(1.005, 2)", "1.01"),
        ("max(-3, -1)", "-1"),
        ("coalesce('', 'b')", "b"),
        ("if(false(), nosuch(), 'x')", "x"),
        ("nosuch()", "error"),
        ("true() or substring()", "true"),
        ("digest('abc', 'MD5', 'hex')", "900150983cd24fb0d6963f7d28e17f72"),
        ("string-length(uuid())", "36"),
        ("string-length(uuid(8))", "8"),
        ("translate('aabb', 'ab', 'b')", "bb"),
        ("checklist(1, 1, true(), false())", "true"),
        ("decimal-time('06:00:00.000Z')", "0.25"),
        ("position()", "1"),
        ("abs('x')", "NaN"),
        ("'' = 0", "false"),
        ("boolean-from-string('1')", "true"),
        ("area('39.9 116.4')", "0"),
        ("distance('0 0', '0 1') > 111000", "true"),
        ("$x", "error"),
    ],
)
def test_values(source: str, expected: str) -> None:
    if expected == "error":
        with pytest.raises(XPathError):
            value(source)
    else:
        assert value(source) == expected


@pytest.mark.parametrize("source", ["", "1 +", "(1", "a[", "'x", "a b", "1 2", "foo(1,)", "/data/a[", "#"])
def test_what_cannot_be_read_is_a_syntax_error(source: str) -> None:
    with pytest.raises(XPathSyntaxError):
        parse(source)


def test_an_expression_nested_without_end_is_refused() -> None:
    with pytest.raises(XPathSyntaxError):
        parse("(" * 5_000 + "1" + ")" * 5_000)


def test_long_chains_do_not_nest() -> None:
    assert value(" + ".join(["1"] * 3_000)) == "3000"
    assert value(" or ".join(["false()"] * 3_000) + " or true()") == "true"


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("1and1", ["number", "operator", "number", "end"]),
        ("/data/a-b * 2", ["path", "operator", "number", "end"]),
        ("a*b", ["name", "operator", "name", "end"]),
        ("../div div 2", ["..", "/", "name", "operator", "number", "end"]),
        ("/data/text()", ["/", "name", "/", "name", "(", ")", "end"]),
    ],
)
def test_tokens_depend_on_what_stood_before(source: str, kinds: list[str]) -> None:
    assert [token.kind for token in tokens(source)] == kinds


def test_examination_finds_paths_faults_and_instances() -> None:
    found = examine(parse("sum(/d/r/x) + count(/d/r) + instance('l')/root/item[n = current()/../y]/v[1]"), _scope())
    assert found.reads == {("d", "r", "x"), ("d", "r"), ("d", "y")}
    assert found.only(found.summed) == {("d", "r", "x")}
    assert found.instances == {"l"}
    assert [fault[:2] for fault in found.faults] == [("position", "[1]")]


def test_every_function_says_what_it_is_for() -> None:
    for name, declared in FUNCTIONS.items():
        body = getattr(declared, "body", None) or declared.build  # type: ignore[union-attr]
        assert body.__doc__, name


@pytest.mark.parametrize(
    ("number", "text"),
    [(12.0, "12.0"), (0.5, "0.5"), (1e7, "1.0E7"), (1.5e-4, "1.5E-4"), (123456.789, "123456.789"), (-1e21, "-1.0E21")],
)
def test_java_writes_numbers_so(number: float, text: str) -> None:
    assert java_double(number) == text


def test_moments_in_a_zone() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    moment = moment_of_text("2026-11-22T08:30:00.000+08:00", shanghai)
    assert moment is not None and moment.text() == "2026-11-22T08:30:00.000+08:00"
    assert moment.day_fraction() == pytest.approx(8.5 / 24)
    midnight = moment_of_text("2026-11-22", shanghai)
    assert midnight is not None and midnight.midnight() == midnight and midnight.days % 1 == pytest.approx(16 / 24)


@given(st.floats())
def test_a_number_written_is_the_number_read(number: float) -> None:
    text = text_of_number(number)
    read = value(f"number('{text}')")
    if number == number and abs(number) < 1e300:
        assert float(read) == pytest.approx(number, abs=1e-11)


@given(st.text(alphabet="ab/.[]()@*+-=<>!|'\" 01,:$_divmodanorif", max_size=40))
def test_any_text_is_read_or_refused_and_runs_or_fails_as_said(source: str) -> None:
    try:
        parse(source)
    except XPathSyntaxError:
        return
    examine(parse(source), _scope())
    with contextlib.suppress(EVALUATION_ERRORS):
        value(source)


_ARGUMENTS = st.sampled_from(
    ["''", "'a b'", "1.5", "-1", "true()", "'2026-11-22'", "'39.9 116.4 0 0'", "0 div 0", "/d/r"]
)


@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(_ARGUMENTS, max_size=5))
def test_any_function_on_any_arguments_gives_a_value_or_a_known_error(name: str, arguments: list[str]) -> None:
    with contextlib.suppress(EVALUATION_ERRORS):
        value(f"{name}({', '.join(arguments)})")


class _Shape:
    """A form with a repeat `/d/r`."""

    def slot(self, path: tuple[str, ...]) -> int | None:
        return None

    def repeats(self, path: tuple[str, ...]) -> bool:
        return path == ("d", "r")

    def exists(self, path: tuple[str, ...]) -> bool:
        return True

    def children(self, path: tuple[str, ...]) -> tuple[str, ...]:
        return ()


def _scope() -> Scope:
    return Scope.of(_Shape(), ("d", "x"))
