"""`main.py scenario`: what it prints, and that a bad file is a coded error and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.errors import Code, LedgerError
from sync.commands.door import app
from sync.ledger.scenario import read_scenario

CASES = Path(__file__).parent.parent / "cases" / "land"
DUPLICATE = CASES / "golden_05_duplicate.json"


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["scenario", *words], catch_exceptions=True)


def test_json_for_a_program() -> None:
    answer = json.loads(run(str(DUPLICATE), "--json").stdout)
    assert answer.keys() == {"parcels", "discrepancies"}
    assert answer["parcels"]["P1"]["verified_m2"] == 2400
    (double,) = [one for one in answer["discrepancies"] if one["code"] == "D02"]
    assert {"R1", "R4"} <= set(double["records"]) and double["parcel"] == "P1"
    assert double["figures"]["credit_to"] == "R1" and double["zh"] and double["en"]


def test_a_table_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    # The console is bound to the stdout of its import; what it prints is asked of it.
    from sync.commands.say import out

    with out.capture() as shown:
        run(str(DUPLICATE))
    assert "2,400.00" in shown.get() and "D18" in shown.get() and "疑似回潮" in shown.get()
    monkeypatch.setenv("LEDGER_LANG", "en")
    with out.capture() as shown:
        run(str(CASES / "golden_06_two_visits.json"))
    assert "No discrepancies" in shown.get()


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((CASES / "golden_04_park.json").read_text())
    node: Any = case
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return case


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("parcels",), 3, Code.BODY_INVALID),
        (("records", 0, "observed_at"), "yesterday", Code.BODY_INVALID),
        (("records", 0, "observed_at"), "0001-01-01T00:00:00+14:00", Code.VALUE_INVALID),
        (("records", 0, "claimed_area_m2"), -1, Code.BODY_INVALID),
        (("records", 0, "claimed_area_m2"), float("nan"), Code.BODY_INVALID),
        (("records", 0, "kind"), "visit", Code.KIND_UNKNOWN),
        (("records", 0, "observed_class"), None, Code.BODY_INVALID),
        (("records", 0, "observed_class"), "0899", Code.CODE_UNKNOWN),
        (("parcels", 0, "baseline", 0, "class"), "9999", Code.CODE_UNKNOWN),
        (("parcels", 0, "geometry"), {"type": "Point", "coordinates": [0, 0]}, Code.GEOMETRY_INVALID),
        (("parcels", 0, "geometry"), {"type": "Polygon", "coordinates": []}, Code.GEOMETRY_INVALID),
        (("parcels", 0, "geometry", "coordinates", 0, 1), [1e300, 0], Code.COORDINATE_OUT_OF_RANGE),
        (("crs",), "EPSG:4527", Code.COORDINATE_OUT_OF_RANGE),
        (("crs",), "EPSG:1", Code.VALUE_INVALID),
    ],
)
def test_bad_content(path: tuple[str | int, ...], value: Any, code: Code, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(changed(path, value)))
    with pytest.raises(LedgerError) as error:
        read_scenario(file)
    assert error.value.code is code


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"[]"])
def test_bad_bytes(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_bytes(content)
    with pytest.raises(LedgerError):
        read_scenario(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        result = run(str(path), "--json")
        assert result.exit_code == 1 and isinstance(result.exception, LedgerError)
        assert result.stdout == ""
