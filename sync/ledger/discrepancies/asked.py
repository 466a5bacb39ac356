"""What a check is asked about: records before the fold, ground after it, totals last. All inputs of all checks.

Every check is local to a parcel, a record, a person or a unit: asked about a part it finds what it would find there
when asked about all, provided the part is whole (`reach.py` says what that takes).
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.photo_rules import PhotoRules, photo_rules
from schemas.rules import Rules, Thresholds, rules
from sync.ledger.book.facts import Book, Parcel
from sync.ledger.discrepancies.site import Site
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.layout import Land, Project
from sync.ledger.land.plane import to_plane


@dataclass(frozen=True)
class Asked:
    """Records at a log position. `at_ms` is the state date, None where nothing has an age (a scenario without one)."""

    book: Book
    site: Site
    classes: ClassTable
    at_ms: int | None
    rules: Rules
    photo_rules: PhotoRules
    project: Project = to_plane

    @classmethod
    def of_book(
        cls,
        book: Book,
        parcels: tuple[Parcel, ...],
        at_ms: int,
        classes: ClassTable,
        *,
        rules_edition: str | None = None,
        photo_edition: str | None = None,
        project: Project = to_plane,
    ) -> Asked:
        """The records of a book and the rows of parcels that hold at the state date `at_ms`."""
        site = Site.of_versions(book.versions, parcels, project)
        return cls(book, site, classes, at_ms, rules(rules_edition), photo_rules(photo_edition), project)

    @classmethod
    def of_land(cls, land: Land, figures: ParcelFigures, at_ms: int | None) -> Asked:
        """A scenario: ground and events, no log, so that checks of photos, reviews and times stay silent."""
        site = Site.of_land(land, figures.at_ms)
        return cls(Book(position=0), site, land.classes, at_ms, rules(), photo_rules())

    @property
    def has_log(self) -> bool:
        """Whether there is a log behind the records; a scenario has none, nor boundaries, photos or reviews."""
        return self.book.position > 0

    @property
    def values(self) -> Thresholds:
        """The thresholds."""
        return self.rules.values

    @property
    def edition(self) -> str:
        """Their edition."""
        return self.rules.edition


@dataclass(frozen=True)
class AskedOfLand:
    """The same with the ground cut and folded at a state date."""

    records: Asked
    land: Land
    figures: ParcelFigures
