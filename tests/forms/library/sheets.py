"""Small XLSForms as Markdown, for the tests of publishing: the rows that differ, around what every form needs."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook

_HEADINGS = ("type", "name", "label", "required", "relevant", "constraint", "calculation", "choice_filter", "default")
_COMMON = (
    "hidden ledger_kind default=site_check",
    "text parcel label=图斑 ;constraint=pulldata('parcels','name','name',.)!=''",
)
YES_NO = ("yes_no yes 是", "yes_no no 否")


def markdown(*rows: str, choices: tuple[str, ...] = (), settings: str = "t-1 1", common: bool = True) -> str:
    """A form: each row is `type name heading=value heading=value`, with `_` for a blank inside the type."""
    lines = ["| survey | " + " | ".join(" " for _ in _HEADINGS) + " |", "| | " + " | ".join(_HEADINGS) + " |"]
    for row in (*(_COMMON if common else ()), *rows):
        lines.append("| | " + " | ".join(_cells(row)) + " |")
    if choices:
        lines += ["| choices | | | |", "| | list_name | name | label |"]
        lines += ["| | " + " | ".join(choice.split(" ", 2)) + " |" for choice in choices]
    form_id, _, version = settings.partition(" ")
    lines += ["| settings | | | |", "| | form_title | form_id | version |", f"| | 试 | {form_id} | {version} |"]
    return "\n".join(lines) + "\n"


def workbook(path: Path, text: str) -> Path:
    """The same tables as an XLSX file."""
    book = Workbook()
    book.remove(book.active)
    sheet = None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells[0]:
            sheet = book.create_sheet(cells[0])
        else:
            sheet.append([cell or None for cell in cells[1:]])
    book.save(path)
    return path


def _cells(row: str) -> list[str]:
    kind, name, *pairs = row.split(" ", 2)
    cells = dict.fromkeys(_HEADINGS, "")
    cells["type"], cells["name"] = kind.replace("~", " "), name
    for pair in pairs[0].split(" ;") if pairs else ():
        heading, _, value = pair.strip().partition("=")
        cells[heading] = value
    return [cells[heading] for heading in _HEADINGS]
