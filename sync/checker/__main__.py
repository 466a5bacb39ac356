"""The checker as a command: prints every violation and ends with 1 where there is one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sync.checker import World, check, queues_not_empty, read_acks, read_central, read_tablet


def main(arguments: list[str] | None = None) -> int:
    """Read what is named, check it, say what was found."""
    parser = argparse.ArgumentParser(prog="python -m sync.checker", description=__doc__)
    parser.add_argument("--central", help="central's data directory, or its database URL")
    parser.add_argument("--photos", type=Path, help="central's folder of photos, where --central is a URL")
    parser.add_argument("--tablet", type=Path, nargs="*", default=[], help="directories of tablets (db/, files/)")
    parser.add_argument("--acks", type=Path, nargs="*", default=[], help="acknowledgement logs, JSON lines")
    parser.add_argument("--drained", action="store_true", help="faults have stopped: every queue must be empty (I14)")
    asked = parser.parse_args(arguments)
    if asked.central and "://" in asked.central and asked.photos is None:
        parser.error("--central with a URL needs --photos")
    world = World(
        central=read_central(asked.central, asked.photos) if asked.central else None,
        tablets=[read_tablet(home) for home in asked.tablet],
        acks=read_acks(asked.acks),
    )
    found = check(world) + (queues_not_empty(world) if asked.drained else [])
    sys.stdout.writelines(f"{violation}\n" for violation in found)
    rows = len(world.central.rows) if world.central else 0
    sys.stdout.write(f"{len(found)} violations; {rows} rows, {len(world.tablets)} tablets, {len(world.acks)} lines\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
