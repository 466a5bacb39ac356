"""Both stores under one name: every test that asks for `central` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.central.central import Central
from tests.central.kit import Clock, opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty store."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_database"))


@pytest.fixture
def central(tmp_path: Path, store_url: str, clock: Clock) -> Iterator[Central]:
    with opened(tmp_path / "central", store_url, clock, lock_wait_s=5.0) as made:
        yield made
