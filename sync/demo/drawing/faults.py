"""What goes wrong, told of fictional units only (ledger rules §6): a story for every discrepancy about a record.

What is about rows of offices instead (D21, D22, D30, and the layers behind D06 and D28) stands in `offices.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from schemas.codes import AreaSource, ReviewOutcome, Shot
from sync.demo.drawing.calendar import HOUR_MS
from sync.demo.drawing.cells import Box
from sync.demo.drawing.ordinary import PLANTING
from sync.demo.drawing.parcels import Part, Plot
from sync.demo.drawing.people import FICTIONAL_DISTRICT, SHARED_UNIT, SUPERVISOR_TWO, office
from sync.demo.drawing.script import Script, missing
from sync.demo.drawing.visits import DEMOLITION_SHOTS, REGREENING_SHOTS, Story, Weight

FAR_UNIT = "DEMO-SQ"
"""The unit in which the visit lies that nobody could have reached in time (D25)."""
BOUNDED_UNIT = "DEMO-QT"
"""The one unit whose boundary is imported: it leaves one of its parcels half outside (D06)."""
Tell = Callable[[Script], None]


def whole(plot: Plot) -> Box:
    """The ground of the first baseline part."""
    return plot.parts[0].box


def _over_claim(script: Script) -> None:
    """D01 and D03: more is claimed than there is."""
    box = whole(script.plot)
    script.cleared(2, box, claimed_e2=round(script.plot.grid.area_m2(box) * 140))


def _twice(script: Script) -> None:
    """D02: two units claim one yard, each by an inspector of its own; it counts once."""
    box = whole(script.plot)
    script.cleared(2, box)
    less = Box(box.west, box.south, box.east - 2, box.north)
    other = {"unit": SHARED_UNIT, "tablet": "D", "reviewer": SUPERVISOR_TWO.account}
    script.cleared(4, less, floor_area_e2=0, **other)


def _mismatch(script: Script) -> None:
    """D03: the area entered is not that of the outline."""
    box = whole(script.plot)
    script.cleared(3, box, claimed_e2=round(script.plot.grid.area_m2(box) * 88))


def _outside(script: Script) -> None:
    """D04: a third of the green lies beyond the parcel; none of it counts while that is open."""
    plot = script.plot
    box = whole(plot)
    script.cleared(1, box)
    beyond = Box(box.west, box.south, box.east, box.north + plot.grid.rows // 2)
    script.passed(3, beyond, plot.planned_class, PLANTING[1], weight=Weight.HELD)


def _nowhere(script: Script) -> None:
    """D05: building is seen where the ledger has no parcel, and a clearing is claimed there too."""
    away = Box(-30, -24, -20, -16)
    script.built(3, away, about=(), weight=Weight.FULL)
    script.cleared(4, away.moved(0, 10), about=(), floor_area_e2=0)


def _beyond_unit(script: Script) -> None:
    """D06: the footprint crosses the unit's boundary, which `offices.py` draws through this parcel."""
    script.cleared(2, whole(script.plot))


def _wrong_clock(script: Script) -> None:
    """D11b: the tablet's clock runs 120 days fast, so the visit comes after its own receipt; it waits."""
    plot, box = script.plot, whole(script.plot)
    script.cleared(1, box)
    script.passed(4, box, plot.planned_class, PLANTING[1], clock_off_ms=120 * 24 * HOUR_MS, weight=Weight.HELD)


def _out_of_order(script: Script) -> None:
    """D12: green is reported where nothing has been taken down."""
    script.passed(3, whole(script.plot), script.plot.planned_class, PLANTING[1])


def _few_photos(script: Script) -> None:
    """D13: soil was spread and nobody photographed what lies beneath: no proof of the ground, no plants."""
    plot, box = script.plot, whole(script.plot)
    script.cleared(1, box)
    shots = missing(REGREENING_SHOTS, Shot.PLANTS_AND_SOIL)
    script.passed(3, box, plot.planned_class, PLANTING[1], shots=shots, weight=Weight.HELD)


def _no_ground_proof(script: Script) -> None:
    """D13 on a clearing, on which later green depends."""
    plot, box = script.plot, whole(script.plot)
    script.cleared(1, box, shots=missing(DEMOLITION_SHOTS, Shot.GROUND_PROOF), weight=Weight.HELD)
    script.passed(3, box, plot.planned_class, PLANTING[1])


def _square(script: Script) -> None:
    """D16: a paved square is no reduction."""
    script.cleared(0, whole(script.plot))
    script.passed(3, whole(script.plot), "0810A", PLANTING[1])


def _relapse(script: Script) -> None:
    """D18: accepted green is built on; it is cleared again and replanted, which is not accepted yet."""
    plot, box = script.plot, whole(script.plot)
    _green_by_2025(script, box)
    script.accepted(2)
    corner = Box(box.west, box.south, box.west + 8, box.south + 7)
    script.built(3, corner)
    script.cleared(4, corner)
    script.planted(5, corner, plot.planned_class, PLANTING[5])


def _relapse_mended(script: Script) -> None:
    """D18 and back: green from before the ledger is accepted, lost in a corner, won again and accepted again."""
    plot, box = script.plot, whole(script.plot)
    script.accepted(0)
    corner = Box(box.west + 2, box.south, box.west + 9, box.south + 8)
    script.built(1, corner)
    script.cleared(2, corner)
    script.passed(4, corner, plot.planned_class, PLANTING[3])
    script.accepted(5)


def _relapse_unreviewed(script: Script) -> None:
    """D18 by a sighting that nobody has reviewed: it acts all the same, and the ground is contested."""
    box = whole(script.plot)
    _green_by_2025(script, box)
    script.accepted(3)
    script.surveyed(changed=True)
    script.built(5, Box(box.west, box.south, box.west + 9, box.south + 6), verdict=None)


