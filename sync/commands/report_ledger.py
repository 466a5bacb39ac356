"""From the log to a sealed report: rows are read up to a position, judged, folded, and signed with central's key.

The pure parts do the work (`sync.ledger`); here stand the reading of the log, the proof's nodes and the signature.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version

from sqlalchemy import Connection, select

from schemas.admin_units import CITY, AdminUnits, admin_units, demo_units
from schemas.entries import Checkpoint
from schemas.errors import Code, LedgerError
from schemas.reference import Editions
from schemas.rules import rules
from sync.central import rows
from sync.central.central import Central
from sync.central.ledger_log import ledger_lines
from sync.central.tables import checkpoints
from sync.ledger.accounts.net import outside
from sync.ledger.book.builder import read_book
from sync.ledger.book.days import day_end_ms
from sync.ledger.book.entered import Terms
from sync.ledger.book.facts import Book, Said
from sync.ledger.book.holding import parcels_on
from sync.ledger.book.judgement import judge_book
from sync.ledger.discrepancies import asked as checks
from sync.ledger.discrepancies.settling import Bench, holding, settle, stopped_documents
from sync.ledger.discrepancies.table import all_findings, before_fold
from sync.ledger.discrepancies.totals import AskedOfTotals
from sync.ledger.land.classes import ClassTable
from sync.ledger.report import proof
from sync.ledger.report.ageing import aged_counts
from sync.ledger.report.document import Contents, annex_of, contents_of, entries_named
from sync.ledger.report.sealed import Issuer, ProvenRow, Report, seal
from sync.ledger.statement.annex import Annex
from sync.ledger.statement.assembly import land_of, make_statement
from sync.ledger.statement.contents import ChainLink, Statement
from sync.ledger.statement.moments import moment
from sync.ledger.statement.periods import Asked
from sync.ledger.statement.unit_figures import Level, Period

ANNEX_LIMIT = 20_000
"""Parcels up to which the annex goes into the report unless said; beyond, it is asked for by unit."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What a report is asked for: the log up to `position`, the period (after, until], a scope, editions."""

    position: int
    after: date
    until: date
    editions: Editions
    scope: str = CITY
    annex_units: frozenset[str] | None = None
    """Units whose parcels are annexed; None: all of them, up to ANNEX_LIMIT parcels."""


def position_of(connection: Connection, asked: int | None) -> int:
    """The log position asked for, or the newest. Raises LedgerError: REPORT_POSITION_UNKNOWN, STORE_NOT_READY."""
    size = rows.size(connection)
    if size == 0:
        raise LedgerError(Code.STORE_NOT_READY)
    if asked is not None and not 1 <= asked <= size:
        raise LedgerError(Code.REPORT_POSITION_UNKNOWN, position=asked, size=size)
    return size if asked is None else asked


def statement_of(
    book: Book, wanted: Wanted, admin: AdminUnits, earlier: Statement | None = None, threads: int = 2
) -> Statement:
    """The statement that is asked for, over a book of the log up to the position."""
    editions, until = wanted.editions, wanted.until
    at_ms = day_end_ms(until)
    classes = ClassTable.of(editions.counting_rule)
    values = rules(editions.rules).values
    parcels = parcels_on(book, until)
    records = checks.Asked.of_book(
        book, tuple(parcels), at_ms, classes, rules_edition=editions.rules, photo_edition=editions.photo_rules
    )
    bench = Bench.of_book(book)
    settled = settle(before_fold(records), bench)
    outlines = {parcel.id: parcel.outline for parcel in parcels}
    events = judge_book(book, Terms(values, classes, holding(settled), outlines.get))
    land = land_of(book, events, until, classes, threads=threads)
    stopped = stopped_documents(settled)
    asked = Asked(wanted.scope, Period(wanted.after, until), editions, admin, values, stopped)
    made = make_statement(book, land, asked, earlier)
    now = moment(land, at_ms, book.surveys, stopped, outside(land))
    ground = checks.AskedOfLand(records, land, now.figures)
    totals = AskedOfTotals(
        ground, now.accepted, made.quotas, made.green_balance, made.target_gaps, f"{wanted.after}/{until}"
    )
    claimed = {one.id: one.claimed_e2 or 0 for one in book.versions}
    found = aged_counts(settle(all_findings(totals), bench), at_ms, claimed)
    return replace(made, discrepancies=found)


def contents_at(
    central: Central, connection: Connection, wanted: Wanted, earlier: tuple[Statement, str] | None = None
) -> tuple[Statement, Contents]:
    """Statement and document of what is asked; `earlier` is the last report's statement and its hash."""
    book = read_book(ledger_lines(connection, 0, wanted.position))
    admin = _units(central, wanted.editions)
    statement = statement_of(book, wanted, admin, None if earlier is None else earlier[0])
    units = wanted.annex_units
    if units is None and len(statement.annex) > ANNEX_LIMIT:
        units = frozenset()
    last = rows.by_seq(connection, wanted.position)
    if last is None:
        raise LedgerError(Code.REPORT_POSITION_UNKNOWN, position=wanted.position, size=rows.size(connection))
    contents = contents_of(
        statement if units is None else _narrowed(statement, units),
        log=central.key.id,
        root=rows.root_at(connection, wanted.position).hex(),
        position_ms=last.row.received_ms,
        annex_units=units,
        last_report=None if earlier is None else earlier[1],
        listed=_listed(book, wanted),
    )
    return statement, contents


