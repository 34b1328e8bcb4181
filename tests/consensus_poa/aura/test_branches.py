"""Sets and finality of branches."""

from dataclasses import replace

import pytest

from node.base.errors import CodecError, UnknownBlockError, ValidatorSetUnavailableError
from node.base.limits import STANDINGS_COUNT_MAX
from node.base.types import Hash32
from node.consensus_poa.aura.branches import AuraBranches, Standing
from node.consensus_poa.aura.finality import Window
from node.consensus_poa.aura.state import AuraState
from node.consensus_poa.interface import ValidatorProvider
from tests.consensus_poa.aura.forge import AuraForge
from tests.consensus_poa.chains import VERIFIER, FakeChain, ascending
from tests.consensus_poa.registries import SetsByNumber, addresses

KEYS = ascending(4)
NOWHERE = Hash32(b"\x77" * 32)


def on(forge: AuraForge, provider: ValidatorProvider | None = None) -> AuraBranches:
    imported = AuraState().imported
    return AuraBranches(forge.chain, VERIFIER, forge.options, imported, provider=provider)


def test_genesis_is_final_and_gives_the_first_set() -> None:
    forge = AuraForge(KEYS)
    genesis_hash = forge.genesis.hash()
    assert on(forge).validators(genesis_hash) == addresses(KEYS)
    assert on(forge).window(genesis_hash) == Window(genesis_hash, 0)


def test_an_unknown_block_has_no_set() -> None:
    with pytest.raises(UnknownBlockError):
        on(AuraForge(KEYS)).validators(NOWHERE)


@pytest.mark.parametrize("length", [97, 98, 40])
def test_a_genesis_that_lists_nobody_gives_no_set(length: int) -> None:
    forge = AuraForge(KEYS)
    bare = replace(forge.genesis, extra_data=bytes(length))
    forge.chain = FakeChain(bare)
    with pytest.raises(ValidatorSetUnavailableError):
        on(forge).validators(bare.hash())


def test_with_a_registry_genesis_need_not_list_anybody() -> None:
    forge = AuraForge(KEYS)
    bare = replace(forge.genesis, extra_data=bytes(97))
    forge.chain = FakeChain(bare)
    provider = SetsByNumber(forge.chain, {0: addresses(KEYS[:2])})
    assert on(forge, provider).validators(bare.hash()) == addresses(KEYS[:2])


def test_a_long_chain_gives_one_standing_with_and_without_the_cache() -> None:
    forge = AuraForge(KEYS)
    head, warm = forge.genesis, on(forge)
    for _ in range(STANDINGS_COUNT_MAX + 20):
        head = forge.extend(head)
        warm.window(head.hash())
    assert on(forge).window(head.hash()) == warm.window(head.hash())
    assert warm.window(head.hash()).final_number == head.number - 2


def test_a_stored_standing_spares_the_headers_below_it() -> None:
    forge = AuraForge(KEYS)
    first = forge.extend(forge.genesis)
    second = forge.extend(first)
    stored = on(forge).stored_form(first.hash())
    del forge.chain.headers[first.hash()]
    blind = on(forge)
    with pytest.raises(UnknownBlockError):
        blind.window(second.hash())
    blind.keep_stored(stored)
    assert blind.validators(second.hash()) == addresses(KEYS)


def test_the_set_of_a_branch_is_read_at_its_own_final_block() -> None:
    forge = AuraForge(KEYS)
    provider = SetsByNumber(forge.chain, {0: addresses(KEYS), 1: addresses(KEYS[:3])})
    branches = on(forge, provider)
    head = forge.genesis
    sets = []
    for _ in range(4):
        head = forge.extend(head)
        sets.append(len(branches.validators(head.hash())))
        if len(sets) == 3:
            break
    # block 1 is final with block 3, so that only block 4 has the new set
    assert sets == [4, 4, 3]
    assert branches.window(head.hash()).seals == ()


def test_a_set_that_cannot_be_read_is_asked_for_again() -> None:
    forge = AuraForge(KEYS)
    sets = {0: ()}
    provider = SetsByNumber(forge.chain, sets)
    branches = on(forge, provider)
    with pytest.raises(ValidatorSetUnavailableError):
        branches.validators(forge.genesis.hash())
    sets[0] = addresses(KEYS)  # type: ignore[assignment]
    assert branches.validators(forge.genesis.hash()) == addresses(KEYS)


@pytest.mark.parametrize("data", [b"", b"\x90", b"\x94\x01\x02\x03\x04", b"\xc1"])
def test_bytes_that_are_no_standing_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        Standing.decode(data)
