"""Whole runs: engines that only talk through blocks."""

import copy
from functools import partial

import pytest

from node.base.block import Block
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.effects import Effect, ImportBlock, SetHead
from node.consensus_poa.events import (
    BlockReceived,
    BlockValidated,
    Event,
    NewChainHead,
    ProposeValidatorVote,
    Start,
    TransactionsWaiting,
)
from node.consensus_poa.header import recover_signer
from tests.consensus_poa.chains import (
    VERIFIER,
    FakeChain,
    Forge,
    ascending,
    genesis_header,
    rules,
)
from tests.consensus_poa.cluster import TRANSACTION, Cluster, Member

OPTIONS = CliqueOptions(period=5, epoch=20)


def cluster(
    size: int = 4, options: CliqueOptions = OPTIONS, **fields: object
) -> Cluster[CliqueEngine]:
    keys = ascending(size)
    return Cluster(genesis_header(keys), partial(CliqueEngine, options), keys, **fields)  # type: ignore[arg-type]


def sealers(member: Member[CliqueEngine]) -> list[Address | None]:
    return [recover_signer(block.header, VERIFIER) for block in member.branch()]


def test_four_validators_agree_on_fifty_blocks() -> None:
    net = cluster()
    net.run(5 * 50 + 3)
    assert {member.head().number for member in net.members} == {50}
    assert len(net.heads()) == 1


def test_undisturbed_validators_seal_in_turn_only() -> None:
    net = cluster()
    net.run(5 * 12 + 3)
    keys = [member.key.address for member in net.members]
    assert sealers(net.members[0]) == [keys[number % 4] for number in range(1, 13)]
    assert {block.header.difficulty for block in net.members[0].branch()} == {2}


def test_checkpoints_list_the_signers() -> None:
    net = cluster()
    net.run(5 * 21)
    checkpoint = net.members[0].branch()[19].header
    assert checkpoint.number == 20
    assert len(checkpoint.extra_data) == 32 + 4 * 20 + 65


def test_one_silent_validator_of_four_delays_but_does_not_stop_the_chain() -> None:
    net = cluster()
    net.crash(2)
    net.run(5 * 60)
    up = [net.members[i] for i in (0, 1, 3)]
    assert {member.head().number for member in up} == {up[0].head().number}
    assert up[0].head().number > 40
    assert net.members[2].key.address not in sealers(up[0])


def test_two_silent_validators_of_four_stop_the_chain() -> None:
    net = cluster()
    net.crash(2)
    net.crash(3)
    net.run(5 * 60)
    assert max(net.members[i].head().number for i in (0, 1)) <= 2


def test_nobody_seals_twice_within_the_signer_limit() -> None:
    net = cluster(5)
    net.crash(1)
    net.run(5 * 40)
    seals = sealers(net.members[0])
    assert len(seals) > 20
    assert all(seals[i] not in seals[i + 1 : i + 3] for i in range(len(seals)))


def test_a_lone_validator_seals_every_block() -> None:
    net = cluster(1)
    net.run(5 * 10 + 1)
    assert net.members[0].head().number == 10


def test_both_sides_of_a_healed_split_choose_one_head() -> None:
    net = cluster(5)
    side = {0: 0, 1: 0, 2: 0, 3: 1, 4: 1}
    net.connected = lambda a, b: side[a] == side[b]
    net.run(5 * 10)
    assert len(net.heads()) == 2
    net.connected = lambda _a, _b: True
    net.run(5 * 10)
    assert len(net.heads()) == 1
    assert net.members[4].head().number > 15


def test_a_validator_that_was_down_catches_up() -> None:
    net = cluster()
    net.crash(1)
    net.run(5 * 20)
    net.restart(1)
    net.run(5 * 10)
    assert len(net.heads()) == 1
    assert net.members[1].key.address in sealers(net.members[0])[-4:]


def test_a_fast_clock_only_parks_blocks() -> None:
    net = cluster(clock_offsets_us={3: 2_500_000})
    net.run(5 * 40)
    assert len(net.heads()) == 1
    parked = [t for member in net.members for t in member.traces if t.rule == "Clique.BlockParked"]
    assert parked


# -- the tie of four validators ---------------------------------------------------------------