def _relapse_rejected(script: Script) -> None:
    """D18 by a sighting that the township rejected: rejecting does not make building disappear."""
    box = whole(script.plot)
    _green_by_2025(script, box)
    script.built(4, Box(box.west, box.south, box.west + 6, box.south + 8), verdict=ReviewOutcome.REJECT)


def _buried(script: Script) -> None:
    """D18: rubble again on cleared ground."""
    box = whole(script.plot)
    script.cleared(1, box)
    script.demolished(3, Box(box.west, box.south, box.west + 7, box.south + 7))


def _waiting(script: Script) -> None:
    """D19: cleared and left."""
    script.cleared(2, whole(script.plot))


def _died(script: Script) -> None:
    """D20: what had passed is dead at the next look; half of it is replanted and passes again."""
    plot, box = script.plot, whole(script.plot)
    script.cleared(0, box)
    script.passed(2, box, plot.planned_class, PLANTING[1])
    script.failed(3, box, plot.planned_class, 3_800)
    half = Box(box.west, box.south, (box.west + box.east) // 2, box.north)
    script.passed(5, half, plot.planned_class, PLANTING[3])


def _too_early(script: Script) -> None:
    """D20: checked before a growing season has passed."""
    plot, box = script.plot, whole(script.plot)
    script.cleared(2, box)
    script.passed(3, box, plot.planned_class, date(2025, 7, 25), weight=Weight.NONE)


def _one_person_twice(script: Script) -> None:
    """D23: the district office reviews records that it then checks itself: the acceptance stands still."""
    _green_by_2025(script, whole(script.plot), reviewer=office(FICTIONAL_DISTRICT))
    script.accepted(3, counts=False)


def _pace(script: Script) -> None:
    """D25: a minute after the last visit, far away."""
    script.cleared(2, whole(script.plot), hurried=True)


def _disagreeing(script: Script) -> None:
    """D27: accepted, but the survey still sees buildings."""
    _green_by_2025(script, whole(script.plot))
    script.accepted(3)
    script.surveyed(changed=False)


def _on_farmland(script: Script) -> None:
    """D28: forest on permanent farmland, which `offices.py` lays over this parcel."""
    box = whole(script.plot)
    script.cleared(0, box)
    script.passed(3, box, "0301", PLANTING[1])


def _slip(script: Script) -> None:
    """D29: mu entered where square metres belong."""
    box = whole(script.plot)
    script.cleared(3, box, claimed_e2=round(script.plot.grid.area_m2(box) * 100 / 666.67))


def _drawn(script: Script) -> None:
    """D31: drawn on the tablet's map, not surveyed."""
    plot, box = script.plot, whole(script.plot)
    script.cleared(0, box)
    script.passed(3, box, plot.planned_class, PLANTING[1], source=AreaSource.DRAWN)


FAULTS: dict[str, tuple[tuple[str, ...], Tell]] = {
    "over claim": (("D01", "D03"), _over_claim),
    "claimed twice": (("D02",), _twice),
    "mismatch": (("D03",), _mismatch),
    "outside": (("D04",), _outside),
    "nowhere": (("D05",), _nowhere),
    "beyond unit": (("D06",), _beyond_unit),
    "wrong clock": (("D11b",), _wrong_clock),
    "out of order": (("D12",), _out_of_order),
    "few photos": (("D13",), _few_photos),
    "no ground proof": (("D13",), _no_ground_proof),
    "square": (("D16",), _square),
    "relapse": (("D18",), _relapse),
    "relapse mended": (("D18",), _relapse_mended),
    "relapse unreviewed": (("D18",), _relapse_unreviewed),
    "relapse rejected": (("D18",), _relapse_rejected),
    "buried": (("D18",), _buried),
    "waiting": (("D19",), _waiting),
    "died": (("D20",), _died),
    "too early": (("D20",), _too_early),
    "one person twice": (("D23",), _one_person_twice),
    "pace": (("D25",), _pace),
    "survey disagrees": (("D27",), _disagreeing),
    "on farmland": (("D28",), _on_farmland),
    "slip of unit": (("D29",), _slip),
    "drawn": (("D31",), _drawn),
}
"""Stories by name, with the codes that each was drawn for."""
UNIT_OF = {"beyond unit": BOUNDED_UNIT, "pace": FAR_UNIT}
"""Where a story must be told; the others take the fictional units in turn."""
BEGUN_GREEN = frozenset({"relapse mended"})
"""Stories of ground that was green before the ledger began."""


def fault_story(name: str, plot: Plot) -> Story:
    """A story of the table, on a plot of a fictional unit."""
    if not plot.fictional:
        raise ValueError(f"{name} must not be told of {plot.unit}")
    codes, tell = FAULTS[name]
    # Frauds need ground of one class and a plain shape, so that what is counted is the fault alone.
    shape = Box(0, 0, plot.grid.columns, plot.grid.rows)
    part = Part(shape, plot.parts[0].land_class)
    if name in BEGUN_GREEN:
        part = replace(part, initial_state="restored", initial_class=plot.planned_class, as_of=date(2020, 10, 31))
    plain = replace(
        plot,
        shape=shape,
        parts=(part,),
        planned_e2=round(plot.grid.area_m2(shape) * 100),
    )
    script = Script(plain, "E", codes)
    tell(script)
    return script.told()


def _green_by_2025(script: Script, box: Box, **more: str) -> None:
    plot = script.plot
    script.cleared(0, box, **more)
    script.passed(2, box, plot.planned_class, PLANTING[1], **more)


