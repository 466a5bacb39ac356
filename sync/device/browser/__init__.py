"""The tablet's ports in a browser's worker, under Pyodide: OPFS, WebCrypto and `requests` over fetch.

`sync.device.native` is the other side. `static_build` runs on CPython and makes the folder that a browser installs.
What OPFS promises, and what it does not, stands at the top of `opfs.js`.
"""

from __future__ import annotations

from sync.device.browser.clock import BrowserClock
from sync.device.browser.database import OpfsDatabase
from sync.device.browser.files import OpfsFiles
from sync.device.browser.keys import WebCryptoKeys
from sync.device.browser.transport import FetchTransport

__all__ = ["BrowserClock", "FetchTransport", "OpfsDatabase", "OpfsFiles", "WebCryptoKeys"]
