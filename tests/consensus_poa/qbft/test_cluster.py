"""Several validators: they decide, and they agree, whatever the network does."""

from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.consensus_poa.effects import Multicast
from node.consensus_poa.events import (
    DiscardValidatorVote,
    PauseSealing,
    ProposeValidatorVote,
    ResumeSealing,
    TransactionsWaiting,
)
from node.consensus_poa.qbft.messages import PROPOSAL
from node.consensus_poa.qbft.opened import Opened, open_message
from tests.consensus_poa.chains import VERIFIER, ascending
from tests.consensus_poa.qbft.network import MEMO, OPTIONS, Network, traced


def opened(raw: bytes) -> Opened:
    found = open_message(raw, MEMO, VERIFIER)
    assert isinstance(found, Opened)
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_validators_decide_a_block_each_period(count: int) -> None:
    network = Network(count)
    network.run(52)
    assert network.heights() == [10] * count
    network.assert_agreement()
    assert all(not member.evidence for member in network.members)


def test_each_validator_builds_in_its_turn() -> None:
    network = Network(4)
    network.run(42)
    builders = [block.header.coinbase for block, _ in network.members[0].branch()]
    addresses = [k.address for k in network.keys]
    first = addresses.index(builders[0])
    assert first == 0
    assert builders == [addresses[(first + i) % 4] for i in range(len(builders))]


def test_an_observer_follows_by_sealed_blocks() -> None:
    network = Network(4, observers=1)
    network.run(32)
    assert network.heights()[4] >= 5
    assert network.members[4].said == []


def test_a_silent_proposer_costs_a_round() -> None:
    network = Network(4)
    network.crash(0)  # leads height 1
    network.run(20)
    assert min(network.heights()[1:]) >= 1
    assert "QBFT.UponRoundTimeout" in traced(network.members[1])
    assert "QBFT.UponRoundChange.quorum" in traced(network.members[1])
    network.assert_agreement()


def test_f_silent_validators_do_not_stop_seven() -> None:
    network = Network(7)
    for index in (1, 2):
        network.crash(index)
    network.run(120)
    assert min(network.heights()[3:]) >= 6
    network.assert_agreement()


def test_without_a_quorum_nothing_is_decided_and_after_healing_all_go_on() -> None:
    network = Network(4)
    network.connected = lambda a, b: (a < 2) == (b < 2)
    network.run(60)
    assert network.heights() == [0] * 4
    network.connected = lambda _a, _b: True
    network.run(150)
    assert min(network.heights()) >= 3
    network.assert_agreement()


def test_a_minority_catches_up_with_the_blocks_it_missed() -> None:
    network = Network(4)
    network.connected = lambda a, b: 3 not in (a, b)
    network.run(60)
    assert network.heights()[3] == 0
    assert network.heights()[0] >= 5
    network.connected = lambda _a, _b: True
    network.run(30)
    assert len(set(network.heights())) <= 2
    assert network.heights()[3] >= 10
    network.assert_agreement()


@pytest.mark.parametrize("seed", range(8))
def test_duplicates_losses_and_reordering_change_no_decision(seed: int) -> None:
    network = Network(4, seed=seed)
    network.latency_us = 700_000
    random = TreeEntropy(seed, "copies")
    network.delivers = lambda _a, _b, _m: random.below(12) and 1 + random.below(2)
    network.run(300)
    network.assert_agreement()
    assert min(network.heights()) >= 5
    assert all(not member.evidence for member in network.members)


@pytest.mark.parametrize("seed", range(6))
def test_crashes_and_restarts_with_the_log_keep_agreement(seed: int) -> None:
    network = Network(4, replace(OPTIONS, request_timeout_us=1_000_000), seed=seed)
    random = TreeEntropy(seed, "crashes")
    said: dict[tuple[int, int, int, int], bytes] = {}
    for _ in range(40):
        victim = random.below(4)
        network.run(1 + random.below(4))
        network.crash(victim)
        network.now += random.below(900_000)
        network.run(1)
        network.restart(victim)
    network.run(60)
    network.assert_agreement()
    assert min(network.heights()) >= 8
    for index, member in enumerate(network.members):
        assert not member.evidence
        for raw in member.said:
            message = opened(raw)
            if message.author == network.address(index):
                slot = (index, message.height, message.round, message.code)
                assert said.setdefault(slot, message.value) == message.value


def test_a_hundred_validators_decide() -> None:
    network = Network(100)
    network.run(11)
    assert min(network.heights()) >= 2
    network.assert_agreement()


