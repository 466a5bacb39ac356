"""Bad input over real HTTP: each case a coded problem, and nothing half done."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from schemas.canonical import canonical, sha256_hex
from schemas.protocol import MAX_BATCH_BYTES
from schemas.roles import Role
from sync.central import sessions
from sync.central.accounts import disable_account, enable_account
from tests.central import kit
from tests.central.kit import HJ, NOW_MS, Clock, Hand, counts, desk, enrolled
from tests.central.wire import CHUNK, TUS, Wire, code_of, raw, sign_in
from tests.service import Served, served


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Hand, Wire, Clock]]:
    clock = Clock()
    with kit.opened(tmp_path_factory.mktemp("central"), clock=clock, requests_per_minute=10**6) as central:
        hand = enrolled(central)
        with served(central) as service:
            yield service, hand, Wire(service, sign_in(service.url, hand)), clock


@pytest.fixture
def wire(world: tuple[Served, Hand, Wire, Clock]) -> Wire:
    return world[2]


@pytest.fixture
def hand(world: tuple[Served, Hand, Wire, Clock]) -> Hand:
    return world[1]


@pytest.fixture(autouse=True)
def nothing_half_done(world: tuple[Served, Hand, Wire, Clock]) -> Iterator[None]:
    """Unless a test says `moved`, every table is as long as before and no file was left."""
    central = world[0].central
    before, files = counts(central), sorted(central.settings.data_dir.glob("**/*.part"))
    yield
    assert counts(central) == before
    assert sorted(central.settings.data_dir.glob("**/*.part")) == files


def short(value: object) -> str:
    """A test's name that any terminal can show."""
    return ascii(value)[:40]


def refused(answer: requests.Response, status: int, code: str) -> None:
    assert (answer.status_code, code_of(answer)) == (status, code), answer.text[:300]


# ---------------------------------------------------------------- JSON

N_CASES = [
    b"", b" ", b"[", b"]", b"{", b"}", b"[1,]", b"[,1]", b"[1 2]", b'{"a":1,}', b'{"a" 1}', b"{a:1}", b"{'a':1}",
    b'{"a":1 "b":2}', b'{"a":1}}', b"[1]x", b'"\x01"', b'"\t"', b'"\\x"', b'"\\u12"', b'"\\uZZZZ"', b'"abc', b"'a'",
    b"nul", b"True", b"NaN", b"Infinity", b"-Infinity", b"[NaN]", b"+1", b"01", b"-01", b"1.", b".5", b"1e", b"0x1",
    b"1_000", b"-", b"\xff", b'"\xc3\x28"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf{}", b"\x00", b"// x\n{}", b"/* */{}",
    b"[" * 100_000, b"[" * 50_000 + b"]" * 50_000, b'{"a":' * 30_000, b"9" * 5000, b'{"a":1,"a":1}',
    b'{"protocol":1,"protocol":1,"from_size":0,"entries":[]}',
    b'{"protocol":1,"from_size":0,"entries":[{"a":1,"a":2}]}',
    '{"a":"中"}'.encode("utf-16"), '{"a":"中"}'.encode("gb18030"), b'{"a":\xa0 1}', b"\xe2\x80\xa8{}",
]  # fmt: skip
"""Not JSON, or JSON that says one thing twice (after JSONTestSuite's n_ cases, written anew)."""

Y_CASES = [
    b"null", b"true", b"0", b"-0", b"1", b"1.5", b"1e3", b"1E+2", b'""', b'"a"', b'"\\u4e2d"', b'"\\ud834\\udd1e"',
    b'"\\/\\b\\f\\n\\r\\t\\""', b"[]", b"[[]]", b"[1,2]", b'{"":0}', b' {"a" : 1 } ', b'{"a":{"b":[]}}', b'"\x7f"',
    b"[" * 100 + b"]" * 100, b"9" * 400, b"1e400", b'"\\ud800"', b'{"\\udfff":1}', b'"\\u0000"', b"[\r\n\t ]",
]  # fmt: skip
"""JSON, but not what any route wants: refused as content, never as a failure."""

ROUTES = [("POST", "/v1/entries"), ("POST", "/v1/desk/entries"), ("POST", "/v1/session"), ("POST", "/v1/enrol")]


