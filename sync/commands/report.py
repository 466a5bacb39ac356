"""`main.py report`: publish the figures of a period, at a log position, as files that a stranger can check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from schemas.admin_units import CITY
from schemas.errors import Code, LedgerError
from schemas.reference import Editions
from schemas.roles import Role
from sync.central import rows
from sync.central.central import Central
from sync.commands.central import DATA, Data, Database, opened
from sync.commands.report_check import diff
from sync.commands.report_files import FORMATS, printed, read_report, without_collecting, write_whole
from sync.commands.report_ledger import Wanted, asked_by, contents_at, position_of, sealed, units_apart
from sync.commands.say import out, words
from sync.ledger.book.days import day_of
from sync.ledger.report.diff import restated
from sync.ledger.report.document import Contents, with_rows
from sync.ledger.report.sealed import Issuer, Report
from sync.ledger.statement.contents import Statement

app = typer.Typer(invoke_without_command=True, help="核验报告 the verification report: make it, compare two")
Day = Annotated[str | None, typer.Option("--state-date", help="the last day that counts (YYYY-MM-DD)")]


app.command()(diff)


@app.callback()
def report(
    context: typer.Context,
    state_date: Day = None,
    position: Annotated[int | None, typer.Option(help="log position; the newest unless said")] = None,
    after: Annotated[str | None, typer.Option("--from", help="the period begins after this day")] = None,
    since: Annotated[Path | None, typer.Option(help="the last report: differences from it are listed")] = None,
    folder: Annotated[Path, typer.Option("--out", help="folder for the files")] = Path("var/reports"),
    formats: Annotated[str, typer.Option("--format", help="json, xlsx, html")] = "json,xlsx,html",
    annex: Annotated[str, typer.Option(help="all, none, units (a file for each), or unit ids")] = "",
    scope: Annotated[str, typer.Option(help="city, belt:G1, district:110105 or a unit")] = CITY,
    edition: Annotated[list[str] | None, typer.Option(help="table=edition; the newest unless said")] = None,
    issuer: Annotated[str, typer.Option("--issued-by", help="role:scope, e.g. city:city; no person")] = "",
    data: Data = DATA,
    database: Database = "",
) -> None:
    """Make the report of a period at a log position. Made again at the same position it has the same hash."""
    if context.invoked_subcommand is not None:
        return
    kinds = _formats(formats)
    with without_collecting(), opened(data, database) as central, central.store.read() as connection:
        wanted = _wanted(central, connection, state_date, position, after, scope, edition or [])
        wanted = replace(wanted, annex_units=_annexed(annex))
        contents = _contents(central, connection, wanted, since)
        made = [("", sealed(central, connection, contents, _issuer(issuer)))]
        if annex == "units":
            made.extend(_by_unit(central, connection, wanted, _issuer(issuer)))
    name = f"report-{wanted.until.isoformat()}-{wanted.position}"
    for suffix, one in made:
        for kind in kinds:
            path = folder / f"{name}{suffix}.{kind}"
            write_whole(path, printed(one, kind))
            out.print(str(path))
    main = made[0][1]
    out.print(words(f"报告指纹 {main.seal.hash}", f"Hash of the report {main.seal.hash}"))
    out.print(words(f"公钥指纹 {main.seal.log}", f"Fingerprint of the key {main.seal.log}"))


# -- making ----------------------------------------------------------------------------------------------------------


def _wanted(
    central: Central, connection: Connection, until: str | None, position: int | None, after: str | None, scope: str,
    named: list[str],
) -> Wanted:  # fmt: skip
    place = position_of(connection, position)
    last = rows.by_seq(connection, place)
    # The day of the last row, not today's: so the same command gives the same report tomorrow.
    end = _day(until) if until else day_of(last.row.received_ms if last else 0)
    start = _day(after) if after else date(end.year, 1, 1) - timedelta(days=1)
    if start >= end:
        raise LedgerError(Code.VALUE_INVALID, reason=f"the period ({start}, {end}] is empty")
    editions = dict(one.partition("=")[::2] for one in named)
    unknown = set(editions) - set(Editions.model_fields)
    if unknown:
        raise LedgerError(Code.EDITION_UNKNOWN, table=", ".join(sorted(unknown)), edition="")
    return Wanted(place, start, end, Editions.named(**editions), scope)


def _contents(central: Central, connection: Connection, wanted: Wanted, since: Path | None) -> Contents:
    if since is None:
        return contents_at(central, connection, wanted)[1]
    last = read_report(since)
    if last.seal.log != central.key.id:
        raise LedgerError(Code.REPORT_KEY_WRONG, found=last.seal.log, trusted=central.key.id)
    earlier = _again(central, connection, last.contents)
    _, contents = contents_at(central, connection, wanted, (earlier, last.seal.hash))
    asked = asked_by(last.contents)
    known_now = contents_at(
        central, connection, replace(asked, position=wanted.position, editions=wanted.editions, annex_units=frozenset())
    )[1]
    return with_rows(contents, restated=list(restated(last.contents, known_now)))


def _again(central: Central, connection: Connection, published: Contents) -> Statement:
    """The last report's statement, made again at its position: what it published must come out."""
    statement, contents = contents_at(central, connection, replace(asked_by(published), annex_units=frozenset()))
    if restated(published, contents):
        reason = "the log at its position does not give the figures of the last report"
        raise LedgerError(Code.REPORT_NOT_COMPARABLE, reason=reason)
    return statement


def _by_unit(
    central: Central, connection: Connection, wanted: Wanted, issuer: Issuer | None
) -> Iterator[tuple[str, Report]]:
    for unit, contents in units_apart(central, connection, wanted):
        yield f"-{unit}", sealed(central, connection, contents, issuer)


def _annexed(annex: str) -> frozenset[str] | None:
    """Units whose parcels go into the report itself; None where all do, as far as it stays small."""
    if annex in ("", "all"):
        return None
    if annex in ("none", "units"):
        return frozenset()
    return frozenset(one.strip() for one in annex.split(",") if one.strip())


def _formats(text: str) -> list[str]:
    kinds = [one.strip().lower() for one in text.split(",") if one.strip()]
    unknown = sorted(set(kinds) - set(FORMATS))
    if unknown or not kinds:
        raise LedgerError(Code.VALUE_INVALID, reason=f"formats are {', '.join(FORMATS)}")
    return kinds


def _issuer(text: str) -> Issuer | None:
    if not text:
        return None
    role, _, scope = text.partition(":")
    if role not in set(Role):
        raise LedgerError(Code.VALUE_INVALID, reason=f"roles are {', '.join(Role)}")
    return Issuer(role=role, scope=scope or CITY)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise LedgerError(Code.VALUE_INVALID, reason=f"{text[:20]} is no day (YYYY-MM-DD)") from error
