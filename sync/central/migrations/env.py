"""Alembic runs on the connection that `migrate` hands it; there is no configuration file to keep in step."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=False)
context.run_migrations()
