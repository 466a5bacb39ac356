"""The central database as the code sees it; what creates it are the migrations, and a test compares the two.

`entries`, `nodes` and `checkpoints` are the log: rows are added, never changed (triggers refuse). `keys`, `devices`,
`listed_photos` and `evidence` are projections of it, and so is `parcel_states`, which `ledger_state.py` keeps.
Accounts, enrolment codes and received photos stand beside it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

METADATA = MetaData()

entries = Table(
    "entries",
    METADATA,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("entry_hash", String(64), nullable=False, unique=True),
    Column("id", String(36), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("author", String(64), nullable=False),
    Column("device", String(32), nullable=False),
    Column("device_seq", BigInteger, nullable=False),
    # 1 where the row took its device's number; the second entry of a fork did not
    Column("numbered", Integer, nullable=False),
    Column("supersedes", String(36)),
    Column("received_ms", BigInteger, nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("reason", String(40)),
    Column("bytes", LargeBinary, nullable=False),
    Index("entries_unit", "unit", "seq"),
    Index("entries_id", "id"),
    Index("entries_supersedes", "supersedes"),
    Index(
        "entries_number",
        "device",
        "device_seq",
        unique=True,
        sqlite_where=text("numbered = 1"),
        postgresql_where=text("numbered = 1"),
    ),
    Index(
        "entries_accepted_id",
        "id",
        unique=True,
        sqlite_where=text("disposition = 'accepted'"),
        postgresql_where=text("disposition = 'accepted'"),
    ),
)

nodes = Table(
    "nodes",
    METADATA,
    # level × 2^48 + index: one number, so that the nodes of many proofs come by one short question
    Column("place", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("size", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("root", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("sig", String(128), nullable=False),
)

keys = Table(
    "keys",
    METADATA,
    Column("key", String(32), primary_key=True),
    Column("device", String(32), nullable=False),
    Column("account", String(64), nullable=False),
    Column("public_key", String(64), nullable=False),
    Column("since_seq", BigInteger, nullable=False),
    Index("keys_device", "device"),
)

devices = Table(
    "devices",
    METADATA,
    Column("device", String(32), primary_key=True),
    Column("unit", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("high_water", BigInteger, nullable=False),
    Column("head", String(64)),  # null where the last number was closed as lost
    Column("cause", Text),
)

listed_photos = Table(
    "listed_photos",
    METADATA,
    Column("entry", String(36), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Index("listed_photos_sha256", "sha256"),
)

evidence = Table(
    "evidence",
    METADATA,
    Column("entry", String(36), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

admitted = Table(
    "admitted",
    METADATA,
    Column("entry_hash", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

accounts = Table(
    "accounts",
    METADATA,
    Column("account", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("disabled", Integer, nullable=False),
)

enrolment_codes = Table(
    "enrolment_codes",
    METADATA,
    Column("code_hash", String(64), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_key", String(32)),
    Column("used_device", String(32)),
)

photos = Table(
    "photos",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("device", String(32), nullable=False),
    Column("account", String(64), nullable=False),
)

parcel_states = Table(
    "parcel_states",
    METADATA,
    # a parcel that changes its unit leaves a row behind that tells the old unit so
    Column("parcel", String(80), primary_key=True),
    Column("unit", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("content", Text, nullable=False),
    Index("parcel_states_unit", "unit", "number"),
)

parcel_states_head = Table(
    "parcel_states_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False),
    Column("editions", Text, nullable=False),
)

PROJECTIONS = (keys, devices, listed_photos, evidence, admitted)
