"""Real JPEG files for the demonstration: a drawn scene with its caption, and EXIF as our own camera writes it.

Small on purpose (some 3 kB): ten thousand of them are drawn, kept, uploaded and checked within minutes.
"""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta

import piexif
from PIL import Image, ImageDraw

from schemas.geometry import Point
from sync.demo.drawing.people import MARK
from sync.demo.drawing.what import What

_SIZE = (256, 192)
_SKY = (168, 196, 214)
_GROUND = {
    What.DEMOLISHED: (134, 118, 104),
    What.CLEARED: (158, 138, 104),
    What.WORKS: (122, 126, 84),
    What.PASSED: (84, 122, 66),
    What.FAILED: (150, 132, 78),
    What.BUILT: (140, 132, 128),
}
_PAVED = (128, 126, 124)
_BEIJING = timedelta(hours=8)


def jpeg(what: What, place: Point, caption: str, taken_ms: int, seed: str) -> bytes:
    """A scene of ground and sky with a caption; position and time stand in its EXIF, spliced without touching pixels.
    `seed` makes it unlike every other."""
    chance = random.Random(seed)  # noqa: S311  # a drawing
    taken = (datetime.fromtimestamp(taken_ms / 1000, UTC) + _BEIJING).strftime("%Y:%m:%d %H:%M:%S")
    width, height = _SIZE
    horizon = chance.randrange(70, 105)
    ground = _GROUND.get(what, _PAVED)
    image = Image.new("RGB", _SIZE, _SKY)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, horizon, width, height), fill=ground)
    for _ in range(14):
        x, y, size = chance.randrange(width), chance.randrange(horizon, height), chance.randrange(2, 22)
        shade = chance.randrange(-30, 30)
        draw.rectangle((x, y, x + size, y + size // 2), fill=tuple(value + shade for value in ground))
    if what is What.BUILT:
        draw.rectangle((80, horizon - 34, 160, horizon + 16), fill=(176, 96, 84))
    if what is What.PASSED:
        for _ in range(10):
            x = chance.randrange(width)
            draw.ellipse((x, horizon - 16, x + 14, horizon + 6), fill=(52, 96, 48))
    draw.text((6, height - 14), f"DEMO FICTIONAL {caption} {taken[2:16]}", fill=(255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return _with_exif(out.getvalue(), place, taken)


def _with_exif(data: bytes, place: Point, taken: str) -> bytes:
    gps = {
        piexif.GPSIFD.GPSLatitudeRef: b"N",
        piexif.GPSIFD.GPSLatitude: _degrees(place.lat_deg),
        piexif.GPSIFD.GPSLongitudeRef: b"E",
        piexif.GPSIFD.GPSLongitude: _degrees(place.lon_deg),
        piexif.GPSIFD.GPSMapDatum: b"WGS-84",
    }
    exif = {
        piexif.ExifIFD.DateTimeOriginal: taken.encode(),
        piexif.ExifIFD.OffsetTimeOriginal: b"+08:00",
        piexif.ExifIFD.UserComment: b"UNICODE\x00" + MARK.encode("utf-16-be"),
    }
    out = io.BytesIO()
    piexif.insert(piexif.dump({"Exif": exif, "GPS": gps}), data, out)
    return out.getvalue()


def _degrees(value: float) -> tuple[tuple[int, int], ...]:
    whole = int(value)
    minutes = int((value - whole) * 60)
    seconds = round(((value - whole) * 60 - minutes) * 60 * 10_000)
    return ((whole, 1), (minutes, 1), (seconds, 10_000))
