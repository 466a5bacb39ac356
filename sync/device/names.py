"""Which names the tablet's files may have: short, lower case, the same on every disk, never outside their folder."""

from __future__ import annotations

import re

PARTIAL = ".part"
"""Ends the name of a file that is still being written. Only a file under its final name is complete."""

_SEGMENT = re.compile(r"[a-z0-9_-](?:[a-z0-9._-]{0,198}[a-z0-9_-])?", re.ASCII)
_DEEPEST = 3


def file_segments(name: str) -> tuple[str, ...]:
    """The two or three segments of a file's `name`; ValueError for anything else.

    A segment neither starts nor ends with a dot, which rules out `.`, `..`, hidden files, and Windows' silent trimming.

    >>> file_segments("photos/9f86d081")
    ('photos', '9f86d081')
    """
    segments = tuple(name.split("/"))
    if not 2 <= len(segments) <= _DEEPEST or not all(_is_segment(segment) for segment in segments):
        raise ValueError(f"not a file name of the tablet: {name[:80]!r}")
    return segments


def folder_segments(folder: str) -> tuple[str, ...]:
    """The one or two segments of a `folder`; ValueError for anything else."""
    segments = tuple(folder.split("/"))
    if len(segments) >= _DEEPEST or not all(_is_segment(segment) for segment in segments):
        raise ValueError(f"not a folder name of the tablet: {folder[:80]!r}")
    return segments


def label_segment(label: str) -> str:
    """`label` itself, when it can be part of a folder's name; ValueError otherwise."""
    if not _is_segment(label):
        raise ValueError(f"not a label: {label[:80]!r}")
    return label


def check_range(start: int, length: int) -> None:
    """ValueError unless `start` and `length` (bytes) describe a part of some file."""
    if start < 0 or length < 0:
        raise ValueError("a range starts at 0 or later and has no negative length")


def _is_segment(text: str) -> bool:
    return _SEGMENT.fullmatch(text) is not None and not text.endswith(PARTIAL)
