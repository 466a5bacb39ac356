"""What a tablet process is told to do: one JSON line an order. The drawing's visits as a tablet needs them."""

from __future__ import annotations

from typing import Any

from sync.demo.drawing.visits import Visit


def visit_order(visit: Visit, root: str | None = None) -> dict[str, Any]:
    """One visit to record. `root`: the first version's id of the record that this visit corrects."""
    place = visit.plot.middle()
    return {
        "name": visit.name,
        "unit": visit.unit,
        "about": list(visit.about),
        "at_ms": visit.at_ms + visit.clock_off_ms,
        "what": visit.what.value,
        "place": [place.lon_e9, place.lat_e9],
        "shots": [shot.value for shot in visit.shots],
        "body": visit.body(),
        "root": root,
    }
