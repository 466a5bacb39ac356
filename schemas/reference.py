"""Reference data (基础数据): tables with an edition and a date in `schemas/data/`, never changed once published.

A table lies in `<table>.<edition>.json`; a new edition is a new file. Loaders of the single tables (`land_classes.py`,
`admin_units.py`, `rules.py`, ...) stand on `load` and return frozen models. Every figure carries its `Editions`.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from schemas.errors import Code, LedgerError


class Row(BaseModel):
    """Base of everything read from a table: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Table(Row):
    """What every table says of itself. `status` stays `default` until the operator has confirmed the edition."""

    table: str
    edition: str
    valid_from: date
    status: Literal["default", "confirmed", "fictional"]
    source: str


T = TypeVar("T", bound=Table)


class Editions(Row):
    """The editions behind a figure; two figures are comparable only where these agree."""

    land_classes: str
    counting_rule: str
    admin_units: str
    rules: str
    photo_rules: str
    discrepancies: str
    review_reasons: str

    @classmethod
    def newest(cls) -> Editions:
        """The newest edition of every table that this software carries."""
        return cls(**{table: newest_edition(table) for table in cls.model_fields})

    @classmethod
    def named(cls, **editions: str) -> Editions:
        """The newest editions but for those named. Raises LedgerError(EDITION_UNKNOWN) for one that is not there."""
        for table, edition in editions.items():
            if edition not in editions_of(table):
                raise _unknown(table, edition)
        return cls(**{**cls.newest().model_dump(), **editions})


@cache
def editions_of(table: str) -> tuple[str, ...]:
    """All editions of `table`, oldest first; none for a table that does not exist."""
    found = (_FILE.fullmatch(entry.name) for entry in resources.files("schemas").joinpath("data").iterdir())
    return tuple(sorted(match["edition"] for match in found if match and match["table"] == table))


def newest_edition(table: str) -> str:
    """The newest edition of `table`. Raises LedgerError(EDITION_UNKNOWN) where there is none."""
    editions = editions_of(table)
    if not editions:
        raise _unknown(table, "")
    return editions[-1]


def load(model: type[T], table: str, edition: str | None = None) -> T:
    """`table` in `edition` (the newest unless named), parsed once and shared; it is frozen.

    Raises LedgerError(EDITION_UNKNOWN) for an edition, or a table, that is not there.
    """
    return cast("T", _parsed(model, table, newest_edition(table) if edition is None else edition))


@cache
def _parsed(model: type[Table], table: str, edition: str) -> Table:
    if edition not in editions_of(table):
        raise _unknown(table, edition)
    data = resources.files("schemas").joinpath("data").joinpath(f"{table}.{edition}.json").read_bytes()
    return model.model_validate_json(data)


def _unknown(table: str, edition: str) -> LedgerError:
    return LedgerError(Code.EDITION_UNKNOWN, table=table[:40], edition=edition[:40])


_FILE = re.compile(r"(?P<table>[a-z_]+)\.(?P<edition>[0-9]{4}-[0-9]{2}[a-z]?)\.json")
