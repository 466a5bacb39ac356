"""Running the demonstration: real processes, real HTTP, cut connections; it ends by letting the log prove itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from schemas.entries import Checkpoint
from schemas.protocol import PROTOCOL
from sync.central import rows
from sync.central.accounts import put_account
from sync.central.central import Central
from sync.central.desk import append
from sync.central.enrolment import new_code
from sync.central.pending import import_pending
from sync.central.photos import count_held
from sync.central.sessions import desk_token
from sync.central.verify import verify_log
from sync.checker import check
from sync.checker.world import World, read_central, read_tablet
from sync.commands.central import caller, desk_entry, settings
from sync.commands.log import show
from sync.commands.say import out, words
from sync.demo import story
from sync.demo.network import CuttingRelay
from sync.demo.world import (
    INSPECTOR_A,
    INSPECTOR_B,
    MARK,
    OFFICE,
    SEED,
    SUPERVISOR,
    DemoParcel,
    Person,
    fictional_people,
    parcels,
)

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Tablet:
    """A tablet process's folder and account."""

    name: str
    folder: Path
    person: Person


def main(keep: str = "") -> int:
    """Run it; 0 where the log proves itself and nothing is lost. `keep`: a folder for the data, else a temporary."""
    started = time.monotonic()
    folder = Path(keep) if keep else Path(tempfile.mkdtemp(prefix="ledger-demo-"))
    if keep and folder.exists() and any(folder.iterdir()):
        out.print(words(f"{folder} 不是空文件夹", f"{folder} is not empty"))
        return 1
    try:
        good = Demo(folder).run()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    out.print(words(f"用时 {time.monotonic() - started:.0f} 秒", f"It took {time.monotonic() - started:.0f} s"))
    return 0 if good else 1


