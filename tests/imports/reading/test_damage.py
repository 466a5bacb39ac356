"""Any cut and any flipped byte ends in a sheet or in a coded refusal, never in another exception."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import LedgerError
from sync.imports.reading import read_sheet
from sync.imports.sheet import ReadOptions, Sheet
from tests.imports.reading import kit

KINDS = ["gpkg", "zip", "xlsx", "csv", "gb.csv", "geojson"]
STORED_WHOLE = ["gpkg", "zip", "xlsx", "geojson"]
"""Formats that say how long they are; a CSV may end anywhere."""


@cache
def sample(kind: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        match kind:
            case "gpkg":
                return kit.gpkg(here / "a.gpkg").read_bytes()
            case "zip":
                return kit.shapefile(here).read_bytes()
            case "xlsx":
                rows = [["code", "area", "wkt"], ["0601", 1.5, kit.PARCELS[0].wkt], ["=A1", 2, None]]
                return kit.xlsx(here / "a.xlsx", rows, merge=["A3:A4"]).read_bytes()
            case "geojson":
                return kit.geojson(here / "a.geojson").read_bytes()
            case _:
                return kit.csv_text().encode("gb18030" if kind == "gb.csv" else "utf-8")


def outcome(data: bytes) -> Sheet | LedgerError:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a")
        path.write_bytes(data)
        try:
            sheet = read_sheet(path, ReadOptions(crs=4490, geometry_required=True))
        except LedgerError as refused:
            assert refused.text("zh") and refused.text("en")
            return refused
    lengths = {len(sheet.rows), len(sheet.geometries), *(len(cells) for cells in sheet.columns.values())}
    assert len(lengths) == 1
    for fault in (*sheet.faults, *sheet.warnings):
        assert fault.text("zh") and fault.text("en")
    return sheet


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_flipped_bytes(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(sample(kind))
    places = st.tuples(st.integers(0, len(damaged) - 1), st.integers(1, 255))
    for place, change in data.draw(st.lists(places, min_size=1, max_size=6)):
        damaged[place] ^= change
    outcome(bytes(damaged))


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_cut_off(kind: str, data: st.DataObject) -> None:
    whole = sample(kind)
    found = outcome(whole[: data.draw(st.integers(0, len(whole) - 1))])
    if kind in STORED_WHOLE:
        assert isinstance(found, LedgerError)


@pytest.mark.parametrize("kind", KINDS)
def test_the_samples_themselves_are_read(kind: str) -> None:
    assert isinstance(outcome(sample(kind)), Sheet)
