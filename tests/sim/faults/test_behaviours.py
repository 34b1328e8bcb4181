"""Each behaviour as a filter of effects, with an engine that has votes."""

from types import SimpleNamespace

import pytest

from node.base.types import Hash32
from node.consensus_poa.effects import Multicast, ScheduleTimer, trace
from node.consensus_poa.events import (
    MessageReceived,
    PauseSealing,
    TimerExpired,
    TimerId,
    TimerKind,
)
from node.sim.faults import behaviours
from node.sim.faults.behaviours import Bench
from node.sim.faults.forge import Speech
from node.sim.faults.tally import Tally

A, B, C = (bytes([n]) * 20 for n in (1, 2, 3))
DONE = trace("Engine.Did")


class Forge:
    """Messages are the words themselves."""

    proposes_blocks = False

    def speech(self, message):
        return {b"proposal": Speech.PROPOSAL, b"vote": Speech.VOTE}.get(message, Speech.OTHER)

    def second_proposal(self, message):
        return b"second " + message

    second_vote = second_proposal

    def next_round(self, message):
        return b"next round"

    def spoiled(self, message):
        return b"spoiled " + message


@pytest.fixture
def bench():
    tally = Tally("f", "x")
    return Bench(A, Forge(), tally, lambda: None, lambda: ((B,), (C,)))


def bent(behaviour, message, event=None):
    return behaviour.bend(event or PauseSealing(), (DONE, Multicast(message)))


@pytest.mark.parametrize(
    ("kind", "message", "out"),
    [
        (behaviours.Silent, b"vote", ()),
        (behaviours.Silent, b"proposal", ()),
        (behaviours.WithholdBlock, b"proposal", ()),
        (behaviours.WithholdBlock, b"vote", None),
        (
            behaviours.EquivocateProposal,
            b"proposal",
            (Multicast(b"proposal", (B,)), Multicast(b"second proposal", (C,))),
        ),
        (behaviours.EquivocateProposal, b"vote", None),
        (
            behaviours.EquivocateVote,
            b"vote",
            (Multicast(b"vote", (B,)), Multicast(b"second vote", (C,))),
        ),
        (behaviours.EquivocateVote, b"other", None),
        (behaviours.AlwaysRoundChange, b"vote", (Multicast(b"next round"),)),
        (behaviours.AlwaysRoundChange, b"proposal", None),
        (behaviours.BadSeal, b"vote", (Multicast(b"spoiled vote"),)),
        (behaviours.BadSeal, b"proposal", None),
    ],
)
def test_what_leaves_instead_of_a_message(bench, kind, message, out):
    found = bent(kind(bench), message)
    assert found == (DONE, *((Multicast(message),) if out is None else out))
    assert bench.tally.effects == (out is not None)


def test_a_proposal_of_another_is_answered_with_an_own_one_out_of_turn(bench):
    heard = MessageReceived(b"proposal", Hash32(bytes(32)), B)
    found = behaviours.OutOfTurn(bench).bend(heard, (DONE,))
    assert found == (DONE, Multicast(b"second proposal"))
    assert bench.tally.effects == 1


def test_a_wiggle_is_not_waited_for(bench):
    behaviour, timer = behaviours.OutOfTurn(bench), TimerId(TimerKind.WIGGLE, 7)
    (armed,) = behaviour.bend(PauseSealing(), (ScheduleTimer(timer, 5_730_000),))
    assert armed.at == 5_000_000
    fired = TimerExpired(timer)
    assert behaviour.hear(fired, 5_000_000) == (fired, 5_730_000)
    assert behaviour.hear(fired, 5_000_001) == (fired, 5_000_001)


def test_old_messages_go_out_again_with_new_ones(bench):
    behaviour = behaviours.ReplayVotes(bench)
    behaviour.bend(MessageReceived(b"old", Hash32(bytes(32)), B), ())
    assert bent(behaviour, b"vote") == (DONE, Multicast(b"vote"), Multicast(b"old"))
    assert bent(behaviour, b"vote") == (DONE, Multicast(b"vote"))
    assert bench.tally.effects == 1


def test_a_censor_leaves_out_one_sender_or_all():
    mine, other = SimpleNamespace(sender=A), SimpleNamespace(sender=B)
    tally = Tally("f", "censor")
    assert list(behaviours.Censor(tally, A).pick([mine, other, mine])) == [other]
    assert list(behaviours.Censor(tally, None).pick([mine, other])) == []
    assert tally.effects == 4


@pytest.mark.parametrize(
    ("parent", "raised"), [(30_000_000, 30_029_295), (1_024, None), (5_000, 5_003)]
)
def test_the_gas_limit_is_raised_by_the_most_allowed(parent, raised):
    tally = Tally("f", "raise_gas_limit")
    assert behaviours.RaiseGasLimit(tally).gas_limit(SimpleNamespace(gas_limit=parent)) == raised
    assert tally.effects == (raised is not None)
