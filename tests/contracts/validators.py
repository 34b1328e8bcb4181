"""Validator sets as tests of the government's contract ask for them."""

from dataclasses import replace

from node.base.types import Address, Hash32
from node.contracts.government_actions import AdmitValidator, WithdrawValidator
from node.contracts.government_registry import Validator
from tests.contracts.world import MEMBERS, SETTINGS, World, account

NODE_ID = Hash32(b"\x0d" * 32)
LICENCE = Hash32(b"\x11" * 32)
KEYS = tuple(account(f"key {i}") for i in range(5))


def set_now(world: World) -> tuple[Address, ...]:
    """S(head + 1)."""
    return world.view(world.suite.government.get_validators())


def set_of(world: World, block: int) -> tuple[Address, ...]:
    """S(block), as the state of the head has it."""
    number = world.chain.number
    world.chain.set_block(block - 1, world.chain.time_s)
    try:
        return set_now(world)
    finally:
        world.chain.set_block(number, world.chain.time_s)


def record(world: World, key: Address) -> Validator:
    return world.view(world.suite.government.validator(key))


def admit(world: World, key: Address, hospital: str = "h1") -> None:
    world.enact(AdmitValidator(account(hospital), key, NODE_ID, LICENCE))


def with_validators(count: int, minimum: int = 1) -> World:
    validators = tuple(sorted(account(f"validator {i}") for i in range(count)))
    return World.deployed(replace(SETTINGS, validators=validators, min_validators=minimum))


def withdraw_in_one_block(world: World, keys: tuple[Address, ...]) -> int:
    """Enact the withdrawals in the order of the keys, all in one block; give its number."""
    government = world.suite.government
    proposals = [world.propose(WithdrawValidator(key)) for key in keys]
    world.chain.wait(5)
    for proposal in proposals:
        world.send(MEMBERS[1], government.address, government.vote(proposal), block=False)
    return world.chain.number
