"""A book made by hand, in plane metres: what the tests of figures and statements are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import shapely

from schemas.admin_units import AdminUnits, admin_units
from schemas.codes import CodeSystem, Measure
from schemas.reference import Editions
from schemas.register_fields import REGISTER_FIELDS
from schemas.rules import rules
from sync.ledger.accounts.acceptance import Accepted, accept
from sync.ledger.book.days import day_end_ms, day_start_ms
from sync.ledger.book.facts import (
    BaselinePart,
    Book,
    Check,
    CheckedArea,
    LandClass,
    Parcel,
    ProjectRow,
    QuotaStep,
    RegisterRow,
    Said,
    Survey,
    TargetLine,
)
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.events import EventKind, Force, LandEvent
from sync.ledger.land.figures import parcel_figures
from sync.ledger.land.history import history
from sync.ledger.land.layout import Land, local_plane
from sync.ledger.statement.assembly import land_of, make_statement
from sync.ledger.statement.contents import Statement
from sync.ledger.statement.periods import Asked
from sync.ledger.statement.unit_figures import Period

CLASSES = ClassTable.of()
VALUES = rules().values
SYSTEM = CodeSystem.THIRD_LAND_SURVEY
YEAR = Period(date(2023, 12, 31), date(2024, 12, 31))
NEXT = Period(date(2024, 12, 31), date(2025, 12, 31))
UNIT, OTHER, THIRD = "CY-LGY", "CY-CY", "FT-BG"  # G1 and G1 in Chaoyang, G2 in Fengtai
HOMESTEAD, FOREST, FARMLAND, PARK, GREENHOUSE = "0702", "0301", "0103", "0810", "1202"


def box(x: float, y: float, right: float, top: float) -> shapely.Geometry:
    return shapely.box(x, y, right, top)


def land_class(code: str) -> LandClass:
    return LandClass(SYSTEM, code)


def said(entry: str, seq: int = 1, unit: str = UNIT, on: date = date(2024, 1, 1)) -> Said:
    return Said(entry, seq, day_start_ms(on), "a", None, unit)


def parcel(name: str, outline: shapely.Geometry, unit: str = UNIT, base: str = HOMESTEAD, **more: Any) -> Parcel:
    part = BaselinePart(land_class(base), more.pop("part", outline), **more.pop("initial", {}))
    return Parcel(name, said(f"P-{name}", more.pop("seq", 1), unit), outline, (part,), **more)


def event(name: str, kind: EventKind, on: date, parcels: Sequence[str], outline: Any, **more: Any) -> LandEvent:
    unit = more.pop("unit", UNIT)
    code = more.pop("code", None)
    made = LandEvent(
        id=name,
        record=name,
        kind=kind,
        force=more.pop("force", Force.FULL),
        at_ms=day_start_ms(on) + 3_600_000,
        unit=unit,
        units=frozenset({unit}),
        author="a",
        parcels=tuple(parcels),
        outline=outline,
        class_index=CLASSES.index(land_class(code)) if code else -1,
    )
    return replace(made, **more)


def cleared(name: str, on: date, parcels: Sequence[str], outline: Any, **more: Any) -> LandEvent:
    return event(name, EventKind.DEMOLITION_CLEARED, on, parcels, outline, **more)


def passed(name: str, on: date, parcels: Sequence[str], outline: Any, code: str = FOREST, **more: Any) -> LandEvent:
    return event(name, EventKind.REGREENING_PASSED, on, parcels, outline, code=code, **more)


def built(name: str, on: date, parcels: Sequence[str], outline: Any, **more: Any) -> LandEvent:
    return event(name, EventKind.NEW_BUILD, on, parcels, outline, **more)


def acceptance(name: str, on: date, parcels: Sequence[str], areas: dict[str, float], **more: Any) -> Check:
    rows = tuple(CheckedArea(land_class(code), round(m2 * 100)) for code, m2 in areas.items())
    made = Check(
        said(name, more.pop("seq", 1)), "acceptance", tuple(parcels), None, f"No. {name}", on, rows, None, True
    )
    return replace(made, **more)


def survey(name: str, parcel_id: str, year: int, areas: dict[str, float], seq: int = 1) -> Survey:
    rows = tuple(CheckedArea(land_class(code), round(m2 * 100)) for code, m2 in areas.items())
    return Survey(said(name, seq), parcel_id, year, rows)


def target(unit: str, m2: float, parent: str | None = None, **more: Any) -> TargetLine:
    made = TargetLine(
        said(f"T-{unit}", unit=unit), unit, parent, Measure.CLEARED_LAND, 2024, round(m2 * 100), "五年计划"
    )
    return replace(made, **more)


def project(name: str, parcels: Sequence[str], **more: Any) -> ProjectRow:
    return replace(ProjectRow(said(f"J-{name}"), name, name, tuple(parcels), None, None), **more)


def quota(name: str, step: int, parcels: Sequence[str], needs: float, **more: Any) -> QuotaStep:
    seq = more.pop("seq", step)
    made = QuotaStep(
        said(f"Q-{name}-{step}", seq), name, step, 100_00, 200_00, 0, None, round(needs * 100), tuple(parcels), None
    )
    return replace(made, **more)


def row(subtype: str, name: str, fields: dict[str, Any], on: date = date(2024, 6, 1), **more: Any) -> RegisterRow:
    typed = REGISTER_FIELDS[subtype].model_validate(fields)
    made = RegisterRow(
        said(f"R-{name}", more.pop("seq", 1), more.pop("unit", UNIT)), subtype, name, on, (), None, typed
    )
    return replace(made, **more)


def book(parcels: Sequence[Parcel] = (), position: int = 100, **more: Any) -> Book:
    return Book(position, parcels=tuple(parcels), **{name: tuple(rows) for name, rows in more.items()})


def asked(scope: str = "city", period: Period = YEAR, **more: Any) -> Asked:
    admin: AdminUnits = more.pop("admin", admin_units())
    return Asked(scope, period, Editions.newest(), admin, VALUES, project=local_plane, **more)


def lay(facts: Book, events: Sequence[LandEvent], until: date = YEAR.until) -> Land:
    return land_of(facts, events, until, CLASSES, local_plane)


def statement(facts: Book, events: Sequence[LandEvent] = (), want: Asked | None = None, **more: Any) -> Statement:
    want = want or asked()
    return make_statement(facts, lay(facts, events, want.period.until), want, **more)


def accepted(facts: Book, events: Sequence[LandEvent], on: date, stopped: frozenset[str] = frozenset()) -> Accepted:
    land = lay(facts, events, on)
    figures = parcel_figures(land, day_end_ms(on))
    past = history(land, figures.folded, figures.at_ms)
    return accept(land, figures, past, facts.surveys, stopped)


def m2(area: float | int) -> Fraction:
    return Fraction(round(area * 100), 100)
