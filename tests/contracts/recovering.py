"""A recovery of patient p1 by guardian and hospital, a step at a time."""

from typing import Final

from node.base.types import Address
from node.contracts.patient_registry import Recovery
from node.contracts.reverts import RevertReason
from tests.contracts.stock_chain import BLOCK_SECONDS, Outcome
from tests.contracts.world import STRANGER, World, account, x25519

P1: Final = 85_437
P2: Final = 85_438


def send(world: World, sender: str | Address, data: bytes) -> Outcome:
    return world.send(sender, world.suite.patients.address, data)


def refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.patients.address, data)


def start(world: World, new: str = "p1 anew", key: str = "p1 anew", patient: int = P1) -> bytes:
    return world.suite.patients.start_recovery(
        patient, new_account=account(new), new_key=x25519(key)
    )


def confirm(world: World, new: str = "p1 anew", key: str = "p1 anew", patient: int = P1) -> bytes:
    return world.suite.patients.confirm_recovery(
        patient, new_account=account(new), new_key=x25519(key)
    )


def finish(world: World, patient: int = P1) -> bytes:
    return world.suite.patients.finish_recovery(patient)


def running(world: World, patient: int = P1) -> Recovery:
    return world.view(world.suite.patients.recovery_of(patient))


def guarded(world: World, guardian: str = "kin") -> World:
    send(world, "p1", world.suite.patients.set_guardian(account(guardian)))
    return world


def started(world: World) -> World:
    send(guarded(world), "kin", start(world))
    return world


def confirmed(world: World) -> World:
    send(started(world), "h2", confirm(world))
    return world


def next_block_at(world: World, time_s: int) -> None:
    world.chain.set_block(world.chain.number, time_s - BLOCK_SECONDS)


def recovered(world: World) -> World:
    confirmed(world)
    next_block_at(world, running(world).ready_at)
    send(world, STRANGER, finish(world))
    return world
