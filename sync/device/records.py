"""Projections of the tablet's log: which record an entry belongs to and where each record stands.

Nothing here is a fact: `rebuild` drops it all and computes it again from the log, to equal content (a test compares).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

from schemas.entries import Disposition, Entry, Kind
from schemas.standing import Fact, Record, stand
from sync.device import log

_FOLDED = (Kind.INSPECTION, Kind.REVIEW, Kind.WITHDRAWAL, Kind.RESOLUTION)


def fact_of(entry: Entry) -> Fact:
    """What the standing of a record depends on."""
    aside = entry.body.get("set_aside")
    outcome = entry.body.get("outcome")
    return Fact(
        id=entry.id,
        kind=entry.kind,
        about=tuple(entry.about),
        supersedes=entry.supersedes,
        outcome=outcome if isinstance(outcome, str) else None,
        set_aside=tuple(str(head) for head in aside) if isinstance(aside, list) else (),
    )


def listed_photos(entry: Entry) -> list[str]:
    """The hashes of the photos that an inspection or finding lists, each once, in order."""
    photos = entry.body.get("photos")
    if not isinstance(photos, list):
        return []
    hashes = (photo.get("sha256") for photo in photos if isinstance(photo, dict))
    return list(dict.fromkeys(value for value in hashes if isinstance(value, str)))


def note(database: Database, entry: Entry, disposition: str | None) -> None:
    """Bring the projections up to date with one entry, inside the caller's transaction.

    An own entry that is not answered yet counts here, so that the inspector sees what was just recorded; a refused one
    does not. An entry whose predecessor arrives later is threaded again when that happens.
    """
    for photo in listed_photos(entry):
        database.conn.execute("INSERT OR IGNORE INTO listed_photos VALUES (?,?)", [entry.id, photo])
    if entry.kind not in _FOLDED:
        return
    if disposition == Disposition.REFUSED:
        if _stands_elsewhere(database, entry.id):
            return
        stale = {_root(database, entry.id) or entry.id}
        database.conn.execute("DELETE FROM threads WHERE entry=?", [entry.id])
        _refresh_all(database, stale | _part_followers(database, entry.id))
        return
    root = _root(database, entry.supersedes) or entry.id
    stale = {_root(database, entry.id) or root, root}
    database.conn.execute("INSERT OR REPLACE INTO threads VALUES (?,?)", [entry.id, root])
    _refresh_all(database, stale | _adopt_followers(database, entry.id, root))


def rebuild(database: Database) -> None:
    """Drop every projection and compute it anew, inside the caller's transaction."""
    for table in ("threads", "records", "listed_photos"):
        database.conn.execute(f"DELETE FROM {table}")  # noqa: S608  # fixed names
    for stored in list(log.everything(database)):
        note(database, stored.entry(), None if stored.counts else Disposition.REFUSED.value)


def records(database: Database, standing: str | None = None, limit: int = 200, after: str = "") -> list[dict[str, Any]]:
    """Records in the order of their roots after `after`, at most `limit`, as plain rows for lists."""
    clause = "AND standing=:standing " if standing else ""
    return list(
        database.query(
            f"SELECT * FROM records WHERE root>:after {clause}ORDER BY root LIMIT :limit",  # noqa: S608
            {"after": after, "standing": standing, "limit": limit},
        )
    )


def _root(database: Database, entry_id: str | None) -> str | None:
    if entry_id is None:
        return None
    row = database.conn.execute("SELECT root FROM threads WHERE entry=?", [entry_id]).fetchone()
    return str(row[0]) if row else None


def _stands_elsewhere(database: Database, entry_id: str) -> bool:
    """Whether another row carries this id and is not refused: a fork that copied an id must not hide the original."""
    return (
        database.conn.execute(
            "SELECT 1 FROM log WHERE id=? AND (disposition IS NOT ? OR admitted=1)",
            [entry_id, Disposition.REFUSED.value],
        ).fetchone()
        is not None
    )


def _adopt_followers(database: Database, entry_id: str, root: str) -> set[str]:
    """Entries that named `entry_id` before it was here join its thread, and theirs after them."""
    stale: set[str] = set()
    waiting = [entry_id]
    while waiting:
        parent = waiting.pop()
        followers = database.conn.execute(
            "SELECT threads.entry, threads.root FROM log JOIN threads ON threads.entry=log.id"
            " WHERE log.supersedes=? AND threads.root<>?",
            [parent, root],
        ).fetchall()
        for follower, old_root in followers:
            database.conn.execute("UPDATE threads SET root=? WHERE entry=?", [root, follower])
            stale.add(old_root)
            waiting.append(follower)
    return stale


def _part_followers(database: Database, entry_id: str) -> set[str]:
    """Entries that named `entry_id` begin threads of their own, now that it does not count."""
    followers = database.conn.execute(
        "SELECT threads.entry FROM log JOIN threads ON threads.entry=log.id WHERE log.supersedes=?", [entry_id]
    ).fetchall()
    stale: set[str] = set()
    for (follower,) in followers:
        database.conn.execute("UPDATE threads SET root=? WHERE entry=?", [follower, follower])
        stale |= {follower} | _adopt_followers(database, follower, follower)
    return stale


def _refresh_all(database: Database, roots: set[str]) -> None:
    for root in roots:
        database.conn.execute("DELETE FROM records WHERE root=?", [root])
        members = {stored.id: stored for stored in _members(database, root)}
        for record in stand(fact_of(entry) for entry in members.values()).values():
            database.conn.execute("INSERT OR REPLACE INTO records VALUES (?,?,?,?,?,?,?,?)", _row(record, members))


def _members(database: Database, root: str) -> Iterator[Entry]:
    ids = [row[0] for row in database.conn.execute("SELECT entry FROM threads WHERE root=?", [root]).fetchall()]
    for entry_id in ids:
        stored = log.find(database, entry_id)
        if stored is not None:
            yield stored.entry()


def _row(record: Record, members: dict[str, Entry]) -> list[str | None]:
    latest = members[record.latest]
    return [
        record.root, latest.unit, json.dumps(latest.about, ensure_ascii=False), record.standing.value, record.in_force,
        record.latest, json.dumps(record.heads), json.dumps(record.versions),
    ]  # fmt: skip
