"""The syntax tree of an expression. Plain frozen data; no evaluation here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """`operator` is one of: or and = != < <= > >= + - * div mod."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Union:
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path. `axis` is child, parent, self, attribute or descendant; `name` None matches any node."""

    axis: str
    name: str | None
    predicates: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """`start` is None for a relative path, "/" for an absolute one, else the expression that it begins with."""

    start: Expr | str | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """An expression with predicates, such as `instance('x')[1]`; rare and only evaluated on nodesets."""

    base: Expr
    predicates: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


Expr = Number | Text | Negation | Binary | Union | Call | Path | Filter | Variable
