"""Every finding has a sentence in both languages, with its figures, that states facts and no verdicts."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from schemas.codes import Discrepancy
from sync.ledger.discrepancies.catalogue import SENTENCES
from sync.ledger.discrepancies.finding import Finding, found
from sync.ledger.discrepancies.sentences import sentence, title
from sync.ledger.discrepancies.table import ALL
from tests.ledger.discrepancies import test_moves, test_totals
from tests.ledger.discrepancies.kit import Ledger, findings_of, land_class, ms, of_code

D = Discrepancy
VERDICTS = re.compile(r"违建|违法|违规|造假|舞弊|虚报|illegal|fraud|violat|fake|cheat", re.IGNORECASE)


def test_every_code_of_the_table_has_a_sentence() -> None:
    assert {check.code for check in ALL} == {code for code, _ in SENTENCES}


@pytest.mark.parametrize("key", SENTENCES, ids=lambda key: f"{key[0]}-{key[1]}")
def test_no_verdicts_and_the_same_figures_in_both_languages(key: tuple[Discrepancy, str]) -> None:
    row = SENTENCES[key]
    assert not VERDICTS.search(row.zh) and not VERDICTS.search(row.en)
    names_zh, names_en = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in (row.zh, row.en))
    assert names_zh == names_en and names_zh
    assert row.zh.endswith("。") and row.en.endswith(".")


def told(one: Finding) -> tuple[str, str]:
    return sentence(one, "zh"), sentence(one, "en")


def test_figures_stand_in_the_sentence() -> None:
    (one,) = of_code(Ledger().parcel().record("R1", (50, 0, 110, 40)), D.D04)
    zh, en = told(one)
    assert zh == "记录 R1 的范围 2,400.00 平方米中有 400.00 平方米（16.7%）在所列图斑 P1 之外。"
    assert en == "Of the 2,400.00 m² outlined by record R1, 400.00 m² (16.7 %) lie outside its parcels P1."
    assert title(one, "en") == "More than 5 % of the outline lies outside its parcel"


def test_words_are_said_in_each_language() -> None:
    (one,) = of_code(Ledger().parcel().green("G1", (0, 0, 60, 40)), D.D12)
    assert "（未拆）" in told(one)[0] and "(baseline)" in told(one)[1]
    (person,) = of_code(Ledger().parcel().record("R1").check("A1", "acceptance", "li", "2025-06-01"), D.D23)
    assert "验收认定、巡查" in told(person)[0] and "acceptance, inspection" in told(person)[1]


def test_a_sighting_is_a_possible_new_building() -> None:
    (one,) = of_code(Ledger().parcel().sighting("N1", (90, 0, 110, 10)), D.D05)
    assert told(one)[0].startswith("疑似新增建设 N1")


def busy() -> list[Finding]:
    """A ledger in which much does not fit."""
    ledger = Ledger().parcel(planned_land_area_e2=100_000, planned_class="0103").parcel("P2", (100, 0, 150, 80), "1202")
    ledger.record("R1", (50, 0, 110, 40), claimed=36_000, position=(116.4, 40.0)).sighting("N1", (60, 0, 160, 20))
    ledger.record("R2", (50, 0, 100, 40), "2025-03-02T10:00", unit="U2", claimed=9000, area_source=None)
    ledger.green("G1", (0, 0, 100, 40), "2025-06-01T10:00", survival_percent_e2=10, position=(117.4, 40.0))
    ledger.green("G2", (0, 0, 100, 40), "2025-07-01T10:00", observed_class=land_class("0810"), author="wang")
    ledger.record(
        "R3", (300, 0, 310, 40), "2025-08-01T10:00", photos_complete=False, photos=(), known_ms=ms("2026-01-01")
    )
    return [*findings_of(ledger), *test_totals.targets(1), *test_totals.balance("2", "1")]


def test_what_the_checks_find_can_be_told() -> None:
    findings = busy()
    assert len({(one.code, one.variant) for one in findings}) >= 16
    findings += findings_of(test_moves.cleared(), ms("2025-06-20T10:00"))
    for one in findings:
        for text in told(one):
            assert text and not re.search(r"[{}]|None|nan", text), text


def test_a_sentence_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError):
        sentence(found(D.D07, edition="", since_ms=0))
