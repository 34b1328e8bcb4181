"""The gas of custody, recovery and erasure, one transaction each, on stock py-evm (London).

records.md section 3 has no budgets for them; these are ours, a little above what was measured.
Figures are recorded as properties of the tests (``--junit-xml``) and printed with ``-s``.
"""

from collections.abc import Callable

import pytest

from node.base.keccak import keccak256
from node.base.types import Address
from node.contracts.custody_ledger import NOTES_COUNT_MAX, EpochNote, ErasureNote, ReceiptNote
from node.contracts.government_actions import SuspendHospital
from node.workflows.transacting import CALL_GAS
from tests.contracts.recovering import (
    P1,
    confirm,
    confirmed,
    finish,
    guarded,
    next_block_at,
    recovered,
    running,
    start,
    started,
)
from tests.contracts.world import MEMBERS, PMR_ID, STRANGER, World, account, cid

Record = Callable[[str, object], None]
DEAL = keccak256(b"deal")


def _within(record: Record, what: str, gas: int, budget: int) -> None:
    record(what, gas)
    print(f"{what}: {gas} of {budget}")  # noqa: T201 - the figure is the point
    assert gas <= budget, what


def _custody(world: World, sender: str | Address, data: bytes) -> int:
    return world.send(sender, world.suite.custody.address, data).gas


def _patients(world: World, sender: str | Address, data: bytes) -> int:
    return world.send(sender, world.suite.patients.address, data).gas


def _pmr(world: World, sender: str | Address, data: bytes) -> int:
    return world.send(sender, world.suite.pmr.address, data).gas


# what a custodian posts


def _receipts(count: int, *, first: int = 0) -> list[ReceiptNote]:
    """Every second one a refusal, each of another grant and deal."""
    return [
        ReceiptNote(*(keccak256(f"{what} {place}".encode()) for what in "gdr"), status=place % 2)
        for place in range(first, first + count)
    ]


@pytest.mark.parametrize(
    ("count", "budget"), [(1, 40_000), (16, 120_000), (NOTES_COUNT_MAX, 360_000)]
)
def test_receipts_behind_others(
    world: World, record_property: Record, count: int, budget: int
) -> None:
    custody = world.suite.custody
    _custody(world, "h1", custody.record_receipts(0, _receipts(1)))
    gas = _custody(world, "h1", custody.record_receipts(1, _receipts(count, first=1)))
    _within(record_property, f"record {count} receipts", gas, budget)
    assert budget < CALL_GAS


def test_first_receipts_of_a_custodian(world: World, record_property: Record) -> None:
    data = world.suite.custody.record_receipts(0, _receipts(16))
    _within(record_property, "first 16 receipts", _custody(world, "h1", data), 140_000)


def _epochs(count: int, epoch: int) -> list[EpochNote]:
    digest = keccak256(b"share")
    return [EpochNote(keccak256(b"%d" % place), 2, epoch, digest) for place in range(count)]


@pytest.mark.parametrize(
    ("count", "epoch", "budget"), [(1, 1, 65_000), (1, 2, 45_000), (NOTES_COUNT_MAX, 1, 1_900_000)]
)
def test_epoch_notes(
    world: World, record_property: Record, count: int, epoch: int, budget: int
) -> None:
    custody = world.suite.custody
    if epoch > 1:
        _custody(world, "h1", custody.record_epochs(_epochs(count, epoch - 1)))
    gas = _custody(world, "h1", custody.record_epochs(_epochs(count, epoch)))
    _within(record_property, f"record {count} steps to epoch {epoch}", gas, budget)


def test_sixteen_first_epoch_notes_fit_an_ordinary_call(
    world: World, record_property: Record
) -> None:
    gas = _custody(world, "h1", world.suite.custody.record_epochs(_epochs(16, 1)))
    _within(record_property, "record 16 steps to epoch 1", gas, CALL_GAS)


