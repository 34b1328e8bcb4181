"""The gas of appointments and of insurance, one transaction each, on stock py-evm (London).

records.md section 3 has no budgets for them; these are ours, a little above what was measured.
Figures are recorded as properties of the tests (``--junit-xml``) and printed with ``-s``.
"""

from collections.abc import Callable

import pytest

from node.contracts.appointment_book import GRAIN_SECONDS, SLOTS_COUNT_MAX
from node.contracts.insurance_registry import CLAIM_ENTRIES_COUNT_MAX
from node.workflows.transacting import CALL_GAS
from tests.contracts import insured
from tests.contracts.stock_chain import GENESIS_S
from tests.contracts.world import DAY, PMR_ID, World, account, content

Record = Callable[[str, object], None]
START = GENESIS_S + DAY
D1 = account("d1")


def _within(record: Record, what: str, gas: int, budget: int) -> None:
    record(what, gas)
    print(f"{what}: {gas} of {budget}")  # noqa: T201 - the figure is the point
    assert gas <= budget, what


def _slot(world: World, sender: str, data: bytes) -> int:
    return world.send(sender, world.suite.appointments.address, data).gas


def _opening(world: World, count: int) -> int:
    data = world.suite.appointments.open_slots(
        hospital_id=1, start_s=START, length_s=GRAIN_SECONDS, count=count
    )
    return _slot(world, "d1", data)


@pytest.mark.parametrize(("count", "budget"), [(1, 95_000), (SLOTS_COUNT_MAX, 680_000)])
def test_opened_slots(world: World, record_property: Record, count: int, budget: int) -> None:
    assert budget < CALL_GAS
    _within(record_property, f"open slots, {count}", _opening(world, count), budget)


def test_the_life_of_a_booking(world: World, record_property: Record) -> None:
    book = world.suite.appointments
    _opening(world, 3)
    later = START + GRAIN_SECONDS
    _within(record_property, "book", _slot(world, "p1", book.book(D1, START)), 75_000)
    moved = _slot(world, "p1", book.move(D1, START, D1, later))
    _within(record_property, "move booking", moved, 75_000)
    _within(record_property, "cancel booking", _slot(world, "p1", book.cancel(D1, later)), 45_000)
    _slot(world, "p1", book.book(D1, START))
    _within(record_property, "close slot", _slot(world, "d1", book.close(START)), 45_000)


def test_the_life_of_a_policy(world: World, record_property: Record) -> None:
    insured.insurer(world)
    gas = insured.send(world, "i1", insured.offer(world)).gas
    _within(record_property, "offer policy", gas, 110_000)
    gas = insured.send(world, "p1", world.suite.insurance.bind_policy(1)).gas
    _within(record_property, "bind policy", gas, 50_000)
    insured.offered(world)
    gas = insured.send(world, "i1", world.suite.insurance.withdraw_policy(2)).gas
    _within(record_property, "withdraw policy", gas, 35_000)


@pytest.mark.parametrize(("count", "budget"), [(1, 205_000), (CLAIM_ENTRIES_COUNT_MAX, 285_000)])
@pytest.mark.parametrize("caller", ["p1", "h1"])
def test_a_claim_and_its_decision(
    world: World, record_property: Record, caller: str, count: int, budget: int
) -> None:
    pmr = world.suite.pmr
    for _ in range(count):
        data = pmr.consult(PMR_ID, hospital_id=1, content=content("visit"))
        world.send("d1", pmr.address, data)
    insured.insured(insured.insurer(world))
    insured.readable(world)
    data = insured.claim(world, entries=tuple(range(count)))
    gas = insured.send(world, caller, data).gas
    _within(record_property, f"file claim of {count}, by {caller}", gas, budget)
    data = world.suite.insurance.decide_claim(1, approved=1, reason="PART")
    _within(record_property, "decide claim", insured.send(world, "i1", data).gas, 50_000)
