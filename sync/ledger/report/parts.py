"""The document against its digests: which section, row and column was changed, and what other rows imply it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import JsonValue

from schemas.canonical import canonical, sha256_hex
from schemas.errors import Code, Detail
from schemas.measures import AreaUnit, from_stored, shown
from sync.ledger.report.document import digest_of
from sync.ledger.report.findings import Finding
from sync.ledger.report.sealed import Report
from sync.ledger.report.sections import ANNEX, FIGURES, SECTIONS
from sync.ledger.report.table import Column, Kind, Section, fits

_MAX_CELLS = 40


def check_parts(report: Report) -> Iterator[Finding]:
    """Every part against its digest, every value against its column; a part of the wrong shape is REPORT_DAMAGED."""
    contents, digest = report.contents, report.digest
    if set(digest) != {"header", "sections", "annex", "entries"}:
        yield _found(Code.REPORT_DAMAGED, reason="the digest lacks parts")
        return
    if digest["header"] != sha256_hex(canonical(dict(contents.header))):
        yield _found(Code.REPORT_SECTION_CHANGED, section="页首 header", what=_header(report))
    rows: list[JsonValue] = [list(row) for row in report.proof.rows]
    if digest["entries"] != sha256_hex(canonical(rows)):
        yield _found(Code.REPORT_SECTION_CHANGED, section="证明 proof", what="rows of the log")
    for name, section in SECTIONS.items():
        yield from _part(section, contents.sections[name], _of(digest["sections"], name), "")
    parts = digest["annex"] if isinstance(digest["annex"], dict) else {}
    for unit in sorted({*contents.annex, *parts}):
        if unit not in contents.annex:
            yield _found(Code.REPORT_SECTION_CHANGED, section=f"{ANNEX.zh} {unit[:64]}", what="missing")
        else:
            yield from _part(ANNEX, contents.annex[unit], _of(parts, unit), f" {unit[:64]}")


def _part(section: Section, rows: Sequence[JsonValue], said: Any, suffix: str) -> Iterator[Finding]:
    title = f"{section.zh}{suffix} {section.en}"
    width = len(section.columns)
    for number, row in enumerate(rows):
        fault = _misfit(section, row)
        if fault is not None or not isinstance(row, list) or len(row) != width:
            yield _found(Code.REPORT_DAMAGED, reason=f"{title}, row {number + 1}: {fault or 'wrong width'}")
            return
    now = digest_of(section, rows)
    if not isinstance(said, dict):
        yield _found(Code.REPORT_SECTION_CHANGED, section=title, what="added; it was not part of the report")
        return
    if now == said:
        return
    if now["sha256"] == said.get("sha256"):
        yield _found(Code.REPORT_SECTION_CHANGED, section=title, what="its digest, not its rows")
    elif now["count"] != said.get("count"):
        yield _found(Code.REPORT_SECTION_CHANGED, section=title, what=f"{said.get('count')} → {now['count']} 行 rows")
    else:
        yield from _cells(section, rows, title, _changed(said.get("rows"), now["rows"]),
                          _changed(said.get("columns"), now["columns"]))  # fmt: skip


def _cells(
    section: Section, rows: Sequence[Any], title: str, changed_rows: list[int], changed_columns: list[int]
) -> Iterator[Finding]:
    if not changed_rows or not changed_columns:
        yield _found(Code.REPORT_SECTION_CHANGED, section=title, what="order of rows or columns")
        return
    # With one row or one column the crossing is exact; with several of both it may name a cell too many.
    for row in changed_rows[:_MAX_CELLS]:
        for place in changed_columns[:_MAX_CELLS]:
            column = section.columns[place]
            details: dict[str, Detail] = {
                "section": title, "row": row + 1, "name": _name(section, rows[row]),
                "column": f"{column.zh} {column.en}", "now": _printed(column, rows[row][place]),
            }  # fmt: skip
            was = _implied(rows, row, place) if section is FIGURES and len(changed_rows) == 1 else None
            if was is None:
                yield Finding(Code.REPORT_FIGURE_CHANGED, details)
            else:
                yield Finding(Code.REPORT_FIGURE_IMPLIED, {**details, "was": _printed(column, was)})


def _implied(rows: Sequence[Any], row: int, place: int) -> int | None:
    """What the rows of the other levels say that a sum must have been, to within rounding."""
    column = FIGURES.columns[place]
    if column.kind not in (Kind.AREA, Kind.COUNT) or column.id.startswith("target"):
        return None
    level = FIGURES.place("level")
    units = [one for one in rows if one[level] == "unit"]
    cities = [one for one in rows if one[level] == "city"]
    if len(cities) != 1 or any(one[place] is None for one in (*units, *cities)):
        return None
    if rows[row][level] == "city":
        return int(sum(one[place] for one in units))
    if rows[row][level] == "unit":
        return int(cities[0][place] - sum(one[place] for one in units if one is not rows[row]))
    return None


def _printed(column: Column, value: Any) -> str:
    if column.kind is Kind.AREA and isinstance(value, int):
        return f"{shown(from_stored(value), AreaUnit.M2):,} m²"
    return str(value)[:120]


def _name(section: Section, row: Sequence[Any]) -> str:
    for column in ("name", "parcel", "code", "unit"):
        if column in (one.id for one in section.columns) and row[section.place(column)]:
            return str(row[section.place(column)])[:60]
    return str(row[0])[:60]


def _misfit(section: Section, row: JsonValue) -> str | None:
    if not isinstance(row, list) or len(row) != len(section.columns):
        return None
    return next((c.id for c, value in zip(section.columns, row, strict=True) if not fits(c.kind, value)), None)


def _header(report: Report) -> str:
    """Which field of the header the seal contradicts; else only that it changed."""
    header, seal = report.contents.header, report.seal
    for name, sealed in (("position", seal.position), ("root", seal.root), ("log", seal.log)):
        if header.get(name) != sealed:
            return f"{name}: {sealed} → {str(header.get(name))[:80]}"
    return "scope, dates, editions or marks"


def _changed(said: Any, now: Any) -> list[int]:
    if not isinstance(said, list) or not isinstance(now, list) or len(said) != len(now):
        return []
    return [number for number, (one, other) in enumerate(zip(said, now, strict=True)) if one != other]


def _of(parts: JsonValue, name: str) -> JsonValue:
    return parts.get(name) if isinstance(parts, dict) else None


def _found(code: Code, **details: Detail) -> Finding:
    return Finding(code, details)
