"""How far a question reaches: the part of a book that gives the same findings on some parcels as the whole book.

It is what an incremental caller must bring: the parcels, every record that lists or touches one of them with all its
versions, the parcels under and in those records, and the other visits of the same people (for D25).
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import numpy as np
import shapely

from sync.ledger.book.facts import Book


def around(book: Book, parcels: Set[str]) -> Book:
    """The part of `book` that a question about `parcels` reaches. Rows of offices that are few (units, registers,
    targets, quotas) come whole."""
    asked = [row.outline for row in book.parcels if row.id in parcels]
    touching = _touching([version.outline for version in book.versions], asked)
    near = {
        version.record
        for version, touched in zip(book.versions, touching, strict=True)
        if touched or not parcels.isdisjoint(version.parcels)
    }
    mine = [version for version in book.versions if version.record in near]
    listed = set(parcels).union(*(version.parcels for version in mine))
    under = _touching([row.outline for row in book.parcels], [version.outline for version in mine])
    rows = tuple(row for row, touched in zip(book.parcels, under, strict=True) if touched or row.id in listed)
    people = {version.said.author for version in mine}
    versions = tuple(one for one in book.versions if one.record in near or one.said.author in people)
    ids = {version.id for version in versions}
    return replace(
        book,
        parcels=rows,
        versions=versions,
        decisions=tuple(one for one in book.decisions if not ids.isdisjoint(one.about)),
        checks=tuple(one for one in book.checks if not parcels.isdisjoint(one.parcels)),
        surveys=tuple(one for one in book.surveys if one.parcel in parcels),
    )


def _touching(outlines: list[shapely.Geometry | None], others: list[shapely.Geometry | None]) -> list[bool]:
    """Of each outline whether it touches one of the others."""
    found = np.zeros(len(outlines), dtype=bool)
    known = [one for one in others if one is not None]
    if known and outlines:
        made = np.empty(len(outlines), dtype=object)
        made[:] = outlines
        hit, _ = shapely.STRtree(known).query(made, predicate="intersects")
        found[hit] = True
    return [bool(one) for one in found]
