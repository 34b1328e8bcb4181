"""The bytes of an engine's state."""

import pytest

from node.base import codec
from node.base.errors import CodecError
from node.base.types import Address, Hash32
from node.consensus_poa.chain_state import Imported, Waiting
from node.consensus_poa.clique.state import CliqueState
from node.consensus_poa.effects import BuildBlock
from node.consensus_poa.events import TimerId, TimerKind
from tests.consensus_poa.chains import Forge, ascending, block

KEYS = ascending(4)


def hash_of(value: int) -> Hash32:
    return Hash32(bytes([value]) * 32)


def full() -> CliqueState:
    """Give a state in which every field holds something."""
    forge = Forge(KEYS)
    first = forge.extend(forge.genesis, KEYS[1])
    second = forge.extend(first, KEYS[2])
    state = CliqueState()
    state.head, state.head_hash = first, first.hash()
    state.head_moves = [hash_of(1), hash_of(2)]
    state.is_paused, state.is_observer, state.has_transactions = True, False, True
    state.timers = {TimerId(TimerKind.FUTURE, 0): 7, TimerId(TimerKind.BLOCK, 2): 2**70}
    state.seal_time = 2**65
    state.build = BuildBlock(
        4, hash_of(3), 2**65, b"x" * 97, KEYS[0].address, bytes(8), 2, hash_of(0)
    )
    state.requests = 4
    state.proposals = {KEYS[2].address: True, KEYS[1].address: False}
    state.guards[hash_of(4)] = hash_of(5)
    state.parked[hash_of(6)] = Waiting(block(second), KEYS[0].address)
    state.orphans[hash_of(7)] = Waiting(block(second, b"\x02\xc0", b"\xc0"), None)
    state.validating[hash_of(8)] = Waiting(block(second), KEYS[3].address)
    state.bad[hash_of(9)] = None
    state.seals[hash_of(10), KEYS[1].address] = b"header"
    state.syncs[5, b""] = 1_000
    state.imported[hash_of(11)] = Imported(first, 2**300)
    return state


def test_every_field_comes_back() -> None:
    state = full()
    assert CliqueState.decode(state.encode()) == state
    assert CliqueState.decode(CliqueState().encode()) == CliqueState()


def test_equal_states_have_equal_bytes() -> None:
    assert full().encode() == full().encode()


def test_the_order_of_what_waits_is_part_of_the_state() -> None:
    first, second = CliqueState(), CliqueState()
    for state, order in ((first, (1, 2)), (second, (2, 1))):
        for value in order:
            state.bad[hash_of(value)] = None
    assert first.encode() != second.encode()


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x80", CliqueState().encode()[:-1], CliqueState().encode() + b"\0"]
)
def test_bytes_that_are_no_state_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        CliqueState.decode(data)


def test_a_state_with_a_wrong_field_is_refused() -> None:
    fields = codec.unpack(full().encode())
    for name in ("timers", "parked", "imported", "flags", "proposals", "head", "build"):
        with pytest.raises(CodecError):
            CliqueState.decode(codec.pack({**fields, name: [[1]]}))


def test_a_restored_state_still_knows_its_limits() -> None:
    state = CliqueState.decode(full().encode())
    assert state.bad.entries_max == 1_024
    assert state.parked.entries_max == state.orphans.entries_max == 256


def test_a_peer_is_an_address_or_nobody() -> None:
    state = CliqueState.decode(full().encode())
    assert state.parked[hash_of(6)].peer == Address(KEYS[0].address)
    assert state.orphans[hash_of(7)].peer is None
