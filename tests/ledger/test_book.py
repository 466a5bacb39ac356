"""The book: every fact of the log, in whatever order and portions the rows come."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
import shapely

from schemas.codes import Shot
from schemas.geometry import Polygon
from schemas.standing import Standing
from sync.ledger.book.builder import BookBuilder, read_book
from sync.ledger.book.facts import PhotoFact
from sync.ledger.book.outlines import read_outlines
from tests.ledger.diary import DAY_MS, NOW_MS, Diary, box, photo


def _busy() -> Diary:
    """A diary in which every kind of thing happens."""
    d = Diary()
    d.parcel("甲", box(0, 0, 100, 100))
    d.parcel("乙", box(100, 0, 200, 100), unit="U2")
    one = d.demolition(["甲"], box(0, 0, 50, 50), photos=[photo(1), photo(2)])
    d.evidence(one)
    d.review(one)
    two = d.demolition(["甲", "乙"], box(0, 0, 60, 50))
    back = d.review(two, "return")
    again = d.demolition(["甲", "乙"], box(0, 0, 55, 50), supersedes=back)
    d.review(again, after=again)
    late = d.regreening(["甲"], box(0, 0, 50, 50))
    left = d.review(late)
    right = d.withdraw(late)
    d.resolve([late], "corrected", code="D26", keep=left, aside=[right])
    d.check("first_check", ["甲"], [("0301", 2000)])
    d.withdraw(one, after=None, author="insp-1")
    d.check("acceptance", ["甲", "乙"], [("0301", 2000)], geometry=box(0, 0, 30, 30))
    d.survey("甲", 2025, [("0301", 100)])
    d.reuse("R1", ["乙"], box(150, 0, 180, 30))
    d.sighting(box(0, 0, 10, 10))
    return d


@pytest.mark.parametrize("seed", range(8))
def test_any_order_and_any_portions_make_the_same_book(seed: int) -> None:
    lines = _busy().lines
    whole = read_book(lines)
    dice = random.Random(seed)
    shuffled = dice.sample(lines, len(lines)) + dice.sample(lines, 5)
    builder = BookBuilder()
    while shuffled:
        portion = dice.randrange(1, 6)
        builder.add(shuffled[:portion])
        shuffled = shuffled[portion:]
    assert builder.book() == whole


def test_a_version_is_read_as_it_was_entered() -> None:
    d = Diary()
    d.demolition(["甲"], box(0, 0, 50, 50), photos=[photo(7)], observed_ms=NOW_MS, known_ms=NOW_MS - 5, author="insp-2")
    (version,) = read_book(d.lines).versions
    assert version.said.author == "insp-2" and version.said.role == "inspector" and version.parcels == ("甲",)
    assert (version.known_ms, version.observed_ms) == (NOW_MS - 5, NOW_MS)
    assert version.standing is Standing.SUBMITTED and not version.in_force and not version.photos_complete
    assert list(version.photos) == [PhotoFact(f"{7:064x}", Shot.AFTER_WIDE, NOW_MS, 116.3, 39.9, None, 90.0, True)]
    assert version.photos[0] == version.photos[-1] and len(version.photos[:5]) == 1
    expected = Polygon.model_validate(box(0, 0, 50, 50)).to_geojson()
    assert shapely.equals_exact(version.outline, shapely.geometry.shape(expected))


def test_evidence_completes_photos_whenever_it_comes() -> None:
    d = Diary()
    one = d.demolition(["甲"], box(0, 0, 50, 50), photos=[photo(1)])
    d.evidence(one)
    assert read_book(d.lines[::-1]).versions[0].photos_complete
    assert not read_book(d.lines[:1]).versions[0].photos_complete


def test_rows_that_do_not_count_move_the_position_only() -> None:
    d = Diary()
    d.parcel("甲", box(0, 0, 1, 1), counts=False)
    book = read_book(d.lines)
    assert book.position == 1 and book.parcels == ()
    # admitted later: the same row comes again and counts
    builder = BookBuilder()
    builder.add(d.lines)
    assert builder.add([replace(d.lines[0], counts=True)]).parcels == {"甲"}


def test_changes_name_what_changed() -> None:
    d = _busy()
    builder = BookBuilder()
    builder.add(d.lines)
    before = len(d.lines)
    root = builder.book().versions[1].id
    version = builder.versions(root)[-1]
    d.review(version.id, "reject", after=builder.decisions(root)[-1].said.entry)
    d.check("acceptance", ["乙"], [])
    changes = builder.add(d.lines[before:])
    assert changes.records == {root} and changes.parcels == set()
    assert [check.parcels for check in changes.checks] == [("乙",)]
    assert builder.versions(root)[-1].standing is Standing.REJECTED


def test_after_a_first_check_only_the_district_withdraws() -> None:
    def standing(author: str, *, before: bool) -> tuple[bool, bool]:
        d = Diary()
        one = d.demolition(["甲"], box(0, 0, 50, 50))
        approval = d.review(one)
        if not before:
            d.check("first_check", ["甲"], [])
        d.withdraw(one, after=approval, author=author)
        if before:
            d.check("first_check", ["甲"], [])
        book = read_book(d.lines)
        return book.versions[0].in_force, book.decisions[-1].counts

    assert standing("insp-1", before=False) == (True, False)
    assert standing("sup-1", before=False) == (True, False)
    assert standing("dist-1", before=False) == (False, True)
    assert standing("insp-1", before=True) == (False, True)


def test_a_withdrawal_that_does_not_count_makes_no_branch() -> None:
    d = Diary()
    one = d.demolition(["甲"], box(0, 0, 50, 50))
    d.review(one)
    d.check("first_check", ["甲"], [])
    d.withdraw(one, after=one, author="insp-1")  # beside the approval: without the first check a branch
    assert read_book(d.lines).versions[0].in_force
    assert read_book([line for line in d.lines if line.entry["kind"] != "first_check"]).versions[0].standing is (
        Standing.BRANCH
    )


def test_outlines_that_cross_themselves_are_repaired_and_told() -> None:
    d = Diary()
    bow = box(0, 0, 100, 100)
    ring = bow["rings"][0]
    ring[1], ring[2] = ring[2], ring[1]
    d.parcel("甲", bow)
    book = read_book(d.lines)
    (repair,) = book.repairs
    assert (repair.entry, repair.where, repair.reason) == (d.lines[0].entry["id"], "geometry", "Self-intersection")
    assert book.parcels[0].outline.is_valid
    assert book.parcels[0].baseline[0].outline is book.parcels[0].outline


def test_outlines_of_several_parts_and_with_holes() -> None:
    outer, hole = box(0, 0, 100, 100)["rings"][0], box(10, 10, 20, 20)["rings"][0]
    far = box(200, 0, 300, 100)["rings"]
    flat = [[0, 0], [10**9, 0], [10**9, 1], [0, 0], [10**9, 0], [0, 0]]
    made, repairs = read_outlines(
        [
            {"type": "Polygon", "rings": [outer, hole]},
            None,
            {"type": "MultiPolygon", "polygons": [[outer, hole], far]},
            {"type": "MultiPolygon", "polygons": [far]},
            {"type": "Polygon", "rings": [flat]},
        ]
    )
    assert len(made[0].interiors) == 1 and made[1] is None
    assert made[2].geom_type == "MultiPolygon" and shapely.area(made[2]) == pytest.approx(1e-6 * 2 - 1e-8)
    assert made[3].geom_type == "Polygon"
    assert set(repairs) <= {4}


def test_a_row_of_a_register_that_says_nothing_readable_stops_nobody() -> None:
    d = Diary()
    body = {"subtype": "reuse", "row": "R", "on": "2025-01-01", "geometry": None, "fields": {"nonsense": 1}}
    d.add("register", body, about=["甲"], author="dist-1")
    assert read_book(d.lines).registers[0].fields is None


def test_days_are_beijing_days() -> None:
    d = Diary()
    part = {
        "class_system": "third_land_survey", "class_code": "0601", "geometry": None, "initial_state": "cleared",
        "initial_class": None, "as_of": "2020-01-01", "document": None,
    }  # fmt: skip
    d.parcel("甲", box(0, 0, 1, 1), baseline=[part])
    parcel = read_book(d.lines).parcels[0]
    assert parcel.baseline[0].as_of_ms == (date(2020, 1, 1).toordinal() - date(1970, 1, 1).toordinal()) * DAY_MS - (
        8 * 3_600_000
    )
