"""What a browser's storage keeps when the power goes: files and keys at once, the database once it has settled.

The negative control is a database that did not settle: its commits were flushed, and it is gone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Playwright

from tests.e2e.browser import chromium, driver, field_folder, open_page, run
from tests.e2e.power_cut import disk
from tests.e2e.static_server import static_server

__all__ = ["driver", "field_folder"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.root,
    pytest.mark.soak,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts a loop device"),
]

SAVE = """
import hashlib
from sync.device.browser import BrowserFiles, OpfsDatabase, WebCryptoKeys
files, connection = BrowserFiles(), await OpfsDatabase(settle_s={settle_s}).connect()
for pragma in ("locking_mode = exclusive", "journal_mode = wal", "synchronous = full"):
    connection.execute("pragma " + pragma)
connection.execute("create table t (a)")
for number in range(20):
    data = bytes([number]) * (2_000 if number % 2 else 2_000_000)
    await files.write(f"photos/{{number}}", data)
    connection.execute("insert into t values (?)", (number,))
    connection.commit()
await WebCryptoKeys().create("inspector")
0"""
LOOK = """
from sync.device.browser import BrowserFiles, OpfsDatabase, WebCryptoKeys
files, connection = BrowserFiles(), await OpfsDatabase(settle_s=0).connect()
connection.execute("pragma locking_mode = exclusive")
tables = connection.execute("select count(*) from sqlite_master").fetchone()[0]
rows = connection.execute("select count(*) from t").fetchone()[0] if tables else 0
whole = 0
for number in range(20):
    data = bytes([number]) * (2_000 if number % 2 else 2_000_000)
    whole += await files.read(f"photos/{number}") == data
{"rows": rows, "whole": whole, "key": await WebCryptoKeys().load("inspector") is not None}
"""


@pytest.mark.parametrize(("settle_s", "rows"), [(60, 20), (0, 0)], ids=["settled", "negative control"])
def test_a_power_cut(settle_s: int, rows: int, driver: Playwright, field_folder: Path, tmp_path: Path) -> None:
    found: dict[str, Any] = {}
    with disk(tmp_path) as power, static_server(field_folder) as server:
        profile = power.folder / "profile"
        with contextlib.suppress(Error), chromium(driver, profile) as context:
            run(open_page(context, server.address), SAVE.format(settle_s=settle_s))
            power.cut()
        power.unmount()
        power.mount()
        for lock in profile.glob("Singleton*"):
            lock.unlink()
        with chromium(driver, profile) as context:
            found = run(open_page(context, server.address), LOOK)
    assert found == {"rows": rows, "whole": 20, "key": True}
