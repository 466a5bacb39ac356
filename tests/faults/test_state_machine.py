"""Everything that may happen to some tablets and a central, in any order, by hypothesis; the checker after every step.

Real stores and the real HTTP layer, a faulty line between them, one simulated time. A failing run prints its steps and
a `@reproduce_failure` line: put that above `_Search` to replay it (the quick profile replays the same runs anyway).
`make soak` searches anew with 2,000 runs of 100 steps.
"""

from __future__ import annotations

import asyncio
import atexit
import random
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.entries import Entry, entry_hash
from schemas.errors import Code, LedgerError
from sync.central.api.app import create_app
from sync.central.central import Central
from sync.central.verify import verify_log
from sync.device import log, retry, trust
from sync.device.ports import Answer, Request
from tests.faults.asgi import AsgiTransport
from tests.faults.field import (
    START_MS,
    UNITS,
    YEAR_MS,
    District,
    Handset,
    TabletClock,
    WorldTime,
    copy_folder,
    declare_restore,
    forget,
    inspector,
    jpeg,
    new_district,
    new_handset,
    record,
    reopen,
    review,
    synced,
    waiting,
)
from tests.service import settings as central_settings

QUICK_RUNS, QUICK_STEPS = 15, 30
TRIES = 20
HANDS = [(UNITS[0], 1), (UNITS[0], 2), (UNITS[1], 1)]
DISK = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
which = st.integers(0, len(HANDS) - 1)


class FaultyLine:
    """Drops a request on the way there or the answer on the way back, or delivers a request twice."""

    def __init__(self, inner: AsgiTransport) -> None:
        self._inner = inner
        self.faults: list[str] = []

    async def send(self, request: Request) -> Answer:
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "drop":
            raise LedgerError(Code.NO_ANSWER)
        answer = await self._inner.send(request)
        if fault == "double":
            answer = await self._inner.send(request)
        if fault == "lose":
            raise LedgerError(Code.NO_ANSWER)
        if fault == "portal":
            return Answer(200, {"content-type": "text/html"}, b"<html>sign in</html>")
        return answer


@lru_cache(maxsize=1)
def _template() -> Path:
    """A fresh central with its accounts, made once and copied for every run."""
    folder = Path(tempfile.mkdtemp(prefix="machine-", dir=DISK))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    new_district(folder, WorldTime()).central.close()
    return folder / "central"


