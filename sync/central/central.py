"""Central as one object: its store, its key, its clock, and the changes that it offers to the API and the command
line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from schemas.admin_units import AdminUnits, admin_units, demo_units
from schemas.entries import Checkpoint, Entry
from schemas.errors import Code, LedgerError
from schemas.ids import CENTRAL_DEVICE
from schemas.roles import Role
from sync.central import keys, rows
from sync.central.accounts import Account, read_account
from sync.central.admission import Author
from sync.central.engine import Store, open_store
from sync.central.intake import Intake
from sync.central.keys import CentralKey
from sync.central.migrations import migrate
from sync.central.settings import CentralSettings
from sync.central.writer import LogWriter

GENESIS_UNIT = "central"


def now_ms() -> int:
    """Unix time in milliseconds by this machine's clock."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Caller:
    """A signed-in account; `device` and `key` are set for a tablet, `auth` says how it proved itself."""

    account: str
    role: Role
    units: frozenset[str]
    auth: str
    device: str | None = None
    key: str | None = None
    device_state: str = "active"


class Central:
    """Opened over one data directory. Close it to release the log's lock."""

    def __init__(self, settings: CentralSettings, clock: Callable[[], int] = now_ms) -> None:
        self.settings = settings
        self.key: CentralKey = keys.load_key(settings.data_dir)
        self.secret = keys.load_secret(settings.data_dir)
        self.clock = clock
        self.admin: AdminUnits = admin_units().joined(demo_units()) if settings.demo_units else admin_units()
        self.store: Store = open_store(settings)
        self.intake = Intake()
        self.swept_ms = 0
        self._checked_heads: dict[bytes, bool] = {}
        self._heads_lock = threading.Lock()

    @classmethod
    def create(cls, settings: CentralSettings, clock: Callable[[], int] = now_ms) -> Central:
        """Set up a log once: key, schema, and the first entry, which names central's own key."""
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        if not (settings.data_dir / keys.KEY_FILE).exists():
            keys.create_key(settings.data_dir)
        central = cls(settings, clock)
        migrate(central.store)
        with central.writing() as writer:
            if writer.size == 0:
                writer.change_device(
                    "enrol",
                    CENTRAL_DEVICE,
                    "genesis",
                    unit=GENESIS_UNIT,
                    account=CENTRAL_DEVICE,
                    public_key=central.key.public_key.hex(),
                    key=central.key.id,
                )
        return central

    def close(self) -> None:
        """Release connections and the lock."""
        self.store.close()

    @contextmanager
    def writing(self) -> Iterator[LogWriter]:
        """A log writer in a locked transaction; the signed checkpoint and the commit come when the block ends."""
        with self.store.write() as connection:
            writer = LogWriter(connection, self.key, self.clock())
            yield writer
            writer.finish()

    def today(self) -> date:
        """The date in Beijing, by which the validity of units is judged."""
        return datetime.fromtimestamp(self.clock() / 1000 + 8 * 3600, UTC).date()

    def author(self, account: Account) -> Author:
        """What admission needs to know of an account."""
        return Author(account.account, account.role, account.units(self.admin, self.today()), account.disabled)

    def author_of(self, connection: Connection, account: str) -> Author | None:
        """What admission needs to know of the account with this name."""
        known = read_account(connection, account)
        return None if known is None else self.author(known)

    def caller(self, connection: Connection, account: str, auth: str, device: str | None, key: str | None) -> Caller:
        """The signed-in account as it stands now. Raises ACCOUNT_DISABLED."""
        known = read_account(connection, account)
        if known is None or known.disabled:
            raise LedgerError(Code.ACCOUNT_DISABLED)
        return Caller(account, known.role, known.units(self.admin, self.today()), auth, device, key)

    def checkpoint(self, connection: Connection) -> Checkpoint:
        """The newest tree head. Raises STORE_NOT_READY before the log began."""
        latest = rows.latest_checkpoint(connection, self.key.id)
        if latest is None:
            raise LedgerError(Code.STORE_NOT_READY)
        return latest

    def signed_by_log(self, entry: Entry) -> bool:
        """Whether the checkpoint embedded in `entry` carries this log's signature; answers are remembered."""
        head = entry.checkpoint
        if head is None or head.log != self.key.id:
            return head is None
        message, signature = head.signed_bytes(), bytes.fromhex(head.sig)
        with self._heads_lock:
            known = self._checked_heads.get(message + signature)
        if known is None:
            known = keys.verify(self.key.public_key, message, signature)
            with self._heads_lock:
                if len(self._checked_heads) > 10_000:
                    self._checked_heads.clear()
                self._checked_heads[message + signature] = known
        return known
