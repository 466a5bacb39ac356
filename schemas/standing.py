"""Where a record stands: versions, reviews, withdrawals and resolutions folded into one state per record.

A record is a thread: its first inspection, and every entry that says by `supersedes` which head of the thread its
author saw. One head is the ordinary case. Several heads are a *branch* (分叉, D26): two revisions, two reviews, or a
withdrawal against an approval that did not know of each other. All are kept and none counts until a person has chosen
(design, Entries). The fold depends on the set of facts alone, never on the order in which they arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from schemas.entries import Kind


class Standing(StrEnum):
    """The state of a record or of one of its versions (domain §5.2)."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    BRANCH = "branch"


@dataclass(frozen=True, slots=True)
class Fact:
    """What the fold reads of one accepted entry.

    `outcome` is a review's (approve, return, reject); `set_aside` are the heads that a resolution gives up in favour of
    the one it supersedes.
    """

    id: str
    kind: str
    about: tuple[str, ...]
    supersedes: str | None
    outcome: str | None = None
    set_aside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """One thread. `in_force` is the approved version that counts, if any; `heads` has more than one id on a branch."""

    root: str
    standing: Standing
    in_force: str | None
    latest: str
    heads: tuple[str, ...]
    versions: tuple[tuple[str, Standing], ...]


_OUTCOMES = {"approve": Standing.APPROVED, "return": Standing.RETURNED, "reject": Standing.REJECTED}
_IN_THREAD = frozenset({Kind.INSPECTION, Kind.REVIEW, Kind.WITHDRAWAL, Kind.RESOLUTION})


def stand(facts: Iterable[Fact]) -> dict[str, Record]:
    """Every record by the id of its first version. Facts of other kinds are ignored."""
    known = {fact.id: fact for fact in facts if fact.kind in _IN_THREAD}
    children: dict[str, list[str]] = defaultdict(list)
    roots = []
    for fact in known.values():
        if fact.supersedes in known:
            children[fact.supersedes].append(fact.id)
        elif fact.kind == Kind.INSPECTION:
            roots.append(fact.id)
    return {root: _thread(root, known, children) for root in sorted(roots)}


def _thread(root: str, known: dict[str, Fact], children: dict[str, list[str]]) -> Record:
    members = list(_walk(root, children))
    aside = {head for member in members for head in known[member].set_aside}
    leaves = sorted(member for member in members if not children.get(member))
    heads = tuple(head for head in leaves if head not in aside) or tuple(leaves)
    inspections = [member for member in members if known[member].kind == Kind.INSPECTION]
    if len(heads) > 1:
        # What was in force before the paths parted stays known, but nothing counts until a person has chosen.
        versions = tuple((version, Standing.BRANCH) for version in inspections)
        return Record(root, Standing.BRANCH, None, max(inspections), heads, versions)
    path = _path(root, heads[0], known)
    states, in_force, standing = _follow(path, known)
    for version in inspections:
        states.setdefault(version, Standing.SUPERSEDED)
    latest = [member for member in path if known[member].kind == Kind.INSPECTION][-1]
    return Record(root, standing, in_force, latest, heads, tuple((v, states[v]) for v in inspections))


def _follow(path: list[str], known: dict[str, Fact]) -> tuple[dict[str, Standing], str | None, Standing]:
    states: dict[str, Standing] = {}
    in_force: str | None = None
    standing = Standing.SUBMITTED
    for member in path:
        fact = known[member]
        if fact.kind == Kind.INSPECTION:
            states[member] = standing = Standing.SUBMITTED
        elif fact.kind == Kind.REVIEW and fact.outcome in _OUTCOMES:
            standing = _OUTCOMES[fact.outcome]
            for version in fact.about:
                if version not in states:
                    continue
                if standing == Standing.APPROVED:
                    if in_force is not None and in_force != version:
                        states[in_force] = Standing.SUPERSEDED
                    in_force = version
                elif in_force == version:
                    in_force = None
                states[version] = standing
        elif fact.kind == Kind.WITHDRAWAL:
            standing = Standing.WITHDRAWN
            for version in fact.about:
                if version in states:
                    states[version] = Standing.WITHDRAWN
                if in_force == version:
                    in_force = None
    return states, in_force, standing


def _walk(root: str, children: dict[str, list[str]]) -> Iterator[str]:
    waiting = [root]
    seen = {root}
    while waiting:
        member = waiting.pop()
        yield member
        fresh = [child for child in sorted(children.get(member, ())) if child not in seen]
        seen.update(fresh)
        waiting.extend(reversed(fresh))


def _path(root: str, head: str, known: dict[str, Fact]) -> list[str]:
    path = [head]
    while path[-1] != root:
        before = known[path[-1]].supersedes
        if before is None or before not in known:
            break
        path.append(before)
    return path[::-1]
