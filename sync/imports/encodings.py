"""Text of offices: UTF-8 (with or without BOM) and GB18030, told apart by the bytes; what is neither is a fault.

Undecodable bytes survive decoding as lone surrogates, so that the fault can name row and column.
"""

from __future__ import annotations

import codecs
import re

from schemas.errors import Code, LedgerError

UTF8, GB18030 = "utf-8", "gb18030"
_ESCAPED = re.compile("[\udc80-\udcff]")
_THREE_BYTES = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")
"""A Chinese character in UTF-8. GB text has such bytes only by rare accident, all of a line hardly ever."""


def named(encoding: str) -> str:
    """`utf-8` or `gb18030` for a name in use (UTF-8, 65001, GBK, CP936, GB2312, ...).

    Raises LedgerError(IMPORT_ENCODING_UNKNOWN).
    """
    key = re.sub(r"[^a-z0-9]", "", encoding.lower())
    if key in ("utf8", "utf8sig", "65001", "cp65001"):
        return UTF8
    if key in ("gb18030", "gbk", "gb2312", "cp936", "936", "oem936", "ansi936", "windows936", "54936", "euccn"):
        return GB18030
    raise LedgerError(Code.IMPORT_ENCODING_UNKNOWN, reason=encoding[:40])


def decided(data: bytes, said: str | None) -> str:
    """The encoding of `data`: as said, by its BOM, or by which of the two most of its lines are in.

    Raises LedgerError(IMPORT_ENCODING_UNKNOWN): NUL bytes (UTF-16), a BOM against what was said, or neither of the two.
    """
    if b"\0" in data:
        raise LedgerError(Code.IMPORT_ENCODING_UNKNOWN, reason="NUL bytes, perhaps UTF-16")
    bom = data.startswith(codecs.BOM_UTF8)
    if said is not None:
        wanted = named(said)
        if bom and wanted != UTF8:
            raise LedgerError(Code.IMPORT_ENCODING_UNKNOWN, reason=f"{wanted} was named, the file begins as UTF-8")
        return wanted
    if bom or _decodes(data, UTF8):
        return UTF8
    utf8_lines, other_lines = 0, 0
    readable = 0
    for line in data.splitlines():
        if line.isascii():
            continue
        if _decodes(line, UTF8):
            utf8_lines += bool(_THREE_BYTES.search(line))
        else:
            other_lines += 1
            readable += _decodes(line, GB18030)
    if utf8_lines > other_lines:
        return UTF8
    if 2 * readable >= other_lines:
        return GB18030
    raise LedgerError(Code.IMPORT_ENCODING_UNKNOWN, reason="neither UTF-8 nor GB18030")


def decoded(data: bytes, encoding: str) -> str:
    """`data` as text, without BOM; bytes that do not decode become lone surrogates, see `foreign`."""
    return data.removeprefix(codecs.BOM_UTF8).decode(encoding, errors="surrogateescape")


def mixed_lines(data: bytes, encoding: str) -> bool:
    """Whether some line of GB18030 `data` is UTF-8 instead: it decodes, to nonsense, so it must be looked for."""
    if encoding != GB18030:
        return False
    return any(_THREE_BYTES.search(line) and _decodes(line, UTF8) for line in data.splitlines())


def foreign(text: str, encoding: str, suspicious: bool) -> bool:
    """Whether `text` was not in `encoding`: escaped bytes, or, in a `suspicious` GB file, UTF-8 all through."""
    if text.isascii():
        return False
    if _ESCAPED.search(text):
        return True
    if not suspicious:
        return False
    try:
        raw = text.encode(encoding)
    except UnicodeEncodeError:
        return True
    return _THREE_BYTES.search(raw) is not None and _decodes(raw, UTF8)


def shown(text: str) -> str:
    """`text` with what did not decode as a replacement mark, fit to be stored and shown."""
    return _ESCAPED.sub("\ufffd", text)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
