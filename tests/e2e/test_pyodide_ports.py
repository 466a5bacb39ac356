"""The tablet's code and ports in Debian's chromium: the shared contract, flushes, and what survives a restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from tests.device.port_contract import CHECKS
from tests.device.probe_server import probe_server
from tests.e2e.browser import chromium, driver, field_folder, open_page, reload_page, run
from tests.e2e.static_server import StaticServer, static_server

__all__ = ["driver", "field_folder"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CONTRACT = Path(__file__).parents[1] / "device" / "port_contract.py"
SAVED = """
from contextlib import closing
from sync.device.browser import BrowserClock, BrowserFiles, FetchTransport, OpfsDatabase, WebCryptoKeys
home = OpfsDatabase("kept", settle_s=0)

async def saved():
    with closing(await home.connect()) as connection:
        connection.execute("pragma locking_mode = exclusive")
        rows = connection.execute("select a from t order by a").fetchall()
    photo = await BrowserFiles("kept").read("photos/p")
    signer = await WebCryptoKeys("kept").load("inspector")
    right = await WebCryptoKeys("kept").verify(signer.public_key, b"m", await signer.sign(b"m"))
    return [[row[0] for row in rows], len(photo), photo == bytes(range(256)) * 12000, right, signer.extractable]
"""


class Tablet:
    """A browser on one profile, with the page that `server` serves; its `/v1` is the probe server."""

    context: BrowserContext
    page: Page

    def __init__(self, driver: Playwright, profile: Path, server: StaticServer) -> None:
        self.server = server
        self.asked: list[str] = []
        self._driver = driver
        self._profile = profile
        self._browser = ExitStack()

    def start(self) -> None:
        """Start the browser; a second time it is a restart."""
        self.close()
        self.context = self._browser.enter_context(chromium(self._driver, self._profile))
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page = open_page(self.context, self.server.address)
        run(self.page, _write_contract())

    def reload(self) -> None:
        """Load the page anew: its worker is gone in the middle of its work, as after a crash of the tab."""
        reload_page(self.page)
        run(self.page, _write_contract())

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()


@pytest.fixture(scope="module")
def tablet(driver: Playwright, field_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tablet]:
    profile = tmp_path_factory.mktemp("profile")
    with probe_server() as probe, static_server(field_folder, probe) as server:
        started = Tablet(driver, profile, server)
        started.start()
        yield started
        started.close()


def _write_contract() -> str:
    return f"""
