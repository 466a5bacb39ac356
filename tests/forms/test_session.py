"""A form being filled: relevance, verdicts, calculations, repeats, events, choices, texts."""

from __future__ import annotations

import pytest

from forms.entry import FormEntry
from schemas.errors import Code, LedgerError
from tests.forms.form_texts import begin, bind, form, question, repeat


def test_what_is_not_relevant_reads_as_empty_and_keeps_its_answer() -> None:
    binds = bind("g", relevant="/data/a = 1") + bind("c", calculate="concat('<', /data/g/b, '>')")
    entry = begin(form("<a/><g><b>x</b></g><c/>", binds, question("a") + question("g/b")))
    assert entry.value("/data/c") == "<>"
    entry.answer("/data/a", "1")
    assert entry.is_relevant("/data/g/b") and entry.value("/data/c") == "<x>"
    entry.answer("/data/a", "2")
    assert not entry.is_relevant("/data/g/b")
    assert (entry.value("/data/g/b"), entry.value("/data/c")) == ("x", "<>")


def test_verdicts() -> None:
    binds = bind("a", type="int", required="/data/b = 'y'", constraint=". < 5")
    binds = binds.replace("/>", ' jr:constraintMsg="too large" jr:requiredMsg="needed"/>')
    entry = begin(form("<a/><b/>", binds, question("a") + question("b")))
    assert entry.answer("/data/a", "7").result == "constraint"
    assert entry.answer("/data/a", "7").message == "too large"
    assert entry.value("/data/a") == ""
    assert entry.answer("/data/a", "x").result == "invalid"
    assert entry.answer("/data/a", "").ok
    entry.answer("/data/b", "y")
    assert (entry.answer("/data/a", "").result, entry.answer("/data/a", "").message) == ("required", "needed")
    assert entry.check("/data/a", "9").result == "constraint" and entry.value("/data/a") == ""
    assert [fault.ref for fault in entry.faults()] == ["/data[1]/a[1]"]
    with pytest.raises(LedgerError) as caught:
        entry.finish()
    assert caught.value.code == Code.FORM_ANSWER_INVALID
    entry.answer("/data/a", "3")
    assert entry.validate().ok


def test_only_what_an_answer_reaches_runs_and_a_value_that_stays_ends_it() -> None:
    binds = "".join(bind(f"c{n}", calculate=f"/data/q{n} > 5") for n in range(50))
    binds += bind("d", calculate="if(/data/c0, 'big', 'small')")
    nodes = "".join(f"<q{n}/><c{n}/>" for n in range(50)) + "<d/>"
    entry = begin(form(nodes, binds, "".join(question(f"q{n}") for n in range(50))))
    before = entry.evaluations
    entry.answer("/data/q0", "1")
    assert entry.evaluations - before == 1
    entry.answer("/data/q0", "9")
    assert entry.evaluations - before == 3 and entry.value("/data/d") == "big"


def _visits() -> FormEntry:
    binds = (
        bind("r/x", type="int") + bind("r/place", calculate="position(..)") + bind("n", calculate="count(/data/r)")
        + bind("total", calculate="sum(/data/r/x)") + bind("r/own", calculate="/data/r/x * 2")
        + bind("r/of", calculate="count(../../r)")
        + bind("r/before", calculate="indexed-repeat(/data/r/x, /data/r, position(..) - 1)")
        + bind("second", calculate="/data/r[position() = 2]/x") + bind("all", calculate="join('-', /data/r/x)")
    )  # fmt: skip
    nodes = '<r jr:template=""><x/><place/><own/><of/><before/></r><n/><total/><second/><all/>'
    return begin(form(nodes, binds, repeat("r", question("r/x"))))


