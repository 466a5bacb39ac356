"""One import in a process of its own, to be killed: `python -m tests.imports.planning.importer FOLDER FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from sync.central.central import Central
from sync.imports.commit import commit_import
from sync.imports.plan import plan_import
from tests.imports.planning.kit import request
from tests.service import settings


def main(folder: str, file: str) -> None:
    """Import and say each step, so that whoever kills knows where it is."""
    central = Central(settings(Path(folder)))
    with central.store.read() as connection:
        who = central.caller(connection, "district-1", "cli", None, None)

    def told(step: str, done: int, _total: int) -> None:
        print(step, done, flush=True)

    commit_import(central, who, plan_import(central, who, request(Path(file)), told), told)
    print("committed", 0, flush=True)
    central.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
