"""`make demo`'s main job, run as a newcomer runs it, and read as a newcomer reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from schemas.admin_units import admin_units, demo_units
from sync.demo.world import MARK, PARCELS, fictional_people, parcels

ROOT = Path(__file__).parents[2]


def test_the_demonstration_ends_with_a_log_that_proves_itself(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "demo", "--keep", str(folder)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LEDGER_LANG": "zh", "COLUMNS": "200"},
        timeout=300,
    )
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert MARK in said
    for words in ("50 个图斑", "退回 1 条", "分叉", "设备冻结", "准予生效 2 条", "台账自证成立", "0 处违反"):
        assert words in said, f"{words} is missing in:\n{said}"
    assert "Traceback" not in done.stderr
    assert (folder / "central" / "central.db").exists()


def test_the_drawing_is_the_same_every_time_and_marked() -> None:
    first, again = parcels(), parcels()
    assert first == again and len(first) == PARCELS
    assert all(MARK in str(parcel.body["name"]) for parcel in first)


def test_frauds_happen_in_fictional_units_only() -> None:
    """Ledger rules §6: the cloned tablet belongs to a unit that does not exist."""
    real = {unit.unit_id for unit in admin_units().units}
    fictional = {unit.unit_id for unit in demo_units().units}
    for person in fictional_people():
        assert person.scope in fictional - real
