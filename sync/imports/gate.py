"""Before anything is parsed: how large a file is, what it really is (by its first bytes), and whether a zip is safe."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from schemas.errors import Code, LedgerError

MAX_FILE_BYTES = 1 << 30
"""A GeoPackage is read row by row and may be this large."""
MAX_TEXT_BYTES = 512 << 20
"""Text formats and archives are held in memory."""
MAX_UNPACKED_BYTES = 1 << 30
MAX_RATIO = 250
"""Unpacked to packed size; real shapefiles and sheets stay below 60. Small entries may be anything."""
SMALL_BYTES = 1 << 20
MAX_ENTRIES = 2_000
_CHUNK = 1 << 20


class Format(StrEnum):
    """What can be imported."""

    GEOPACKAGE = "gpkg"
    GEOJSON = "geojson"
    SHAPEFILE = "shp.zip"
    WORKBOOK = "xlsx"
    DELIMITED = "csv"


def admitted(path: Path) -> tuple[Format, str]:
    """The format by content, and the SHA-256 of the bytes.

    Raises LedgerError: IMPORT_FILE_TOO_LARGE, IMPORT_FORMAT_UNKNOWN, IMPORT_FILE_DAMAGED, IMPORT_ARCHIVE_UNSAFE.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason="not a file")
        with path.open("rb") as file:
            head = file.read(4096)
            kind = _kind(head, path)
            limit = MAX_FILE_BYTES if kind is Format.GEOPACKAGE else MAX_TEXT_BYTES
            if size > limit:
                raise LedgerError(Code.IMPORT_FILE_TOO_LARGE, size_bytes=size, limit_bytes=limit)
            digest = hashlib.sha256(head)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason=error.strerror or "cannot be opened") from error
    return kind, digest.hexdigest()


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive at `path`, its entries checked. Raises as `admitted`; while it is read, IMPORT_FILE_DAMAGED."""
    with parsing("zip"), zipfile.ZipFile(path) as archive:
        _check_entries(archive.infolist())
        yield archive


def unpacked(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The bytes of one entry in chunks; its checksum is checked at the end, its stated size at every step."""
    info = archive.getinfo(name)
    seen = 0
    with archive.open(info) as entry:
        while chunk := entry.read(_CHUNK):
            seen += len(chunk)
            if seen > info.file_size:
                raise LedgerError(Code.IMPORT_ARCHIVE_UNSAFE, reason="an entry is larger than it says")
            yield chunk


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """Turn whatever a foreign parser throws at damaged bytes into IMPORT_FILE_DAMAGED; our own errors pass.

    Damaged files raise nearly anything inside zipfile, openpyxl, expat and GDAL (KeyError, struct.error, recursion,
    NotImplementedError, ...), so the net is wide, but it hangs around their calls only.
    """
    try:
        yield
    except LedgerError:
        raise
    except (MemoryError, RecursionError) as error:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"{what}: too deep or too large") from error
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"{what}: unreadable or cut off") from error
    except Exception as error:
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason=f"{what}: {type(error).__name__}") from error


def _kind(head: bytes, path: Path) -> Format:
    if not head:
        raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason="the file is empty")
    if head.startswith(_SQLITE):
        return Format.GEOPACKAGE
    if head.startswith(_ZIP):
        return _zip_kind(path)
    if _SQLITE.startswith(head) or _ZIP.startswith(head):
        raise LedgerError(Code.IMPORT_FILE_DAMAGED, reason="cut off after a few bytes")
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason=what)
    if b"\0" in head:
        raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason="binary data")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason="JSON, but no GeoJSON FeatureCollection")
    return Format.GEOJSON if text.startswith(b"{") else Format.DELIMITED


_SQLITE, _ZIP = b"SQLite format 3\0", b"PK\x03\x04"
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old .xls workbook, or one with a password",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\x00\x00\x27\x0a": "a bare .shp: zip it with its .shx, .dbf and .prj",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"PK\x05\x06": "an empty zip",
}


def _zip_kind(path: Path) -> Format:
    with opened_zip(path) as archive:
        names = [info.filename.lower() for info in archive.infolist()]
    if "[content_types].xml" in names:
        if "xl/workbook.xml" in names:
            return Format.WORKBOOK
        raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason="an office file that is no .xlsx workbook")
    if any(name.endswith(".shp") for name in names):
        return Format.SHAPEFILE
    raise LedgerError(Code.IMPORT_FORMAT_UNKNOWN, reason="a zip without a shapefile")


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    _unsafe_when(len(entries) > MAX_ENTRIES, f"more than {MAX_ENTRIES} entries")
    _unsafe_when(sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES, "too large when unpacked")
    names = [entry.filename.lower() for entry in entries]
    _unsafe_when(len(set(names)) < len(names), "two entries have one name")
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        _unsafe_when(".." in parts or parts[0] == "" or ":" in parts[0], "an entry's name leaves its folder")
        _unsafe_when(any(ord(c) < 32 for c in entry.filename), "an entry's name has control characters")
        _unsafe_when(bool(entry.flag_bits & 1), "it has a password")
        _unsafe_when(entry.external_attr >> 28 == 0xA, "an entry is a link")
        bomb = entry.file_size > SMALL_BYTES and entry.file_size > MAX_RATIO * entry.compress_size
        _unsafe_when(bomb, f"an entry unpacks to more than {MAX_RATIO} times its size")


def _unsafe_when(bad: bool, reason: str) -> None:
    if bad:
        raise LedgerError(Code.IMPORT_ARCHIVE_UNSAFE, reason=reason)
