"""The set, the leaders and the clocks of one height."""

from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.base.types import ZERO_ADDRESS
from node.consensus_poa.effects import CancelTimer, Effect, ScheduleTimer
from node.consensus_poa.events import TimerId, TimerKind
from node.consensus_poa.ibft1.height import Height
from node.consensus_poa.ibft1.state import Ibft1State
from node.consensus_poa.interface import Capabilities
from tests.consensus_poa.chains import VERIFIER, key, rules
from tests.consensus_poa.ibft1.chains import OPTIONS, Forge


def height_on(forge: Forge) -> Height:
    lent = Capabilities(forge.chain, VERIFIER, TreeEntropy(1, "x"), forge.keys[0])
    height = Height(Ibft1State(), OPTIONS, lent)
    height.enter(forge.genesis, forge.genesis.hash(), [])
    return height


def test_leaders_follow_the_one_before_round_by_round() -> None:
    forge = Forge()
    height = height_on(forge)
    own = [k.address for k in forge.keys]
    assert [height.leader(number) for number in range(5)] == [*own, own[0]]
    head = forge.extend(forge.genesis, forge.keys[2])
    height.enter(head, head.hash(), [])
    assert [height.leader(number) for number in range(2)] == [own[3], own[0]]
    assert height.state.previous == own[2]


def test_a_new_height_forgets_the_old_one() -> None:
    forge = Forge()
    height = height_on(forge)
    state = height.state
    out: list[Effect] = []
    state.round, state.is_started, state.locked = (
        3,
        True,
        forge.propose(forge.genesis, forge.keys[0]),
    )
    state.round_at(3)
    height.arm_round(0, out)
    head = forge.extend(forge.genesis, forge.keys[0])
    height.enter(head, head.hash(), out)
    assert (state.round, state.is_started, state.locked, state.rounds) == (0, False, None, {})
    assert CancelTimer(TimerId(TimerKind.ROUND, 1, 3)) in out
    assert state.timers == {}


def test_round_clocks_grow_and_only_a_voter_has_one() -> None:
    height = height_on(Forge())
    out: list[Effect] = []
    height.state.round = 2
    height.arm_round(100, out)
    assert out == [ScheduleTimer(TimerId(TimerKind.ROUND, 1, 2), 100 + 14_000_000)]
    height.state.is_halted = True
    height.arm_round(200, out)
    assert height.state.timers == {}


@pytest.mark.parametrize("flag", ["is_paused", "is_observer", "is_halted"])
def test_a_barred_validator_neither_votes_nor_leads(flag: str) -> None:
    height = height_on(Forge())
    assert height.is_voter
    assert height.is_leader
    setattr(height.state, flag, True)
    assert not height.is_voter
    assert not height.is_leader


def test_a_head_whose_past_is_unknown_has_no_set() -> None:
    forge = Forge()
    height = height_on(forge)
    orphan = replace(forge.propose(forge.genesis, forge.keys[0]).header, parent_hash=bytes(32))
    out: list[Effect] = []
    height.enter(orphan, orphan.hash(), out)
    assert rules(out) == ["IBFT1.ValidatorSetUnavailable"]
    assert not height.has(forge.keys[0].address)
    assert not height.is_voter


def test_a_parent_need_not_be_stored_if_its_own_is() -> None:
    forge = Forge()
    first = forge.propose(forge.genesis, forge.keys[0]).header
    other = Forge()
    other.chain.add(first)
    second = other.propose(first, forge.keys[1]).header
    height = height_on(forge)
    assert height.verify_header(second, first) == "empty_committed_seals"
    stranger = forge.propose(forge.genesis, key("stranger")).header
    child = replace(second, parent_hash=stranger.hash())
    assert height.verify_header(child, stranger) == "unknown_ancestor"
    assert height.signer_of(forge.genesis) is None
    assert height.state.previous == ZERO_ADDRESS
