"""The gas report measured once for all tests, and the worlds that it starts from."""

from functools import cache

from node.bench.gas import Row, measure
from node.bench.gas_people import WORLDS
from node.bench.gas_world import Call, GasWorld


@cache
def measured() -> tuple[Row, ...]:
    return measure()


def gas_of(name: str) -> int:
    return next(row.gas for row in measured() if row.name == name)


@cache
def _built(name: str) -> GasWorld:
    return WORLDS[name]()


def world(name: str = "clinic") -> GasWorld:
    return _built(name).fork()


def vote(here: GasWorld, member: str, number: int) -> Call:
    government = here.suite.government
    return Call(member, government.address, government.vote(number))
