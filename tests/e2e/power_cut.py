"""A disk whose power can be cut: ext4 on a loop device and FS_IOC_SHUTDOWN, which drops all unsynced writes."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FS_IOC_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = 2
_UNMOUNT_TRIES = 40


class Disk:
    """A small ext4 disk, mounted at `folder`; needs root."""

    def __init__(self, place: Path, size_bytes: int = 400 << 20) -> None:
        self.folder = place / "disk"
        self._image = place / "disk.img"
        self.folder.mkdir()
        with self._image.open("wb") as image:
            image.truncate(size_bytes)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(self._image))
        self.mount()

    def mount(self) -> None:
        """Mount it, which replays the journal as after a power cut."""
        _run("mount", "-o", "loop", str(self._image), str(self.folder))

    def cut(self) -> None:
        """Cut the power: from now on nothing reaches the disk, and reads fail."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _FS_IOC_SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        """Unmount it, waiting for programs that still hold files open to end."""
        for _ in range(_UNMOUNT_TRIES):
            if subprocess.run(["umount", str(self.folder)], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.25)
        _run("umount", "-l", str(self.folder))


@contextmanager
def disk(place: Path) -> Iterator[Disk]:
    """A mounted disk below `place`, gone at the end."""
    made = Disk(place)
    try:
        yield made
    finally:
        made.unmount()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
