"""What both stores must do alike: enrolment, push, and that the log is whole whatever happens in between."""

from __future__ import annotations

import random
from typing import Any

import pytest

from schemas.entries import Kind
from schemas.errors import Code, LedgerError
from schemas.ids import CENTRAL_DEVICE
from schemas.protocol import Receipt, ReceiptStatus
from schemas.roles import Role
from sync.central import desk as at_desk
from sync.central import enrolment, pull, rows, sessions
from sync.central.accounts import disable_account, enable_account
from sync.central.central import Central
from sync.central.enrolment import new_code
from sync.central.rebuild import projections, rebuild_projections
from sync.central.tables import entries
from sync.central.verify import verify_log
from tests.central import kit
from tests.central.kit import BODIES, HJ, LS, NOW_MS, Clock, Hand, account, counts, desk, enrol, enrolled

ACCEPTED, REFUSED, DUPLICATE = ReceiptStatus.ACCEPTED, ReceiptStatus.REFUSED, ReceiptStatus.DUPLICATE
GAP, INVALID, HELD = ReceiptStatus.GAP, ReceiptStatus.INVALID, ReceiptStatus.HELD


@pytest.fixture
def whole(central: Central) -> Any:
    """At the end of a test the log proves itself and its projections are what the log says."""
    yield
    assert_whole(central)


def assert_whole(central: Central) -> None:
    with central.store.read() as connection:
        verdict = verify_log(connection, central.key.public_key, photo_dir=central.settings.photo_dir)
        before = projections(connection)
    assert verdict.holds, verdict
    rebuild_projections(central)
    with central.store.read() as connection:
        assert projections(connection) == before


def refused(raises: LedgerError | Any, code: Code) -> None:
    assert raises.value.code == code


def statuses(receipts: list[Receipt]) -> list[tuple[str, str | None]]:
    return [(receipt.status.value, receipt.code) for receipt in receipts]


pytestmark = pytest.mark.usefixtures("whole")

# ---------------------------------------------------------------- beginning and enrolment


def test_the_log_begins_with_centrals_own_key(central: Central) -> None:
    with central.store.read() as connection:
        first = rows.by_seq(connection, 1)
        assert rows.size(connection) == 1
    assert first is not None
    entry = first.entry()
    assert (entry.kind, entry.device, entry.device_seq) == ("device", CENTRAL_DEVICE, 1)
    assert entry.body["public_key"] == central.key.public_key.hex()
    again = Central.create(central.settings, central.clock) if central.settings.database_url else None
    if again is not None:
        again.close()
    assert counts(central)["entries"] == 1


def test_an_enrolment_sent_again_after_a_lost_answer_changes_nothing(central: Central) -> None:
    hand = Hand(account(central, "insp", Role.INSPECTOR, LS))
    request = hand.enrol_request(new_code(central, "insp"))
    first = enrolment.enrol(central, request)
    before = counts(central)
    assert enrolment.enrol(central, request) == first
    assert counts(central) == before
    assert (first.units, first.role, first.log) == ([LS], "inspector", central.key.id)


def test_an_enrolment_code_is_for_one_key_and_one_week(central: Central, clock: Clock) -> None:
    account(central, "insp", Role.INSPECTOR, LS)
    used, late = new_code(central, "insp"), new_code(central, "insp")
    enrolment.enrol(central, Hand("insp").enrol_request(used))
    before = counts(central)
    with pytest.raises(LedgerError) as other_key:
        enrolment.enrol(central, Hand("insp").enrol_request(used))
    refused(other_key, Code.ENROLMENT_CODE_INVALID)
    with pytest.raises(LedgerError) as unknown:
        enrolment.enrol(central, Hand("insp").enrol_request("nobody-said-this"))
    refused(unknown, Code.ENROLMENT_CODE_INVALID)
    clock.ms += central.settings.enrolment_code_s * 1000 + 1
    with pytest.raises(LedgerError) as expired:
        enrolment.enrol(central, Hand("insp").enrol_request(late))
    refused(expired, Code.ENROLMENT_CODE_INVALID)
    assert counts(central) == before


