"""Bringing a central database to the newest schema, in one transaction under the log's lock."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from sync.central.engine import Store


def migrate(store: Store) -> None:
    """Create or upgrade the schema; a database that is current already is left untouched."""
    with store.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
