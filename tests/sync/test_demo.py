"""`make demo`, smaller: the same acts on sixty parcels, run as a newcomer runs it and read as a newcomer reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import openpyxl

from sync.demo.drawing.people import MARK

ROOT = Path(__file__).parents[2]


def test_a_small_demonstration_proves_everything(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "demo", "--keep", str(folder), "--parcels", "60"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LEDGER_LANG": "zh", "COLUMNS": "200"},
        timeout=300,
    )
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert MARK in said
    for words in (
        "60 个图斑", "导入 11 个文件", "退回 1", "复制", "设备frozen", "准予生效 2 条", "JSON XLSX HTML", "副本不成立",
        "0 处不同", "差异 24 类", "台账自证成立", "0 处违反",
    ):  # fmt: skip
        assert words in said, f"{words} is missing in:\n{said}"
    assert "Traceback" not in done.stderr
    assert (folder / "central" / "central.db").exists()
    assert MARK in (folder / "central" / "demo").read_text("utf-8")
    assert MARK in next((folder / "report").glob("*.html")).read_text("utf-8")
    book = openpyxl.load_workbook(next((folder / "report").glob("*.xlsx")), read_only=True)
    for sheet in book.worksheets:
        cells = [str(cell) for row in sheet.iter_rows(max_row=8, values_only=True) for cell in row]
        assert any(MARK in cell for cell in cells), sheet.title
