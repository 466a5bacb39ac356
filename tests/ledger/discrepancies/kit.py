"""Small ledgers for tests of discrepancies: outlines in metres near 116.4 E, 40 N, facts with what they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import shapely

from schemas.codes import (
    AreaSource,
    CodeSystem,
    Discrepancy,
    InspectionKind,
    LandFreed,
    RegreeningOutcome,
    ReviewOutcome,
    Shot,
)
from schemas.register_fields import Overlay
from schemas.rules import rules
from schemas.standing import Standing
from sync.ledger.book.days import day_of
from sync.ledger.book.entered import Terms
from sync.ledger.book.facts import (
    BaselinePart,
    Book,
    Check,
    CheckedArea,
    Decision,
    LandClass,
    Parcel,
    PhotoFact,
    RegisterRow,
    Resolved,
    Said,
    Version,
)
from sync.ledger.book.holding import parcels_on
from sync.ledger.book.judgement import judge_book
from sync.ledger.discrepancies.asked import Asked, AskedOfLand
from sync.ledger.discrepancies.finding import Finding
from sync.ledger.discrepancies.settling import Bench, holding, settle
from sync.ledger.discrepancies.table import before_fold, on_land
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.figures import parcel_figures
from sync.ledger.land.layout import lay_out
from sync.ledger.land.plane import to_degrees

CLASSES = ClassTable.of()
BEIJING = timezone(timedelta(hours=8))
NOW = round(datetime(2026, 1, 1, tzinfo=BEIJING).timestamp() * 1000)


def ms(text: str) -> int:
    """Beijing time as Unix milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1000)


