"""Running the demonstration: three years of two green belts in a few minutes, with real processes, files and cut lines.

It ends by holding everything against everything: a report that a stranger can check, totals counted a second way, a log
that proves itself. All of it is 演示数据·虚构.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from sync.central.pending import import_pending
from sync.commands.say import out, words
from sync.demo.drawing.calendar import LISTED, SEASONS, STATE_DATE, at
from sync.demo.drawing.offices import file_all
from sync.demo.drawing.people import FICTIONAL_DISTRICT, MARK, TABLETS, inspector, office, people
from sync.demo.drawing.visits import Weight
from sync.demo.drawing.world import World, draw
from sync.demo.fleet import Handle, stop_all
from sync.demo.proof import prove
from sync.demo.seasons import Field
from sync.demo.show import Stage
from sync.demo.station import Station

PARCELS = 2000
_SAMPLE = 24
"""Records that the third party looks at."""


def main(keep: str = "", parcels: int = PARCELS) -> int:
    """Run it; 0 where everything holds. `keep`: a folder for the data, else a temporary one."""
    folder = Path(keep) if keep else Path(tempfile.mkdtemp(prefix="ledger-demo-"))
    if keep and folder.exists() and any(folder.iterdir()):
        out.print(words(f"{folder} 不是空文件夹", f"{folder} is not empty"))
        return 1
    stage = Stage()
    try:
        good = Demo(folder, parcels, stage).run()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    stage.times()
    out.print(words(f"用时 {stage.seconds:.0f} 秒", f"It took {stage.seconds:.0f} s"))
    return 0 if good else 1


class Demo:
    """The story from the first parcel to the last proof."""

    def __init__(self, folder: Path, parcels: int, stage: Stage) -> None:
        self.folder = folder
        self.stage = stage
        self.fleet = {name: Handle(name, folder / f"tablet-{name}", inspector(name)) for name in TABLETS}
        for tablet in self.fleet.values():
            tablet.start()
        self.world: World = draw(parcels)

    def run(self) -> bool:
        """All acts in turn."""
        out.rule(words(f"绿隔台账演示（{MARK}）", f"Field ledger, demonstration ({MARK})"))
        world = self.world
        self.stage.say(
            f"画出 {len(world.units)} 个实施单元、{len(world.plots)} 个图斑、{len(world.visits)} 次巡查（固定种子）",
            f"Drawn: {len(world.units)} units, {len(world.plots)} parcels, {len(world.visits)} inspections (seeded)",
        )
        data = self.folder / "central"
        station = Station(data, at(LISTED, 8))
        try:
            field = self._open(station)
            for season in range(len(SEASONS)):
                field.play(season)
            clone = self._clone(field)
            self._audit(field)
            stop_all([*self.fleet.values(), clone])
        finally:
            stop_all(self.fleet.values())
            station.close()
        relay = station.relay
        if relay is not None:
            cut, whole = relay.cuts, relay.connections
            self.stage.say(f"{whole} 个连接中断了 {cut} 个", f"{cut} of {whole} connections were cut")
        tablets = [*self.fleet.values(), clone]
        anchors = [anchor for tablet in tablets for anchor in tablet.anchors]
        folders = [tablet.folder for tablet in tablets]
        return prove(data, self.folder / "report", folders, anchors, world, self.stage).all_hold

    # -- acts ------------------------------------------------------------------------------------------------------

    def _open(self, station: Station) -> Field:
        """Accounts, the first imports, and five tablets."""
        with self.stage.act("写出导入文件", "writing files"):
            filings = file_all(self.world, self.folder / "files")
        codes = station.hire(people(self.world.units))
        station.open()
        field = Field(self.world, station, self.fleet, filings, self.stage)
        done = field.file_until(at(LISTED, 18))
        self.stage.say(
            f"经导入门导入 {len(done)} 个文件（GPKG、GeoJSON、XLSX、CSV/GB18030…），{len(self.world.plots)} 个图斑上账",
            f"{len(done)} files imported; {len(self.world.plots)} parcels are listed in the ledger",
        )
        with self.stage.act("平板登记", "enrolling"):
            field.enrol(codes)
        return field

    def _clone(self, field: Field) -> Handle:
        """Tablet E is copied (in a fictional unit): both give out one number; central keeps both and freezes it."""
        tablet = self.fleet["E"]
        tablet.stop()
        clone = Handle("E-copy", self.folder / "tablet-E-copy", tablet.account)
        shutil.copytree(tablet.folder, clone.folder)
        tablet.start()
        clone.start()
        field.station.time.move_to(at(SEASONS[-1].corrected, 19))
        now = field.station.time.now_ms()
        for handle, visits in zip((tablet, clone), self.world.clones, strict=True):
            handle.give(field.record(handle.name, visits))
            field.ids.update(handle.answer()["ids"])
            handle.give({"do": "sync", "url": field.station.field_url, "now_ms": now})
            said = handle.answer()
        self.stage.say(
            f"平板 E 被复制：同一编号两份记录，设备{said['device_state']}，两份都留存",
            f"Tablet E was copied: one number, two entries; both are kept, the device is {said['device_state']}",
        )
        file = self.folder / "copy.pending"
        clone.give({"do": "export", "file": str(file)})
        clone.answer()
        clone.stop()
        who = field.station.as_account(office(FICTIONAL_DISTRICT))
        done = import_pending(field.station.central, who, file, "核实后准予生效", admit=True)
        self.stage.say(
            f"区级导入冻结设备的文件：{sum(done.receipts.values())} 条，准予生效 {done.admitted} 条",
            f"The district imported the frozen device's file: {sum(done.receipts.values())}, admitted {done.admitted}",
        )
        return clone

    def _audit(self, field: Field) -> None:
        """A third party looks at a sample; then the last day comes."""
        field.station.time.move_to(at(STATE_DATE, 9))
        full = [visit for visit in self.world.visits if visit.weight is Weight.FULL and visit.box is not None]
        sample = full[:: max(1, len(full) // _SAMPLE)][:_SAMPLE]
        count = field.desk.audit(sample)
        self.stage.say(f"第三方抽查 {len(sample)} 条，发出 {count} 条", f"A third party checked {len(sample)} records")


