"""The small report in its three formats, made once."""

from __future__ import annotations

import pytest

from sync.ledger.report.page import page
from sync.ledger.report.sealed import Report
from sync.ledger.report.xlsx import workbook
from tests.ledger.report.kit import small_report


@pytest.fixture(scope="session")
def report() -> Report:
    """The report of the small ledger."""
    return small_report()


@pytest.fixture(scope="session")
def files(report: Report) -> dict[str, bytes]:
    """Its bytes by format."""
    return {"json": report.data(), "html": page(report), "xlsx": workbook(report)}
