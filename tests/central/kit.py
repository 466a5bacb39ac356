"""What the tests of central share: a bare hand that holds a key and a chain, and a body for every kind of entry.

The hand is no tablet: it signs whatever it is told, so that a test can send what no tablet of ours would.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from schemas.canonical import canonical, sha256_hex
from schemas.entries import GENESIS_HASH, Kind
from schemas.ids import key_id, uuid7
from schemas.protocol import PROTOCOL, EnrolAnswer, EnrolRequest, PushAnswer, Receipt, read_enrolment_text
from schemas.roles import Role
from sync.central import enrolment, push, sessions
from sync.central.accounts import put_account
from sync.central.central import Caller, Central
from sync.central.tables import METADATA
from tests.service import settings

LS, HJ, QT = "DEMO-LS", "DEMO-HJ", "DEMO-QT"
NOW_MS = 1_795_000_000_000
_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 0))
_RING = [[116_300_000_000 + x * 10**6, 39_900_000_000 + y * 10**6] for x, y in _CORNERS]
SQUARE = {"type": "Polygon", "rings": [_RING]}


@dataclass
class Clock:
    """Central's time, moved by the test."""

    ms: int = NOW_MS

    def __call__(self) -> int:
        return self.ms


@contextmanager
def opened(folder: Path, url: str = "", clock: Clock | None = None, **more: object) -> Iterator[Central]:
    """A new central, closed at the end."""
    central = Central.create(settings(folder, url, **more), clock or Clock())
    try:
        yield central
    finally:
        central.close()


def account(central: Central, name: str, role: Role, *scopes: str) -> str:
    """Make an account and return its name."""
    with central.store.write() as connection:
        put_account(connection, central.admin, central.today(), name, role, scopes)
    return name


def desk(central: Central, name: str) -> Caller:
    """The account signed in at the desk."""
    return sessions.caller_of(central, sessions.desk_token(central, name, "password", 600))


