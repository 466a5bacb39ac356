"""A power cut on a real kernel: an ext4 image on a loop device, shut down without its journal being flushed.

FS_IOC_SHUTDOWN with flag 2 (no log flush) drops what only the page cache knows (reliability §0.4). The negative control
runs the same cuts with `synchronous=NORMAL` and photos that are not flushed, and must lose something: else the test
itself would be broken.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from schemas.canonical import sha256_hex
from sync.device import log
from sync.device.check import check
from tests.device.tablets import ACCOUNT, DEVICE, Place, enrolled, inspection, jpeg
from tests.device.test_kill import MOST_LINES, TYPICAL_S, Acked, look, nursery

CYCLES = 60
SOAK_CYCLES = 2_000
CONTROL_CYCLES = 6
CYCLES_AN_IMAGE = 10
IMAGE_BYTES = 96 << 20
# _IOR('X', 125, __u32) and EXT4_GOING_FLAGS_NOLOGFLUSH.
FS_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2

pytestmark = [pytest.mark.root, pytest.mark.xdist_group("power")]


def _run(*words: object) -> None:
    subprocess.run(list(map(str, words)), check=True, capture_output=True)


@contextmanager
def image(folder: Path) -> Iterator[Path]:
    """A fresh ext4 image, not mounted."""
    path = folder / "disk.img"
    with path.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", path)
    try:
        yield path
    finally:
        path.unlink()


@contextmanager
def mounted(path: Path) -> Iterator[Path]:
    point = path.with_name("mnt")
    point.mkdir(exist_ok=True)
    # A long commit interval: what is durable is what was flushed, not what the journal happened to write.
    _run("mount", "-o", "loop,commit=300", path, point)
    try:
        yield point
    finally:
        for _ in range(50):
            if subprocess.run(["umount", str(point)], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)


@pytest.fixture(autouse=True)
def _allowed(memory_path: Path) -> None:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root may mount an image")
    missing = [tool for tool in ("mkfs.ext4", "mount", "umount") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    try:
        with image(memory_path) as path, mounted(path):
            pass
    except subprocess.CalledProcessError as problem:
        pytest.skip(f"no loop mounts here: {problem.stderr.decode(errors='replace').strip()[:100]}")


def cut_power(point: Path) -> None:
    """From here on nothing reaches the image any more, not even what the journal holds."""
    descriptor = os.open(point, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(descriptor)


def one_cut(process: subprocess.Popen[str], point: Path, lines: int, after_s: float, acked: Acked) -> None:
    """Record on the mounted image until the power goes, `after_s` after so many `lines`; what comes later does not
    count."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{point / 'tablet'}\n")
    process.stdin.flush()
    pipe = process.stdout.fileno()
    said = b""
    while said.count(b"\n") <= lines:  # after the writer's birth
        said += os.read(pipe, 65_536)
    cut_at = time.monotonic() + after_s
    while (left_s := cut_at - time.monotonic()) > 0:
        if select.select([pipe], [], [], left_s)[0]:
            said += os.read(pipe, 65_536)
    cut_power(point)
    late = said
    born, *told = said.decode().split("\n")[:-1]
    with suppress(ProcessLookupError):  # it may have met the dead disk first
        os.kill(int(born.split()[1]), signal.SIGKILL)
    while not late.endswith(b"dead\n"):
        late += os.read(pipe, 65_536)
    for line in told:
        acked.note(line)


async def cut_many(memory_path: Path, cycles: int, seed: int) -> None:
    chance = random.Random(seed)
    entries = photos = 0
    for start in range(0, cycles, CYCLES_AN_IMAGE):
        with nursery() as process, image(memory_path) as disk:
            acked = Acked()
            with mounted(disk) as point:
                (await enrolled(Place(point / "tablet"))).close()
            for _ in range(start, min(start + CYCLES_AN_IMAGE, cycles)):
                before = len(acked.entries), len(acked.photos)
                with mounted(disk) as point:
                    one_cut(process, point, chance.randrange(MOST_LINES), chance.expovariate(1 / TYPICAL_S), acked)
                with mounted(disk) as point:
                    tablet = await Place(point / "tablet").open()
                    await look(point / "tablet", tablet, acked)
                    acked.entries = {s.entry().device_seq: s.hash for s in log.own_entries(tablet.database, DEVICE)}
                    tablet.close()
                entries += len(acked.entries) - before[0]
                photos += len(acked.photos) - before[1]
    print(f"{cycles} power cuts, {entries} entries and {photos} photos, none lost")
    assert entries > cycles // 2


async def test_power_cuts_lose_nothing(memory_path: Path) -> None:
    await cut_many(memory_path, CYCLES, 1)


@pytest.mark.soak
async def test_power_cuts_lose_nothing_for_long(memory_path: Path) -> None:
    await cut_many(memory_path, SOAK_CYCLES, random.SystemRandom().getrandbits(32))


async def test_without_flushes_the_same_cuts_lose_something(memory_path: Path) -> None:
    """The negative control: `synchronous=NORMAL`, and photos and copies that are written but not flushed."""
    lost_entries = lost_photos = 0
    for _ in range(CONTROL_CYCLES):
        with nursery("careless") as process, image(memory_path) as disk:
            acked = Acked()
            with mounted(disk) as point:
                (await enrolled(Place(point / "tablet"))).close()
            with mounted(disk) as point:
                one_cut(process, point, 3 * MOST_LINES, 0, acked)
            with mounted(disk) as point:
                tablet = await Place(point / "tablet").open()
                kept = {stored.hash for stored in log.own_entries(tablet.database, DEVICE)}
                lost_entries += len(set(acked.entries.values()) - kept)
                for photo in acked.photos:
                    file = point / "tablet" / "files" / "photos" / photo
                    lost_photos += not file.is_file() or sha256_hex(file.read_bytes()) != photo
                assert (await check(tablet)).entries == len(kept)
                tablet.close()
    print(f"careless: {lost_entries} entries and {lost_photos} photos lost in {CONTROL_CYCLES} cuts")
    assert lost_entries
    assert lost_photos


async def test_each_commit_reaches_the_disk_itself(memory_path: Path) -> None:
    """Flushes that the block device got, by the kernel's own count: at least one for each commit and for each file."""
    with image(memory_path) as disk, mounted(disk) as point:
        device = os.stat(point).st_dev
        counter = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
        if len(counter.read_text().split()) < 17:
            pytest.skip("this kernel does not count flushes (before 5.5)")

        def flushes() -> int:
            return int(counter.read_text().split()[15])

        tablet = await enrolled(Place(point / "tablet"))
        draft = tablet.begin_draft(ACCOUNT, {})
        before = flushes()
        for number in range(20):
            tablet.change_draft(draft.id, {"number": number})
        commits = flushes() - before
        before = flushes()
        for number in range(20):
            await tablet.add_photo(jpeg(number))
        photos = flushes() - before
        before = flushes()
        for _ in range(20):
            await tablet.save(ACCOUNT, inspection())
        saves = flushes() - before
        tablet.database.conn.execute("PRAGMA synchronous=NORMAL")
        before = flushes()
        for number in range(20):
            tablet.change_draft(draft.id, {"number": number})
        careless = flushes() - before
        tablet.close()
    print(f"flushes a draft {commits / 20}, a photo {photos / 20}, a save {saves / 20}; careless {careless / 20}")
    assert commits >= 20
    assert photos >= 40
    assert saves >= 40
    assert careless < 10
