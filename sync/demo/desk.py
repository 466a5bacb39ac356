"""Work at the desk: reviews, checks, acceptances, findings. In bulk through the same function as the desk's HTTP door;
what the story dwells on (a return, a branch) goes over HTTP itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import requests

from schemas.codes import ReviewOutcome
from schemas.protocol import PROTOCOL, DeskEntry
from sync.central.desk import append
from sync.central.sessions import desk_token
from sync.demo.drawing.accounting import Written
from sync.demo.drawing.people import AUDITOR, CITY, MARK, office
from sync.demo.drawing.visits import Visit
from sync.demo.station import Station

_AT_ONCE = 400
_REASONS: dict[ReviewOutcome, tuple[str | None, str | None]] = {
    ReviewOutcome.APPROVE: (None, None),
    ReviewOutcome.RETURN: ("GROUND_PROOF_WEAK", "后视照片看不清地面，请补拍"),
    ReviewOutcome.REJECT: ("NOTHING_FOUND", "复核未见所述情况"),
}


class Desk:
    """What offices decide, by account. `ids` gives the entry of each visit by the story's name."""

    def __init__(self, station: Station, ids: dict[str, str]) -> None:
        self._station = station
        self._ids = ids

    def review_all(self, visits: Iterable[Visit]) -> dict[str, int]:
        """Every visit that the story has reviewed; how many were approved, returned and rejected."""
        said: dict[str, list[DeskEntry]] = defaultdict(list)
        counts = {outcome.value: 0 for outcome in ReviewOutcome}
        for visit in visits:
            if visit.verdict is not None:
                counts[visit.verdict.value] += 1
                said[visit.reviewer].append(self._review(visit, visit.verdict))
        self._append_all(said)
        return counts

    def check_and_accept(self, documents: Iterable[Written], *, accept: bool) -> int:
        """First checks by the districts, or acceptances by the city."""
        said: dict[str, list[DeskEntry]] = defaultdict(list)
        for one in documents:
            plot = one.document.plot
            body: dict[str, Any] = {
                "document_no": one.document.number if accept else one.document.number.replace("演验", "演初"),
                "document_on": one.on.isoformat(),
                "document_sha256": None,
                "areas": [
                    {"class_system": "third_land_survey", "class_code": code, "area_e2": area}
                    for code, area in one.areas_e2.items()
                ],
                "geometry": None,
                "outcome": "passed",
            }
            who = CITY.account if accept else office(plot.district)
            kind = "acceptance" if accept else "first_check"
            said[who].append(_entry(kind, plot.unit, [plot.number], body))
        self._append_all(said)
        return sum(len(each) for each in said.values())

    def audit(self, visits: Iterable[Visit]) -> int:
        """The third party's findings on a sample of records; what it does not confirm is put to order."""
        findings = []
        for visit in visits:
            wrong = visit.plot.fictional
            body: dict[str, Any] = {
                "verdict": "not_confirmed" if wrong else "confirmed", "area_e2": None, "photos": [],
                "text": f"现场与记录{'不符' if wrong else '一致'}（{MARK}）", "sample": "CY-2026-1",
            }  # fmt: skip
            findings.append(_entry("finding", visit.unit, [self._ids[visit.name]], body))
            if wrong:
                order = {"step": "issued", "text": f"限期整改（{MARK}）", "due_on": "2026-12-15", "photos": []}
                findings.append(_entry("rectification", visit.unit, [visit.plot.number], order))
        self._append_all({AUDITOR.account: findings})
        return len(findings)

    def settle_branch(self, chosen: Visit, other: Visit) -> None:
        """Over HTTP: the district chooses one side of a branch (D26), and the township approves it."""
        kept, aside = self._ids[chosen.name], self._ids[other.name]
        body = {
            "discrepancy": "D26", "outcome": "corrected", "reason": "以现场测绘为准", "document": None,
            "set_aside": [aside],
        }  # fmt: skip
        entry = _entry("resolution", chosen.unit, [kept, aside], body, supersedes=kept)
        head = self._send(office(chosen.plot.district), entry)
        approval = self._review(chosen, ReviewOutcome.APPROVE).model_copy(update={"supersedes": head})
        self._send(chosen.reviewer, approval)

    def _review(self, visit: Visit, outcome: ReviewOutcome) -> DeskEntry:
        reason, text = _REASONS[outcome]
        body: dict[str, Any] = {"outcome": outcome.value, "reason": reason, "text": text, "fields": []}
        entry = self._ids[visit.name]
        return _entry("review", visit.unit, [entry], body, supersedes=entry)

    def _append_all(self, said: dict[str, list[DeskEntry]]) -> None:
        for account, entries in said.items():
            who = self._station.as_account(account)
            for start in range(0, len(entries), _AT_ONCE):
                append(self._station.central, who, entries[start : start + _AT_ONCE])

    def _send(self, account: str, entry: DeskEntry) -> str:
        token = desk_token(self._station.central, account, "cli", 600)
        answer = requests.post(
            f"{self._station.url}/v1/desk/entries",
            data=entry.model_dump_json(by_alias=True),
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            timeout=30,
        )
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
        return str(answer.json()["entry"]["id"])


def _entry(
    kind: str, unit: str, about: list[str], body: dict[str, Any], supersedes: str | None = None
) -> DeskEntry:
    return DeskEntry.model_validate(
        {
            "protocol": PROTOCOL, "kind": kind, "schema": 1, "unit": unit, "about": about, "supersedes": supersedes,
            "observed_at": None, "body": body,
        }
    )  # fmt: skip
