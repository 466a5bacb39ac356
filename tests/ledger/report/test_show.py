"""How values are shown: conversions agree with `schemas.measures` to the last digit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.measures import MAX_CENTI_M2, AreaUnit, from_stored, shown
from sync.ledger.report.show import NO_CLASS, NONE, Format, Words, show, shown_e2
from sync.ledger.report.table import Column, Kind

WORDS = Words({"land_classes": "2026-11", "discrepancies": "2026-11"}, {"U-1": "柳树乡"})


@given(st.integers(-MAX_CENTI_M2, MAX_CENTI_M2), st.sampled_from(AreaUnit))
def test_conversion_is_that_of_measures(area_e2: int, unit: AreaUnit) -> None:
    assert shown_e2(area_e2, unit) == shown(from_stored(area_e2), unit)


def _column(kind: Kind, words: str = "", id_: str = "x") -> Column:
    return Column(id_, kind, "", "", "", words)


def test_golden_pair_of_the_domain() -> None:
    assert show(_column(Kind.AREA), 1_276_583, WORDS, AreaUnit.MU).zh == "19.1487"
    assert show(_column(Kind.AREA), 1_276_583, WORDS).zh == "12,765.83"


def test_what_is_missing_keeps_the_side_of_its_column() -> None:
    assert show(_column(Kind.AREA), None, WORDS).format is Format.TWO
    assert show(_column(Kind.TEXT), None, WORDS).format is Format.TEXT
    assert show(_column(Kind.RATIO), None, WORDS).zh == NONE


def test_words_and_unknown_codes() -> None:
    assert show(_column(Kind.WORD, "discrepancy"), "D18", WORDS).zh.startswith("D18 ")
    assert show(_column(Kind.WORD, "state"), "new-state", WORDS).en == "new-state"
    assert show(_column(Kind.CLASSES), [["0601", 150], [None, 5]], WORDS).zh == f"0601 工业用地 1.50；{NO_CLASS} 0.05"
    assert show(_column(Kind.COUNT, id_="year"), 2025, WORDS).zh == "2025"
    assert show(_column(Kind.COUNT), 2025, WORDS).zh == "2,025"


def test_editions_that_are_not_here_fall_back_to_the_newest() -> None:
    words = Words({"land_classes": "1999-01", "discrepancies": "1999-01"}, {})
    assert words.land_class("0601") == "0601 工业用地"
    assert words.word("discrepancy", "D18")[0].startswith("D18 ")
