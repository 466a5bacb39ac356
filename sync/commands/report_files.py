"""Report files: read within limits, written whole or not at all; keys as a person gives them."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from schemas.errors import Code, LedgerError
from sync.central.keys import verify as verify_signature
from sync.ledger.report.check import check_report, trusted_key
from sync.ledger.report.container import MAX_FILE_BYTES
from sync.ledger.report.page import page
from sync.ledger.report.sealed import Report
from sync.ledger.report.xlsx import workbook

FORMATS = ("json", "xlsx", "html")
_MAX_KEY_FILE = 100_000


def printed(made: Report, kind: str) -> bytes:
    """The bytes of a report in one of FORMATS."""
    if kind == "json":
        return made.data()
    return workbook(made) if kind == "xlsx" else page(made)


@contextmanager
def without_collecting() -> Iterator[None]:
    """No garbage collection meanwhile: a report makes millions of objects without cycles beside a large ledger, and
    each full collection would walk all of them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def write_whole(path: Path, data: bytes) -> None:
    """Whole or not at all: a temporary file beside it, flushed, then renamed. Raises LedgerError(VALUE_INVALID)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, 0o644)  # a report is for readers; a temporary file is not
                os.replace(file.name, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(file.name)
                raise
    except OSError as error:
        raise LedgerError(Code.VALUE_INVALID, reason=f"{path.name}: {error.strerror}") from error


def read_report(path: Path) -> Report:
    """A report that agrees with itself. Raises its first finding."""
    verdict = check_report(bytes_of(path), verify_signature)
    if verdict.report is None or not verdict.holds:
        finding = verdict.findings[0]
        raise LedgerError(finding.code, **finding.details)
    return verdict.report


def bytes_of(path: Path) -> bytes:
    """A file's bytes, its size asked first. Raises LedgerError: REPORT_TOO_LARGE, REPORT_FORMAT_UNKNOWN."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise LedgerError(Code.REPORT_TOO_LARGE, size_bytes=size, limit_bytes=MAX_FILE_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise LedgerError(Code.REPORT_FORMAT_UNKNOWN, reason=f"{path.name}: {error.strerror}") from error


def key_in(text: str) -> str:
    """The key or fingerprint in `text`, or in the file of that name. Raises LedgerError(REPORT_KEY_UNREADABLE)."""
    path = Path(text)
    try:
        if len(text) < 1_000 and path.is_file() and path.stat().st_size <= _MAX_KEY_FILE:
            return trusted_key(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LedgerError(Code.REPORT_KEY_UNREADABLE, reason="the file cannot be read as text") from error
    return trusted_key(text)