class Demo:
    """The story from the first parcel to the last proof."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "central"
        self.parcels: list[DemoParcel] = parcels()
        self.victim, self.office_demo = fictional_people()
        self.anchors: list[Checkpoint] = []

    def run(self) -> bool:
        """All acts in turn."""
        out.rule(words(f"绿隔台账演示（{MARK}）", f"Field ledger, demonstration ({MARK})"))
        codes = self._set_up()
        port = free_port()
        server = self._serve(port)
        relay = CuttingRelay(port, SEED)
        try:
            tablets = self._first_day(relay, codes)
            self._reviews(port)
            self._second_day(relay, tablets)
            clone = self._fork(relay, tablets)
        finally:
            stop(server)
            relay.close()
        cut, whole = relay.cuts, relay.connections
        self._say(f"{whole} 个连接中断了 {cut} 个", f"{cut} of {whole} connections were cut")
        self._bring_in(clone)
        return self._prove([*tablets, clone])

    # -- acts ------------------------------------------------------------------------------------------------------

    def _set_up(self) -> dict[str, str]:
        central = Central.create(settings(self.data, "", True))
        (self.data / "demo").touch()
        people = [INSPECTOR_A, INSPECTOR_B, SUPERVISOR, OFFICE, self.victim, self.office_demo]
        with central.store.write() as connection:
            for person in people:
                put_account(connection, central.admin, central.today(), person.account, person.role, [person.scope])
        for office in (OFFICE, self.office_demo):
            who = caller(central, office.account)
            mine = [item for item in self.parcels if item.unit in who.units]
            append(central, who, [desk_entry("parcel", item.unit, [item.number], dict(item.body)) for item in mine])
        self.token = desk_token(central, SUPERVISOR.account, "cli", 3600)
        self.office_token = desk_token(central, OFFICE.account, "cli", 3600)
        codes = {p.account: new_code(central, p.account) for p in (INSPECTOR_A, INSPECTOR_B, self.victim)}
        central.close()
        self._say(f"{len(self.parcels)} 个图斑上账", f"{len(self.parcels)} parcels are listed in the ledger")
        return codes

    def _first_day(self, relay: CuttingRelay, codes: dict[str, str]) -> list[Tablet]:
        """Three tablets enrol, record with no network, then sync through a network that keeps breaking."""
        counts = (story.VISITS_A, story.VISITS_B, story.VISITS_C)
        firsts = (0, story.VISITS_A, len(self.parcels) - 10)
        people = (INSPECTOR_A, INSPECTOR_B, self.victim)
        tablets = [Tablet(f"平板{name}", self.folder / name, who) for name, who in zip("ABC", people, strict=True)]
        orders: list[list[dict[str, Any]]] = [
            [
                {"do": "enrol", "url": relay.url, "code": codes[tablet.person.account]},
                {
                    "do": "record",
                    "account": tablet.person.account,
                    "inspections": story.visits(self.parcels, first, count),
                },
                {"do": "sync", "url": relay.url, "account": tablet.person.account},
            ]
            for tablet, first, count in zip(tablets, firsts, counts, strict=True)
        ]
        self._obey(list(zip(tablets, orders, strict=True)))
        return tablets

    def _reviews(self, port: int) -> None:
        """The township approves all but two: one goes back for correction, one waits and becomes a branch."""
        self.desk = Desk(port, self.token)
        waiting = self.desk.inspections()
        self.returned, self.branched = waiting[0], waiting[1]
        for entry in waiting[2:]:
            self.desk.review(entry, "approve")
        self.desk.review(self.returned, "return", "ground_proof_missing", "后视照片看不清地面，请补拍")
        self._say(
            f"主管通过 {len(waiting) - 2} 条，退回 1 条", f"The supervisor approved {len(waiting) - 2} and returned 1"
        )

    def _second_day(self, relay: CuttingRelay, tablets: list[Tablet]) -> None:
        """The return is corrected; two tablets revise one record unaware of each other; the district chooses."""
        a, b, _ = tablets
        again = {"do": "revise", "about": self.returned["about"][0], "account": a.person.account}
        again["inspection"] = story.visit(self._parcel(self.returned), SEED + 700, "已补拍地面")
        both = {"do": "revise", "about": self.branched["about"][0]}
        pairs = [
            (a, [sync_order(relay, a), again, {**both, "account": a.person.account, "inspection": self._version(1)}]),
            (b, [sync_order(relay, b), {**both, "account": b.person.account, "inspection": self._version(2)}]),
        ]
        said = self._obey(pairs, quiet=True)
        self._obey([(tablet, [sync_order(relay, tablet)]) for tablet in (a, b)], quiet=True)
        zh, en = (
            "一条记录被两台平板同时修改：分叉，暂不计入",
            "Two tablets revised one record: a branch, neither counts",
        )
        self._say(zh, en)
        corrected = said[a.name][1]
        self.desk.review(self.desk.find(corrected["id"]), "approve")
        chosen, other = said[a.name][2]["id"], said[b.name][1]["id"]
        office = Desk(self.desk.port, self.office_token)
        office.choose(self.desk.find(chosen), other)
        self.desk.review(self.desk.find(chosen), "approve", head=office.last_id)
        zh, en = (
            "补拍后通过；区级选定一版，亦通过",
            "The correction is approved; so is the version that the district chose",
        )
        self._say(zh, en)
        self._obey([(tablet, [sync_order(relay, tablet)]) for tablet in (a, b)])

    def _fork(self, relay: CuttingRelay, tablets: list[Tablet]) -> Tablet:
        """Tablet C is cloned (in a fictional unit): both give out one number; central keeps both and freezes it."""
        c = tablets[2]
        clone = Tablet("平板C的副本", self.folder / "C-clone", c.person)
        shutil.copytree(c.folder, clone.folder)
        first = len(self.parcels) - 10 + story.VISITS_C
        for index, tablet in enumerate((c, clone)):
            visit = story.visit(self.parcels[first + index], SEED + 900 + index)
            more = story.visit(self.parcels[first + 2 + index], SEED + 910 + index)
            record = {"do": "record", "account": c.person.account, "inspections": [visit, more]}
            export = {"do": "export", "account": c.person.account, "file": str(self.folder / f"{index}.pending")}
            self._obey([(tablet, [record, sync_order(relay, tablet), export])])
        zh, en = (
            "同一编号两份记录：设备冻结，两份都留存",
            "One number, two entries: both are kept, the device is frozen",
        )
        self._say(zh, en)
        return clone

    def _bring_in(self, clone: Tablet) -> None:
        """A person decides: the frozen tablet's file comes in and its records are let in by name."""
        central = Central(settings(self.data, "", True))
        who = caller(central, self.office_demo.account)
        done = import_pending(central, who, self.folder / "1.pending", "核实后准予生效", admit=True)
        central.close()
        self._say(
            f"区级导入冻结设备的文件：{sum(done.receipts.values())} 条，准予生效 {done.admitted} 条",
            f"The district imported the frozen device's file: {sum(done.receipts.values())}, admitted {done.admitted}",
        )

    def _prove(self, tablets: list[Tablet]) -> bool:
        """Central's state, the log's proof with the tablets as witnesses, and the invariants over all stores."""
        central = Central(settings(self.data, "", True))
        with central.store.read() as connection:
            devices = rows.all_devices(connection)
            verdict = verify_log(connection, central.key.public_key, central.settings.photo_dir, self.anchors)
        photos, size = count_held(central)
        central.close()
        zh = f"中心：{verdict.rows} 条日志，{photos} 张照片（{size / 1e6:.1f} MB）"
        self._say(zh, f"Central: {verdict.rows} rows, {photos} photos ({size / 1e6:.1f} MB)")
        for device in devices:
            cause = f"（{device.cause}）" if device.state != "active" and device.cause else ""
            out.print(f"  {device.device}  {device.unit}  {device.state}{cause}  №{device.high_water}")
        show(verdict)
        violations = check(World(read_central(self.data), [read_tablet(tablet.folder) for tablet in tablets], []))
        for violation in violations:
            out.print(f"  {violation}")
        self._say(f"不变量检查：{len(violations)} 处违反", f"Invariants over all stores: {len(violations)} violations")
        return verdict.holds and not violations

    # -- small steps -----------------------------------------------------------------------------------------------

    def _obey(
        self, pairs: list[tuple[Tablet, list[dict[str, Any]]]], *, quiet: bool = False
    ) -> dict[str, list[dict[str, Any]]]:
        """Run tablets as processes side by side; returns what each said, and prints their state unless `quiet`."""
        running = []
        for number, (tablet, orders) in enumerate(pairs):
            path = self.folder / f"orders-{number}.json"
            path.write_text(json.dumps(orders, ensure_ascii=False), "utf-8")
            command = [sys.executable, "-m", "sync.demo.tablet", str(tablet.folder), str(path)]
            running.append((tablet, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)))
        said = {}
        for tablet, process in running:
            text, _ = process.communicate()
            if process.returncode:
                raise RuntimeError(f"{tablet.name} ended with {process.returncode}")
            said[tablet.name] = [json.loads(line) for line in text.splitlines()]
            for done in said[tablet.name]:
                if done["do"] == "sync":
                    self._note(tablet, done, quiet=quiet)
        return said

    def _note(self, tablet: Tablet, done: dict[str, Any], *, quiet: bool) -> None:
        if done["checkpoint"]:
            self.anchors.append(Checkpoint.model_validate(done["checkpoint"]))
        if quiet:
            return
        own, pulled = done["log"]["own"], done["log"]["pulled"]
        waits = f"{done['waiting_entries']}+{done['waiting_photos']}"
        zh = f"自有 {own} 收到 {pulled} 待发 {waits} 同步 {done['tries']} 次"
        en = f"own {own} pulled {pulled} waiting {waits} tries {done['tries']}"
        out.print(f"  {tablet.name}  {tablet.person.account}  {done['device_state']}  {words(zh, en)}")
        out.print(
            words(f"      记录 {done['records']}  照片 {done['photos']}", f"      {done['records']} {done['photos']}")
        )

    def _parcel(self, entry: dict[str, Any]) -> DemoParcel:
        return next(parcel for parcel in self.parcels if parcel.number == entry["about"][0])

    def _version(self, number: int) -> dict[str, Any]:
        return story.visit(self._parcel(self.branched), SEED + 800 + number)

    def _say(self, zh: str, en: str) -> None:
        out.print("• " + words(zh, en))

    def _serve(self, port: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(ROOT / "main.py"), "central", "serve", "--data", str(self.data)]
        server = subprocess.Popen([*command, "--port", str(port)], cwd=ROOT, env={**os.environ})
        for _ in range(200):
            with suppress(requests.RequestException):
                if requests.get(f"http://127.0.0.1:{port}/v1/health", timeout=2).ok:
                    return server
            time.sleep(0.1)
        stop(server)
        raise RuntimeError("central did not start")


