"""Entries that were signed, named and admitted before the log's lock was taken, in columns, as an import has them.

A long import holds the lock for little more than the database's own work: what is left per row is its leaf, which
covers its place in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from schemas.entries import Disposition


@dataclass(frozen=True, slots=True)
class ReadyRun:
    """Neighbours on the chain of `device`, the first under `first_number`: canonical bytes and what stands beside them.

    They list no photos and change no device.
    """

    device: str
    author: str
    first_number: int
    kinds: Sequence[str]
    units: Sequence[str]
    ids: Sequence[str]
    supersedes: Sequence[str | None]
    names: Sequence[str]
    data: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def last_number(self) -> int:
        """The number of the last entry on its chain."""
        return self.first_number + len(self) - 1

    def part(self, start: int, stop: int) -> ReadyRun:
        """Those from `start` up to, not including, `stop`."""
        chosen = slice(start, stop)
        return ReadyRun(
            self.device, self.author, self.first_number + start, self.kinds[chosen], self.units[chosen],
            self.ids[chosen], self.supersedes[chosen], self.names[chosen], self.data[chosen],
        )  # fmt: skip

    def columns(self, first_seq: int, received_ms: int) -> Mapping[str, Sequence[object]]:
        """The columns of the table `entries`, all accepted, from row `first_seq` on."""
        count = len(self)
        return {
            "seq": range(first_seq, first_seq + count), "entry_hash": self.names, "id": self.ids, "kind": self.kinds,
            "unit": self.units, "author": [self.author] * count, "device": [self.device] * count,
            "device_seq": range(self.first_number, self.first_number + count), "numbered": [1] * count,
            "supersedes": self.supersedes, "received_ms": [received_ms] * count,
            "disposition": [Disposition.ACCEPTED.value] * count, "reason": [None] * count, "bytes": self.data,
        }  # fmt: skip

    def leaves(self, first_seq: int, received_ms: int) -> list[bytes]:
        """The Merkle leaves of these rows: `leaf_hash(LogRow.leaf_data())` without the encoder.

        Names of a leaf's fields are in order and nothing in it needs escaping.
        """
        middle = f'","reason":null,"received_ms":{received_ms},"seq":'
        return [
            sha256(f'\0{{"disposition":"accepted","entry":"{name}{middle}{seq}}}'.encode()).digest()
            for seq, name in enumerate(self.names, first_seq)
        ]