from pathlib import Path
Path("/home/pyodide/port_contract.py").write_text({CONTRACT.read_text(encoding="utf-8")!r})
import port_contract
from sync.device.browser import BrowserClock, BrowserFiles, FetchTransport, OpfsDatabase, WebCryptoKeys
ports = port_contract.Ports(
    BrowserFiles("contract"), OpfsDatabase("contract", patience_s=0.2, settle_s=0), WebCryptoKeys("contract"),
    FetchTransport(), BrowserClock(),
)
0"""


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check: str, tablet: Tablet) -> None:
    outcome = run(tablet.page, f"await port_contract.run_all(ports, [{check!r}])")
    assert outcome == {check: ""}


def test_the_tablets_code_imports_and_nothing_comes_from_elsewhere(tablet: Tablet) -> None:
    names = run(tablet.page, _IMPORT_ALL)
    assert {"schemas.errors", "sync.device.ports", "sync.device.browser.database"} <= set(names)
    assert "sync.device.native" not in names
    own = (tablet.server.address + "/", "blob:" + tablet.server.address + "/")
    elsewhere = [url for url in tablet.asked if not url.startswith(own)]
    assert elsewhere == []


_IMPORT_ALL = """
import importlib, pkgutil
import schemas, sync.device
found = [m.name for p in (schemas, sync.device) for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
for name in found:
    importlib.import_module(name)
found
"""


def test_every_commit_is_flushed(tablet: Tablet, record_property: Any) -> None:
    modes, flushes, median_ms, integrity = run(tablet.page, _COMMITS)
    assert modes == ["exclusive", "wal", 2]
    assert flushes >= 100
    assert integrity == "ok"
    record_property("flushes_of_100_commits", flushes)
    record_property("commit_median_ms", median_ms)


_COMMITS = """
import time
home = OpfsDatabase("flushed", settle_s=0)
connection = await home.connect()
locking = connection.execute("pragma locking_mode = exclusive").fetchone()[0]
journal = connection.execute("pragma journal_mode = wal").fetchone()[0]
connection.execute("pragma synchronous = full")
modes = [locking, journal, connection.execute("pragma synchronous").fetchone()[0]]
connection.execute("create table t (a)")
connection.commit()
before, times = home.flushes, []
for number in range(100):
    started = time.perf_counter()
    connection.execute("insert into t values (?)", ("x" * 900,))
    connection.commit()
    times.append(1000 * (time.perf_counter() - started))
flushes = home.flushes - before
integrity = connection.execute("pragma integrity_check").fetchone()[0]
connection.close()
[modes, flushes, sorted(times)[50], integrity]
"""


def test_commits_that_cannot_be_flushed_are_refused(tablet: Tablet) -> None:
    code = run(
        tablet.page,
        """
import os
from schemas.errors import LedgerError
real, os.fdatasync = os.fdatasync, lambda descriptor: None
try:
    (await OpfsDatabase("unpatched", settle_s=0).connect()).close()
    code = "connected"
except LedgerError as problem:
    code = str(problem.code)
finally:
    os.fdatasync = real
code
""",
    )
    assert code == "durability_not_available"


def test_without_space_nothing_is_half_done_and_all_is_readable(tablet: Tablet) -> None:
    run(
        tablet.page,
        """
import sqlite3
from schemas.errors import LedgerError
files = BrowserFiles("full")
await files.write("photos/old", b"old" * 1000)
connection = await OpfsDatabase("full", settle_s=0).connect()
connection.execute("pragma locking_mode = exclusive")
connection.execute("pragma journal_mode = wal")
connection.execute("create table t (a)")
connection.execute("insert into t values ('old')")
connection.commit()
0""",
    )
    quota = tablet.context.new_cdp_session(tablet.page)
    used = tablet.page.evaluate("navigator.storage.estimate().then(e => e.usage)")
    quota.send("Storage.overrideQuotaForOrigin", {"origin": tablet.server.address, "quotaSize": used + 3_000_000})
    try:
        outcome = run(tablet.page, _FILL)
    finally:
        quota.send("Storage.overrideQuotaForOrigin", {"origin": tablet.server.address})
    assert outcome["free"] <= 3_000_000
    assert outcome["file"] == ["disk_full"] * 3
    assert outcome["reserve"] is None
    assert outcome["names"] == ["photos/old"]
    assert outcome["old"] == 3000
    assert outcome["database"] == "SQLITE_FULL"
    assert outcome["rows"] == [["old"]]
    assert run(tablet.page, _AFTER) == [["old"], ["new"]]


_FILL = """
outcome = {"free": await files.free_bytes(), "file": []}
for name in ("photos/new", "photos/old", "reserve/space"):
    try:
        await files.write(name, bytes(20_000_000))
        outcome["file"].append("written")
    except LedgerError as problem:
        outcome["file"].append(str(problem.code))
outcome["reserve"] = await files.size("reserve/space")
outcome["names"] = await files.names("photos")
outcome["old"] = await files.size("photos/old")
try:
    connection.execute("insert into t values (?)", ("x" * 5_000_000,))
    connection.commit()
    outcome["database"] = "committed"
except sqlite3.OperationalError as problem:
    outcome["database"] = problem.sqlite_errorname
    connection.rollback()
outcome["rows"] = connection.execute("select a from t").fetchall()
outcome
"""
_AFTER = """
connection.execute("insert into t values ('new')")
connection.commit()
rows = connection.execute("select a from t order by rowid").fetchall()
connection.close()
rows
"""


def test_a_second_tab_is_refused_until_the_first_lets_go(tablet: Tablet) -> None:
    hold = "from sync.device.browser import OpfsDatabase\nheld = await OpfsDatabase('tabs', settle_s=0).connect()\n0"
    run(tablet.page, hold)
    second = open_page(tablet.context, tablet.server.address)
    with pytest.raises(Exception, match="store_open_elsewhere"):
        run(second, hold)
    run(tablet.page, "held.close()\n0")
    run(second, hold)
    second.close()


def test_what_was_saved_survives_a_reload_and_a_restart_of_the_browser(tablet: Tablet) -> None:
    """Neither worker closes its database."""
    expected = [["first"], 256 * 12000, True, True, False]
    run(tablet.page, SAVED + _SAVE)
    tablet.reload()
    assert run(tablet.page, SAVED + "await saved()") == expected
    assert run(tablet.page, "await WebCryptoKeys('kept').load('nobody')") is None
    assert run(tablet.page, _SAVE_AGAIN) == 1
    tablet.start()
    assert run(tablet.page, SAVED + "await saved()") == [["first", "second"], *expected[1:]]


_SAVE = """
connection = await home.connect()
connection.execute("pragma locking_mode = exclusive")
connection.execute("pragma journal_mode = wal")
connection.execute("create table t (a)")
connection.execute("insert into t values ('first')")
connection.commit()
connection.execute("insert into t values ('never committed')")
await BrowserFiles("kept").write("photos/p", bytes(range(256)) * 12000)
await WebCryptoKeys("kept").create("inspector")
0"""
_SAVE_AGAIN = """
connection = await home.connect()
connection.execute("pragma locking_mode = exclusive")
connection.execute("insert into t values ('second')")
connection.commit()
connection.execute("select count(*) from t where a = 'second'").fetchone()[0]
"""