class Desk:
    """The township's and the district's work over the desk's HTTP door."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.last_id = ""
        self._url = f"http://127.0.0.1:{port}/v1"
        self._http = requests.Session()
        self._http.headers["authorization"] = f"Bearer {token}"

    def inspections(self) -> list[dict[str, Any]]:
        """The accepted inspections that this desk may see, in the order of the log."""
        return [entry for entry in self._entries() if entry["kind"] == "inspection"]

    def find(self, entry_id: str) -> dict[str, Any]:
        """One entry by its id."""
        return next(entry for entry in self._entries() if entry["id"] == entry_id)

    def review(
        self, entry: dict[str, Any], outcome: str, reason: str | None = None, text: str | None = None, head: str = ""
    ) -> None:
        """Approve, return or reject a version, on top of the head that the desk sees."""
        body: dict[str, Any] = {"outcome": outcome, "reason": reason, "text": text, "fields": []}
        self._say("review", entry["unit"], [entry["id"]], head or entry["id"], body)

    def choose(self, entry: dict[str, Any], other: str) -> None:
        """Close a branch (D26) in favour of `entry`."""
        body: dict[str, Any] = {
            "discrepancy": "D26", "outcome": "corrected", "reason": "以现场测绘为准", "document": None,
            "set_aside": [other],
        }  # fmt: skip
        self._say("resolution", entry["unit"], [entry["id"], other], entry["id"], body)

    def _say(self, kind: str, unit: str, about: list[str], supersedes: str, body: dict[str, Any]) -> None:
        said = {
            "protocol": PROTOCOL, "kind": kind, "schema": 1, "unit": unit, "about": about, "supersedes": supersedes,
            "observed_at": None, "body": body,
        }  # fmt: skip
        answer = self._http.post(f"{self._url}/desk/entries", json=said, timeout=30)
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
        self.last_id = answer.json()["entry"]["id"]

    def _entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after, more = 0, True
        while more:
            page = self._http.get(f"{self._url}/entries", params={"after": after}, timeout=30).json()
            found += [row["entry"] for row in page["rows"] if row["disposition"] == "accepted"]
            after, more = page["scanned_to"], page["more"]
        return found


def sync_order(relay: CuttingRelay, tablet: Tablet) -> dict[str, Any]:
    """The order to sync until nothing waits."""
    return {"do": "sync", "url": relay.url, "account": tablet.person.account}


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
        return
    process.kill()
    process.wait()
