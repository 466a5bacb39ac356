"""Lists beside the answers: CSV, XML and GeoJSON, in memory and in SQLite, behave alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from forms.instances.readers import Flat, geometry_text, read_csv, read_file
from forms.instances.rows import Row, document, row_of
from forms.instances.store import InstanceStore
from schemas.errors import Code, LedgerError
from tests.forms.form_texts import begin, bind, form

CSV = b"\xef\xbb\xbfname,label,n\r\n" + b"".join(b"k%d,\"L, %d\",%d\r\n" % (i, i, i % 3) for i in range(30))
_ITEM = b"<item><name>k%d</name><label>L, %d</label><n>%d</n></item>"
XML = b"<root>" + b"".join(_ITEM % (i, i, i % 3) for i in range(30)) + b"</root>"
GEO = b"""{"type": "FeatureCollection", "features": [
 {"type": "Feature", "id": 5, "properties": {"name": "A", "ok": true, "none": null},
  "geometry": {"type": "Polygon", "coordinates": [[[116.1, 39.1], [116.2, 39.1], [116.2, 39.2], [116.1, 39.1]]]}}]}"""


@pytest.mark.parametrize(("name", "data"), [("l.csv", CSV), ("l.xml", XML)])
def test_forms_read_lists(name: str, data: bytes) -> None:
    binds = (
        bind("a", calculate="instance('l')/root/item[name = 'k7']/label")
        + bind("b", calculate="count(instance('l')/root/item)")
        + bind("c", calculate="count(instance('l')/root/item[n = 2])")
        + bind("d", calculate="count(instance('l')/root/item[n = '2' and name != 'k2'])")
        + bind("e", calculate="instance('l')/root/item[position() = 3]/name")
        + bind("f", calculate="instance('l')/root/item[name = 'none']/label")
        + bind("g", calculate="join(' ', instance('l')/root/item[n = 1][label != 'L, 1'][position() < 3]/name)")
    )
    source = f'<instance id="l" src="jr://file/{name}"/>'
    entry = begin(form("<a/><b/><c/><d/><e/><f/><g/>", binds, "", source), {name: data})
    assert [entry.value(f"/data/{each}") for each in "abcdefg"] == ["L, 7", "30", "10", "9", "k2", "", "k4 k7"]


def test_geojson_features_are_rows() -> None:
    found = read_file("a.geojson", GEO)
    assert isinstance(found, Flat)
    row = dict(zip(found.columns, next(found.rows), strict=True))
    assert (row["id"], row["name"], row["ok"], row["none"]) == ("5", "A", "true", "")
    assert row["geometry"].startswith("39.1 116.1 0 0; 39.1 116.2 0 0")
    assert geometry_text({"type": "MultiPoint", "coordinates": []}) == ""


@pytest.mark.parametrize(
    ("name", "data"), [("a.geojson", b"{}"), ("a.geojson", b"["), ("a.geojson", b'{"type":"FeatureCollection"}')]
)
def test_what_cannot_be_read_is_said_so(name: str, data: bytes) -> None:
    with pytest.raises(LedgerError) as caught:
        read_file(name, data)
    assert caught.value.code == Code.FORM_MEDIA_UNREADABLE


def test_semicolons_short_rows_and_empty_lines() -> None:
    found = read_csv(b"a;b;;c\n1;2;x;3\n\n4\n")
    assert (found.columns, list(found.rows)) == (("a", "b", "c"), [("1", "2", "3"), ("4", "", "")])


def test_a_store_keeps_lists_by_content(tmp_path: Path) -> None:
    path = str(tmp_path / "lists.sqlite")
    first = InstanceStore(path).open("l.csv", CSV)
    again = InstanceStore(path)
    second = again.open("l.csv", CSV)
    other = again.open("l.csv", b"name\nz\n")
    assert first.kids["root"][0].count() == second.kids["root"][0].count() == 30
    assert [row.kids["name"][0].xval for row in other.kids["root"][0].rows()] == ["z"]


def test_a_stored_list_and_a_tree_answer_alike() -> None:
    stored = InstanceStore().open("l.csv", CSV).kids["root"][0]
    tree = Row("root")
    for number in range(30):
        tree.add(row_of("item", [("name", f"k{number}"), ("label", f"L, {number}"), ("n", str(number % 3))]))
    document(tree)
    for wanted in ([("n", "2")], [("n", "9")]):
        places = [row.index for row in stored.lookup("item", wanted)]
        assert places == [row.index for row in tree.lookup("item", wanted) or ()]
    assert stored.lookup("item", [("n", 2.0)]) is None and tree.lookup("item", [("n", 2.0)]) is None


def test_a_list_inside_the_form_and_a_tree_that_is_not_flat() -> None:
    inside = '<instance id="l"><root><item><name>a</name><sub><x>1</x><x>2</x></sub></item></root></instance>'
    binds = bind("a", calculate="sum(instance('l')/root/item/sub/x)") + bind("b", calculate="instance('t')/t/u/@k")
    source = inside + '<instance id="t" src="jr://file/t.xml"/>'
    entry = begin(form("<a/><b/>", binds, "", source), {"t.xml": b"<t><u k='9'><v/></u></t>"})
    assert (entry.value("/data/a"), entry.value("/data/b")) == ("3", "9")
