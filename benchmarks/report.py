"""A report of 88 units from a ledger of 200,000 parcels and 200,000 inspections, from the reconciled state.

Ours: from book and land (rows read, records judged, ground cut) to the sealed document and its three files: all figures
of every unit, district, belt and city, all sections, digest, signature, workbook and page. The annex of one unit (some
2,300 parcels) is made beside it; an annex of all parcels is asked for by unit, so no file holds 200,000 rows.

Yardstick: `parcel_figures` over the same land once, which no report can do without; ours folds at both ends of the
period, with and without what is held, and looks for relapses, lags and flows.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.ledger_samples import parcel_lines, visit_lines
from benchmarks.measure import Figure, Pairs, timed
from schemas.admin_units import AdminUnits, DatedName, Unit, admin_units
from schemas.codes import Belt, UnitKind
from schemas.entries import Checkpoint
from schemas.ids import key_id
from schemas.reference import Editions
from schemas.rules import rules
from sync.ledger.book.builder import read_book
from sync.ledger.book.days import day_end_ms
from sync.ledger.book.entered import Terms
from sync.ledger.book.judgement import judge_book
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.figures import parcel_figures
from sync.ledger.report.document import Contents, annex_of, contents_of
from sync.ledger.report.page import page
from sync.ledger.report.sealed import Report, seal
from sync.ledger.report.xlsx import workbook
from sync.ledger.statement.annex import Annex
from sync.ledger.statement.assembly import land_of, make_statement
from sync.ledger.statement.periods import Asked
from sync.ledger.statement.unit_figures import Period

PARCELS = 200_000
VISITS = 200_000
UNITS = 88
ROUNDS = 3
MOST_S = 10.0
PERIOD = Period(date(2023, 12, 31), date(2024, 12, 31))


def run() -> Iterator[Figure]:
    """The report without annex, and the annex of one unit."""
    lines = [*parcel_lines(PARCELS), *visit_lines(PARCELS, VISITS, PARCELS, photos=1)]
    for number, line in enumerate(lines):
        line.entry["unit"] = f"B-{number % PARCELS % UNITS:02d}"  # type: ignore[index]
    book = read_book(lines)
    classes, values = ClassTable.of(), rules().values
    land = land_of(book, judge_book(book, Terms(values, classes)), PERIOD.until, classes, threads=2)
    asked = Asked("city", PERIOD, Editions.newest(), _units(), values)
    made: list[Contents] = []

    def ours() -> None:
        gc.disable()  # as `main.py report` does
        statement = make_statement(book, land, asked)
        contents = contents_of(
            statement, log="0" * 32, root="0" * 64, position_ms=lines[-1].received_ms, annex_units=frozenset()
        )
        report = _sealed(contents)
        assert len(report.data()) and len(page(report)) and len(workbook(report))
        made.append(contents)

    pairs = Pairs([], [])
    for _ in range(ROUNDS):
        pairs.ours.append(timed(ours))
        pairs.yardstick.append(timed(lambda: parcel_figures(land, day_end_ms(PERIOD.until))))
    yield Figure(
        what=f"report of {UNITS} units, {PARCELS:,} parcels: three files",
        goal=f"< {MOST_S:.0f} s", ratio=f"{pairs.time_ratio:.1f}x", ours=f"{pairs.ours_s:.1f} s",
        yardstick=f"{pairs.yardstick_s:.1f} s", reached=pairs.ours_s < MOST_S,
    )  # fmt: skip
    yield _annex_figure(make_statement(book, land, asked).annex, made[-1])


def _annex_figure(annex: object, contents: Contents) -> Figure:
    assert isinstance(annex, Annex)
    chosen = frozenset({"B-07"})
    rows = 0

    def ours() -> None:
        nonlocal rows
        found = annex_of(annex.of_units(chosen), chosen)
        rows = sum(len(one) for one in found.values())
        report = _sealed(replace(contents, annex=found))
        assert len(report.data()) and len(page(report)) and len(workbook(report))

    seconds = min(timed(ours) for _ in range(ROUNDS))
    return Figure(
        what=f"annex of one unit, {rows:,} parcels: three files", goal="–", ratio="–", ours=f"{seconds:.1f} s",
        yardstick="–", reached=None,
    )  # fmt: skip


def _sealed(contents: Contents) -> Report:
    """Signed; the rows of the log are not proven, for there is no log here."""
    key = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
    public_key = key.public_key().public_bytes_raw()
    head = Checkpoint(log=key_id(public_key), size=1, root="0" * 64, at_ms=0, sig="0" * 128)
    return seal(contents, [], [], head, [], public_key=public_key, sign=key.sign, software="benchmark", issuer=None)


def _units() -> AdminUnits:
    """Invented units beside the real ones: 88, half in each belt, over eleven districts."""
    table = admin_units()
    districts = [area.code for area in table.areas if area.kind is UnitKind.DISTRICT][:11]
    made = tuple(
        Unit(
            unit_id=f"B-{number:02d}", belt=Belt.G1 if number < 27 else Belt.G2, kind=UnitKind.TOWNSHIP,
            names=(DatedName(name=f"第{number}单元（虚构）"),), districts=(districts[number % 11],),
            valid_from=date(2016, 1, 1), fictional=True,
        )
        for number in range(UNITS)
    )  # fmt: skip
    return table.model_copy(update={"units": table.units + made})
