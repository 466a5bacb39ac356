"""Who reaches what: every route by role, by unit and by state, against a table that is written out here.

Two places lie side by side: LS has a tablet with entries, photos and an upload; HJ has them too. Nobody whose scope is
one of them gets anything of the other, by whatever route.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from schemas.canonical import sha256_hex
from schemas.errors import Code, LedgerError
from schemas.protocol import DeskEntry
from schemas.roles import Role
from sync.central import desk as at_desk
from sync.central import sessions
from sync.central.accounts import disable_account
from sync.central.central import Central
from tests.central import kit
from tests.central.kit import BODIES, HJ, LS, NOW_MS, QT, Hand, account, desk, enrolled
from tests.central.wire import TUS, Wire, sign_in
from tests.service import served

ROLES = [role.value for role in Role]
SCOPES = {
    "own": (LS,), "other": (HJ,), "both": (LS, HJ), "third": (QT,), "district": ("district:11019X",), "city": ("city",),
}  # fmt: skip
"""The scopes of the callers; `own` is the unit of the objects that are asked for."""
REACHES = {"own", "both", "district", "city"}
"""The scopes that reach LS."""


@dataclass
class Place:
    """One unit's objects: an accepted and a refused entry, a photo listed by the first, one by none, an upload."""

    hand: Hand
    wire: Wire
    entry: dict[str, Any]
    refused: dict[str, Any]
    listed: bytes
    loose: bytes
    upload: str
    seqs: dict[str, int] = field(default_factory=dict)


@dataclass
class World:
    """Both places, and a caller for each role and scope."""

    central: Central
    url: str
    here: Place
    there: Place
    callers: dict[tuple[str, str], Wire]
    names: dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        kit.opened(
            tmp_path_factory.mktemp("central"), requests_per_minute=10**6, sign_in_per_minute=10**6, session_s=10**6
        ) as central,
        served(central) as service,
    ):
        here, there = _place(central, service, LS, 1), _place(central, service, HJ, 2)
        callers, names = {}, {}
        for role in Role:
            for scope, units in SCOPES.items():
                name = account(central, f"{role.value}-{scope}".replace("_", "-"), role, *units)
                names[role.value, scope] = name
                callers[role.value, scope] = Wire(service, sessions.desk_token(central, name, "password", 10**6))
        yield World(central, service.url, here, there, callers, names)


def _place(central: Central, service: Any, unit: str, seed: int) -> Place:
    hand = enrolled(central, f"insp-{unit.lower()}", Role.INSPECTOR, unit)
    wire = Wire(service, sign_in(service.url, hand))
    listed, loose, part = kit.jpeg(seed=seed), kit.jpeg(seed=seed + 10), kit.jpeg(seed=seed + 20)
    entry = hand.entry(body=kit.inspection(listed))
    refused = hand.entry(body=kit.inspection(loose) | {"form": None})
    receipts = wire.push(entry, refused).json()["receipts"]
    assert [receipt["status"] for receipt in receipts] == ["accepted", "refused"]
    for data in (listed, loose):
        assert wire.patch(wire.begin(data).headers["location"], 0, data).status_code == 204
    upload = wire.begin(part).headers["location"]
    wire.patch(upload, 0, part[:100])
    seqs = {"accepted": receipts[0]["seq"], "refused": receipts[1]["seq"]}
    return Place(hand, wire, entry, refused, listed, loose, upload, seqs)


# ---------------------------------------------------------------- the table