def test_an_enrolment_must_be_signed_by_the_key_it_brings(central: Central) -> None:
    account(central, "insp", Role.INSPECTOR, LS)
    request = Hand("insp").enrol_request(new_code(central, "insp"))
    stolen = request.model_copy(update={"public_key": Hand("insp").public_key.hex()})
    with pytest.raises(LedgerError) as raised:
        enrolment.enrol(central, stolen)
    refused(raised, Code.SIGNATURE_INVALID)


def test_a_key_is_enrolled_once(central: Central) -> None:
    hand = enrolled(central)
    with pytest.raises(LedgerError) as raised:
        enrol(central, hand)
    refused(raised, Code.ENROLMENT_CODE_INVALID)


def test_a_second_account_joins_a_tablet_only_with_the_first_ones_agreement(central: Central) -> None:
    first = enrolled(central)
    second = Hand(account(central, "insp2", Role.INSPECTOR, LS), chain=first.chain)
    stranger = enrolled(central, "insp3")
    for other, code in ((None, Code.SIGNATURE_INVALID), (stranger, Code.SIGNATURE_INVALID)):
        with pytest.raises(LedgerError) as raised:
            enrolment.enrol(central, second.enrol_request(new_code(central, "insp2"), first.device, other))
        refused(raised, code)
    with pytest.raises(LedgerError) as unknown:
        enrolment.enrol(central, second.enrol_request(new_code(central, "insp2"), "tab-none", first))
    refused(unknown, Code.DEVICE_UNKNOWN)
    answer = enrolment.enrol(central, second.enrol_request(new_code(central, "insp2"), first.device, first))
    second.device = answer.device
    assert answer.device == first.device
    mine, theirs = first.entry(), second.entry()
    assert statuses(second.push(central, mine, theirs).receipts) == [("accepted", None)] * 2
    forged = second.entry(author="insp")  # the key of one account, the name of another
    assert statuses(second.push(central, forged).receipts) == [("refused", "author_mismatch")]
    with central.store.write() as connection:
        disable_account(connection, "insp")
    assert statuses(second.push(central, first.entry(), second.entry()).receipts) == [
        ("refused", "account_disabled"), ("accepted", None),
    ]  # fmt: skip


# ---------------------------------------------------------------- sessions


def test_a_session_needs_a_fresh_challenge_and_the_enrolled_key(central: Central, clock: Clock) -> None:
    hand = enrolled(central)

    def ask(challenge: str, by: Hand, **changed: str) -> sessions.SessionAnswer:
        fields = {"device": hand.device, "key": hand.key_id, **changed}
        sig = by.sign({"session": challenge})
        return sessions.open_session(
            central, sessions.SessionRequest(protocol=1, challenge=challenge, sig=sig, **fields)
        )

    fresh = sessions.challenge(central).challenge
    answer = ask(fresh, hand)
    assert (answer.device_state, answer.high_water, answer.units) == ("active", 0, [LS])
    for problem, expected in (
        (lambda: ask(fresh, Hand("insp")), Code.SIGNATURE_INVALID),
        (lambda: ask(fresh, hand, device="tab-other"), Code.KEY_UNKNOWN),
        (lambda: ask(fresh, hand, key="0" * 32), Code.KEY_UNKNOWN),
        (lambda: ask("1" + fresh[1:] if fresh[0] != "1" else "2" + fresh[1:], hand), Code.SESSION_EXPIRED),
        (lambda: ask("", hand), Code.SESSION_EXPIRED),
    ):
        with pytest.raises(LedgerError) as raised:
            problem()
        refused(raised, expected)
    clock.ms += 301_000
    with pytest.raises(LedgerError) as raised:
        ask(fresh, hand)
    refused(raised, Code.SESSION_EXPIRED)
    with pytest.raises(LedgerError) as raised:
        clock.ms += answer.expires_s * 1000
        sessions.caller_of(central, answer.token)
    refused(raised, Code.SESSION_EXPIRED)


