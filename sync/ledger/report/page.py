"""The report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

Chinese, with English at the press of a key (two radio buttons and CSS); prints on A4 landscape. The document stands in
a block of JSON that no browser runs. Bytes depend on the report alone.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sync.ledger.report.document import DEMO_MARK, TITLE
from sync.ledger.report.sealed import Report
from sync.ledger.report.sheet import Sheet
from sync.ledger.report.sheets import sheets
from sync.ledger.report.show import Format, Shown
from sync.ledger.report.xlsx import origin_line

OPENING = '<script type="application/json" id="report">'
CLOSING = "</script>"
_LONG = 60
_WORD, _NAME = 12, 6


def page(report: Report) -> bytes:
    """The bytes of the HTML file."""
    head = report.contents.header
    text = _template().render(
        layout=head.get("layout"),
        title=TITLE,
        demo=DEMO_MARK if head.get("demo") is True else "",
        style=Markup(_resource("page.css")),  # noqa: S704  # our own file
        origin={"zh": origin_line(report), "en": _origin_en(report)},
        sheets=list(sheets(report)),
        line=_line,
        check={
            "zh": f"报告指纹 {report.seal.hash}；公钥指纹 {report.seal.log}。核验：main.py verify 本文件",
            "en": f"Hash {report.seal.hash}; key fingerprint {report.seal.log}. To check: main.py verify FILE",
        },
        document=Markup(embedded(report)),  # noqa: S704  # no < > & is left in it
    )
    return text.encode("utf-8")


def embedded(report: Report) -> str:
    """The document as it stands in the page: no character in it can end the block."""
    text = json.dumps(report.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _line(row: tuple[Shown, ...], sheet: Sheet, number: int) -> Markup:
    """A row of the table: made here, since a template takes ten times as long for a large annex."""
    strong = number in sheet.emphasised or number == len(sheet.rows)
    first, *others = row
    cells = [f'<th scope="row">{_text(first)}</th>', *(_cell(cell) for cell in others)]
    opening = '<tr class="strong">' if strong else "<tr>"
    return Markup(f"{opening}{''.join(cells)}</tr>")  # noqa: S704  # every text in it is escaped


def _cell(cell: Shown) -> str:
    if cell.format is not Format.TEXT:
        return f'<td class="n">{_text(cell)}</td>'
    if len(cell.zh) <= (_WORD if cell.zh.isascii() else _NAME):
        return f'<td class="d">{_text(cell)}</td>'
    if len(cell.zh) > _LONG:
        return f'<td class="l">{_text(cell)}</td>'
    return f'<td class="t">{_text(cell)}</td>' if len(cell.zh) > 10 else f"<td>{_text(cell)}</td>"


def _text(cell: Shown) -> str:
    if cell.zh == cell.en:
        return escape(cell.zh)
    return f'<span lang="zh">{escape(cell.zh)}</span><span lang="en">{escape(cell.en)}</span>'


def _origin_en(report: Report) -> str:
    head = report.contents.header
    return (
        f"Period {head.get('after')} to {head.get('until')}; log position {head.get('position')}; "
        f"hash {report.seal.hash[:16]}"
    )


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    return environment.from_string(_resource("page.html"))


@cache
def _resource(name: str) -> str:
    return resources.files("sync.ledger.report").joinpath(name).read_text("utf-8")
