"""The typed edge to JavaScript: everything beyond it is `Any`, and its errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from schemas.errors import Code, LedgerError


@cache
def load(name: str) -> Any:
    """The value of the JavaScript expression in the file `name` beside this module, evaluated once per worker."""
    return import_module("pyodide.code").run_js(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def module(name: str) -> Any:
    """A module that exists only under Pyodide, such as `js` or `pyodide_js`."""
    return import_module(name)


def to_js(value: object) -> Any:
    """A copy of `value` on JavaScript's side."""
    return import_module("pyodide.ffi").to_js(value)


@contextmanager
def problems_named(problems: dict[str, Exception]) -> Iterator[None]:
    """Turn JavaScript errors with these names into these exceptions, and a lack of space into DISK_FULL."""
    try:
        yield
    except import_module("pyodide.ffi").JsException as problem:
        if problem.name == "QuotaExceededError":
            raise LedgerError(Code.DISK_FULL) from problem
        if problem.name in problems:
            raise problems[problem.name] from problem
        raise
