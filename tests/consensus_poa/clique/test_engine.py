"""The engine as a whole: total, deterministic, honest about what it does not know."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.block import Block
from node.base.errors import CodecError, UnknownBlockError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.effects import ImportBlock, ScheduleTimer, SetHead, ValidateBlock
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
from tests.consensus_poa.chains import (
    GENESIS_TIME,
    LATER,
    Forge,
    ascending,
    block,
    of_type,
    rules,
)

KEYS = ascending(4)
NOWHERE = Hash32(b"\x77" * 32)


def as_engine(engine: CliqueEngine) -> Engine:
    """mypy checks here that Clique has the shape of an engine."""
    return engine


def test_before_start_every_event_is_ignored() -> None:
    forge = Forge(KEYS)
    engine = as_engine(forge.engine(KEYS[1]))
    events: list[Event] = [NewChainHead(forge.genesis), ResumeSealing(), TransactionsWaiting()]
    for event in events:
        assert [rules(engine.handle(event, LATER))] == [["Clique.Ignored"]]


def test_a_second_start_is_ignored() -> None:
    forge = Forge(KEYS)
    engine = forge.started(KEYS[1])
    before = engine.snapshot()
    assert rules(engine.handle(Start(forge.genesis), LATER)) == ["Clique.Ignored"]
    assert engine.snapshot() == before


def test_a_timer_that_is_not_armed_is_ignored() -> None:
    engine = Forge(KEYS).started(KEYS[1])
    for kind in TimerKind:
        assert rules(engine.handle(TimerExpired(TimerId(kind, 9)), LATER)) == ["Clique.Ignored"]


def test_a_timer_that_fires_before_its_deadline_is_armed_again() -> None:
    forge = Forge(KEYS)
    engine = forge.engine(KEYS[1])
    (armed,) = of_type(engine.handle(Start(forge.genesis), GENESIS_TIME * 10**6), ScheduleTimer)
    assert isinstance(armed, ScheduleTimer)
    assert engine.handle(TimerExpired(armed.timer), armed.at - 1) == (armed,)


def test_messages_of_other_engines_are_ignored() -> None:
    engine = Forge(KEYS).started()
    event = MessageReceived(b"vote", NOWHERE, KEYS[0].address)
    assert rules(engine.handle(event, LATER)) == ["Clique.Ignored"]


def test_validators_of_a_block_are_those_after_its_parent() -> None:
    forge = Forge(KEYS[:3])
    target = KEYS[2].address
    head, hashes = forge.genesis, []
    for index in (0, 1):
        head = forge.extend(head, KEYS[index], vote=(target, False))
        hashes.append(head.hash())
    engine = forge.engine()
    three, two = (tuple(k.address for k in KEYS[:count]) for count in (3, 2))
    assert engine.validators_for_block(hashes[1]) == three
    assert engine.validators_after_block(hashes[1]) == two
    assert engine.validators_after_block(hashes[0]) == three


def test_validators_of_an_unknown_block_are_an_error_that_names_it() -> None:
    engine = Forge(KEYS).engine()
    for ask in (engine.validators_for_block, engine.validators_after_block):
        with pytest.raises(UnknownBlockError, match="7777"):
            ask(NOWHERE)
    assert engine.voting_state(NOWHERE) is None


def test_genesis_has_no_signer_and_other_blocks_have() -> None:
    forge = Forge(KEYS)
    header = forge.seal(forge.genesis, KEYS[1])
    assert forge.engine().signer_of(forge.genesis) is None
    assert forge.engine().signer_of(header) == KEYS[1].address


def test_headers_can_be_verified_ahead_of_their_blocks() -> None:
    forge = Forge(KEYS)
    shadow = Forge(KEYS)
    engine, parent = forge.engine(), forge.genesis
    for number in range(1, 9):
        header = shadow.extend(parent, KEYS[number % 4])
        assert engine.verify_header(header, parent) is None
        parent = header


def test_a_parent_that_is_not_stored_will_do_if_its_own_parent_is() -> None:
    forge, shadow = Forge(KEYS), Forge(KEYS)
    first = shadow.extend(shadow.genesis, KEYS[1])
    second = shadow.seal(first, KEYS[2])
    assert forge.engine().verify_header(second, first) is None


def test_verifying_changes_no_state() -> None:
    forge = Forge(KEYS)
    engine = forge.started(KEYS[1])
    before = engine.snapshot()
    engine.verify_header(forge.seal(forge.genesis, KEYS[1]), forge.genesis)
    assert engine.snapshot() == before


def test_bytes_that_are_no_state_leave_the_engine_as_it_was() -> None:
    engine = Forge(KEYS).started(KEYS[1])
    before = engine.snapshot()
    with pytest.raises(CodecError):
        engine.restore(before[:-1])
    assert engine.snapshot() == before


# -- random events ----------------------------------------------------------------------------

FORGE = Forge(KEYS, CliqueOptions(period=1, epoch=4))


def pool_of_headers() -> list[Header]:
    """Give right, wrong, linked and unlinked headers, low and high."""
    found, parents = [FORGE.genesis], [FORGE.genesis]
    shadow = Forge(KEYS, FORGE.options)
    for number in range(1, 7):
        parent = parents[-1]
        right = shadow.seal(parent, KEYS[number % 4])
        other = shadow.seal(parent, KEYS[(number + 1) % 4])
        clone = shadow.seal(parent, KEYS[number % 4], gas_used=1)
        shadow.chain.add(right)
        parents.append(right)
        found += [right, other, clone, shadow.seal(parent, KEYS[0], nonce=b"\x01" * 8)]
    bad: list[dict[str, object]] = [
        {"number": 2**64 - 1},
        {"timestamp": 2**64 - 1},
        {"timestamp": GENESIS_TIME + 20},
        {"difficulty": 2**256 - 1},
        {"gas_limit": 2**64 - 1},
        {"extra_data": b""},
        {"parent_hash": NOWHERE},
        {"base_fee": None},
        {"number": 0},
    ]
    return found + [shadow.unsealed(parents[2], KEYS[3], **fields) for fields in bad]


HEADERS = pool_of_headers()
HASHES = [header.hash() for header in HEADERS] + [NOWHERE]
BLOCKS = st.builds(
    Block, st.sampled_from(HEADERS), st.sampled_from([(), (b"\x02\xc0",), (b"\xc0", b"\xc1\x01")])
)
PEERS = st.sampled_from([None, KEYS[0].address, Address(b"\x09" * 20)])
ADDRESSES = st.sampled_from([k.address for k in KEYS] + [Address(bytes(20)), Address(b"x")])
ERRORS = st.sampled_from([None, None, None, "body_mismatch", "state_root"])
TIMERS = st.builds(
    TimerId, st.sampled_from(TimerKind), st.integers(0, 8), st.sampled_from([0, 0, 1])
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Start, st.sampled_from(HEADERS), st.just(())),
    st.builds(Start, st.just(FORGE.genesis), st.lists(st.binary(max_size=9)).map(tuple)),
    st.builds(NewChainHead, st.sampled_from(HEADERS)),
    st.builds(BlockReceived, BLOCKS, st.none(), PEERS),
    st.builds(BlockReceived, BLOCKS, st.none(), PEERS),
    st.builds(BlockValidated, st.sampled_from(HASHES), ERRORS),
    st.builds(BlockValidated, st.sampled_from(HASHES), ERRORS),
    st.builds(BlockBuilt, st.integers(0, 4), st.one_of(st.none(), BLOCKS), st.none()),
    st.builds(TimerExpired, TIMERS),
    st.builds(MessageReceived, st.binary(max_size=9), st.sampled_from(HASHES), ADDRESSES),
    st.builds(ProposeValidatorVote, ADDRESSES, st.booleans()),
    st.builds(DiscardValidatorVote, ADDRESSES),
    st.sampled_from([PauseSealing(), ResumeSealing(), TransactionsWaiting()]),
)
TIMES = st.integers(0, 40).map(lambda s: (GENESIS_TIME + s) * 10**6)


@settings(max_examples=50)
@given(st.lists(st.tuples(EVENTS, TIMES), max_size=40), st.integers(0, 3), st.booleans())
def test_no_list_of_events_raises_and_every_state_comes_back(
    events: list[tuple[Event, int]], index: int, starts: bool
) -> None:
    forge = Forge(KEYS, FORGE.options)
    engine = forge.engine(KEYS[index])
    if starts:
        engine.handle(Start(forge.genesis), GENESIS_TIME * 10**6)
    for event, now in events:
        for effect in engine.handle(event, now):
            if isinstance(effect, ImportBlock):
                forge.chain.add(effect.block.header)
            elif isinstance(effect, SetHead):
                forge.chain.head = effect.hash
        state = engine.snapshot()
        again = forge.engine(KEYS[index])
        again.restore(state)
        assert again.snapshot() == state


@settings(max_examples=30)
@given(st.permutations(range(12)), st.integers(0, 10))
def test_blocks_in_any_order_lead_to_one_head(order: list[int], repeated: int) -> None:
    """Reordered and repeated deliveries: eip3436 chooses the same head from the same blocks."""
    forge, shadow = Forge(KEYS), Forge(KEYS)
    blocks, left, right = [], shadow.genesis, shadow.genesis
    for step in range(6):
        left = shadow.extend(left, KEYS[(1, 2, 3, 0, 1, 2)[step]])
        right = shadow.extend(right, KEYS[(2, 3, 1, 2, 0, 1)[step]])
        blocks += [left, right]
    engine = forge.started()
    for index in (*order, order[repeated]):
        pending: list[Event] = [BlockReceived(block(blocks[index]), None, None)]
        while pending:
            for effect in engine.handle(pending.pop(0), LATER):
                if isinstance(effect, ImportBlock):
                    forge.chain.add(effect.block.header)
                elif isinstance(effect, SetHead):
                    forge.chain.head = effect.hash
                elif isinstance(effect, ValidateBlock):
                    pending.append(BlockValidated(effect.block.header.hash(), None))
    assert forge.chain.head == left.hash()
