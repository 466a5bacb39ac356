"""`main.py central …`: set up and serve the central log, accounts and devices. Works on the data folder directly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from schemas.protocol import PROTOCOL, DeskEntry
from schemas.roles import Role
from sync.central import desk, rows
from sync.central.accounts import disable_account, put_account
from sync.central.central import Caller, Central
from sync.central.enrolment import new_code
from sync.central.pending import import_pending
from sync.central.sessions import desk_token
from sync.central.settings import CentralSettings
from sync.commands.say import out, words

app = typer.Typer(no_args_is_help=True, help="中心台账 the central log: set up, serve, accounts, devices")

Data = Annotated[Path, typer.Option("--data", help="central's data folder", envvar="LEDGER_DATA_DIR")]
Database = Annotated[str, typer.Option("--database", help="empty: SQLite in the folder; or postgresql+psycopg://…")]
DemoUnits = Annotated[bool, typer.Option("--demo-units", help="also know the fictional units of the demonstration")]
By = Annotated[str, typer.Option("--by", help="the account that decides")]
Cause = Annotated[str, typer.Option("--cause", help="why; it is kept in the log")]
DATA = Path("var/central")


def settings(data: Path, database: str, demo_units: bool) -> CentralSettings:
    """Central's settings; a database that is not named here may still be named by the environment."""
    if database:
        return CentralSettings(data_dir=data, demo_units=demo_units, database_url=database)
    return CentralSettings(data_dir=data, demo_units=demo_units)


@contextmanager
def opened(data: Path, database: str = "", demo_units: bool = False) -> Iterator[Central]:
    """Central over a data folder, closed at the end."""
    central = Central(settings(data, database, demo_units or (data / "demo").exists()))
    try:
        yield central
    finally:
        central.close()


@app.command()
def init(data: Data = DATA, database: Database = "", demo_units: DemoUnits = False) -> None:
    """Set up a log: its key, its schema, its first entry. Safe to run again; it also upgrades an older schema."""
    central = Central.create(settings(data, database, demo_units))
    if demo_units:
        (data / "demo").touch()
    out.print(words("台账已建立，密钥指纹 ", "The log is ready; its key's fingerprint is ") + central.key.id)
    central.close()


@app.command()
def serve(
    data: Data = DATA,
    database: Database = "",
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8600,
) -> None:
    """Serve the API until interrupted. Put TLS in front of anything but this machine."""
    import uvicorn

    from sync.central.api.app import create_app

    with opened(data, database) as central:
        uvicorn.run(create_app(central), host=host, port=port, log_level="warning", server_header=False)


@app.command()
def account(name: str, role: Role, scopes: list[str], data: Data = DATA, database: Database = "") -> None:
    """Create an account or change its scopes; a role is for ever. Scopes: unit ids, district:110105, belt:G1, city."""
    with opened(data, database) as central, central.store.write() as connection:
        put_account(connection, central.admin, central.today(), name, role, scopes)
    out.print(words(f"账号 {name}（{role.value}）已就绪", f"Account {name} ({role.value}) is ready"))


@app.command()
def disable(name: str, data: Data = DATA, database: Database = "") -> None:
    """Disable an account; what it signed stays in the log."""
    with opened(data, database) as central, central.store.write() as connection:
        disable_account(connection, name)
    out.print(words(f"账号 {name} 已停用", f"Account {name} is disabled"))


@app.command()
def code(name: str, data: Data = DATA, database: Database = "") -> None:
    """A one-time enrolment code for an account, as text and as a QR code."""
    import segno

    with opened(data, database) as central:
        text = new_code(central, name)
    out.print(text)
    segno.make(text, micro=False).terminal(compact=True)


@app.command()
def token(name: str, hours: int = 8, data: Data = DATA, database: Database = "") -> None:
    """A bearer token for work at the desk by an account, until the supervisor's screens bring sign-in."""
    with opened(data, database) as central:
        out.print(desk_token(central, name, "cli", hours * 3600))


@app.command()
def devices(data: Data = DATA, database: Database = "") -> None:
    """Every device: its unit, state and last number."""
    with opened(data, database) as central, central.store.read() as connection:
        for row in rows.all_devices(connection):
            cause = f"  {row.cause}" if row.cause else ""
            out.print(f"{row.device}  {row.unit}  {row.state}  {row.high_water}{cause}")


@app.command()
def freeze(device: str, by: By, cause: Cause, data: Data = DATA, database: Database = "") -> None:
    """Stop a device until a person has looked."""
    with opened(data, database) as central:
        desk.freeze(central, caller(central, by), device, cause)


@app.command()
def thaw(device: str, by: By, cause: Cause, data: Data = DATA, database: Database = "") -> None:
    """Let a frozen device send again."""
    with opened(data, database) as central:
        desk.thaw(central, caller(central, by), device, cause)


@app.command()
def revoke(device: str, by: By, cause: Cause, data: Data = DATA, database: Database = "") -> None:
    """End a device's access, for example of a lost tablet."""
    with opened(data, database) as central:
        desk.revoke(central, caller(central, by), device, cause)


@app.command("close-gap")
def close_gap(
    device: str, first: int, last: int, by: By, cause: Cause, data: Data = DATA, database: Database = ""
) -> None:
    """Close numbers of a device that are lost for good, so that what follows them can come in."""
    with opened(data, database) as central:
        who = caller(central, by)
        with central.store.read() as connection:
            known = rows.device_row(connection, device)
        body = {"device": device, "first": first, "last": last, "cause": cause}
        unit = known.unit if known else "central"
        desk.append(central, who, [desk_entry("gap_closed", unit, [device], body)])
    out.print(words("编号已注销", "The numbers are closed"))


@app.command("declare-restore")
def declare_restore(by: By, cause: Cause, data: Data = DATA, database: Database = "") -> None:
    """Say in the log that it was restored from a backup, so that tablets that saw more can be settled."""
    with opened(data, database) as central:
        size = desk.declare_restore(central, caller(central, by), cause)
    out.print(words(f"已声明：台账自第 {size} 条起恢复", f"Declared: the log goes on from row {size}"))


@app.command("import-pending")
def import_file(
    file: Path,
    by: By,
    cause: Cause,
    admit: Annotated[bool, typer.Option("--admit", help="let its entries count although it is stopped")] = False,
    data: Data = DATA,
    database: Database = "",
) -> None:
    """Bring in the file that a tablet exported."""
    with opened(data, database) as central:
        done = import_pending(central, caller(central, by), file, cause, admit=admit)
    counts = ", ".join(f"{status} {count}" for status, count in sorted(done.receipts.items()))
    zh = f"照片 {done.photos} 张，准予生效 {done.admitted} 条，仍缺照片 {done.missing_photos} 张"
    en = f"{done.photos} photos, {done.admitted} admitted, {done.missing_photos} photos missing"
    out.print(f"{done.device}: {counts}; " + words(zh, en))


def caller(central: Central, name: str) -> Caller:
    """An account acting on the command line."""
    with central.store.read() as connection:
        return central.caller(connection, name, "cli", None, None)


def desk_entry(kind: str, unit: str, about: list[str], body: dict[str, object]) -> DeskEntry:
    """A first entry of its kind, made now."""
    return DeskEntry.model_validate(
        {
            "protocol": PROTOCOL, "kind": kind, "schema": 1, "unit": unit, "about": about, "supersedes": None,
            "observed_at": None, "body": body,
        }
    )  # fmt: skip