@pytest.mark.parametrize("number", range(len(N_CASES)))
def test_what_is_not_json_is_malformed(wire: Wire, number: int) -> None:
    answer = wire.send("POST", "/v1/entries", data=N_CASES[number])
    refused(answer, 400, "json_malformed")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_json_that_is_no_request_names_its_fault(wire: Wire, method: str, path: str) -> None:
    for case in Y_CASES:
        answer = wire.send(method, path, data=case)
        if answer.status_code == 429:  # the sign-in limit is small on purpose
            assert answer.headers["retry-after"]
            continue
        refused(answer, 422, "body_invalid")
        assert len(answer.text) < 2000


@pytest.mark.parametrize(
    "changed",
    [
        {"protocol": True}, {"protocol": 1.0}, {"protocol": "1"}, {"protocol": None}, {"from_size": -1},
        {"from_size": 1.0}, {"from_size": "0"}, {"from_size": True}, {"from_size": 2**53}, {"from_size": 10**40},
        {"entries": {}}, {"entries": None}, {"entries": "x"}, {"entries": [0] * 201}, {"extra": 1},
        {"\ud800": 1},
    ],
    ids=short,
)  # fmt: skip
def test_wrong_types_in_a_push_are_named(wire: Wire, changed: dict[str, Any]) -> None:
    body = json.dumps({"protocol": 1, "from_size": 0, "entries": []} | changed)
    refused(wire.send("POST", "/v1/entries", data=body), 422, "body_invalid")


def test_another_protocol_version_is_told_to_update(wire: Wire) -> None:
    refused(wire.push(protocol=2), 426, "protocol_unsupported")


# ---------------------------------------------------------------- size


def test_an_over_size_body_is_refused_before_it_is_read(wire: Wire, world: Any) -> None:
    refused(wire.send("POST", "/v1/entries", data=b"x" * (MAX_BATCH_BYTES + 1)), 413, "body_too_large")
    head = (
        f"POST /v1/entries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {wire.token}\r\n"
        f"Content-Length: {10**12}\r\nConnection: close\r\n\r\n"
    )
    answer = raw(wire.url, head.encode() + b"{")  # the rest never comes, and is not waited for
    assert b" 413 " in answer.split(b"\r\n")[0] and b"body_too_large" in answer


