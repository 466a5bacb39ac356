"""The tablet's ports in a browser's worker, under Pyodide: OPFS, IndexedDB, WebCrypto, `requests`.

`sync.device.native` is the other side. `static_build` runs on CPython and makes the folder that a browser installs.
What survives a power cut stands at the top of `opfs.js` (the database) and `indexed.js` (files and keys).
"""

from __future__ import annotations

from sync.device.browser.clock import BrowserClock
from sync.device.browser.database import OpfsDatabase
from sync.device.browser.files import BrowserFiles
from sync.device.browser.keys import WebCryptoKeys
from sync.device.browser.transport import FetchTransport

__all__ = ["BrowserClock", "BrowserFiles", "FetchTransport", "OpfsDatabase", "WebCryptoKeys"]
