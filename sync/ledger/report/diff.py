"""Why two reports differ: each figure's difference taken apart into parcels, entries and causes that add up to it.

Documents are compared in steps, each of which changes one thing only (further entries, another period, other editions),
so that every part has one cause. With two files alone there is one step, and where it changes several things it says
so. What a parcel's rounded figures leave over stands as a part of its own, so the sum is always exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from schemas.canonical import canonical, parse_json
from schemas.errors import Code, LedgerError
from sync.ledger.report.document import Contents
from sync.ledger.report.sections import ANNEX, FIGURES, SECTIONS
from sync.ledger.report.table import Kind

Rows = Mapping[tuple[str, str], list[Any]]
_PER_PARCEL = tuple(
    column.id
    for column in FIGURES.columns
    if column.kind is Kind.AREA and column.id in {one.id for one in ANNEX.columns if one.kind is Kind.AREA}
)
"""Figures of a unit that are sums over its parcels."""
_FIGURES = tuple(column for column in FIGURES.columns if column.kind in (Kind.AREA, Kind.COUNT))
ROUNDING = "rounding"
_NOT_RESTATED = frozenset({"late", "reported", "net_with_transfers", "target_net", "target_verified"})
"""Figures that speak of other periods or of plans: what they were is said where those are."""


@dataclass(frozen=True)
class Part:
    """A part of a difference: hundredths of m² (or a count), its cause, and where it lies as finely as is known."""

    change: int
    cause: str
    unit: str | None = None
    parcel: str | None = None
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """A figure that differs; a row that one report lacks counts as 0 there. The parts add up to `now - before`."""

    level: str
    code: str
    figure: str
    before: int
    now: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class SectionChange:
    """Rows of another section that only one of the reports has."""

    section: str
    gone: tuple[list[Any], ...]
    new: tuple[list[Any], ...]


@dataclass(frozen=True)
class Explanation:
    """All differences; `header` maps what was asked otherwise (position, dates, editions) to both values."""

    header: Mapping[str, tuple[str, str]]
    differences: tuple[Difference, ...]
    sections: tuple[SectionChange, ...]


def explain(steps: Sequence[Contents], entries: Mapping[str, tuple[str, ...]] | None = None) -> Explanation:
    """Explain the difference between the first and the last of `steps`; those between change one thing at a time.

    `entries` names, by parcel, the entries between the two log positions, where the log was at hand; else the entries
    that stand in one parcel's decision chain and not in the other's are named.
    Raises LedgerError(REPORT_NOT_COMPARABLE) for reports of different ledgers or scopes.
    """
    first, last = steps[0], steps[-1]
    for name, reason in (("log", "they are of different ledgers"), ("scope", "their scopes differ")):
        if first.header.get(name) != last.header.get(name):
            raise LedgerError(Code.REPORT_NOT_COMPARABLE, reason=reason)
    before, now = figure_rows(first), figure_rows(last)
    pairs = [_Step(one, other, entries or {}) for one, other in pairwise(steps)]
    differences = [
        difference
        for key in sorted({*before, *now}, key=lambda key: (_LEVELS.get(key[0], 9), key[1]))
        for difference in _row_differences(key, before.get(key), now.get(key), pairs)
    ]
    return Explanation(header_changes(first, last), tuple(differences), tuple(_section_changes(first, last)))


def header_changes(first: Contents, last: Contents) -> dict[str, tuple[str, str]]:
    """What the two reports were asked for otherwise."""
    flat = [_flat(one.header) for one in (first, last)]
    names = sorted({*flat[0], *flat[1]} - {"root", "position_ms", "last_report", "median_lag_days"})
    return {
        name: (flat[0].get(name, ""), flat[1].get(name, "")) for name in names if flat[0].get(name) != flat[1].get(name)
    }


def restated(published: Contents, again: Contents) -> list[list[Any]]:
    """Rows of section 11: the last report's figures as published, and the same period as it is known now."""
    cause = "edition" if _editions(published) != _editions(again) else "late"
    before, now = figure_rows(published), figure_rows(again)
    rows = []
    for key in before:
        if key not in now:
            continue
        for column in _FIGURES:
            if column.kind is not Kind.AREA or column.id in _NOT_RESTATED:
                continue
            place = FIGURES.place(column.id)
            one, other = before[key][place], now[key][place]
            if one != other and one is not None and other is not None:
                rows.append([*key, column.id, one, other, other - one, cause])
    return rows


def figure_rows(contents: Contents) -> Rows:
    """Rows of the totals by level and code."""
    level, code = FIGURES.place("level"), FIGURES.place("code")
    return {(row[level], row[code]): row for row in contents.sections["figures"] if isinstance(row, list)}  # type: ignore[misc]


