"""The tablet in Debian's chromium and a real central: enrol, save offline, lose the tab, sync, and central agrees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from schemas.roles import Role
from sync.central.central import Central
from sync.central.verify import verify_log
from tests.device.tablets import UNIT, inspection, jpeg
from tests.e2e.browser import chromium, driver, field_folder, open_page, reload_page, run
from tests.e2e.static_server import static_server
from tests.service import Served, served, settings

__all__ = ["driver", "field_folder"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHOTO = jpeg(2, 300_000)
START = """
import json
from sync.device.browser import BrowserClock, BrowserFiles, FetchTransport, OpfsDatabase, WebCryptoKeys
from sync.device.client import SyncClient
from sync.device.enrolment import enrol
from sync.device.store import NewEntry, Tablet

tablet = await Tablet.open(OpfsDatabase(settle_s=0), BrowserFiles(), WebCryptoKeys(), BrowserClock())
tablet.database.execute("pragma synchronous").fetchone()[0]
"""


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Served]:
    opened = Central.create(settings(tmp_path / "central"))
    with served(opened) as running:
        yield running
    opened.close()


def test_a_record_is_saved_offline_survives_the_tab_and_reaches_central(
    driver: Playwright, field_folder: Path, tmp_path: Path, central: Served
) -> None:
    code = central.code(central.account("insp1", Role.INSPECTOR, UNIT))
    with static_server(field_folder, central.url) as server, chromium(driver, tmp_path / "profile") as context:
        page = open_page(context, server.address)
        assert run(page, START) == 2
        assert run(page, f"(await enrol(tablet, FetchTransport(), {code!r})).account") == "insp1"

        server.central = None
        saved = run(page, _save())
        assert saved["photo"] == hashlib.sha256(PHOTO).hexdigest()
        assert run(page, _SYNC)["stopped"] == "not_our_answer"  # the 502 of whatever stands before central

        reload_page(page)
        run(page, START)
        kept = run(page, _KEPT)
        assert kept["entries"] == [saved["entry"]]
        assert kept["photos"] == [f"photos/{saved['photo']}"]
        assert kept["photo_bytes"] == len(PHOTO)

        server.central = central.url
        report = run(page, _SYNC)
        assert (report["stopped"], report["pushed"], report["photos"]) == (None, 1, 1)
        assert (report["waiting_entries"], report["waiting_photos"]) == (0, 0)
        assert report["pulled"] >= 1

    stored = [path.read_bytes() for path in central.central.settings.photo_dir.rglob("*") if path.is_file()]
    assert stored == [PHOTO]
    with central.central.store.read() as connection:
        verdict = verify_log(connection, central.central.key.public_key, photo_dir=central.central.settings.photo_dir)
    assert verdict.holds, verdict


def _save() -> str:
    new = inspection({hashlib.sha256(PHOTO).hexdigest(): len(PHOTO)})
    fields: dict[str, Any] = {
        "kind": new.kind, "schema": new.schema, "unit": new.unit, "about": list(new.about), "body": new.body,
    }  # fmt: skip
    return f"""
photo = await tablet.add_photo(bytes.fromhex({PHOTO.hex()!r}))
fields = json.loads({json.dumps(fields)!r})
entry = await tablet.save("insp1", NewEntry(**dict(fields, about=tuple(fields["about"]))))
{{"photo": photo, "entry": entry.id}}"""


_KEPT = """
names = await tablet.files.names("entries")
photos = await tablet.files.names("photos")
{
    "entries": [json.loads(await tablet.files.read(name))["id"] for name in names],
    "photos": photos,
    "photo_bytes": await tablet.files.size(photos[0]),
}
"""
_SYNC = """
report = await SyncClient(tablet, FetchTransport(), "insp1").sync(now=True)
{
    "stopped": report.stopped and str(report.stopped), "pushed": report.pushed, "photos": report.photos,
    "pulled": report.pulled, "waiting_entries": report.waiting_entries, "waiting_photos": report.waiting_photos,
}
"""
