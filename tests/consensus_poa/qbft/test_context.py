from node.consensus_poa.effects import RequestSync
from node.consensus_poa.events import PauseSealing
from tests.consensus_poa.qbft.solo import STRANGER, Solo, rules


def test_only_a_member_may_sign_and_only_while_it_is_not_paused() -> None:
    assert Solo(own=1).engine._context.signer() is not None
    assert Solo(own=None).engine._context.signer() is None
    paused = Solo(own=1)
    paused.handle(PauseSealing())
    assert paused.engine._context.signer() is None
    stranger = Solo(own=1)
    stranger.own = STRANGER
    assert stranger.fresh()._context.signer() is None


def test_where_no_set_can_be_read_nothing_is_signed_and_the_chain_stands() -> None:
    solo = Solo(own=0, answers=False)
    solo.sets.changes = {1: ()}
    context = solo.engine._context
    context.out = []
    context.take_place()
    assert rules(context.out) == ["QBFT.ValidatorsUnavailable"]
    assert solo.expire() == []


def test_a_request_for_blocks_is_repeated_only_after_a_while() -> None:
    solo = Solo(own=0)
    context = solo.engine._context
    context.out = []
    for at in (0, 4_999_999, 5_000_000):
        context.now = solo.now + at
        context.request_sync(0, None)
    assert context.out == [RequestSync(0, None)] * 2
