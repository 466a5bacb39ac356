"""Real JPEG files for the demonstration: a drawn yard with its caption, and EXIF as our own camera writes it."""

from __future__ import annotations

import io
import random

import piexif
from PIL import Image, ImageDraw

from schemas.geometry import Point
from sync.demo.world import MARK


def jpeg(place: Point, caption: str, taken: str, seed: int) -> bytes:
    """A 960 × 720 JPEG with position and time (`YYYY:MM:DD hh:mm:ss`) in its EXIF, spliced without touching pixels."""
    chance = random.Random(seed)  # noqa: S311  # a drawing
    sky, ground = (168, 196, 214), (126, 118, 92)
    image = Image.new("RGB", (960, 720), sky)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 360, 960, 720), fill=ground)
    for _ in range(300):
        x, y, size = chance.randrange(960), chance.randrange(360, 720), chance.randrange(2, 26)
        shade = chance.randrange(-30, 30)
        draw.rectangle((x, y, x + size, y + size // 2), fill=tuple(value + shade for value in ground))
    draw.text((16, 690), f"{caption} {taken}", fill=(255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
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
