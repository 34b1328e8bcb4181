"""Accounts that come and go under the fast executor; trap 5 of pyrevm."""

import pytest

from node.base.types import Address
from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from node.evm.receipts import contract_address
from tests.evm.asm import LOGGER, REVERTER, asm, push
from tests.evm.chains import (
    ALICE,
    BOB,
    legacy,
)
from tests.evm.twins import FACTORY, OLD, OTHER, Twins, call_to, calls, contracts, fast, routes

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")
BOTH = pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)

__all__ = ["routes"]


BREAKS = asm("PUSH 0 SLOAD POP PUSH 9 PUSH 0 SSTORE CALLER SELFDESTRUCT")


@pytest.mark.parametrize("value", [0, 3])
@BOTH
def test_an_old_contract_that_destroys_itself_agrees(profile, value, routes):
    twins = Twins(contracts(old=BREAKS), profile)
    twins.block(calls(OLD, OLD, BOB.address, OLD, value=value))
    assert routes.revm == 4
    gone = (
        twins.fast.state().account(OLD) is None
        or twins.fast.state().code(twins.fast.state().account(OLD).code_hash) == b""
    )
    assert gone == (profile is LONDON)


@BOTH
def test_a_contract_that_destroys_itself_while_it_is_made_agrees(profile, routes):
    twins = Twins(contracts(), profile)
    twins.block([legacy(ALICE, 0, None, asm("PUSH 1 PUSH 1 SSTORE CALLER SELFDESTRUCT"), value=3)])
    assert twins.fast.state().account(contract_address(ALICE.address, 0)) is None
    assert routes.revm == 1


def _factory(child):
    """Give code that makes ``child`` (at most 32 bytes of initcode) with CREATE2, salt 0."""
    store = push(child) + asm("PUSH 0 MSTORE")
    return store + push(0) + push(len(child)) + push(32 - len(child)) + push(0) + asm("CREATE2")


def _counting_child():
    """Give initcode whose code counts in slot 0, and destroys itself when it gets value."""
    body = asm("CALLVALUE PUSH 14 JUMPI PUSH 0 SLOAD PUSH 1 ADD PUSH 0 SSTORE STOP")
    runtime = body + asm("JUMPDEST CALLER SELFDESTRUCT")
    return push(runtime) + asm("PUSH 0 MSTORE PUSH 17 PUSH 15 RETURN")


@pytest.mark.parametrize("doubtful", [fast.DOUBTFUL, frozenset((0x40,))], ids=["strict", "bold"])
@BOTH
def test_trap_5_a_contract_made_again_by_create2_does_not_see_its_old_slots(
    profile, doubtful, routes
):
    make = _factory(_counting_child()) + asm("PUSH 0 SSTORE")
    twins = Twins(contracts(factory=make), profile, doubtful=doubtful)
    twins.block(calls(FACTORY))
    made = Address(twins.fast.state().slot(FACTORY, 0).to_bytes(20))
    assert twins.fast.state().account(made) is not None
    twins.block(calls(made, made, made, start=1))
    assert twins.fast.state().slot(made, 0) == 3
    twins.block([legacy(ALICE, 4, made, value=1), *calls(FACTORY, made, start=5)])
    twins.block(calls(made, start=7))
    assert twins.fast.state().slot(made, 0) == (2 if profile is LONDON else 5)
    assert routes.revm >= 5


@BOTH
def test_trap_5_a_contract_made_again_in_the_block_of_its_end_begins_without_slots(profile, routes):
    make = _factory(_counting_child()) + asm("PUSH 0 SSTORE")
    twins = Twins(contracts(factory=make), profile)
    twins.block(calls(FACTORY))
    made = Address(twins.fast.state().slot(FACTORY, 0).to_bytes(20))
    twins.block(calls(made, start=1))
    ends = legacy(ALICE, 3, made, value=1)
    twins.block([*calls(made, start=2), ends, *calls(FACTORY, start=4)])
    assert twins.fast.state().slot(made, 0) == (0 if profile is LONDON else 2)
    assert routes.revm == 3


@BOTH
def test_a_collision_uses_all_gas_and_agrees(profile, routes):
    made = contract_address(ALICE.address, 0)
    alloc = contracts() | {made: GenesisAccount(nonce=1)}
    result = Twins(alloc, profile).block([legacy(ALICE, 0, None, b"\x00", gas=100_000)])
    assert (result.receipts[0].status, result.gas_used) == (0, 100_000)
    assert routes.revm == 1


@BOTH
@pytest.mark.parametrize(
    "to", [BOB.address, OTHER, *(Address(n.to_bytes(20)) for n in range(1, 11))], ids=bytes.hex
)
def test_value_to_new_dead_and_precompiled_accounts_agrees(profile, to, routes):
    raws = [
        legacy(ALICE, n, to, data, value=n % 2)
        for n, data in enumerate((b"", b"", bytes(32), bytes(192), bytes(213)))
    ]
    Twins(contracts(other=asm("CALLER SELFDESTRUCT")), profile).block(raws)
    assert routes.revm == 5


@BOTH
def test_refunds_and_nested_reverts_agree(profile, routes):
    clears = asm("PUSH 0 PUSH 0 SSTORE PUSH 5 PUSH 1 SSTORE") + call_to(OTHER) + LOGGER
    alloc = contracts(old=clears, other=REVERTER, factory=call_to(OLD) + REVERTER)
    alloc[OLD] = GenesisAccount(nonce=1, code=clears, storage={0: 1, 1: 5})
    result = Twins(alloc, profile).block(calls(FACTORY, OLD, OLD))
    assert [receipt.status for receipt in result.receipts] == [0, 1, 1]
    assert routes.revm == 3
