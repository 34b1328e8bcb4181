"""Cases of the gas report: devices, their batches of readings, alerts."""

from typing import Final

from node.base.rng import TreeEntropy
from node.bench.gas_people import Case
from node.bench.gas_world import CHAIN_ID, PMR_ID, Call, GasWorld, account, content, key_of
from node.contracts.iomt_registry import batch_id_of
from node.privacy.consent import Domain
from node.privacy.readings import ReadingBatch, Sample, sign_readings

FILE_READINGS_BUDGET: Final = 200_000
"""As much as a lab report: both append an entry and keep what was filed."""
READINGS_COUNT: Final = 1_024
"""The largest batch: its size is that of the proof of an alert, and of nothing else."""
_DEVICE: Final = "monitor"


def _binding(world: GasWorld) -> Call:
    devices = world.suite.devices
    data = devices.bind_device(account(_DEVICE), pmr_id=PMR_ID, hospital_id=1)
    return Call("d1", devices.address, data)


def _unbinding(world: GasWorld) -> Call:
    devices = world.suite.devices
    return Call("p1", devices.address, devices.unbind(account(_DEVICE)))


def _filing(world: GasWorld, batch: ReadingBatch) -> Call:
    devices = world.suite.devices
    data = devices.file_readings(
        batch.first_sequence,
        count=len(batch.readings),
        root=batch.root(_domain(world)),
        content=content(f"readings {batch.first_sequence}"),
    )
    return Call(_DEVICE, devices.address, data)


def _alert(world: GasWorld, batch: ReadingBatch, index: int) -> Call:
    devices = world.suite.devices
    data = devices.raise_alert(
        batch_id_of(batch.device, batch.first_sequence),
        shown=batch.shown(index),
        proof=batch.proof(index, _domain(world)),
        reason="ABOVE_BASELINE",
    )
    return Call(_DEVICE, devices.address, data)


def _domain(world: GasWorld) -> Domain:
    return Domain(CHAIN_ID, world.suite.devices.address)


def _batch(world: GasWorld, first: int = 0) -> ReadingBatch:
    samples = [Sample(at, "8867-4 /min", 70) for at in range(READINGS_COUNT)]
    return sign_readings(
        samples,
        first_sequence=first,
        domain=_domain(world),
        signer=key_of(_DEVICE),
        entropy=TreeEntropy(1, "gas", str(first)),
    )


def _bound_again(world: GasWorld) -> Call:
    for call in (_binding(world), _filing(world, _batch(world)), _unbinding(world)):
        world.send(call)
    return _binding(world)


def _bound_then_off(world: GasWorld) -> Call:
    world.send(_binding(world))
    return _unbinding(world)


def _first_batch(world: GasWorld) -> Call:
    world.send(_binding(world))
    return _filing(world, _batch(world))


def _next_batch(world: GasWorld) -> Call:
    world.send(_first_batch(world))
    return _filing(world, _batch(world, READINGS_COUNT))


def _first_alert(world: GasWorld) -> Call:
    world.send(_first_batch(world))
    return _alert(world, _batch(world), 0)


def _second_alert(world: GasWorld) -> Call:
    world.send(_first_alert(world))
    return _alert(world, _batch(world), 1)


CASES: Final[tuple[Case, ...]] = (
    Case("a new device", _binding),
    Case("a device that has filed", _bound_again),
    Case("by the patient", _bound_then_off),
    Case("first batch", _first_batch, FILE_READINGS_BUDGET),
    Case("next batch", _next_batch, FILE_READINGS_BUDGET),
    Case("first of 256 readings", _first_alert),
    Case("another of these", _second_alert),
)