def tie(rule: str) -> Cluster[CliqueEngine]:
    """N = 4, base 8, fork A signed by 2 and 3, fork B by 1; validator 0 is down."""
    keys = ascending(4)
    forge = Forge(keys, CliqueOptions(period=5, fork_choice=rule))  # type: ignore[arg-type]
    net = Cluster(forge.genesis, partial(CliqueEngine, forge.options), keys)
    base = forge.genesis
    trunk: list[Header] = []
    for number in range(1, 9):
        base = forge.extend(base, keys[number % 4])
        trunk.append(base)
    a1 = forge.extend(base, keys[2])
    a2 = forge.extend(a1, keys[3])
    b1 = forge.extend(base, keys[1])
    for index, fork in ((1, [b1]), (2, [a1, a2]), (3, [a1, a2])):
        member = net.members[index]
        for header in [*trunk, *fork]:
            member.store(Block(header, ()))
        member.chain.head = fork[-1].hash()
    net.crash(0)
    net._heap.clear()
    for index in (1, 2, 3):
        net.restart(index)
    net.run(100)
    for index, fork in ((1, [a1, a2]), (2, [b1]), (3, [b1])):
        for header in fork:
            net.post(index, BlockReceived(Block(header, ()), None, keys[0].address), 1)
    return net


def test_the_tie_of_four_validators_halts_under_td() -> None:
    net = tie("td")
    net.run(5 * 40)
    assert [net.members[i].head().number for i in (1, 2, 3)] == [9, 10, 10]


@pytest.mark.parametrize("rule", ["geth", "eip3436"])
def test_the_tie_of_four_validators_resolves_when_equal_heads_are_imported(rule: str) -> None:
    net = tie(rule)
    net.run(5 * 40)
    heads = {net.members[i].chain.head for i in (1, 2, 3)}
    assert len(heads) == 1
    assert net.members[1].head().number > 20


# -- crashes ----------------------------------------------------------------------------------


def children_by(signer: Address, net: Cluster[CliqueEngine]) -> list[Hash32]:
    """Give the parents on which ``signer`` sealed, over all blocks that any member ever saw."""
    seen = {
        event.block.header.hash(): event.block.header
        for member in net.members
        for event, _ in member.log
        if isinstance(event, BlockReceived)
    }
    return [h.parent_hash for h in seen.values() if recover_signer(h, VERIFIER) == signer]


def test_a_crash_that_loses_blocks_never_makes_a_second_child_of_one_parent() -> None:
    net = cluster()
    for _ in range(12):
        net.run(7)
        net.crash(1, lose_blocks=min(2, net.members[1].head().number))
        net.run(3)
        net.restart(1)
    net.run(60)
    parents = children_by(net.members[1].key.address, net)
    assert len(parents) > 5
    assert len(parents) == len(set(parents))
    assert not [e for member in net.members for e in member.evidence]


def test_a_lone_validator_that_lost_its_last_block_sends_the_same_one_again() -> None:
    net = cluster(1)
    net.run(5 * 3 + 1)
    lost = net.members[0].chain.head
    net.crash(0, lose_blocks=1)
    net.restart(0)
    net.run(1)
    assert net.members[0].chain.head == lost
    net.run(20)
    assert net.members[0].head().number > 5


# -- votes ------------------------------------------------------------------------------------


def test_votes_of_a_majority_remove_a_validator() -> None:
    net = cluster()
    for index in (0, 1, 2):
        net.post(index, ProposeValidatorVote(net.members[3].key.address, authorize=False), 10)
    net.run(5 * 12)
    gone = net.members[3].key.address
    for member in net.members:
        assert gone not in member.engine.validators_after_block(member.chain.head)
    assert gone not in sealers(net.members[0])[-5:]


def test_votes_lost_at_an_epoch_are_cast_again_while_the_proposal_is_open() -> None:
    """Only block 6 votes before the checkpoint 7; after it 8, 9 and 10 do."""
    net = cluster(4, CliqueOptions(period=5, epoch=7))
    gone = net.members[3].key.address
    for index in (0, 1, 2):
        net.post(index, ProposeValidatorVote(gone, authorize=False), 26 * 10**6)
    net.run(5 * 10 + 2)
    hashes = [block.header.hash() for block in net.members[0].branch()]
    states = [net.members[0].engine.voting_state(block_hash) for block_hash in hashes]
    assert [state is not None and len(state.votes) for state in states[5:9]] == [1, 0, 1, 2]
    assert [state is not None and state.is_signer(gone) for state in states[8:]] == [True, False]


