"""The photos of a record in 75 bytes each: a ledger has more photos than anything else, and few are ever looked at.

A `PackedPhotos` reads like a tuple of `PhotoFact` and makes each fact when it is asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from schemas.codes import Shot
from schemas.geometry import E9
from sync.ledger.book.facts import PhotoFact

_SHOTS = tuple(Shot)
_SHOT = {shot.value: number for number, shot in enumerate(_SHOTS)}
_ROW = struct.Struct("<32sBBqqqqi")
_NONE = -(1 << 62)
_NO_HEADING = -1


class PackedPhotos(Sequence[PhotoFact]):
    """Photos as an entry lists them, in its order."""

    __slots__ = ("_rows",)

    def __init__(self, photos: Sequence[Mapping[str, Any]]) -> None:
        self._rows = b"".join([_packed(photo) for photo in photos])

    def __len__(self) -> int:
        return len(self._rows) // _ROW.size

    @overload
    def __getitem__(self, index: int) -> PhotoFact: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PhotoFact, ...]: ...
    def __getitem__(self, index: int | slice) -> PhotoFact | tuple[PhotoFact, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        place = range(len(self))[index] * _ROW.size
        return _fact(_ROW.unpack_from(self._rows, place))

    def __iter__(self) -> Iterator[PhotoFact]:
        return map(_fact, _ROW.iter_unpack(self._rows))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def _packed(photo: Mapping[str, Any]) -> bytes:
    fix, heading = photo["fix"], photo["heading_e2"]
    lon = lat = accuracy = _NONE
    if fix is not None:
        lon, lat = fix["lon_e9"], fix["lat_e9"]
        accuracy = _NONE if fix["accuracy_mm"] is None else fix["accuracy_mm"]
    return _ROW.pack(
        bytes.fromhex(photo["sha256"]),
        _SHOT[photo["shot"]],
        photo["in_app"],
        photo["taken_at"]["ms"],
        lon,
        lat,
        accuracy,
        _NO_HEADING if heading is None else heading,
    )


def _fact(row: tuple[Any, ...]) -> PhotoFact:
    sha256, shot, in_app, taken_ms, lon, lat, accuracy, heading = row
    return PhotoFact(
        sha256=sha256.hex(),
        shot=_SHOTS[shot],
        taken_ms=taken_ms,
        lon_deg=None if lon == _NONE else lon / E9,
        lat_deg=None if lat == _NONE else lat / E9,
        accuracy_m=None if accuracy == _NONE else accuracy / 1000,
        heading_deg=None if heading == _NO_HEADING else heading / 100,
        in_app=bool(in_app),
    )