def test_an_over_size_body_in_chunks_is_refused_as_soon_as_it_is_too_large(wire: Wire) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(MAX_BATCH_BYTES // 65_536 + 2):
            yield b"[" * 65_536

    try:
        answer = wire.send("POST", "/v1/entries", data=parts())
    except requests.ConnectionError:
        return  # the server hung up while we were still talking: refused as well
    refused(answer, 413, "body_too_large")


# ---------------------------------------------------------------- entries


def test_each_bad_entry_is_answered_by_its_code_and_the_log_does_not_move(wire: Wire, hand: Hand) -> None:
    base = hand.entry()
    hand.chain.number, hand.chain.head = hand.chain.number - 1, base["prev_hash"]
    body = base["body"]

    def says(**changed: Any) -> dict[str, Any]:
        return base | changed

    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    cases: list[tuple[Any, str]] = [
        ({}, "signature_missing"), ([], "body_invalid"), (1, "body_invalid"), ("x", "body_invalid"),
        ({"sig": "0" * 128}, "body_invalid"),
        ({k: v for k, v in base.items() if k != "sig"}, "signature_missing"),
        (says(sig=""), "signature_missing"), (says(sig="0" * 128), "signature_invalid"),
        (says(sig="G" * 128), "body_invalid"), (says(sig=base["sig"].upper()), "body_invalid"),
        (says(unit=HJ), "signature_invalid"), (says(device_seq=2), "signature_invalid"),
        (hand.signed(says(device_seq=0)), "body_invalid"), (hand.signed(says(device_seq=-1)), "body_invalid"),
        (says(device_seq=10**30), "body_invalid"), (says(device_seq=1.0), "body_invalid"),
        (says(device_seq=True), "body_invalid"), (says(device_seq="1"), "body_invalid"),
        (hand.signed(says(id="1")), "body_invalid"), (hand.signed(says(id=base["id"] + "\n")), "body_invalid"),
        (hand.signed(says(kind="../x")), "body_invalid"), (hand.signed(says(kind="x" * 40)), "body_invalid"),
        (hand.signed(says(schema=0)), "body_invalid"), (hand.signed(says(schema=2**40)), "body_invalid"),
        (hand.signed(says(unit="a/b")), "body_invalid"), (hand.signed(says(unit="")), "body_invalid"),
        (hand.signed(says(about=["a/../b"])), "body_invalid"), (hand.signed(says(about=["x"] * 501)), "body_invalid"),
        (hand.signed(says(about=["\x00"])), "body_invalid"), (hand.signed(says(about=["x" * 81])), "body_invalid"),
        (hand.signed(says(observed_at=kit.instant(-1))), "body_invalid"),
        (hand.signed(says(observed_at=kit.instant(253_402_300_800_000))), "body_invalid"),
        (hand.signed(says(observed_at=kit.instant(NOW_MS, 841))), "body_invalid"),
        (says(observed_at={"ms": "now", "offset_min": 0}), "body_invalid"),
        (says(body={"x": float("nan")}), "body_invalid"), (says(body={"x": 1e300}), "json_not_canonical"),
        (says(body={"x": 0.1}), "json_not_canonical"), (says(body={"x": 2**53}), "json_not_canonical"),
        (says(body={"x": deep}), "json_not_canonical"), (says(body={"\U00010000": 1}), "json_not_canonical"),
        (says(body={"x": "\ud800"}), "json_not_canonical"), (says(body=[]), "body_invalid"),
        (says(body=None), "body_invalid"), (hand.signed(says(extra=1)), "body_invalid"),
        (hand.signed(says(alg="none")), "body_invalid"), (hand.signed(says(alg=None)), "body_invalid"),
        (hand.signed(says(key="0" * 32)), "key_unknown"), (hand.signed(says(device="tab-else")), "device_mismatch"),
        (hand.signed(says(device="central")), "device_mismatch"),
        (hand.signed(says(body=body | {"answers": {"x": "长" * 90_000}})), "body_too_large"),
        (hand.signed(says(checkpoint={"size": 1})), "body_invalid"),
    ]  # fmt: skip
    for number, (case, code) in enumerate(cases):
        if number == 34:  # NaN is no JSON at all: the whole batch is malformed
            refused(wire.push(case), 400, "json_malformed")
            continue
        data = json.dumps({"protocol": 1, "from_size": 0, "entries": [case]}).encode()
        answer = wire.send("POST", "/v1/entries", data=data)
        assert answer.status_code == 200, (number, answer.text[:300])
        receipt = answer.json()["receipts"][0]
        assert (receipt["status"], receipt["code"], receipt["seq"]) == ("invalid", code, None), number
        assert answer.json()["high_water"] == hand.chain.number


BAD_BODIES: list[tuple[dict[str, Any], str]] = [
    ({"kind": "rumour"}, "kind_unknown"), ({"schema": 2}, "schema_unknown"), ({"unit": HJ}, "unit_foreign"),
    ({"body": {}}, "body_invalid"), ({"body": kit.inspection() | {"owner": "张三"}}, "body_invalid"),
    ({"body": kit.inspection() | {"claimed_area_e2": 10**13 + 1}}, "body_invalid"),
    ({"body": kit.inspection() | {"claimed_area_e2": "12"}}, "body_invalid"),
    ({"body": kit.inspection() | {"claimed_area_e2": True}}, "body_invalid"),
    ({"body": kit.inspection() | {"footprint": {"type": "Polygon", "rings": []}}}, "body_invalid"),
    ({"body": kit.inspection() | {"footprint": {"type": "Point", "rings": []}}}, "body_invalid"),
    ({"body": kit.inspection() | {"footprint": {"type": "Polygon", "rings": [[[10**15, 0]] * 4]}}},
     "coordinate_out_of_range"),
    ({"body": kit.inspection() | {"footprint": {"type": "Polygon", "rings": [[[0, 0], [1, 1], [0, 0]]]}}},
     "geometry_invalid"),
    ({"body": kit.inspection() | {"fix": {"lon_e9": 10**12, "lat_e9": 0, "accuracy_mm": None, "provider": None,
                                          "mocked": None, "gnss_ms": None}}}, "body_invalid"),
    ({"body": kit.inspection() | {"photos": [kit.photo(b"x") | {"sha256": "../../etc/passwd"}]}}, "body_invalid"),
    ({"body": kit.inspection() | {"photos": [kit.photo(b"x")] * 61}}, "body_invalid"),
    ({"body": kit.inspection() | {"photos": [kit.photo(b"x") | {"bytes": -1}]}}, "body_invalid"),
]  # fmt: skip


def test_a_signed_entry_with_a_bad_body_is_kept_as_refused_and_counts_nowhere(tmp_path: Path) -> None:
    """These are appended on purpose (a refusal is a stored answer); nothing else may move."""
    with kit.opened(tmp_path) as central:
        hand = enrolled(central)
        with served(central) as service:
            wire = Wire(service, sign_in(service.url, hand))
            for number, (changed, code) in enumerate(BAD_BODIES):
                before = counts(central)
                receipt = wire.push(hand.entry(**changed)).json()["receipts"][0]
                assert (receipt["status"], receipt["code"]) == ("refused", code), number
                after = counts(central)
                assert {name for name in after if after[name] != before[name]} <= {"entries", "nodes", "checkpoints"}
            dates = [10 * 365 * 86_400_000, -10 * 365 * 86_400_000]
            for shift in dates:  # a wrong clock is a fact to be judged, not an error
                head = wire.push().json()["checkpoint"]
                entry = hand.entry(observed_at=kit.instant(NOW_MS + shift), checkpoint=head)
                receipt = wire.push(entry).json()["receipts"][0]
                assert (receipt["status"], receipt["notes"]) == ("accepted", ["D11b"])
            first = wire.push(hand.entry()).json()["receipts"][0]
            again = wire.push(hand.entry(), hand.entry(device_seq=99)).json()["receipts"]  # and a gap
            assert [receipt["status"] for receipt in again] == ["accepted", "gap"]
            assert first["status"] == "accepted"


# ---------------------------------------------------------------- the desk


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"kind": "rumour"}, 422, "kind_unknown"), ({"kind": "\ud800"}, 422, "kind_unknown"),
        ({"kind": "x" * 1000}, 422, "kind_unknown"), ({"schema": 2}, 422, "schema_unknown"),
        ({"schema": 0}, 422, "body_invalid"),
        ({"unit": HJ}, 403, "unit_foreign"),
        ({"unit": "../x"}, 422, "body_invalid"),
        ({"kind": "review", "body": kit.review()}, 403, "role_not_allowed"),
        ({"kind": "device"}, 403, "role_not_allowed"),
        ({"body": []}, 422, "body_invalid"), ({"body": {}}, 422, "body_invalid"),
        ({"body": kit.inspection(answers={"x": 1.5})}, 422, "json_not_canonical"),
        ({"body": kit.inspection(answers={"x": 1e999})}, 422, "json_not_canonical"),
        ({"body": kit.inspection(answers={"x": 2**60})}, 422, "json_not_canonical"),
        ({"body": kit.inspection(answers={"x": "\ud800"})}, 422, "json_not_canonical"),
        ({"supersedes": "01a1ee56-5e00-7a05-9c58-f9201a301a78"}, 409, "supersedes_unknown"),
        ({"supersedes": "x"}, 422, "body_invalid"),
        ({"observed_at": {"ms": -5, "offset_min": 0}}, 422, "body_invalid"), ({"about": "x"}, 422, "body_invalid"),
    ],
    ids=short,
)  # fmt: skip
def test_a_bad_desk_entry_is_refused_at_once(wire: Wire, changed: dict[str, Any], status: int, code: str) -> None:
    said = {
        "protocol": 1, "kind": "inspection", "schema": 1, "unit": kit.LS, "about": [], "supersedes": None,
        "observed_at": None, "body": kit.inspection(),
    }  # fmt: skip
    text = json.dumps(said | changed).replace("Infinity", "1e999")
    refused(wire.send("POST", "/v1/desk/entries", data=text), status, code)


