"""What must hold between promises, tablets and central: I1, I2, I6, I10, I14, I15, the tablets' half of I7 and I16."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from schemas.admin_units import admin_units, demo_units
from schemas.roles import Role
from sync.central.accounts import Account
from sync.checker.history import history, listed_photos, roots_of
from sync.checker.log_rules import Rule
from sync.checker.world import CentralState, TabletRow, TabletState, Violation, World, file_hash
from sync.device import records

_THREAD = ("inspection", "review", "withdrawal", "resolution")
_PROJECTIONS = ("threads", "records", "listed_photos")


def saved_is_there(world: World) -> Iterator[Violation]:
    """I1: what the screen called saved is on a tablet or in the log, and so is every photo that it lists."""
    lost = world.lost()
    entries = {row.name for tablet in world.tablets for row in tablet.log if row.own}
    photos = {path.name for tablet in world.tablets for path in tablet.files if file_hash(path) == path.name}
    if world.central is not None:
        entries |= {row.name for row in world.central.rows}
        photos |= world.central.held
    for ack in world.said("saved"):
        if ack["entry"] not in entries and ack["entry"] not in lost:
            yield Violation("I1", ack["device"], f"number {ack['device_seq']} was saved and is nowhere")
        for sha256 in ack.get("photos", []):
            if sha256 not in photos and sha256 not in lost:
                yield Violation("I1", ack["device"], f"photo {sha256[:12]} was saved and is nowhere")
    for tablet in world.tablets:
        for row in tablet.log:
            if hashlib.sha256(row.data).hexdigest() != row.name:
                yield Violation("I1", tablet.where, f"entry {row.name[:12]} does not match its name")


def receipt_is_kept(world: World) -> Iterator[Violation]:
    """I2: what central acknowledged is in the log, in the row and with the verdict that it said; photos are held."""
    state = world.central
    if state is None:
        return
    rows = {row.name: row for row in state.rows}
    for ack in world.said("receipt"):
        row = rows.get(ack["entry"])
        if row is None or (row.seq, row.disposition) != (ack["seq"], ack["disposition"]):
            yield Violation("I2", state.where, f"entry {ack['entry'][:12]} is not as acknowledged in row {ack['seq']}")
    held = state.held
    for ack in world.said("photo"):
        if ack["sha256"] not in held:
            yield Violation("I2", state.where, f"photo {ack['sha256'][:12]} was acknowledged and is not held")


def nothing_leaves_early(world: World) -> Iterator[Violation]:
    """I6: whatever was saved waits on a tablet or stands in the log; what a tablet calls settled is in the log."""
    state = world.central
    if state is None:
        return
    rows = {row.name: row for row in state.rows}
    kept = set(rows)
    for tablet in world.tablets:
        unaware = _unaware(world, tablet, state)
        for row in tablet.log:
            if row.own and (row.status is None or unaware):
                kept.add(row.name)
            if unaware or row.seq is None or (row.status is None and not row.seen):
                continue
            there = rows.get(row.name)
            if there is None or (there.seq, there.disposition, there.received_ms) != (
                row.seq, row.disposition, row.received_ms,
            ):  # fmt: skip
                yield Violation("I6", tablet.where, f"{row.device} {row.device_seq} is settled here, not so in the log")
    lost = world.lost()
    for ack in world.said("saved"):
        if ack["entry"] not in kept and ack["entry"] not in lost:
            yield Violation("I6", ack["device"], f"number {ack['device_seq']} neither waits nor stands in the log")


def branches_kept(world: World) -> Iterator[Violation]:
    """I7 on a tablet: a record whose thread has several ends is a branch there, with all of them, and none in force."""
    for tablet in world.tablets:
        expected = _ends(tablet)
        query = tablet.image.execute("SELECT root, heads, standing, in_force FROM records")
        for root, heads, standing, in_force in query.fetchall():
            found = set(json.loads(heads))
            if found != expected.get(root, set()):
                yield Violation("I7", tablet.where, f"record {root} shows other ends than its thread has")
            if (standing == "branch") != (len(found) > 1) or (len(found) > 1 and in_force is not None):
                yield Violation("I7", tablet.where, f"record {root} has {len(found)} ends and is {standing}")


def offsets_grow(world: World) -> Iterator[Violation]:
    """I10: what central says of an upload's length never shrinks."""
    highest: dict[str, int] = {}
    for ack in world.said("offset"):
        if ack["offset"] < highest.get(ack["upload"], 0):
            yield Violation("I10", ack["upload"], f"went back from {highest[ack['upload']]} to {ack['offset']}")
        highest[ack["upload"]] = max(highest.get(ack["upload"], 0), ack["offset"])


def isolation(world: World) -> Iterator[Violation]:
    """I15: of others a tablet holds only rows of the units that its accounts reach."""
    for tablet in world.tablets:
        reach = {unit for identity in tablet.identities for unit in identity["units"]}
        accounts = {identity["account"] for identity in tablet.identities}
        own = {identity["device"] for identity in tablet.identities}
        for row in tablet.log:
            if row.unit in reach or row.own or row.device in own:
                continue
            reach |= _units_now(world, accounts)
            if row.unit not in reach:
                yield Violation("I15", tablet.where, f"holds {row.kind} {row.id} of {row.unit}")


