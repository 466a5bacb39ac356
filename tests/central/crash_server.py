"""A central for the crash tests, served by a process of its own that may be killed: crash_server.py FOLDER URL PORT."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from sync.central.api.app import create_app
from sync.central.central import Central
from tests.service import settings


def main() -> None:
    """Serve until killed."""
    folder, url, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    central = Central(settings(folder, url, requests_per_minute=10**6, sign_in_per_minute=10**6))
    uvicorn.run(create_app(central), port=port, log_level="critical")


if __name__ == "__main__":
    main()
