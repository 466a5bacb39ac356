"""Getting the document out of a stranger's file: of what kind it is, within which limits, and a workbook's parts.

Nothing is parsed before its size is known: of the file, of each part of an archive, and of all together. XML is read by
expat with document types refused, so that no entity can expand.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from typing import Any
from xml.parsers import expat

from schemas.errors import Code, LedgerError
from sync.ledger.report.page import CLOSING, OPENING
from sync.ledger.report.sealed import MAX_DOCUMENT_BYTES

MAX_FILE_BYTES = MAX_DOCUMENT_BYTES
MAX_UNPACKED_BYTES = 1 << 30
MAX_PARTS = 2_000
MAX_RATIO = 300
_SMALL = 1 << 20
_MAX_XML_DEPTH = 40


class Container(StrEnum):
    """What a report comes in."""

    JSON = "json"
    HTML = "html"
    XLSX = "xlsx"


def kind_of(data: bytes) -> Container:
    """The kind by content. Raises LedgerError: REPORT_TOO_LARGE, REPORT_FORMAT_UNKNOWN."""
    if len(data) > MAX_FILE_BYTES:
        raise LedgerError(Code.REPORT_TOO_LARGE, size_bytes=len(data), limit_bytes=MAX_FILE_BYTES)
    if not data.strip():
        raise LedgerError(Code.REPORT_FORMAT_UNKNOWN, reason="the file is empty")
    if data.startswith(b"PK"):
        return Container.XLSX
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith(b"{"):
        return Container.JSON
    if start.startswith((b"<!doctype html", b"<html", b"<!--")):
        return Container.HTML
    raise LedgerError(Code.REPORT_FORMAT_UNKNOWN, reason="neither JSON, HTML nor XLSX")


def embedded_in_page(data: bytes) -> bytes:
    """The document in a page. Raises LedgerError: REPORT_DAMAGED where there is none, or more than one."""
    opening, closing = OPENING.encode(), CLOSING.encode()
    if data.count(opening) != 1:
        raise _damaged("the page holds no document, or more than one")
    rest = data.partition(opening)[2]
    document, found, _ = rest.partition(closing)
    if not found:
        raise _damaged("the page is cut off inside its document")
    return document


def parts_of(data: bytes) -> dict[str, bytes]:
    """The parts of a workbook's archive by name, unpacked within limits.

    Raises LedgerError: REPORT_ARCHIVE_UNSAFE, REPORT_DAMAGED.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            _check(entries)
            return {entry.filename: _unpacked(archive, entry) for entry in entries}
    except LedgerError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, NotImplementedError) as error:
        raise _damaged("the archive cannot be read to its end") from error


@dataclass
class SheetCells:
    """A sheet of a workbook as its cells say it: place (row, column from 0) -> text or number as it stands."""

    name: str
    state: str = "visible"
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)


def sheets_of(parts: Mapping[str, bytes]) -> list[SheetCells]:
    """The sheets in order. Raises LedgerError(REPORT_DAMAGED)."""
    shared = _shared_strings(parts["xl/sharedStrings.xml"]) if "xl/sharedStrings.xml" in parts else []
    targets: dict[str, str] = {}

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _read(_part(parts, "xl/_rels/workbook.xml.rels"), relation)
    listed: list[tuple[SheetCells, str]] = []

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            made = SheetCells(attributes.get("name", ""), attributes.get("state", "visible"))
            listed.append((made, attributes.get("id", "")))

    _read(_part(parts, "xl/workbook.xml"), sheet)
    for found, relation_id in listed:
        target = targets.get(relation_id, "")
        path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        _cells(_part(parts, path), found, shared)
    return [found for found, _ in listed]


def place_name(row: int, column: int) -> str:
    """The name of a cell in a spreadsheet.

    >>> place_name(4, 27)
    'AB5'
    """
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _cells(data: bytes, into: SheetCells, shared: list[str]) -> None:
    state: dict[str, Any] = {"place": None, "type": "", "text": None, "formula": None}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            state.update(place=_place(attributes.get("r", "")), type=attributes.get("t", ""), text="", formula="")
            state["value"] = None
        elif tag in ("v", "t", "f"):
            state["inside"] = tag

    def end(tag: str) -> None:
        if tag in ("v", "t", "f"):
            state["inside"] = None
        if tag != "c" or state["place"] is None:
            return
        text = state["text"]
        if state["type"] == "s":
            text = shared[int(text)] if text.isdecimal() and int(text) < len(shared) else "#?"
        if state["formula"]:
            into.formulas[state["place"]] = state["formula"]
        if text != "" or state["formula"]:
            into.cells[state["place"]] = text

    def text(data: str) -> None:
        inside = state.get("inside")
        if inside and state["place"] is not None:
            state["formula" if inside == "f" else "text"] += data

    _read(data, start, end, text)


def _shared_strings(data: bytes) -> list[str]:
    found: list[str] = []
    state = {"inside": False}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            found.append("")
        elif tag == "t":
            state["inside"] = True

    def end(tag: str) -> None:
        if tag == "t":
            state["inside"] = False

    def text(data: str) -> None:
        if state["inside"] and found:
            found[-1] += data

    _read(data, start, end, text)
    return found


def _read(
    data: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Read XML, names without their namespace. Document types, and so entities, are refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def on_start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_XML_DEPTH:
            raise _damaged("XML nested too deep")
        start(name.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in attributes.items()})

    def on_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(name.rpartition(":")[2])

    def on_doctype(*_: object) -> None:
        raise LedgerError(Code.REPORT_ARCHIVE_UNSAFE, reason="XML with a document type")

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.StartDoctypeDeclHandler = on_doctype
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise _damaged("XML that cannot be read") from error


def _place(name: str) -> tuple[int, int] | None:
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 3 and digits.isdecimal() and len(digits) <= 7):
        return None
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(digits) - 1, column - 1


def _part(parts: Mapping[str, bytes], name: str) -> bytes:
    if name not in parts:
        raise _damaged(f"the workbook lacks {name[:80]}")
    return parts[name]


def _check(entries: list[zipfile.ZipInfo]) -> None:
    _unsafe(len(entries) > MAX_PARTS, f"more than {MAX_PARTS} parts")
    _unsafe(len({entry.filename.lower() for entry in entries}) < len(entries), "two parts have one name")
    _unsafe(sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES, "too large when unpacked")
    for entry in entries:
        bomb = entry.file_size > _SMALL and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
        _unsafe(bomb, f"a part unpacks to more than {MAX_RATIO} times its size")
        _unsafe(bool(entry.flag_bits & 1), "it has a password")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as part:
        data = part.read(entry.file_size + 1)
    _unsafe(len(data) > entry.file_size, "a part is larger than it says")
    return data


def _unsafe(bad: bool, reason: str) -> None:
    if bad:
        raise LedgerError(Code.REPORT_ARCHIVE_UNSAFE, reason=reason)


def _damaged(reason: str) -> LedgerError:
    return LedgerError(Code.REPORT_DAMAGED, reason=reason)