def derivable_tablet(world: World) -> Iterator[Violation]:
    """I16 on a tablet: its projections, dropped and rebuilt from its log, are the same."""
    for tablet in world.tablets:
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        tablet.image.backup(copy)
        database = Database(copy)
        with database.atomic():
            records.rebuild(database)
        for table in _PROJECTIONS:
            query = f"SELECT * FROM {table}"  # noqa: S608  # fixed names
            stored, rebuilt = (set(connection.execute(query).fetchall()) for connection in (tablet.image, copy))
            for row in sorted(stored ^ rebuilt, key=str)[:3]:
                side = "has" if row in stored else "lacks"
                yield Violation("I16", tablet.where, f"{table} {side} {str(row)[:300]}")
        copy.close()


TABLET_RULES: tuple[Rule, ...] = (
    saved_is_there,
    receipt_is_kept,
    nothing_leaves_early,
    branches_kept,
    offsets_grow,
    isolation,
    derivable_tablet,
)


def queues_not_empty(world: World) -> list[Violation]:
    """I14, once faults stopped and every tablet has tried: what still waits, frozen and revoked devices excepted."""
    state = world.central
    told = history(state) if state is not None else None
    stopped = {name for name, device in told.devices.items() if device.state != "active"} if told else set()
    found: list[Violation] = []
    for tablet in world.tablets:
        if tablet.alarmed:
            found.append(Violation("I14", tablet.where, "an alarm waits for a person"))
        for row in tablet.log:
            if row.own and row.status is None and row.device not in stopped:
                found.append(Violation("I14", tablet.where, f"{row.device} {row.device_seq} still waits"))
        if {identity["device"] for identity in tablet.identities} <= stopped:
            continue
        settled = [row for row in tablet.log if row.own and row.disposition == "accepted" and row.seen]
        proven = {photo for row in settled for photo in _photos(row)}
        for sha256, (_, status) in tablet.photos.items():
            if status == "local" or (status == "uploaded" and sha256 in proven):
                found.append(Violation("I14", tablet.where, f"photo {sha256[:12]} is still {status}"))
    if state is not None:
        for entry_row in state.rows:
            if entry_row.accepted and entry_row.device not in stopped:
                missing = listed_photos(entry_row) - state.photos.keys() - world.lost()
                found.extend(Violation("I14", state.where, f"photo {name[:12]} never came") for name in sorted(missing))
    return found


def _unaware(world: World, tablet: TabletState, state: CentralState) -> bool:
    """Whether central went back to a backup and this tablet has not yet looked: its receipts are of lost history."""
    if not world.restores():
        return False
    seen = tablet.checkpoint
    if seen is None or tablet.alarmed or "recheck" in tablet.meta:
        return True
    roots = roots_of(state)
    return seen.size >= len(roots) or roots[seen.size] != seen.root


def _ends(tablet: TabletState) -> dict[str, set[str]]:
    """For each record the ends of its thread that no resolution has set aside, found without the code under test."""
    counted = {
        row.id: row
        for row in tablet.log
        if row.kind in _THREAD and (row.disposition != "refused" or _admitted(tablet, row))
    }
    children: dict[str, list[str]] = defaultdict(list)
    for row in counted.values():
        if row.supersedes in counted:
            children[str(row.supersedes)].append(row.id)
    ends: dict[str, set[str]] = {}
    for root, row in counted.items():
        if row.supersedes in counted or row.kind != "inspection":
            continue
        thread, waiting = {root}, [root]
        while waiting:
            fresh = [child for child in children[waiting.pop()] if child not in thread]
            thread.update(fresh)
            waiting.extend(fresh)
        leaves = {member for member in thread if not children[member]}
        aside = {str(head) for member in thread for head in counted[member].entry["body"].get("set_aside") or []}
        ends[root] = leaves - aside or leaves
    return ends


def _admitted(tablet: TabletState, row: TabletRow) -> bool:
    query = "SELECT admitted FROM log WHERE hash=?"
    return bool(tablet.image.execute(query, [row.name]).fetchone()[0])


def _photos(row: TabletRow) -> list[str]:
    photos: Any = row.entry.get("body", {}).get("photos")
    if row.kind == "evidence" or not isinstance(photos, list):
        return []
    return [str(photo["sha256"]) for photo in photos if isinstance(photo, dict)]


def _units_now(world: World, accounts: set[str]) -> set[str]:
    """What central gives these accounts today; asked only where a tablet's own note does not explain a row."""
    if world.central is None:
        return set()
    table, today = admin_units().joined(demo_units()), datetime.now(UTC).date()
    found: set[str] = set()
    for account, role, scopes, disabled in world.central.accounts:
        if account in accounts:
            found |= Account(account, Role(role), tuple(json.loads(scopes)), bool(disabled)).units(table, today)
    return found