def units_apart(central: Central, connection: Connection, wanted: Wanted) -> Iterator[tuple[str, Contents]]:
    """For each unit the document with its parcels alone in the annex: the rest is that of the whole report."""
    statement, contents = contents_at(central, connection, replace(wanted, annex_units=frozenset()))
    listed = _listed(read_book(ledger_lines(connection, 0, wanted.position)), wanted)
    for unit in sorted({row.code for row in statement.rows if row.level is Level.UNIT}):
        chosen = frozenset({unit})
        annex = annex_of(_narrowed(statement, chosen).annex, chosen, listed)
        if annex:
            yield unit, replace(contents, header={**contents.header, "annex": "some"}, annex=annex)


def asked_by(contents: Contents) -> Wanted:
    """What a published report was asked for. Raises LedgerError: REPORT_DAMAGED, EDITION_UNKNOWN."""
    head = contents.header
    editions = head.get("editions")
    try:
        named = {str(k): str(v) for k, v in editions.items()} if isinstance(editions, dict) else {}
        return Wanted(
            int(str(head["position"])),
            date.fromisoformat(str(head["after"])),
            date.fromisoformat(str(head["until"])),
            Editions.named(**named),
            str(head["scope"]),
            None if head.get("annex") == "all" else frozenset(contents.annex),
        )
    except (KeyError, ValueError) as error:
        raise LedgerError(Code.REPORT_DAMAGED, reason="its header") from error


def steps_between(central: Central, connection: Connection, first: Contents, last: Contents) -> Iterator[Contents]:
    """From the first report to the last, one thing at a time: position, then dates, then editions."""
    one, other = asked_by(first), asked_by(last)
    yield first
    moved = replace(one, position=other.position)
    dated = replace(moved, after=other.after, until=other.until)
    for before, step in ((one, moved), (moved, dated)):
        if step not in (before, other):
            yield contents_at(central, connection, step)[1]
    yield last


def sealed(central: Central, connection: Connection, contents: Contents, issuer: Issuer | None) -> Report:
    """The document with the proof of every entry that it names and central's signature."""
    position = int(str(contents.header["position"]))
    found = rows.by_ids(connection, sorted(entries_named(contents)))
    proven = sorted(
        (ProvenRow(entry, stored.row) for entry, stored in found.items() if stored.row.seq <= position),
        key=lambda one: one.row.seq,
    )
    head = _head_over(central, connection, position)
    return seal(
        contents,
        proven,
        proof.make([one.row.seq - 1 for one in proven], position, rows.TreeNodes(connection)),
        head,
        rows.consistency(connection, position, head.size),
        public_key=central.key.public_key,
        sign=central.key.sign,
        software=f"greenbelt-ledger {version('greenbelt-ledger')}",
        issuer=issuer,
    )


def entries_between(connection: Connection, first: int, last: int) -> dict[str, tuple[str, ...]]:
    """For each subject (parcel or entry) the entries after row `first` up to row `last` that are about it."""
    found: dict[str, list[str]] = {}
    for line in ledger_lines(connection, first, last):
        for subject in line.entry["about"]:
            found.setdefault(str(subject), []).append(str(line.entry["id"]))
    return {subject: tuple(named) for subject, named in found.items()}


def _listed(book: Book, wanted: Wanted) -> dict[str, tuple[ChainLink, ...]]:
    """For each parcel the entry of its row in the ledger, and those of surveys up to the state date: figures rest on
    them, and the report proves them."""
    found: dict[str, list[ChainLink]] = defaultdict(list)
    for parcel in parcels_on(book, wanted.until):
        found[parcel.id].append(_link(parcel.said, "parcel"))
    for survey in book.surveys:
        if survey.year <= wanted.until.year:
            found[survey.parcel].append(_link(survey.said, "survey_result", str(survey.year)))
    return {parcel: tuple(links) for parcel, links in found.items()}


def _link(said: Said, kind: str, outcome: str = "") -> ChainLink:
    return ChainLink(said.entry, kind, said.author, said.role, said.received_ms, outcome)


def _narrowed(statement: Statement, units: frozenset[str]) -> Statement:
    """The statement with the annex of these units: rows of the others are never made."""
    annex = statement.annex
    return replace(statement, annex=annex.of_units(units)) if isinstance(annex, Annex) else statement


def _units(central: Central, editions: Editions) -> AdminUnits:
    """The units of the edition named, with the fictional ones where this ledger is a demonstration."""
    table = admin_units(editions.admin_units)
    return table.joined(demo_units()) if central.settings.demo_units else table


def _head_over(central: Central, connection: Connection, position: int) -> Checkpoint:
    """The first signed tree head that covers the position: the same one whenever the report is made again."""
    query = select(checkpoints).where(checkpoints.c.size >= position).order_by(checkpoints.c.size).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise LedgerError(Code.STORE_NOT_READY)
    return Checkpoint(log=central.key.id, size=row.size, root=row.root, at_ms=row.at_ms, sig=row.sig)
