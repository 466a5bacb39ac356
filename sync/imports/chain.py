"""Entries of an import, signed and hashed before anybody's lock is taken: on chains of their own.

Central's own chain moves while a long import signs, so an import cannot prepare links of it. It gets its own chains
instead: each under a key made for it, which central's chain enrols for the account and revokes in the same transaction,
and which nobody holds afterwards. An entry names the one before it, so one chain is signed by one process; as many
chains as there are processors keep these busy. The first entry of the first chain says what was imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from importlib import metadata

from pydantic import JsonValue

from schemas.canonical import canonical, parse_json
from schemas.entries import GENESIS_HASH, Kind, entry_bytes, parse_entry
from schemas.errors import Code, LedgerError
from schemas.ids import key_id
from schemas.register_fields import check_register
from sync.central.central import Caller
from sync.central.ready import ReadyRun
from sync.central.writer import BEIJING_MIN
from sync.imports.pen import Heading, Pen, PenProcess, Said, Signer
from sync.imports.planned import ImportPlan

_WORTH_A_CHAIN = 2000
_MOST_CHAINS = 4
_AT_A_TIME = 2500


@dataclass(frozen=True)
class Chain:
    """All entries of one device of an import, in order, and its key's public half."""

    public_key: bytes
    run: ReadyRun

    @property
    def device(self) -> str:
        """The device that stands for this chain."""
        return self.run.device

    @property
    def key(self) -> str:
        """The key's id."""
        return key_id(self.public_key)


def signed_chains(
    plan: ImportPlan, caller: Caller, now_ms: int, today: date, done: Callable[[int, int], None]
) -> list[Chain]:
    """The plan's entries by `caller` as of `now_ms`, on as many chains as pay; `done(count, total)` as they come.

    Raises ChildProcessError where a signing process ended; nothing was appended then.
    """
    batch = os.urandom(6).hex()
    count = len(plan.drafts.rows)
    chains = max(1, min(_MOST_CHAINS, os.cpu_count() or 1, count // _WORTH_A_CHAIN))
    supersedes = {change.index: change.supersedes for change in plan.changed}
    bounds = [count * number // chains for number in range(chains + 1)]
    so_far = [0] * chains

    def write(number: int) -> Chain:
        heading = Heading(
            f"import-{batch}-{number + 1}", caller.account, caller.auth, now_ms, BEIJING_MIN, GENESIS_HASH
        )
        with ExitStack() as stack:
            # One chain is not worth another process.
            pen: Signer = Pen(heading) if chains == 1 else stack.enter_context(PenProcess(heading))
            made = _Made(heading)
            if number == 0:
                made.take(pen, _head(plan, caller, f"import-{batch}", today))
            for start in range(bounds[number], bounds[number + 1], _AT_A_TIME):
                stop = min(start + _AT_A_TIME, bounds[number + 1])
                made.take(pen, _rows(plan, supersedes, start, stop))
                so_far[number] += stop - start
                done(sum(so_far), count)
            made.check()
            return Chain(pen.public_key, made.run())

    with ThreadPoolExecutor(chains) as pool:
        return list(pool.map(write, range(chains)))


class _Made:
    """A chain as it grows."""

    def __init__(self, heading: Heading) -> None:
        self._heading = heading
        self._kinds: list[str] = []
        self._units: list[str] = []
        self._supersedes: list[str | None] = []
        self._ids: list[str] = []
        self._names: list[str] = []
        self._data: list[bytes] = []

    def take(self, pen: Signer, said: Said) -> None:
        """Have the next entries signed."""
        signed = pen.sign(said)
        self._kinds += [said.kind] * len(said.units)
        self._units += said.units
        self._supersedes += said.supersedes
        self._ids += signed.ids
        self._names += signed.names
        self._data += signed.data

    def check(self) -> None:
        """Read the ends back as anybody would. Raises BODY_INVALID, which means that the pen's template is wrong."""
        for data in (self._data[0], self._data[-1]) if self._data else ():
            if entry_bytes(parse_entry(parse_json(data))) != data:
                raise LedgerError(Code.BODY_INVALID, where="$: not in canonical form")

    def run(self) -> ReadyRun:
        """All of it."""
        return ReadyRun(
            self._heading.device, self._heading.author, 1, self._kinds, self._units, self._ids, self._supersedes,
            self._names, self._data,
        )  # fmt: skip


def _rows(plan: ImportPlan, supersedes: dict[int, str], start: int, stop: int) -> Said:
    drafts, chosen = plan.drafts, slice(start, stop)
    superseded = [supersedes.get(index) for index in range(start, stop)]
    return Said(plan.form.kind.value, drafts.units[chosen], drafts.about[chosen], drafts.bodies[chosen], superseded)


def _head(plan: ImportPlan, caller: Caller, batch: str, today: date) -> Said:
    """What was imported, as the register says it: file, mapping, and how many rows went where."""
    said: dict[str, JsonValue] = {
        "kind": plan.form.name, "file_sha256": plan.sha256, "file_bytes": plan.bytes,
        "baseline_sha256": plan.baseline_sha256, "mapping_edition": plan.mapping_edition,
        "mapping_sha256": plan.mapping_sha256, "software": f"greenbelt-ledger {metadata.version('greenbelt-ledger')}",
        "new": plan.new, "changed": len(plan.changed), "unchanged": plan.unchanged, "parked": len(plan.parked),
    }  # fmt: skip
    check_register("import", said)
    body = canonical({"subtype": "import", "row": batch, "on": today.isoformat(), "geometry": None, "fields": said})
    units = sorted(set(plan.drafts.units) & caller.units) or sorted(caller.units)
    return Said(Kind.REGISTER.value, [units[0]], ["[]"], [body.decode()], [None])