# ---------------------------------------------------------------- push


def test_a_good_entry_is_accepted_and_sent_again_is_a_duplicate(central: Central) -> None:
    hand = enrolled(central)
    entry = hand.entry()
    answer = hand.push(central, entry)
    receipt = answer.receipts[0]
    assert (receipt.status, receipt.entry, receipt.seq, receipt.notes) == (ACCEPTED, kit.name_of(entry), 3, [])
    assert (answer.high_water, answer.head, answer.checkpoint.size) == (1, kit.name_of(entry), 3)
    again = hand.push(central, entry)
    assert again.receipts[0] == receipt.model_copy(update={"status": DUPLICATE})
    assert again.checkpoint == answer.checkpoint


def test_an_observation_outside_the_possible_interval_is_noted_and_kept(central: Central) -> None:
    hand = enrolled(central)
    ten_years = 10 * 365 * 86_400_000
    head = hand.push(central).checkpoint.model_dump()
    for observed, checkpoint in ((NOW_MS + ten_years, None), (NOW_MS - ten_years, head)):
        receipt = hand.one(central, hand.entry(observed_at=kit.instant(observed), checkpoint=checkpoint))
        assert (receipt.status, receipt.notes) == (ACCEPTED, ["D11b"])
    assert hand.one(central, hand.entry(observed_at=kit.instant(NOW_MS), checkpoint=head)).notes == []


