"""From a file to a `Sheet`: GeoPackage, GeoJSON, zipped Shapefile, XLSX and CSV, told apart by content, not by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sync.imports.sheet import ReadOptions, Sheet

Progress = Callable[[int, int], None]


def read_sheet(path: Path, options: ReadOptions = ReadOptions(), progress: Progress | None = None) -> Sheet:  # noqa: B008
    """Read one layer of `path`; `progress(done, total)` counts rows.

    Raises LedgerError (codes `import_*`) when the whole file is refused; faults of single rows stand in the sheet.
    """
    raise NotImplementedError
