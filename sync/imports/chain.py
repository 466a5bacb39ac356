"""Entries of an import, signed and hashed before anybody's lock is taken: on chains of their own.

Central's own chain moves while a long import signs, so an import cannot prepare links of it. It gets its own chains
instead: each under a key made for it, which central's chain enrols for the account and revokes in the same transaction,
and which nobody holds afterwards. An entry names the one before it, so one chain is signed by one thread; two chains
keep two processors busy. The first entry of the first chain says what was imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from importlib import metadata

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue

from schemas.canonical import canonical, parse_json, sha256_hex
from schemas.entries import GENESIS_HASH, Kind, entry_bytes, parse_entry
from schemas.errors import Code, LedgerError
from schemas.ids import key_id, uuid7
from schemas.register_fields import check_register
from sync.central.central import Caller
from sync.central.writer import BEIJING_MIN, ReadyEntry
from sync.imports.cells import encoded
from sync.imports.plan import ImportPlan

_WORTH_A_CHAIN = 2000
_MOST_CHAINS = 4
_TOLD_EVERY = 5000


@dataclass(frozen=True)
class Chain:
    """A device of an import with its key's public half and all its entries, in order."""

    device: str
    public_key: bytes
    entries: Sequence[ReadyEntry]

    @property
    def key(self) -> str:
        """The key's id."""
        return key_id(self.public_key)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one entry says, as canonical JSON text."""

    kind: str
    unit: str
    about: str
    body: str
    supersedes: str | None


def signed_chains(
    plan: ImportPlan, caller: Caller, now_ms: int, today: date, done: Callable[[int, int], None]
) -> list[Chain]:
    """The plan's entries by `caller` as of `now_ms`, on as many chains as pay; `done(count, total)` as they come."""
    batch = os.urandom(6).hex()
    count = len(plan.drafts.rows)
    chains = max(1, min(_MOST_CHAINS, os.cpu_count() or 1, count // _WORTH_A_CHAIN))
    supersedes = {change.index: change.supersedes for change in plan.changed}
    bounds = [count * number // chains for number in range(chains + 1)]
    so_far = [0] * chains

    def sign(number: int) -> Chain:
        said = _rows(plan, supersedes, range(bounds[number], bounds[number + 1]))
        head = [_head(plan, caller, f"import-{batch}", today)] if number == 0 else []
        chain = _Pen(f"import-{batch}-{number + 1}", caller, now_ms)
        made: list[ReadyEntry] = []
        for item in (*head, *said):
            made.append(chain.sign(item))
            if len(made) % _TOLD_EVERY == 0:
                so_far[number] = len(made)
                done(sum(so_far), count)
        chain.check(made)
        return Chain(chain.device, chain.public_key, made)

    with ThreadPoolExecutor(chains) as pool:
        return list(pool.map(sign, range(chains)))


class _Pen:
    """A key made for one chain, and that chain's end."""

    def __init__(self, device: str, caller: Caller, now_ms: int) -> None:
        private = Ed25519PrivateKey.generate()
        self._sign = private.sign
        self.device = device
        self.public_key = private.public_key().public_bytes_raw()
        self._author, self._now_ms = caller.account, now_ms
        self._number, self._head = 0, GENESIS_HASH
        instant = encoded({"ms": now_ms, "offset_min": BEIJING_MIN})
        self._who = f'"alg":"ed25519","auth":{encoded(caller.auth)},"author":{encoded(caller.account)}'
        self._device = f'"checkpoint":null,"device":{encoded(device)}'
        self._key = f'"key":"{key_id(self.public_key)}"'
        self._when = f'"observed_at":{instant}'
        self._recorded = f'"recorded_at":{instant},"schema":1'

    def sign(self, said: _Said) -> ReadyEntry:
        """The next entry. Its text is put together in canonical order, without the encoder."""
        self._number += 1
        entry_id = uuid7(self._now_ms, os.urandom(10))
        front = (
            f'{{"about":{said.about},{self._who},"body":{said.body},{self._device},"device_seq":{self._number},'
            f'"id":"{entry_id}",{self._key},"kind":"{said.kind}",{self._when},"prev_hash":"{self._head}",{self._recorded}'
        ).encode()
        tail = f',"supersedes":{encoded(said.supersedes)},"unit":{encoded(said.unit)}}}'.encode()
        data = b'%b,"sig":"%b"%b' % (front, self._sign(front + tail).hex().encode(), tail)
        self._head = sha256_hex(data)
        return ReadyEntry(
            entry_id, said.kind, said.unit, self._author, self._number, said.supersedes, self._head, data
        )

    def check(self, made: Sequence[ReadyEntry]) -> None:
        """Read the ends back as anybody would. Raises BODY_INVALID, which means that the template here is wrong."""
        for ready in (made[0], made[-1]) if made else ():
            if entry_bytes(parse_entry(parse_json(ready.data))) != ready.data:
                raise LedgerError(Code.BODY_INVALID, where="$: not in canonical form")


def _rows(plan: ImportPlan, supersedes: dict[int, str], chosen: range) -> Iterator[_Said]:
    drafts, kind = plan.drafts, plan.form.kind.value
    for index in chosen:
        yield _Said(kind, drafts.units[index], drafts.about[index], drafts.bodies[index], supersedes.get(index))


def _head(plan: ImportPlan, caller: Caller, batch: str, today: date) -> _Said:
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
    return _Said(Kind.REGISTER.value, units[0], "[]", body.decode(), None)
