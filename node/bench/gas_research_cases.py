"""Cases of the research pool: a study from its funding to the last payment."""

from typing import Final

from node.bench.gas_people import Case
from node.bench.gas_world import GENESIS_S, Call, GasWorld, account, content
from node.contracts.government_actions import ListResearcher
from node.contracts.research_pool import StudyTerms

TERMS: Final = StudyTerms(GENESIS_S + 864_000, k=2, places=4, price_wei=10**15, share_wei=10**14)
"""p1 and p2, both of h1, join; two places stay free."""


def _funding(world: GasWorld) -> Call:
    world.send(world.enact(ListResearcher(account("r1"))))
    world.endow("r1", 10 * TERMS.escrow_wei)
    pool = world.suite.research
    data = pool.fund("chronic illness by age and region", TERMS)
    return Call("r1", pool.address, data, TERMS.escrow_wei)


def _join(world: GasWorld, name: str) -> Call:
    return Call(name, world.suite.research.address, world.suite.research.join(1))


def _funded(world: GasWorld, *joined: str) -> GasWorld:
    world.send(_funding(world))
    for name in joined:
        world.send(_join(world, name))
    return world


def _leave(world: GasWorld) -> Call:
    _funded(world, "p1", "p2")
    return Call("p1", world.suite.research.address, world.suite.research.leave(1))


def _ended(world: GasWorld, *joined: str) -> GasWorld:
    _funded(world, *joined)
    world.wait(TERMS.deadline_s - world.time_s)
    return world


def _release(world: GasWorld) -> Call:
    pool = _ended(world, "p1", "p2").suite.research
    data = pool.release(1, rows=2, dataset=content("dataset"))
    return Call("r1", pool.address, data)


def _released(world: GasWorld) -> GasWorld:
    world.send(_release(world))
    return world


def _payment(world: GasWorld) -> Call:
    pool = _released(world).suite.research
    return Call("p1", pool.address, pool.pay_out(1))


def _share(world: GasWorld) -> Call:
    pool = _released(world).suite.research
    return Call("h1", pool.address, pool.pay_hospital(1))


def _refund(world: GasWorld, *joined: str) -> Call:
    pool = _ended(world, *joined).suite.research
    return Call("r1", pool.address, pool.refund(1))


CASES: Final = (
    Case("typical", _funding),
    Case("first of a study", lambda w: _join(_funded(w), "p1")),
    Case("second of a hospital", lambda w: _join(_funded(w, "p1"), "p2")),
    Case("typical", _leave),
    Case("typical", _release),
    Case("to a new account", _payment),
    Case("to a new account", _share),
    Case("of unused places", lambda w: _refund(w, "p1", "p2")),
    Case("of a failed study", lambda w: _refund(w, "p1")),
)