def _refusals(central: Central) -> dict[str, tuple[Hand, dict[str, Any]]]:
    """A case for every reason that admission knows; each hand has an untouched chain of its own."""
    author, other = enrolled(central, "author"), enrolled(central, "other")
    super1, super2 = enrolled(central, "super1", Role.SUPERVISOR), enrolled(central, "super2", Role.SUPERVISOR)
    foreign = enrolled(central, "foreign", Role.INSPECTOR, HJ)
    fine = author.entry()
    adverse = author.entry(body=kit.inspection(facts={"type": "new_build_sighting", "first_seen_on": None}))
    parcel_task = super2.entry("task", BODIES[Kind.TASK])
    own = super1.entry()
    far = foreign.entry()
    for hand, sent in ((author, [fine, adverse]), (super1, [own]), (super2, [parcel_task]), (foreign, [far])):
        assert {receipt.status for receipt in hand.push(central, *sent).receipts} == {ACCEPTED}
    district = enrolled(central, "dist", Role.DISTRICT)
    wide = Hand(account(central, "wide", Role.SUPERVISOR, LS, HJ))
    wide.device = enrol(central, wide).device
    on = {"about": [fine["id"]], "supersedes": fine["id"]}
    head = author.push(central).checkpoint.model_dump()
    resolution = BODIES[Kind.RESOLUTION]
    gap = kit.gap_closed
    return {
        "kind_unknown": (other, {"kind": "rumour", "body": {}}),
        "schema_unknown": (author, {"schema": 99}),
        "body_invalid": (super1, {"body": kit.inspection() | {"owner_name": "张三"}}),
        "role_not_allowed: kind": (enrolled(central, "i1"), {"kind": "review", "body": kit.review(), **on}),
        "role_not_allowed: central only": (
            enrolled(central, "i2"), {"kind": "evidence", "body": BODIES[Kind.EVIDENCE]},
        ),
        "role_not_allowed: auth": (enrolled(central, "i3"), {"auth": "desk"}),
        "role_not_allowed: others' work": (
            enrolled(central, "i4"), {"kind": "withdrawal", "body": BODIES[Kind.WITHDRAWAL], **on},
        ),
        "unit_foreign": (enrolled(central, "i5"), {"unit": HJ}),
        "unit_foreign: no such unit": (enrolled(central, "i6"), {"unit": "NOWHERE"}),
        "unit_foreign: supersedes": (enrolled(central, "i7"), {"supersedes": far["id"]}),
        "unit_foreign: subject": (
            wide, {"kind": "review", "body": kit.review(), "about": [far["id"]], "supersedes": far["id"]},
        ),
        "checkpoint_forged": (enrolled(central, "i8"), {"checkpoint": head | {"size": 9}}),
        "checkpoint_forged: other log": (enrolled(central, "i9"), {"checkpoint": head | {"log": "0" * 32}}),
        "id_reused": (enrolled(central, "i10"), {"id": fine["id"]}),
        "supersedes_unknown": (enrolled(central, "i11"), {"supersedes": kit.new_id()}),
        "supersedes_unknown: no thread": (enrolled(central, "i12"), {"supersedes": parcel_task["id"]}),
        "subject_unknown": (
            super2, {"kind": "review", "body": kit.review(), "about": [kit.new_id()], "supersedes": fine["id"]},
        ),
        "subject_unknown: a task": (
            enrolled(central, "s3", Role.SUPERVISOR),
            {"kind": "review", "body": kit.review(), "about": [parcel_task["id"]], "supersedes": fine["id"]},
        ),
        "supersedes_unknown: a review of nothing": (
            enrolled(central, "s4", Role.SUPERVISOR), {"kind": "review", "body": kit.review(), "about": [fine["id"]]},
        ),
        "self_review": (
            super1, {"kind": "review", "body": kit.review(), "about": [own["id"]], "supersedes": own["id"]},
        ),
        "self_review: resolution": (
            district, {"kind": "resolution", "body": resolution, "supersedes": "MINE"},
        ),
        "adverse_not_withdrawable": (
            author, {"kind": "withdrawal", "body": BODIES[Kind.WITHDRAWAL], "about": [adverse["id"]],
                     "supersedes": adverse["id"]},
        ),
        "device_unknown": (
            enrolled(central, "s5", Role.SUPERVISOR), {"kind": "gap_closed", "body": gap("tab-none", 1, 1)},
        ),
        "device_unknown: central": (
            enrolled(central, "s6", Role.SUPERVISOR), {"kind": "gap_closed", "body": gap("central", 1, 1)},
        ),
        "sequence_gap": (
            enrolled(central, "s7", Role.SUPERVISOR), {"kind": "gap_closed", "body": gap(author.device, 9, 9)},
        ),
        "unit_foreign: gap": (
            enrolled(central, "s8", Role.SUPERVISOR), {"kind": "gap_closed", "body": gap(foreign.device, 2, 2)},
        ),
    }  # fmt: skip


def test_each_reason_for_refusal_is_stored_and_named_and_holds_nothing_up(central: Central) -> None:
    cases = _refusals(central)
    for case, (hand, changed) in cases.items():
        if changed.get("supersedes") == "MINE":
            mine = hand.entry("task", BODIES[Kind.TASK])
            assert hand.one(central, mine).status == ACCEPTED
            review = hand.entry("review", kit.review(), about=[], supersedes=None)
            hand.one(central, review)
            changed = changed | {"supersedes": mine["id"]}
            expected = "supersedes_unknown"  # a task is of no thread; the two-person rule is tested below
        else:
            expected = case.partition(":")[0]
        receipt = hand.one(central, hand.entry(**changed))
        assert (receipt.status, receipt.code) == (REFUSED, expected), case
        follower = Kind.TASK if hand.account == "dist" else Kind.INSPECTION
        assert hand.one(central, hand.entry(follower, BODIES[follower])).status == ACCEPTED, f"after {case}"


def test_whoever_decided_before_does_not_resolve(central: Central) -> None:
    author, judge = enrolled(central, "author"), enrolled(central, "dist", Role.DISTRICT)
    fine = author.entry()
    author.push(central, fine)
    verdict = judge.entry("review", kit.review(), about=[fine["id"]], supersedes=fine["id"])
    resolution = BODIES[Kind.RESOLUTION] | {"set_aside": [verdict["id"]]}
    resolved = judge.entry("resolution", resolution, about=[fine["id"]], supersedes=fine["id"])
    assert statuses(judge.push(central, verdict, resolved).receipts) == [("accepted", None), ("refused", "self_review")]


