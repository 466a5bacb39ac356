"""All lints of a form, in one list of coded findings: without a blocking one, a form does in the field what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from forms.definition.expressions import Problem
from forms.definition.load import load
from forms.definition.model import FormDefinition
from forms.publish.contract import lint_contract
from forms.publish.findings import Finding, Findings
from forms.publish.lists import lint_lists
from forms.publish.reach import lint_choices, lint_reach
from forms.publish.rules import controls
from schemas.errors import Code, LedgerError

_FORM_ID = re.compile(r"[A-Za-z0-9_.-]{1,80}\Z")
_LONGEST_VERSION = 40
_MEDIA_TYPES = ("image/", "audio/", "video/", "application/", "*/", "text/")


@dataclass(frozen=True)
class Linted:
    """A form and what was found in it; no definition where it could not be loaded."""

    definition: FormDefinition | None
    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        """Whether it may not be published."""
        return any(finding.blocks for finding in self.findings)


def lint(xml: str, rows: Mapping[str, int], files: Mapping[str, bytes]) -> Linted:
    """Every finding of an XForm. `rows` gives the sheet's row of a name, `files` what lies beside the form."""
    findings = Findings(rows)
    try:
        definition = load(xml)
    except LedgerError as error:
        findings.refused(error)
        return Linted(None, tuple(findings.all))
    for problem in definition.problems:
        _problem(problem, findings)
    if not _FORM_ID.match(definition.id) or not 1 <= len(definition.version) <= _LONGEST_VERSION:
        findings.add(Code.FORM_VERSION_MISSING)
    _lint_features(definition, findings)
    lint_lists(definition, files, findings)
    lint_choices(definition, findings)
    lint_contract(definition, findings)
    if not any(finding.blocks for finding in findings.all):  # a sound form is begun once to see what it asks
        lint_reach(definition, files, findings)
    return Linted(definition, tuple(findings.in_order()))


def _problem(problem: Problem, findings: Findings) -> None:
    """What the engine noted when it loaded the form."""
    where, name, text, blocks = problem.where, problem.name, problem.text, problem.fatal
    match problem.kind:
        case "expression" | "position":
            findings.add(Code.FORM_EXPRESSION_INVALID, where, source=name, reason=text, blocks=blocks)
        case "function":
            findings.add(Code.FORM_FUNCTION_UNKNOWN, where, name=name, reason=text, blocks=blocks)
        case "path" | "bind":
            findings.add(Code.FORM_PATH_UNKNOWN, where, name=name, blocks=blocks)
        case "media":
            findings.add(Code.FORM_LIST_UNKNOWN, where, name=name, blocks=blocks)
        case "feature":
            findings.add(Code.FORM_FEATURE_UNSUPPORTED, where, name=name, reason=text, blocks=blocks)
        case _:
            findings.add(Code.FORM_INVALID, where, reason=f"{name}: {text}", blocks=blocks)


def _lint_features(definition: FormDefinition, findings: Findings) -> None:
    """What the engine loads and a tablet of ours cannot do, by name."""
    for control in controls(definition):
        media = control.attributes.get("mediatype", "")
        where = "/" + "/".join(control.path)
        if control.kind == "upload" and media and not media.startswith(_MEDIA_TYPES):
            findings.add(Code.FORM_FEATURE_UNSUPPORTED, where, name=media, reason="mediatype")
        if control.appearance.startswith("ex:") or "intent" in control.attributes:
            findings.add(Code.FORM_FEATURE_UNSUPPORTED, where, name="ex:", reason="external app")
        for action in control.actions:
            if action.name == "recordaudio":
                findings.add(Code.FORM_FEATURE_UNSUPPORTED, where, name="background-audio", reason="recordaudio")
    for action in definition.actions:
        if action.name == "recordaudio":
            findings.add(
                Code.FORM_FEATURE_UNSUPPORTED, action.target[-1], name="background-audio", reason="recordaudio"
            )
    for path in definition.kinds:
        if path[-2:] == ("meta", "audit"):
            # Tracks of inspectors exist only inside a started visit (design, Evidence): nothing is logged for this.
            findings.add(Code.FORM_FEATURE_UNSUPPORTED, "audit", name="audit", reason="not recorded", blocks=False)