class _Search(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="run-", dir=DISK))
        self.time = WorldTime(START_MS + 60_000)
        self.chance = random.Random(1)
        shutil.copytree(_template(), self.folder / "central")
        self.district = District(self.folder / "central", self._open_central())
        self.app = create_app(self.district.central)
        self.handsets: list[Handset] = []
        self.lines: list[FaultyLine] = []
        self.backups: dict[int, tuple[Path, str]] = {}
        self.central_backup: int | None = None
        self.reinstalls = 0
        self.expected_alarms: set[int] = set()

    def _open_central(self) -> Central:
        wanted = central_settings(self.folder / "central", requests_per_minute=10**6, sign_in_per_minute=10**6)
        return Central(wanted, clock=self.time.now)

    def run(self, work: Any) -> Any:
        """Run a coroutine to its end."""
        return self.loop.run_until_complete(work)

    # -- what people do ---------------------------------------------------------------------------------------------

    @initialize()
    def hand_out(self) -> None:
        for number, (unit, which_one) in enumerate(HANDS):
            line = FaultyLine(AsgiTransport(lambda: self.app))
            clock = TabletClock(self.time, number)
            home, account = self.folder / f"t{number}", inspector(unit, which_one)
            self.handsets.append(self.run(new_handset(self.district, home, account, unit, line, clock)))
            self.lines.append(line)
        for at in range(len(HANDS)):
            self.record(at, 1)
            self._sync(at)

    @rule(at=which, photos=st.integers(0, 2))
    def record(self, at: int, photos: int) -> None:
        data = [jpeg(self.chance, 200 + self.chance.randrange(200)) for _ in range(photos)]
        self.run(record(self.district, self.handsets[at], data))

    @rule(at=which, pick=st.integers(0, 9), photos=st.integers(0, 1))
    def revise(self, at: int, pick: int, photos: int) -> None:
        """A new version of a record, over the head that this tablet sees; two tablets of a unit make a branch so."""
        handset = self.handsets[at]
        query = "SELECT heads FROM records ORDER BY root"
        heads = [row[0] for row in handset.tablet.database.conn.execute(query).fetchall()]
        if not heads:
            return
        head = heads[pick % len(heads)].strip("[]").replace('"', "").split(", ")[0]
        data = [jpeg(self.chance, 300) for _ in range(photos)]
        self.run(record(self.district, handset, data, "again", supersedes=head))

    @rule(pick=st.integers(0, 9), outcome=st.sampled_from(["approve", "return", "reject", "withdraw"]))
    def decide(self, pick: int, outcome: str) -> None:
        """The desk decides on a version that it has."""
        with self.district.central.store.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT id, unit FROM entries WHERE kind='inspection' AND disposition='accepted' ORDER BY seq"
            ).all()
        if not rows:
            return
        entry_id, unit = rows[pick % len(rows)]
        kind, body = ("withdrawal", {"cause": "error"}) if outcome == "withdraw" else ("review", review(outcome))
        self.district.decide(f"sup-{unit.lower()}", kind, unit, entry_id, entry_id, body)

    @rule(at=which)
    def sync(self, at: int) -> None:
        self._sync(at)

    @rule(at=which, faults=st.lists(st.sampled_from(["none", "none", "drop", "lose", "double", "portal"]), max_size=10))
    def sync_badly(self, at: int, faults: list[str]) -> None:
        self.lines[at].faults = list(faults)
        self._sync(at)
        self.lines[at].faults = []

    @rule()
    def sync_all(self) -> None:
        for at in range(len(HANDS)):
            self._sync(at)

    @rule(at=which, years=st.integers(-10, 10))
    def set_clock(self, at: int, years: int) -> None:
        self.handsets[at].clock.error_ms = years * YEAR_MS

    @rule(at=which)
    def restart(self, at: int) -> None:
        self.handsets[at].tablet.close()
        self.run(reopen(self.handsets[at]))

    # -- what goes wrong --------------------------------------------------------------------------------------------

    @rule(at=which)
    def lose_a_number(self, at: int) -> None:
        """A damaged page takes one waiting entry; when the gap shows, the supervisor closes the number."""
        handset = self.handsets[at]
        device = handset.tablet.identity(handset.account).device
        waits = [stored.entry() for stored in log.waiting(handset.tablet.database, device, 10)]
        if len(waits) < 2:
            return
        gone = waits[len(waits) // 2 - 1]
        forget(handset.tablet, gone.id)
        copy = handset.home / "files" / "entries" / device / f"{gone.device_seq:010d}.json"
        copy.unlink(missing_ok=True)
        self._lost([gone])

    @precondition(lambda self: self.reinstalls < 2)
    @rule(at=which)
    def reinstall(self, at: int) -> None:
        """The app is wiped: a new store and a new device; what was not sent is gone for good."""
        self.reinstalls += 1
        handset = self.handsets[at]
        self._lost_with(handset)
        handset.tablet.close()
        shutil.rmtree(handset.home)
        self.backups.pop(at, None)
        self.expected_alarms.discard(at)
        fresh = new_handset(
            self.district, handset.home, handset.account, handset.unit, self.lines[at], handset.clock
        )
        self.handsets[at] = self.run(fresh)

    @rule(at=which)
    def back_up_tablet(self, at: int) -> None:
        handset = self.handsets[at]
        self.backups[at] = (self.folder / f"backup-{at}", handset.tablet_device())
        handset.tablet.close()
        copy_folder(handset.home, self.folder / f"backup-{at}")
        self.run(reopen(handset))

    @precondition(lambda self: self.backups)
    @rule(at=which, fork=st.booleans())
    def restore_tablet(self, at: int, fork: bool) -> None:
        """An old copy of the tablet comes back; recording before the next sync may then make a fork."""
        if at not in self.backups:
            return
        handset = self.handsets[at]
        self._lost_with(handset)
        handset.tablet.close()
        copy_folder(self.backups[at][0], handset.home)
        self.run(reopen(handset))
        self._found_again(handset)
        self.expected_alarms.discard(at)
        if fork:
            self.run(record(self.district, handset, [], "after the restore"))

    @rule(at=which, action=st.sampled_from(["freeze", "thaw", "thaw"]))
    def manage(self, at: int, action: str) -> None:
        from sync.central import desk

        change = {"freeze": desk.freeze, "thaw": desk.thaw}[action]
        change(self.district.central, self.district.caller("district"), self._device(at), "a person decided")

    @precondition(lambda self: self.district.epoch < 2)
    @rule()
    def back_up_central(self) -> None:
        self.district.central.close()
        copy_folder(self.folder / "central", self.folder / "central-backup")
        self._reopen_central()
        with self.district.central.store.read() as connection:
            self.central_backup = connection.exec_driver_sql("SELECT max(seq) FROM entries").scalar_one()
        self.enrolled_then = self._enrolled()

    @precondition(lambda self: self.central_backup is not None and self.district.epoch < 2)
    @rule(at=which)
    def restore_central(self, at: int) -> None:
        """Central goes back to a backup: whoever had seen more must notice, and all that tablets hold comes again."""
        if self._enrolled() != self.enrolled_then:
            return
        self.record(at, 1)
        self._sync(at)
        sizes = {at: self._seen(at) for at in range(len(HANDS))}
        self.district.central.close()
        copy_folder(self.folder / "central-backup", self.folder / "central")
        self._reopen_central()
        size = declare_restore(self.district.central, "the disk failed")
        self.district.epoch += 1
        self.district.say("central_restored", size=size)
        self.expected_alarms |= {at for at, seen in sizes.items() if seen > size}

    # -- what must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        if self.handsets:
            self.district.check(self.handsets)

    def teardown(self) -> None:
        try:
            if self.handsets:
                self._drain()
        finally:
            for handset in self.handsets:
                handset.tablet.close()
            self.district.central.close()
            self.loop.close()
            shutil.rmtree(self.folder)

    def _drain(self) -> None:
        """Faults stop: within 20 tries, at the planned times, every queue is empty without a person."""
        for at in range(len(HANDS)):
            self._sync(at)  # whoever holds an alarm shows it, and a person settles it
        for _ in range(TRIES):
            for at, handset in enumerate(self.handsets):
                planned = [retry.next_try_ms(handset.tablet, what) for what in ("entries", "photos", "pull")]
                self.time.ms += max([0, *(t - handset.clock.now_ms() for t in planned if t is not None)])
                self._sync(at, now=False)
            if not any(waiting(handset) for handset in self.handsets):
                break
        for at in range(len(HANDS)):
            self._sync(at)
        self.district.check_drained(self.handsets)
        central = self.district.central
        with central.store.read() as connection:
            verdict = verify_log(connection, central.key.public_key, central.settings.photo_dir)
        assert verdict.holds, verdict.findings[:5]

    # -- private ----------------------------------------------------------------------------------------------------

    def _sync(self, at: int, *, now: bool = True) -> None:
        handset = self.handsets[at]
        report = self.run(synced(self.district, handset, now=now))
        if report.stopped in (Code.LOG_ROLLED_BACK, Code.LOG_REWRITTEN):
            assert at in self.expected_alarms, "an alarm without a cause"
            trust.settle_alarm(handset.tablet, "the backup is known")
            self.expected_alarms.discard(at)
        elif report.stopped is None:
            assert at not in self.expected_alarms, "a restored central went unnoticed"
        if Code.SEQUENCE_GAP.value in report.held:
            self._close_gap(at)

    def _close_gap(self, at: int) -> None:
        handset, device = self.handsets[at], self._device(at)
        first = log.waiting(handset.tablet.database, device, 1)[0].entry().device_seq
        with self.district.central.store.read() as connection:
            high = connection.exec_driver_sql(f"SELECT high_water FROM devices WHERE device='{device}'").scalar_one()
        if first > high + 1:
            body = {"device": device, "first": high + 1, "last": first - 1, "cause": "lost"}
            self.district.decide(f"sup-{handset.unit.lower()}", "gap_closed", handset.unit, device, None, body)

    def _device(self, at: int) -> str:
        return self.handsets[at].tablet_device()

    def _seen(self, at: int) -> int:
        seen = self.handsets[at].tablet.checkpoint()
        return seen.size if seen else 0

    def _enrolled(self) -> int:
        with self.district.central.store.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM keys").scalar_one())

    def _reopen_central(self) -> None:
        self.district.central = self._open_central()
        self.app = create_app(self.district.central)

    def _lost(self, entries: list[Entry]) -> None:
        for entry in entries:
            self.district.say("lost", entry=entry_hash(entry))

    def _lost_with(self, handset: Handset) -> None:
        """What only this tablet held is about to be destroyed."""
        rows = handset.tablet.database.conn.execute("SELECT hash FROM log WHERE own=1").fetchall()
        for (name,) in rows:
            self.district.say("lost", entry=name)
        for path in (handset.home / "files" / "photos").glob("*"):
            self.district.say("lost", sha256=path.name)

    def _found_again(self, handset: Handset) -> None:
        """A backup holds some of it after all."""
        rows = {row[0] for row in handset.tablet.database.conn.execute("SELECT hash FROM log WHERE own=1").fetchall()}
        photos = {path.name for path in (handset.home / "files" / "photos").glob("*")}
        self.district.acks = [
            ack
            for ack in self.district.acks
            if ack["what"] != "lost" or (ack.get("entry") not in rows and ack.get("sha256") not in photos)
        ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_any_order_of_events_keeps_the_invariants() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    soak = settings.get_current_profile_name() == "soak"
    sizes = {} if soak else {"max_examples": QUICK_RUNS, "stateful_step_count": QUICK_STEPS}
    run_state_machine_as_test(
        _Search, settings=settings(**sizes, suppress_health_check=list(HealthCheck))  # type: ignore[arg-type]
    )
