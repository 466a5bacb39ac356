"""What GEOS can find out about outlines while Python reads the cells beside them: GEOS lets go of the interpreter."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from sync.imports import overlaps
from sync.imports.outlines import Outlines
from sync.ledger.land.plane import to_plane


class Ahead:
    """The outlines of a whole file in the plane, and which of them misfit, under way in a thread of their own."""

    def __init__(self, outlines: Outlines, *, coverage: bool) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._count = len(outlines)
        self._plane: Future[Outlines] = self._pool.submit(to_plane, outlines)
        self._misfits: Future[overlaps.Mask] | None = self._pool.submit(self._found) if coverage else None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def plane(self) -> Outlines:
        """All outlines in the plane."""
        return self._plane.result()

    def misfits(self, plane: Outlines) -> overlaps.Mask:
        """`overlaps.misfits` of `plane`: the answer under way where these are all outlines of the file, else anew.

        Outlines are only ever left out of `plane`, never changed, so that their number tells.
        """
        if self._misfits is not None and len(plane) == self._count:
            return self._misfits.result()
        return overlaps.misfits(plane)

    def _found(self) -> overlaps.Mask:
        return overlaps.misfits(self.plane)