@pytest.mark.parametrize(("count", "budget"), [(1, 36_000), (16, 95_000)])
def test_erasure_notes(world: World, record_property: Record, count: int, budget: int) -> None:
    notes = [ErasureNote(DEAL, 2, keccak256(b"%d" % place)) for place in range(count)]
    gas = _custody(world, "h1", world.suite.custody.record_erasures(notes))
    _within(record_property, f"record {count} erasures", gas, budget)


# what a patient orders


def _replacement(world: World, old: str, new: str) -> bytes:
    return world.suite.custody.replace_custodian(
        DEAL, pmr_id=PMR_ID, index=2, old=account(old), new=account(new)
    )


def test_custodian_replaced_by_the_patient(world: World, record_property: Record) -> None:
    gas = _custody(world, "p1", _replacement(world, "h1", "h2"))
    _within(record_property, "replace a custodian", gas, 110_000)
    gas = _custody(world, "p1", _replacement(world, "h2", "h1"))
    _within(record_property, "replace it again", gas, 80_000)


def test_custodian_replaced_by_a_member(world: World, record_property: Record) -> None:
    world.enact(SuspendHospital(account("h1")))
    gas = _custody(world, MEMBERS[0], _replacement(world, "h1", "h2"))
    _within(record_property, "replace a suspended custodian", gas, 115_000)


def test_rotation(world: World, record_property: Record) -> None:
    for generation, budget in ((1, 100_000), (2, 70_000)):
        data = world.suite.custody.rotate(
            PMR_ID, 0, generation=generation, manifest=cid(f"manifest {generation}")
        )
        gas = _custody(world, "p1", data)
        _within(record_property, f"rotate to generation {generation}", gas, budget)


def test_complaint(world: World, record_property: Record) -> None:
    data = world.suite.custody.complain(
        DEAL, index=2, custodian=account("h1"), receipt_id=DEAL, evidence=DEAL
    )
    _within(record_property, "complain", _custody(world, "d1", data), 55_000)


def test_erasure(world: World, record_property: Record) -> None:
    gas = _pmr(world, "p1", world.suite.pmr.erase(PMR_ID, DEAL))
    _within(record_property, "erase", gas, 50_000)


# a lost key


def test_guardian(world: World, record_property: Record) -> None:
    patients = world.suite.patients
    gas = _patients(world, "p1", patients.set_guardian(account("kin")))
    _within(record_property, "set a guardian", gas, 85_000)
    gas = _patients(world, "p1", patients.set_guardian(account("friend")))
    _within(record_property, "set another guardian", gas, 65_000)


def test_start_of_a_recovery(world: World, record_property: Record) -> None:
    gas = _patients(guarded(world), "kin", start(world))
    _within(record_property, "start a recovery", gas, 95_000)


def test_confirmation_of_a_recovery(world: World, record_property: Record) -> None:
    gas = _patients(started(world), "h2", confirm(world))
    _within(record_property, "confirm a recovery", gas, 80_000)


def test_objection_to_a_recovery(world: World, record_property: Record) -> None:
    data = world.suite.patients.cancel_recovery()
    _within(record_property, "cancel a recovery", _patients(confirmed(world), "p1", data), 45_000)


@pytest.mark.parametrize("has_granted", [False, True])
def test_end_of_a_recovery(world: World, record_property: Record, has_granted: bool) -> None:
    """A patient who has granted before has a nonce to move."""
    if has_granted:
        world.grant()
    next_block_at(confirmed(world), running(world).ready_at)
    assert running(world, P1).ready_at == world.chain.time_s + 5
    _within(
        record_property, "finish a recovery", _patients(world, STRANGER, finish(world)), 150_000
    )


def test_claim(world: World, record_property: Record) -> None:
    gas = _pmr(recovered(world), STRANGER, world.suite.pmr.claim(PMR_ID))
    _within(record_property, "claim a record", gas, 110_000)
