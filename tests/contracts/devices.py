"""A device of the contract tests: what it signs, and the calls around it."""

from datetime import timedelta

from node.base.rng import TreeEntropy
from node.base.types import Address
from node.contracts.iomt_registry import batch_id_of
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.reverts import RevertReason
from node.privacy.consent import Domain
from node.privacy.readings import ReadingBatch, Sample, sign_readings
from tests.contracts.stock_chain import CHAIN_ID
from tests.contracts.world import PMR_ID, TODAY, World, account, content, key_of

HEART_RATE = "8867-4 /min"
KIND = HEART_RATE.encode().ljust(32, b"\0")
REASON = "ABOVE_BASELINE"
WORD = REASON.encode().ljust(32, b"\0")
V1 = account("v1")
NEXT_DAY = encode_pmr_id(85_437, TODAY + timedelta(days=1))


def domain_of(world: World) -> Domain:
    return Domain(CHAIN_ID, world.suite.devices.address)


def measured(world: World, count: int = 3, *, first: int = 0, device: str = "v1") -> ReadingBatch:
    samples = [Sample(1_611_619_200 + at, HEART_RATE, 70 + at) for at in range(count)]
    return sign_readings(
        samples,
        first_sequence=first,
        domain=domain_of(world),
        signer=key_of(device),
        entropy=TreeEntropy(1, device, str(first)),
    )


def binding(world: World, device: Address = V1, pmr_id: int = PMR_ID, hospital: int = 1) -> bytes:
    return world.suite.devices.bind_device(device, pmr_id=pmr_id, hospital_id=hospital)


def filing(world: World, batch: ReadingBatch, name: str = "readings") -> bytes:
    return world.suite.devices.file_readings(
        batch.first_sequence,
        count=len(batch.readings),
        root=batch.root(domain_of(world)),
        content=content(name),
    )


def telling(
    world: World,
    batch: ReadingBatch,
    index: int = 0,
    *,
    reason: str = REASON,
    of: int | None = None,
) -> bytes:
    """Tell of a reading of a batch; ``of``: as one of the batch that begins there."""
    first = batch.first_sequence if of is None else of
    return world.suite.devices.raise_alert(
        batch_id_of(batch.device, first),
        shown=batch.shown(index),
        proof=batch.proof(index, domain_of(world)),
        reason=reason,
    )


def send(world: World, sender: str, data: bytes):
    return world.send(sender, world.suite.devices.address, data)


def refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.devices.address, data)


def erase(world: World) -> None:
    world.send(
        "p1", world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, b"GDPR-17".ljust(32, b"\0"))
    )
