import pytest

from node.base.types import Hash32
from node.sim.checkers.canaries import CanaryScanner
from node.sim.checkers.release_window import ReleaseWindowChecker, Window, read_receipt
from node.sim.facts import BytesSeen, ReceiptSigned
from node.sim.predicates.base import State
from node.sim.predicates.records import (
    GrantWindowRespected,
    NoUnauditedRelease,
    OverExposure,
    PlaintextLeak,
    ShareRule,
)


def receipt(status, timestamp):
    return (
        b"WSC1\1\1"
        + bytes([status, 0])
        + bytes(32)
        + b"\7" * 32
        + bytes(40)
        + bytes(8)
        + b"\x09" * 32
        + timestamp.to_bytes(8)
        + bytes(8 + 32 + 32 + 65)
    )


def window(status, timestamp, *, granted=True, revoked=False, block_time=None):
    asked = []
    grant = Window(100, 200, revoked, timestamp if block_time is None else block_time)

    def grant_at(grant_id, block_hash):
        asked.append((grant_id, block_hash))
        return grant if granted else None

    predicate = GrantWindowRespected(ReleaseWindowChecker(grant_at))
    predicate.observe(ReceiptSigned("h1", receipt(status, timestamp)))
    return predicate.state(), asked


def test_a_receipt_that_lies_about_the_time_of_its_block_is_not_respected():
    state, _ = window(0, 150, block_time=500)
    assert not state.holds
    assert "the chain says 500" in state.why


def test_a_release_inside_its_grant_is_respected():
    state, asked = window(0, 199)
    assert state.holds
    assert asked == [(Hash32(b"\7" * 32), Hash32(b"\x09" * 32))]


def test_a_release_in_the_first_second_after_the_grant_is_not():
    state, _ = window(0, 200)
    assert not state.holds
    assert "h1 released" in state.why


def test_a_release_before_the_grant_is_not():
    assert not window(0, 99)[0].holds


def test_a_refusal_after_the_grant_is_respected():
    assert window(4, 500)[0].holds


def test_a_release_without_any_grant_is_not():
    assert not window(0, 150, granted=False)[0].holds


def test_a_release_after_revocation_is_not():
    assert not window(0, 150, revoked=True)[0].holds


def test_bytes_that_are_no_receipt_are_not():
    predicate = GrantWindowRespected(ReleaseWindowChecker(lambda *_: None))
    predicate.observe(ReceiptSigned("h1", b"WSC1"))
    assert not predicate.state().holds


def test_a_canary_in_clear_is_a_leak_and_its_place_is_named():
    predicate = PlaintextLeak(CanaryScanner([b"Kavya"]))
    predicate.observe(BytesSeen("frame h0 -> h1", b"....Kavya...."))
    state = predicate.state()
    assert state.holds
    assert state.why == "frame h0 -> h1: 5 bytes of a record in clear at offset 4"


def test_other_bytes_are_no_leak():
    predicate = PlaintextLeak(CanaryScanner([b"Kavya"]))
    predicate.observe(BytesSeen("frame", b"Kavy" * 9))
    assert not predicate.state().holds


def test_a_record_that_was_not_filed_does_not_keep_the_share_rule():
    assert not ShareRule("scan-1", lambda _: None).state().holds


def test_the_trial_of_a_record_decides_the_share_rule():
    verdict = State(holds=True, why="32 subsets")
    assert ShareRule("scan-1", lambda record: verdict).state() is verdict


def test_the_longest_exposure_is_told_with_who_made_it() -> None:
    late = {b"a": 0, b"b": 7, b"c": 3, b"d": None}
    predicate = OverExposure(late.get, at_most_s=6)
    for node, receipt in (("h0", b"a"), ("h3", b"c"), ("h4", b"d")):
        predicate.observe(ReceiptSigned(node, receipt))
    assert predicate.state().holds
    predicate.observe(ReceiptSigned("h1", b"b"))
    predicate.observe(ReceiptSigned("h2", b"a"))
    state = predicate.state()
    assert not state.holds
    assert state.why == "4 releases, the latest 7 s after its grant's end, by h1"


def receipt_of(number: int, status: int = 0) -> bytes:
    head = b"WSC1" + bytes((1, 1, status, 0)) + number.to_bytes(32)
    return head + bytes(297 - len(head))


def test_a_release_is_due_on_the_ledger_after_so_many_blocks() -> None:
    height, audited = [5], {}
    predicate = NoUnauditedRelease(lambda: height[0], lambda: audited, blocks=10)
    predicate.observe(ReceiptSigned("h0", receipt_of(1)))
    predicate.observe(ReceiptSigned("h0", receipt_of(2, status=4)))
    height[0] = 15
    assert predicate.state().holds
    audited[read_receipt(receipt_of(1)).receipt_id] = 15
    height[0] = 16
    assert predicate.state() == State(holds=True, why="1 releases, 0 of them not due yet")


@pytest.mark.parametrize(("stands", "told"), [(None, "is not on the ledger"), (16, "block 16")])
def test_a_release_that_is_missing_or_late_on_the_ledger_is_told(stands, told) -> None:
    height = [5]
    receipt_id = read_receipt(receipt_of(1)).receipt_id
    audited = {} if stands is None else {receipt_id: stands}
    predicate = NoUnauditedRelease(lambda: height[0], lambda: audited, blocks=10)
    predicate.observe(ReceiptSigned("h1", receipt_of(1)))
    height[0] = 16
    state = predicate.state()
    assert not state.holds
    assert "of h1 was due by block 15" in state.why
    assert told in state.why