GET_TABLE: list[tuple[str, str, set[str]]] = [
    # route, object, scopes that get it (any role); everybody else gets 404, as for what does not exist
    ("/v1/proofs/inclusion?seq={accepted}", "accepted", REACHES),
    ("/v1/proofs/inclusion?seq={refused}", "refused", REACHES),
    ("/v1/photos/{listed}", "listed", REACHES),
    ("/v1/photos/{loose}", "loose", set()),  # only the device that sent it, until an entry that counts lists it
    ("/v1/uploads/{upload}", "upload", set()),  # only the device that began it
    ("/v1/proofs/inclusion?seq=1", "central's own", set()),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", list(SCOPES))
@pytest.mark.parametrize("row", GET_TABLE, ids=[row[1] for row in GET_TABLE])
def test_reading_one_object(world: World, role: str, scope: str, row: tuple[str, str, set[str]]) -> None:
    route, what, allowed = row
    here = world.here
    path = route.format(
        **here.seqs, listed=sha256_hex(here.listed), loose=sha256_hex(here.loose), upload=here.upload.rpartition("/")[2]
    )
    method = "HEAD" if what == "upload" else "GET"
    answer = world.callers[role, scope].send(method, path, headers=TUS)
    assert answer.status_code == (200 if scope in allowed else 404)
    if what == "upload":
        for change in ("DELETE", "PATCH"):
            headers = TUS | {"Upload-Offset": "100", "Content-Type": "application/offset+octet-stream"}
            assert world.callers[role, scope].send(change, path, headers=headers, data=b"x").status_code == 404


PULL_TABLE = {"own": {LS}, "other": {HJ}, "both": {LS, HJ}, "third": set(), "district": {LS, HJ}, "city": {LS, HJ}}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", list(SCOPES))
def test_pulling_shows_ones_units_and_no_other(world: World, role: str, scope: str) -> None:
    wire = world.callers[role, scope]
    rows: list[dict[str, Any]] = []
    after, more = 0, True
    while more:
        page = wire.send("GET", f"/v1/entries?after={after}&limit=3").json()
        rows, after, more = rows + page["rows"], page["scanned_to"], page["more"]
    assert {row["entry"]["unit"] for row in rows} == PULL_TABLE[scope]
    assert wire.send("GET", "/v1/photos/missing").json()["missing"] == []
    assert wire.send("GET", "/v1/checkpoint").status_code == 200
    assert wire.send("POST", "/v1/entries", json={"protocol": 1, "from_size": 0, "entries": []}).status_code == 403


WRITES: dict[str, set[str]] = {
    # kind: roles that may make it at the desk, about what lies in their scope
    "inspection": {"inspector", "supervisor"},
    "review": {"supervisor", "district"},
    "withdrawal": {"supervisor", "district"},  # of another's record
    "task": {"supervisor", "district", "city"},
    "first_check": {"district"},
    "acceptance": {"city"},
    "resolution": {"district"},
    "finding": {"third_party"},
    "rectification": {"inspector", "supervisor", "district", "city", "third_party"},
    "parcel": {"district", "city"},
    "register": {"district", "city"},
    "gap_closed": {"supervisor", "district"},
    "device": set(),
    "evidence": set(),
}


@pytest.mark.parametrize("kind", list(WRITES))
def test_writing_stays_in_ones_units_and_role(world: World, kind: str) -> None:
    """Each role and scope tries to make an entry about LS; what may be made is rolled back: cells stay apart."""
    central, place = world.central, world.here
    decides = kind in ("review", "withdrawal", "resolution")
    body = kit.gap_closed(place.hand.device, 3, 3) if kind == "gap_closed" else BODIES[kit.Kind(kind)]
    said = DeskEntry.model_validate(
        {
            "protocol": 1, "kind": kind, "schema": 1, "unit": LS, "observed_at": None, "body": body,
            "about": [place.entry["id"]] if decides else [], "supersedes": place.entry["id"] if decides else None,
        }
    )  # fmt: skip
    for role in ROLES:
        for scope in SCOPES:
            caller = desk(central, world.names[role, scope])
            expected = None if role in WRITES[kind] and scope in REACHES else _expected(kind, role, scope)
            assert _tried(central, caller, said) == expected, (role, scope)


def _expected(kind: str, role: str, scope: str) -> str:
    if role in WRITES[kind]:
        return "unit_foreign"
    own_only = kind == "withdrawal" and role == "inspector"  # an inspector withdraws, but not another's record
    return "unit_foreign" if own_only and scope not in REACHES else "role_not_allowed"


def _tried(central: Central, caller: Any, said: DeskEntry) -> str | None:
    """The code of the refusal, or None; the log stays as it was."""
    from sync.central.writer import LogWriter

    try:
        with central.store.write() as connection:
            writer = LogWriter(connection, central.key, central.clock())
            at_desk._append_all(central, writer, caller, [said])
            raise _Undone
    except _Undone:
        return None
    except LedgerError as error:
        return error.code.value


class _Undone(Exception):
    """Rolls a try back."""


DEVICE_TABLE = {("district", scope) for scope in REACHES} | {("city", scope) for scope in REACHES}
"""Who may freeze, thaw, revoke and admit for a device of LS; everybody else is not permitted."""


@pytest.mark.parametrize("action", ["freeze", "thaw", "admit"])
def test_devices_are_managed_by_those_who_reach_them(world: World, action: str) -> None:
    central, device = world.central, world.here.hand.device
    for role in ROLES:
        for scope in SCOPES:
            caller = desk(central, world.names[role, scope])
            try:
                if action == "admit":
                    at_desk.admit(central, caller, device, ["0" * 64], "x")
                else:
                    getattr(at_desk, action)(central, caller, device, "matrix")
                code = None
            except LedgerError as error:
                code = error.code
            permitted = Code.NOT_FOUND if action == "admit" else None
            assert code == (permitted if (role, scope) in DEVICE_TABLE else Code.NOT_PERMITTED), (role, scope)
    at_desk.thaw(central, desk(central, world.names["city", "city"]), device, "done")


def test_a_tablet_reaches_its_own_and_not_the_neighbours(world: World) -> None:
    here, there = world.here, world.there
    for mine, other in ((here, there), (there, here)):
        assert mine.wire.send("GET", f"/v1/photos/{sha256_hex(mine.loose)}").status_code == 200
        assert mine.wire.head(mine.upload).status_code == 200
        assert mine.wire.send("GET", f"/v1/photos/{sha256_hex(other.listed)}").status_code == 404
        assert mine.wire.send("GET", f"/v1/photos/{sha256_hex(other.loose)}").status_code == 404
        assert mine.wire.head(other.upload).status_code == 404
        assert mine.wire.patch(other.upload, 100, b"x").status_code == 404
        receipts = mine.wire.push(other.entry).json()["receipts"]
        assert [(receipt["status"], receipt["code"]) for receipt in receipts] == [("invalid", "device_mismatch")]


def test_repeating_anothers_entry_id_opens_nothing(world: World) -> None:
    """A refused entry that carries the id of a neighbour's entry does not make its photos visible."""
    central, there = world.central, world.there
    thief = enrolled(central, "thief", Role.INSPECTOR, LS)
    wire = Wire(type("Address", (), {"url": world.url})(), sign_in(world.url, thief))
    receipt = wire.push(thief.entry(id=there.entry["id"])).json()["receipts"][0]
    assert (receipt["status"], receipt["code"]) == ("refused", "id_reused")
    assert wire.send("GET", f"/v1/photos/{sha256_hex(there.listed)}").status_code == 404


def test_an_account_named_like_a_device_is_not_that_device(world: World) -> None:
    central, here = world.central, world.here
    name = account(central, here.hand.device, Role.INSPECTOR, HJ)
    token = sessions.desk_token(central, name, "password", 600)
    wire = Wire(type("Address", (), {"url": world.url})(), token)
    assert wire.head(here.upload).status_code == 404
    assert wire.send("GET", f"/v1/photos/{sha256_hex(here.loose)}").status_code == 404


STATES = {
    # state of the caller: status of reading, of pushing an entry (and the receipt), of announcing a photo
    "active": (200, 200, "accepted", 201),
    "frozen": (200, 200, "held", 403),
    "revoked": (403, 403, None, 403),
    "disabled": (403, 403, None, 403),
    "expired": (401, 401, None, 401),
    "moved to another unit": (200, 200, "refused", 201),
}


@pytest.mark.parametrize("state", list(STATES))
def test_what_a_tablet_may_do_in_each_state(world: World, state: str) -> None:
    central = world.central
    hand = enrolled(central, "state-" + state.split()[0], Role.INSPECTOR, LS)
    wire = Wire(type("Address", (), {"url": world.url})(), sign_in(world.url, hand))
    manager = desk(central, world.names["district", "own"])
    if state == "frozen":
        at_desk.freeze(central, manager, hand.device, "x")
    elif state == "revoked":
        at_desk.revoke(central, manager, hand.device, "x")
    elif state == "disabled":
        with central.store.write() as connection:
            disable_account(connection, hand.account)
    elif state == "expired":
        token = sessions.Token(hand.account, hand.device, hand.key_id, "device-key", NOW_MS - 1)
        wire.session.headers["Authorization"] = "Bearer " + sessions.seal(central.secret, token)
    elif state.startswith("moved"):
        account(central, hand.account, Role.INSPECTOR, HJ)
    read, push, receipt, announce = STATES[state]
    assert wire.send("GET", "/v1/entries").status_code == read
    answer = wire.push(hand.entry())
    assert answer.status_code == push
    if receipt:
        assert answer.json()["receipts"][0]["status"] == receipt
    assert wire.begin(kit.jpeg(seed=99)).status_code == announce


PUBLIC = {
    ("GET", "/v1/health"), ("GET", "/v1/session/challenge"), ("POST", "/v1/session"), ("POST", "/v1/enrol"),
    ("OPTIONS", "/v1/uploads"),
}  # fmt: skip


def test_every_route_but_the_written_few_wants_a_token(world: World) -> None:
    paths = requests.get(f"{world.url}/v1/openapi.json", timeout=10).json()["paths"]
    fill = {"upload_id": "0" * 32, "sha256": "0" * 64}
    seen = set()
    for path, operations in paths.items():
        for method in operations:
            seen.add((method.upper(), path))
            if (method.upper(), path) in PUBLIC:
                continue
            answer = requests.request(method, world.url + path.format(**fill), headers=TUS, timeout=10)
            assert answer.status_code == 401, (method, path)
    assert seen >= PUBLIC
