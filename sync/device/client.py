"""One sync of a tablet with central: push, photos, pull, parcel states, in that order, each with its own retry.

Whatever is cut, stalled, doubled or answered by a stranger, the next sync goes on where this one stopped: a receipt or
a pulled row with its proof is the only thing that changes what waits. After a lost answer the tablet looks in the log
before it sends again, so what central has already is not sent twice. Login is needed here, never to record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from schemas import merkle
from schemas.canonical import canonical, sha256_hex
from schemas.entries import Disposition, Entry, Kind, LogRow, parse_entry
from schemas.errors import Code, LedgerError
from schemas.protocol import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ENTRIES,
    PROTOCOL,
    CheckpointAnswer,
    MissingPhotosAnswer,
    ParcelStatesAnswer,
    PullAnswer,
    PulledRow,
    PushAnswer,
    Receipt,
    ReceiptStatus,
)
from sync.device import log, parcel_states, records, retry, trust
from sync.device.database import transaction
from sync.device.identity import Identity
from sync.device.line import Line
from sync.device.log import Stored
from sync.device.ports import Transport
from sync.device.store import Tablet
from sync.device.uploads import Uploader

ENTRIES = "entries"
PHOTOS = "photos"
PULL = "pull"
STATES = "states"
_WHATS = (ENTRIES, PHOTOS, PULL, STATES)
_FRAME = len('{"protocol":1,"from_size":,"entries":[]}') + 20


@dataclass(frozen=True)
class SyncReport:
    """What one sync did, for the screen and the tests. `stopped` is why it ended early, if it did."""

    pushed: int = 0
    photos: int = 0
    pulled: int = 0
    waiting_entries: int = 0
    waiting_photos: int = 0
    device_state: str = "active"
    clock_off_ms: int = 0
    stopped: Code | None = None
    next_try_ms: int | None = None
    held: list[str] = field(default_factory=list)


class SyncClient:
    """Syncs one identity's device. One sync runs at a time; calling again waits for it."""

    def __init__(self, tablet: Tablet, transport: Transport, account: str) -> None:
        self._tablet = tablet
        self._identity: Identity = tablet.identity(account)
        self._line = Line(transport, tablet.keys, tablet.clock, self._identity)
        self._uploader = Uploader(tablet, self._line)
        self._running = asyncio.Lock()

    async def sync(self, *, now: bool = False) -> SyncReport:
        """Push, send photos, pull. Network and server trouble is in the report, never raised.

        `now` ignores planned tries. Raises LedgerError only for the tablet's own trouble: DISK_FULL, DATABASE_DAMAGED.
        """
        async with self._running:
            if now:
                await retry.try_now(self._tablet)
            report = SyncReport()
            alarm = trust.open_alarm(self._tablet)
            if alarm is not None:
                return self._closing(replace(report, stopped=alarm))
            steps = (self._push, self._send_photos, self._pull, self._pull_states)
            for what, step in zip(_WHATS, steps, strict=True):
                report = await self._guarded(what, step, report)
                if report.stopped in _HOPELESS:
                    break
            return self._closing(report)

    async def _guarded(
        self, what: str, step: Callable[[SyncReport], Awaitable[SyncReport]], report: SyncReport
    ) -> SyncReport:
        if not retry.due(self._tablet, what):
            return report
        try:
            report = await step(report)
        except LedgerError as error:
            if error.code in (Code.DISK_FULL, Code.DATABASE_DAMAGED):
                raise
            await retry.failed(self._tablet, what, error)
            return replace(report, stopped=error.code)
        await retry.succeeded(self._tablet, what)
        return report

    # -- push ------------------------------------------------------------------------------------------------------

    async def _push(self, report: SyncReport) -> SyncReport:
        session = await self._line.sign_in()
        off = self._tablet.clock.now_ms() - session.server_ms
        report = replace(report, device_state=session.device_state, clock_off_ms=off)
        await self._recover_own(session.high_water)
        while True:
            batch = self._next_batch()
            if not batch:
                return report
            answer = await self._post(batch)
            settled, held = await self._note(batch, answer)
            report = replace(report, pushed=report.pushed + settled, held=report.held + held)
            if settled == 0:
                return report

    async def _recover_own(self, high_water: int) -> None:
        """Look before sending: what central has of this device is fetched, what it lacks waits again.

        Central has more than the device itself where an old backup was restored here; the next number would be given
        out twice, which is a fork. It has numbers that wait here where an answer was lost. It lacks settled ones where
        it went back to a backup.
        """
        device = self._identity.device
        mine = log.head(self._tablet.database, device).device_seq
        waits = log.waiting(self._tablet.database, device, 1)
        if high_water > mine:
            await self._pull_all(after=0)
        elif waits and waits[0].entry().device_seq <= high_water:
            await self._pull_all(int(self._tablet.meta("cursor") or 0))
        if self._settled_from(high_water + 1):
            # Nothing is sent to a log before it has shown that it is still the one that was seen.
            seen = self._tablet.checkpoint()
            path = f"/v1/checkpoint?from_size={seen.size if seen else 0}"
            answer = await self._line.get(path, CheckpointAnswer)
            await trust.believe(self._tablet, self._identity, answer.checkpoint, answer.consistency)
            await self._wait_again(high_water + 1)

    def _settled_from(self, number: int) -> bool:
        query = "SELECT 1 FROM log WHERE own=1 AND device=? AND device_seq>=? AND status IS NOT NULL LIMIT 1"
        found = self._tablet.database.conn.execute(query, [self._identity.device, number]).fetchone()
        return found is not None

    async def _wait_again(self, from_number: int) -> None:
        device = self._identity.device

        def unsettle() -> None:
            with transaction(self._tablet.database) as database:
                log.unsettle(database, device, from_number)
                records.rebuild(database)

        if self._settled_from(from_number):
            await self._change(unsettle)

    def _next_batch(self) -> list[Stored]:
        batch: list[Stored] = []
        size = _FRAME
        most_bytes = min(MAX_BATCH_BYTES, self._line.pace.most_bytes())
        for stored in log.waiting(self._tablet.database, self._identity.device, MAX_BATCH_ENTRIES):
            size += len(stored.data) + 1
            if batch and size > most_bytes:
                break
            batch.append(stored)
        return batch

    async def _post(self, batch: list[Stored]) -> PushAnswer:
        seen = self._tablet.checkpoint()
        head = f'{{"protocol":{PROTOCOL},"from_size":{seen.size if seen else 0},"entries":['
        body = head.encode() + b",".join(stored.data for stored in batch) + b"]}"
        answer = await self._line.post("/v1/entries", body, PushAnswer)
        if len(answer.receipts) != len(batch):
            raise LedgerError(Code.NOT_OUR_ANSWER)
        await trust.believe(self._tablet, self._identity, answer.checkpoint, answer.consistency)
        return answer

    async def _note(self, batch: list[Stored], answer: PushAnswer) -> tuple[int, list[str]]:
        settled = 0
        held: list[str] = []
        gap: int | None = None

        def note() -> None:
            nonlocal settled, gap
            settled = 0
            with transaction(self._tablet.database) as database:
                for stored, receipt in zip(batch, answer.receipts, strict=True):
                    if receipt.entry != stored.hash and receipt.status != ReceiptStatus.INVALID:
                        raise LedgerError(Code.NOT_OUR_ANSWER)
                    log.apply_receipt(database, stored.hash, receipt)
                    settled += receipt.status in log.FINAL
                    if receipt.disposition == Disposition.REFUSED:
                        records.note(database, stored.entry(), receipt.disposition.value)
                    gap = _first_gap(gap, receipt)

        await self._change(note)
        held.extend(r.code or r.status.value for r in answer.receipts if r.status not in log.FINAL)
        if gap is not None and gap < batch[0].entry().device_seq:
            await self._wait_again(gap)
        return settled, held

    # -- photos ----------------------------------------------------------------------------------------------------

    async def _send_photos(self, report: SyncReport) -> SyncReport:
        if report.device_state != "active":
            return report
        await self._ask_missing()
        failed: set[str] = set()
        fault: LedgerError | None = None
        while True:
            photo = next((p for p in self._uploader.waiting(limit=len(failed) + 1) if p.sha256 not in failed), None)
            if photo is None:
                break
            try:
                await self._uploader.send(photo)
                report = replace(report, photos=report.photos + 1)
            except LedgerError as error:
                if error.code not in _ONE_PHOTO:
                    raise
                failed.add(photo.sha256)
                fault = fault or error  # this photo is tried again later; those behind it go now
        if fault is not None:
            raise fault
        return report

    async def _ask_missing(self) -> None:
        """Photos that were sent but are not confirmed: central may have lost them with a restored backup."""
        doubtful = "SELECT 1 FROM photos JOIN listed_photos USING (sha256) WHERE state='uploaded' LIMIT 1"
        if self._tablet.database.conn.execute(doubtful).fetchone() is None:
            return
        missing = (await self._line.get("/v1/photos/missing", MissingPhotosAnswer)).missing

        def again() -> None:
            with transaction(self._tablet.database) as database:
                for sha256 in missing:
                    database.conn.execute(
                        "UPDATE photos SET state='local', upload_path=NULL WHERE sha256=? AND state='uploaded'",
                        [sha256] )

        if missing:
            await self._change(again)

    # -- pull ------------------------------------------------------------------------------------------------------

    async def _pull(self, report: SyncReport) -> SyncReport:
        await self._tablet.space.require_for_pull()
        pulled = await self._pull_all(int(self._tablet.meta("cursor") or 0))
        return replace(report, pulled=report.pulled + pulled)

    async def _pull_all(self, after: int) -> int:
        changed = 0
        while True:
            seen = self._tablet.checkpoint()
            path = f"/v1/entries?after={after}&from_size={seen.size if seen else 0}"
            answer = await self._line.get(path, PullAnswer)
            await trust.believe(self._tablet, self._identity, answer.checkpoint, answer.consistency)
            proven = [(row, *_prove(row, answer)) for row in answer.rows]
            changed += await self._keep(proven, answer.scanned_to)
            if answer.more and answer.scanned_to <= after:
                raise LedgerError(Code.NOT_OUR_ANSWER)
            after = answer.scanned_to
            if not answer.more:
                return changed

    async def _keep(self, proven: list[tuple[PulledRow, Entry, bytes]], scanned_to: int) -> int:
        own_devices = {identity.device for identity in self._tablet.identities()}

        def keep() -> int:
            changed = 0
            with transaction(self._tablet.database) as database:
                for row, entry, data in proven:
                    if log.apply_row(database, row, entry, data, own=entry.device in own_devices):
                        records.note(database, entry, row.disposition.value)
                        changed += 1
                    if row.disposition == Disposition.ACCEPTED:
                        _take_central_word(self._tablet, entry)
                cursor = max(scanned_to, int(self._tablet.meta("cursor") or 0))
                self._tablet.set_meta("cursor", str(cursor))
            return changed

        return await self._tablet.with_room(keep)

    # -- parcel states ---------------------------------------------------------------------------------------------

    async def _pull_states(self, report: SyncReport) -> SyncReport:
        """What central computes of the parcels, after the entries: a cache, and the least urgent of all."""
        account = self._identity.account
        while True:
            after = parcel_states.cursor(self._tablet, account)
            answer = await self._line.get(f"/v1/parcel-states?after={after}", ParcelStatesAnswer)
            if answer.more and answer.scanned_to <= after:
                raise LedgerError(Code.NOT_OUR_ANSWER)
            if await self._keep_states(account, answer) and not answer.more:
                return report

    async def _keep_states(self, account: str, answer: ParcelStatesAnswer) -> bool:
        def keep() -> bool:
            with transaction(self._tablet.database):
                return parcel_states.keep(self._tablet, account, answer)

        return await self._tablet.with_room(keep)

    async def _change(self, change: Callable[[], object]) -> None:
        await self._tablet.with_room(change)

    def _closing(self, report: SyncReport) -> SyncReport:
        photos = self._tablet.database.conn.execute("SELECT count(*) FROM photos WHERE state='local'").fetchone()[0]
        planned = [retry.next_try_ms(self._tablet, what) for what in _WHATS]
        times = [at for at in planned if at is not None]
        return replace(
            report,
            waiting_entries=log.waiting_count(self._tablet.database),
            waiting_photos=photos,
            next_try_ms=min(times) if times else None,
        )


