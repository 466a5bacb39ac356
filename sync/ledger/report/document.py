"""The report document: a statement as canonical JSON, with a digest of each part and one hash over all of them.

The hash is a function of the log position, the state date, the period and the editions alone: who made the file, with
which software and when, stands in the seal. So a report made again from the same position has the same hash, and, as
nothing else moves, the same bytes. Short digests of rows and columns beside the full ones let a checker name the cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import Any

from pydantic import JsonValue

from schemas.canonical import canonical, sha256_hex
from schemas.codes import Measure
from sync.ledger.report.sections import ANNEX, SECTIONS
from sync.ledger.report.table import Section, rows_of
from sync.ledger.statement.contents import ChainLink, ParcelRow, Restated, Statement
from sync.ledger.statement.unit_figures import FigureRow, Level

FORMAT = "greenbelt-ledger-report"
VERSION = 1
LAYOUT = 1
"""The layout of sheets and pages: raised whenever a writer places anything otherwise."""
TITLE = "减量核验报告"
DEMO_MARK = "演示数据·虚构"
_HINT = 8
_NOTHING: Mapping[str, tuple[ChainLink, ...]] = {}

Rows = list[JsonValue]


@dataclass(frozen=True)
class Contents:
    """What a report says, ready to be hashed: `annex` maps a unit to its parcels; a unit left out is not annexed."""

    header: Mapping[str, JsonValue]
    sections: Mapping[str, Rows]
    annex: Mapping[str, Rows]

    def digest(self) -> dict[str, JsonValue]:
        """The SHA-256 of each part, with short digests of rows and columns."""
        parts: dict[str, JsonValue] = {name: digest_of(SECTIONS[name], rows) for name, rows in self.sections.items()}
        annex: dict[str, JsonValue] = {unit: digest_of(ANNEX, rows) for unit, rows in self.annex.items()}
        return {"header": sha256_hex(canonical(dict(self.header))), "sections": parts, "annex": annex}


@dataclass(frozen=True)
class _Totals:
    """A row of figures beside the targets that name it."""

    row: FigureRow
    target_net_m2: Fraction | None
    target_verified_m2: Fraction | None


@dataclass(frozen=True)
class _Bin:
    group: str
    from_days: int | None
    below_days: int | None
    area_m2: Fraction


@dataclass(frozen=True)
class _Restated:
    level: Level
    code: str
    figure: str
    before_m2: Fraction
    now_m2: Fraction
    cause: str

    @property
    def change_m2(self) -> Fraction:
        return self.now_m2 - self.before_m2


@dataclass(frozen=True)
class _Edition:
    table: str
    before: str
    now: str


def contents_of(
    statement: Statement,
    *,
    log: str,
    root: str,
    position_ms: int,
    annex_units: frozenset[str] | None = None,
    last_report: str | None = None,
    listed: Mapping[str, tuple[ChainLink, ...]] = _NOTHING,
) -> Contents:
    """The statement as a document, under the tree `root` of the log `log` (its key's id) at the statement's position.

    `position_ms` is when central received the last row that counts. `annex_units` limits the annex (None: all units).
    `listed` puts entries before a parcel's decision chain: its own row of the ledger, and surveys.
    """
    header = statement.header
    head: dict[str, JsonValue] = {
        "title": TITLE,
        "scope": header.scope,
        "after": header.period.after.isoformat(),
        "until": header.period.until.isoformat(),
        "position": header.position,
        "position_ms": position_ms,
        "log": log,
        "root": root,
        "editions": header.editions.model_dump(),
        "admin_edition": header.admin_edition,
        "demo": header.fictional,
        "annex": "all" if annex_units is None else "some" if annex_units else "none",
        "last_report": last_report,
        "layout": LAYOUT,
        "median_lag_days": statement.lags.median_days,
    }
    return Contents(head, _sections(statement), annex_of(statement.annex, annex_units, listed))


def annex_of(
    parcels: Iterable[ParcelRow],
    units: frozenset[str] | None,
    listed: Mapping[str, tuple[ChainLink, ...]] = _NOTHING,
) -> dict[str, Rows]:
    """The annex by unit; parcels are read once, in order of unit. No unit is asked for: no parcel is read."""
    if units is not None and not units:
        return {}
    chosen = (
        replace(one, chain=(*listed.get(one.parcel, ()), *one.chain))
        for one in parcels
        if units is None or one.unit in units
    )
    found: dict[str, Rows] = {}
    for unit, group in groupby(chosen, key=lambda one: one.unit):
        found.setdefault(unit, []).extend(rows_of(ANNEX, group))
    return dict(sorted(found.items()))


def digest_of(section: Section, rows: Sequence[JsonValue]) -> dict[str, JsonValue]:
    """Digest of a table: `sha256` binds it; `rows` and `columns` are short and only say where a change lies."""
    encoded = [canonical(row) for row in rows]
    by_column = ([_cell(row, place) for row in rows] for place in range(len(section.columns)))
    columns: list[JsonValue] = [sha256_hex(canonical(values))[:_HINT] for values in by_column]
    whole = b"[" + b",".join(encoded) + b"]"  # the canonical bytes of the list, made once
    return {
        "sha256": sha256_hex(whole),
        "count": len(rows),
        "rows": list[JsonValue](sha256_hex(one)[:_HINT] for one in encoded),
        "columns": columns,
    }


def entries_named(contents: Contents) -> set[str]:
    """Ids of every entry that the document names: these are proven to stand in the log."""
    named: set[str] = set()
    for name, rows in contents.sections.items():
        for column in ("entry", "entries"):
            places = [n for n, one in enumerate(SECTIONS[name].columns) if one.id == column]
            for place in places:
                for row in rows:
                    value = _cell(row, place)
                    found = value if isinstance(value, list) else [value]
                    named.update(one for one in found if isinstance(one, str) and one)
    chain = ANNEX.place("chain")
    for rows in contents.annex.values():
        for row in rows:
            named.update(link[0] for link in _cell(row, chain))  # type: ignore[union-attr, misc, index]
    return named


def with_rows(contents: Contents, **sections: Rows) -> Contents:
    """The same with some sections replaced."""
    return replace(contents, sections={**contents.sections, **sections})


def _sections(statement: Statement) -> dict[str, Rows]:
    made: dict[str, Iterable[Any]] = {
        "figures": _totals(statement),
        "flow_matrix": statement.flow_matrix,
        "lags": [
            *(_Bin("restored", one.from_days, one.below_days, one.area_m2) for one in statement.lags.restored),
            *(_Bin("waiting", one.from_days, one.below_days, one.area_m2) for one in statement.lags.waiting),
            *([_Bin("undated", None, None, statement.lags.undated_m2)] if statement.lags.undated_m2 else []),
        ],
        "sample": [statement.sample] if statement.sample else [],
        "restated": [_restated(one) for one in statement.restated],
        "edition_changes": [_Edition(table, *pair) for table, pair in sorted(statement.edition_changes.items())],
    }
    return {
        name: rows_of(section, made[name] if name in made else getattr(statement, section.source))
        for name, section in SECTIONS.items()
    }


def _restated(one: Restated) -> _Restated:
    figure = one.figure.rsplit(".", 1)[-1].removesuffix("_m2")
    return _Restated(one.level, one.code, figure, one.before_m2, one.now_m2, one.cause)


def _totals(statement: Statement) -> list[_Totals]:
    year = statement.header.period.until.year
    values: dict[tuple[str, Measure], Fraction] = {}
    for target in statement.targets:
        if target.year == year:
            key = (target.unit, target.measure)
            values[key] = values.get(key, Fraction(0)) + target.value_m2
    return [
        _Totals(row, values.get((row.code, Measure.NET_REDUCTION)), values.get((row.code, Measure.VERIFIED_REDUCTION)))
        for row in statement.rows
    ]


def _cell(row: JsonValue, place: int) -> JsonValue:
    return row[place] if isinstance(row, list) and place < len(row) else None
