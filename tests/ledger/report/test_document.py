"""The document: what it holds, what it leaves out, and that it depends on the log position alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from schemas.codes import (
    Belt,
    CaseState,
    FacilityClass,
    FacilityCondition,
    InspectionKind,
    LandState,
    Measure,
    ReuseKind,
    ReviewOutcome,
    StockKind,
    TransferMeasure,
)
from schemas.errors import Code, LedgerError
from schemas.reference import Editions
from schemas.roles import Role
from schemas.standing import Standing
from sync.ledger.report.document import entries_named
from sync.ledger.report.page import page
from sync.ledger.report.sealed import Report, hash_of, read_document
from sync.ledger.report.sections import ANNEX, FIGURES, SECTIONS
from sync.ledger.report.words import WORDS
from sync.ledger.report.xlsx import workbook
from sync.ledger.statement.unit_figures import Level
from tests.ledger.report.kit import Log, contents, sealed, small_report, statement


def test_only_whole_numbers_and_text(report: Report) -> None:
    def look(value: Any) -> None:
        assert not isinstance(value, float)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            look(inner)

    look(json.loads(report.data()))


def test_reading_gives_the_same_document(report: Report) -> None:
    assert read_document(report.data()).data() == report.data()


def test_no_person_is_named(report: Report) -> None:
    assert b"someone" not in report.data()  # the author of every link in the kit


def test_places_are_coarse(report: Report) -> None:
    near = ANNEX.place("near")
    assert {tuple(row[near]) for rows in report.contents.annex.values() for row in rows} == {(11641, 3992)}  # type: ignore


def test_every_section_has_a_row_in_the_small_ledger(report: Report) -> None:
    assert [name for name, rows in report.contents.sections.items() if not rows] == ["phase_faults"]


def test_a_total_is_rounded_once(report: Report) -> None:
    """Thirds of a m² in three units: the city has the whole, not three roundings."""
    level, place = FIGURES.place("level"), FIGURES.place("cleared")
    rows: list[Any] = report.contents.sections["figures"]
    units = sum(row[place] for row in rows if row[level] == "unit")
    city = next(row[place] for row in rows if row[level] == "city")
    assert city - units == 1  # 3 × 1/3 m² = 100, and 3 × 33


def test_same_position_gives_the_same_bytes_after_further_entries() -> None:
    log = Log.new()
    made = statement(log)
    first = sealed(log, contents(log, made))
    log.append(37)
    again = sealed(log, contents(log, made))
    assert again.data() == first.data()
    assert (page(again), workbook(again)) == (page(first), workbook(first))


def test_signed_later_at_a_larger_tree_has_the_same_hash() -> None:
    log = Log.new()
    made = statement(log)
    first = sealed(log, contents(log, made))
    log.append(37)
    later = sealed(log, contents(log, made), head=len(log.rows))
    assert later.seal == first.seal
    assert later.proof.consistency


def test_software_and_issuer_are_sealed_but_not_hashed() -> None:
    log = Log.new()
    said = contents(log, statement(log))
    one = sealed(log, said)
    other = replace(one, seal=one.seal.model_copy(update={"software": "greenbelt-ledger 9.9"}))
    assert hash_of(other.digest) == one.seal.hash
    assert other.seal.signed_bytes() != one.seal.signed_bytes()


def test_annex_of_some_units_or_none() -> None:
    log = Log.new()
    made = statement(log)
    assert set(contents(log, made, annex_units=frozenset({"DEMO-QL"})).annex) == {"DEMO-QL"}
    none = contents(log, made, annex_units=frozenset())
    assert none.annex == {}
    assert len(entries_named(none)) < len(entries_named(contents(log, made)))


def test_every_named_entry_is_proven(report: Report) -> None:
    assert entries_named(report.contents) == {row[1] for row in report.proof.rows}
    assert len(report.proof.rows) >= 60


def test_another_figure_is_another_hash() -> None:
    assert small_report(seed=3).seal.hash != small_report(seed=4).seal.hash


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Code.REPORT_DAMAGED),
        (b"[]", Code.REPORT_FORMAT_UNKNOWN),
        (b'{"format":"other"}', Code.REPORT_FORMAT_UNKNOWN),
        (b'{"format":"greenbelt-ledger-report","version":2}', Code.REPORT_FORMAT_UNKNOWN),
        (b'{"format":"greenbelt-ledger-report","version":1}', Code.REPORT_DAMAGED),
        (b'{"format":"greenbelt-ledger-report","version":1,"version":1}', Code.REPORT_DAMAGED),
        (b'{"format":"greenbelt-ledger-report","x":1.5}', Code.REPORT_DAMAGED),
        (b"[" * 100_000, Code.REPORT_DAMAGED),
        (b'{"a":' + b"9" * 10_000 + b"}", Code.REPORT_DAMAGED),
        (b"\xff\xfe{}", Code.REPORT_DAMAGED),
    ],
)
def test_what_is_no_document(data: bytes, code: Code) -> None:
    with pytest.raises(LedgerError) as caught:
        read_document(data)
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("state", LandState), ("level", Level), ("measure", Measure), ("transfer_measure", TransferMeasure),
        ("reuse_kind", ReuseKind), ("stock_kind", StockKind), ("case_state", CaseState), ("belt", Belt),
        ("facility_class", FacilityClass), ("condition", FacilityCondition), ("role", Role), ("kind", InspectionKind),
        ("outcome", Standing), ("outcome", ReviewOutcome), ("edition", Editions.model_fields),
    ],
)  # fmt: skip
def test_every_code_has_words(table: str, codes: Iterable[str]) -> None:
    assert {str(code) for code in codes} <= set(WORDS[table])


def test_columns_have_words_in_both_languages() -> None:
    for section in (*SECTIONS.values(), ANNEX):
        assert section.zh and section.en
        for column in section.columns:
            assert column.zh and column.en and column.zh != column.en
        assert len({column.id for column in section.columns}) == len(section.columns)