# ---------------------------------------------------------------- uploads


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


GOOD_HASH = sha256_hex(b"x")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Upload-Length": "-1"}, 400, "upload_metadata_invalid"),
        ({"Upload-Length": "0"}, 400, "upload_metadata_invalid"),
        ({"Upload-Length": "1.5"}, 400, "upload_metadata_invalid"),
        ({"Upload-Length": "1e3"}, 400, "upload_metadata_invalid"),
        ({"Upload-Length": "+5"}, 400, "upload_metadata_invalid"),
        ({"Upload-Length": "９"}, 400, "upload_metadata_invalid"),
        ({"Upload-Length": "9" * 30}, 400, "upload_metadata_invalid"),
        ({"Upload-Length": "26214401"}, 413, "photo_too_large"),
        ({"Upload-Length": "999999999999"}, 413, "photo_too_large"),
        ({"Upload-Length": ""}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": ""}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": "filename " + _b64("../../etc/passwd")}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": "sha256 " + _b64("../../etc/passwd")}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": "sha256 " + _b64(GOOD_HASH.upper())}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": "sha256 " + _b64(GOOD_HASH + "\n")}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": "sha256 " + _b64("中" * 10)}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": "sha256 !!!"}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": "sha256"}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": f"sha256 {_b64(GOOD_HASH)},sha256 {_b64(GOOD_HASH)}"}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": f"sha256 {_b64(GOOD_HASH)},a " + "A" * 2000}, 400, "upload_metadata_invalid"),
        ({"Upload-Metadata": f"sha256 {_b64(GOOD_HASH)},,"}, 400, "upload_metadata_invalid"),
        ({"Upload-Defer-Length": "1"}, 400, "upload_metadata_invalid"),
        ({"Tus-Resumable": "0.2.2"}, 412, "upload_version_unsupported"),
        ({"Tus-Resumable": ""}, 412, "upload_version_unsupported"),
    ],
    ids=short,
)  # fmt: skip
def test_a_bad_announcement_of_a_photo_is_refused(wire: Wire, headers: dict[str, str], status: int, code: str) -> None:
    sent = {name: value.encode() for name, value in headers.items()}
    refused(wire.begin(b"x", **sent), status, code)  # type: ignore[arg-type]


