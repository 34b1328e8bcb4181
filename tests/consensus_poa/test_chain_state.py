"""The part of the state that all engines with candidates share."""

import pytest

from node.base.types import Hash32
from node.consensus_poa.chain_state import ChainState, Waiting, pack_int, unpack_int
from node.consensus_poa.effects import BuildBlock
from tests.consensus_poa.chains import Forge, ascending, block

KEYS = ascending(2)


def reread(state: ChainState) -> ChainState:
    return ChainState.decode(state.encode())


def test_an_empty_state_comes_back() -> None:
    assert reread(ChainState()) == ChainState()


def test_a_build_with_a_difficulty_of_128_bits_comes_back() -> None:
    state = ChainState()
    extra, mix = b"x" * 97, Hash32(bytes(32))
    state.build = BuildBlock(1, mix, 7, extra, KEYS[0].address, bytes(8), 2**128 - 1, mix)
    assert reread(state) == state


def test_what_waits_keeps_its_order_and_its_peer() -> None:
    forge = Forge(KEYS)
    state = ChainState()
    for number in (2, 1):
        header = forge.unsealed(forge.genesis, KEYS[0], gas_used=number)
        state.orphans[header.hash()] = Waiting(block(header), KEYS[1].address)
    assert list(reread(state).orphans.items()) == list(state.orphans.items())


@pytest.mark.parametrize("value", [0, 1, 2**64, 2**300])
def test_numbers_of_any_size_are_packed(value: int) -> None:
    assert unpack_int(pack_int(value)) == value
