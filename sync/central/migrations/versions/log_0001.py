"""The log, its projections, accounts, enrolment codes and received photos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_APPEND_ONLY = ("entries", "nodes", "checkpoints")


def upgrade() -> None:
    """Create the first schema and the triggers that refuse to change the log."""
    postgres = op.get_bind().dialect.name == "postgresql"
    big = sa.BigInteger() if postgres else sa.Integer()
    op.create_table(
        "entries",
        sa.Column("seq", big, primary_key=True, autoincrement=False),
        sa.Column("entry_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("device", sa.String(32), nullable=False),
        sa.Column("device_seq", sa.BigInteger, nullable=False),
        sa.Column("numbered", sa.Integer, nullable=False),
        sa.Column("supersedes", sa.String(36)),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("disposition", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
    )
    op.create_index("entries_unit", "entries", ["unit", "seq"])
    op.create_index("entries_id", "entries", ["id"])
    op.create_index("entries_supersedes", "entries", ["supersedes"])
    for name, columns, condition in (
        ("entries_number", ["device", "device_seq"], sa.text("numbered = 1")),
        ("entries_accepted_id", ["id"], sa.text("disposition = 'accepted'")),
    ):
        op.create_index(
            name, "entries", columns, unique=True, sqlite_where=condition, postgresql_where=condition
        )
    op.create_table(
        "nodes",
        sa.Column("place", big, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", big, primary_key=True, autoincrement=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("sig", sa.String(128), nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("device", sa.String(32), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("since_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("keys_device", "keys", ["device"])
    op.create_table(
        "devices",
        sa.Column("device", sa.String(32), primary_key=True),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("high_water", sa.BigInteger, nullable=False),
        sa.Column("head", sa.String(64)),
        sa.Column("cause", sa.Text),
    )
    op.create_table(
        "listed_photos",
        sa.Column("entry", sa.String(36), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
    )
    op.create_index("listed_photos_sha256", "listed_photos", ["sha256"])
    op.create_table(
        "evidence",
        sa.Column("entry", sa.String(36), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "admitted",
        sa.Column("entry_hash", sa.String(64), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "accounts",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("disabled", sa.Integer, nullable=False),
    )
    op.create_table(
        "enrolment_codes",
        sa.Column("code_hash", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("used_key", sa.String(32)),
        sa.Column("used_device", sa.String(32)),
    )
    op.create_table(
        "photos",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("device", sa.String(32), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
    )
    for table in _APPEND_ONLY:
        (_refuse_change_postgres if postgres else _refuse_change_sqlite)(table)


def _refuse_change_sqlite(table: str) -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
            " BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        )


def _refuse_change_postgres(table: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change()"
    )
