"""A small ledger's statement, a log of its entries and a key: what the tests of reports are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import merkle
from schemas.codes import (
    CaseState,
    CodeSystem,
    FacilityClass,
    FacilityCondition,
    LandState,
    Measure,
    ReuseKind,
    StockKind,
    TransferMeasure,
)
from schemas.entries import Checkpoint, Disposition, LogRow
from schemas.ids import key_id, uuid7
from schemas.reference import Editions
from sync.ledger.book.facts import LandClass
from sync.ledger.report import proof
from sync.ledger.report.ageing import AgedCount
from sync.ledger.report.document import Contents, contents_of, entries_named
from sync.ledger.report.sealed import Issuer, ProvenRow, Report, seal
from sync.ledger.statement.contents import ChainLink, ClassShare, FlowCell, Header, ParcelRow, Restated, Statement
from sync.ledger.statement.field_sections import (
    AwaitingChange,
    Coverage,
    DayBin,
    ExcludedParcel,
    FacilityStatus,
    ImportRow,
    Lags,
    ReclaimedWater,
    Relapse,
    SampleResult,
    Score,
    Sighting,
    StructureStock,
)
from sync.ledger.statement.plan_sections import (
    GreenBalance,
    MilestoneRow,
    OwnerResidue,
    PhaseRow,
    PlannedGreenRow,
    ProjectStatus,
    QuotaStatus,
    Ratios,
    ReuseShares,
    TargetGap,
    TargetRow,
    TransferRow,
)
from sync.ledger.statement.unit_figures import ClaimSums, FigureRow, Flow, Level, Net, Period, Stock, UnitFigures

SYSTEM = CodeSystem.THIRD_LAND_SURVEY
START_MS = 1_735_660_800_000
UNITS = (
    ("DEMO-LS", "柳树营地区（虚构）", "DEMO-1", "G1"),
    ("DEMO-QL", "清凉桥镇（虚构）", "DEMO-1", "G2"),
    ("DEMO-SH", "沙河湾镇（虚构）", "DEMO-2", "G2"),
)


def area(e2: int) -> Fraction:
    """Hundredths of m² as m²."""
    return Fraction(e2, 100)


@dataclass
class Log:
    """A log in memory: rows, tree, key."""

    rows: list[LogRow]
    ids: list[str]
    nodes: merkle.MemoryNodes
    key: Ed25519PrivateKey

    @classmethod
    def new(cls, seed: int = 7) -> Log:
        return cls([], [], merkle.MemoryNodes(), Ed25519PrivateKey.from_private_bytes(Random(seed).randbytes(32)))

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def append(self, count: int, seed: int = 1) -> list[str]:
        chance = Random(seed * 1_000_003 + len(self.rows))
        made = []
        for _ in range(count):
            seq = len(self.rows) + 1
            at_ms = START_MS + seq * 60_000
            self.ids.append(uuid7(at_ms, chance.randbytes(10)))
            row = LogRow(
                seq=seq, entry=chance.randbytes(32).hex(), received_ms=at_ms, disposition=Disposition.ACCEPTED,
                reason=None,
            )  # fmt: skip
            self.rows.append(row)
            self.nodes.extend([merkle.leaf_hash(row.leaf_data())])
            made.append(self.ids[-1])
        return made

    def root(self, size: int) -> str:
        return merkle.root(size, self.nodes).hex()

    def checkpoint(self, size: int) -> Checkpoint:
        unsigned = Checkpoint(
            log=key_id(self.public_key), size=size, root=self.root(size), at_ms=self.rows[size - 1].received_ms,
            sig="0" * 128,
        )  # fmt: skip
        return unsigned.model_copy(update={"sig": self.key.sign(unsigned.signed_bytes()).hex()})


def statement(
    log: Log, parcels_per_unit: int = 4, *, seed: int = 3, until: date = date(2025, 12, 31), name: str | None = None
) -> Statement:
    """Three units in two districts, with something in every section."""
    chance = Random(seed)
    annex: list[ParcelRow] = []
    by_unit: dict[str, UnitFigures] = {}
    for unit, *_ in UNITS:
        rows = [_parcel(log, unit, number, chance, name) for number in range(parcels_per_unit)]
        annex.extend(rows)
        by_unit[unit] = _figures(rows, chance)
    entries = log.append(8)
    return Statement(
        header=Header("city", Period(date(2024, 12, 31), until), len(log.rows), Editions.newest(), "2026-11+demo_units",
                      fictional=True),
        rows=_roll_up(by_unit),
        annex=annex,
        **_other_sections(entries, annex),
    )  # fmt: skip


def _parcel(log: Log, unit: str, number: int, chance: Random, name: str | None) -> ParcelRow:
    base = chance.randrange(100_000, 2_000_000)
    verified = chance.randrange(base // 2, base)
    accepted = chance.randrange(verified // 2, verified)
    entries = log.append(5)
    kinds = (
        ("parcel", "district", ""), ("demolition", "inspector", "approved"), ("review", "supervisor", "approve"),
        ("first_check", "district", "passed"), ("acceptance", "city", "passed"),
    )  # fmt: skip
    stock = Stock(
        1, area(base + 5_000), {LandState.RESTORED: area(verified), LandState.BASELINE: area(base + 5_000 - verified)},
        area(base), area(base), area((base - verified) // 2), area(10), area(0), area(verified), area(1_500),
        area(chance.choice((0, 250))), area(accepted), area(accepted // 2),
    )  # fmt: skip
    return ParcelRow(
        parcel=f"{unit}-{number + 1:04d}", name=name if name is not None else f"图斑{number + 1}", unit=unit,
        near=(Fraction("116.41"), Fraction("39.92")), owner_type="村集体", project="P-1", stock=stock,
        claimed_gfa_m2=area(base * 2), claimed_cleared_m2=area(base), claimed_restored_m2=area(verified),
        baseline=(ClassShare(LandClass(SYSTEM, "0601"), area(base)), ClassShare(None, area(5_000))),
        restored=(ClassShare(LandClass(SYSTEM, "0301"), area(verified)),),
        cleared_on=date(2025, 3, 1), restored_on=date(2025, 5, 2), accepted_on=date(2025, 11, 3),
        chain=tuple(
            ChainLink(entry, kind, "someone", role, START_MS, outcome, "绿验1号" if kind == "acceptance" else "")
            for entry, (kind, role, outcome) in zip(entries, kinds, strict=True)
        ),
        photo_hashes=tuple(chance.randbytes(32).hex() for _ in range(3)),
    )  # fmt: skip


def _figures(rows: list[ParcelRow], chance: Random) -> UnitFigures:
    third = Fraction(1, 3)
    return UnitFigures(
        Flow(*(area(chance.randrange(1_000_000)) + third for _ in range(8))),
        Net(area(100_000), area(400_000) + third, area(0), area(chance.randrange(900_000)), area(90_000), area(0)),
        Stock.sum(row.stock for row in rows),
        ClaimSums(
            sum((row.claimed_gfa_m2 for row in rows), Fraction(0)),
            sum((row.claimed_cleared_m2 for row in rows), Fraction(0)),
            sum((row.claimed_restored_m2 for row in rows), Fraction(0)),
            area(7), area(8), area(9),
        ),
    )  # fmt: skip


def _roll_up(by_unit: dict[str, UnitFigures]) -> tuple[FigureRow, ...]:
    def row(level: Level, code: str, name: str, parent: str, belt: str | None, units: list[str]) -> FigureRow:
        figures = UnitFigures.sum(by_unit[unit] for unit in units)
        return FigureRow(
            level=level, code=code, name=name, parent=parent, belt=belt, units=tuple(units), figures=figures
        )  # fmt: skip

    rows = [row(Level.UNIT, unit, name, district, belt, [unit]) for unit, name, district, belt in UNITS]
    for district in ("DEMO-1", "DEMO-2"):
        chosen = [unit for unit, _, of, _ in UNITS if of == district]
        rows.append(row(Level.DISTRICT, district, f"{district}区（虚构）", "city", None, chosen))
    for belt, name in (("G1", "一绿"), ("G2", "二绿")):
        rows.append(row(Level.BELT, belt, name, "city", belt, [unit for unit, _, _, of in UNITS if of == belt]))
    return (*rows, row(Level.CITY, "city", "全市", "", None, list(by_unit)))


def _other_sections(entries: list[str], annex: list[ParcelRow]) -> dict[str, object]:
    target = TargetRow(
        (entries[0],), "DEMO-LS", "city", Measure.NET_REDUCTION, 2025, area(500_000), area(300_000), ("一",)
    )
    return {
        "flow_matrix": (FlowCell(LandClass(SYSTEM, "0601"), LandState.RESTORED, LandClass(SYSTEM, "0301"), area(12345)),
                        FlowCell(None, LandState.BASELINE, None, area(500))),
        "ratios": (Ratios(Level.UNIT, "DEMO-LS", area(900), area(300), area(5), area(0)),),
        "quotas": (QuotaStatus(
            entry=entries[1], unit="DEMO-QL", quota="Q-1", step=1, condition="拆除过半", condition_m2=area(100),
            verified_m2=area(200), released=True, land_m2=area(50), floor_area_m2=area(90), used_m2=area(60),
            used_so_far_m2=area(60), linked_twice=("DEMO-QL-0001",),
        ),),
        "green_balance": (GreenBalance(Level.UNIT, "DEMO-SH", area(20_000), area(19_000)),),
        "planned_green": (PlannedGreenRow("G-1", "DEMO-LS", area(100), area(40), "权属未定"),),
        "targets": (target, replace(target, unit="city", value_m2=area(900_000))),
        "target_gaps": (TargetGap("city", Measure.NET_REDUCTION, 2025, area(10_000), area(9_990), ("DEMO-LS",), ()),),
        "phases": (PhaseRow("攻坚", Measure.NET_REDUCTION, area(100), area(50), 2),),
        "phase_faults": (),
        "transfers": (TransferRow("T-1", "DEMO-LS", "DEMO-QL", TransferMeasure.NET_REDUCTION, 2025, area(77), "文1"),),
        "lags": Lags((DayBin(0, 90, area(500)), DayBin(90, None, area(70))), (DayBin(0, None, area(5)),), 61),
        "relapses": (Relapse(annex[0].parcel, "DEMO-LS", entries[2], date(2025, 9, 9), area(4_000)),),
        "sightings": (Sighting(entries[3], "DEMO-QL", date(2025, 8, 1), (annex[-1].parcel,), area(900), area(100)),),
        "structures": (StructureStock("DEMO-LS", StockKind.STOCK, 9, 4, area(4), 0, 5, area(5), 800,
                                      {CaseState.DISCOVERED: 4}),),
        "facilities": (FacilityStatus("DEMO-LS", FacilityClass.HEALTH, {FacilityCondition.IN_SERVICE: 3}, 1, 0),),
        "coverage": (Coverage("DEMO-LS", FacilityClass.HEALTH, 4, 2, 1, ("南村（虚构）",)),),
        "reclaimed_water": (ReclaimedWater("DEMO-LS", 4, 3, 1),),
        "scores": (Score("DEMO-LS", "2025 年测评", 2025, Fraction("87.5")),),
        "imports": (ImportRow(entries[4], "parcel", date(2025, 1, 3), "ab" * 32, 12, 0, 0, 2),),
        "excluded": (ExcludedParcel(annex[1].parcel, "DEMO-LS", date(2025, 6, 1), "文物保护", "文2"),),
        "restated": (Restated(Level.UNIT, "DEMO-LS", "stock.accepted_m2", area(100), area(90), "late"),),
        "edition_changes": {"counting_rule": ("2026-05", "2026-11")},
        "reuse": (ReuseShares(Level.UNIT, "DEMO-LS", area(100), {ReuseKind.INDUSTRY: area(40)}, area(10), area(50)),),
        "owners": (OwnerResidue("村集体", 12, area(900), area(300)), OwnerResidue(None, 1, area(9), area(0))),
        "projects": (ProjectStatus("P-1", "一期（虚构）", "攻坚", date(2025, 12, 1), 12, 3, 1, (), area(900), area(300),
                                   area(200), True),),
        "milestones": (MilestoneRow("M-1", "DEMO-LS", "P-1", "完成拆除", "攻坚", date(2025, 5, 1), None, 244),),
        "awaiting_change": (AwaitingChange(annex[2].parcel, "DEMO-LS", area(9), area(0), date(2025, 11, 3), 58, 2024),),
        "sample": SampleResult(299, 2, 0.0008, 0.0239, 1, 0),
        "discrepancies": (AgedCount("D18", "DEMO-LS", 1, 0, 113, area(0), open_90=1),
                          AgedCount("D31", "DEMO-QL", 2, 5, 40, area(123_456), upheld=1, explained=4, open_30=2)),
    }  # fmt: skip


def contents(log: Log, made: Statement, **options: object) -> Contents:
    """The statement as a document under the log's tree."""
    position = made.header.position
    return contents_of(
        made, log=key_id(log.public_key), root=log.root(position), position_ms=log.rows[position - 1].received_ms,
        **options,  # type: ignore[arg-type]
    )  # fmt: skip


def sealed(log: Log, said: Contents, head: int | None = None) -> Report:
    """The sealed report; `head` is the size of the signed tree head, the position itself unless said."""
    position = said.header["position"]
    assert isinstance(position, int)
    head = head or position
    number = {entry: place for place, entry in enumerate(log.ids[:position])}
    leaves = sorted(number[entry] for entry in entries_named(said) if entry in number)
    return seal(
        said,
        [ProvenRow(log.ids[place], log.rows[place]) for place in leaves],
        proof.make(leaves, position, log.nodes),
        log.checkpoint(head),
        [one.hex() for one in merkle.consistency_proof(position, head, log.nodes)],
        public_key=log.public_key,
        sign=log.key.sign,
        software="greenbelt-ledger 0.1.0",
        issuer=Issuer(role="city", scope="city"),
    )


def small_report(**options: object) -> Report:
    """The report of the small ledger."""
    log = Log.new()
    made = statement(log, **options)  # type: ignore[arg-type]
    return sealed(log, contents(log, made))
