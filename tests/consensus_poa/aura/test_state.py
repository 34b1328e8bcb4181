"""The bytes of an AuRa engine's state."""

import pytest

from node.base import codec
from node.base.errors import CodecError
from node.base.limits import STEP_SEALS_COUNT_MAX
from node.base.types import Hash32
from node.consensus_poa.aura.state import AuraState
from tests.consensus_poa.aura.forge import AuraForge
from tests.consensus_poa.chains import ascending

KEYS = ascending(2)


def full() -> AuraState:
    forge = AuraForge(KEYS)
    state = AuraState()
    state.head = forge.extend(forge.genesis)
    state.head_hash = state.head.hash()
    state.sealed = 2**70
    state.final, state.final_number = Hash32(b"\x05" * 32), 9
    state.seals[b"slot", KEYS[0].address] = b"header"
    return state


def test_every_field_comes_back() -> None:
    assert AuraState.decode(full().encode()) == full()
    assert AuraState.decode(AuraState().encode()) == AuraState()


def test_it_remembers_seals_of_two_rounds_of_the_largest_set() -> None:
    assert AuraState.decode(full().encode()).seals.entries_max == STEP_SEALS_COUNT_MAX >= 200


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x80", AuraState().encode()[:-1]])
def test_bytes_that_are_no_state_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        AuraState.decode(data)


def test_a_state_with_a_wrong_field_is_refused() -> None:
    fields = codec.unpack(full().encode())
    for name in ("sealed", "final", "head"):
        with pytest.raises(CodecError):
            AuraState.decode(codec.pack({**fields, name: [[1]]}))
