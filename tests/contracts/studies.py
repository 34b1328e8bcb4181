"""A study of researcher r1, for the tests of the pool."""

from dataclasses import replace
from typing import Final

from node.base.types import Address
from node.contracts.government_actions import ListResearcher
from node.contracts.research_pool import StudyTerms
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import next_block_at
from tests.contracts.stock_chain import GENESIS_S, Outcome
from tests.contracts.world import DAY, World, account, content

DEADLINE_S: Final = GENESIS_S + 10 * DAY
PRICE: Final = 700
SHARE: Final = 50
TERMS: Final = StudyTerms(DEADLINE_S, k=2, places=4, price_wei=PRICE, share_wei=SHARE)
FUNDS: Final = 10**18
PATIENTS: Final = ("p1", "p2", "p3", "p4", "p5")


def with_researcher(world: World) -> World:
    """Five patients (p4 and p5 of h2), and a researcher with money."""
    for name in ("p3", "p4", "p5"):
        world.add_patient(name, "h1" if name == "p3" else "h2")
    world.enact(ListResearcher(account("r1")))
    world.chain.endow(account("r1"), FUNDS)
    return world


def fund(world: World, **changes: object) -> Outcome:
    terms = replace(TERMS, **changes)  # type: ignore[arg-type]
    data = world.suite.research.fund("cough", terms)
    return world.send("r1", world.suite.research.address, data, value=terms.escrow_wei)


def send(world: World, sender: str | Address, data: bytes) -> Outcome:
    return world.send(sender, world.suite.research.address, data)


def refused(world: World, sender: str | Address, data: bytes, *, value: int = 0) -> RevertReason:
    return world.refused(sender, world.suite.research.address, data, value=value)


def joined(world: World, *patients: str) -> World:
    for name in patients:
        send(world, name, world.suite.research.join(1))
    return world


def ended(world: World) -> World:
    """The next block is the first one at the deadline."""
    next_block_at(world, DEADLINE_S)
    return world


def release(world: World, rows: int = 2) -> bytes:
    return world.suite.research.release(1, rows=rows, dataset=content("dataset"))


def released(world: World, *patients: str) -> World:
    """A study with these participants whose dataset stands."""
    fund(world)
    ended(joined(world, *patients))
    send(world, "r1", release(world))
    return world


def held(world: World) -> int:
    return world.chain.balance(world.suite.research.address)
