"""Restatement (M15, domain §5.5 section 11): which figures of an earlier report read otherwise now, and why.

Both sides speak of the same period: the earlier report as it was published, and the same computed at today's position
of the log with today's editions. What was published stays as it is; the difference is listed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from fractions import Fraction

from schemas.reference import Editions
from sync.ledger.statement.contents import Header, Restated
from sync.ledger.statement.unit_figures import ZERO, FigureRow, Summed, UnitFigures

_PUBLISHED = "_published_m2"


def restated(
    before: Iterable[FigureRow], now: Iterable[FigureRow], was: Header, header: Header
) -> tuple[Restated, ...]:
    """Figures of the earlier report (`before`, under `was`) that differ from the same rows now, at the position of
    `header`. A row that only one side has is compared with nothing. The cause is `edition` where a table changed (then
    late facts cannot be told apart), `late` where the log has grown, else `unexplained`, which should never be."""
    cause = "late" if header.position > was.position else "unexplained"
    if edition_changes(was, header):
        cause = "edition"
    earlier = {(row.level, row.code): row.figures for row in before}
    later = {(row.level, row.code): row.figures for row in now}
    found = []
    for level, code in sorted(earlier.keys() | later.keys()):
        old = dict(figures_of(earlier.get((level, code), UnitFigures())))
        new = dict(figures_of(later.get((level, code), UnitFigures())))
        for figure in sorted(old.keys() | new.keys()):
            if figure.endswith(_PUBLISHED):
                continue  # what a third, still earlier report said: no figure of either side
            one, other = old.get(figure, ZERO), new.get(figure, ZERO)
            if one != other:
                found.append(Restated(level, code, figure, one, other, cause))
    return tuple(found)


def edition_changes(was: Header, now: Header) -> Mapping[str, tuple[str, str]]:
    """Tables whose edition is another now, with both: figures are comparable only where these agree."""
    pairs = {name: (getattr(was.editions, name), getattr(now.editions, name)) for name in Editions.model_fields}
    pairs["admin_units"] = (was.admin_edition, now.admin_edition)
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def figures_of(figures: Summed, path: str = "") -> Iterator[tuple[str, Fraction]]:
    """Every area in `figures` with its path, e.g. `stock.accepted_m2` or `stock.states_m2.cleared`."""
    for one in fields(figures):
        value = getattr(figures, one.name)
        name = f"{path}{one.name}"
        if isinstance(value, Summed):
            yield from figures_of(value, f"{name}.")
        elif isinstance(value, Fraction):
            yield name, value
        elif isinstance(value, Mapping):
            yield from ((f"{name}.{key}", area) for key, area in value.items())