def test_a_gap_is_not_stored_and_says_where_to_go_on(central: Central) -> None:
    hand = enrolled(central)
    sent = [hand.entry() for _ in range(4)]
    receipts = hand.push(central, sent[0], sent[2], sent[3]).receipts
    assert [(r.status, r.expected) for r in receipts] == [(ACCEPTED, None), (GAP, 2), (GAP, 2)]
    assert statuses(hand.push(central, *sent).receipts)[1:] == [("accepted", None)] * 3


def test_what_is_not_validly_signed_is_invalid_and_consumes_no_number(central: Central) -> None:
    hand, stranger = enrolled(central), enrolled(central, "other")
    good = hand.entry()
    flipped = good | {"sig": ("0" if good["sig"][0] != "0" else "1") + good["sig"][1:]}
    cases: list[tuple[Any, str]] = [
        (flipped, "signature_invalid"),
        (good | {"unit": HJ}, "signature_invalid"),
        ({k: v for k, v in good.items() if k != "sig"}, "signature_missing"),
        (good | {"sig": None}, "signature_missing"),
        (good | {"sig": "zz"}, "body_invalid"),
        (hand.signed(good | {"key": "0" * 32}), "key_unknown"),
        (stranger.signed(good | {"key": stranger.key_id}), "key_unknown"),
        (hand.signed(good | {"device": stranger.device}), "device_mismatch"),
        (hand.signed(good | {"alg": "rsa"}), "body_invalid"),
        (hand.signed(good | {"owner": "x"}), "body_invalid"),
        (good | {"body": {"x": 1.5}}, "json_not_canonical"),
        ("an entry", "body_invalid"),
        (None, "body_invalid"),
        ([good], "body_invalid"),
        (hand.signed(good | {"body": good["body"] | {"answers": {"x": "长" * 100_000}}}), "body_too_large"),
    ]
    before = counts(central)
    answer = hand.push(central, *[raw for raw, _ in cases])
    assert statuses(answer.receipts) == [("invalid", code) for _, code in cases]
    assert (counts(central), answer.high_water) == (before, 0)
    assert hand.one(central, good).status == ACCEPTED


def test_a_second_content_under_a_used_number_is_a_fork_both_are_kept_and_the_device_stops(central: Central) -> None:
    hand = enrolled(central)
    first, second = hand.entry(), hand.entry()
    hand.push(central, first, second)
    other = hand.signed(first | {"id": kit.new_id()})
    third = hand.entry()
    assert statuses(hand.push(central, other, third, second).receipts) == [
        ("refused", "fork"), ("held", "device_frozen"), ("duplicate", None),
    ]  # fmt: skip
    with central.store.read() as connection:
        assert set(rows.by_hashes(connection, [kit.name_of(first), kit.name_of(other)])) == {
            kit.name_of(first), kit.name_of(other),
        }  # fmt: skip
        device = rows.device_row(connection, hand.device)
    assert device is not None and (device.state, device.high_water) == ("frozen", 2)
    assert hand.one(central, other).status == DUPLICATE


