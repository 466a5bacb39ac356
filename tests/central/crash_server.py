"""Central for the crash tests: a nursery that has everything imported and forks servers that may be killed.

Each line on standard input is a port; the answer is the process id of a server that listens there. Forking from here
takes milliseconds where a new interpreter takes seconds. Arguments: FOLDER URL.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import uvicorn

from sync.central.api.app import create_app
from sync.central.central import Central
from tests.service import settings


def main() -> None:
    """Fork a server for each line; the kernel reaps them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    folder, url = Path(sys.argv[1]), sys.argv[2]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve(folder, url, int(line))
            os._exit(0)
        print(child, flush=True)


def _serve(folder: Path, url: str, port: int) -> None:
    central = Central(settings(folder, url, requests_per_minute=10**6, sign_in_per_minute=10**6))
    uvicorn.run(create_app(central), port=port, log_level="critical")


if __name__ == "__main__":
    main()