def test_repeats_count_sum_and_know_their_place() -> None:
    entry = _visits()
    assert (entry.value("/data/n"), entry.value("/data/total")) == ("0", "0")
    for number in (1, 2, 3):
        ref = entry.add_repeat("/data/r")
        entry.answer(f"{ref}/x", str(number * 10))
    assert (entry.value("/data/n"), entry.value("/data/total"), entry.value("/data/all")) == ("3", "60", "10-20-30")
    assert entry.value("/data/second") == "20"
    assert [entry.value(f"/data/r[{n}]/place") for n in (1, 2, 3)] == ["1", "2", "3"]
    assert [entry.value(f"/data/r[{n}]/own") for n in (1, 2, 3)] == ["20", "40", "60"]
    assert [entry.value(f"/data/r[{n}]/of") for n in (1, 2, 3)] == ["3", "3", "3"]
    assert [entry.value(f"/data/r[{n}]/before") for n in (2, 3)] == ["10", "20"]
    entry.remove_repeat("/data/r[1]")
    assert (entry.value("/data/n"), entry.value("/data/total"), entry.value("/data/second")) == ("2", "50", "30")
    assert [entry.value(f"/data/r[{n}]/place") for n in (1, 2)] == ["1", "2"]
    assert [entry.value(f"/data/r[{n}]/of") for n in (1, 2)] == ["2", "2"]


def test_a_new_instance_runs_its_own_rules_only() -> None:
    entry = _visits()
    costs = []
    for _ in range(40):
        before = entry.evaluations
        entry.add_repeat("/data/r")
        costs.append(entry.evaluations - before)
    # `of` and `before` name the generic repeat and so run in every instance; nothing else does.
    assert max(costs) <= 10 + 2 * 40


def test_counted_repeats_grow_on_the_way_and_cannot_be_changed_by_hand() -> None:
    body = question("n") + repeat("r", question("r/x"), 'jr:count="/data/n"')
    entry = begin(form('<n>2</n><r jr:template=""><x/></r>', bind("n", type="int"), body))
    assert [place.ref for place in entry.places() if place.kind == "question"] == [
        "/data[1]/n[1]", "/data[1]/r[1]/x[1]", "/data[1]/r[2]/x[1]",
    ]  # fmt: skip
    with pytest.raises(LedgerError) as caught:
        entry.add_repeat("/data/r")
    assert caught.value.code == Code.FORM_REPEAT_FIXED


def test_the_way_offers_another_instance() -> None:
    entry = begin(form('<r jr:template=""><x/></r><z/>', "", repeat("r", question("r/x")) + question("z")))
    place = entry.next()
    assert (place.kind, place.ref) == ("prompt", "/data[1]/r[1]")
    entry.add_repeat(place.ref)
    assert [entry.next().kind for _ in range(4)] == ["question", "prompt", "question", "end"]


def test_events_set_values() -> None:
    model = '<setvalue event="odk-instance-first-load" ref="/data/first" value="concat(\'v\', version())"/>'
    changed = '<setvalue event="xforms-value-changed" ref="/data/seen" value="/data/a"/>'
    new = '<setvalue event="odk-new-repeat" ref="/data/r/from" value="concat(/data/a, position(..))"/>'
    body = question("a", inside=changed) + f'<group ref="/data/r"><repeat nodeset="/data/r">{new}</repeat></group>'
    nodes = '<a/><first/><seen/><r jr:template=""><from/></r>'
    entry = begin(form(nodes, "", body, model))
    assert entry.value("/data/first") == "v7"
    entry.answer("/data/a", "x")
    assert entry.value("/data/seen") == "x"
    entry.add_repeat("/data/r")
    assert entry.value("/data/r[1]/from") == "x1"


def test_the_device_is_asked_for_a_position() -> None:
    model = '<odk:setgeopoint event="odk-instance-first-load" ref="/data/p"/>'
    entry = begin(form("<p/>", bind("p", type="geopoint"), "", model))
    assert [(request.action, request.ref) for request in entry.requests] == [("setgeopoint", "/data[1]/p[1]")]
    entry.put("/data/p", "39.9 116.4 40 5")
    assert entry.value("/data/p") == "39.9 116.4 40.0 5.0"
    assert entry.requests == []


_CSV = "name,label,town\n" + "".join(f"p{n},Plot {n},{'A' if n % 2 else 'B'}\n" for n in range(20))