@dataclass
class Hand:
    """A key of one account on one device, and that device's chain."""

    account: str
    device: str = ""
    unit: str = LS
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    chain: Chain = field(default_factory=lambda: Chain())

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        return key_id(self.public_key)

    def sign(self, value: Any) -> str:
        return self.key.sign(canonical(value)).hex()

    def enrol_request(
        self, text: str, device: str | None = None, other: Hand | None = None, **more: Any
    ) -> EnrolRequest:
        """The request that turns the code into this key; `other` holds a key that is enrolled on `device`."""
        code, _log = read_enrolment_text(text) or (text, "")
        fields: dict[str, Any] = {"code": code, "public_key": self.public_key.hex(), "device": device, **more}
        signed = {"enrol": {name: fields[name] for name in ("code", "public_key", "device")}}
        return EnrolRequest.model_validate(
            {
                "protocol": PROTOCOL, "app_version": "test", "sig": self.sign(signed),
                "device_sig": other.sign(signed) if other else None, **fields,
            }
        )  # fmt: skip

    def entry(self, kind: str = "inspection", body: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        """The next entry of the chain, signed; `changed` fields are signed too."""
        entry = self.signed(
            {
                "id": new_id(), "kind": str(kind), "schema": 1, "unit": self.unit, "author": self.account,
                "device": self.device, "device_seq": self.chain.number + 1, "prev_hash": self.chain.head,
                "about": [], "supersedes": None, "observed_at": instant(NOW_MS - 1000),
                "recorded_at": instant(NOW_MS - 500), "checkpoint": None, "auth": None,
                "body": inspection() if body is None else body, "alg": "ed25519", "key": self.key_id, **changed,
            }
        )  # fmt: skip
        self.chain.number, self.chain.head = int(entry["device_seq"]), name_of(entry)
        return entry

    def signed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields with this hand's signature."""
        unsigned = {name: value for name, value in fields.items() if name != "sig"}
        return unsigned | {"sig": self.sign(unsigned)}

    def caller(self, central: Central) -> Caller:
        """This hand signed in, without HTTP."""
        token = sessions.Token(self.account, self.device, self.key_id, "device-key", central.clock() + 60_000)
        return sessions.caller_of(central, sessions.seal(central.secret, token))

    def push(self, central: Central, *raws: Any, from_size: int = 0) -> PushAnswer:
        """Push values as they are."""
        return push.push(central, self.caller(central), from_size, list(raws))

    def one(self, central: Central, raw: Any) -> Receipt:
        """The receipt of one pushed value."""
        return self.push(central, raw).receipts[0]


@dataclass
class Chain:
    """Where a device's chain stands; the hands on a shared tablet share it."""

    number: int = 0
    head: str = GENESIS_HASH


def enrolled(central: Central, name: str = "insp", role: Role = Role.INSPECTOR, unit: str = LS) -> Hand:
    """A hand of a new account, enrolled on a new device."""
    hand = Hand(account(central, name, role, unit), unit=unit)
    answer = enrol(central, hand)
    hand.device = answer.device
    return hand


def enrol(central: Central, hand: Hand) -> EnrolAnswer:
    """Enrol a hand by a new code."""
    return enrolment.enrol(central, hand.enrol_request(enrolment.new_code(central, hand.account)))


def new_id(ms: int = NOW_MS) -> str:
    """An entry id."""
    return uuid7(ms, os.urandom(10))


def name_of(entry: dict[str, Any]) -> str:
    """The entry's name: SHA-256 of its canonical bytes."""
    return sha256_hex(canonical(entry))


def instant(ms: int, offset_min: int = 480) -> dict[str, int]:
    """A moment as it travels."""
    return {"ms": ms, "offset_min": offset_min}


def photo(data: bytes) -> dict[str, Any]:
    """What an entry says of a photo."""
    return {
        "sha256": sha256_hex(data), "bytes": len(data), "shot": "AFTER_WIDE", "taken_at": instant(NOW_MS - 2000),
        "monotonic_ms": None, "fix": None, "heading_e2": None, "in_app": True,
    }  # fmt: skip


def jpeg(length: int = 1000, seed: int = 1) -> bytes:
    """Bytes that stand for a photo."""
    return b"\xff\xd8" + random.Random(seed).randbytes(length - 4) + b"\xff\xd9"


def inspection(*photos: bytes, facts: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """The body of an inspection."""
    return {
        "form": {"id": "demolition", "version": "1", "hash": None},
        "facts": facts
        or {
            "type": "demolition", "land_freed": "all", "site_cleared": True, "structures": [], "floor_area_e2": None,
            "programme": None,
        },
        "footprint": None, "area_source": None, "claimed_area_e2": 120_00, "fix": None,
        "photos": [photo(data) for data in photos], "answers": {"备注": "已清运"}, "started_at": None,
    } | changed  # fmt: skip


def review(outcome: str = "approve") -> dict[str, Any]:
    """The body of a review."""
    given = outcome != "approve"
    return {"outcome": outcome, "reason": "R01" if given else None, "text": "请补拍" if given else None, "fields": []}


def gap_closed(device: str, first: int, last: int) -> dict[str, Any]:
    """The body that closes lost numbers."""
    return {"device": device, "first": first, "last": last, "cause": "tablet broke"}


PARK = {
    "name": "东郊公园", "kind": None, "stage": None, "area_e2": 100, "reclaimed_eligible": True,
    "reclaimed_in_use": False,
}  # fmt: skip
_AREAS = {"document_no": "京验 1", "document_on": "2026-05-01", "document_sha256": None, "areas": [], "geometry": None}
BODIES: dict[Kind, dict[str, Any]] = {
    Kind.INSPECTION: inspection(),
    Kind.REVIEW: review(),
    Kind.FIRST_CHECK: _AREAS | {"outcome": "passed"},
    Kind.ACCEPTANCE: _AREAS | {"outcome": "passed"},
    Kind.PARCEL: {
        "ledger_no": "LS-001", "name": None, "geometry": SQUARE, "baseline": [], "baseline_on": "2017-01-01",
        "planned_land_area_e2": None, "planned_class": None, "owner_type": None, "project": None,
        "valid_from": "2017-01-01", "valid_to": None,
    },
    Kind.PROJECT: {"project": "PR-1", "name": "项目", "parcels": [], "phase": None, "deadline": None},
    Kind.TARGET: {
        "measure": "net_reduction", "year": 2027, "value_e2": 100, "parent_unit": None, "phase": None,
    },
    Kind.UNIT: {
        "unit_id": LS, "name": "柳树乡", "kind": "TOWNSHIP", "belt": "G1", "districts": ["11019X"],
        "managing_body": None, "aliases": [], "geometry": None, "predecessors": [], "valid_from": "2016-01-01",
        "valid_to": None,
    },
    Kind.SURVEY_RESULT: {
        "year": 2026, "areas": [{"class_system": "third_land_survey", "class_code": "0301", "area_e2": 5}],
        "document": None,
    },
    Kind.NEW_BUILD_QUOTA: {
        "quota": "Q-1", "step": 1, "land_e2": 1, "floor_area_e2": None, "used_e2": 0, "condition": None,
        "condition_demolished_e2": None, "demolition_parcels": [], "geometry": None,
    },
    Kind.GREEN_TARGET: {"target": "G-1", "geometry": SQUARE, "planned_class": None, "blocker": None},
    Kind.TASK: {"assignee": "insp", "due_on": None, "text": None, "closed": False},
    Kind.FINDING: {"verdict": "confirmed", "area_e2": None, "text": "一致", "photos": [], "sample": None},
    Kind.RECTIFICATION: {"step": "issued", "text": "限期整改", "due_on": None, "photos": []},
    Kind.WITHDRAWAL: {"cause": "wrong parcel"},
    Kind.RESOLUTION: {
        "discrepancy": "D26", "outcome": "upheld", "reason": "seen both", "document": None, "set_aside": [],
    },
    Kind.GAP_CLOSED: gap_closed("tab-x", 1, 1),
    Kind.REGISTER: {"subtype": "park", "row": "P-1", "on": "2026-01-01", "geometry": None, "fields": PARK},
    Kind.DEVICE: {
        "action": "thaw", "device": "tab-x", "account": None, "public_key": None, "key": None, "cause": "x",
        "entries": [],
    },
    Kind.EVIDENCE: {"photos": ["0" * 64], "bytes": 1},
}  # fmt: skip


def counts(central: Central) -> dict[str, int]:
    """How many rows each table holds: what must not move when a request is refused."""
    with central.store.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in METADATA.sorted_tables
        }
