"""Cases of a form as Markdown tables, read and played through the interface that a screen uses.

    ## What the case is about
    visit: parcel=P-1 order=…

    | do | field | value | expect |
    |---|---|---|---|
    | answer | land_freed | all | ok |
    | answer | area_entered | 12.6 | constraint 亩 |     verdict, and a word of its message
    | asked | footprint | | no |                         whether it is asked now
    | value | claimed_area_m2 | | 8400 |                 what stands there now
    | label | parcel_card | | 8400.00 平方米 |           a word of what is shown
    | photos | | 0 90 180 | 3 |                          a photo for each place, with these headings; how many
    | finish | | | ok |                                  or the field that stops it
    | ledger | facts.land_freed | | all |                a value of the body; `about`, `kind`, `shots`, `photos` too

Fields are names; of several instances the last is meant. Blank expectations of `answer` mean ok, `(none)` means null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms.entry import FormEntry
from forms.ledger_fields import LedgerRecord, ledger_record
from schemas.bodies import check_body
from schemas.canonical import canonical, parse_json
from schemas.errors import LedgerError
from tests.forms.library.kit import begin, captured, version

CASES = Path(__file__).parent / "cases"
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Step:
    """One row of a table."""

    line: int
    do: str
    field: str
    value: str
    expect: str


@dataclass(frozen=True)
class Case:
    """One table with its title and the visit that it begins with."""

    form: str
    title: str
    visit: dict[str, str]
    steps: tuple[Step, ...]


def read_cases(form: str) -> list[Case]:
    """The cases of a form."""
    found: list[Case] = []
    title, visit, steps = "", {}, []
    lines = (CASES / f"{form}.md").read_text("utf-8").splitlines()
    for number, line in enumerate([*lines, "## "], 1):
        if line.startswith("## "):
            if steps:
                found.append(Case(form, title, visit, tuple(steps)))
            title, visit, steps = line[3:].strip(), {}, []
        elif line.startswith("visit:"):
            visit = dict(pair.split("=", 1) for pair in line[6:].split())
        elif line.startswith("|") and not line.startswith(("|---", "| do |")):
            cells = [cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]]
            assert len(cells) == 4, f"{form}.md:{number}: four cells"
            steps.append(Step(number, *cells))
    return found


def play(case: Case) -> None:
    """Play a case; an AssertionError names the line."""
    player = _Player(case.form, begin(case.form, case.visit))
    for step in case.steps:
        found, wanted = getattr(player, f"do_{step.do}")(step)
        assert found == wanted, f"{case.form}.md:{step.line} {step.do} {step.field}: {found!r}, not {wanted!r}"
    assert player.entry.notes == [], player.entry.notes


class _Player:
    def __init__(self, form: str, entry: FormEntry) -> None:
        self.form = form
        self.entry = entry
        self._record: LedgerRecord | None = None

    def do_answer(self, step: Step) -> tuple[str, str]:
        verdict = self.entry.answer(self._ref(step.field), step.value)
        return self._judged(verdict.result, verdict.message, step.expect or "ok")

    def do_asked(self, step: Step) -> tuple[str, str]:
        return ("yes" if self.entry.is_relevant(self._ref(step.field)) else "no"), step.expect

    def do_value(self, step: Step) -> tuple[str, str]:
        return self.entry.value(self._ref(step.field)), step.expect.replace("(empty)", "")

    def do_label(self, step: Step) -> tuple[str, str]:
        text = self.entry.label(self._ref(step.field)).text
        return (step.expect if step.expect in text else text), step.expect

    def do_choices(self, step: Step) -> tuple[str, str]:
        return " ".join(choice.value for choice in self.entry.choices(self._ref(step.field))), step.expect

    def do_photos(self, step: Step) -> tuple[str, str]:
        headings, taken = iter(step.value.split()), 0
        for place in self.entry.places():
            if place.control is None or place.control.kind != "upload":
                continue
            taken += 1
            heading = next(headings, "")
            if heading:
                self.entry.put(place.ref.rpartition("/")[0] + "/heading[1]", heading)
            verdict = self.entry.answer(place.ref, f"{taken}.jpg")
            if not verdict.ok:
                return self._judged(verdict.result, verdict.message, step.expect)
        return str(taken), step.expect

    def do_finish(self, step: Step) -> tuple[str, str]:
        verdict = self.entry.validate()
        if verdict.ok:
            return "ok", step.expect
        return f"{verdict.result} {_name(verdict.ref)}", step.expect

    def do_ledger(self, step: Step) -> tuple[str, str]:
        if self._record is None:
            self._record = ledger_record(self.entry, version(self.form), captured())
            body = self._record.body.model_dump(mode="json")
            assert check_body(self._record.kind, 1, parse_json(canonical(body))) == self._record.body
        return self._read(self._record, step.field), step.expect

    def do_refused(self, step: Step) -> tuple[str, str]:
        try:
            ledger_record(self.entry, version(self.form), captured())
        except LedgerError as error:
            return error.code.value, step.expect
        return "ok", step.expect

    def _read(self, record: LedgerRecord, path: str) -> str:
        if path == "kind":
            return record.kind.value
        if path == "about":
            return " ".join(record.about)
        value: Any = record.body.model_dump()
        if path == "shots":
            return " ".join(photo["shot"] for photo in value["photos"])
        for part in path.split("."):
            value = value.get(part, "(missing)")
        if isinstance(value, list):
            return " ".join(map(str, value))
        return "(none)" if value is None else str(value)

    @staticmethod
    def _judged(result: str, message: str, expect: str) -> tuple[str, str]:
        wanted, _, word = expect.partition(" ")
        if result == wanted and word in message:
            return expect, expect
        return f"{result} {message}".strip(), expect

    def _ref(self, name: str) -> str:
        refs = [leaf.ref for leaf in self.entry.leaves() if _name(leaf.ref) == name]
        assert refs, f"{self.form} has no field {name}"
        return refs[-1]


def all_cases(forms: tuple[str, ...]) -> Iterator[Case]:
    """The cases of these forms."""
    for form in forms:
        yield from read_cases(form)


def _name(ref: str) -> str:
    return ref.rpartition("/")[2].partition("[")[0]
