"""Areas: the published pairs of domain §3.9 and §5.3, and that nothing is rounded twice."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Code, LedgerError
from schemas.measures import (
    MAX_CENTI_M2,
    AreaUnit,
    exact_m2,
    from_stored,
    measured_m2,
    parse_area,
    shown,
    stored,
    total_shown,
)

CENTI = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("m2", "unit", "expected"),
    [
        ("12765.83", AreaUnit.MU, "19.1487"),
        ("14871.06", AreaUnit.MU, "22.3066"),
        ("3800", AreaUnit.MU, "5.7000"),
        ("4200", AreaUnit.HA, "0.4200"),
        ("4200", AreaUnit.MU, "6.3000"),
        ("2400", AreaUnit.MU, "3.6000"),
        ("1000000", AreaUnit.MU, "1500.0000"),
        ("10000", AreaUnit.MU, "15.0000"),
        ("62820000", AreaUnit.KM2, "62.82"),
        ("2400000", AreaUnit.WAN_M2, "240.0000"),
    ],
)
def test_published_conversions(m2: str, unit: AreaUnit, expected: str) -> None:
    assert str(shown(exact_m2(Decimal(m2), AreaUnit.M2), unit)) == expected


@pytest.mark.parametrize(
    ("text", "unit", "centi_m2"),
    [
        ("12,765.83 平方米", AreaUnit.M2, 1_276_583),
        ("14871.06㎡", AreaUnit.M2, 1_487_106),
        ("1,196.67亩", AreaUnit.MU, 79_778_000),
        ("79.8 公顷", AreaUnit.HA, 79_800_000),
        ("５．７ 亩", AreaUnit.MU, 380_000),
        ("0.7mu", AreaUnit.MU, 46_667),
        ("62.82 km²", AreaUnit.KM2, 6_282_000_000),
        ("4000万平方米", AreaUnit.WAN_M2, 4_000_000_000),
        ("1 mu", AreaUnit.MU, 66_667),
    ],
)
def test_figures_as_given_keep_text_and_unit(text: str, unit: AreaUnit, centi_m2: int) -> None:
    figure = parse_area(text)
    assert (figure.text, figure.unit, figure.centi_m2) == (text, unit, centi_m2)


def test_the_unit_may_stand_beside_the_figure() -> None:
    assert parse_area("3800", AreaUnit.M2).shown_in(AreaUnit.MU) == Decimal("5.7000")
    assert parse_area("5.7亩", AreaUnit.MU).m2 == 3800


@pytest.mark.parametrize(
    "text",
    [
        *("", "亩", "nan 亩", "NaN", "inf m2", "Infinity", "1e9 m2", "1e999999999", "12,34 m2", "1.2.3 m2", "5 6 m2"),
        *(
            "5 英亩",
            "-1 亩",
            "3800",
            "0x10 m2",
            "٣ m2",
            "9" * 30 + " km2",
            "1 " + " " * 80 + "m2",
            "5.7亩左右.",
            "1/3 亩",
        ),
    ],
)
def test_what_is_no_area_is_refused(text: str) -> None:
    with pytest.raises(LedgerError) as error:
        parse_area(text)
    assert error.value.code is Code.VALUE_INVALID


def test_a_contradicting_unit_is_refused() -> None:
    with pytest.raises(LedgerError):
        parse_area("5.7 亩", AreaUnit.M2)


def test_negatives_only_where_asked() -> None:
    assert parse_area("-0.1 ha", least_m2=None).centi_m2 == -100_000
    with pytest.raises(LedgerError):
        parse_area("9.99 m2", least_m2=Fraction(10))
    assert parse_area("10 m2", least_m2=Fraction(10)).m2 == 10


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_computed_areas_that_are_no_areas_are_refused(value: float) -> None:
    with pytest.raises(LedgerError):
        measured_m2(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), Decimal("1e999999")])
def test_decimals_that_are_no_areas_are_refused(value: Decimal) -> None:
    with pytest.raises(LedgerError):
        exact_m2(value, AreaUnit.M2)


def test_the_largest_stored_area_is_the_bound() -> None:
    assert stored(exact_m2(Fraction(MAX_CENTI_M2, 100), AreaUnit.M2)) == MAX_CENTI_M2
    with pytest.raises(LedgerError):
        exact_m2(Fraction(MAX_CENTI_M2 + 1, 100), AreaUnit.M2)


def test_half_goes_away_from_zero() -> None:
    assert (stored(Fraction(5, 1000)), stored(Fraction(-5, 1000)), stored(Fraction(4, 1000))) == (1, -1, 0)
    assert shown(Fraction(5000), AreaUnit.KM2) == Decimal("0.01")  # half to even would say 0.00
    assert shown(Fraction(-5000), AreaUnit.KM2) == Decimal("-0.01")


def test_a_sum_is_rounded_once() -> None:
    thirds = [exact_m2(1, AreaUnit.MU)] * 3  # 666.66… m² each
    assert total_shown(thirds, AreaUnit.M2) == Decimal("2000.00")
    assert sum(shown(each, AreaUnit.M2) for each in thirds) == Decimal("2000.01")


@given(CENTI)
def test_stored_areas_come_back(centi_m2: int) -> None:
    assert stored(from_stored(centi_m2)) == centi_m2


@given(CENTI, st.sampled_from([AreaUnit.M2, AreaUnit.HA, AreaUnit.MU]))
def test_a_shown_area_is_within_half_its_last_digit(centi_m2: int, unit: AreaUnit) -> None:
    m2 = from_stored(centi_m2)
    figure = shown(m2, unit)
    last_digit_m2 = exact_m2(Decimal(1).scaleb(int(figure.as_tuple().exponent)), unit)
    assert abs(exact_m2(figure, unit) - m2) * 2 <= last_digit_m2


@given(CENTI, st.sampled_from(AreaUnit))
def test_loss_and_gain_are_shown_alike(centi_m2: int, unit: AreaUnit) -> None:
    assert shown(from_stored(-centi_m2), unit) == -shown(from_stored(centi_m2), unit)


@given(st.integers(0, 10**12), st.sampled_from([AreaUnit.M2, AreaUnit.MU, AreaUnit.HA]))
def test_what_is_shown_can_be_read_back(centi_m2: int, unit: AreaUnit) -> None:
    figure = shown(from_stored(centi_m2), unit)
    assert parse_area(f"{figure:,} {unit}").shown_in(unit) == figure