# -- period 0 ---------------------------------------------------------------------------------


def test_with_period_0_there_is_no_block_without_transactions() -> None:
    net = cluster(4, CliqueOptions(period=0))
    net.run(60)
    assert {member.head().number for member in net.members} == {0}


def test_with_period_0_a_transaction_brings_one_block() -> None:
    net = cluster(4, CliqueOptions(period=0))
    net.transactions = (TRANSACTION,)
    for index in range(4):
        net.post(index, TransactionsWaiting(), 5)
    net.run(60)
    assert {member.head().number for member in net.members} == {1}


# -- determinism ------------------------------------------------------------------------------


def disturbed(seed: int, seconds: int = 60) -> Cluster[CliqueEngine]:
    """A run with a split, votes, equal heads and parked blocks in it."""
    net = cluster(4, CliqueOptions(period=2, epoch=9), seed=seed, clock_offsets_us={2: 1_500_000})
    net.post(0, ProposeValidatorVote(net.members[1].key.address, authorize=False), 10)
    net.connected = lambda a, b: (a < 2) == (b < 2)
    net.run(10)
    net.connected = lambda _a, _b: True
    net.announce()
    net.run(seconds)
    return net


def test_equal_seeds_give_equal_runs() -> None:
    first, second = disturbed(5), disturbed(5)
    assert [m.log for m in first.members] == [m.log for m in second.members]


def apply(chain: FakeChain, effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        if isinstance(effect, ImportBlock):
            chain.add(effect.block.header)
        elif isinstance(effect, SetHead):
            chain.head = effect.hash


def test_equal_event_lists_give_equal_snapshots_after_every_event() -> None:
    for member in disturbed(5).members:
        first, second = (replayed(member, is_restored=False) for _ in range(2))
        assert len(first) > 100
        assert first == second


def test_the_disturbed_run_shows_splits_orphans_and_early_blocks() -> None:
    """Else the tests around it would prove little."""
    seen = {trace.rule for member in disturbed(5).members for trace in member.traces}
    kinds = ("Sealed", "BlockParked", "BlockImported", "BlockOrphaned", "BlockPending")
    assert {f"Clique.{kind}" for kind in kinds} <= seen


def test_snapshot_and_restore_at_every_event_change_nothing() -> None:
    for member in disturbed(6, seconds=20).members:
        assert replayed(member, is_restored=True) == replayed(member, is_restored=False)


def replayed(
    member: Member[CliqueEngine], *, is_restored: bool
) -> list[tuple[tuple[Effect, ...], bytes]]:
    """Feed a member's events to a fresh engine; give effects and state bytes of each."""
    log: list[tuple[Event, int]] = copy.copy(member.log)
    genesis = member.chain.header_by_number(0)
    assert genesis is not None
    fresh = Member(genesis, member.make, member.key, seed=99)
    found = []
    for event, now in log:
        if is_restored:
            state = fresh.engine.snapshot()
            fresh.engine = fresh.fresh_engine()
            fresh.engine.restore(state)
        effects = fresh.engine.handle(event, now)
        apply(fresh.chain, effects)
        found.append((effects, fresh.engine.snapshot()))
    return found


def test_an_observer_follows_but_never_seals() -> None:
    net = cluster()
    observer: CliqueEngine = Forge(ascending(4), OPTIONS).engine()
    chain = observer._capabilities.chain
    assert isinstance(chain, FakeChain)
    net.run(5 * 6)
    observer.handle(Start(chain.headers[chain.head]), net.now)
    for block in net.members[0].branch():
        apply(chain, observer.handle(BlockReceived(block, None, None), net.now))
        effects = observer.handle(BlockValidated(block.header.hash(), None), net.now)
        apply(chain, effects)
        observer.handle(NewChainHead(block.header), net.now)
        assert "Clique.Sealed" not in rules(effects)
    assert chain.head == net.members[0].chain.head