def test_relaying_brings_messages_where_there_is_no_link() -> None:
    network = Network(4, replace(OPTIONS, relays=True))
    network.connected = lambda a, b: abs(a - b) in (1, 3)
    network.run(32)
    assert min(network.heights()) >= 5
    assert all("QBFT.UponRoundTimeout" not in traced(m) for m in network.members)


def test_a_changed_set_decides_the_next_height() -> None:
    network = Network(5, validators=4)
    addresses = tuple(k.address for k in network.keys)
    for member in network.members:
        member.sets.changes[3] = addresses[1:]
    network.run(32)
    builders = [block.header.coinbase for block, _ in network.members[0].branch()]
    assert min(network.heights()) >= 5
    assert addresses[4] in builders[2:]
    assert addresses[0] not in builders[2:]


def test_header_votes_admit_and_drop_a_validator() -> None:
    options = replace(OPTIONS, validators_from="header")
    network = Network(5, options, validators=4)
    addresses = [k.address for k in network.keys]
    for index in range(4):
        network.post(index, ProposeValidatorVote(addresses[4], True), 10)
    network.run(42)
    assert network.members[0].engine.validators_after_block(network.members[0].chain.head) == tuple(
        addresses
    )
    for index in range(4):
        network.post(index, DiscardValidatorVote(addresses[4]), 10)
        network.post(index, ProposeValidatorVote(addresses[0], False), 10)
    network.run(60)
    engine, head = network.members[4].engine, network.members[4].chain.head
    assert engine.validators_after_block(head) == tuple(addresses[1:])
    assert len(set(network.heights())) <= 2
    network.assert_agreement()


def test_without_transactions_blocks_wait_for_the_empty_period() -> None:
    network = Network(4, replace(OPTIONS, empty_period=30))
    network.run(29)
    assert network.heights() == [0] * 4
    network.run(3)
    assert network.heights() == [1] * 4
    network.transactions = (b"\x02\xc0",)
    network.now += 5_000_000
    for index in range(4):
        network.post(index, TransactionsWaiting(), 10)
    network.run(2)
    assert network.heights() == [2] * 4
    assert all("QBFT.UponRoundTimeout" not in traced(m) for m in network.members)


def test_a_paused_validator_is_silent_and_takes_part_again_after_it() -> None:
    network = Network(4)
    network.run(6)
    network.post(2, PauseSealing(), 10)
    network.run(1)
    before = len(network.members[2].said)
    network.run(20)
    assert len(network.members[2].said) == before
    assert network.heights()[2] == network.heights()[0]
    network.post(2, ResumeSealing(), 10)
    network.run(20)
    assert len(network.members[2].said) > before


def test_an_invalid_block_is_reported_and_another_leader_goes_on() -> None:
    network = Network(4)
    network.run(4)
    poison = network.members[0]
    seen: list[bytes] = []

    def watch(source: int, _target: int, message: bytes) -> int:
        found = opened(message)
        if source == 0 and found.code == PROPOSAL and found.height == 1:
            assert found.candidate is not None
            network.invalid.add(found.candidate.hash)
            seen.append(message)
        return 1

    network.delivers = watch
    network.run(30)
    assert min(network.heights()) >= 2
    evidence = [e for m in network.members[1:] for e in m.evidence]
    assert {(e.offender, e.kind) for e in evidence} == {
        (poison.key.address if poison.key else b"", "invalid_proposal")
    }
    assert {e.proof for e in evidence} == {seen[0]}


def test_the_future_of_a_restored_engine_is_the_same() -> None:
    """After each event: snapshot, restore into a fresh engine, compare all that follows."""
    network = Network(4, seed=3)
    network.connected = lambda a, b: 2 not in (a, b)
    network.run(60)
    member = network.members[0]
    original = replay(member.log, network, restores=False)
    restored = replay(member.log, network, restores=True)
    assert len(original) == len(member.log) > 50
    assert original == restored


def replay(log: list, network: Network, *, restores: bool) -> list:
    """Feed a log to a fresh engine on a chain of its own; give effects and snapshots."""
    twin = Network(4).members[0]
    twin.sets.changes = dict(network.members[0].sets.changes)
    engine = twin.fresh_engine()
    found = []
    for event, now in log:
        effects = engine.handle(event, now)
        found.append((effects, engine.snapshot()))
        for effect in effects:
            if type(effect).__name__ == "ImportBlock":
                twin.chain.add(effect.block.header)
            if type(effect).__name__ == "SetHead":
                twin.chain.head = effect.hash
        if restores:
            data = engine.snapshot()
            engine = twin.fresh_engine()
            engine.restore(data)
            assert engine.snapshot() == data
    return found


def test_ascending_keys_are_distinct() -> None:
    assert len({k.address for k in ascending(7)}) == 7
    assert Multicast(b"x").to == ()
