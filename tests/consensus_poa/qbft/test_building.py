from dataclasses import replace

import pytest

from node.base.types import Address
from node.consensus_poa.effects import BuildBlock
from node.consensus_poa.events import BlockBuilt, ProposeValidatorVote
from node.consensus_poa.qbft.header import MIX_HASH, QbftExtra, Vote
from tests.consensus_poa.qbft.network import OPTIONS, build
from tests.consensus_poa.qbft.solo import READY_US, Solo, codes, reasons

HEADERS = replace(OPTIONS, validators_from="header")


def asked(solo: Solo) -> BuildBlock:
    return next(e for e in solo.expire() if isinstance(e, BuildBlock))


def test_a_request_has_the_constants_of_qbft_and_the_builder() -> None:
    solo = Solo(answers=False)
    request = asked(solo)
    assert (request.parent, request.timestamp) == (solo.chain.head, READY_US // 10**6)
    assert request.coinbase == solo.keys[0].address
    assert (request.nonce, request.difficulty, request.mix_hash) == (bytes(8), 1, MIX_HASH)
    assert QbftExtra.decode(request.extra_data) == QbftExtra()


def test_a_late_block_has_the_time_of_the_clock() -> None:
    solo = Solo(answers=False)
    solo.now += 7_000_000
    assert asked(solo).timestamp == READY_US // 10**6 + 7


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp": 1},
        {"coinbase": Address(bytes(20))},
        {"extra_data": b""},
        {"parent_hash": bytes(32)},
    ],
)
def test_a_block_that_was_not_asked_for_is_not_proposed(fields: dict[str, object]) -> None:
    solo = Solo(answers=False)
    request = asked(solo)
    block = build(solo.head, request)
    wrong = replace(block, header=replace(block.header, **fields))  # type: ignore[arg-type]
    effects = solo.handle(BlockBuilt(request.request, wrong))
    assert reasons(effects) == ["not_as_asked"]
    assert codes(effects) == []


def test_a_failed_build_leaves_the_round_to_its_timer() -> None:
    solo = Solo(answers=False)
    request = asked(solo)
    assert reasons(solo.handle(BlockBuilt(request.request, None, "no_state"))) == ["no_state"]
    assert reasons(solo.handle(BlockBuilt(request.request, None))) == []


def test_a_block_for_a_round_left_behind_is_ignored() -> None:
    solo = Solo(answers=False)
    request = asked(solo)
    solo.time_out(0)
    effects = solo.handle(BlockBuilt(request.request, build(solo.head, request)))
    assert codes(effects) == []


def vote_of(solo: Solo) -> Vote | None:
    return QbftExtra.decode(asked(solo).extra_data).vote


def test_an_open_vote_goes_into_the_block_removals_first() -> None:
    solo = Solo(options=HEADERS, answers=False)
    new = Address(b"\x77" * 20)
    solo.handle(ProposeValidatorVote(new, authorize=True))
    solo.handle(ProposeValidatorVote(solo.keys[2].address, authorize=False))
    assert vote_of(solo) == Vote(solo.keys[2].address, is_add=False)


def test_a_vote_that_would_change_nothing_is_not_cast() -> None:
    solo = Solo(options=HEADERS, answers=False)
    solo.handle(ProposeValidatorVote(solo.keys[2].address, authorize=True))
    assert vote_of(solo) is None


def test_an_epoch_block_carries_no_vote() -> None:
    solo = Solo(options=replace(HEADERS, epoch=1), answers=False)
    solo.handle(ProposeValidatorVote(solo.keys[2].address, authorize=False))
    assert vote_of(solo) is None


def test_a_vote_for_nobody_is_refused() -> None:
    solo = Solo(options=HEADERS)
    for subject in (bytes(20), b"\1"):
        solo.handle(ProposeValidatorVote(Address(subject), authorize=True))
    assert solo.engine.proposals() == {}
