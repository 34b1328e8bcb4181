"""The bytes of an engine's state."""

import pytest

from node.base import codec
from node.base.errors import CodecError
from node.base.types import Hash32
from node.consensus_poa.effects import BuildBlock
from node.consensus_poa.events import TimerId, TimerKind
from node.consensus_poa.ibft1.state import (
    Ballot,
    Early,
    Ibft1State,
    Proposal,
    Sealed,
    Sent,
)
from tests.consensus_poa.ibft1.chains import Forge


def hash_of(value: int) -> Hash32:
    return Hash32(bytes([value]) * 32)


def full() -> Ibft1State:
    """Give a state in which every field holds something."""
    forge = Forge()
    block = forge.propose(forge.genesis, forge.keys[0])
    own = forge.keys[0].address
    state = Ibft1State()
    state.head, state.head_hash = forge.genesis, forge.genesis.hash()
    state.validators, state.previous = tuple(k.address for k in forge.keys), own
    state.round, state.requests = 3, 4
    votes = state.round_at(3)
    votes.proposal, votes.accepted, votes.is_prepared = Proposal(block, b"raw"), hash_of(1), True
    votes.prepares[own] = Ballot(hash_of(1), b"", b"p")
    votes.commits[own] = Ballot(hash_of(2), b"seal", b"c")
    votes.reported[own, 1] = None
    state.round_changes[4] = {own: None}
    state.locked = state.own_block = block
    state.decided = hash_of(3)
    state.sent[3, 1] = Sent(hash_of(4), b"sent")
    state.build = BuildBlock(4, hash_of(5), 2**65, b"extra", own, bytes(8), 1, hash_of(6))
    for table in (state.validating, state.valid):
        table[hash_of(7)] = hash_of(11)
    state.bad[hash_of(7)] = None
    state.candidates[hash_of(8)] = Sealed(block, b"proof", own)
    state.waiting[hash_of(9)] = Sealed(block, None, None)
    state.backlog[hash_of(10)] = Early(2, b"early", own)
    state.timers[TimerId(TimerKind.ROUND, 1, 3)] = 2**70
    state.proposals[own] = True
    state.syncs[5, b""] = 1_000
    state.is_started = state.is_waiting = state.has_transactions = True
    state.is_paused = state.is_observer = state.is_halted = True
    return state


def test_every_field_comes_back() -> None:
    assert Ibft1State.decode(full().encode()) == full()
    assert Ibft1State.decode(Ibft1State().encode()) == Ibft1State()


def test_equal_states_have_equal_bytes_and_order_counts() -> None:
    assert full().encode() == full().encode()
    first, second = Ibft1State(), Ibft1State()
    for state, order in ((first, (1, 2)), (second, (2, 1))):
        for value in order:
            state.bad[hash_of(value)] = None
    assert first.encode() != second.encode()


def test_each_missing_or_wrong_field_is_a_codec_error() -> None:
    found = codec.unpack(full().encode())
    for name in found:
        with pytest.raises(CodecError):
            Ibft1State.decode(codec.pack({k: v for k, v in found.items() if k != name}))
        if name not in ("head_hash", "previous", "decided"):
            with pytest.raises(CodecError):
                Ibft1State.decode(codec.pack({**found, name: 7}))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x01", b"\xc1"])
def test_other_bytes_are_no_state(data: bytes) -> None:
    with pytest.raises(CodecError):
        Ibft1State.decode(data)
