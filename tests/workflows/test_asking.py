from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from node.base.errors import CallRevertedError
from node.base.keccak import keccak256
from node.base.types import ZERO_ADDRESS, Address, Cid, Hash32
from node.contracts.abi import Function
from node.ipfs_lite.blocks import BlockClass
from node.workflows import asking
from node.workflows.errors import ContractRevertError, FetchFailedError
from node.workflows.requests import (
    Ask,
    AskRelease,
    AwaitFinalTime,
    AwaitInclusion,
    Call,
    Drop,
    EntrustShare,
    Fetch,
    HandShare,
    HeadFacts,
    Inclusion,
    LeaveDeposit,
    NextNonce,
    Put,
    ReclaimShare,
    Release,
    SendRenewal,
    Submit,
    TakeHead,
)
from tests.workflows.stage import drive

NODE, OTHER = Address(b"\1" * 20), Address(b"\2" * 20)
HASH, CID = Hash32(b"\3" * 32), Cid(b"\x01\x55\x12\x20" + b"\4" * 32)
INCLUSION = Inclusion(HASH, HASH, 1, 5, True, 21_000, ())
HEAD = HeadFacts(HASH, 7, 1_767_225_600)
PATIENT = Address(b"\5" * 20)
LETTER = SimpleNamespace()
COUNT = Function("count()", ("uint256",))


@pytest.mark.parametrize(
    ("flow", "request_", "answer"),
    [
        (asking.call(NODE, OTHER, b"data"), Call(OTHER, b"data", ZERO_ADDRESS), b"ok"),
        (asking.call(NODE, OTHER, b"data", OTHER), Call(OTHER, b"data", OTHER), b""),
        (asking.submit(NODE, b"raw"), Submit(b"raw"), HASH),
        (
            asking.await_inclusion(NODE, HASH, final=False),
            AwaitInclusion(HASH, final=False),
            INCLUSION,
        ),
        (asking.await_inclusion(NODE, HASH, final=True), AwaitInclusion(HASH), INCLUSION),
        (asking.next_nonce(NODE, OTHER), NextNonce(OTHER), 0),
        (asking.head(NODE), TakeHead(), HEAD),
        (asking.final_block(NODE), TakeHead(final=True), HEAD),
        (asking.final_block(NODE, back=2), TakeHead(final=True, back=2), HEAD),
        (asking.put(NODE, b"x", BlockClass.PUBLIC), Put(b"x", BlockClass.PUBLIC), CID),
        (asking.fetch(NODE, (CID,), (OTHER,)), Fetch((CID,), (OTHER,)), (b"x",)),
        (asking.drop(NODE, CID), Drop(CID), None),
        (
            asking.hand_share(NODE, OTHER, HASH, b"m", b"s"),
            HandShare(OTHER, HASH, b"m", b"s"),
            HASH,
        ),
        (asking.leave_deposit(NODE, OTHER, LETTER), LeaveDeposit(OTHER, LETTER), HASH),
        (asking.ask_release(NODE, OTHER, b"r"), AskRelease(OTHER, b"r"), Release(b"", b"")),
        (asking.send_renewal(NODE, OTHER, LETTER), SendRenewal(OTHER, LETTER), HASH),
        (
            asking.entrust_share(NODE, OTHER, PATIENT, b"s"),
            EntrustShare(OTHER, PATIENT, b"s"),
            HASH,
        ),
        (asking.reclaim_share(NODE, OTHER, PATIENT), ReclaimShare(OTHER, PATIENT), b"sealed"),
        (asking.await_final_time(NODE, 7), AwaitFinalTime(7), HEAD),
    ],
)
def test_a_question_asks_its_node_once_and_gives_the_answer(flow, request_, answer) -> None:
    done = drive(flow, answer)
    assert done.asked == [Ask(NODE, request_)]
    assert done.value == answer


def test_an_answer_of_another_kind_is_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError, match="NextNonce was answered with b'x'"):
        drive(asking.next_nonce(NODE, OTHER), b"x")


def test_a_refused_call_is_named_after_the_contracts_error() -> None:
    reverted = CallRevertedError(keccak256(b"OrderNotOpen()")[:4])
    with pytest.raises(ContractRevertError, match=r"OrderNotOpen\(\)") as caught:
        drive(asking.call(NODE, OTHER, b""), reverted)
    assert caught.value.__cause__ is reverted


def test_what_a_node_cannot_do_reaches_the_flow_as_it_is() -> None:
    failed = FetchFailedError((CID,), (), "gone")
    with pytest.raises(FetchFailedError) as caught:
        drive(asking.fetch(NODE, (CID,), ()), failed)
    assert caught.value is failed


def test_a_view_is_a_call_whose_answer_is_decoded() -> None:
    question = COUNT.view(OTHER, int)
    done = drive(asking.view(NODE, question, sender=OTHER), (9).to_bytes(32))
    assert done.asked == [Ask(NODE, Call(OTHER, question.data, OTHER))]
    assert done.value == 9


@pytest.mark.parametrize(
    ("timestamp", "offset_s", "day"),
    [
        (1_767_225_599, 0, date(2025, 12, 31)),
        (1_767_225_600, 0, date(2026, 1, 1)),
        (1_767_225_599, 1, date(2026, 1, 1)),
        (1_767_225_600, -1, date(2025, 12, 31)),
        (1_767_225_600 - 19_801, 19_800, date(2025, 12, 31)),
        (1_767_225_600 - 19_800, 19_800, date(2026, 1, 1)),
    ],
)
def test_a_visits_day_is_that_of_the_hospitals_zone(
    timestamp: int, offset_s: int, day: date
) -> None:
    ward = SimpleNamespace(zone=timedelta(seconds=offset_s))
    assert drive(asking.local_date(ward, NODE), HeadFacts(HASH, 1, timestamp)).value == day