def test_bad_chunks_change_nothing_and_a_good_one_still_goes_on(wire: Wire) -> None:
    data = kit.jpeg(10_000, seed=5)
    name = "sha256 " + _b64(sha256_hex(data)) + ",filename " + _b64("../../../etc/passwd") + ",empty"
    path = wire.begin(data, **{"Upload-Metadata": name}).headers["location"]
    assert path.startswith("/v1/uploads/") and "passwd" not in path
    assert wire.head(path).headers["upload-metadata"] == name
    sha = _b64_bytes(hashlib.sha256(b"other").digest())
    for (offset, body, headers), (status, code) in {
        (1, b"x", ()): (409, "upload_offset_conflict"),
        (9_999, b"x", ()): (409, "upload_offset_conflict"),
        (0, data + b"x", ()): (413, "photo_too_large"),
        (0, b"x", (("Upload-Checksum", f"sha256 {sha}"),)): (460, "upload_checksum_mismatch"),
        (0, b"x", (("Upload-Checksum", "sha256 "),)): (460, "upload_checksum_mismatch"),
        (0, b"x", (("Upload-Checksum", "sha256 not-base64"),)): (460, "upload_checksum_mismatch"),
        (0, b"x", (("Upload-Checksum", f"md5 {sha}"),)): (400, "upload_metadata_invalid"),
        (0, b"x", (("Upload-Checksum", ""),)): (400, "upload_metadata_invalid"),
        (0, b"x", (("Upload-Offset", "-1"),)): (400, "upload_metadata_invalid"),
        (0, b"x", (("Upload-Offset", "0x0"),)): (400, "upload_metadata_invalid"),
        (0, b"x", (("Upload-Offset", "9" * 40),)): (400, "upload_metadata_invalid"),
        (0, b"x", (("Content-Type", "image/jpeg"),)): (415, "upload_type_unsupported"),
        (0, b"x", (("Content-Type", "multipart/form-data; boundary=x"),)): (415, "upload_type_unsupported"),
        (0, b"x", (("Tus-Resumable", "1.0.1"),)): (412, "upload_version_unsupported"),
    }.items():
        answer = wire.patch(path, offset, body, **dict(headers))
        refused(answer, status, code)
        assert wire.head(path).headers["upload-offset"] == "0"
    assert wire.patch(path, 0, data[:100]).status_code == 204
    assert wire.head(path).headers["upload-offset"] == "100"
    assert wire.send("DELETE", path, headers=TUS).status_code == 204
    refused(wire.patch(path, 100, data[100:]), 404, "upload_not_found")
    assert wire.send("GET", f"/v1/photos/{sha256_hex(data)}").status_code == 404


