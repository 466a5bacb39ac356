"""Threads of records as they grow: which record an entry belongs to, and how each version stands after further rows.

The standing itself is `schemas.standing.stand`, asked again for the threads that changed. One rule is added to it: once
a first check or an acceptance stands on a parcel, only the district takes an entry under it out of force (rules §2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from schemas.entries import Kind
from schemas.roles import Role
from schemas.standing import Fact, Record, Standing, stand
from sync.ledger.book.facts import Check, Decision, Resolved, Said, Version

Kept = TypeVar("Kept", Version, Decision)


class Threads:
    """Versions and decisions of all records."""

    def __init__(self) -> None:
        self.versions: dict[str, Version] = {}
        self.decisions: dict[str, Decision] = {}
        self._links: dict[str, Fact] = {}
        self._said: dict[str, Said] = {}
        self._members: dict[str, list[str]] = {}
        self._root: dict[str, str] = {}
        self._expected: dict[str, list[str]] = defaultdict(list)
        self._complete: set[str] = set()
        self._checks: dict[str, list[Check]] = defaultdict(list)
        self._withdrawn_on: dict[str, set[str]] = defaultdict(set)
        self._touched: set[str] = set()

    # -- what comes in -----------------------------------------------------------------------------------------------

    def take(self, link: Fact, fact: Version | Decision | Resolved | None, said: Said) -> None:
        """Put an entry into its thread, whichever of its neighbours came first."""
        self._links[link.id] = link
        if isinstance(fact, Version):
            self.versions[link.id] = fact
        elif isinstance(fact, Decision):
            self.decisions[link.id] = fact
            self._said[link.id] = said
        if link.supersedes is not None:
            self._expected[link.supersedes].append(link.id)
        root = self._root.get(link.supersedes) if link.supersedes is not None else None
        if root is None:
            # Nothing that it builds on is here: an inspection opens a record, anything else waits for its record.
            if link.kind != Kind.INSPECTION:
                return
            root = link.id
        self._adopt(link.id, root)

    def complete(self, entry: str) -> None:
        """Central holds all photos of this entry."""
        self._complete.add(entry)
        if entry in self._root:
            self._touched.add(self._root[entry])

    def check(self, check: Check) -> None:
        """A first check or an acceptance stands on its parcels from now on."""
        for parcel in check.parcels:
            self._checks[parcel].append(check)
            self._touched |= self._withdrawn_on.get(parcel, set())

    def settle(self) -> frozenset[str]:
        """Bring every touched thread up to date; the records, by their first version, that were touched."""
        touched, self._touched = self._touched, set()
        single: list[str] = []
        several: list[str] = []
        facts: list[Fact] = []
        for root in touched:
            members = self._members.get(root)
            if members is None:
                continue
            if len(members) == 1:
                single.append(root)
                continue
            facts.extend(self._as_it_counts(root, self._links[member]) for member in members)
            several.append(root)
        for root in single:  # a record with one version and nothing said about it: the commonest by far
            self._put(root, root, Standing.SUBMITTED, None)
        records = stand(facts)
        for root in several:
            self._stand(records.get(root) or self._circle(root))
        return frozenset(touched)

    # -- what is asked -----------------------------------------------------------------------------------------------

    def root_of(self, entry: str) -> str | None:
        """The record of an entry in a thread."""
        return self._root.get(entry)

    def versions_of(self, root: str) -> tuple[Version, ...]:
        """Versions of a record in order of the log."""
        return _in_order(self.versions, self._members.get(root, ()))

    def decisions_of(self, root: str) -> tuple[Decision, ...]:
        """Reviews and withdrawals in a record in order of the log."""
        return _in_order(self.decisions, self._members.get(root, ()))

    # -- private -----------------------------------------------------------------------------------------------------

    def _adopt(self, entry: str, root: str) -> None:
        """`entry` and all that builds on it belong to `root`, records that began for want of a predecessor too."""
        waiting = [entry]
        while waiting:
            member = waiting.pop()
            before = self._root.get(member)
            if before == root and member != entry:
                continue
            if before is not None and before != root:
                self._touched.add(before)
                self._members[before].remove(member)
                if not self._members[before]:
                    del self._members[before]
            self._root[member] = root
            members = self._members.setdefault(root, [])
            if member not in members:
                members.append(member)
            waiting.extend(self._expected.get(member, ()))
        self._touched.add(root)

    def _as_it_counts(self, root: str, link: Fact) -> Fact:
        """A withdrawal that needed the district and came from another stays in the thread and does nothing."""
        if link.kind != Kind.WITHDRAWAL:
            return link
        for version in link.about:
            for parcel in self.versions[version].parcels if version in self.versions else ():
                self._withdrawn_on[parcel].add(root)
        if not self._needs_district(link):
            return link
        return replace(link, kind=Kind.RESOLUTION, about=(), set_aside=(link.id,))

    def _needs_district(self, link: Fact) -> bool:
        said = self._said[link.id]
        if said.role == Role.DISTRICT:
            return False
        return any(
            self.versions[version].said.seq < check.said.seq < said.seq
            for version in link.about
            if version in self.versions
            for parcel in self.versions[version].parcels
            for check in self._checks.get(parcel, ())
        )

    def _circle(self, root: str) -> Record:
        """Entries that name one another as predecessors have no first version: nothing in such a thread counts."""
        members = sorted(self._members[root])
        versions = tuple((member, Standing.BRANCH) for member in members if member in self.versions)
        return Record(root, Standing.BRANCH, None, members[-1], tuple(members), versions)

    def _stand(self, record: Record) -> None:
        members = self._members[record.root]
        for version, standing in record.versions:
            self._put(record.root, version, standing, record.in_force)
        branch = record.standing is Standing.BRANCH
        for member in members:
            decision = self.decisions.get(member)
            if decision is None:
                continue
            link = self._links[member]
            counts = not branch and (link.kind != Kind.WITHDRAWAL or not self._needs_district(link))
            if (decision.counts, decision.record) != (counts, record.root):
                self.decisions[member] = replace(decision, counts=counts, record=record.root)

    def _put(self, root: str, version: str, standing: Standing, in_force: str | None) -> None:
        known = self.versions.get(version)
        if known is None:
            return
        complete = not known.photos or version in self._complete
        now = (root, standing, in_force == version, complete)
        if now != (known.record, known.standing, known.in_force, known.photos_complete):
            self.versions[version] = replace(
                known, record=root, standing=standing, in_force=in_force == version, photos_complete=complete
            )


def _in_order(facts: dict[str, Kept], members: Iterable[str]) -> tuple[Kept, ...]:
    return tuple(sorted((facts[m] for m in members if m in facts), key=lambda fact: fact.said.seq))
