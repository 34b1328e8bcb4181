"""Devices: to whom they are bound, what they file, and what is told of a reading."""

from collections.abc import Callable

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from node.base.keccak import keccak256
from node.base.types import ZERO_ADDRESS
from node.contracts.bindings.iomt_registry import (
    DeviceBound,
    DeviceUnbound,
    ReadingsFiled,
)
from node.contracts.government_actions import RevokeHospital, SuspendDoctor, SuspendHospital
from node.contracts.iomt_registry import Batch, Binding, batch_id_of
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.pmr_token import EntryAdded, EntryKind
from node.contracts.reverts import RevertReason
from tests.contracts.devices import (
    KIND,
    NEXT_DAY,
    V1,
    WORD,
    binding,
    domain_of,
    erase,
    filing,
    measured,
    refused,
    send,
    telling,
)
from tests.contracts.recovering import recovered
from tests.contracts.stock_chain import CHAIN_ID
from tests.contracts.world import DAY, PMR_ID, TODAY, World, account, content

Record = Callable[[str, object], None]


@pytest.fixture
def bound(world: World) -> World:
    send(world, "d1", binding(world))
    return world


@pytest.fixture
def filed(bound: World) -> World:
    send(bound, "v1", filing(bound, measured(bound)))
    return bound


# binding


def test_a_device_is_given_to_the_patient_of_a_record(world: World) -> None:
    devices = world.suite.devices
    outcome = send(world, "d1", binding(world))
    assert world.events(outcome) == [DeviceBound(V1, 85_437, PMR_ID, 1, 1, 0)]
    assert world.view(devices.binding_of(V1)) == Binding(account("d1"), PMR_ID, 1, 0)
    assert world.view(devices.patient_of(V1)) == 85_437


def test_a_device_that_nobody_was_given_has_no_patient(world: World) -> None:
    assert world.view(world.suite.devices.patient_of(V1)) == 0
    assert not world.view(world.suite.devices.binding_of(V1)).is_bound


@pytest.mark.parametrize("caller", ["stranger", "h1", "p1", "l1", "v1", "member 0"])
def test_only_a_doctor_binds(world: World, caller: str) -> None:
    assert refused(world, caller, binding(world)).name == "DoctorNotActive"


def test_a_doctor_binds_for_an_own_hospital_only(world: World) -> None:
    assert refused(world, "d1", binding(world, hospital=2)).name == "DoctorNotActive"


def test_a_suspended_doctor_does_not_bind(world: World) -> None:
    world.enact(SuspendDoctor(1, world.chain.time_s + DAY))
    assert refused(world, "d1", binding(world)).name == "DoctorNotActive"


