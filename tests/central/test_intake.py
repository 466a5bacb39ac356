"""Photos that arrive together are noted together: each request returns after the commit that holds its own photo."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from schemas.errors import Code, LedgerError
from sync.central.central import Central
from sync.central.intake import Arrival
from sync.central.tables import photos
from tests.central import kit
from tests.central.kit import enrolled


def names(count: int, first: int = 0) -> list[str]:
    return [f"{first + number:064x}" for number in range(count)]


def noted(central: Central) -> list[str]:
    with central.store.read() as connection:
        return sorted(connection.execute(select(photos.c.sha256)).scalars())


def note(central: Central, name: str) -> None:
    central.intake.note(central, Arrival(name, 10, "tab-x", "insp"))
    assert name in noted(central)  # at once: nobody is told before


class Counting:
    """A store that counts transactions, holds the first until it is told, and fails those it is told to."""

    def __init__(self, central: Central) -> None:
        self._plain = central.store.write
        self.first, self.go_on = threading.Event(), threading.Event()
        self.transactions = 0
        self.fail: set[int] = set()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._plain() as connection:
            self.transactions += 1
            number = self.transactions
            yield connection
            if number == 1:
                self.first.set()
                assert self.go_on.wait(10)
            if number in self.fail:
                raise LedgerError(Code.CENTRAL_DISK_FULL)


def test_what_arrives_while_one_commits_goes_into_the_next_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kit.opened(tmp_path, lock_wait_s=10) as central:
        enrolled(central)
        store = Counting(central)
        monkeypatch.setattr(central.store, "write", store.write)
        first, *others = names(9)
        with ThreadPoolExecutor(9) as pool:
            jobs = [pool.submit(note, central, first)]
            assert store.first.wait(10)
            jobs += [pool.submit(note, central, name) for name in others]
            while len(central.intake._waiting) < len(others):
                pass
            store.go_on.set()
            for job in jobs:
                job.result(10)
        assert noted(central) == sorted([first, *others])


def test_a_failed_transaction_fails_one_request_and_loses_no_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kit.opened(tmp_path, lock_wait_s=10) as central:
        enrolled(central)
        store = Counting(central)
        store.fail = {2}
        monkeypatch.setattr(central.store, "write", store.write)
        first, *others = names(6)
        with ThreadPoolExecutor(6) as pool:
            jobs = [pool.submit(note, central, first)]
            assert store.first.wait(10)
            jobs += [pool.submit(note, central, name) for name in others]
            while len(central.intake._waiting) < len(others):
                pass
            store.go_on.set()
            errors = [job.exception(10) for job in jobs]
        assert [type(error) for error in errors if error] == [LedgerError]
        lost = others[next(number for number, error in enumerate(errors) if error) - 1]
        assert set(noted(central)) == {first, *others} - {lost}
        note(central, lost)  # the tablet sends it again
