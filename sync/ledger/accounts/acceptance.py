"""Accepted and registered land (ledger rules §3): what acceptance documents (验收认定) take of the verified ground.

Documents go in order of date. Each takes, class by class, the smaller of its figure and the ground that was verified
in that class on its day, has been so without a break since, lies in its outline and was not taken before. Areas in
ticks (`exact.py`). A document about several parcels takes them in the order in which it names them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date

import numpy as np

from sync.ledger.accounts.documents import Document, NamedClasses, documents_on
from sync.ledger.accounts.documents import class_index as class_index
from sync.ledger.book.days import day_end_ms, day_of
from sync.ledger.book.facts import Survey
from sync.ledger.book.holding import latest
from sync.ledger.land import exact
from sync.ledger.land.classes import NO_CLASS
from sync.ledger.land.exact import Ints
from sync.ledger.land.figures import ParcelFigures, verified_pieces
from sync.ledger.land.history import History
from sync.ledger.land.layout import Land


@dataclass(frozen=True)
class Takes:
    """What each document took, one row a document, parcel and class; ticks. Rows that took nothing are there too."""

    check: Ints
    parcel: Ints
    land_class: Ints
    year: Ints
    ticks: Ints


@dataclass(frozen=True)
class Accepted:
    """Accepted and registered by parcel, ticks; registered <= accepted <= verified. `survey_year` 0: no survey yet."""

    takes: Takes
    accepted: Ints
    registered: Ints
    survey_year: Ints


def accept(
    land: Land,
    figures: ParcelFigures,
    past: History,
    surveys: Iterable[Survey],
    stopped: Set[str] = frozenset(),
) -> Accepted:
    """Accepted and registered at the state date of `figures`, whose moves are `past`; `stopped` are the entries of
    documents whose step an open D23 stops.

    Registered is what documents up to the year of the latest survey took, at most what that survey sees outside
    construction land: a later survey that contradicts lowers it (D27).
    """
    day = day_of(figures.at_ms)
    outside, survey_years = surveys_on(land, surveys, day)
    takes = _taken(land, figures, past, documents_on(land, day, stopped))
    count = len(land.parcels)
    accepted = exact.summed(takes.parcel, takes.ticks, count)
    in_time = takes.year <= survey_years[takes.parcel]
    surveyed = exact.summed(takes.parcel[in_time], takes.ticks[in_time], count)
    return Accepted(takes, accepted, np.minimum(surveyed, outside), survey_years)


def surveys_on(land: Land, surveys: Iterable[Survey], day: date) -> tuple[Ints, Ints]:
    """By parcel: the area outside construction (ticks) in the survey of the latest year up to that of `day`, and that
    year (0: no survey). Of several results of one year the last of the log holds."""
    found = latest((row for row in surveys if row.year <= day.year), lambda row: (row.parcel, row.year))
    newest: dict[str, Survey] = {}
    for row in found.values():
        if row.parcel not in newest or newest[row.parcel].year < row.year:
            newest[row.parcel] = row
    classes = NamedClasses(land.classes)
    outside_e2, years = np.zeros((2, len(land.parcels)), dtype=np.int64)
    for number, parcel in enumerate(land.parcels):
        survey = newest.get(parcel.id)
        if survey is None:
            continue
        years[number] = survey.year
        for area in survey.areas:
            index = classes.index(area.land_class)
            if index != NO_CLASS and not land.classes.construction[index]:
                outside_e2[number] += area.area_e2
    return exact.from_e2(outside_e2), years


def _taken(land: Land, figures: ParcelFigures, past: History, documents: tuple[Document, ...]) -> Takes:
    rows = np.array(
        [
            (number, parcel, land_class, document.wanted[land_class])
            for number, document in enumerate(documents)
            for parcel in document.parcels
            for land_class in sorted(document.wanted)
        ],
        dtype=np.int64,
    ).reshape(-1, 4)
    document, parcel, land_class, wanted = rows.T
    width = len(land.classes.classes) + 1
    key = parcel * width + land_class
    pieces = np.flatnonzero(verified_pieces(land, figures.folded))
    stock = _Stock(
        pieces,
        land.ground.parcel[pieces] * width + figures.folded.land_class[pieces],
        past.since_ms[pieces],
        exact.from_m2(land.ground.area_m2[pieces]),
    )
    alone = np.array([len(one.parcels) == 1 and len(one.limits) <= 1 for one in documents], dtype=bool)[document]
    _, place, often = np.unique(key, return_inverse=True, return_counts=True)
    alone &= often[place] == 1
    ticks = np.zeros(len(rows), dtype=np.int64)
    ends = np.array([day_end_ms(one.on) for one in documents], dtype=np.int64)
    layers = np.array([_layer(land, documents[d], p) for d, p in rows[alone, :2].tolist()], dtype=np.int64)
    free = _free(land, stock, key[alone], ends[document[alone]], layers)
    ticks[alone] = np.minimum(wanted[alone], free)
    _share_out(land, stock, documents, rows, key, np.flatnonzero(~alone), ticks)
    return Takes(
        check=np.array([one.check for one in documents], dtype=np.int64)[document],
        parcel=parcel,
        land_class=land_class,
        year=np.array([one.on.year for one in documents], dtype=np.int64)[document],
        ticks=ticks,
    )


@dataclass(frozen=True)
class _Stock:
    """Verified pieces: parcel and class in one number, since when, ticks."""

    piece: Ints
    key: Ints
    since_ms: Ints
    ticks: Ints


def _free(land: Land, stock: _Stock, keys: Ints, ends_ms: Ints, layers: Ints) -> Ints:
    """By key (each once) the ground that was verified by then, inside the layer (-1: anywhere); ticks."""
    if not len(keys):
        return keys
    order = np.argsort(keys)
    place = np.minimum(np.searchsorted(keys[order], stock.key), len(keys) - 1)
    row = order[place]
    counts = (keys[row] == stock.key) & (stock.since_ms <= ends_ms[row])
    bound = np.flatnonzero(counts & (layers[row] >= 0))
    counts[bound] = land.ground.inside(stock.piece[bound], layers[row[bound]])
    return exact.summed(row[counts], stock.ticks[counts], len(keys))


def _share_out(
    land: Land,
    stock: _Stock,
    documents: tuple[Document, ...],
    rows: Ints,
    key: Ints,
    shared: Ints,
    ticks: Ints,
) -> None:
    """Fill `ticks` of the `shared` rows, where several documents want ground of one parcel and class.

    Ground is pooled by which documents may take it, so that how it is cut changes nothing; a document takes first what
    the fewest later ones may take.
    """
    order = np.argsort(stock.key, kind="stable")
    sorted_keys = stock.key[order]
    places: dict[int, list[int]] = defaultdict(list)
    for row in shared.tolist():
        places[int(key[row])].append(row)
    pools: dict[int, dict[int, int]] = {}
    for one, wanting in places.items():
        lo, hi = np.searchsorted(sorted_keys, [one, one + 1])
        mine = order[lo:hi]
        masks = [0] * len(mine)
        for bit, row in enumerate(wanting):
            document = documents[rows[row, 0]]
            counts = stock.since_ms[mine] <= day_end_ms(document.on)
            for limit in document.limits:
                layer = land.check_layers[int(rows[row, 1]), limit]
                counts &= land.ground.inside(stock.piece[mine], np.full(len(mine), layer))
            for index in np.flatnonzero(counts).tolist():
                masks[index] |= 1 << bit
        pool: dict[int, int] = defaultdict(int)
        for mask, area in zip(masks, stock.ticks[mine].tolist(), strict=True):
            pool[mask] += area
        pools[one] = pool
    wanted: dict[tuple[int, int], int] = {}
    for row in shared.tolist():
        number, _, land_class, figure = rows[row].tolist()
        left = wanted.setdefault((number, land_class), figure)
        pool, bit = pools[int(key[row])], places[int(key[row])].index(row)
        mine_first = (mask for mask in pool if mask >> bit & 1)
        for mask in sorted(mine_first, key=lambda mask: ((mask >> bit).bit_count(), mask)):
            taken = min(left, pool[mask])
            pool[mask] -= taken
            left -= taken
            ticks[row] += taken
        wanted[number, land_class] = left


def _layer(land: Land, document: Document, parcel: int) -> int:
    return land.check_layers[parcel, document.limits[0]] if document.limits else -1
