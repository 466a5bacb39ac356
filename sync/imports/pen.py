"""The pen of one chain of an import: a key made for it, and entries put together in canonical order and signed.

A long import has several chains and writes each in a process of its own (`PenProcess`): Python signs in one thread at
a time. Such a process is started afresh, never forked, so it holds no lock, database or key of ours; it ends by itself
when its pipe closes, and with that also when the import is killed. The private key never leaves it.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring
from pathlib import Path
from types import TracebackType
from typing import Protocol, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.ids import key_id

_ROOT = Path(__file__).parents[2]
_SERVE = "from sync.imports.pen import serve; serve()"


@dataclass(frozen=True, slots=True)
class Heading:
    """What all entries of a chain have in common. `genesis` is what the first one names as the entry before it."""

    device: str
    author: str
    auth: str
    now_ms: int
    offset_min: int
    genesis: str


@dataclass(frozen=True, slots=True)
class Said:
    """What entries of one kind say, by column: unit and superseded id as they are, the rest as canonical JSON text."""

    kind: str
    units: list[str]
    about: list[str]
    bodies: list[str]
    supersedes: list[str | None]


@dataclass(frozen=True, slots=True)
class Signed:
    """The entries: their ids, their names (SHA-256) and their canonical bytes."""

    ids: list[str]
    names: list[str]
    data: list[bytes]


class Signer(Protocol):
    """Whoever writes a chain, here or elsewhere."""

    public_key: bytes

    def sign(self, said: Said) -> Signed:
        """The next entries of the chain."""


class Pen:
    """A key and its chain's end, in this process."""

    def __init__(self, heading: Heading) -> None:
        private = Ed25519PrivateKey.generate()
        self._sign = private.sign
        self.public_key = private.public_key().public_bytes_raw()
        self._now_ms, self._batch, self._number, self._head = heading.now_ms, 0, 0, heading.genesis
        instant = f'{{"ms":{heading.now_ms},"offset_min":{heading.offset_min}}}'
        auth, author, device = map(encode_basestring, (heading.auth, heading.author, heading.device))
        self._who = f'"alg":"ed25519","auth":{auth},"author":{author},"body":'
        self._device = f'"checkpoint":null,"device":{device},"device_seq":'
        self._key = f'"key":"{key_id(self.public_key)}","kind":'
        self._when = f'"observed_at":{instant},"prev_hash":'
        self._recorded = f'"recorded_at":{instant},"schema":1'

    def sign(self, said: Said) -> Signed:
        """The next entries. Their text is put together from parts, most of them the same for all, not by an encoder."""
        ids = ids_at(self._now_ms, self._batch, os.urandom(8 * len(said.bodies)))
        self._batch += 1
        tails = _Tails()
        who, device, key, recorded, sign = self._who, self._device, self._key, self._recorded, self._sign
        middle = f'{key}"{said.kind}",{self._when}'
        names: list[str] = []
        made: list[bytes] = []
        rows = zip(ids, said.units, said.about, said.bodies, said.supersedes, strict=True)
        head = self._head
        for number, (entry_id, unit, about, body, superseded) in enumerate(rows, self._number + 1):
            front = (
                f'{{"about":{about},{who}{body},{device}{number},"id":"{entry_id}",{middle}"{head}",{recorded}'
            ).encode()
            tail = tails[superseded, unit]
            data = b'%b,"sig":"%b"%b' % (front, sign(front + tail).hex().encode(), tail)
            head = sha256(data).hexdigest()
            names.append(head)
            made.append(data)
        self._number, self._head = self._number + len(ids), head
        return Signed(ids, names, made)


class PenProcess:
    """A pen in a process of its own. Raises ChildProcessError when that process has ended before its time."""

    def __init__(self, heading: Heading) -> None:
        known = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([str(_ROOT), *([known] if known else [])])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        try:
            self.public_key = cast(bytes, self._asked(heading))
        except BaseException:
            self._process.kill()
            raise

    def sign(self, said: Said) -> Signed:
        """The next entries of the chain."""
        return cast(Signed, self._asked(said))

    def __enter__(self) -> PenProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            self._process.kill()
        self._process.communicate()  # closes its input, which ends it

    def _asked(self, question: object) -> object:
        """One question, one answer, so that neither side ever writes while the other does."""
        told, heard = self._process.stdin, self._process.stdout
        assert told is not None and heard is not None  # noqa: S101  # made with pipes above
        try:
            pickle.dump(question, told, protocol=5)
            told.flush()
            return pickle.load(heard)  # noqa: S301  # of our own process, over a pipe that nobody else has
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise ChildProcessError("the process that signs an import has ended") from error


def serve() -> None:
    """Be the process of a `PenProcess`: a heading, answered by the public key, then what to sign until input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the import, whose end closes our input
    told, heard = sys.stdout.buffer, sys.stdin.buffer
    try:
        pen = Pen(pickle.load(heard))  # noqa: S301  # of the import, over a pipe that nobody else has
        answer: object = pen.public_key
        while True:
            pickle.dump(answer, told, protocol=5)
            told.flush()
            answer = pen.sign(pickle.load(heard))  # noqa: S301  # as above
    except (EOFError, OSError):
        os._exit(0)  # the import is done, or gone; nothing here is worth flushing


def ids_at(now_ms: int, batch: int, random: bytes) -> list[str]:
    """UUIDv7 as `schemas.ids.uuid7` makes them, one for each 8 random bytes, in ascending order.

    All of an import have one time. Where others have 12 bits of chance these have the number of the batch, and a batch
    is sorted, so that a database adds them to an index side by side (RFC 9562 §6.2).

    >>> ids_at(1, 2, bytes(8))
    ['00000000-0001-7002-8000-000000000000']
    """
    moment = f"{max(now_ms, 0) & 0xFFFF_FFFF_FFFF:012x}"
    front, text = f"{moment[:8]}-{moment[8:]}-7{batch & 0xFFF:03x}-", random.hex()
    return sorted(
        f"{front}{_VARIANT[text[at]]}{text[at + 1 : at + 4]}-{text[at + 4 : at + 16]}" for at in range(0, len(text), 16)
    )


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class _Tails(dict[tuple[str | None, str], bytes]):
    """What stands after the signature, by superseded id and unit."""

    def __missing__(self, key: tuple[str | None, str]) -> bytes:
        superseded, unit = key
        said = "null" if superseded is None else encode_basestring(superseded)
        made = f',"supersedes":{said},"unit":{encode_basestring(unit)}}}'.encode()
        if superseded is None:  # a row that changes another has a tail of its own, which nobody asks for again
            self[key] = made
        return made