def box(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    """A rectangle in metres, in degrees; a kilometre off the plane's centre, where its inverse is singular."""
    metres = shapely.box(west + 1000, south + 1000, east + 1000, north + 1000)
    return to_degrees(np.array([metres], dtype=object))[0]


def land_class(code: str) -> LandClass:
    return LandClass(CodeSystem.THIRD_LAND_SURVEY, code)


@dataclass
class Ledger:
    """Facts in the making; each gets the next row of the log."""

    parcels: list[Parcel] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    resolutions: list[Resolved] = field(default_factory=list)
    registers: list[RegisterRow] = field(default_factory=list)
    more: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    seq: int = 0

    def said(self, entry: str, author: str = "li", unit: str = "U1", role: str | None = None, at: int = 0) -> Said:
        self.seq += 1
        return Said(entry, self.seq, at or ms("2025-01-01"), author, role, unit)

    def parcel(
        self,
        id: str = "P1",
        at: tuple[float, float, float, float] = (0, 0, 100, 80),
        code: str = "0601",
        unit: str = "U1",
        **more: Any,
    ) -> Ledger:
        outline = box(*at)
        parts = (BaselinePart(land_class(code), outline),) if code else ()
        self.parcels.append(Parcel(id, self.said(f"row-{id}", "office", unit), outline, parts, **more))
        return self

    def record(
        self,
        id: str,
        at: tuple[float, float, float, float] | None = (0, 0, 60, 40),
        day: str = "2025-03-01T10:00",
        kind: InspectionKind = InspectionKind.DEMOLITION,
        *,
        author: str = "li",
        unit: str = "U1",
        parcels: tuple[str, ...] = ("P1",),
        claimed: float | None = None,
        approved: bool = True,
        reviewer: str = "wang",
        area_source: AreaSource | None = AreaSource.SURVEYED,
        **more: Any,
    ) -> Ledger:
        """A record with one version, received an hour after it was observed; cleared unless it says otherwise."""
        observed = ms(day)
        if kind is InspectionKind.DEMOLITION:
            more = {"site_cleared": True, "land_freed": LandFreed.PART, **more}
        facts: dict[str, Any] = {
            "record": id,
            "standing": Standing.APPROVED if approved else Standing.SUBMITTED,
            "in_force": approved,
            "known_ms": None,
            "observed_ms": observed,
            "photos": photos(kind),
            **more,
        }
        self.versions.append(
            Version(
                said=self.said(id, author, unit, "inspector", observed + 3_600_000),
                kind=kind,
                parcels=parcels,
                outline=None if at is None else box(*at),
                area_source=area_source,
                claimed_e2=None if claimed is None else round(claimed * 100),
                **facts,
            )
        )
        if approved:
            self.review(id, reviewer)
        return self

    def green(self, id: str, *args: Any, **more: Any) -> Ledger:
        """A re-greening that passed, to 0301 unless it says otherwise."""
        more = {"outcome": RegreeningOutcome.PASSED, "observed_class": land_class("0301"), **more}
        return self.record(id, *args, kind=InspectionKind.REGREENING, **more)

    def sighting(self, id: str, *args: Any, **more: Any) -> Ledger:
        return self.record(id, *args, kind=InspectionKind.NEW_BUILD_SIGHTING, **more)

    def review(self, about: str, reviewer: str = "wang") -> Ledger:
        said = self.said(f"review-{about}-{self.seq}", reviewer, role="supervisor")
        self.decisions.append(Decision(said, (about,), ReviewOutcome.APPROVE, None))
        return self

    def check(self, id: str, kind: str, author: str, on: str, **more: Any) -> Ledger:
        areas = tuple(CheckedArea(land_class(code), e2) for code, e2 in more.pop("areas", ()))
        facts: dict[str, Any] = {"parcels": ("P1",), "outline": None, "passed": True, **more}
        said = self.said(id, author, role="city")
        self.checks.append(
            Check(said, kind, supersedes=None, document_no=id, document_on=date.fromisoformat(on), areas=areas, **facts)
        )
        return self

    def resolve(
        self, code: Discrepancy, *about: str, outcome: str = "explained", author: str = "zhao", role: str = "district"
    ) -> Ledger:
        said = self.said(f"answer-{self.seq}", author, role=role)
        self.resolutions.append(Resolved(said, about, code, outcome, "seen on site"))
        return self

    def overlay(
        self, id: str, at: tuple[float, float, float, float], overlay: Overlay, on: str = "2024-01-01"
    ) -> Ledger:
        row = RegisterRow(self.said(id, "office"), "overlay", id, date.fromisoformat(on), (), box(*at), overlay)
        self.registers.append(row)
        return self

    def book(self) -> Book:
        return Book(
            self.seq,
            parcels=tuple(self.parcels),
            versions=tuple(self.versions),
            decisions=tuple(self.decisions),
            checks=tuple(self.checks),
            resolutions=tuple(self.resolutions),
            registers=tuple(self.registers),
            **self.more,
        )


def asked_of(book: Book, at_ms: int = NOW) -> Asked:
    return Asked.of_book(book, parcels_on(book, day_of(at_ms)), at_ms, CLASSES)


def ground_of(book: Book, at_ms: int = NOW) -> AskedOfLand:
    """The book judged, with what its own open findings hold, laid out and folded."""
    asked = asked_of(book, at_ms)
    held = holding(settle(before_fold(asked), Bench.of_book(book)))
    events = judge_book(book, Terms(rules().values, CLASSES, held))
    land = lay_out(asked.site.parcels, events, CLASSES, book.checks)
    return AskedOfLand(asked, land, parcel_figures(land, at_ms))


def findings_of(ledger: Ledger | Book, at_ms: int = NOW) -> tuple[Finding, ...]:
    """What all checks but those of totals find."""
    book = ledger.book() if isinstance(ledger, Ledger) else ledger
    asked = ground_of(book, at_ms)
    return (*before_fold(asked.records), *on_land(asked))


def of_code(ledger: Ledger | Book, code: Discrepancy, at_ms: int = NOW) -> list[Finding]:
    return [one for one in findings_of(ledger, at_ms) if one.code is code]


def photos(kind: InspectionKind) -> tuple[PhotoFact, ...]:
    """A full set."""
    shots = {
        InspectionKind.DEMOLITION: [
            *(Shot.BEFORE_WIDE, Shot.BEFORE_NEAR, Shot.AFTER_WIDE, Shot.AFTER_WIDE, Shot.AFTER_GROUND),
            Shot.GROUND_PROOF,
        ],
        InspectionKind.REGREENING: [Shot.WIDE, Shot.WIDE, Shot.PLANTS_AND_SOIL, Shot.SURVIVAL_PLOT],
        InspectionKind.FACILITY: [Shot.FACILITY_FRONT, Shot.FACILITY_DETAIL],
        InspectionKind.NEW_BUILD_SIGHTING: [Shot.WIDE, Shot.WIDE, Shot.NEAR],
    }[kind]
    return tuple(photo(shot, number, heading=90.0 * number) for number, shot in enumerate(shots))


def photo(
    shot: Shot, number: int = 0, heading: float | None = None, at: tuple[float, float] | None = None
) -> PhotoFact:
    lon, lat = at if at else (None, None)
    return PhotoFact(f"{number:064x}", shot, 0, lon, lat, 5.0, heading, True)


def changed(ledger: Ledger, id: str, change: Callable[[Version], Version] | None = None, **more: Any) -> Ledger:
    """The ledger with one version made another."""
    make = change or (lambda version: replace(version, **more))
    ledger.versions = [make(version) if version.id == id else version for version in ledger.versions]
    return ledger


def entries(findings: Iterable[Finding]) -> list[tuple[str, ...]]:
    return [one.entries for one in findings]
