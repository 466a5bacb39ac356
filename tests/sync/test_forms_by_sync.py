"""Forms reach a real tablet by its ordinary sync; an old version stays for the records that were begun with it."""

from __future__ import annotations

import random
from pathlib import Path

from forms.entry import FormEntry, Surroundings
from forms.instances.media import media_of
from forms.publish.frozen import version_of
from forms.shelf import Shelf
from schemas.entries import Kind
from schemas.register_fields import PublishedForm
from sync.central.publishing import publish
from sync.commands.forms import examine
from sync.device import log
from sync.device.native import RequestsTransport, SystemClock
from sync.device.store import Tablet
from tests.faults.field import jpeg, new_district, new_handset, record, synced
from tests.forms.library.kit import LIBRARY
from tests.service import served


def _frozen(name: str) -> PublishedForm:
    form = examine(LIBRARY / f"{name}.md").form
    assert form is not None
    return form


def _shelf(tablet: Tablet) -> Shelf:
    entries = (row.entry() for row in log.everything(tablet.database))
    return Shelf.of_bodies(entry.body for entry in entries if entry.kind == Kind.REGISTER)


async def test_a_sync_brings_forms_and_keeps_old_versions(tmp_path: Path) -> None:
    district = new_district(tmp_path)
    first, later = _frozen("facility"), _frozen("facility").model_copy(update={"version": "2027.1.1"})
    with served(district.central) as here:
        handset = await new_handset(
            district, tmp_path / "t1", "insp-demo-ls-1", "DEMO-LS", RequestsTransport(here.url), SystemClock()
        )
        publish(district.central, district.caller("district"), first)
        publish(district.central, district.caller("district"), _frozen("demolition"))
        await record(district, handset, [jpeg(random.Random(1), 5_000)], "a", None)
        await synced(district, handset)
        assert [form.form_id for form in _shelf(handset.tablet).newest] == ["demolition", "facility"]
        publish(district.central, district.caller("district"), later)
        await synced(district, handset)
    # No server from here on.
    shelf = _shelf(handset.tablet)
    assert [form.version for form in shelf.newest if form.form_id == "facility"] == ["2027.1.1"]
    definition, files = shelf.open(version_of(first))
    entry = FormEntry.begin(definition, Surroundings(media_of(files)))
    assert definition.version == first.version and entry.next() is not None
    handset.tablet.close()
