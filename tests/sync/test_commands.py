"""The command line as a person uses it: every step of the main job in processes of their own."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from schemas.canonical import sha256_hex
from tests.faults.field import inspection, jpeg

ROOT = Path(__file__).parents[2]
UNIT = "DEMO-LS"


def run(*words: str | Path, ok: bool = True, language: str = "en") -> str:
    """One command; its output, after its exit status was the expected one."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LEDGER_LANG": language, "COLUMNS": "200"},
        timeout=60,
    )
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """`main.py central serve` until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "main.py"), "central", "serve", "--data", str(data), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                requests.get(f"{url}/v1/health", timeout=1)
                break
            except requests.RequestException:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def test_the_main_job_by_hand(tmp_path: Path) -> None:
    """Set up, enrol, record offline, sync, verify with the tablet as witness, revoke, export, import, salvage."""
    data, tablet = tmp_path / "central", tmp_path / "tablet"
    run("central", "init", "--data", data, "--demo-units")
    run("central", "account", "insp-1", "inspector", UNIT, "--data", data)
    run("central", "account", "office-1", "district", UNIT, "--data", data)
    code = run("central", "code", "insp-1", "--data", data).splitlines()[0]
    photo = tmp_path / "photo.jpg"
    picture = jpeg(random.Random(1), 40_000)
    photo.write_bytes(picture)
    said = {
        "kind": "inspection",
        "unit": UNIT,
        "about": ["DEMO-LS-0001"],
        "body": inspection([(sha256_hex(picture), len(picture))]),
    }
    entry = tmp_path / "entry.json"
    entry.write_text(json.dumps(said), "utf-8")
    with serving(data) as url:
        assert "insp-1" in run("tablet", "enrol", tablet, code, "--central", url)
    run("tablet", "save", tablet, entry, "--as", "insp-1", "--photo", photo)
    assert "no_answer" in run("tablet", "sync", tablet, "--as", "insp-1", ok=False)
    assert json.loads(run("tablet", "status", tablet))["waiting_entries"] == 1
    with serving(data) as url:
        run("tablet", "address", tablet, "--central", url)
        run("tablet", "sync", tablet, "--as", "insp-1")
        assert "in_use" in run("central", "disable", "insp-1", "--data", data, ok=False), "one writer at a time"
    status = json.loads(run("tablet", "status", tablet))
    assert status["waiting_entries"] == 0 and status["photos"] == {"confirmed": 1}
    anchor = tmp_path / "anchor.json"
    anchor.write_text(run("tablet", "checkpoint", tablet), "utf-8")
    assert "proves itself" in run("log", "verify", "--data", data, "--anchor", anchor)
    assert json.loads(run("log", "verify", "--data", data, "--json"))["holds"] is True
    assert "inspection" in run("log", "rows", "--data", data)
    device = status["identities"][0]["device"]
    run("central", "revoke", device, "--by", "office-1", "--cause", "lost", "--data", data)
    run("tablet", "save", tablet, entry, "--as", "insp-1")
    pending = tmp_path / "a.pending"
    run("tablet", "export-pending", tablet, pending, "--as", "insp-1")
    line = ("central", "import-pending", pending, "--by", "office-1", "--cause", "found", "--admit", "--data", data)
    assert "1 admitted" in run(*line)
    assert device in run("central", "devices", "--data", data)
    assert json.loads(run("tablet", "salvage", tablet))["from_copies"] == 2
    (next((data / "photos").glob("??/??/*"))).write_bytes(b"another picture")
    assert "photo_changed" in run("log", "verify", "--data", data, ok=False)


def test_errors_are_words_with_a_code_and_never_a_trace(tmp_path: Path) -> None:
    assert "store_not_ready" in run("log", "verify", "--data", tmp_path, ok=False)
    data = tmp_path / "central"
    assert "指纹" in run("central", "init", "--data", data, language="zh")
    assert "没有" in run("central", "code", "nobody", "--data", data, ok=False, language="zh")
    assert "unit_unknown" in run("central", "account", "a1", "inspector", "NOWHERE", "--data", data, ok=False)
    run("central", "account", "office-1", "district", "CY-LGY", "--data", data)
    run("central", "account", "city-1", "city", "city", "--data", data)
    restore = ("central", "declare-restore", "--cause", "disk", "--data", data)
    assert "not_permitted" in run(*restore, "--by", "office-1", ok=False)
    assert "from row 1" in run(*restore, "--by", "city-1")
    assert "proves itself" in run("log", "verify", "--data", data)
    stop = ("central", "freeze", "tab-0", "--by", "office-1", "--cause", "x", "--data", data)
    assert "device_unknown" in run(*stop, ok=False)

