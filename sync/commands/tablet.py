"""`main.py tablet …`: a tablet's store on the command line, until the screens: enrol, record, sync, export, salvage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import Code, LedgerError
from sync.commands.say import as_json, out, words
from sync.device import log, records, trust
from sync.device.client import SyncClient, SyncReport
from sync.device.enrolment import enrol as enrol_tablet
from sync.device.native import DirectoryDatabase, DirectoryFiles, FileKeys, RequestsTransport, SystemClock
from sync.device.pending import export_pending
from sync.device.salvage import salvage as salvage_store
from sync.device.store import NewEntry, Tablet

app = typer.Typer(no_args_is_help=True, help="平板 a tablet's own store: enrol, record, sync, export, salvage")
Folder = Annotated[Path, typer.Argument(help="the tablet's folder")]
As = Annotated[str, typer.Option("--as", help="the account that acts")]


def ports(folder: Path) -> tuple[DirectoryDatabase, DirectoryFiles, FileKeys]:
    """A tablet's database, files and keys below one folder."""
    return DirectoryDatabase(folder / "db"), DirectoryFiles(folder / "files"), FileKeys(folder / "keys")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Tablet]:
    """The tablet in a folder, closed at the end."""
    tablet = await Tablet.open(*ports(folder), SystemClock())
    try:
        yield tablet
    finally:
        tablet.close()


@app.command()
def enrol(
    folder: Folder,
    code: str,
    central: Annotated[str, typer.Option(help="central's address, such as https://ledger.example:8600")],
    new_device: Annotated[bool, typer.Option("--new-device", help="a fresh chain, after a freeze")] = False,
    again: Annotated[str | None, typer.Option(help="an account whose enrolment central lost with a backup")] = None,
) -> None:
    """Enrol with the text of a one-time code."""

    async def run() -> str:
        async with opened(folder) as tablet:
            identity = await enrol_tablet(tablet, RequestsTransport(central), code, new_device=new_device, again=again)
            tablet.set_meta("central", central)
            return f"{identity.account} · {identity.device}"

    out.print(words("已登记：", "Enrolled: ") + asyncio.run(run()))


@app.command()
def address(folder: Folder, central: Annotated[str, typer.Option(help="central's new address")]) -> None:
    """Tell an enrolled tablet that central has moved. It still believes only the log that it enrolled with."""

    async def run() -> None:
        async with opened(folder) as tablet:
            tablet.set_meta("central", central)

    asyncio.run(run())
    out.print(words(f"中心地址：{central}", f"Central is at {central}"))


@app.command()
def save(
    folder: Folder,
    entry: Annotated[Path, typer.Argument(help="JSON: kind, schema, unit, about, body, supersedes")],
    account: As,
    photo: Annotated[list[Path] | None, typer.Option(help="a photo to keep first; may be repeated")] = None,
) -> None:
    """Save one record. When this returns, it and its photos survive a power cut."""

    async def run() -> str:
        said = json.loads(entry.read_text("utf-8"))
        async with opened(folder) as tablet:
            for path in photo or []:
                await tablet.add_photo(path.read_bytes())
            new = NewEntry(
                kind=said["kind"],
                schema=said.get("schema", 1),
                unit=said["unit"],
                about=tuple(said["about"]),
                body=said["body"],
                supersedes=said.get("supersedes"),
            )
            saved = await tablet.save(account, new)
            return f"{saved.id} · {saved.device} №{saved.device_seq}"

    out.print(words("已保存：", "Saved: ") + asyncio.run(run()))


@app.command()
def sync(folder: Folder, account: As) -> None:
    """Push, send photos, pull, now. Exit status 1 where something still waits."""

    async def run() -> SyncReport:
        async with opened(folder) as tablet:
            central = tablet.meta("central")
            if central is None:
                raise LedgerError(Code.DEVICE_NOT_ENROLLED)
            return await SyncClient(tablet, RequestsTransport(central), account).sync(now=True)

    report = asyncio.run(run())
    out.print(
        words(
            f"已发 {report.pushed} 条、照片 {report.photos} 张，收到 {report.pulled} 条；"
            f"待发 {report.waiting_entries} 条、照片 {report.waiting_photos} 张",
            f"Sent {report.pushed} entries and {report.photos} photos, got {report.pulled}; "
            f"{report.waiting_entries} entries and {report.waiting_photos} photos wait",
        )
    )
    if report.stopped is not None:
        raise LedgerError(report.stopped)


@app.command()
def status(folder: Folder) -> None:
    """Who is enrolled, what waits, where records stand, what was last seen of central."""

    async def run() -> dict[str, object]:
        async with opened(folder) as tablet:
            seen = tablet.checkpoint()
            alarm = trust.open_alarm(tablet)
            photos = tablet.database.conn.execute("SELECT state, count(*) FROM photos GROUP BY state").fetchall()
            return {
                "identities": [
                    {"account": who.account, "device": who.device, "units": who.units} for who in tablet.identities()
                ],
                "waiting_entries": log.waiting_count(tablet.database),
                "photos": dict(photos),
                "records": [
                    {key: row[key] for key in ("root", "unit", "standing", "in_force")}
                    for row in records.records(tablet.database)
                ],
                "checkpoint": seen.model_dump() if seen else None,
                "alarm": alarm.value if alarm else None,
            }

    as_json(asyncio.run(run()))


@app.command("export-pending")
def export(folder: Folder, file: Path, account: As) -> None:
    """Write what central has not taken yet into one file, for a person to import."""

    async def run() -> tuple[int, int]:
        async with opened(folder) as tablet:
            partial = file.with_name(file.name + ".part")
            with partial.open("wb") as sink:
                done = await export_pending(tablet, tablet.identity(account), sink)
            partial.replace(file)
            return done.entries, done.photos

    entries, photos = asyncio.run(run())
    out.print(words(f"已导出 {entries} 条记录、{photos} 张照片", f"Exported {entries} entries and {photos} photos"))


@app.command()
def salvage(folder: Folder) -> None:
    """Rebuild a damaged database from the signed copies beside the photos."""

    async def run() -> dict[str, object]:
        tablet, report = await salvage_store(*ports(folder), SystemClock())
        tablet.close()
        return report.__dict__

    as_json(asyncio.run(run()))


@app.command()
def checkpoint(folder: Folder) -> None:
    """The last tree head that this tablet verified, as an anchor for `main.py log verify --anchor`."""

    async def run() -> dict[str, object] | None:
        async with opened(folder) as tablet:
            seen = tablet.checkpoint()
            return seen.model_dump() if seen else None

    as_json(asyncio.run(run()))


@app.command("accept-log")
def accept_log(folder: Folder, cause: Annotated[str, typer.Option(help="why the other history is right")]) -> None:
    """A person accepts that central's log was restored from a backup: sync goes on, and what it lacks is sent again."""

    async def run() -> None:
        async with opened(folder) as tablet:
            trust.settle_alarm(tablet, cause)

    asyncio.run(run())
    out.print(words("已确认，下次同步将补发", "Accepted; the next sync sends again what is missing"))
