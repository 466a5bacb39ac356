"""The envelope and the bodies: what is refused, what is named how, and that the published schemas are current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bodies import BODIES, check_body, json_schemas
from schemas.entries import Entry, Kind, LogRow, entry_bytes, entry_hash, leaf_data, parse_entry, signed_bytes
from schemas.errors import CATALOGUE, Code, LedgerError
from schemas.ids import is_entry_id, key_id, uuid7
from schemas.ledger_bodies import Register
from schemas.protocol import enrolment_text, read_enrolment_text
from schemas.register_fields import REGISTER_FIELDS
from schemas.roles import CENTRAL_ONLY, Role, may_author
from sync.commands.schemas import schema_text

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"


def envelope(**changes: Any) -> dict[str, Any]:
    """A whole, well-formed entry (its signature is not a real one)."""
    moment = {"ms": 1_790_000_000_000, "offset_min": 480}
    return {
        "id": uuid7(1_790_000_000_000, b"0123456789"),
        "kind": "withdrawal",
        "schema": 1,
        "unit": "CY-LGY",
        "author": "insp-1",
        "device": "tab-1",
        "device_seq": 1,
        "prev_hash": "0" * 64,
        "about": ["CY-0001"],
        "supersedes": None,
        "observed_at": moment,
        "recorded_at": moment,
        "checkpoint": None,
        "auth": None,
        "body": {"cause": "误报"},
        "alg": "ed25519",
        "key": "a" * 32,
        "sig": "b" * 128,
    } | changes


def test_an_entry_survives_the_journey() -> None:
    entry = parse_entry(envelope())
    assert parse_entry(json.loads(entry_bytes(entry))) == entry
    assert json.loads(signed_bytes(envelope())).keys() == envelope().keys() - {"sig"}


def test_the_name_is_the_hash_of_the_canonical_bytes() -> None:
    """A golden name: whoever changes the canonical form breaks every log ever written."""
    assert entry_hash(parse_entry(envelope())) == "40f0263fa3353dfdba93455d6b705eeae5a9e2db2af24d62034069fbd6584e80"


def test_the_leaf_binds_place_time_and_verdict() -> None:
    row = LogRow.model_validate(
        {"seq": 7, "entry": "c" * 64, "received_ms": 5, "disposition": "refused", "reason": "fork"}, strict=False
    )
    assert row.leaf_data() == leaf_data(7, "c" * 64, 5, "refused", "fork")
    assert row.leaf_data() == (
        b'{"disposition":"refused","entry":"' + b"c" * 64 + b'","reason":"fork","received_ms":5,"seq":7}'
    )


@pytest.mark.parametrize("field", sorted(envelope()))
def test_no_field_may_be_missing(field: str) -> None:
    raw = envelope()
    del raw[field]
    with pytest.raises(LedgerError) as caught:
        parse_entry(raw)
    assert caught.value.code == (Code.SIGNATURE_MISSING if field == "sig" else Code.BODY_INVALID)


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"device_seq": "1"},
        {"device_seq": 0},
        {"device_seq": True},
        {"device_seq": 1.0},
        {"schema": 0},
        {"id": "0192f0a0-0000-4000-8000-000000000000"},
        {"id": "../../etc/passwd"},
        {"unit": "a/b"},
        {"about": ["a\x00b"]},
        {"about": ["../x"]},
        {"about": "CY-0001"},
        {"observed_at": {"ms": -1, "offset_min": 0}},
        {"observed_at": {"ms": 10**18, "offset_min": 0}},
        {"observed_at": {"ms": 1, "offset_min": 2000}},
        {"prev_hash": "0" * 63},
        {"sig": "B" * 128},
        {"alg": "none"},
        {"body": []},
        {"body": {"cause": float("nan")}},
    ],
)
def test_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(LedgerError):
        entry_bytes(parse_entry(envelope(**change)))


def test_what_this_version_does_not_know_is_still_an_entry() -> None:
    assert parse_entry(envelope(kind="tomorrow", schema=9)).kind == "tomorrow"


def test_every_kind_has_a_body_and_somebody_who_may_say_it() -> None:
    assert {kind for kind, _ in BODIES} == set(Kind)
    for kind in Kind:
        assert kind in CENTRAL_ONLY or any(may_author(role, kind) for role in Role), kind


def test_published_schemas_are_current() -> None:
    """`main.py schemas export` was run after the last change of a body."""
    expected = {f"{name}.json": schema_text(schema) for name, schema in json_schemas().items()}
    assert {path.name: path.read_text("utf-8") for path in PUBLISHED.glob("*.json")} == expected


@pytest.mark.parametrize(
    ("kind", "schema", "body", "code"),
    [
        ("tomorrow", 1, {}, Code.KIND_UNKNOWN),
        ("withdrawal", 2, {}, Code.SCHEMA_UNKNOWN),
        ("withdrawal", 1, {}, Code.BODY_INVALID),
        ("withdrawal", 1, {"cause": "x", "owner": "张三"}, Code.BODY_INVALID),
        ("gap_closed", 1, {"device": "tab-1", "first": "1", "last": 2, "cause": "x"}, Code.BODY_INVALID),
        ("gap_closed", 1, {"device": "tab-1", "first": True, "last": 2, "cause": "x"}, Code.BODY_INVALID),
        ("review", 1, {"outcome": "maybe", "reason": None, "text": None, "fields": []}, Code.BODY_INVALID),
    ],
)
def test_bodies_are_refused_by_code(kind: str, schema: int, body: dict[str, Any], code: Code) -> None:
    with pytest.raises(LedgerError) as caught:
        check_body(kind, schema, body)
    assert caught.value.code == code


def test_a_refusal_names_the_field_and_not_its_value() -> None:
    with pytest.raises(LedgerError) as caught:
        check_body("review", 1, {"outcome": "机密", "reason": None, "text": None, "fields": []})
    assert "outcome" in str(caught.value) and "机密" not in str(caught.value)


def test_the_catalogue_is_whole() -> None:
    """Every code has words in both languages that can be filled, and a status that HTTP knows as an error."""
    assert set(CATALOGUE) == set(Code)
    for code, message in CATALOGUE.items():
        error = LedgerError(code)
        assert 400 <= message.status <= 599
        assert error.text("zh").strip() and error.text("en").strip() and error.text("zh") != error.text("en")


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_ids_are_uuid7_and_ordered_by_time(now_ms: int, chance: bytes) -> None:
    name = uuid7(now_ms, chance)
    assert is_entry_id(name)
    assert now_ms == 2**48 - 1 or name < uuid7(now_ms + 1, chance) or name[:13] < uuid7(now_ms + 1, chance)[:13]


def test_enrolment_text_round_trip() -> None:
    log = key_id(bytes(32))
    assert read_enrolment_text(enrolment_text("abcd2345", log)) == ("abcd2345", log)
    for wrong in ("", "GBL1:x", "GBL2:abcd:" + log, "GBL1:abcd:" + log[:-1], "GBL1:abcd:" + log + ":x", "x" * 500):
        assert read_enrolment_text(wrong) is None


def test_entry_model_forbids_change() -> None:
    entry: Entry = parse_entry(envelope())
    with pytest.raises(ValueError, match="frozen"):
        entry.unit = "other"  # type: ignore[misc]


# ---------------------------------------------------------------- the register

PARK = {
    "name": "东郊公园", "kind": None, "stage": None, "area_e2": 100, "reclaimed_eligible": True,
    "reclaimed_in_use": False,
}  # fmt: skip


def register(subtype: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"subtype": subtype, "row": "R-1", "on": "2026-01-01", "geometry": None, "fields": fields}


def test_every_register_subtype_has_its_fields() -> None:
    subtypes = set(Register.model_json_schema()["properties"]["subtype"]["enum"])
    assert subtypes == REGISTER_FIELDS.keys()


def test_a_register_row_with_its_fields_passes() -> None:
    check_body(Kind.REGISTER, 1, register("park", PARK))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"owner": "张三"}, "fields.owner"),
        ({"reclaimed_in_use": "yes"}, "fields.reclaimed_in_use"),
        ({"area_e2": 1.5}, "fields.area_e2"),
        ({"area_e2": -1}, "fields.area_e2"),
    ],
)
def test_a_register_row_with_another_field_or_value_is_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(LedgerError) as caught:
        check_body(Kind.REGISTER, 1, register("park", PARK | change))
    assert caught.value.code == Code.BODY_INVALID
    assert str(caught.value.details["where"]).startswith(field)


def test_a_register_row_without_a_field_is_refused() -> None:
    with pytest.raises(LedgerError, match=r"fields\.name"):
        check_body(Kind.REGISTER, 1, register("park", {key: value for key, value in PARK.items() if key != "name"}))