class _Step:
    """Two documents that follow one another, and the one thing that changed between them."""

    def __init__(self, before: Contents, now: Contents, entries: Mapping[str, tuple[str, ...]]) -> None:
        self.before, self.now = figure_rows(before), figure_rows(now)
        self.cause = _cause(before, now)
        self._parcels = _parcels(before), _parcels(now)
        self._entries = entries
        self._of_unit: dict[str, list[str]] = {}
        unit = ANNEX.place("unit")
        for name in {*self._parcels[0], *self._parcels[1]}:
            units = {rows[name][unit] for rows in self._parcels if name in rows}
            for one in units:
                self._of_unit.setdefault(one, []).append(name)

    def parts(self, key: tuple[str, str], figure: str) -> Iterator[Part]:
        """The parts of this step's change of a figure of a row."""
        place = FIGURES.place(figure)
        change = _value(self.now.get(key), place) - _value(self.before.get(key), place)
        level, code = key
        if level == "unit":
            summed = len(self._of_unit.get(code, ())) if figure in _PER_PARCEL else 0
            found = list(self._of_parcels(code, figure)) if summed else []
        else:
            summed = len(self._units_of(key))
            found = list(self._of_units(key, place))
        yield from found
        rest = change - sum(part.change for part in found)
        if rest:
            # Each summand was rounded by half a hundredth at most, in both documents, and so was the sum.
            is_rounding = abs(rest) <= summed + 1 and summed > 0
            yield Part(rest, ROUNDING if is_rounding else self.cause, unit=code if level == "unit" else None)

    def _units_of(self, key: tuple[str, str]) -> set[str]:
        place = FIGURES.place("units")
        rows = (rows[key] for rows in (self.before, self.now) if key in rows)
        return {unit for row in rows for unit in row[place]}

    def _of_parcels(self, unit: str, figure: str) -> Iterator[Part]:
        place, of = ANNEX.place(figure), ANNEX.place("unit")
        for parcel in sorted(self._of_unit.get(unit, ())):
            old, new = (rows.get(parcel) for rows in self._parcels)
            here = [row if row is not None and row[of] == unit else None for row in (old, new)]
            change = _value(here[1], place) - _value(here[0], place)
            if change:
                yield Part(change, self.cause, unit, parcel, self._named(parcel, old, new))

    def _of_units(self, key: tuple[str, str], place: int) -> Iterator[Part]:
        units_of = FIGURES.place("units")
        old, new = self.before.get(key), self.now.get(key)
        counted = [set(row[units_of]) if row is not None else set() for row in (old, new)]
        for unit in sorted(counted[0] | counted[1]):
            before = _value(self.before.get(("unit", unit)), place) if unit in counted[0] else 0
            now = _value(self.now.get(("unit", unit)), place) if unit in counted[1] else 0
            if now != before:
                yield Part(now - before, self.cause, unit)

    def _named(self, parcel: str, old: list[Any] | None, new: list[Any] | None) -> tuple[str, ...]:
        if self.cause == "position" and parcel in self._entries:
            return self._entries[parcel]
        chain = ANNEX.place("chain")
        seen = [{link[0] for link in row[chain]} if row is not None else set() for row in (old, new)]
        return tuple(sorted(seen[0] ^ seen[1]))


_LEVELS = {"city": 0, "belt": 1, "district": 2, "township": 3, "unit": 4}


def _row_differences(
    key: tuple[str, str], before: list[Any] | None, now: list[Any] | None, steps: Sequence[_Step]
) -> Iterator[Difference]:
    for column in _FIGURES:
        place = FIGURES.place(column.id)
        one, other = _value(before, place), _value(now, place)
        parts = tuple(part for step in steps for part in step.parts(key, column.id))
        if one != other or parts:
            yield Difference(*key, column.id, one, other, parts)


def _cause(before: Contents, now: Contents) -> str:
    changed = {
        "position": before.header.get("position") != now.header.get("position"),
        "date": [before.header.get(name) for name in _DATES] != [now.header.get(name) for name in _DATES],
        "edition": _editions(before) != _editions(now),
    }
    causes = [name for name, differs in changed.items() if differs]
    return causes[0] if len(causes) == 1 else "several"


_DATES = ("after", "until")


def _editions(contents: Contents) -> tuple[Any, Any]:
    return contents.header.get("editions"), contents.header.get("admin_edition")


def _parcels(contents: Contents) -> dict[str, list[Any]]:
    parcel = ANNEX.place("parcel")
    return {str(row[parcel]): row for rows in contents.annex.values() for row in rows if isinstance(row, list)}


def _section_changes(first: Contents, last: Contents) -> Iterator[SectionChange]:
    for name in SECTIONS:
        if name == "figures":
            continue
        old, new = (Counter(canonical(row) for row in one.sections[name]) for one in (first, last))
        gone, added = old - new, new - old
        if gone or added:
            yield SectionChange(name, tuple(_rows(gone)), tuple(_rows(added)))


def _rows(found: Counter[bytes]) -> Iterator[list[Any]]:
    for data in sorted(found.elements()):
        row = parse_json(data)
        if isinstance(row, list):
            yield row


def _value(row: list[Any] | None, place: int) -> int:
    value = None if row is None else row[place]
    return value if isinstance(value, int) else 0


def _flat(header: Mapping[str, Any]) -> dict[str, str]:
    editions = header.get("editions")
    flat = {name: str(value) for name, value in header.items() if name != "editions"}
    named = editions.items() if isinstance(editions, dict) else ()
    return {**flat, **{f"edition {table}": str(edition) for table, edition in named}}
