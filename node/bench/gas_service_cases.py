"""Cases of the gas report: devices and their readings, insurance, appointments."""

from collections.abc import Callable
from typing import Final

from node.base.rng import TreeEntropy
from node.bench.gas_cases import listed_insurer
from node.bench.gas_people import Case, visit
from node.bench.gas_world import (
    CHAIN_ID,
    DAY_SECONDS,
    FIRST_PATIENT_ID,
    GENESIS_S,
    PMR_ID,
    Call,
    GasWorld,
    account,
    content,
    key_of,
    word,
)
from node.contracts.appointment_book import GRAIN_SECONDS, SLOTS_COUNT_MAX
from node.contracts.insurance_registry import CLAIM_ENTRIES_COUNT_MAX
from node.contracts.iomt_registry import batch_id_of
from node.contracts.pmr_token import EntryKind
from node.privacy.consent import Domain
from node.privacy.readings import ReadingBatch, Sample, sign_readings

READINGS_MAX: Final = 1_024
"""Of one batch: the constant of ``IomtRegistry``."""
_HEART_RATE: Final = "8867-4 /min"
_DEVICE: Final = "watch"
_SLOT_S: Final = GENESIS_S + DAY_SECONDS


# devices


def _to_devices(world: GasWorld, sender: str, data: bytes) -> Call:
    return Call(sender, world.suite.devices.address, data)


def _binding(world: GasWorld) -> Call:
    data = world.suite.devices.bind_device(account(_DEVICE), pmr_id=PMR_ID, hospital_id=1)
    return _to_devices(world, "d1", data)


def _unbinding(world: GasWorld) -> Call:
    world.send(_binding(world))
    return _to_devices(world, "p1", world.suite.devices.unbind(account(_DEVICE)))


def _domain(world: GasWorld) -> Domain:
    return Domain(CHAIN_ID, world.suite.devices.address)


def _batch(world: GasWorld, count: int, first: int) -> ReadingBatch:
    return sign_readings(
        [Sample(GENESIS_S + at, _HEART_RATE, 70) for at in range(first, first + count)],
        first_sequence=first,
        domain=_domain(world),
        signer=key_of(_DEVICE),
        entropy=TreeEntropy(1, _DEVICE, str(first)),
    )


def _file(world: GasWorld, batch: ReadingBatch) -> Call:
    data = world.suite.devices.file_readings(
        batch.first_sequence,
        count=len(batch.readings),
        root=batch.root(_domain(world)),
        content=content(f"readings {batch.first_sequence}"),
    )
    return _to_devices(world, _DEVICE, data)


def _readings(world: GasWorld, before: int) -> Call:
    world.send(_binding(world))
    for at in range(before):
        world.send(_file(world, _batch(world, 4, 4 * at)))
    return _file(world, _batch(world, 4, 4 * before))


def _alert(world: GasWorld, count: int) -> Call:
    world.send(_binding(world))
    batch = _batch(world, count, 0)
    world.send(_file(world, batch))
    data = world.suite.devices.raise_alert(
        batch_id_of(batch.device, 0),
        shown=batch.shown(count - 1),
        proof=batch.proof(count - 1, _domain(world)),
        reason="ABOVE_BASELINE",
    )
    return _to_devices(world, _DEVICE, data)


# insurance


def _to_insurance(world: GasWorld, sender: str, data: bytes) -> Call:
    return Call(sender, world.suite.insurance.address, data)


def _offer(world: GasWorld) -> Call:
    world.send(listed_insurer(world))
    data = world.suite.insurance.offer_policy(
        FIRST_PATIENT_ID,
        commitment=word("terms"),
        kinds=(EntryKind.CONSULTATION, EntryKind.LAB),
        currency="INR",
        valid_from_s=GENESIS_S,
        valid_until_s=GENESIS_S + 365 * DAY_SECONDS,
    )
    return _to_insurance(world, "i1", data)


def _offered(world: GasWorld, sender: str, answer: Callable[[GasWorld], bytes]) -> Call:
    world.send(_offer(world))
    return _to_insurance(world, sender, answer(world))


def _claim(world: GasWorld, count: int, sender: str = "p1") -> Call:
    for _ in range(count - 1):
        world.send(visit(world))
    world.send(_offered(world, "p1", lambda w: w.suite.insurance.bind_policy(1)))
    world.send(world.grant(world.consent(grantee="i1")))
    data = world.suite.insurance.file_claim(
        1, pmr_id=PMR_ID, entries=range(count), amount=4_500, content=content("claim")
    )
    return _to_insurance(world, sender, data)


def _decision(world: GasWorld) -> Call:
    world.send(_claim(world, 1))
    data = world.suite.insurance.decide_claim(1, approved=4_000, reason="PART")
    return _to_insurance(world, "i1", data)


# appointments


def _to_book(world: GasWorld, sender: str, data: bytes) -> Call:
    return Call(sender, world.suite.appointments.address, data)


def _opening(world: GasWorld, count: int) -> Call:
    data = world.suite.appointments.open_slots(
        hospital_id=1, start_s=_SLOT_S, length_s=GRAIN_SECONDS, count=count
    )
    return _to_book(world, "d1", data)


def _booking(world: GasWorld) -> Call:
    world.send(_opening(world, 2))
    return _to_book(world, "p1", world.suite.appointments.book(account("d1"), _SLOT_S))


def _booked(world: GasWorld, sender: str, change: Callable[[GasWorld], bytes]) -> Call:
    world.send(_booking(world))
    return _to_book(world, sender, change(world))


def _moved(world: GasWorld) -> bytes:
    doctor = account("d1")
    return world.suite.appointments.move(doctor, _SLOT_S, doctor, _SLOT_S + GRAIN_SECONDS)


CASES: Final = (
    Case("typical", _binding),
    Case("by the patient", _unbinding),
    Case("first batch of a device", lambda w: _readings(w, 0)),
    Case("later batch", lambda w: _readings(w, 1)),
    Case("of 4 readings", lambda w: _alert(w, 4)),
    Case("of 1,024 readings", lambda w: _alert(w, READINGS_MAX)),
    Case("typical", _offer),
    Case("typical", lambda w: _offered(w, "p1", lambda w: w.suite.insurance.bind_policy(1))),
    Case("typical", lambda w: _offered(w, "i1", lambda w: w.suite.insurance.withdraw_policy(1))),
    Case("1 entry, by the patient", lambda w: _claim(w, 1)),
    Case("8 entries, by the hospital", lambda w: _claim(w, CLAIM_ENTRIES_COUNT_MAX, "h1")),
    Case("typical", _decision),
    Case("1 slot", lambda w: _opening(w, 1)),
    Case("24 slots", lambda w: _opening(w, SLOTS_COUNT_MAX)),
    Case("typical", _booking),
    Case("typical", lambda w: _booked(w, "p1", _moved)),
    Case(
        "typical",
        lambda w: _booked(w, "p1", lambda w: w.suite.appointments.cancel(account("d1"), _SLOT_S)),
    ),
    Case("booked", lambda w: _booked(w, "d1", lambda w: w.suite.appointments.close(_SLOT_S))),
)
