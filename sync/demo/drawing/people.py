"""The demonstration's people: accounts with a role and a scope, no names; and which tablet each inspector carries.

Frauds and faults of people happen in fictional units only (ledger rules §6): there tablet E works, and once D.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.admin_units import Unit, admin_units, demo_units
from schemas.roles import Role

MARK = "演示数据·虚构"
SEED = 20_261_122
TABLETS = "ABCDE"
FICTIONAL_DISTRICT = "11019X"
SHARED_UNIT = "DEMO-NC"
"""The one fictional unit in which two tablets work."""


@dataclass(frozen=True)
class Person:
    """An account of the story: role and scopes, no name."""

    account: str
    role: Role
    scopes: tuple[str, ...]


CITY = Person("city-office", Role.CITY, ("city",))
AUDITOR = Person("auditor", Role.THIRD_PARTY, ("city",))
SUPERVISOR_TWO = Person("sup-e2", Role.SUPERVISOR, (f"district:{FICTIONAL_DISTRICT}",))
"""The second supervisor of the fictional district: reviews what the first may not."""


def real_units(on: date, most: int) -> list[Unit]:
    """The plan's units that lie in a belt and are valid on a day; at most `most`, spread over the districts."""
    units = [unit for unit in admin_units().units if unit.belt and unit.valid_on(on)]
    step = max(1, -(-len(units) // most))
    return units[::step]


def fictional_units() -> list[Unit]:
    """The units in which frauds happen."""
    return list(demo_units().units)


def tablet_of(units: Iterable[Unit]) -> Mapping[str, str]:
    """Which tablet works in which unit: A to D share the plan's units in turn of district, E has the fictional ones."""
    real = [unit.unit_id for unit in units if not unit.fictional]
    share = -(-len(real) // 4)
    found = {unit_id: TABLETS[number // share] for number, unit_id in enumerate(real)}
    return found | {unit.unit_id: "E" for unit in units if unit.fictional}


def people(units: Iterable[Unit]) -> list[Person]:
    """All accounts."""
    units = list(units)
    carried = tablet_of(units)
    scopes = {letter: tuple(unit for unit, by in carried.items() if by == letter) for letter in TABLETS}
    inspectors = [
        Person(inspector(letter), Role.INSPECTOR, (*scopes[letter], *([SHARED_UNIT] if letter == "D" else [])))
        for letter in TABLETS
    ]
    supervisors = [Person(supervisor(letter), Role.SUPERVISOR, scopes[letter]) for letter in TABLETS if scopes[letter]]
    districts = sorted({unit.lead_district for unit in units})
    offices = [Person(office(district), Role.DISTRICT, (f"district:{district}",)) for district in districts]
    return [*inspectors, *supervisors, SUPERVISOR_TWO, *offices, CITY, AUDITOR]


def inspector(tablet: str) -> str:
    """The inspector of a tablet."""
    return f"insp-{tablet.lower()}"


def supervisor(tablet: str) -> str:
    """Who reviews a tablet's records."""
    return f"sup-{tablet.lower()}"


def office(district: str) -> str:
    """The account of a district's office."""
    return f"office-{district.lower()}"
