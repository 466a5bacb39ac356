"""Loading: what is no form is refused, circles are named, and everything else that is wrong is said, not thrown."""

from __future__ import annotations

import pytest

from forms.definition import load
from schemas.errors import Code, LedgerError
from tests.forms.form_texts import bind, form, form_xml, question, repeat


def refused(xml: str | bytes) -> LedgerError:
    with pytest.raises(LedgerError) as caught:
        load(xml)
    return caught.value


@pytest.mark.parametrize("xml", ["", "<a>", "<a/>", "no", b"\xff\xfe", form_xml("<a/>").replace("instance>", "x>")])
def test_what_is_no_form_is_refused(xml: str | bytes) -> None:
    assert refused(xml).code == Code.FORM_INVALID


def test_document_types_and_entities_are_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + form_xml("<a>&b;</a>")
    assert refused(bomb).code == Code.FORM_INVALID
    assert refused("<!DOCTYPE html>" + form_xml("<a/>")).code == Code.FORM_INVALID


def test_depth_is_limited() -> None:
    deep = form_xml("<n>" * 300 + "</n>" * 300)
    assert refused(deep).code == Code.FORM_INVALID


@pytest.mark.parametrize(
    "binds",
    [
        bind("a", calculate="/data/b + 1") + bind("b", calculate="/data/a"),
        bind("a", calculate=". + 1"),
        bind("g", relevant="/data/g/c = 1"),
        bind("a", relevant="/data/b = 1") + bind("b", calculate="/data/a"),
    ],
)
def test_circles_are_refused_and_named(binds: str) -> None:
    error = refused(form_xml("<a/><b/><g><c/></g>", binds))
    assert error.code == Code.FORM_CYCLE
    assert "/data/" in str(error.details["where"])


def test_a_constraint_may_look_at_its_own_answer() -> None:
    assert form("<a/>", bind("a", constraint=". > 1", required=". = 1 or true()")).problems == ()


@pytest.mark.parametrize(
    ("binds", "body", "kind", "name"),
    [
        (bind("a", calculate="nosuch(1)"), "", "function", "nosuch"),
        (bind("a", calculate="round()"), "", "function", "round"),
        (bind("a", relevant="1 +"), "", "expression", "1 +"),
        (bind("a", relevant="/data/gone = 1"), "", "path", "/data/gone"),
        (bind("a", calculate="/data/r[2]/x"), "", "position", "[2]"),
        (bind("gone", type="int"), "", "bind", "/data/gone"),
        (bind("a", type="hologram"), "", "feature", "type hologram"),
        (bind("a", calculate="instance('l')/root/item"), "", "media", "l"),
        ("", question("gone"), "structure", "<input>"),
        ("", question("a", "select1", "<itemset nodeset='nosuch()'><value ref='n'/></itemset>"), "function", "nosuch"),
        ("", question("a", inside="<label><output value='nosuch()'/></label>"), "function", "nosuch"),
        ("", "<hologram ref='/data/a'/>", "feature", "<hologram>"),
        ("", question("a", inside="<setvalue event='odk-new-repeat' ref='/data/gone'/>"), "structure", "<setvalue>"),
    ],
)
def test_problems_are_named(binds: str, body: str, kind: str, name: str) -> None:
    definition = form("<a/><r><x/></r>", binds, body + repeat("r", question("r/x")))
    found = [(problem.kind, problem.name) for problem in definition.problems]
    assert any(problem == kind and name in text.replace("/data/gone", name) for problem, text in found), found


def test_a_sound_form_has_no_problems() -> None:
    body = question("a") + repeat("r", question("r/x"))
    binds = bind("a", type="int", relevant="count(/data/r) > 0") + bind("r/x", calculate="position(..)")
    assert form("<a/><r><x/></r>", binds, body).problems == ()


def test_the_rules_stand_in_the_order_in_which_they_run() -> None:
    binds = bind("c", calculate="/data/b * 2") + bind("b", calculate="/data/a + 1") + bind("g", relevant="/data/c > 2")
    definition = form("<a/><b/><c/><g><d/></g>", binds + bind("e", calculate="/data/g/d"), "", "")
    order = [vertex.path[-1] for vertex in definition.vertices]
    assert order.index("b") < order.index("c") < order.index("g")


def test_relative_binds_prefixes_and_media() -> None:
    xml = form_xml("<orx:meta xmlns:orx='http://openrosa.org/xforms'><orx:x/></orx:meta><a/>")
    xml = xml.replace("</model>", "<bind nodeset='a' type='int'/><instance id='l' src='jr://file/l.csv'/></model>")
    definition = load(xml)
    assert definition.kinds["data", "a"].type == "int"
    assert ("data", "orx:meta", "orx:x") in definition.kinds
    assert definition.media() == ("jr://file/l.csv",)


def test_several_binds_may_name_one_node_and_the_last_type_counts() -> None:
    definition = form("<a/>", bind("a", type="int", constraint=". > 1") + bind("a", type="string", required="true()"))
    kind = definition.kinds["data", "a"]
    assert (kind.type, kind.required, kind.constraint is not None) == ("text", True, True)