def _list() -> FormEntry:
    itemset = (
        "<itemset nodeset=\"instance('plots')/root/item[town = /data/town]\">"
        '<value ref="name"/><label ref="label"/></itemset>'
    )
    binds = bind("c", calculate="instance('plots')/root/item[name = /data/plot]/label")
    binds += bind("d", calculate="pulldata('plots', 'town', 'name', /data/plot)")
    binds += bind("e", calculate="jr:choice-name(/data/plot, '/data/plot')")
    body = question("town") + question("plot", "select1", itemset)
    source = '<instance id="plots" src="jr://file-csv/plots.csv"/>'
    return begin(form("<town/><plot/><c/><d/><e/>", binds, body, source), {"plots.csv": _CSV.encode()})


def test_choices_follow_the_answers_and_what_is_withdrawn_is_cleared() -> None:
    entry = _list()
    assert entry.choices("/data/plot") == []
    entry.answer("/data/town", "A")
    assert [choice.value for choice in entry.choices("/data/plot")][:3] == ["p1", "p3", "p5"]
    entry.answer("/data/plot", "p3")
    assert [entry.value(f"/data/{name}") for name in "cde"] == ["Plot 3", "A", "Plot 3"]
    entry.answer("/data/town", "B")
    entry.choices("/data/plot")
    assert entry.value("/data/plot") == ""


def test_a_list_that_is_missing_is_empty() -> None:
    definition = _list().definition
    entry = begin(definition)
    entry.answer("/data/town", "A")
    assert entry.choices("/data/plot") == [] and entry.value("/data/c") == ""


def test_texts_in_two_languages_with_outputs_and_media() -> None:
    itext = (
        '<itext><translation lang="en" default="true()"><text id="a"><value>Age of <output value="/data/n"/></value>'
        '<value form="image">jr://images/a.png</value><value form="guidance">slowly</value></text></translation>'
        '<translation lang="zh"><text id="a"><value>年龄 <output value=" /data/n "/></value></text></translation>'
        "</itext>"
    )
    body = question("a", inside="<label ref=\"jr:itext('a')\"/><hint>Hint <output value='/data/n'/></hint>")
    entry = begin(form("<n>Li</n><a/>", bind("a", type="int"), body, itext))
    label = entry.label("/data/a")
    assert (label.text, label.media, label.guidance) == ("Age of Li", {"image": "jr://images/a.png"}, "slowly")
    assert entry.hint("/data/a").text == "Hint Li"
    entry.language = "zh"
    assert entry.label("/data/a").text == "年龄 Li"


def test_a_rule_that_fails_leaves_a_note_and_the_form_goes_on() -> None:
    binds = bind("c", calculate="date(/data/a)") + bind("d", relevant="regex(/data/a, /data/b)")
    entry = begin(form("<a>no date</a><b>[</b><c/><d/>", binds, question("a") + question("d")))
    assert entry.value("/data/c") == "" and {note.kind for note in entry.notes} == {"calculate", "relevant"}
    assert entry.answer("/data/a", "2026-11-22").ok
    assert entry.value("/data/c") == "2026-11-22T00:00:00.000Z"


def test_preloads_and_unknown_refs() -> None:
    binds = "".join(
        f'<bind nodeset="/data/{name}" type="{type_}" jr:preload="{kind}" jr:preloadParams="{parameters}"/>'
        for name, type_, kind, parameters in (
            ("id", "string", "uid", ""), ("s", "dateTime", "timestamp", "start"), ("d", "date", "date", "today"),
            ("p", "string", "property", "deviceid"), ("e", "dateTime", "timestamp", "end"),
        )
    )  # fmt: skip
    entry = begin(form("<id/><s/><d/><p/><e/>", binds))
    assert entry.value("/data/id").startswith("uuid:") and len(entry.value("/data/id")) == 41
    assert entry.value("/data/s") == "2026-11-22T12:00:00.000Z" and entry.value("/data/d") == "2026-11-22"
    assert (entry.value("/data/p"), entry.value("/data/e")) == ("T1", "")
    assert "<e>2026-11-22T12:00:00.000Z</e>" in entry.finish().xml
    with pytest.raises(LedgerError) as caught:
        entry.answer("/data/gone", "x")
    assert caught.value.code == Code.FORM_NODE_UNKNOWN