def test_a_fork_is_sorted_out_by_the_district_and_what_it_admits_counts(central: Central) -> None:
    hand = enrolled(central)
    first = hand.entry()
    hand.push(central, first)
    data = kit.jpeg()
    other = hand.signed(first | {"id": kit.new_id(), "body": kit.inspection(data)})
    same_id = hand.signed(first | {"about": ["X"]})
    assert hand.one(central, other).code == "fork"
    manager, far = account(central, "dist", Role.DISTRICT, LS), account(central, "far", Role.DISTRICT, HJ)
    for caller, names, code in (
        (far, [kit.name_of(other)], Code.NOT_PERMITTED),
        ("insp", [kit.name_of(other)], Code.NOT_PERMITTED),
        (manager, ["0" * 64], Code.NOT_FOUND),
        (manager, [], Code.NOT_FOUND),
        (manager, [kit.name_of(first)], Code.NOT_FOUND),
    ):
        with pytest.raises(LedgerError) as raised:
            at_desk.admit(central, desk(central, caller), hand.device, names, "seen both")
        refused(raised, code)
    at_desk.admit(central, desk(central, manager), hand.device, [kit.name_of(other)], "seen both")
    at_desk.thaw(central, desk(central, manager), hand.device, "cleared up")
    with pytest.raises(LedgerError) as raised:
        at_desk.admit(central, desk(central, manager), hand.device, [kit.name_of(other)], "again")
    refused(raised, Code.ID_REUSED)
    judge = enrolled(central, "super", Role.SUPERVISOR)
    verdict = judge.entry("review", kit.review(), about=[other["id"]], supersedes=other["id"])
    assert judge.one(central, verdict).status == ACCEPTED
    assert hand.one(central, same_id).code == "fork"
    with pytest.raises(LedgerError) as raised:
        at_desk.admit(central, desk(central, manager), hand.device, [kit.name_of(same_id)], "same id")
    refused(raised, Code.ID_REUSED)


def test_a_broken_chain_is_a_fork(central: Central) -> None:
    hand = enrolled(central)
    hand.push(central, hand.entry())
    assert hand.one(central, hand.entry(prev_hash="1" * 64)).code == "fork"
    assert hand.push(central, hand.entry()).receipts[0].status == HELD


def test_frozen_and_revoked_devices_are_held_and_a_revoked_one_stays_so(central: Central) -> None:
    hand = enrolled(central)
    manager = desk(central, account(central, "dist", Role.DISTRICT, LS))
    entry = hand.entry()
    at_desk.freeze(central, manager, hand.device, "lost")
    assert statuses(hand.push(central, entry).receipts) == [("held", "device_frozen")]
    at_desk.thaw(central, manager, hand.device, "found")
    assert hand.one(central, entry).status == ACCEPTED
    caller = hand.caller(central)
    at_desk.revoke(central, manager, hand.device, "stolen")
    prepared = hand.entry()
    receipt = kit.push.push(central, caller, 0, [prepared, entry]).receipts  # revoked while this request was on its way
    assert statuses(receipt) == [("held", "device_revoked"), ("duplicate", None)]
    for change in (at_desk.thaw, at_desk.freeze):
        with pytest.raises(LedgerError) as raised:
            change(central, manager, hand.device, "back")
        refused(raised, Code.DEVICE_REVOKED)
    with pytest.raises(LedgerError) as raised:
        hand.caller(central)
    refused(raised, Code.DEVICE_REVOKED)


def test_a_lost_number_is_closed_and_the_device_goes_on(central: Central) -> None:
    hand = enrolled(central)
    judge = enrolled(central, "super", Role.SUPERVISOR)
    sent = [hand.entry() for _ in range(3)]
    revised = hand.entry(supersedes=sent[1]["id"])
    assert statuses(hand.push(central, sent[0], sent[2]).receipts)[1] == ("gap", "sequence_gap")
    assert hand.one(central, hand.signed(sent[1] | {"supersedes": kit.new_id()})).code == "supersedes_unknown"
    # number 2 is now taken by a refused entry; lose number 3 and go on with 4
    closed = judge.entry("gap_closed", kit.gap_closed(hand.device, 3, 3))
    assert judge.one(central, closed).status == ACCEPTED
    assert hand.push(central).head is None
    assert hand.one(central, sent[2]).code == "number_closed"
    assert hand.one(central, revised).status == ACCEPTED  # what it builds on may be what was lost
    assert hand.one(central, hand.entry()).status == ACCEPTED


