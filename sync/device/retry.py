"""When what waits is tried again: capped growth with jitter, stored, so that a restart neither hurries nor forgets
it."""

from __future__ import annotations

from schemas.errors import Code, LedgerError
from sync.device.database import transaction
from sync.device.store import Tablet

FIRST_MS = 2_000
CAP_MS = 15 * 60_000


def due(tablet: Tablet, what: str) -> bool:
    """Whether `what` may be tried now. A clock that jumped back never postpones a try beyond the cap."""
    planned = next_try_ms(tablet, what)
    now = tablet.clock.now_ms()
    return planned is None or planned <= now or planned > now + CAP_MS


def next_try_ms(tablet: Tablet, what: str) -> int | None:
    """When `what` is tried next (device clock, ms), or None where nothing holds it up."""
    row = tablet.database.conn.execute("SELECT next_try_ms FROM tries WHERE what=?", [what]).fetchone()
    return None if row is None else int(row[0])


def last_code(tablet: Tablet, what: str) -> str | None:
    """Why the last try of `what` failed, or None."""
    row = tablet.database.conn.execute("SELECT code FROM tries WHERE what=?", [what]).fetchone()
    return None if row is None else str(row[0])


async def failed(tablet: Tablet, what: str, error: LedgerError) -> int:
    """Plan the next try of `what` and return when (device clock, ms). Central's Retry-After is a lower bound."""
    row = tablet.database.conn.execute("SELECT tries FROM tries WHERE what=?", [what]).fetchone()
    tries = int(row[0]) + 1 if row else 1
    step = min(CAP_MS, FIRST_MS * 2 ** min(tries - 1, 20))
    jitter = int.from_bytes(tablet.clock.random_bytes(2), "big") / 65_535
    wait = int(step * (0.5 + jitter / 2))
    asked = error.details.get("retry_after_s")
    if error.code in (Code.BUSY, Code.TOO_MANY_REQUESTS) and isinstance(asked, int):
        wait = max(wait, min(asked * 1000, CAP_MS))
    at = tablet.clock.now_ms() + wait

    def plan() -> None:
        with transaction(tablet.database) as database:
            database.conn.execute("INSERT OR REPLACE INTO tries VALUES (?,?,?,?)", [what, tries, at, error.code.value])

    await tablet.with_room(plan)
    return at


async def succeeded(tablet: Tablet, what: str) -> None:
    """Forget the failures of `what`."""
    if next_try_ms(tablet, what) is None:
        return

    def forget() -> None:
        with transaction(tablet.database) as database:
            database.conn.execute("DELETE FROM tries WHERE what=?", [what])

    await tablet.with_room(forget)


async def try_now(tablet: Tablet) -> None:
    """The person pressed 立即同步: everything is due."""

    def hurry() -> None:
        with transaction(tablet.database) as database:
            database.conn.execute("UPDATE tries SET next_try_ms=0 WHERE next_try_ms<>0")

    await tablet.with_room(hurry)
