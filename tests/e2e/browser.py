"""Debian's chromium for the browser tests: a persistent profile, the tablet's page, and Python run in its worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from sync.device.browser.static_build import build_plain

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_TIMEOUT_MS = 60_000


@pytest.fixture(scope="session")
def field_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built static folder with the plain page; built once per test run, from wheels that are fetched once ever."""
    return build_plain(tmp_path_factory.mktemp("build") / "field")


@pytest.fixture(scope="module")
def driver() -> Iterator[Playwright]:
    """Playwright, for one module: its event loop stands in the way of other modules' `asyncio.run`."""
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def chromium(driver: Playwright, profile: Path) -> Iterator[BrowserContext]:
    """A browser on `profile`; leaving closes it, and a later one on the same profile is a restart of the browser."""
    context = driver.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=ARGUMENTS, headless=True
    )
    context.set_default_timeout(START_TIMEOUT_MS)
    try:
        yield context
    finally:
        context.close()


def open_page(context: BrowserContext, address: str) -> Page:
    """The tablet's page in a new tab, with Pyodide started."""
    page = context.new_page()
    page.goto(address)
    page.evaluate("field.ready")
    return page


def reload_page(page: Page) -> None:
    """Load the page again: the worker and everything in memory is gone, as after a crash of the tab."""
    page.reload()
    page.evaluate("field.ready")


def run(page: Page, source: str) -> Any:
    """Run Python (with top-level await) in the page's worker; its last expression comes back as through JSON."""
    return json.loads(page.evaluate("source => field.run(source)", _WRAP.format(source=source)))


_WRAP = """
import json
from pyodide.code import eval_code_async
json.dumps(await eval_code_async({source!r}, globals()))
"""
