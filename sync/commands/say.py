"""What commands print: plain words in the reader's language (LEDGER_LANG=zh or en), JSON where a program reads."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rich.console import Console

from schemas.errors import LedgerError

# Where no terminal says how wide it is (a pipe, a file, CI), tables are not squeezed into 80 columns.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def language() -> str:
    """`zh`, or `en` where LEDGER_LANG says so."""
    return "en" if os.environ.get("LEDGER_LANG", "zh").startswith("en") else "zh"


def words(zh: str, en: str) -> str:
    """One of the two, for the reader."""
    return en if language() == "en" else zh


def complain(error: LedgerError) -> None:
    """Print an error's words with its code, which is what a person reads out on the telephone."""
    _err.print(f"[red]{error.text(language())}[/red]  ({error.code.value})", markup=True)


def as_json(value: Any) -> None:
    """Print a value for a program."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")