def _b64_bytes(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_bytes_that_do_not_match_their_hash_are_thrown_away(wire: Wire) -> None:
    data = kit.jpeg(5_000, seed=6)
    path = wire.begin(data).headers["location"]
    assert wire.patch(path, 0, data[:2_000]).status_code == 204
    refused(wire.patch(path, 2_000, b"\0" * 3_000), 460, "photo_hash_mismatch")
    refused(wire.send("GET", f"/v1/photos/{sha256_hex(data)}"), 404, "photo_not_found")
    assert wire.head(path).status_code == 404


def test_a_truncated_upload_is_never_visible(wire: Wire) -> None:
    data = kit.jpeg(300_000, seed=7)
    path = wire.begin(data).headers["location"]
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {wire.token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: 0\r\nContent-Type: {CHUNK}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    raw(wire.url, head.encode() + data[:200_000], close=True)
    refused(wire.send("GET", f"/v1/photos/{sha256_hex(data)}"), 404, "photo_not_found")
    assert wire.send("DELETE", path, headers=TUS).status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "/v1/uploads/x", "/v1/uploads/" + "0" * 31, "/v1/uploads/" + "A" * 32, "/v1/photos/" + "0" * 63,
        "/v1/photos/..%2f..%2fcentral.key", "/v1/uploads/..%2f..%2fcentral.key",
    ],
    ids=short,
)  # fmt: skip
def test_a_name_that_is_none_of_ours_is_refused(wire: Wire, path: str) -> None:
    method = "DELETE" if "uploads" in path else "GET"
    answer = wire.send(method, path, headers=TUS)
    assert (answer.status_code, code_of(answer)) in {(422, "body_invalid"), (404, "not_found")}


# ---------------------------------------------------------------- addresses and sessions


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"), ("GET", "/v1", 404, "not_found"), ("GET", "/v1/health/", 404, "not_found"),
        ("GET", "/v1/../v1/nothing", 404, "not_found"), ("PUT", "/v1/entries", 405, "method_not_allowed"),
        ("DELETE", "/v1/entries", 405, "method_not_allowed"), ("GET", "/v1/uploads", 405, "method_not_allowed"),
        ("TRACE", "/v1/health", 405, "method_not_allowed"), ("PATCH", "/v1/session", 405, "method_not_allowed"),
        ("GET", "/v1/entries?after=-1", 422, "body_invalid"), ("GET", "/v1/entries?after=x", 422, "body_invalid"),
        ("GET", "/v1/entries?after=1.5", 422, "body_invalid"), ("GET", "/v1/entries?limit=0", 422, "body_invalid"),
        ("GET", "/v1/entries?limit=201", 422, "body_invalid"),
        ("GET", "/v1/entries?after=" + "9" * 5000, 422, "body_invalid"),
        ("GET", "/v1/entries?from_size=NaN", 422, "body_invalid"),
        ("GET", "/v1/entries?after=%ff", 422, "body_invalid"),
        ("GET", "/v1/proofs/inclusion", 422, "body_invalid"),
        ("GET", "/v1/proofs/inclusion?seq=0", 422, "body_invalid"),
        ("GET", "/v1/proofs/inclusion?seq=9999999", 404, "not_found"),
        ("GET", "/v1/proofs/consistency?first=2&second=1", 404, "not_found"),
        ("GET", "/v1/proofs/consistency?first=1&second=99999999", 404, "not_found"),
    ],
    ids=short,
)  # fmt: skip
def test_wrong_addresses_methods_and_questions_are_problems(
    wire: Wire, method: str, path: str, status: int, code: str
) -> None:
    answer = wire.send(method, path)
    refused(answer, status, code)
    if status == 405:
        assert answer.headers["allow"]


