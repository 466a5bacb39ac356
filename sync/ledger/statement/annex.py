"""The parcel annex of a report (domain §5.5 section 3), made row by row as it is read: a report may cover 200,000."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import overload

import numpy as np

from schemas.codes import LandState
from sync.ledger.accounts.acceptance import Accepted
from sync.ledger.book.days import day_of
from sync.ledger.book.facts import Book, Check, Decision, LandClass, Parcel, Version
from sync.ledger.land import exact
from sync.ledger.land.exact import Ints
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.fold import RESTORED
from sync.ledger.land.history import Bools, History, freed
from sync.ledger.land.layout import Land
from sync.ledger.statement.contents import ChainLink, ClassShare, ParcelRow
from sync.ledger.statement.unit_figures import Stock

_STATES = tuple(LandState)


class Annex(Sequence[ParcelRow]):
    """Rows of the parcels `chosen` (their places in `land.parcels`, in the order wanted)."""

    def __init__(
        self,
        book: Book,
        land: Land,
        figures: ParcelFigures,
        past: History,
        accepted: Accepted,
        chosen: Ints,
        unit_of: Mapping[str, str],
        excluded: Mapping[str, str],
    ) -> None:
        self._book, self._land, self._figures, self._past, self._accepted = book, land, figures, past, accepted
        self._chosen, self._unit_of, self._excluded = chosen, unit_of, excluded

    def __len__(self) -> int:
        return len(self._chosen)

    @overload
    def __getitem__(self, index: int) -> ParcelRow: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ParcelRow]: ...

    def __getitem__(self, index: int | slice) -> ParcelRow | Sequence[ParcelRow]:
        if isinstance(index, slice):
            return self._only(self._chosen[index])
        return self._row(int(self._chosen[index]))

    def of_units(self, units: Iterable[str]) -> Annex:
        """The rows of these units only; no other row is made."""
        wanted = frozenset(units)
        parcels = self._land.parcels
        kept = [one for one in self._chosen.tolist() if self._unit_of[parcels[one].unit] in wanted]
        return self._only(np.array(kept, dtype=np.int64))

    def _only(self, chosen: Ints) -> Annex:
        return Annex(
            self._book, self._land, self._figures, self._past, self._accepted, chosen, self._unit_of, self._excluded
        )

    def _row(self, number: int) -> ParcelRow:
        parcel, claims = self._land.parcels[number], self._figures.claims
        versions = [one for one in self._versions.get(parcel.id, ()) if one.in_force]
        return ParcelRow(
            parcel=parcel.id,
            name=parcel.name,
            unit=self._unit_of[parcel.unit],
            near=_near(parcel),
            owner_type=parcel.owner_type,
            project=parcel.project,
            stock=parcel_stock(parcel, self._figures, self._accepted, number),
            claimed_gfa_m2=exact.hundredths(int(claims.gfa_e2[number])),
            claimed_cleared_m2=exact.hundredths(int(claims.cleared_e2[number])),
            claimed_restored_m2=exact.hundredths(int(claims.restored_e2[number])),
            baseline=self._baseline.of(number),
            restored=self._restored.of(number),
            cleared_on=self._last(self._cleared_ms, number),
            restored_on=self._last(self._restored_ms, number),
            accepted_on=self._accepted_on.get(number),
            chain=self._chain(parcel.id),
            photo_hashes=tuple(sorted({photo.sha256 for version in versions for photo in version.photos})),
            excluded=self._excluded.get(parcel.id),
        )

    def _chain(self, parcel: str) -> tuple[ChainLink, ...]:
        links = []
        for version in self._versions.get(parcel, ()):
            links.append((version.said, version.kind.value, version.standing.value, ""))
            for said in self._decisions.get(version.id, ()):
                links.append((said.said, "review", said.outcome.value if said.outcome else "withdrawn", ""))
        for check in self._checks.get(parcel, ()):
            links.append((check.said, check.kind, "passed" if check.passed else "failed", check.document_no))
        return tuple(
            ChainLink(said.entry, kind, said.author, said.role, said.received_ms, outcome, document)
            for said, kind, outcome, document in sorted(links, key=lambda link: (link[0].seq, link[0].entry))
        )

    @cached_property
    def _versions(self) -> dict[str, list[Version]]:
        found: dict[str, list[Version]] = defaultdict(list)
        for version in self._book.versions:
            for parcel in version.parcels:
                found[parcel].append(version)
        return found

    @cached_property
    def _decisions(self) -> dict[str, list[Decision]]:
        found: dict[str, list[Decision]] = defaultdict(list)
        for decision in self._book.decisions:
            for entry in decision.about:
                found[entry].append(decision)
        return found

    @cached_property
    def _checks(self) -> dict[str, list[Check]]:
        found: dict[str, list[Check]] = defaultdict(list)
        for check in self._book.checks:
            for parcel in check.parcels:
                found[parcel].append(check)
        return found

    @cached_property
    def _accepted_on(self) -> dict[int, date]:
        takes, found = self._accepted.takes, dict[int, date]()
        took = takes.ticks > 0
        for check, parcel in zip(takes.check[took].tolist(), takes.parcel[took].tolist(), strict=True):
            on = self._land.checks[check].document_on
            found[parcel] = max(found.get(parcel, on), on)
        return found

    @cached_property
    def _baseline(self) -> _Shares:
        return _Shares(self._land, np.arange(len(self._land.ground)), self._land.base_class)

    @cached_property
    def _restored(self) -> _Shares:
        return _Shares(
            self._land, np.flatnonzero(self._figures.folded.state == RESTORED), self._figures.folded.land_class
        )

    @cached_property
    def _cleared_ms(self) -> Ints:
        past = self._past
        return self._latest(freed(past.to_state) & ~freed(past.from_state))

    @cached_property
    def _restored_ms(self) -> Ints:
        past = self._past
        return self._latest((past.to_state == RESTORED) & (past.from_state != RESTORED))

    def _latest(self, changes: Bools) -> Ints:
        found = np.zeros(len(self._land.parcels), dtype=np.int64)
        np.maximum.at(found, self._land.ground.parcel[self._past.piece[changes]], self._past.at_ms[changes])
        return found

    @staticmethod
    def _last(times_ms: Ints, number: int) -> date | None:
        return day_of(int(times_ms[number])) if times_ms[number] else None


def parcel_stock(parcel: Parcel, figures: ParcelFigures, accepted: Accepted, number: int) -> Stock:
    """The figures of one parcel, exact m²."""

    def m2(column: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Fraction:
        return exact.m2(exact.from_m2(column[number : number + 1])[0])

    states = exact.from_m2(figures.states_m2[number]).tolist()
    return Stock(
        parcels=1,
        area_m2=m2(figures.area_m2),
        states_m2=dict(zip(_STATES, map(exact.m2, states), strict=True)),
        base_m2=m2(figures.base_m2),
        planned_m2=exact.hundredths(parcel.planned_land_area_e2 or 0),
        pending_m2=m2(figures.pending_m2),
        green_not_reducing_m2=m2(figures.green_not_reducing_m2),
        reused_m2=m2(figures.reused_m2),
        verified_m2=m2(figures.verified_m2),
        held_m2=m2(figures.held_m2),
        contested_m2=m2(figures.contested_m2),
        accepted_m2=exact.m2(accepted.accepted[number]),
        registered_m2=exact.m2(accepted.registered[number]),
    )


class _Shares:
    """Areas by class of every parcel, found again by parcel."""

    def __init__(self, land: Land, pieces: Ints, land_class: Ints) -> None:
        width = len(land.classes.classes) + 1
        keys = land.ground.parcel[pieces] * width + (land_class[pieces] + 1)
        found, place = np.unique(keys, return_inverse=True)
        self._parcel, self._column = np.divmod(found, width)
        self._ticks = exact.summed(place, exact.from_m2(land.ground.area_m2[pieces]), len(found))
        self._classes: tuple[LandClass | None, ...] = (None, *land.classes.classes)

    def of(self, parcel: int) -> tuple[ClassShare, ...]:
        """The shares of one parcel in order of class."""
        first, end = np.searchsorted(self._parcel, [parcel, parcel + 1]).tolist()
        return tuple(
            ClassShare(self._classes[column], exact.m2(ticks))
            for column, ticks in zip(self._column[first:end].tolist(), self._ticks[first:end].tolist(), strict=True)
        )


def _near(parcel: Parcel) -> tuple[Fraction, Fraction] | None:
    """The middle of a parcel to 0.01 degrees: enough to find it on a map of the belt, no survey of it."""
    middle = parcel.outline.centroid
    if middle.is_empty or abs(middle.x) > 180 or abs(middle.y) > 90:
        return None
    return Fraction(round(middle.x * 100), 100), Fraction(round(middle.y * 100), 100)
