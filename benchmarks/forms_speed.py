"""The form engine beside rxeval 0.1.1, which evaluates XForms in Rust and serves as a yardstick only.

Recompute: ours runs every rule of a 100-question form and judges every answer (`recompute` and `faults`); rxeval's
`recompute` does the same two things. One answer: `answer` against our own full recompute.

Load: the WHO verbal autopsy questionnaire (551 binds) from its text to a form that can be filled. rxeval's `Session`
also makes the first instance, so a second row counts ours (`begin`) with it; there is no goal for that row. Ours
compiles an expression when it first runs. The cache of parsed expressions is emptied before each round.

List and repeats have no counterpart in rxeval: a select over 100,000 rows filtered by an earlier answer, and the time
to add the 1,000th instance of a repeat that counts and sums, beside the 10th.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import rxeval

from benchmarks.measure import Figure, Pairs, timed
from forms.definition import FormDefinition, load
from forms.entry import FormEntry, Surroundings
from forms.instances.media import media_of
from forms.xpath.parser import parse

QUESTIONS = 100
ROUNDS = 30
ROWS = 100_000
TOWNS = 2_000
AUTOPSY = Path(__file__).parent.parent / "tests" / "forms" / "cases" / "forms" / "enketo__va_who_v1_5_3.xml"
_HEAD = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>t</h:title><model>'
)


def run() -> Iterator[Figure]:
    """Six rows."""
    yield from _recompute()
    yield from _load()
    yield _list()
    yield _repeats()


def hundred_questions() -> str:
    """A form whose questions are shown by the answer before, checked, and summed up in calculations."""
    nodes, binds, controls = [], [], []
    for number in range(QUESTIONS):
        nodes.append(f"<q{number}/><c{number}/>")
        shown = f' relevant="/data/q{number - 1} != \'\' or /data/q{number - 1} = 0"' if number else ""
        binds.append(f'<bind nodeset="/data/q{number}" type="int" required="true()"{shown} constraint=". &gt;= 0"/>')
        formula = f"if(/data/q{number} &gt; 10, concat('a', /data/q{number}), /data/q{number} * 2 + {number})"
        binds.append(f'<bind nodeset="/data/c{number}" type="string" calculate="{formula}"/>')
        controls.append(f'<input ref="/data/q{number}"><label>q{number}</label></input>')
    return _form("".join(nodes), "".join(binds), "".join(controls))


def _recompute() -> Iterator[Figure]:
    xml = hundred_questions()
    entry = FormEntry.begin(load(xml))
    session = rxeval.Session(xml, today="2026-11-22", now="2026-11-22T09:00:00Z")
    for number in range(QUESTIONS):
        entry.answer(f"/data/q{number}", str(number))
        session.set(f"/data/q{number}", str(number))
    assert entry.faults() == [] and session.recompute()["invalid"] == []
    pairs, answers = Pairs([], []), Pairs([], [])
    for number in range(ROUNDS):
        pairs.yardstick.append(timed(session.recompute))
        pairs.ours.append(timed(lambda: (entry.recompute(), entry.faults())))
        answers.yardstick.append(timed(entry.recompute))
        answers.ours.append(timed(lambda number=number: entry.answer("/data/q50", str(number))))
    yield _row(f"full recompute, {QUESTIONS} questions", pairs, 0.8)
    yield _row("one answer, beside our full recompute", answers, 0.1)


def _load() -> Iterator[Figure]:
    xml = AUTOPSY.read_text("utf-8")
    only, with_begin = Pairs([], []), Pairs([], [])
    for _ in range(ROUNDS // 2):
        yardstick = timed(lambda: rxeval.Session(xml, today="2026-11-22", now="2026-11-22T09:00:00Z"))
        loaded: list[FormDefinition] = []
        parse.cache_clear()
        seconds = timed(lambda loaded=loaded: loaded.append(load(xml)))
        begun = timed(lambda loaded=loaded: FormEntry.begin(loaded[0]))
        only.ours.append(seconds)
        only.yardstick.append(yardstick)
        with_begin.ours.append(seconds + begun)
        with_begin.yardstick.append(yardstick)
    yield _row("load WHO verbal autopsy", only, 1.5)
    yield _row("load WHO verbal autopsy and begin", with_begin, None)


def _list() -> Figure:
    entry = FormEntry.begin(load(_LIST), Surroundings(media_of({"plots.csv": _plots()})))
    entry.answer("/data/town", "t7")
    assert len(entry.choices("/data/plot")) == ROWS // TOWNS  # opens the list and builds the index
    seconds = []
    for number in range(ROUNDS):
        entry.answer("/data/town", f"t{number}")
        seconds.append(timed(lambda: entry.choices("/data/plot")))
    longest = median(seconds) * 1000
    return Figure(f"filtered list over {ROWS:,} rows", "≤ 10 ms", "–", f"{longest:.2f} ms", "–", longest <= 10)


def _repeats() -> Figure:
    small, large = (_adding(size) for size in (10, 1000))
    pairs = Pairs(large, small)
    ratio = pairs.ours_s / pairs.yardstick_s
    return Figure(
        "add the 1,000th instance, beside the 10th", "≤ 2x", f"{ratio:.2f}x", f"{pairs.ours_s * 1e6:.0f} µs",
        f"{pairs.yardstick_s * 1e6:.0f} µs", ratio <= 2,
    )


def _adding(size: int) -> list[float]:
    """Seconds that each of the ten instances around this number takes, when those before it are answered."""
    seconds: list[float] = []
    for _ in range(3):
        entry = FormEntry.begin(load(_REPEAT))
        for number in range(1, size - 4):
            entry.add_repeat("/data/r")
            entry.answer(f"/data/r[{number}]/x", "2")
        seconds += [timed(lambda entry=entry: entry.add_repeat("/data/r")) for _ in range(10)]
    return seconds


def _row(what: str, pairs: Pairs, most: float | None) -> Figure:
    ratio = pairs.time_ratio
    return Figure(
        what, "–" if most is None else f"≤ {most}x", f"{ratio:.2f}x", f"{pairs.ours_s * 1000:.2f} ms",
        f"{pairs.yardstick_s * 1000:.2f} ms", None if most is None else ratio <= most,
    )


def _form(nodes: str, binds: str, controls: str, more: str = "") -> str:
    return (
        f'{_HEAD}<instance><data id="t" version="1">{nodes}</data></instance>{more}{binds}</model></h:head>'
        f"<h:body>{controls}</h:body></h:html>"
    )


def _plots() -> bytes:
    rows = (f"p{number},Plot {number},t{number % TOWNS},{number}" for number in range(ROWS))
    return ("name,label,town,area\n" + "\n".join(rows)).encode()


_LIST = _form(
    "<town/><plot/>",
    '<bind nodeset="/data/town" type="string"/><bind nodeset="/data/plot" type="string"/>',
    '<input ref="/data/town"/><select1 ref="/data/plot">'
    "<itemset nodeset=\"instance('plots')/root/item[town = /data/town]\">"
    '<value ref="name"/><label ref="label"/></itemset></select1>',
    '<instance id="plots" src="jr://file-csv/plots.csv"/>',
)
_REPEAT = _form(
    '<r jr:template=""><x/><place/><double/></r><n/><total/>',
    '<bind nodeset="/data/r/x" type="int"/><bind nodeset="/data/r/place" calculate="position(..)"/>'
    '<bind nodeset="/data/r/double" calculate="/data/r/x * 2"/><bind nodeset="/data/n" calculate="count(/data/r)"/>'
    '<bind nodeset="/data/total" calculate="sum(/data/r/x)"/>',
    '<group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/x"/></repeat></group>',
)
