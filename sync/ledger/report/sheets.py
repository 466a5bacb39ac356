"""The sheets of a report, as both writers print them: titles, headings, rows of shown cells, a total row.

Layout only: which columns of which section stand side by side, in the habit of the field (one row a unit, totals last).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from pydantic import JsonValue

from schemas.measures import AreaUnit
from sync.ledger.report.cover import cover
from sync.ledger.report.sealed import Report
from sync.ledger.report.sections import ANNEX, FIGURES, SECTIONS
from sync.ledger.report.sheet import Heading, Sheet
from sync.ledger.report.show import NONE, Shown, Words, show
from sync.ledger.report.table import Column, Kind, Section
from sync.ledger.report.words import WORDS

_QUANTITIES = (
    "parcels", "demolished_floor_area", "cleared", "cleared_again", "regreened_reducing", "regreened_not_reducing",
    "regreened_again", "relapsed", "occupied", "net", "late", "reported", "target_net",
)  # fmt: skip
_STOCK = (
    "parcels", "base", "target_verified", "claimed_cleared", "claimed_restored", "verified", "accepted", "registered",
    "pending", "held", "contested", "green_not_reducing", "reused", "relapsed",
)  # fmt: skip
_CLAIMS = (
    "claimed_gfa", "demolished_floor_area", "claimed_cleared", "submitted_cleared", "cleared", "claimed_restored",
    "submitted_restored", "verified", "planned", "net_with_transfers",
)  # fmt: skip
_STATES = ("area", "state.*", "base")
_ANNEX_AREAS = (
    "parcel", "name", "unit", "area", "base", "baseline", "claimed_gfa", "claimed_cleared", "claimed_restored",
    "verified", "accepted", "registered", "pending", "held", "contested", "restored",
)  # fmt: skip
_ANNEX_CHAIN = (
    "parcel", "unit", "near", "owner_type", "project", "cleared_on", "restored_on", "accepted_on", "photos",
    "excluded", "chain",
)  # fmt: skip
_ANNEX_MU = frozenset({"verified", "accepted"})
_CONVERTED = ("verified", "accepted", "registered", "pending", "reported")
NOTHING_ELSE: Mapping[AreaUnit, AbstractSet[str]] = {}
_SUMMARY_LEVELS = ("city", "belt", "district", "township")
_UNIT_CODES = frozenset({"unit", "from_unit", "to_unit"})


@dataclass(frozen=True)
class _View:
    """A sheet of the totals: which levels and columns."""

    id: str
    zh: str
    en: str
    columns: tuple[str, ...]
    units: bool
    converted: bool = False


_VIEWS = (
    _View("summary", "汇总·减量台账", "Summary: reduction ledger", _STOCK, units=False),
    _View("summary_flow", "汇总·四项数量", "Summary: four quantities", _QUANTITIES, units=False),
    _View("units", "单元·减量台账", "Units: reduction ledger", _STOCK, units=True),
    _View("units_flow", "单元·四项数量", "Units: four quantities", _QUANTITIES, units=True),
    _View("units_mu", "单元·亩与公顷", "Units: mu and hectares", _CONVERTED, units=True, converted=True),
    _View("units_claims", "单元·填报与核验", "Units: claimed and verified", _CLAIMS, units=True),
    _View("units_states", "单元·土地状态", "Units: states of the land", _STATES, units=True),
)
NOTE = (
    "面积单位：平方米（另注者除外）。各行由精确值各自取整一次，合计按精确值取整，故末位可有出入。— 表示无此项。",
    "Areas in m² unless said. Each row is rounded once from the exact value, totals too, so last digits may differ. "
    "— means there is none.",
)


def sheets(report: Report) -> Iterator[Sheet]:
    """All sheets in order; the annex comes last."""
    contents = report.contents
    words = words_of(report)
    yield cover(report)
    for view in _VIEWS:
        yield _totals(view, contents.sections["figures"], words)
    for name, section in SECTIONS.items():
        if name != "figures":
            yield _plain(section, contents.sections[name], words)
    if contents.annex:
        parcels = [row for rows in contents.annex.values() for row in rows if isinstance(row, list)]
        yield _annex("annex", "图斑附表·面积", "Parcels: areas", _ANNEX_AREAS, parcels, words)
        yield _annex("annex_chain", "图斑附表·审核", "Parcels: decisions", _ANNEX_CHAIN, parcels, words)


def words_of(report: Report) -> Words:
    """The words by which this report's codes are shown."""
    code, name = FIGURES.place("code"), FIGURES.place("name")
    names = {row[code]: row[name] for row in report.contents.sections["figures"] if isinstance(row, list)}
    editions: Any = report.contents.header.get("editions") or {}
    return Words(editions, {str(key): str(value) for key, value in names.items() if value})


