"""Attacks on the pool's escrow: payees that call back, that refuse, and that never were owed."""

from collections.abc import Callable

import pytest

from node.base.types import Address
from node.contracts.abi import selector
from node.contracts.research_pool import ResearchPool
from tests.contracts.studies import PRICE, SHARE, held, refused, released, send, with_researcher
from tests.contracts.world import World, account
from tests.evm.asm import asm

REFUSER = asm("PUSH 0 PUSH 0 REVERT")
ROBBED = ("payOut", "payHospital", "refund", "join", "leave")
"""What a payee tries from inside its payment, each on study 1."""


def robber(function: str) -> bytes:
    """Give code that takes money, counts, and calls a function of whoever pays it."""
    head = selector(f"{function}(uint256)").hex()
    return asm(
        "PUSH 0 SLOAD PUSH 1 ADD PUSH 0 SSTORE "
        f"PUSH 0x{head} PUSH 224 SHL PUSH 0 MSTORE PUSH 1 PUSH 4 MSTORE "
        "PUSH 0 PUSH 0 PUSH 36 PUSH 0 PUSH 0 CALLER GAS CALL POP STOP"
    )


def studied(world: World) -> World:
    """Three of four places are taken: p1, p3 of h1 and p4 of h2; the dataset stands."""
    return released(with_researcher(world), "p1", "p3", "p4")


def arm(world: World, who: str, code: bytes) -> Address:
    address = account(who)
    world.chain.state.set_code(address, code)
    return address


PAYEES: list[tuple[str, Callable[[ResearchPool], bytes], int]] = [
    ("p1", lambda pool: pool.pay_out(1), PRICE),
    ("h1", lambda pool: pool.pay_hospital(1), 2 * SHARE),
    ("r1", lambda pool: pool.refund(1), PRICE + SHARE),
]
payees = pytest.mark.parametrize(("who", "ask", "owed"), PAYEES, ids=[each[0] for each in PAYEES])


@payees
@pytest.mark.parametrize("function", ROBBED)
def test_payee_that_calls_back_is_paid_once(
    world: World, who: str, ask: Callable[[ResearchPool], bytes], owed: int, function: str
) -> None:
    studied(world)
    thief = arm(world, who, robber(function))
    before, escrow = world.chain.balance(thief), held(world)
    send(world, thief, ask(world.suite.research))
    assert world.chain.state.get_storage(thief, 0) >= 1, "the thief was never called"
    assert world.chain.balance(thief) - before == owed
    assert held(world) == escrow - owed
    assert refused(world, thief, ask(world.suite.research)).name == "NothingToPay"


@payees
def test_payee_that_refuses_harms_nobody_else(
    world: World, who: str, ask: Callable[[ResearchPool], bytes], owed: int
) -> None:
    studied(world)
    arm(world, who, REFUSER)
    pool = world.suite.research
    assert refused(world, account(who), ask(pool)).name == "PaymentFailed"
    for name, other, amount in PAYEES:
        if name != who:
            before = held(world)
            send(world, name, other(pool))
            assert held(world) == before - amount
    assert held(world) >= owed, "what it is owed stays"


@pytest.mark.parametrize("who", ["p2", "p5", "stranger", "d1", "h1"])
def test_nobody_is_paid_for_a_place_that_another_took(world: World, who: str) -> None:
    studied(world)
    assert refused(world, who, world.suite.research.pay_out(1)).name == "NothingToPay"


def test_everything_owed_is_in_the_escrow_and_nothing_is_left(world: World) -> None:
    studied(world)
    pool = world.suite.research
    for who in ("p1", "p3", "p4"):
        send(world, who, pool.pay_out(1))
    for who in ("h1", "h2"):
        send(world, who, pool.pay_hospital(1))
    send(world, "r1", pool.refund(1))
    assert held(world) == 0
