"""What offices file by import: every row of the ledger that no tablet makes, as files of all formats, each on its day.

Rows with something wrong in them (D21, D22, D30, and the layers behind D06 and D28) belong to fictional units.
"""

from __future__ import annotations

from pathlib import Path

from sync.demo.drawing import filed_land as land
from sync.demo.drawing import filed_lists as lists
from sync.demo.drawing.files import Filing
from sync.demo.drawing.world import World

_WRITERS = (
    land.parcels, land.boundaries, lists.structures, lists.projects, lists.targets, lists.milestones, land.overlays,
    land.planned_green, lists.facilities, lists.villages, lists.parks, land.reuse, land.survey, lists.quotas,
    lists.green_taken, lists.transfers, lists.exclusions, lists.satisfaction,
)  # fmt: skip
"""In the order in which files of one day are handed in: a parcel must be there before what speaks of it."""


def file_all(world: World, folder: Path) -> list[Filing]:
    """Write every file; in order of the day on which it is filed."""
    folder.mkdir(parents=True, exist_ok=True)
    filings = [filing for writer in _WRITERS if (filing := writer(world, folder)) is not None]
    return sorted(filings, key=lambda filing: filing.on)