@pytest.mark.parametrize("seed", range(3))
def test_any_split_repetition_and_overlap_of_batches_gives_the_same_log(central: Central, seed: int) -> None:
    chance = random.Random(seed)
    hands = [enrolled(central, f"insp{number}") for number in range(3)]
    sent = {hand.account: [hand.entry() for _ in range(20)] for hand in hands}
    for _ in range(60):
        hand = chance.choice(hands)
        start = chance.randrange(20)
        hand.push(central, *sent[hand.account][start : start + chance.randrange(1, 12)])
    for hand in hands:
        hand.push(central, *sent[hand.account], *sent[hand.account])
    with central.store.read() as connection:
        for hand in hands:
            names = [kit.name_of(entry) for entry in sent[hand.account]]
            found = rows.by_hashes(connection, names)
            assert sorted(names, key=lambda name: found[name].seq) == names
        assert counts(central)["entries"] == 1 + 3 + 60


# ---------------------------------------------------------------- the desk and the devices


def test_who_may_say_what_at_the_desk_is_the_written_table(central: Central) -> None:
    """Every kind by every role; what is written here is the office's rule, not a copy of schemas/roles.py."""
    imports = {"parcel", "project", "target", "unit", "survey_result", "new_build_quota", "green_target", "register"}
    allowed = {
        Role.INSPECTOR: {"inspection", "withdrawal", "rectification"},
        Role.SUPERVISOR: {"inspection", "review", "task", "withdrawal", "rectification", "gap_closed"},
        Role.DISTRICT: imports
        | {"review", "task", "withdrawal", "gap_closed", "first_check", "resolution", "rectification"},
        Role.CITY: imports | {"acceptance", "task", "rectification"},
        Role.THIRD_PARTY: {"finding", "rectification"},
    }
    hand = enrolled(central, "author")
    for role, may in allowed.items():
        caller = desk(central, account(central, f"at-{role.value}", role, LS))
        for kind in Kind:
            subject = hand.entry()
            assert hand.one(central, subject).status == ACCEPTED
            body = dict(BODIES[kind])
            if kind == Kind.GAP_CLOSED:
                lost = enrolled(central, f"lost-{role.value}")
                body = kit.gap_closed(lost.device, 1, 2)
            said = kit_desk_entry(kind, body, subject)
            if kind == Kind.WITHDRAWAL and role == Role.INSPECTOR:
                own = at_desk.append(central, caller, [kit_desk_entry(Kind.INSPECTION, BODIES[Kind.INSPECTION], None)])
                said = kit_desk_entry(kind, body, own[0].entry)
            before = counts(central)["entries"]
            if kind.value in may:
                answer = at_desk.append(central, caller, [said])[0]
                assert (answer.entry["author"], answer.entry["auth"]) == (caller.account, "password")
                assert answer.seq == before + 1 == answer.checkpoint.size
            else:
                with pytest.raises(LedgerError) as raised:
                    at_desk.append(central, caller, [said])
                refused(raised, Code.ROLE_NOT_ALLOWED)
                assert counts(central)["entries"] == before


def kit_desk_entry(kind: Kind, body: dict[str, Any], subject: Any) -> Any:
    decides = subject is not None and kind in (Kind.REVIEW, Kind.WITHDRAWAL, Kind.RESOLUTION)
    return at_desk.DeskEntry.model_validate(
        {
            "protocol": 1, "kind": kind.value, "schema": 1, "unit": LS, "observed_at": None, "body": body,
            "about": [subject["id"]] if decides else [], "supersedes": subject["id"] if decides else None,
        }
    )  # fmt: skip


def test_desk_entries_are_made_all_or_none_and_a_refusal_says_what_is_wrong(central: Central) -> None:
    caller = desk(central, account(central, "dist", Role.DISTRICT, LS))
    good = kit_desk_entry(Kind.TASK, BODIES[Kind.TASK], None)
    bad = good.model_copy(update={"body": {"assignee": "insp"}})
    before = counts(central)
    with pytest.raises(LedgerError) as raised:
        at_desk.append(central, caller, [good, bad])
    refused(raised, Code.BODY_INVALID)
    assert raised.value.details["where"] == "due_on: Field required"
    assert counts(central) == before
    with pytest.raises(LedgerError) as raised:
        at_desk.append(central, caller, [good.model_copy(update={"unit": HJ})])
    refused(raised, Code.UNIT_FOREIGN)


