"""A process of its own that records on a tablet without pause and says what was acknowledged; made to be killed.

    python -m tests.device.kill_writer FOLDER        records until it is killed
    python -m tests.device.kill_writer -             forks a writer for each folder on stdin: imports once
    python -m tests.device.kill_writer - careless    the same without flushes, which must lose something

Each line on stdout is one call that returned: `photo HASH`, `draft ID NUMBER`, `entry SEQ HASH`. The nursery adds
`writer PID` before and `dead` after.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import NoReturn

from schemas.entries import entry_hash
from tests.device.tablets import ACCOUNT, Place, inspection, jpeg


def say(*words: object) -> None:
    """One line in one write, so that lines of two processes never mix and nothing waits in a buffer."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def record(folder: Path) -> None:
    """Draft, photograph and save, for ever."""
    tablet = await Place(folder).open()
    chance = random.Random(os.urandom(8))
    while True:
        draft = tablet.begin_draft(ACCOUNT, {"number": 0})
        say("draft", draft.id, 0)
        photos = {}
        for number in range(1, chance.randrange(1, 4)):
            data = jpeg(chance.getrandbits(60), chance.choice([400, 5_000, 300_000]))
            photos[await tablet.add_photo(data, draft.id)] = len(data)
            say("photo", *list(photos)[-1:])
            tablet.change_draft(draft.id, {"number": number})
            say("draft", draft.id, number)
        entry = await tablet.save(ACCOUNT, inspection(photos, id=draft.id))
        say("entry", entry.device_seq, entry_hash(entry))


def make_careless() -> None:
    """For the negative control: commits that stay in the page cache, and files that nobody flushes."""
    from sync.device import database
    from sync.device.native import durable

    careful = database._PRAGMAS
    database._PRAGMAS = tuple(
        ("synchronous", "NORMAL", 1) if name == "synchronous" else (name, value, expected)
        for name, value, expected in careful
    )
    durable.flush = lambda descriptor: None  # type: ignore[assignment]


def nursery() -> NoReturn:
    """Fork a writer for each folder on stdin; wait for its death before the next."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            say("writer", os.getpid())
            try:
                asyncio.run(record(Path(line.strip())))
            except BaseException as error:
                say("failed", repr(error))
                os._exit(1)
        os.waitpid(child, 0)
        say("dead")
    sys.exit()


if __name__ == "__main__":
    if sys.argv[2:] == ["careless"]:
        make_careless()
    if sys.argv[1] == "-":
        nursery()
    asyncio.run(record(Path(sys.argv[1])))
