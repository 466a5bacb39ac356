"""The six seasons of the demonstration: tablets record offline and sync through a bad network, then offices decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sync.demo.desk import Desk
from sync.demo.drawing.accounting import written
from sync.demo.drawing.calendar import CORRECTION, MAIN, SEASONS, at
from sync.demo.drawing.files import Filing
from sync.demo.drawing.people import CITY, TABLETS
from sync.demo.drawing.visits import Visit
from sync.demo.drawing.world import World
from sync.demo.fleet import Answer, Handle, side_by_side
from sync.demo.orders import visit_order
from sync.demo.show import Stage
from sync.demo.station import Station
from sync.imports.commit import commit_import
from sync.imports.plan import Request, form_of, plan_import


class Field:
    """Tablets, desk and imports over the seasons. `ids` fills with the entry of each visit by the story's name."""

    def __init__(
        self, world: World, station: Station, fleet: dict[str, Handle], filings: Sequence[Filing], stage: Stage
    ) -> None:
        self.world = world
        self.station = station
        self.fleet = fleet
        self.stage = stage
        self.ids: dict[str, str] = {}
        self.desk = Desk(station, self.ids)
        self._filings = list(filings)
        self._out: list[str] = []
        self._begun: set[int] = set()

    def enrol(self, codes: dict[str, str]) -> None:
        """Every tablet gets its key and its inspector."""
        now = self.station.time.now_ms()
        side_by_side(
            {
                name: {"do": "enrol", "url": self.station.field_url, "code": codes[tablet.account], "now_ms": now}
                for name, tablet in self.fleet.items()
            },
            self.fleet,
        )

    def play(self, season: int) -> None:
        """One season with its corrections, reviews, checks, acceptances and filings."""
        days = SEASONS[season]
        with self.stage.act("外业记录", "recording"):
            self._set_out(season)
            self._come_home()
        self.file_until(at(days.synced, 18))
        self.station.time.move_to(at(days.synced, 18))
        with self.stage.act("同步", "syncing"):
            self.sync()
        reviewed = [visit for visit in self.world.visits if (visit.season, visit.round) == (season, MAIN)]
        with self.stage.act("审核", "reviews"):
            counts = self.desk.review_all(reviewed)
        self._correct(season)
        if season + 1 < len(SEASONS):
            self._set_out(season + 1)  # recording needs no network: the next season begins while offices decide
        self._decide(season)
        zh = f"{days.begin:%Y-%m} 季：记录 {len(reviewed)} 条，通过 {counts['approve']}、退回 {counts['return']}、"
        en = f"season {days.begin:%Y-%m}: {len(reviewed)} records, {counts['approve']} approved, "
        self.stage.say(
            f"{zh}不予采信 {counts['reject']}", f"{en}{counts['return']} returned, {counts['reject']} rejected"
        )

    def file_until(self, until_ms: int) -> list[Filing]:
        """Hand in what is due by a moment, through the import door, each file on its own day."""
        done: list[Filing] = []
        while self._filings and at(self._filings[0].on, 9) <= until_ms:
            filing = self._filings.pop(0)
            with self.stage.act("导入", "imports"):
                self._import(filing)
            done.append(filing)
        return done

    def sync(self, names: Sequence[str] = ()) -> dict[str, Answer]:
        """These tablets, or all, sync at once through the network that cuts."""
        now = self.station.time.now_ms()
        chosen = names or [name for name in TABLETS if name in self.fleet]
        said = side_by_side(
            {name: {"do": "sync", "url": self.station.field_url, "now_ms": now} for name in chosen}, self.fleet
        )
        for name, answer in said.items():
            if answer["stopped"] or answer["waiting_entries"] + answer["waiting_photos"]:
                raise RuntimeError(f"tablet {name} did not empty its queue: {answer}")
        return said

    def record(self, name: str, visits: Sequence[Visit]) -> dict[str, Any]:
        """The order for one tablet to record these visits."""
        orders = [visit_order(visit, self.ids.get(self._root(visit)) if visit.supersedes else None) for visit in visits]
        return {"do": "record", "visits": orders}

    # -- private -----------------------------------------------------------------------------------------------------

    def _set_out(self, season: int, round_: int = MAIN) -> None:
        """Send the tablets on a season's tours, those that are not on them yet."""
        if self._out or (season in self._begun and round_ == MAIN):
            return
        self._begun.add(season)
        for name, tablet in self.fleet.items():
            tour = self.world.tour(name, season, round_)
            if tour:
                tablet.give(self.record(name, tour))
                self._out.append(name)

    def _come_home(self) -> None:
        """Wait until all tours are over."""
        for name in self._out:
            self.ids.update(self.fleet[name].answer()["ids"])
        self._out.clear()

    def _correct(self, season: int) -> None:
        """What came back is corrected; two tablets that revise one record unaware of each other make a branch."""
        again = [visit for visit in self.world.visits if (visit.season, visit.round) == (season, CORRECTION)]
        if not again:
            return
        names = sorted({visit.tablet for visit in again})
        with self.stage.act("同步", "syncing"):
            self.sync(names)
        with self.stage.act("外业记录", "recording"):
            self._set_out(season, CORRECTION)
            self._come_home()
        self.station.time.move_to(at(SEASONS[season].corrected, 18))
        with self.stage.act("同步", "syncing"):
            self.sync(names)
        branches = _branches(again)
        with self.stage.act("审核", "reviews"):
            self.desk.review_all(visit for visit in again if visit.name not in branches)
            for chosen, other in set(branches.values()):
                if chosen.verdict is not None:
                    self.desk.settle_branch(chosen, other)

    def _decide(self, season: int) -> None:
        """The offices' turn: what is filed, first checks, acceptances."""
        documents = [
            one for story in self.world.stories for one in written(story) if one.document.season == season
        ]
        days = SEASONS[season]
        with self.stage.act("初验与认定", "checks and acceptances"):
            self.station.time.move_to(at(days.checked, 10))
            self.desk.check_and_accept(documents, accept=False)
            self.station.time.move_to(at(days.accepted, 10))
            self.desk.check_and_accept(documents, accept=True)
        self.file_until(at(days.accepted, 12))

    def _import(self, filing: Filing) -> None:
        central = self.station.central
        self.station.time.move_to(at(filing.on, 9))
        who = self.station.as_account(CITY.account)
        plan = plan_import(central, who, Request(filing.file, form_of(filing.form), filing.mapping, filing.baseline))
        commit_import(central, who, plan)

    def _root(self, visit: Visit) -> str:
        """The story's name of the first version of the record that a visit corrects."""
        return visit.supersedes or visit.name


def _branches(again: Sequence[Visit]) -> dict[str, tuple[Visit, Visit]]:
    """Pairs of corrections that supersede the same version, under the names of both."""
    found: dict[str, tuple[Visit, Visit]] = {}
    by_before: dict[str | None, list[Visit]] = {}
    for visit in again:
        by_before.setdefault(visit.supersedes, []).append(visit)
    for group in by_before.values():
        if len(group) == 2:
            first, second = sorted(group, key=lambda visit: visit.name)
            found[first.name] = (first, second)
            found[second.name] = (first, second)
    return found
