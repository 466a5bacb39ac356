"""What the ledger computes of parcels: a projection of the log for tablets and screens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two tables; `ledger_state.py` fills them from the log."""
    op.create_table(
        "parcel_states",
        sa.Column("parcel", sa.String(80), primary_key=True),
        sa.Column("unit", sa.String(64), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("parcel_states_unit", "parcel_states", ["unit", "number"])
    op.create_table(
        "parcel_states_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.Column("editions", sa.Text, nullable=False),
    )
