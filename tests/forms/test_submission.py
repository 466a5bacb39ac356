"""There and back: submission XML, drafts, entities; and forms of many shapes that never fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.definition import FormDefinition, load
from forms.entry import FormEntry
from forms.session.drafts import Draft
from forms.xmldoc import parse
from schemas.errors import Code, LedgerError
from tests.forms.form_texts import begin, bind, form, form_xml, question, repeat, surroundings


def state(entry: FormEntry) -> list[tuple[str, str, bool, bool, bool]]:
    """Everything that a person could see of the answers."""
    return [(leaf.ref, leaf.value, leaf.relevant, leaf.required, leaf.enabled) for leaf in entry.leaves()]


def test_a_submission_leaves_out_what_is_not_relevant_and_keeps_id_and_version() -> None:
    binds = bind("b", relevant="/data/a = 'y'")
    entry = begin(form("<a/><b>old</b><g><c/></g>", binds, question("a") + question("b")))
    entry.answer("/data/a", "<&\r\n\"'\x00>")
    root = parse(entry.finish().xml).root
    assert (root.get("id"), root.get("version")) == ("t", "7")
    names = [child.tag.rpartition("}")[2] for child in root]
    assert names == ["a", "g"] and root[0].text == "<&\r\n\"'>"
    assert "<b>old</b>" in entry.draft().xml


def test_a_submission_is_opened_again() -> None:
    definition = form(
        '<a/><r jr:template=""><x/></r><n/>', bind("n", calculate="count(/data/r)"),
        question("a") + repeat("r", question("r/x")),
    )  # fmt: skip
    entry = begin(definition)
    entry.answer("/data/a", "1")
    for number in range(3):
        entry.answer(entry.add_repeat("/data/r") + "/x", f"v{number}")
    again = FormEntry.edit(definition, entry.finish().xml, surroundings())
    assert state(again) == state(entry)


def test_a_draft_of_another_form_is_refused() -> None:
    definition = form("<a/>")
    with pytest.raises(LedgerError) as caught:
        FormEntry.resume(definition, Draft("other", "1", '<data id="other"/>'))
    assert caught.value.code == Code.FORM_DRAFT_FOREIGN


def test_a_draft_lets_every_saved_value_stand() -> None:
    binds = bind("u", calculate="uuid()") + bind("f", calculate="/data/a > 3") + bind("g", relevant="/data/f")
    definition = form("<a/><u/><f/><g><b/></g>", binds, question("a") + question("g/b"))
    entry = begin(definition)
    entry.answer("/data/a", "1")
    again = FormEntry.resume(definition, entry.draft(), surroundings())
    assert state(again) == state(entry)
    again.answer("/data/a", "5")
    assert again.is_relevant("/data/g/b")


def test_after_a_crash_a_session_goes_on_at_the_last_answer() -> None:
    definition = form('<a/><r jr:template=""><x/></r>', "", question("a") + repeat("r", question("r/x")))
    saved: list[Draft] = []
    entry = begin(definition)
    entry.on_change = lambda changed: saved.append(changed.draft())
    entry.next()
    seen = [state(entry)]
    for step in range(6):
        if step % 2:
            entry.answer(entry.add_repeat("/data/r") + "/x", str(step))
            seen += [state(FormEntry.resume(definition, saved[-2], surroundings()))]
        else:
            entry.answer("/data/a", str(step))
        seen.append(state(entry))
        assert state(FormEntry.resume(definition, saved[-1], surroundings())) == seen[-1]
    assert FormEntry.resume(definition, saved[-1], surroundings()).place.ref == "/data[1]/a[1]"


def _entities() -> FormDefinition:
    nodes = (
        "<a/><b/><meta><entity dataset='trees' id='' create='' update='' baseVersion=''><label/></entity>"
        "<instanceID/></meta>"
    )
    binds = (
        bind("a", type="string") + '<bind nodeset="/data/b" type="string" entities:saveto="kind"/>'
        + bind("meta/entity/@id", calculate="if(/data/a = '', 'new', /data/a)")
        + bind("meta/entity/@create", calculate="/data/a = ''") + bind("meta/entity/@update", calculate="/data/a != ''")
        + bind("meta/entity/label", calculate="concat(/data/b, '!')")
    )  # fmt: skip
    return form(nodes, binds, question("a") + question("b"))


def test_entities_are_handed_over() -> None:
    entry = begin(_entities())
    entry.answer("/data/b", "oak")
    (change,) = entry.finish().entities
    assert (change.dataset, change.action, change.id, change.label) == ("trees", "create", "new", "oak!")
    assert change.properties == {"kind": "oak"}
    entry.answer("/data/a", "t1")
    (change,) = entry.finish().entities
    assert (change.action, change.id) == ("update", "t1")


# Forms of many shapes, filled with anything: nothing fails, and what was computed bit by bit is what all at once gives.

_TYPES = st.sampled_from(
    ["string", "int", "decimal", "date", "dateTime", "time", "geopoint", "geoshape", "boolean", ""]
)
_RULES = st.sampled_from([
    "/data/a != ''", "/data/a > 1", "selected(/data/b, 'x')", "string-length(/data/b) > 1", "/data/g/c = /data/a",
    "not(/data/g/c = '')", "number(/data/a) = 1", "date(/data/b) > '2020-01-01'",
])  # fmt: skip
_FORMULAS = st.sampled_from([
    "/data/a + 1", "concat(/data/a, '-', /data/b)", "if(/data/a > 1, /data/b, /data/g/c)", "/data/a = /data/b",
    "coalesce(/data/b, /data/a)", "round(/data/a div 3, 2)", "format-date(/data/b, '%Y')", "sum(/data/r/x)",
    "count(/data/r)", "join(' ', /data/r/x)", "max(/data/r/x)",
])  # fmt: skip
_ANSWERS = st.sampled_from(
    ["", "1", "2.5", "-3", "x", "x y", "2026-11-22", "2026-11-22T10:00:00Z", "1 2 3 4", "10:30", "1 2;3 4"]
)
_STEPS = st.lists(st.tuples(st.sampled_from(["a", "b", "g/c", "r", "-"]), _ANSWERS), max_size=12)


@given(_TYPES, _TYPES, _RULES, _FORMULAS, _FORMULAS, _STEPS)
def test_any_form_takes_any_answers(
    one: str, two: str, rule: str, formula: str, second: str, steps: list[tuple[str, str]]
) -> None:
    binds = (
        bind("a", type=one) + bind("b", type=two) + bind("g", relevant=rule.replace("/data/g/c", "/data/a"))
        + bind("d", calculate=formula) + bind("e", calculate=second.replace("/data/a", "/data/d"))
        + bind("r/p", calculate="concat(position(..), /data/a)")
        + bind("g/c", constraint=rule.replace("/data/g/c", "."))
    )  # fmt: skip
    body = question("a") + question("b") + question("g/c") + repeat("r", question("r/x"))
    definition = form('<a/><b/><g><c/></g><d/><e/><r jr:template=""><x/><p/></r>', binds, body)
    entry = begin(definition)
    for path, answer in steps:
        if path == "r":
            entry.answer(entry.add_repeat("/data/r") + "/x", answer)
        elif path == "-":
            if any(leaf.ref.startswith("/data[1]/r[1]/") for leaf in entry.leaves()):
                entry.remove_repeat("/data/r[1]")
        else:
            entry.answer(f"/data/{path}", answer)
    bit_by_bit = state(entry)
    assert state(FormEntry.resume(definition, entry.draft(), surroundings())) == bit_by_bit
    entry.recompute()
    assert state(entry) == bit_by_bit


def test_names_in_the_namespace_of_the_data_need_no_prefix_others_do() -> None:
    xml = form_xml("<a/><orx:meta><orx:instanceID/></orx:meta>", bind("orx:meta/orx:instanceID", calculate="'i'"))
    xml = xml.replace('<data id="t"', '<data xmlns="http://e.org/f" id="t"').replace(
        "<h:html ", '<h:html xmlns:e="http://e.org/f" xmlns:orx="http://openrosa.org/xforms" '
    )
    definition = load(xml)
    entry = begin(definition)
    entry.put("/data/a", "x")
    sent = entry.finish().xml
    assert '<data xmlns="http://e.org/f" xmlns:orx="http://openrosa.org/xforms"' in sent
    assert "<orx:meta><orx:instanceID>i</orx:instanceID></orx:meta>" in sent
    assert FormEntry.edit(definition, sent, surroundings()).value("/data/a") == "x"
