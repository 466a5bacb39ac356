"""How the demonstration ends: a published report that a stranger can check, totals counted a second way, a log that
proves itself, and the invariants over all stores.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.canonical import canonical
from schemas.codes import Discrepancy
from schemas.entries import Checkpoint
from sync.central import rows
from sync.central.central import Central
from sync.central.keys import load_key
from sync.central.keys import verify as verify_signature
from sync.central.photos import count_held
from sync.central.settings import CentralSettings
from sync.checker import check
from sync.checker.world import World as Stores
from sync.checker.world import read_central, read_tablet
from sync.commands.report_files import bytes_of, read_report
from sync.commands.say import out
from sync.demo.compare import compare
from sync.demo.drawing.accounting import Account, account
from sync.demo.drawing.calendar import PERIOD_AFTER, STATE_DATE
from sync.demo.drawing.people import fictional_units
from sync.demo.drawing.world import World
from sync.demo.network import ROOT
from sync.demo.show import Stage
from sync.ledger.report.check import check_report
from sync.ledger.report.document import Contents
from sync.ledger.report.sections import FIGURES

EXPECTED = (
    "D01", "D02", "D03", "D04", "D05", "D06", "D11b", "D12", "D13", "D16", "D17", "D18", "D19", "D20", "D21", "D22",
    "D23", "D25", "D26", "D27", "D28", "D29", "D30", "D31",
)  # fmt: skip
"""Every code that exists so far; those of photos follow with part 4."""
OF_PEOPLE = frozenset(
    {"D01", "D02", "D03", "D04", "D05", "D11b", "D12", "D13", "D18", "D20", "D21", "D22", "D23", "D25", "D27", "D29"}
)
"""Codes that may point at somebody: they occur in fictional units only (ledger rules §6)."""
FORMATS = ("json", "xlsx", "html")


@dataclass(frozen=True)
class Proofs:
    """What holds at the end."""

    report: bool
    figures: bool
    codes: bool
    log: bool
    stores: bool

    @property
    def all_hold(self) -> bool:
        """Whether the demonstration succeeded."""
        return self.report and self.figures and self.codes and self.log and self.stores


def prove(
    data: Path, folder: Path, tablets: Sequence[Path], anchors: Sequence[Checkpoint], world: World, stage: Stage
) -> Proofs:
    """Publish the report and hold everything against everything. Central is closed by now.

    What `main.py` proves runs in processes of its own, as an office and a stranger would run it, beside what is counted
    here.
    """
    with stage.act("报告；数格子", "report; counting cells"):
        making = _started(
            "report", "--data", str(data), "--out", str(folder), "--from", PERIOD_AFTER.isoformat(), "--state-date",
            STATE_DATE.isoformat(), "--issued-by", "city:city",
        )  # fmt: skip
        proving = _started("log", "verify", "--data", str(data), *_anchor_files(anchors, folder.with_name("anchors")))
        drawn = account(world.counted, PERIOD_AFTER, STATE_DATE)
        _finished(making)
        paths = {path.suffix[1:]: path for path in sorted(folder.glob("report-*"))}
    with stage.act("核验与不变量检查", "verification and invariants"):
        key = _public_key(data)
        checking = _started("verify", str(paths["json"]), "--key", key)
        contents = read_report(paths["json"]).contents
        figures = _compare(world, drawn, contents, stage)
        codes = _codes(contents, stage)
        violations = check(Stores(read_central(data), [read_tablet(tablet) for tablet in tablets], []))
        report = _offline(paths, key, checking, stage)
        log = _proven(data, proving, stage)
    for violation in violations[:20]:
        out.print(f"  {violation}")
    count = len(violations)
    stage.say(f"不变量检查：{count} 处违反", f"Invariants over all stores: {count} violations")
    return Proofs(report, figures, codes, log, not violations)


def _public_key(data: Path) -> str:
    return load_key(data).public_key.hex()


def _anchor_files(anchors: Sequence[Checkpoint], folder: Path) -> list[str]:
    """What tablets saw of the log, as files; each size once."""
    folder.mkdir(parents=True, exist_ok=True)
    arguments = []
    for size, anchor in sorted({anchor.size: anchor for anchor in anchors}.items()):
        file = folder / f"anchor-{size}.json"
        file.write_text(anchor.model_dump_json(), "utf-8")
        arguments += ["--anchor", str(file)]
    return arguments


def _offline(paths: Mapping[str, Path], key: str, checking: subprocess.Popen[str], stage: Stage) -> bool:
    """Each format by the public key alone, and a copy in which a figure was changed; the first by `main.py verify`."""
    files = {**paths, "forged": _forged(paths["json"])}
    holds = {
        kind: check_report(bytes_of(path), verify_signature, key).holds
        for kind, path in files.items()
        if kind != "json"
    }
    said = checking.communicate()[0]
    holds["json"] = checking.returncode == 0
    if not holds["json"]:
        out.print(said)
    kinds = " ".join(kind.upper() for kind in FORMATS if holds[kind])
    zh, en = ("", "holds") if holds["forged"] else ("不", "does not")
    stage.say(
        f"报告离线核验成立：{kinds}；核验减量多写一平方米的副本{zh}成立",
        f"The report holds offline ({kinds}); a copy with one square metre more {en}",
    )
    return all(holds[kind] for kind in FORMATS) and not holds["forged"]


def _proven(data: Path, proving: subprocess.Popen[str], stage: Stage) -> bool:
    """What `main.py log verify` says, with the tablets as witnesses."""
    said = proving.communicate()[0]
    central = Central(CentralSettings(data_dir=data, demo_units=True))
    with central.store.read() as connection:
        devices = [row for row in rows.all_devices(connection) if row.device.startswith("tab-")]
        size = rows.size(connection)
    photos, held = count_held(central)
    central.close()
    stage.say(
        f"中心：{size} 条日志，{photos} 张照片（{held / 1e6:.1f} MB）",
        f"Central: {size} rows, {photos} photos ({held / 1e6:.1f} MB)",
    )
    for device in devices:
        cause = f"（{device.cause}）" if device.state != "active" and device.cause else ""
        out.print(f"  {device.device}  {device.unit}  {device.state}{cause}  №{device.high_water}")
    out.print(said.strip())
    return proving.returncode == 0


def _forged(report: Path) -> Path:
    """A copy in which one unit has one square metre more verified."""
    whole = json.loads(report.read_text("utf-8"))
    whole["sections"]["figures"][0][FIGURES.place("verified")] += 100
    copy = report.parent.with_name("forged-report.json")
    copy.write_bytes(canonical(whole))
    return copy


def _compare(world: World, drawn: Account, contents: Contents, stage: Stage) -> bool:
    found = compare(world, drawn, contents)
    for difference in found.differences[:30]:
        out.print(f"  [red]{difference}[/red]")
    off, most = len(found.differences), found.largest_m2
    stage.say(
        f"第二种算法（数格子）比对 {found.figures} 个数：{off} 处不同，单个图斑最大相差 {most:.3f} 平方米",
        f"{found.figures} figures counted a second way (cells): {off} differ; at most {most:.3f} m² on a parcel",
    )
    return not found.differences


def _codes(contents: Contents, stage: Stage) -> bool:
    """Every code is found, and what points at people is found in fictional units only."""
    rows_found = [row for row in contents.sections["discrepancies"] if isinstance(row, list)]
    found = {str(row[0]) for row in rows_found}
    fictional = {unit.unit_id for unit in fictional_units()} | {unit.lead_district for unit in fictional_units()}
    missing = [code for code in EXPECTED if code not in found]
    astray = sorted({(str(row[0]), str(row[1])) for row in rows_found if row[0] in OF_PEOPLE} - {
        (code, unit) for code in OF_PEOPLE for unit in fictional
    })  # fmt: skip
    for code, unit in astray[:20]:
        out.print(f"  [red]{code} in {unit}[/red]")
    known = [code for code in Discrepancy if code.value in found]
    stage.say(
        f"差异 {len(known)} 类：{' '.join(code.value for code in known)}" + (f"；未出现 {missing}" if missing else ""),
        f"{len(known)} discrepancy codes found" + (f"; missing {missing}" if missing else ""),
    )
    return not missing and not astray


def _started(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "main.py"), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _finished(process: subprocess.Popen[str]) -> None:
    said = process.communicate()[0]
    if process.returncode:
        raise RuntimeError(said)
