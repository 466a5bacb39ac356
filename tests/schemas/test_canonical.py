"""Canonical JSON: byte for byte RFC 8785 for what we sign, and a clear refusal of everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import MAX_INTEGER, canonical, parse_json
from schemas.errors import Code, LedgerError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=12)
SIGNABLE = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


@given(SIGNABLE)
def test_equals_the_reference_implementation(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(SIGNABLE)
def test_reads_back_to_the_same_bytes(value: Any) -> None:
    assert canonical(parse_json(canonical(value))) == canonical(value)


def test_known_bytes() -> None:
    """Order of names, escapes and no spaces, as in RFC 8785 §3.2."""
    value = {"b": 1, "a": "€$\n\u000f\"\\/", "\r": [True, None], "ö": "图斑", "1": -0}
    assert canonical(value) == (
        b'{"\\r":[true,null],"1":0,"a":"\xe2\x82\xac$\\n\\u000f\\"\\\\/","b":1,"\xc3\xb6":"\xe5\x9b\xbe\xe6\x96\x91"}'
    )


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        0.0,
        float("nan"),
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        "\ud800",
        {"\ud800": 1},
        {"\U0001f33f": 1},
        {1: 2},
        (1, 2),
        b"bytes",
        {"deep": [{"er": 2.5}]},
    ],
)
def test_refuses_what_cannot_be_signed(value: Any) -> None:
    with pytest.raises(LedgerError) as caught:
        canonical(value)
    assert caught.value.code == Code.JSON_NOT_CANONICAL


def test_names_the_place_that_cannot_be_signed() -> None:
    with pytest.raises(LedgerError) as caught:
        canonical({"body": {"answers": [1, {"area": 2.5}]}})
    assert caught.value.details["where"] == "$.body.answers[1].area: float"


def test_refuses_depth_before_it_hurts() -> None:
    value: Any = 1
    for _ in range(40):
        value = [value]
    with pytest.raises(LedgerError):
        canonical(value)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[1,]", b"NaN", b"[Infinity]", b'{"a":1,"a":2}', b"\xff", b'"\xed\xa0\x80"', b"01", b"1 2"],
)
def test_refuses_malformed_json(text: bytes) -> None:
    with pytest.raises(LedgerError) as caught:
        parse_json(text)
    assert caught.value.code == Code.JSON_MALFORMED


def test_refuses_endless_nesting_without_a_crash() -> None:
    with pytest.raises(LedgerError):
        parse_json(b"[" * 200_000)


@given(SIGNABLE)
def test_parses_what_others_write(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
