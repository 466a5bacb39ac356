"""Acceptance documents (验收认定) that count on a day: what each may take, what replaces what (ledger rules §3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date

from schemas.errors import LedgerError
from sync.ledger.book.facts import Check, LandClass
from sync.ledger.land import exact
from sync.ledger.land.classes import NO_CLASS, ClassTable
from sync.ledger.land.layout import Land

ACCEPTANCE = "acceptance"


@dataclass(frozen=True)
class Document:
    """An acceptance document that counts: `wanted` is its figure by class, ticks; `check` its place in `Land.checks`;
    ground must lie inside the outlines of all `limits` (places in `Land.checks` too)."""

    check: int
    on: date
    parcels: tuple[int, ...]
    wanted: dict[int, int]
    limits: tuple[int, ...]


def documents_on(land: Land, day: date, stopped: Set[str] = frozenset()) -> tuple[Document, ...]:
    """The acceptance documents that count on `day`, in order of date; at equal dates that of the log.

    Failed and superseded ones are out, a document entered twice counts once. A superseding document takes effect on
    its own date. One whose step is stopped takes nothing, but what it would replace counts at most as much as it would
    have: stopping a step never raises a figure.
    """
    due = {
        check.said.entry: (number, check)
        for number, check in enumerate(land.checks)
        if check.kind == ACCEPTANCE and check.document_on <= day
    }
    classes = NamedClasses(land.classes)
    replaced: set[str] = set()
    caps: dict[str, set[int]] = defaultdict(set)
    for entry, (number, check) in due.items():
        for earlier in _replaced_by(check, due):
            if entry in stopped:
                caps[earlier].add(number)
            else:
                replaced.add(earlier)
    place = {parcel.id: number for number, parcel in enumerate(land.parcels)}
    found: dict[object, Document] = {}
    for entry, (number, check) in sorted(due.items(), key=lambda item: _order(item[1][1])):
        if not check.passed or entry in stopped or entry in replaced:
            continue
        limits = [number, *sorted(caps[entry])]
        wanted, named = _wanted(check, classes), dict.fromkeys(check.parcels)
        for cap in (land.checks[one] for one in limits[1:]):
            most = _wanted(cap, classes) if cap.passed else {}
            wanted = {one: min(ticks, most.get(one, 0)) for one, ticks in wanted.items()}
            named = dict.fromkeys(name for name in named if name in cap.parcels)
        found.setdefault(
            (check.document_no, check.document_on, check.parcels, check.areas, _bytes(check), *limits[1:]),
            Document(
                number,
                check.document_on,
                tuple(place[name] for name in named if name in place),
                wanted,
                tuple(one for one in limits if land.checks[one].outline is not None),
            ),
        )
    return tuple(found.values())


def class_index(classes: ClassTable, land_class: LandClass) -> int:
    """The row of a class that a document names; NO_CLASS, which counts for nothing, where the edition has no such."""
    try:
        return classes.index(land_class)
    except LedgerError:
        return NO_CLASS


def _replaced_by(check: Check, due: Mapping[str, tuple[int, Check]]) -> Iterator[str]:
    """What a check supersedes, directly or through others."""
    seen = {check.said.entry}
    earlier = check.supersedes
    while earlier is not None and earlier not in seen:
        seen.add(earlier)
        yield earlier
        earlier = due[earlier][1].supersedes if earlier in due else None


def _order(check: Check) -> tuple[date, int, str]:
    return check.document_on, check.said.seq, check.said.entry


class NamedClasses:
    """Rows of the class table by what documents write: looked up once a class, not once a document."""

    def __init__(self, classes: ClassTable) -> None:
        self._classes = classes
        self._found: dict[str, int] = {}

    def index(self, land_class: LandClass) -> int:
        """As `class_index`."""
        name = land_class.system + "/" + land_class.code
        if name not in self._found:
            self._found[name] = class_index(self._classes, land_class)
        return self._found[name]


def _wanted(check: Check, classes: NamedClasses) -> dict[int, int]:
    wanted: dict[int, int] = defaultdict(int)
    for row in check.areas:
        wanted[classes.index(row.land_class)] += row.area_e2
    wanted.pop(NO_CLASS, None)
    return {one: exact.e2_ticks(area) for one, area in wanted.items()}


def _bytes(check: Check) -> bytes:
    return b"" if check.outline is None else bytes(check.outline.wkb)
