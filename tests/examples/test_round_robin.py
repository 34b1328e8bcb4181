"""The engine that readers start from does what its first paragraph says."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import examples.round_robin
from examples.round_robin import EXTRA, Engine
from node.base.errors import CodecError, ConfigError
from node.base.header import Header
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import Hash32
from node.consensus_poa.effects import ReportEvidence, SetHead, Trace
from node.consensus_poa.events import (
    BlockReceived,
    BlockValidated,
    Event,
    MessageReceived,
    NewChainHead,
    PauseSealing,
    ResumeSealing,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
)
from node.consensus_poa.extra_data import genesis_extra
from node.consensus_poa.gas_rules import next_base_fee
from node.consensus_poa.header import seal_header
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.interface import Engine as EngineProtocol
from tests.base.headers import empty_header
from tests.consensus_poa.chains import (
    GENESIS_TIME,
    VERIFIER,
    FakeChain,
    ascending,
    block,
    key,
    of_type,
    rules,
)
from tests.consensus_poa.cluster import Cluster, Member

KEYS = ascending(4)
OPTIONS = {"period": 5, "timeout": 3}
NOW = (GENESIS_TIME + 1_000) * 10**6


def genesis_header(keys: list[PrivateKey] = KEYS) -> Header:
    extra_data = genesis_extra([k.address for k in keys])
    return replace(empty_header(), timestamp=GENESIS_TIME, extra_data=extra_data)


def cluster(size: int = 4, **fields: Any) -> Cluster[Engine]:
    keys = ascending(size)
    return Cluster(genesis_header(keys), partial(Engine, OPTIONS), keys, **fields)


def engine_on(genesis: Header, signer: PrivateKey | None = None) -> Engine:
    chain = FakeChain(genesis)
    return Engine(OPTIONS, Capabilities(chain, VERIFIER, TreeEntropy(1, "example"), signer))


def child(parent: Header, signer: int, silences: int = 0, **fields: Any) -> Header:
    """Give block 1 or later of ``signer``, by default right for this many silences."""
    header = replace(
        parent,
        parent_hash=parent.hash(),
        number=parent.number + 1,
        timestamp=parent.timestamp + 5 + 3 * silences,
        extra_data=EXTRA,
        coinbase=KEYS[signer].address,
        difficulty=4 - silences,
        base_fee=next_base_fee(parent),
    )
    return seal_header(replace(header, **fields), KEYS[signer])


def as_engine(engine: Engine) -> EngineProtocol:
    """mypy checks here that the example has the shape of an engine."""
    return engine


def test_the_example_has_less_than_150_lines() -> None:
    assert examples.round_robin.__file__ is not None
    assert len(Path(examples.round_robin.__file__).read_text("utf-8").splitlines()) < 150


def test_four_validators_take_turns() -> None:
    net = cluster()
    net.run(5 * 20 + 2)
    assert len(net.heads()) == 1
    keys = [member.key.address for member in net.members]
    branch = net.members[0].branch()
    assert len(branch) == 20
    assert [b.header.coinbase for b in branch] == [keys[n % 4] for n in range(1, 21)]


def test_a_silent_validator_is_passed_over_after_the_timeout() -> None:
    net = cluster()
    net.crash(2)
    net.run(5 * 20 + 4 * 3 + 3)
    up = net.members[0]
    assert len({net.members[i].chain.head for i in (0, 1, 3)}) == 1
    times = [b.header.timestamp for b in up.branch()]
    gaps = [late - early for early, late in pairwise(times)]
    assert sorted(set(gaps)) == [5, 8]
    assert {b.header.difficulty for b in up.branch()} == {4, 3}
    assert net.members[2].key.address not in {b.header.coinbase for b in up.branch()}


def test_one_of_three_left_alone_goes_on() -> None:
    net = cluster(3)
    net.crash(0)
    net.crash(1)
    net.run(200)
    assert net.members[2].head().number > 20


def test_after_a_split_the_less_silent_side_wins() -> None:
    net = cluster(5)
    net.connected = lambda a, b: (a < 3) == (b < 3)
    net.run(60)
    assert len(net.heads()) == 2
    heavy = net.members[0].chain.head
    net.connected = lambda _a, _b: True
    net.announce()
    net.run(60)
    assert len(net.heads()) == 1
    assert heavy in {b.header.hash() for b in net.members[4].branch()}


def test_a_crash_that_loses_blocks_never_seals_a_height_twice() -> None:
    net = cluster(3)
    for _ in range(8):
        net.run(9)
        net.crash(1, lose_blocks=min(2, net.members[1].head().number))
        net.restart(1)
    net.run(40)
    assert len(net.heads()) == 1
    assert not [e for member in net.members for e in member.evidence]
    sealed = {
        event.block.header.hash(): event.block.header
        for member in net.members
        for event, _ in member.log
        if isinstance(event, BlockReceived)
    }
    own = [h.number for h in sealed.values() if h.coinbase == net.members[1].key.address]
    assert len(own) == len(set(own)) > 4


def test_snapshot_and_restore_at_every_event_change_nothing() -> None:
    net = cluster(4, clock_offsets_us={2: 1_500_000})
    net.connected = lambda a, b: (a < 2) == (b < 2)
    net.run(25)
    net.connected = lambda _a, _b: True
    net.announce()
    net.run(25)
    member = net.members[1]
    runs = []
    for is_restored in (False, True):
        fresh = Member(genesis_header(), member.make, member.key, seed=9)
        found = []
        for event, now in member.log:
            if is_restored:
                state = fresh.engine.snapshot()
                fresh.engine = fresh.fresh_engine()
                fresh.engine.restore(state)
            effects = fresh.engine.handle(event, now)
            for effect in effects:
                if type(effect).__name__ == "ImportBlock":
                    fresh.store(effect.block)  # type: ignore[union-attr]
                elif isinstance(effect, SetHead):
                    fresh.chain.head = effect.hash
            found.append((effects, fresh.engine.snapshot()))
        runs.append(found)
    assert len(runs[0]) > 40
    assert runs[0] == runs[1]


# -- headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("signer", "silences"), [(1, 0), (2, 1), (3, 2), (0, 3)])
def test_the_turn_passes_from_one_to_the_next(signer: int, silences: int) -> None:
    genesis = genesis_header()
    assert engine_on(genesis).verify_header(child(genesis, signer, silences), genesis) is None


ONE = Hash32(b"\x01" * 32)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"nonce": b"\x01" * 8}, "invalid_constant"),
        ({"mix_hash": ONE}, "invalid_constant"),
        ({"ommers_hash": ONE}, "invalid_constant"),
        ({"withdrawals_root": ONE}, "invalid_constant"),
        ({"extra_data": bytes(98)}, "invalid_extra_data"),
        ({"parent_hash": ONE}, "unknown_ancestor"),
        ({"number": 2}, "unknown_ancestor"),
        ({"coinbase": KEYS[0].address}, "unauthorized_signer"),
        ({"timestamp": GENESIS_TIME + 4}, "not_its_turn"),
        ({"difficulty": 3}, "wrong_difficulty"),
        ({"gas_used": 30_000_001}, "invalid_gas_used"),
    ],
)
def test_a_broken_rule_is_named(fields: dict[str, Any], error: str) -> None:
    genesis = genesis_header()
    assert engine_on(genesis).verify_header(child(genesis, 1, **fields), genesis) == error


def test_a_wrong_sealer_is_refused() -> None:
    genesis = genesis_header()
    engine = engine_on(genesis)
    engine.handle(Start(genesis), NOW)
    before_its_turn = child(genesis, 2, 0, difficulty=3)
    stranger = key("stranger")
    foreign = seal_header(replace(child(genesis, 1), coinbase=stranger.address), stranger)
    for header, error in ((before_its_turn, "not_its_turn"), (foreign, "unauthorized_signer")):
        effects = engine.handle(BlockReceived(block(header), None, None), NOW)
        (refused,) = of_type(effects, Trace)
        assert isinstance(refused, Trace)
        assert dict(refused.data)["error"] == error


def test_a_double_seal_is_evidence() -> None:
    genesis = genesis_header()
    engine = engine_on(genesis)
    engine.handle(Start(genesis), NOW)
    pair = [child(genesis, 1, gas_used=used) for used in (0, 1)]
    found = [engine.handle(BlockReceived(block(h), None, None), NOW) for h in pair]
    assert [len(of_type(effects, ReportEvidence)) for effects in found] == [0, 1]


# -- settings and state -----------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"period": 0}, {"timeout": "3"}, {"timeout": -1}])
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    lent = Capabilities(FakeChain(genesis_header()), VERIFIER, TreeEntropy(1, "x"))
    with pytest.raises(ConfigError, match="period"):
        Engine(options, lent)


@pytest.mark.parametrize("length", [17, 97, 98, 0])
def test_a_genesis_that_lists_nobody_is_refused(length: int) -> None:
    with pytest.raises(ConfigError, match="genesis"):
        engine_on(replace(genesis_header(), extra_data=bytes(length)))


def test_a_foreign_log_makes_an_observer() -> None:
    genesis = genesis_header()
    engine = engine_on(genesis, KEYS[1])
    effects = engine.handle(Start(genesis, (b"rubbish",)), NOW)
    assert rules(effects) == ["RoundRobin.Started", "RoundRobin.WalRefused"]


def test_bytes_that_are_no_snapshot_are_refused() -> None:
    with pytest.raises(CodecError):
        as_engine(engine_on(genesis_header())).restore(b"\x80")


GENESIS = genesis_header()
FIRST = child(GENESIS, 1)
HEADERS = st.sampled_from(
    [GENESIS, FIRST, child(GENESIS, 2, 1), child(FIRST, 2), child(FIRST, 2, number=9)]
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        BlockReceived, HEADERS.map(block), st.none(), st.sampled_from([None, KEYS[0].address])
    ),
    st.builds(BlockValidated, HEADERS.map(lambda h: h.hash()), st.sampled_from([None, "bad"])),
    st.builds(NewChainHead, HEADERS),
    st.builds(TimerExpired, st.builds(TimerId, st.sampled_from(TimerKind), st.just(0))),
    st.builds(MessageReceived, st.binary(max_size=9), st.just(ONE), st.just(KEYS[0].address)),
    st.sampled_from([PauseSealing(), ResumeSealing(), Start(GENESIS)]),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(EVENTS, st.integers(-5, 40)), max_size=30))
def test_no_event_raises(events: list[tuple[Event, int]]) -> None:
    engine = engine_on(GENESIS, KEYS[1])
    for event, seconds in events:
        engine.handle(event, (GENESIS_TIME + seconds) * 10**6)
        engine.restore(engine.snapshot())