def test_tokens_that_are_not_ours_open_nothing(wire: Wire, world: Any) -> None:
    service, hand, _, _ = world
    data, _, mac = wire.token.partition(".")
    other = sessions.Token("insp", hand.device, hand.key_id, "device-key", NOW_MS + 10**9)
    forged = sessions.seal(b"another secret", other)
    raised = json.loads(base64.urlsafe_b64decode(data)) | {"account": "dist"}
    swapped = base64.urlsafe_b64encode(json.dumps(raised).encode()).decode() + "." + mac
    for header in (
        None, "", "Bearer", "Bearer ", "Bearer x", "Bearer .", f"Basic {wire.token}", f"Bearer {wire.token}x",
        f"Bearer {data}.", f"Bearer {data}.{'0' * 64}", f"Bearer {forged}", f"Bearer {swapped}",
        "Bearer " + "x" * 3000, "Bearer ü", f"Bearer {wire.token} {wire.token}",
    ):  # fmt: skip
        headers = {} if header is None else {"Authorization": header.encode("latin-1")}
        answer = requests.get(f"{service.url}/v1/entries", headers=headers, timeout=10)
        refused(answer, 401, "session_required")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_an_expired_token_and_a_disabled_account_end_at_once(tmp_path: Path) -> None:
    clock = Clock()
    with kit.opened(tmp_path, clock=clock) as central:
        hand = enrolled(central)
        kit.account(central, "dist", Role.DISTRICT, kit.LS)
        with served(central) as service:
            wire = Wire(service, sign_in(service.url, hand))
            assert wire.push(hand.entry()).status_code == 200
            path = wire.begin(b"abc").headers["location"]
            with central.store.write() as connection:
                disable_account(connection, "insp")
            before = counts(central)
            waiting = hand.entry()
            for answer in (
                wire.push(waiting), wire.send("GET", "/v1/entries"), wire.patch(path, 0, b"abc"),
                wire.begin(b"abcd"), wire.send("GET", "/v1/checkpoint"),
            ):  # fmt: skip
                refused(answer, 403, "account_disabled")
            assert counts(central) == before
            with central.store.write() as connection:
                enable_account(connection, "insp")
            kit_desk = desk(central, "dist")
            from sync.central import desk as at_desk

            at_desk.freeze(central, kit_desk, hand.device, "lost")
            assert wire.push(waiting).json()["receipts"][0]["status"] == "held"
            refused(wire.begin(b"abcd"), 403, "device_frozen")
            at_desk.revoke(central, kit_desk, hand.device, "stolen")
            refused(wire.push(waiting), 403, "device_revoked")
            clock.ms += central.settings.session_s * 1000 + 1
            refused(wire.push(waiting), 401, "session_expired")


def test_challenges_that_are_not_ours_or_old_open_nothing(tmp_path: Path) -> None:
    clock = Clock()
    with kit.opened(tmp_path, clock=clock) as central:
        hand = enrolled(central)
        with served(central) as service:

            def ask(challenge: str, **changed: Any) -> requests.Response:
                body = {
                    "protocol": 1, "device": hand.device, "key": hand.key_id, "challenge": challenge,
                    "sig": hand.sign({"session": challenge}), **changed,
                }  # fmt: skip
                return requests.post(f"{service.url}/v1/session", data=canonical(body), timeout=10)

            good = requests.get(f"{service.url}/v1/session/challenge", timeout=10).json()["challenge"]
            for challenge in ("", ".", "..", "x", good[:-1], good[1:], "9" + good, good.replace(".", "", 1), "²." * 9):
                refused(ask(challenge), 401, "session_expired")
            refused(ask("x" * 201), 422, "body_invalid")
            refused(ask(good, sig="0" * 128), 422, "signature_invalid")
            refused(ask(good, sig="0"), 422, "body_invalid")
            refused(ask(good, key="0" * 32), 422, "key_unknown")
            refused(ask(good, device="central"), 422, "key_unknown")
            assert ask(good).status_code == 200
            clock.ms += 300_001
            refused(ask(good), 401, "session_expired")


def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    with kit.opened(tmp_path, sign_in_per_minute=5) as central, served(central) as service:
        body = Hand("x").enrol_request("not-a-code-of-ours").model_dump_json()
        answers = [requests.post(f"{service.url}/v1/enrol", data=body, timeout=10) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) > 0 and code_of(answers[-1]) == "too_many_requests"


def test_every_answer_carries_the_headers_that_keep_browsers_tame(wire: Wire) -> None:
    for answer in (wire.send("GET", "/v1/health"), wire.send("GET", "/nothing"), wire.push("x"), wire.begin(b"")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["ledger-protocol"] == "1"
        assert "server" not in answer.headers or "python" not in answer.headers["server"].lower()