def test_a_desk_entry_said_twice_under_one_id_is_one_entry(central: Central) -> None:
    """The answer to a review was lost: saying it again must not make a branch of two reviews."""
    caller = desk(central, account(central, "dist", Role.DISTRICT, LS))
    task = kit_desk_entry(Kind.TASK, BODIES[Kind.TASK], None).model_copy(update={"id": kit.new_id()})
    first = at_desk.append(central, caller, [task])
    before = counts(central)
    again = at_desk.append(central, caller, [task])
    assert (again[0].seq, again[0].entry) == (first[0].seq, first[0].entry) and counts(central) == before
    with pytest.raises(LedgerError) as raised:
        at_desk.append(central, caller, [task.model_copy(update={"about": ["another"]})])
    refused(raised, Code.ID_REUSED)


def test_a_restore_is_declared_by_the_city_only(central: Central) -> None:
    with pytest.raises(LedgerError) as raised:
        at_desk.declare_restore(central, desk(central, account(central, "dist", Role.DISTRICT, LS)), "x")
    refused(raised, Code.NOT_PERMITTED)
    assert at_desk.declare_restore(central, desk(central, account(central, "city", Role.CITY, LS)), "disk") == 1


def test_a_tablet_pulls_its_own_rows_whatever_their_unit(central: Central) -> None:
    """Restored from an old backup it must learn each number that it gave out, the refused ones too."""
    hand = enrolled(central)
    hand.push(central, hand.entry(unit=HJ))
    pulled = pull.pull(central, hand.caller(central), 0, 200, 0).rows
    assert [row.reason for row in pulled if row.entry["device"] == hand.device] == ["unit_foreign"]


def test_a_disabled_account_is_stopped_and_stays_disabled_when_its_scope_changes(central: Central) -> None:
    hand = enrolled(central)
    with central.store.write() as connection:
        disable_account(connection, "insp")
    account(central, "insp", Role.INSPECTOR, LS, HJ)
    with pytest.raises(LedgerError) as raised:
        hand.caller(central)
    refused(raised, Code.ACCOUNT_DISABLED)
    with central.store.write() as connection:
        enable_account(connection, "insp")
    assert hand.caller(central).units == {LS, HJ}
    with pytest.raises(LedgerError) as raised, central.store.write() as connection:
        disable_account(connection, "nobody")
    refused(raised, Code.ACCOUNT_UNKNOWN)


def test_a_role_is_for_ever(central: Central) -> None:
    """The log names accounts, not roles: who was a supervisor then must be one whenever the log is read."""
    account(central, "sup", Role.SUPERVISOR, LS)
    account(central, "sup", Role.SUPERVISOR, LS, HJ)
    with pytest.raises(LedgerError) as raised:
        account(central, "sup", Role.DISTRICT, LS)
    refused(raised, Code.ACCOUNT_ROLE_FIXED)


def test_a_text_that_a_store_cannot_hold_is_no_failure(central: Central) -> None:
    """PostgreSQL has no NUL in text; what people type goes into bytes, and columns take only what patterns allow."""
    hand = enrolled(central)
    odd = "\x00\ufffe 𝄞 ' \" \\ ; DROP TABLE entries"
    receipt = hand.one(central, hand.entry(body=kit.inspection(answers={"note": odd})))
    assert receipt.status == ACCEPTED
    manager = desk(central, account(central, "dist", Role.DISTRICT, LS))
    at_desk.freeze(central, manager, hand.device, odd)
    with central.store.read() as connection:
        assert connection.execute(entries.select().where(entries.c.kind == "device")).all()
