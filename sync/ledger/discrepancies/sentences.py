"""One plain sentence for each finding, in Chinese and English, with the figures that caused it (`catalogue.py`).

What was seen or does not fit, never that somebody did wrong: 疑似新增建设, never 违建 (rules §6).
"""

from __future__ import annotations

from schemas.findings import discrepancies
from sync.ledger.book.days import day_of
from sync.ledger.discrepancies.catalogue import SENTENCES, WORDS, Sentence
from sync.ledger.discrepancies.finding import Figure, Finding


def sentence(finding: Finding, language: str = "zh") -> str:
    """The sentence of a finding, `zh` or `en`."""
    row = _row(finding)
    template = row.en if language == "en" else row.zh
    values = {name: _shown(name, value, language) for name, value in finding.figures.items()}
    about = {
        "entries": _listed(finding.entries, language),
        "parcels": _listed(finding.parcels, language),
        "units": _listed(finding.units, language),
        "since": day_of(finding.since_ms).isoformat(),
    }
    return template.format_map({**about, **values})


def title(finding: Finding, language: str = "zh") -> str:
    """The title of the finding's code."""
    row = discrepancies().of(finding.code)
    return row.en if language == "en" else row.zh


def _row(finding: Finding) -> Sentence:
    return SENTENCES[finding.code, finding.variant]


def _shown(name: str, value: Figure, language: str) -> str:
    if isinstance(value, str):
        return _listed(tuple(_word(word, language) for word in value.split("、")), language)
    if name.endswith("_m2"):
        return f"{value:,.2f}"
    if name.endswith(("_percent", "_kmh", "factor")):
        return f"{value:,.1f}".removesuffix(".0")
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _word(word: str, language: str) -> str:
    zh, en = WORDS.get(word, (word, word))
    return en if language == "en" else zh


def _listed(names: tuple[str, ...], language: str) -> str:
    return (", " if language == "en" else "、").join(names) or "—"