def _totals(view: _View, rows: Sequence[JsonValue], words: Words) -> Sheet:
    level = FIGURES.place("level")
    table = [row for row in rows if isinstance(row, list)]
    if view.units:
        shown_rows = [row for row in table if row[level] == "unit"]
        total = next((row for row in table if row[level] == "city"), None)
        leading = ("name", "code", "belt")
    else:
        shown_rows = sorted(
            (row for row in table if row[level] in _SUMMARY_LEVELS), key=lambda row: _SUMMARY_LEVELS.index(row[level])
        )
        total = None
        leading = ("level", "name", "code")
    columns = [FIGURES.columns[FIGURES.place(name)] for name in (*leading, *_named(view.columns))]
    also = {AreaUnit.MU: frozenset(_CONVERTED), AreaUnit.HA: frozenset(_CONVERTED)} if view.converted else NOTHING_ELSE
    headings, cells = _columns(columns, words, also=also)
    places = [FIGURES.place(column.id) for column in columns]
    total_row = None
    if total is not None:
        total_row = [Shown.text("合计", "Total"), *cells([total[place] for place in places])[1:]]
        total_row[1] = total_row[2] = Shown.text("")
    return Sheet(
        id=view.id, zh=view.zh, en=view.en, headings=tuple(headings),
        rows=tuple(tuple(cells([row[place] for place in places])) for row in shown_rows),
        total=None if total_row is None else tuple(total_row),
        fixed=2, note=NOTE, emphasised=frozenset() if view.units else _heads(shown_rows, level),
    )  # fmt: skip


def _plain(section: Section, rows: Sequence[JsonValue], words: Words) -> Sheet:
    headings, cells = _columns([_with_name(column) for column in section.columns], words)
    return Sheet(
        id=section.name, zh=section.zh, en=section.en, headings=tuple(headings),
        rows=tuple(tuple(cells(row)) for row in rows if isinstance(row, list)),
        total=None, fixed=1, note=None,
    )  # fmt: skip


def _with_name(column: Column) -> Column:
    """A code of a unit or area shows its name too, where no column beside it does."""
    return replace(column, id="unit") if column.id == "code" and column.kind is Kind.TEXT else column


def _annex(id_: str, zh: str, en: str, names: tuple[str, ...], rows: Sequence[list[Any]], words: Words) -> Sheet:
    columns = [ANNEX.columns[ANNEX.place(name)] for name in names]
    headings, cells = _columns(columns, words, also={AreaUnit.MU: _ANNEX_MU})
    places = [ANNEX.place(name) for name in names]
    return Sheet(
        id=id_, zh=zh, en=en, headings=tuple(headings),
        rows=tuple(tuple(cells([row[place] for place in places])) for row in rows),
        total=None, fixed=1, note=NOTE,
    )  # fmt: skip


def _columns(
    columns: Sequence[Column], words: Words, *, also: Mapping[AreaUnit, AbstractSet[str]] = NOTHING_ELSE
) -> tuple[list[Heading], Callable[[Sequence[Any]], list[Shown]]]:
    """Headings, and what turns a row's values into cells; `also` names the areas to be printed in mu or ha besides."""
    printed = [
        (number, column, unit)
        for number, column in enumerate(columns)
        for unit in (AreaUnit.M2, *(one for one, names in also.items() if column.id in names))
    ]
    named = frozenset[str]().union(*also.values())
    headings = [_heading(column, unit, named=column.id in named) for _, column, unit in printed]

    def cells(row: Sequence[Any]) -> list[Shown]:
        return [_cell(column, row[number], words, unit) for number, column, unit in printed]

    return headings, cells


def _cell(column: Column, value: Any, words: Words, unit: AreaUnit) -> Shown:
    if column.id in _UNIT_CODES and isinstance(value, str):
        return Shown.text(f"{words.name(value)} {value}".strip() or NONE)
    if column.id in ("code", "name") and value == "":
        return Shown.text("（未划入）", "(in none)")
    if column.id == "name" and value in _WHOLES:
        return Shown.text(*_WHOLES[value])
    return show(column, value, words, unit)


_WHOLES = {"city": WORDS["level"]["city"], **WORDS["belt"]}
"""Names of what has no row of its own among the units: the whole city and the belts."""
_UNIT_WORDS = {AreaUnit.M2: ("平方米", "m²"), AreaUnit.MU: ("亩", "mu"), AreaUnit.HA: ("公顷", "ha")}
_WIDTHS = {
    Kind.TEXT: 16, Kind.WORD: 12, Kind.COUNT: 9, Kind.AREA: 14, Kind.RATIO: 9, Kind.DAY: 11, Kind.LIST: 14,
    Kind.CLASSES: 26, Kind.CHAIN: 48, Kind.PLACE: 18,
}  # fmt: skip
_WIDE = {"name": 22, "unit": 24, "entry": 38, "file_sha256": 34, "discrepancy": 30, "figure": 18, "level": 13}


def _heading(column: Column, unit: AreaUnit, *, named: bool) -> Heading:
    width = _WIDE.get(column.words or column.id, _WIDE.get(column.id, _WIDTHS[column.kind]))
    number = column.kind in (Kind.AREA, Kind.COUNT, Kind.RATIO)
    if named:
        zh, en = _UNIT_WORDS[unit]
        return Heading(f"{column.zh}（{zh}）", f"{column.en} ({en})", width, number)
    return Heading(column.zh, column.en, width, number)


def _named(names: tuple[str, ...]) -> list[str]:
    """`state.*` stands for all columns whose name begins so."""
    return [
        column.id
        for name in names
        for column in FIGURES.columns
        if column.id == name or (name.endswith("*") and column.id.startswith("states_m2."))
    ]


def _heads(rows: Sequence[list[Any]], level: int) -> frozenset[int]:
    return frozenset(number for number, row in enumerate(rows) if row[level] == "city")
