"""Resumable upload by the letter of tus 1.0, with a stranger's client, and cut at every boundary."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from schemas.canonical import sha256_hex
from schemas.ids import CENTRAL_DEVICE
from schemas.roles import Role
from sync.central import photos
from tests.central import kit
from tests.central.kit import Hand, enrolled
from tests.central.wire import CHUNK, TUS, Wire, code_of, raw, sign_in
from tests.service import Served, served

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "build" / "node" / "node_modules"
KIB64 = 65_536


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with kit.opened(
        tmp_path_factory.mktemp("central"), requests_per_minute=10**6, max_unfinished_uploads=20
    ) as central:
        hand: Hand = enrolled(central)
        with served(central) as service:
            made = Wire(service, sign_in(service.url, hand))
            made.served = service  # type: ignore[attr-defined]
            yield made


def central_files(wire: Wire) -> Path:
    service: Served = wire.served  # type: ignore[attr-defined]
    return service.central.settings.photo_dir


def begun(wire: Wire, data: bytes) -> str:
    answer = wire.begin(data)
    assert answer.status_code == 201
    return str(answer.headers["location"])


def download(wire: Wire, data: bytes) -> requests.Response:
    return wire.send("GET", f"/v1/photos/{sha256_hex(data)}")


# ---------------------------------------------------------------- a stranger's client


@pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "tus-js-client").exists(), reason="make test installs it"
)
@pytest.mark.parametrize(
    ("length", "chunk", "abort"), [(1_000, KIB64, 0), (700_001, KIB64, 0), (6_000_000, 1 << 22, 3_000_000)]
)
def test_a_public_client_uploads_and_resumes(wire: Wire, tmp_path: Path, length: int, chunk: int, abort: int) -> None:
    data = kit.jpeg(length, seed=length)
    (tmp_path / "photo.jpg").write_bytes(data)
    done = subprocess.run(
        ["node", Path(__file__).with_name("tus_client.mjs"), MODULES, f"{wire.url}/v1/uploads", wire.token,
         tmp_path / "photo.jpg", sha256_hex(data), str(chunk), str(abort)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    seen = json.loads(done.stdout)
    assert "error" not in seen, seen
    assert seen["url"].startswith(f"{wire.url}/v1/uploads/")
    assert seen["aborted"] == bool(abort)
    assert seen["offsets"] == sorted(seen["offsets"]) and seen["offsets"][-1] == length
    assert download(wire, data).content == data


# ---------------------------------------------------------------- the protocol, point by point


def test_core_head_says_where_to_go_on_and_may_not_be_kept(wire: Wire) -> None:
    data = kit.jpeg(1_000, seed=11)
    path = begun(wire, data)
    wire.patch(path, 0, data[:300])
    answer = wire.head(path)
    assert answer.status_code == 200 and answer.content == b""
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert (answer.headers["upload-offset"], answer.headers["upload-length"]) == ("300", "1000")
    assert answer.headers["upload-metadata"].startswith("sha256 ")
    gone = wire.head("/v1/uploads/" + "0" * 32)
    assert gone.status_code == 404 and "upload-offset" not in gone.headers


@pytest.mark.parametrize("version", [None, "", "1.0", "0.2.2", "2.0.0", "1.0.0, 1.0.0"])
def test_core_another_version_is_412_with_ours_and_nothing_is_done(wire: Wire, version: str | None) -> None:
    data = kit.jpeg(500, seed=12)
    path = begun(wire, data)
    headers = {"Upload-Offset": "0", "Content-Type": CHUNK} | ({} if version is None else {"Tus-Resumable": version})
    for method, place in (("PATCH", path), ("HEAD", path), ("DELETE", path), ("POST", "/v1/uploads")):
        answer = wire.send(method, place, headers=headers, data=data if method == "PATCH" else None)
        assert answer.status_code == 412
        assert answer.headers["tus-version"] == "1.0.0"
        if method != "HEAD":
            assert code_of(answer) == "upload_version_unsupported"
    assert wire.head(path).headers["upload-offset"] == "0"
    wire.send("DELETE", path, headers=TUS)


def test_core_options_says_what_the_server_can_do_without_version_or_token(wire: Wire) -> None:
    answer = requests.options(f"{wire.url}/v1/uploads", timeout=10)
    assert answer.status_code == 204 and answer.content == b""
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-extension"].split(",") == [
        "creation", "creation-with-upload", "checksum", "termination",
    ]  # fmt: skip
    assert answer.headers["tus-max-size"] == "26214400"
    assert answer.headers["tus-checksum-algorithm"].split(",") == ["sha1", "sha256"]


def test_core_patch_answers_204_with_the_new_offset_and_409_at_a_wrong_one(wire: Wire) -> None:
    data = kit.jpeg(1_000, seed=13)
    path = begun(wire, data)
    answer = wire.patch(path, 0, data[:400])
    assert (answer.status_code, answer.headers["upload-offset"], answer.content) == (204, "400", b"")
    assert answer.headers["tus-resumable"] == "1.0.0"
    wrong = wire.patch(path, 0, data[:400])
    assert (wrong.status_code, wrong.json()["details"]) == (409, {"expected": 400})
    assert wire.patch(path, 400, b"").headers["upload-offset"] == "400"
    assert wire.patch(path, 400, data[400:], **{"Content-Type": "text/plain"}).status_code == 415
    assert wire.patch(path, 400, data[400:]).headers["upload-offset"] == "1000"
    assert wire.head(path).headers["upload-offset"] == "1000"  # also after it has become a photo
    assert wire.patch(path, 1_000, b"").status_code == 204
    assert wire.patch(path, 1_000, b"x").status_code == 413


def test_core_patch_takes_a_chunked_body(wire: Wire) -> None:
    data = kit.jpeg(2_500_000, seed=14)
    path = begun(wire, data)
    pieces = (data[start : start + 100_000] for start in range(0, len(data), 100_000))
    assert wire.patch(path, 0, pieces).headers["upload-offset"] == str(len(data))
    assert download(wire, data).content == data


def test_creation_needs_a_length_within_the_limit_and_gives_a_place(wire: Wire) -> None:
    data = kit.jpeg(100, seed=15)
    answer = wire.begin(data)
    assert answer.status_code == 201 and answer.headers["location"].startswith("/v1/uploads/")
    wire.send("DELETE", answer.headers["location"], headers=TUS)
    assert wire.begin(data, **{"Upload-Length": "26214401"}).status_code == 413
    deferred = {name: value for name, value in wire.begin(data).request.headers.items() if name != "Upload-Length"}
    answer = requests.post(f"{wire.url}/v1/uploads", headers=deferred | {"Upload-Defer-Length": "1"}, timeout=10)
    assert (answer.status_code, code_of(answer)) == (400, "upload_metadata_invalid")


def _with_upload(wire: Wire, data: bytes, body: bytes, **headers: str) -> requests.Response:
    """A creation that carries bytes (creation-with-upload); the checksum is that of the body unless `headers` say."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    more = {"Content-Type": CHUNK, "Upload-Checksum": f"sha256 {digest}"} | headers
    known = wire.begin(data).request.headers
    wanted = {name: known[name] for name in ("Authorization", "Upload-Length", "Upload-Metadata", "Tus-Resumable")}
    return requests.post(f"{wire.url}/v1/uploads", headers=wanted | more, data=body, timeout=10)


