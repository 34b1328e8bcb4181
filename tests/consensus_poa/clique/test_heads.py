"""Import, fork choice and the order of head moves."""

from dataclasses import replace

import pytest

from node.base.header import Header
from node.base.limits import SNAPSHOT_INTERVAL_BLOCKS_MAX
from node.base.types import Hash32
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.snapshot import decode_snapshot
from node.consensus_poa.effects import AppendWal, Effect, ScheduleTimer, SetHead
from node.consensus_poa.events import BlockReceived, BlockValidated, NewChainHead, Start
from node.consensus_poa.wal import WalEntry
from tests.consensus_poa.chains import LATER, Forge, ascending, block, of_type, rules

KEYS = ascending(4)


def take(engine: CliqueEngine, header: Header) -> tuple[Effect, ...]:
    """Let an engine import a header that the chain does not show yet."""
    engine.handle(BlockReceived(block(header), None, None), LATER)
    return engine.handle(BlockValidated(header.hash(), None), LATER)


def chain_of(forge: Forge, *signers: int) -> list[Header]:
    shadow = Forge(KEYS, forge.options)
    made, parent = [], shadow.genesis
    for index in signers:
        parent = shadow.extend(parent, KEYS[index])
        made.append(parent)
    return made


def test_blocks_may_follow_each_other_before_the_chain_shows_the_first() -> None:
    forge = Forge(KEYS)
    engine = forge.started(KEYS[0])
    for header in chain_of(forge, 1, 2, 3):
        assert of_type(take(engine, header), SetHead) == [SetHead(header.hash(), 0)]


def test_an_outdated_head_arms_nothing() -> None:
    forge = Forge(KEYS)
    engine = forge.started(KEYS[3])
    first, second = chain_of(forge, 1, 2)
    take(engine, first)
    take(engine, second)
    forge.chain.add(first)
    effects = engine.handle(NewChainHead(first), LATER)
    assert rules(effects) == ["Clique.HeadOutdated"]
    forge.chain.add(second)
    effects = engine.handle(NewChainHead(second), LATER)
    assert [type(e) for e in effects if isinstance(e, ScheduleTimer)] == [ScheduleTimer]


def test_a_newer_answer_settles_the_older_ones() -> None:
    forge = Forge(KEYS)
    engine = forge.started(KEYS[3])
    first, second = chain_of(forge, 1, 2)
    take(engine, first)
    take(engine, second)
    forge.chain.add(first)
    forge.chain.add(second)
    assert "Clique.HeadSettled" in rules(engine.handle(NewChainHead(second), LATER))


def test_sync_may_move_the_head_anywhere() -> None:
    forge = Forge(KEYS)
    engine = forge.started(KEYS[0])
    blocks = chain_of(forge, 1, 2, 3)
    for header in blocks:
        forge.chain.add(header)
    effects = engine.handle(NewChainHead(blocks[2]), LATER)
    assert "Clique.HeadSettled" in rules(effects)
    assert len(of_type(effects, ScheduleTimer)) == 1


def test_the_head_of_sync_replaces_moves_under_way() -> None:
    forge = Forge(KEYS)
    engine = forge.started(KEYS[0])
    (light,) = chain_of(forge, 2)
    heavy = chain_of(forge, 1, 2)
    take(engine, light)
    for header in heavy:
        forge.chain.add(header)
    assert "Clique.HeadSettled" in rules(engine.handle(NewChainHead(heavy[1]), LATER))


def test_a_heavier_candidate_wins_and_an_unknown_one_never() -> None:
    forge = Forge(KEYS)
    engine = forge.engine()
    in_turn = forge.seal(forge.genesis, KEYS[1])
    out_of_turn = forge.seal(forge.genesis, KEYS[2])
    assert engine.fork_choice(out_of_turn, in_turn)
    assert not engine.fork_choice(in_turn, out_of_turn)
    nowhere = replace(in_turn, parent_hash=Hash32(b"\x01" * 32))
    assert not engine.fork_choice(out_of_turn, nowhere)
    assert not engine.fork_choice(nowhere, in_turn)


@pytest.mark.parametrize(("first", "second"), [(2, 3), (3, 0), (2, 0)])
def test_eip3436_prefers_whose_turn_is_longest_ago(first: int, second: int) -> None:
    """Block 1: distances (1 - index) mod 4 are 3 for index 2, 2 for 3, 1 for 0."""
    forge = Forge(KEYS, CliqueOptions(fork_choice="eip3436"))
    engine = forge.engine()
    longer, shorter = (forge.seal(forge.genesis, KEYS[i]) for i in (first, second))
    assert engine.fork_choice(shorter, longer)
    assert not engine.fork_choice(longer, shorter)


def test_geth_keeps_and_takes_what_it_sealed_itself() -> None:
    forge = Forge(KEYS, CliqueOptions(fork_choice="geth"))
    engine = forge.engine(KEYS[2])
    own, other = forge.seal(forge.genesis, KEYS[2]), forge.seal(forge.genesis, KEYS[3])
    assert engine.fork_choice(other, own)
    assert not engine.fork_choice(own, other)


def test_two_genesis_headers_of_equal_weight_are_compared_by_hash() -> None:
    forge = Forge(KEYS)
    other = replace(forge.genesis, timestamp=1)
    forge.chain.headers[other.hash()] = other
    forge.chain.weights[other.hash()] = 1
    engine = forge.engine()
    wins = engine.fork_choice(forge.genesis, other)
    assert wins == (other.hash() < forge.genesis.hash())


def test_every_1024th_snapshot_goes_to_the_log_and_comes_back() -> None:
    forge = Forge(KEYS, CliqueOptions(period=1))
    head = forge.genesis
    for number in range(1, SNAPSHOT_INTERVAL_BLOCKS_MAX):
        head = forge.extend(head, KEYS[number % 4])
    forge.chain.head = head.hash()
    engine = forge.started()
    last = forge.seal(head, KEYS[0])
    (logged,) = of_type(take(engine, last), AppendWal)
    assert isinstance(logged, AppendWal)
    stored_hash, snapshot = decode_snapshot(WalEntry.decode(logged.entry).payload)
    assert stored_hash == last.hash()
    assert snapshot == engine.voting_state(last.hash())
    forge.chain.add(last)
    child = forge.extend(last, KEYS[1])
    del forge.chain.headers[last.parent_hash]
    blind = forge.engine()
    blind.handle(Start(child, (logged.entry,)), LATER)
    assert blind.voting_state(child.hash()) is not None
    assert forge.engine().voting_state(child.hash()) is None
