"""kill -9 at random moments: whatever was acknowledged is there and whole, and nothing is there by half.

A kill proves nothing about batteries (all SQLite modes survive it, reliability §0.2); test_power_cut.py does that.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from schemas.canonical import sha256_hex
from sync import checker
from sync.checker import World, read_tablet
from sync.device import log
from sync.device.check import check
from sync.device.store import Tablet
from tests.device.tablets import ACCOUNT, DEVICE, Place, enrolled

CYCLES = 200
SOAK_CYCLES = 5_000
CYCLES_A_FOLDER = 5
MOST_LINES = 14
"""Of one writer: some three entries."""
TYPICAL_S = 0.004


@dataclass
class Acked:
    """What writers in one folder said before they were killed."""

    entries: dict[int, str] = field(default_factory=dict)
    photos: set[str] = field(default_factory=set)
    drafts: dict[str, int] = field(default_factory=dict)

    def note(self, line: str) -> None:
        what, *words = line.split()
        if what == "entry":
            self.entries[int(words[0])] = words[1]
        elif what == "photo":
            self.photos.add(words[0])
        elif what == "draft":
            self.drafts[words[0]] = int(words[1])
        else:
            raise AssertionError(line)


@contextmanager
def nursery(*how: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has imported everything and forks a writer for each folder that it is told."""
    command = [sys.executable, "-m", "tests.device.kill_writer", "-", *how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def one_kill(process: subprocess.Popen[str], folder: Path, chance: random.Random, acked: Acked) -> None:
    """Let a writer record in `folder` and kill it a moment after some line of its own, or while it starts.

    Counting lines, not seconds, makes the kills fall everywhere on a slow machine too.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{folder}\n")
    process.stdin.flush()
    born = process.stdout.readline().split()
    assert born[0] == "writer"
    for _ in range(chance.randrange(MOST_LINES)):
        acked.note(process.stdout.readline())
    time.sleep(chance.expovariate(1 / TYPICAL_S))
    os.kill(int(born[1]), signal.SIGKILL)
    for line in process.stdout:
        if line == "dead\n":
            return
        acked.note(line)
    raise AssertionError("the nursery died")


async def look(folder: Path, tablet: Tablet, acked: Acked) -> None:
    """Everything acknowledged is there and whole; nothing is there by half; the next number is right."""
    saved = [
        {"what": "saved", "entry": name, "device": DEVICE, "device_seq": number, "photos": []}
        for number, name in acked.entries.items()
    ]
    assert not checker.check(World(tablets=[read_tablet(folder, tablet.database.conn)], acks=saved))
    own = {stored.entry().device_seq: stored for stored in log.own_entries(tablet.database, DEVICE)}
    assert {number: own[number].hash for number in acked.entries} == acked.entries
    for photo in acked.photos:
        assert sha256_hex(await tablet.files.read(f"photos/{photo}")) == photo
    ids = {stored.entry().id for stored in own.values()}
    drafts = {draft.id: draft.content["number"] for draft in tablet.drafts(ACCOUNT)}
    for draft, number in acked.drafts.items():
        assert draft in ids or int(str(drafts[draft])) >= number
    assert not ids & set(drafts)
    report = await check(tablet)
    assert report.sound, report.faults
    assert report.copies == report.entries == len(own)
    assert sorted(own) == list(range(1, len(own) + 1))


async def kill_many(folder: Path, cycles: int, seed: int) -> None:
    chance = random.Random(seed)
    entries = photos = unacked = 0
    with nursery() as process:
        for cycle in range(cycles):
            if cycle % CYCLES_A_FOLDER == 0:
                place, acked = Place(folder / str(cycle)), Acked()
                (await enrolled(place)).close()
            before = len(acked.entries), len(acked.photos)
            one_kill(process, place.folder, chance, acked)
            tablet = await place.open()
            await look(place.folder, tablet, acked)
            unacked += log.head(tablet.database, DEVICE).device_seq - max(acked.entries, default=0) > 0
            # What a dead writer left unacknowledged is part of the log from now on.
            acked.entries = {s.entry().device_seq: s.hash for s in log.own_entries(tablet.database, DEVICE)}
            entries += len(acked.entries) - before[0]
            photos += len(acked.photos) - before[1]
            tablet.close()
    print(f"{cycles} kills, {entries} entries and {photos} photos, none lost; {unacked} kills before an answer")
    assert entries > cycles // 2


async def test_kill_at_random_points(memory_path: Path) -> None:
    await kill_many(memory_path, CYCLES, 1)


@pytest.mark.soak
async def test_kill_at_random_points_for_long(memory_path: Path) -> None:
    await kill_many(memory_path, SOAK_CYCLES, random.SystemRandom().getrandbits(32))
