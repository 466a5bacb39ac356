"""GCJ-02 look-alikes are seen against known outlines, and only there."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from schemas.gcj02 import Datum, converted
from schemas.geometry import Point
from sync.imports.offsets import gcj02_suspects
from tests.imports.reading import kit

rng = np.random.default_rng(7)
KNOWN = kit.obj(
    [
        shapely.box(x, y, x + 0.002 * rng.uniform(0.5, 1), y + 0.0015 * rng.uniform(0.5, 1))
        for x in np.arange(116.30, 116.36, 0.004)
        for y in np.arange(39.85, 39.90, 0.003)
    ]
)


def on_a_chinese_map(shapes: np.ndarray) -> np.ndarray:
    """Each vertex by the published formula."""

    def shifted(xy: np.ndarray) -> np.ndarray:
        points = [converted(Point.from_degrees(*pair), Datum.CGCS2000, Datum.GCJ02) for pair in xy]
        return np.array([(point.lon_deg, point.lat_deg) for point in points])

    return shapely.transform(shapes, shifted)


def test_a_shifted_file_is_seen() -> None:
    found = gcj02_suspects(on_a_chinese_map(KNOWN), KNOWN)
    assert found.checked and found.systematic
    assert found.suspects.all() and found.compared == len(KNOWN)
    assert found.offset_m is not None and 400 < found.offset_m < 700


def test_a_true_file_is_not_suspected() -> None:
    found = gcj02_suspects(KNOWN, KNOWN)
    assert found.checked and not found.systematic and not found.suspects.any() and found.offset_m is None


def test_one_shifted_row_among_true_ones_is_no_system() -> None:
    mixed = KNOWN.copy()
    mixed[5] = on_a_chinese_map(KNOWN[5:6])[0]
    found = gcj02_suspects(mixed, KNOWN)
    assert np.flatnonzero(found.suspects).tolist() == [5] and not found.systematic


@pytest.mark.parametrize("metres", [300, 550, 700])
@pytest.mark.parametrize("bearing", [0, 1.5, 3, 4.5])
def test_another_shift_is_no_gcj02(metres: float, bearing: float) -> None:
    """A file that is off for another reason is not explained away; some chance meetings are no system."""
    shift = metres / 111_000 * np.array([np.cos(bearing) / 0.77, np.sin(bearing)])
    true = converted(Point.from_degrees(116.33, 39.87), Datum.CGCS2000, Datum.GCJ02)
    away = np.hypot(*((shift - [true.lon_deg - 116.33, true.lat_deg - 39.87]) * [85_000, 111_000]))
    assert away > 100  # the shift tried here is not the GCJ-02 one
    found = gcj02_suspects(shapely.transform(KNOWN[::7], lambda xy: xy + shift), KNOWN)
    assert found.suspects.mean() < 0.5


def test_nothing_to_compare_with_says_so() -> None:
    none = kit.obj([None, None])
    for new, known in (
        (KNOWN, none),
        (none, KNOWN),
        (KNOWN[:0], KNOWN),
        (shapely.transform(KNOWN, lambda xy: xy + 1), KNOWN),
    ):
        found = gcj02_suspects(new, known)
        assert not found.checked and not found.suspects.any() and len(found.suspects) == len(new)