def test_creation_with_upload_takes_a_whole_photo_in_one_request(wire: Wire) -> None:
    data = kit.jpeg(40_000, seed=150)
    answer = _with_upload(wire, data, data)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(data)))
    assert download(wire, data).content == data
    again = _with_upload(wire, data, data)  # whoever lost the answer announces it again
    assert again.status_code == 201 and download(wire, data).content == data


def test_creation_with_upload_keeps_what_is_no_whole_photo_as_a_begun_upload(wire: Wire) -> None:
    data = kit.jpeg(40_000, seed=151)
    answer = _with_upload(wire, data, data[:10_000])
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "10000")
    path = answer.headers["location"]
    assert wire.head(path).headers["upload-offset"] == "10000" and download(wire, data).status_code == 404
    assert wire.patch(path, 10_000, data[10_000:]).headers["upload-offset"] == str(len(data))
    assert download(wire, data).content == data


def test_creation_with_upload_refuses_wrong_bytes_and_leaves_nothing(wire: Wire) -> None:
    data = kit.jpeg(40_000, seed=152)
    flipped = bytes([data[0] ^ 1]) + data[1:]
    wrong = _with_upload(wire, data, flipped, **{"Upload-Checksum": f"sha256 {_digest(data)}"})
    assert (wrong.status_code, code_of(wrong)) == (460, "upload_checksum_mismatch")
    foreign = _with_upload(wire, data, flipped)
    assert (foreign.status_code, code_of(foreign)) == (460, "photo_hash_mismatch")
    assert _with_upload(wire, data, data + b"x").status_code == 413
    assert download(wire, data).status_code == 404


