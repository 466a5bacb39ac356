"""The tablet's ports on CPython: a directory, `cryptography`, `requests`. `sync.device.browser` is the other side.

Give each port a folder of its own; `DirectoryDatabase(home / "db")`, `DirectoryFiles(home / "files")` and
`FileKeys(home / "keys")` is the usual layout.
"""

from __future__ import annotations

from sync.device.native.clock import SystemClock
from sync.device.native.database import DirectoryDatabase
from sync.device.native.files import DirectoryFiles
from sync.device.native.keys import FileKeys
from sync.device.native.transport import RequestsTransport

__all__ = ["DirectoryDatabase", "DirectoryFiles", "FileKeys", "RequestsTransport", "SystemClock"]