def test_nobody_binds_for_a_suspended_hospital(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert refused(world, "d1", binding(world)).name == "HospitalNotVerified"


def test_a_device_is_not_bound_to_a_record_that_is_not(world: World) -> None:
    data = binding(world, pmr_id=NEXT_DAY)
    assert refused(world, "d1", data).name == "RecordUnknown"


def test_a_device_is_not_bound_to_an_erased_record(world: World) -> None:
    erase(world)
    assert refused(world, "d1", binding(world)).name == "RecordErased"


@pytest.mark.parametrize("who", ["p1", "p2", "d1", "d2", "h1"])
def test_who_is_somebody_else_is_no_device(world: World, who: str) -> None:
    assert refused(world, "d1", binding(world, account(who))).name == "DeviceUnfit"


def test_a_suspended_doctor_is_no_device_either(world: World) -> None:
    world.enact(SuspendDoctor(2, 2**64 - 1))
    assert refused(world, "d1", binding(world, account("d2"))).name == "DeviceUnfit"


def test_nobody_and_a_contract_are_no_devices(world: World) -> None:
    for device in (ZERO_ADDRESS, world.suite.labs.address):
        assert refused(world, "d1", binding(world, device)).name == "DeviceUnfit"


@pytest.mark.parametrize("doctor", ["d1", "d2"])
def test_a_device_is_bound_to_one_patient_at_a_time(bound: World, doctor: str) -> None:
    data = binding(bound, hospital=int(doctor[1]))
    assert refused(bound, doctor, data).name == "DeviceTaken"


# unbinding


@pytest.mark.parametrize("caller", ["p1", "h1"])
def test_patient_and_hospital_take_a_device_off(bound: World, caller: str) -> None:
    devices = bound.suite.devices
    outcome = send(bound, caller, devices.unbind(V1))
    assert bound.events(outcome) == [DeviceUnbound(V1, 85_437, PMR_ID)]
    assert bound.view(devices.binding_of(V1)) == Binding(ZERO_ADDRESS, 0, 0, 0)
    assert bound.view(devices.patient_of(V1)) == 0


@pytest.mark.parametrize(
    ("caller", "error"),
    [
        ("h2", "NotDeviceHospital"),
        ("p2", "HospitalNotVerified"),
        ("d1", "HospitalNotVerified"),
        ("v1", "HospitalNotVerified"),
    ],
)
def test_nobody_else_takes_a_device_off(bound: World, caller: str, error: str) -> None:
    assert refused(bound, caller, bound.suite.devices.unbind(V1)).name == error


def test_a_device_that_is_not_bound_is_not_taken_off(world: World) -> None:
    assert refused(world, "h1", world.suite.devices.unbind(V1)).name == "DeviceUnknown"


def test_the_patient_takes_a_device_off_although_the_hospital_is_revoked(bound: World) -> None:
    bound.enact(RevokeHospital(account("h1")))
    unbind = bound.suite.devices.unbind(V1)
    assert refused(bound, "h1", unbind).name == "HospitalNotVerified"
    assert len(bound.events(send(bound, "p1", unbind))) == 1


def test_after_a_recovery_the_new_account_takes_the_device_off(bound: World) -> None:
    recovered(bound)
    unbind = bound.suite.devices.unbind(V1)
    assert refused(bound, "p1", unbind).name == "HospitalNotVerified"
    assert len(bound.events(send(bound, "p1 anew", unbind))) == 1


def test_a_device_goes_on_counting_at_the_next_patient(filed: World) -> None:
    send(filed, "p1", filed.suite.devices.unbind(V1))
    pmr = filed.suite.pmr
    other = encode_pmr_id(85_438, TODAY)
    filed.send("d2", pmr.address, pmr.consult(other, hospital_id=2, content=content("visit 2")))
    outcome = send(filed, "d2", binding(filed, pmr_id=other, hospital=2))
    assert filed.events(outcome) == [DeviceBound(V1, 85_438, other, 2, 2, 3)]
    replayed = filing(filed, measured(filed))
    assert refused(filed, "v1", replayed) == RevertReason("SequenceNotNext", (3,))
    send(filed, "v1", filing(filed, measured(filed, first=3)))


# readings


def test_filed_readings_are_kept_and_told(bound: World) -> None:
    devices, batch = bound.suite.devices, measured(bound)
    outcome = send(bound, "v1", filing(bound, batch))
    root, batch_id = batch.root(domain_of(bound)), batch_id_of(V1, 0)
    commitment, codec, digest = content("readings").as_abi()
    assert bound.events(outcome) == [
        EntryAdded(PMR_ID, 1, 1, 1, EntryKind.IOMT, codec, digest, commitment),
        ReadingsFiled(batch_id, PMR_ID, V1, 0, 3, root, 1),
    ]
    assert bound.view(devices.batch_of(batch_id)) == Batch(root, PMR_ID, 1, 3, 1)
    assert bound.view(devices.binding_of(V1)).next_sequence == 3
    assert bound.view(bound.suite.pmr.entry(PMR_ID, 1)).kind is EntryKind.IOMT


def test_batches_follow_each_other(filed: World) -> None:
    send(filed, "v1", filing(filed, measured(filed, 2, first=3)))
    devices = filed.suite.devices
    assert filed.view(devices.batch_of(batch_id_of(V1, 3))).count == 2
    assert filed.view(devices.batch_of(batch_id_of(V1, 0))).count == 3


@pytest.mark.parametrize("first", [0, 2, 4, 2**32 - 1])
def test_replayed_and_reordered_readings_are_refused(filed: World, first: int) -> None:
    data = filing(filed, measured(filed, 1, first=first))
    assert refused(filed, "v1", data) == RevertReason("SequenceNotNext", (3,))


@pytest.mark.parametrize("count", [0, 1_025])
def test_a_batch_has_one_to_1024_readings(bound: World, count: int) -> None:
    data = bound.suite.devices.file_readings(0, count=count, root=WORD, content=content("x"))
    assert refused(bound, "v1", data).name == "BatchSize"


@pytest.mark.parametrize("count", [1, 1_024])
def test_smallest_and_largest_batch_are_taken(bound: World, count: int) -> None:
    data = bound.suite.devices.file_readings(0, count=count, root=WORD, content=content("x"))
    send(bound, "v1", data)
    assert bound.view(bound.suite.devices.binding_of(V1)).next_sequence == count


def test_a_batch_without_root_is_refused(bound: World) -> None:
    data = bound.suite.devices.file_readings(0, count=1, root=bytes(32), content=content("x"))
    assert refused(bound, "v1", data).name == "FieldMissing"


@pytest.mark.parametrize("who", ["v2", "d1", "h1", "p1"])
def test_only_a_bound_device_files(bound: World, who: str) -> None:
    assert refused(bound, who, filing(bound, measured(bound))).name == "DeviceUnknown"


def test_a_device_that_was_taken_off_files_no_more(filed: World) -> None:
    send(filed, "h1", filed.suite.devices.unbind(V1))
    data = filing(filed, measured(filed, first=3))
    assert refused(filed, "v1", data).name == "DeviceUnknown"


def test_a_suspended_doctor_writes_through_no_device(filed: World) -> None:
    filed.enact(SuspendDoctor(1, filed.chain.time_s + DAY))
    data = filing(filed, measured(filed, first=3))
    assert refused(filed, "v1", data).name == "DoctorNotActive"
    filed.chain.wait(DAY)
    send(filed, "v1", data)


def test_devices_of_a_revoked_hospital_file_no_more(filed: World) -> None:
    filed.enact(RevokeHospital(account("h1")))
    data = filing(filed, measured(filed, first=3))
    assert refused(filed, "v1", data).name == "HospitalNotVerified"


def test_an_erased_record_takes_no_readings(filed: World) -> None:
    erase(filed)
    data = filing(filed, measured(filed, first=3))
    assert refused(filed, "v1", data).name == "RecordErased"


# proofs


def test_every_reading_of_a_batch_is_proven_and_no_other(filed: World) -> None:
    devices, batch, domain = filed.suite.devices, measured(filed), domain_of(filed)
    leaves, batch_id = batch.leaves(domain), batch_id_of(V1, 0)
    for index, leaf in enumerate(leaves):
        assert filed.view(devices.is_reading(batch_id, leaf, batch.proof(index, domain)))
    foreign = measured(filed, device="v2").leaves(domain)[0]
    assert not filed.view(devices.is_reading(batch_id, foreign, batch.proof(0, domain)))
    assert not filed.view(devices.is_reading(batch_id + 1, leaves[0], batch.proof(0, domain)))


def test_a_batch_that_is_not_has_no_readings(filed: World) -> None:
    assert not filed.view(filed.suite.devices.is_reading(batch_id_of(V1, 9), bytes(32), ()))


def test_the_contract_makes_the_same_leaves(filed: World) -> None:
    devices, batch = filed.suite.devices, measured(filed)
    made = [filed.view(devices.leaf_of(V1, batch.shown(index))) for index in range(3)]
    assert tuple(made) == batch.leaves(domain_of(filed))


def test_what_a_device_signs_is_typed_data(world: World) -> None:
    """eth-account builds the same digest from the declared types, Measure nested."""
    batch = measured(world)
    [reading, *_] = batch.readings
    message = encode_typed_data(
        domain_data={
            "name": "wardnet",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": world.suite.devices.address,
        },
        message_types={
            "Reading": [
                {"name": "device", "type": "address"},
                {"name": "sequence", "type": "uint32"},
                {"name": "time", "type": "uint64"},
                {"name": "kind", "type": "bytes32"},
                {"name": "measure", "type": "Measure"},
            ],
            "Measure": [
                {"name": "value", "type": "int64"},
                {"name": "decimals", "type": "uint8"},
                {"name": "salt", "type": "bytes32"},
            ],
        },
        message_data={
            "device": V1,
            "sequence": 0,
            "time": reading.sample.time_s,
            "kind": KIND,
            "measure": {"value": 70, "decimals": 0, "salt": reading.salt},
        },
    )
    signed = Account.sign_message(message, keccak256(b"contract tests: v1"))
    r, s, v = (bytes(signed.signature[:32]), bytes(signed.signature[32:64]), signed.v - 27)
    assert reading.signature == r + s + bytes([v])


# gas


@pytest.mark.parametrize("round_", [0, 1])
def test_gas_of_what_devices_do(world: World, record_property: Record, round_: int) -> None:
    """For the first time (new slots), and once more: budgets of one transaction each."""
    count = 1_024
    for at in range(round_ + 1):
        batch = measured(world, count, first=at * count)
        bind = send(world, "d1", binding(world)).gas
        file = send(world, "v1", filing(world, batch)).gas
        alert = send(world, "v1", telling(world, batch, 5)).gas
        unbind = send(world, "p1", world.suite.devices.unbind(V1)).gas
    figures = {"bind device": bind, "file readings": file, "alert": alert, "unbind": unbind}
    for what, gas in figures.items():
        record_property(what, gas)
        print(f"{what}: {gas}")  # noqa: T201 - the figure is the point
    budgets = {"bind device": 115_000, "file readings": 200_000, "alert": 95_000, "unbind": 60_000}
    assert {what: gas for what, gas in figures.items() if gas > budgets[what]} == {}