_HOPELESS = frozenset(
    {
        Code.NO_ANSWER,
        Code.NOT_OUR_ANSWER,
        Code.LOG_REWRITTEN,
        Code.LOG_ROLLED_BACK,
        Code.CHECKPOINT_INVALID,
        Code.DEVICE_REVOKED,
        Code.ACCOUNT_DISABLED,
        Code.PROTOCOL_UNSUPPORTED,
        Code.KEY_UNKNOWN,
    }
)
"""After these the other steps of a sync would meet the same."""

_ONE_PHOTO = frozenset(
    {
        Code.PHOTO_NOT_FOUND,
        Code.PHOTO_TRUNCATED,
        Code.PHOTO_HASH_MISMATCH,
        Code.PHOTO_TOO_LARGE,
        Code.UPLOAD_NOT_FOUND,
        Code.UPLOAD_CHECKSUM_MISMATCH,
        Code.UPLOAD_METADATA_INVALID,
    }
)
"""Trouble of one photo, which must not hold up the others."""


def _prove(row: PulledRow, answer: PullAnswer) -> tuple[Entry, bytes]:
    """The entry of a pulled row, once its bytes, its verdict and its place are proven against the checkpoint."""
    data = canonical(row.entry)
    leaf = LogRow(
        seq=row.seq,
        entry=sha256_hex(data),
        received_ms=row.received_ms,
        disposition=row.disposition,
        reason=row.reason,
    )
    hashed = merkle.leaf_hash(leaf.leaf_data())
    path = [bytes.fromhex(value) for value in row.proof]
    root = bytes.fromhex(answer.checkpoint.root)
    if not merkle.verify_inclusion(hashed, row.seq - 1, answer.checkpoint.size, path, root):
        raise LedgerError(Code.PROOF_INVALID, seq=row.seq)
    return parse_entry(row.entry), data


def _take_central_word(tablet: Tablet, said: Entry) -> None:
    """What central's own chain says about entries of this tablet: photos that are held, entries that were let in."""
    if said.kind == Kind.EVIDENCE:
        for sha256 in _texts(said.body.get("photos")):
            tablet.database.conn.execute(
                "UPDATE photos SET state='confirmed' WHERE sha256=? AND state IN ('local', 'uploaded')", [sha256]
            )
    elif said.kind == Kind.DEVICE and said.body.get("action") == "admit":
        for stored in log.admit(tablet.database, _texts(said.body.get("entries"))):
            records.note(tablet.database, stored.entry(), None)


def _texts(value: JsonValue) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _first_gap(known: int | None, receipt: Receipt) -> int | None:
    if receipt.status != ReceiptStatus.GAP or receipt.expected is None:
        return known
    return receipt.expected if known is None else min(known, receipt.expected)