def test_a_sweep_waits_for_a_photo_that_comes_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests at once: one takes a photo, the other, an hour after the last sweep, sweeps. Neither may fail."""
    with kit.opened(tmp_path) as central:
        kit.account(central, "office", Role.DISTRICT, kit.LS)
        caller = kit.desk(central, "office")
        folder, data = photos.PhotoFolder(central), kit.jpeg(20_000, seed=153)
        noted, go_on = threading.Event(), threading.Event()
        plain = photos.receive

        def slow(*args: object) -> None:
            noted.set()
            assert go_on.wait(10)
            plain(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(photos, "receive", slow)
        with ThreadPoolExecutor(2) as pool:
            taking = pool.submit(folder.take, caller, sha256_hex(data), data)
            assert noted.wait(10)
            central.swept_ms = 0
            sweeping = pool.submit(folder._sweep)
            go_on.set()
            taking.result(10)
            sweeping.result(10)
        assert folder.held(caller, sha256_hex(data)).bytes == len(data)
        assert not list(central.settings.upload_dir.glob("*/*"))


@pytest.mark.parametrize("step", ["_publish", "receive"])
def test_a_crash_in_the_middle_of_a_whole_photo_heals_by_asking_again_or_by_a_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with kit.opened(tmp_path) as central:
        kit.account(central, "office", Role.DISTRICT, kit.LS)
        caller = kit.desk(central, "office")
        folder = photos.PhotoFolder(central)
        first, second = kit.jpeg(20_000, seed=154), kit.jpeg(20_000, seed=155)
        for data in (first, second):
            with monkeypatch.context() as patch:

                def stop(*_: object) -> None:
                    raise RuntimeError("the process stops here")

                target = photos if step == "receive" else photos.PhotoFolder
                patch.setattr(target, step, stop)
                with pytest.raises(RuntimeError):
                    folder.take(caller, sha256_hex(data), data)
            assert sha256_hex(data) in photos.announced(central.settings.upload_dir)  # log verify knows of it
        folder.take(caller, sha256_hex(first), first)
        central.swept_ms = 0
        folder._sweep()
        for data in (first, second):
            held = folder.held(caller, sha256_hex(data))
            assert (held.bytes, held.device) == (len(data), CENTRAL_DEVICE)
            assert folder.path(held.sha256).read_bytes() == data
        assert not list(central.settings.upload_dir.glob("*/*")) and not list(central.settings.photo_dir.glob("**/.*"))


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def test_unfinished_uploads_are_counted(wire: Wire) -> None:
    data = kit.jpeg(100, seed=16)
    paths = []
    while (answer := wire.begin(data)).status_code == 201:
        paths.append(answer.headers["location"])
    assert (answer.status_code, code_of(answer)) == (429, "upload_quota")
    assert answer.headers["retry-after"] == "60" and 0 < len(paths) <= 20
    for path in paths:
        assert wire.send("DELETE", path, headers=TUS).status_code == 204


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_checksum_a_chunk_is_taken_whole_or_not_at_all(wire: Wire, name: str) -> None:
    data = kit.jpeg(200_000, seed=17)
    path = begun(wire, data)

    def checksum(chunk: bytes) -> dict[str, str]:
        return {"Upload-Checksum": f"{name} {base64.b64encode(hashlib.new(name, chunk).digest()).decode()}"}

    first, second = data[:100_000], data[100_000:]
    flipped = bytes([first[0] ^ 1]) + first[1:]
    assert wire.patch(path, 0, flipped, **checksum(first)).status_code == 460
    assert wire.head(path).headers["upload-offset"] == "0"
    assert wire.patch(path, 0, first, **checksum(first)).headers["upload-offset"] == "100000"
    assert wire.patch(path, 100_000, second, **checksum(first)).status_code == 460
    assert wire.patch(path, 100_000, second, **{"Upload-Checksum": "crc32 AAAA"}).status_code == 400
    head = _patch_head(wire, path, 100_000, len(second), checksum(second))
    raw(wire.url, head + second[:50_000], close=True)  # cut: nothing of it counts
    assert wire.head(path).headers["upload-offset"] == "100000"
    assert wire.patch(path, 100_000, second, **checksum(second)).headers["upload-offset"] == "200000"
    assert download(wire, data).content == data


def test_termination_ends_an_upload_and_leaves_no_file(wire: Wire) -> None:
    data = kit.jpeg(1_000, seed=18)
    path = begun(wire, data)
    wire.patch(path, 0, data[:10])
    answer = wire.send("DELETE", path, headers=TUS)
    assert (answer.status_code, answer.headers["tus-resumable"]) == (204, "1.0.0")
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = TUS | {"Upload-Offset": "10", "Content-Type": CHUNK}
        assert wire.send(method, path, headers=headers).status_code == 404
    upload_dir = central_files(wire).parent / "uploads"
    assert not [file for file in upload_dir.glob("*/*") if path.rpartition("/")[2] in file.name]


# ---------------------------------------------------------------- cuts


def _patch_head(wire: Wire, path: str, offset: int, length: int, more: dict[str, str]) -> bytes:
    headers = TUS | more | {
        "Host": "x", "Authorization": f"Bearer {wire.token}", "Upload-Offset": str(offset), "Content-Type": CHUNK,
        "Content-Length": str(length),
    }  # fmt: skip
    lines = [f"PATCH {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


def _settled_offset(wire: Wire, path: str, at_least: int) -> int:
    """The offset once the server has noticed the cut and kept what came."""
    pause = threading.Event()
    offset = 0
    for _ in range(12):
        offset = int(wire.head(path).headers["upload-offset"])
        if offset >= at_least:
            return offset
        pause.wait(0.005)
    return offset


@pytest.mark.parametrize("checked", [False, True], ids=["plain", "checksum"])
def test_cut_at_every_64_kib_boundary_and_beside_it(wire: Wire, checked: bool) -> None:
    """Offsets never fall, wrong bytes are never visible, and what is whole in the end is the photo."""
    length = 20 * KIB64 + 1_234
    data = kit.jpeg(length, seed=20 + checked)
    path = begun(wire, data)
    known = kept = 0
    for boundary in range(KIB64, length, KIB64):
        for cut in (boundary - 1, boundary, boundary + 1):
            if cut <= known:
                continue
            more: dict[str, str] = {}
            if checked:  # the checksum is that of the whole rest: a torn chunk cannot count
                digest = base64.b64encode(hashlib.sha256(data[known:]).digest()).decode()
                more["Upload-Checksum"] = f"sha256 {digest}"
            head = _patch_head(wire, path, known, length - known, more)
            raw(wire.url, head + data[known:cut], close=True, after_s=0.0 if checked else 0.01)
            offset = _settled_offset(wire, path, known if checked else cut)
            # Bytes that reached the machine and not yet the route are dropped with the line; they are sent again.
            assert known <= offset <= (known if checked else cut)
            kept += offset > known
            assert wire.send("HEAD", f"/v1/photos/{sha256_hex(data)}").status_code == 404
            known = offset
        if checked:
            part = data[known:boundary]
            known = int(wire.patch(path, known, part).headers["upload-offset"])
    assert checked or kept > 10
    assert wire.patch(path, known, data[known:]).headers["upload-offset"] == str(length)
    answer = download(wire, data)
    assert answer.content == data and sha256_hex(answer.content) == sha256_hex(data)
    assert answer.headers["content-type"] == "image/jpeg" and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-9", 206, slice(0, 10)), ("bytes=990-", 206, slice(990, None)), ("bytes=-10", 206, slice(990, None)),
        ("bytes=990-5000", 206, slice(990, None)), ("bytes=5-2", 200, slice(None)), ("bytes=1000-", 200, slice(None)),
        ("bytes=0-1,5-6", 200, slice(None)), ("bytes=", 200, slice(None)), ("lines=1-2", 200, slice(None)),
        ("bytes=-0", 200, slice(None)), ("bytes=99999999999999-", 200, slice(None)), ("x", 200, slice(None)),
    ],
)  # fmt: skip
def test_one_range_is_served_and_odd_ones_are_ignored(wire: Wire, asked: str, status: int, expected: slice) -> None:
    data = kit.jpeg(1_000, seed=30)
    if download(wire, data).status_code == 404:
        wire.patch(begun(wire, data), 0, data)
    answer = wire.send("GET", f"/v1/photos/{sha256_hex(data)}", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, data[expected])


def test_a_photo_that_was_damaged_on_disk_is_healed_by_sending_it_again(wire: Wire) -> None:
    data = kit.jpeg(1_000, seed=31)
    wire.patch(begun(wire, data), 0, data)
    name = sha256_hex(data)
    file = central_files(wire) / name[:2] / name[2:4] / name
    file.write_bytes(b"damaged")
    wire.patch(begun(wire, data), 0, data)
    assert file.read_bytes() == data


