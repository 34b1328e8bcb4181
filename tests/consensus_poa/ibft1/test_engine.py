"""Whole runs of IBFT 1: engines that only talk through messages and blocks."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.block import Block
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.consensus_poa.events import (
    BlockReceived,
    PauseSealing,
    ProposeValidatorVote,
    ResumeSealing,
    TransactionsWaiting,
)
from node.consensus_poa.ibft1.header import recover_proposer
from node.consensus_poa.ibft1.messages import COMMIT, PREPARE, Message, read_message
from node.consensus_poa.ibft1.options import Ibft1Options
from tests.consensus_poa.chains import VERIFIER, rules
from tests.consensus_poa.ibft1.chains import OPTIONS, Forge, received
from tests.consensus_poa.ibft1.cluster import Cluster, Member


def makers(member: Member) -> list[Address | None]:
    return [recover_proposer(block.header, VERIFIER) for block, _ in member.branch()]


def test_four_validators_decide_a_block_each_period() -> None:
    net = Cluster()
    net.run(5 * 20 + 2)
    assert net.heights() == [20] * 4
    assert len({member.chain.head for member in net.members}) == 1
    assert all(member.evidence == [] for member in net.members)


def test_undisturbed_validators_lead_in_turn() -> None:
    net = Cluster()
    net.run(5 * 8 + 2)
    keys = [member.key.address for member in net.members]
    assert makers(net.members[0]) == [*keys, *keys]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_any_number_of_validators_decides(size: int) -> None:
    net = Cluster(size)
    net.run(5 * 4 + 2)
    assert net.heights() == [4] * size


def test_relaying_changes_nothing_but_the_traffic() -> None:
    net = Cluster(options=replace(OPTIONS, relays=True))
    net.run(5 * 4 + 2)
    assert net.heights() == [4] * 4


def test_a_silent_leader_is_passed_over() -> None:
    net = Cluster()
    net.crash(0)
    net.run(5 + 9)
    assert net.heights()[1:] == [0, 0, 0]
    net.run(3)
    assert net.heights()[1:] == [1, 1, 1]
    assert makers(net.members[1]) == [net.members[1].key.address]
    assert "IBFT1.UponRoundTimeout" in net.members[1].rules()
    assert "IBFT1.UponRoundChange.quorum" in net.members[1].rules()


def test_a_leader_that_comes_back_catches_up_and_leads_again() -> None:
    net = Cluster()
    net.crash(0)
    net.run(40)
    net.restart(0)
    net.run(60)
    assert len(set(net.heights())) == 1
    assert net.members[0].key.address in makers(net.members[1])


def test_late_answers_of_the_driver_only_cost_time() -> None:
    net = Cluster()
    net.answer_delay_us = 2_000_000
    net.run(60)
    assert min(net.heights()) >= 4
    assert len(net.decided(3)) == 1


def test_a_snapshot_has_the_same_future_at_every_event() -> None:
    net = Cluster()
    net.has_twins = True
    net.run(12)
    net.crash(2)
    net.run(30)
    net.restart(2)
    net.run(10)
    assert min(net.heights()) >= 3


def test_messages_of_past_rounds_do_no_harm_where_they_count() -> None:
    net = Cluster(options=replace(OPTIONS, old_rounds="count", lock="off"))
    net.crash(0)
    net.run(60)
    assert min(net.heights()[1:]) >= 3
    assert len(net.decided(3)) == 1


# -- what is broken on purpose ------------------------------------------------------------------


def split(net: Cluster) -> None:
    """Let the lower and the upper half talk among themselves alone."""
    half = len(net.members) // 2
    net.connected = lambda a, b: (a < half) == (b < half)


def test_six_validators_split_in_half_decide_two_blocks() -> None:
    net = Cluster(6)
    split(net)
    net.run(80)
    assert len(net.decided(1)) == 2
    net.connected = lambda _a, _b: True
    net.announce()
    net.run(2)
    assert all("IBFT1.agreement_violation" in member.rules() for member in net.members)
    height = net.heights()
    net.run(60)
    assert net.heights() == height  # nobody signs any more


def test_six_validators_split_in_half_halt_with_two_thirds() -> None:
    net = Cluster(6, replace(OPTIONS, quorum="ceil_2n_3"))
    split(net)
    net.run(80)
    assert net.decided(1) == set()
    net.connected = lambda _a, _b: True
    net.run(120)
    assert len(net.decided(1)) == 1
    assert len(set(net.heights())) == 1


def lock_two_groups(net: Cluster) -> None:
    """Lock 2 on the block of round 0, 0 and 1 on that of round 1; then 3 stops."""
    hears = {0: {2}, 1: {0, 1}}

    def passes(_source: int, target: int, raw: bytes) -> bool:
        message = read_message(raw, VERIFIER)
        assert isinstance(message, Message)
        if message.code == PREPARE:
            return target in hears.get(message.round, set())
        return message.code != COMMIT

    net.passes = passes
    net.run(5 + 10 + 1)
    net.crash(3)
    net.passes = lambda _a, _b, _raw: True


def test_two_groups_locked_on_different_blocks_never_decide() -> None:
    net = Cluster()
    lock_two_groups(net)
    net.run(3_000)
    assert net.decided(1) == set()
    assert all("IBFT1.LockedOnAnother" in member.rules() for member in net.members[:3])


def test_without_locks_the_same_groups_decide() -> None:
    net = Cluster(options=replace(OPTIONS, lock="off"))
    lock_two_groups(net)
    net.run(100)
    assert len(net.decided(1)) == 1


# -- restarts -----------------------------------------------------------------------------------


def slots(net: Cluster) -> dict[tuple[Address, int, int, int], set[bytes]]:
    """Give every digest that was signed, by author, height, round and code."""
    found: dict[tuple[Address, int, int, int], set[bytes]] = {}
    for raw in net.said:
        message = read_message(raw, VERIFIER)
        assert isinstance(message, Message)
        slot = (message.author, message.height, message.round, message.code)
        found.setdefault(slot, set()).add(message.digest)
    return found


def test_validators_that_restart_again_and_again_never_contradict_themselves() -> None:
    net = Cluster()
    for turn in range(60):
        net.transactions = (bytes([2, 0xC0 + turn % 2]),)  # a new build would be another block
        index = turn % 4
        net.crash(index)
        net.run(1)
        net.restart(index)
        net.run(1 + turn % 3)
    assert min(net.heights()) >= 5
    assert all(len(digests) == 1 for digests in slots(net).values())
    assert all(len(net.decided(number)) == 1 for number in range(1, min(net.heights())))


def test_a_restart_behind_a_commit_keeps_the_lock_and_sends_the_same_bytes() -> None:
    net = Cluster()
    net.passes = lambda _a, _b, raw: read_message(raw, VERIFIER).code != COMMIT  # type: ignore[union-attr]
    net.run(7)
    commits = [raw for raw in net.said if read_message(raw, VERIFIER).code == COMMIT]  # type: ignore[union-attr]
    assert len(commits) == 4
    net.said.clear()
    for index in range(4):
        net.crash(index)
        net.restart(index)
    net.passes = lambda _a, _b, _raw: True
    net.run(1)
    assert set(commits) <= set(net.said)
    net.run(40)
    digest = read_message(commits[0], VERIFIER).digest  # type: ignore[union-attr]
    assert net.decided(1) == {digest}


@pytest.mark.parametrize("damage", ["byte", "key", "chain"])
def test_a_log_that_cannot_be_trusted_makes_an_observer(damage: str) -> None:
    net, other = Cluster(), Cluster(5)
    net.run(7)
    other.run(7)
    wal = {
        "byte": [*net.members[0].wal, b"\xff"],
        "key": net.members[1].wal,
        "chain": other.members[0].wal,
    }[damage]
    net.crash(0)
    net.members[0].wal = list(wal)
    net.said.clear()
    net.restart(0)
    net.run(30)
    assert "IBFT1.WalRefused" in net.members[0].rules()
    assert all(author != net.members[0].key.address for author, *_ in slots(net))


# -- odds and ends ------------------------------------------------------------------------------


def test_validators_vote_one_of_them_out() -> None:
    net = Cluster()
    net.run(1)
    gone = net.members[3].key.address
    for index in range(3):
        net.post(index, ProposeValidatorVote(gone, authorize=False), 1)
    net.run(5 * 8)
    engine = net.members[0].engine
    assert gone not in engine.validators_after_block(net.members[0].chain.head)
    assert min(net.heights()[:3]) >= 5
    assert len(set(net.heights()[:3])) == 1


def test_a_paused_validator_signs_nothing_and_goes_on_when_resumed() -> None:
    net = Cluster()
    net.run(1)
    net.post(3, PauseSealing(), 1)
    net.run(30)
    assert all(author != net.members[3].key.address for author, *_ in slots(net))
    assert min(net.heights()) >= 4
    net.post(3, ResumeSealing(), 1)
    net.run(40)
    assert any(author == net.members[3].key.address for author, *_ in slots(net))


def test_empty_blocks_wait_for_the_empty_period() -> None:
    net = Cluster(options=Ibft1Options(period=5, empty_period=20, relays=False))
    net.run(19)
    assert net.heights() == [0] * 4
    net.run(3)
    assert net.heights() == [1] * 4


def test_transactions_end_the_wait() -> None:
    net = Cluster(options=Ibft1Options(period=5, empty_period=20, relays=False))
    net.transactions = (b"\x02\xc0",)
    for index in range(4):
        net.post(index, TransactionsWaiting(), 100)
    net.run(7)
    assert net.heights() == [1] * 4


def test_a_transaction_that_vanished_costs_a_build_only() -> None:
    net = Cluster(options=Ibft1Options(period=5, empty_period=20, relays=False))
    for index in range(4):
        net.post(index, TransactionsWaiting(), 100)
    net.run(19)
    assert net.heights() == [0] * 4
    net.run(3)
    assert net.heights() == [1] * 4


def test_a_fast_leader_is_waited_for() -> None:
    net = Cluster()
    net.offsets = {0: 2_000_000}
    net.run(30)
    assert min(net.heights()) >= 4
    assert any("IBFT1.ProposalEarly" in member.rules() for member in net.members[1:])


def test_an_invalid_block_is_reported_and_passed_over() -> None:
    net = Cluster()
    liar = net.members[0].key.address
    net.judge = lambda block: (
        "state_root" if recover_proposer(block.header, VERIFIER) == liar else None
    )
    net.run(30)
    reports = {(e.offender, e.kind) for member in net.members for e in member.evidence}
    assert reports == {(liar, "invalid_proposal")}
    assert min(net.heights()) >= 1
    assert liar not in makers(net.members[1])


# -- bytes from outside -------------------------------------------------------------------------


def test_mutated_messages_change_nothing_that_is_decided() -> None:
    net, dice = Cluster(), TreeEntropy(5, "mutations")
    net.run(5)
    seen = 0
    for _ in range(12):
        net.run(1)
        for raw in net.said[seen:]:
            for _ in range(10):
                place, index = dice.below(len(raw)), dice.below(4)
                flipped = bytes([raw[place] ^ (1 + dice.below(255))])
                cut = dice.below(8) == 0
                changed = raw[:place] if cut else raw[:place] + flipped + raw[place + 1 :]
                net.post(index, received(changed, net.members[dice.below(4)].key.address), 1)
        seen = len(net.said)
    net.run(20)
    assert min(net.heights()) >= 5
    assert len(net.decided(4)) == 1


@given(st.binary(max_size=300), st.binary(max_size=80))
def test_random_bytes_are_dropped(raw: bytes, proof: bytes) -> None:
    forge = Forge()
    engine = forge.started(forge.keys[0])
    before = engine.snapshot()
    effects = engine.handle(received(raw, forge.keys[1].address), 10**15)
    assert rules(effects) == ["IBFT1.PeerBreached"]
    assert engine.snapshot() == before
    header = replace(forge.unsealed(forge.genesis), extra_data=raw)
    assert rules(engine.handle(BlockReceived(Block(header, ()), proof, None), 10**16))
