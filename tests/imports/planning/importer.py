"""One import in a process of its own, to be killed: `python -m tests.imports.planning.importer FOLDER FILE STEP`.

It says each step and stands still at STEP (`sign`, `write 6001`, `committed 0`), so that whoever kills it decides
where, however slow the machine is. Where STEP is empty it runs to its end.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sync.central.central import Central
from sync.imports.commit import commit_import
from sync.imports.plan import plan_import
from tests.imports.planning.kit import request
from tests.service import settings


def main(folder: str, file: str, stop_at: str) -> None:
    """Import, and say each step."""
    central = Central(settings(Path(folder)))
    with central.store.read() as connection:
        who = central.caller(connection, "district-1", "cli", None, None)

    def told(step: str, done: int, _total: int) -> None:
        print(step, done, flush=True)
        while stop_at in (step, f"{step} {done}"):
            time.sleep(60)  # until it is killed

    commit_import(central, who, plan_import(central, who, request(Path(file)), told), told)
    told("committed", 0, 0)
    central.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
