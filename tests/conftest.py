"""What every test may use: hypothesis profiles, and a PostgreSQL of our own."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.postgres import postgres_database, postgres_server, postgres_url

__all__ = ["postgres_database", "postgres_server", "postgres_url"]

# Quick: the same examples on every machine, so that a red run is red for everybody. Soak: new ones each time; the
# printed blob (@reproduce_failure) and .hypothesis/ bring a found example back. No deadlines: the cores are shared.
settings.register_profile("quick", max_examples=50, deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "soak",
    max_examples=2_000,
    stateful_step_count=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
