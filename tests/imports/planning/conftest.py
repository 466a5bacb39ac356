"""A central on each store, and a district account of the fictional units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.roles import Role
from sync.central.central import Caller, Central
from tests.central.kit import Clock, account, desk, opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Central]:
    """A central on either store."""
    url = "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_database"))
    with opened(tmp_path / "central", url, Clock(), lock_wait_s=5.0) as made:
        yield made


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    """A central on SQLite, where the store does not matter."""
    with opened(tmp_path / "central", "", Clock(), lock_wait_s=5.0) as made:
        yield made


def _district(central: Central) -> Caller:
    return desk(central, account(central, "district-1", Role.DISTRICT, "district:11019X"))


@pytest.fixture
def who(central: Central) -> Caller:
    """The district's account on `central`."""
    return _district(central)


@pytest.fixture
def who_both(both: Central) -> Caller:
    """The district's account on `both`."""
    return _district(both)
