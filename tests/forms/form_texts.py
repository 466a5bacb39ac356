"""Small forms as XML, for the tests of the engine: a few words make a whole form."""

from __future__ import annotations

from datetime import UTC
from xml.sax.saxutils import quoteattr

from forms.definition import FormDefinition, load
from forms.entry import FormEntry, Surroundings
from forms.instances.media import media_of
from forms.xpath.environment import Chance, FixedClock
from forms.xpath.moments import moment_of_wall

CLOCK = FixedClock(moment_of_wall(2026, 11, 22, 12, tz=UTC))
_NAMESPACES = (
    'xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms" '
    'xmlns:entities="http://www.opendatakit.org/xforms/entities"'
)


def form_xml(nodes: str, binds: str = "", body: str = "", model: str = "") -> str:
    """A form with these nodes below `/data`, binds, controls, and further parts of the model."""
    return (
        f"<h:html {_NAMESPACES}><h:head><h:title>T</h:title><model>"
        f'<instance><data id="t" version="7">{nodes}</data></instance>{model}{binds}</model></h:head>'
        f"<h:body>{body}</h:body></h:html>"
    )


def form(nodes: str, binds: str = "", body: str = "", model: str = "") -> FormDefinition:
    """The definition of such a form."""
    return load(form_xml(nodes, binds, body, model))


def begin(definition: FormDefinition, files: dict[str, bytes] | None = None, language: str = "") -> FormEntry:
    """A session on a clock that stands still, with chance that repeats."""
    return FormEntry.begin(definition, surroundings(files, language))


def surroundings(files: dict[str, bytes] | None = None, language: str = "") -> Surroundings:
    """What such a session takes from outside."""
    return Surroundings(media_of(files or {}), CLOCK, Chance(1), {"deviceid": "T1"}, language)


def bind(path: str, **rules: str) -> str:
    """A bind for `/data/<path>`."""
    attributes = " ".join(f"{name}={quoteattr(rule)}" for name, rule in rules.items())
    return f'<bind nodeset="/data/{path}" {attributes}/>'


def question(path: str, kind: str = "input", inside: str = "") -> str:
    """A question for `/data/<path>`."""
    return f'<{kind} ref="/data/{path}">{inside}</{kind}>'


def repeat(path: str, inside: str, attributes: str = "") -> str:
    """A repeat for `/data/<path>` with these controls."""
    return f'<group ref="/data/{path}"><repeat nodeset="/data/{path}" {attributes}>{inside}</repeat></group>'
