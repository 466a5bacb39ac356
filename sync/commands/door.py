"""绿隔台账 The field ledger of Beijing's green belts."""

from __future__ import annotations

import sys

import typer

from schemas.errors import LedgerError
from sync.commands import central, forms, ledger, log, report, schemas, tablet
from sync.commands.imports import import_command
from sync.commands.report_check import verify
from sync.commands.say import complain

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(central.app, name="central")
app.add_typer(log.app, name="log")
app.add_typer(tablet.app, name="tablet")
app.add_typer(schemas.app, name="schemas")
app.add_typer(forms.app, name="forms")
app.command("import")(import_command)
app.add_typer(ledger.app)
app.add_typer(report.app, name="report")
app.command()(verify)


def main() -> None:
    """Run one command; a coded error ends it with its words and exit status 1."""
    try:
        app()
    except LedgerError as error:
        complain(error)
        sys.exit(1)
