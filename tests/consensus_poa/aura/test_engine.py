"""The engine as a whole: total, deterministic, honest about what it does not know."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.block import Block
from node.base.errors import CodecError, UnknownBlockError
from node.base.types import Address, Hash32
from node.consensus_poa.aura.engine import AuraEngine, prune_wal
from node.consensus_poa.events import (
    BlockBuilt,
    BlockReceived,
    BlockValidated,
    DiscardValidatorVote,
    Event,
    MessageReceived,
    NewChainHead,
    PauseSealing,
    ProposeValidatorVote,
    ResumeSealing,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
    TransactionsWaiting,
)
from node.consensus_poa.interface import Engine
from node.consensus_poa.wal import WalEntry
from tests.consensus_poa.aura.forge import AuraForge, now_at
from tests.consensus_poa.chains import ascending, block, rules
from tests.consensus_poa.registries import addresses

KEYS = ascending(4)
NOWHERE = Hash32(b"\x77" * 32)


def as_engine(engine: AuraEngine) -> Engine:
    """mypy checks here that AuRa has the shape of an engine."""
    return engine


def test_before_start_every_event_is_ignored() -> None:
    forge = AuraForge(KEYS)
    engine = as_engine(forge.engine(KEYS[1]))
    for event in (NewChainHead(forge.genesis), ResumeSealing(), TransactionsWaiting()):
        assert rules(engine.handle(event, 0)) == ["AuRa.Ignored"]


def test_a_second_start_is_ignored() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started(KEYS[1])
    before = engine.snapshot()
    assert rules(engine.handle(Start(forge.genesis), 0)) == ["AuRa.Ignored"]
    assert engine.snapshot() == before


def test_votes_and_messages_of_other_engines_are_ignored() -> None:
    engine = AuraForge(KEYS).started()
    subject = KEYS[0].address
    for event in (
        MessageReceived(b"vote", NOWHERE, subject),
        ProposeValidatorVote(subject, authorize=True),
        DiscardValidatorVote(subject),
        TransactionsWaiting(),
    ):
        assert rules(engine.handle(event, 0)) == ["AuRa.Ignored"]


def test_who_made_a_block_is_its_signer() -> None:
    forge = AuraForge(KEYS)
    header = forge.seal(forge.genesis)
    assert forge.engine().signer_of(header) == header.coinbase
    assert forge.engine().signer_of(forge.genesis) is None


def test_sets_of_unknown_blocks_are_not_guessed() -> None:
    engine = AuraForge(KEYS).started()
    for ask in (engine.validators_after_block, engine.validators_for_block):
        with pytest.raises(UnknownBlockError):
            ask(NOWHERE)


def test_headers_that_are_not_stored_can_be_verified_in_a_row() -> None:
    forge = AuraForge(KEYS)
    engine = forge.engine()
    parent = forge.genesis
    for header in forge.branch(forge.genesis, *([0] * 12)):
        assert engine.verify_header(header, parent) is None
        parent = header
    assert engine.validators_after_block(parent.hash()) == addresses(KEYS)


def test_a_parent_whose_past_is_unknown_is_no_parent() -> None:
    forge = AuraForge(KEYS)
    first, second, third = forge.branch(forge.genesis, 0, 0, 0)
    assert forge.engine().verify_header(third, second) == "unknown_ancestor"
    assert forge.engine().verify_header(second, first) is None


def test_bytes_that_are_no_snapshot_leave_the_state() -> None:
    engine = AuraForge(KEYS).started(KEYS[0])
    before = engine.snapshot()
    with pytest.raises(CodecError):
        engine.restore(b"\x80")
    assert engine.snapshot() == before


def test_pruning_keeps_the_newest_seal_and_standings() -> None:
    author = KEYS[0].address
    log = [
        WalEntry(kind, NOWHERE, author, bytes([place])).encode()
        for place, kind in enumerate(["seal", "standing"] * 6)
    ]
    kept = prune_wal(log, 7)
    assert [WalEntry.decode(entry).kind for entry in kept].count("standing") == 4
    assert [e for e in kept if WalEntry.decode(e).kind == "seal"] == [log[10]]


FORGE = AuraForge(KEYS)
CHAIN = FORGE.branch(FORGE.genesis, 0, 0, 1, 0)
SIDE = FORGE.branch(CHAIN[0], 2, 0, 0)
WRONG = [
    FORGE.seal(CHAIN[1], nonce=b"\x01" * 8),
    FORGE.seal(CHAIN[1], difficulty=3),
    FORGE.seal(CHAIN[1], mix_hash=b"\xff" * 32),
    FORGE.seal(CHAIN[1], skip=60),
    FORGE.seal(FORGE.genesis, extra_data=b""),
    FORGE.seal(FORGE.genesis, number=2**63, timestamp=2**64 - 1),
]
HEADERS = st.sampled_from([FORGE.genesis, *CHAIN, *SIDE, *WRONG])
PEERS = st.sampled_from([None, KEYS[0].address, Address(b"\x09" * 20)])
HASHES = st.one_of(HEADERS.map(lambda header: header.hash()), st.just(NOWHERE))
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(BlockReceived, HEADERS.map(block), st.none(), PEERS),
    st.builds(BlockValidated, HASHES, st.sampled_from([None, "state_root", "body_mismatch"])),
    st.builds(NewChainHead, HEADERS),
    st.builds(
        TimerExpired, st.builds(TimerId, st.sampled_from(TimerKind), st.integers(0, 1), st.just(0))
    ),
    st.builds(
        BlockBuilt, st.integers(0, 4), st.one_of(st.none(), HEADERS.map(lambda h: Block(h, ())))
    ),
    st.builds(MessageReceived, st.binary(max_size=40), st.just(NOWHERE), st.just(KEYS[0].address)),
    st.sampled_from([PauseSealing(), ResumeSealing(), TransactionsWaiting()]),
    st.builds(Start, HEADERS, st.lists(st.binary(max_size=9), max_size=2).map(tuple)),
)


@settings(max_examples=60)
@given(st.booleans(), st.lists(st.tuples(EVENTS, st.integers(-10, 60)), min_size=1, max_size=40))
def test_no_event_raises_and_equal_events_give_equal_states(
    starts: bool, events: list[tuple[Event, int]]
) -> None:
    states = []
    for _ in range(2):
        forge = AuraForge(KEYS)
        engine = forge.started(KEYS[1]) if starts else forge.engine(KEYS[1])
        for event, seconds in events:
            engine.handle(event, now_at(forge.genesis, seconds))
            again = forge.engine(KEYS[1])
            again.restore(engine.snapshot())
            assert again.snapshot() == engine.snapshot()
        states.append(engine.snapshot())
    assert states[0] == states[1]
