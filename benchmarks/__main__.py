"""`python -m benchmarks [name…]`: run all, or those named, print the table and put it into README.md."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks.measure import Figure

NAMES = (
    "ingest",
    "upload",
    "save",
    "start",
    "proofs",
    "imports",
    "forms_speed",
    "reconcile",
    "reconcile_batch",
    "report",
)
README = Path(__file__).with_name("README.md")
_MARK = "<!-- {} -->"


def main(names: list[str]) -> None:
    """Run and write; a name that is not known ends it with a message."""
    unknown = set(names) - set(NAMES)
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    for name in names or NAMES:
        figures = []
        for figure in import_module(f"benchmarks.{name}").run():
            print(_row(figure), flush=True)
            figures.append(figure)
        _write(name, figures)


def _row(figure: Figure) -> str:
    verdict = {None: "", True: "reached", False: "**not reached**"}[figure.reached]
    cells = (figure.what, figure.goal, figure.ratio, figure.ours, figure.yardstick, verdict)
    return f"| {' | '.join(cells)} |"


def _write(name: str, figures: list[Figure]) -> None:
    """Replace what stands between the marks of `name`."""
    text = README.read_text("utf-8")
    before, start, rest = text.partition(_MARK.format(name))
    _, end, after = rest.partition(_MARK.format(f"/{name}"))
    machine = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()}, CPython {_python()}"
    head = "| what | goal | ratio | ours | yardstick | |\n|---|---|---|---|---|---|"
    table = "\n".join([head, *map(_row, figures)])
    README.write_text(f"{before}{start}\n{table}\n\n{machine}\n{end}{after}", "utf-8")


def _python() -> str:
    return platform.python_version()


if __name__ == "__main__":
    main(sys.argv[1:])
