"""Slots of doctors d1 and d2, and short words for what tests do with them."""

from typing import Final

from node.base.types import Address
from node.contracts.appointment_book import GRAIN_SECONDS, Slot
from node.contracts.reverts import RevertReason
from tests.contracts.stock_chain import GENESIS_S, Outcome
from tests.contracts.world import DAY, World, account

START: Final = GENESIS_S + DAY
LENGTH: Final = 3 * GRAIN_SECONDS
D1: Final = account("d1")
D2: Final = account("d2")


def send(world: World, sender: str | Address, data: bytes) -> Outcome:
    return world.send(sender, world.suite.appointments.address, data)


def refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.appointments.address, data)


def opening(world: World, **changes: int) -> bytes:
    given = {"hospital_id": 1, "start_s": START, "length_s": LENGTH, "count": 2} | changes
    return world.suite.appointments.open_slots(**given)


def slot(world: World, start_s: int = START, doctor: Address = D1) -> Slot | None:
    return world.view(world.suite.appointments.slot(doctor, start_s))


def with_slots(world: World) -> World:
    """Doctor d1 has slots at START and START + LENGTH, d2 one at START."""
    send(world, "d1", opening(world))
    send(world, "d2", opening(world, hospital_id=2, count=1))
    return world
