"""Devices: to whom they are bound, what they file, and what is told of a reading."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from node.base.keccak import keccak256
from node.base.rng import TreeEntropy
from node.base.types import ZERO_ADDRESS, Address
from node.contracts.bindings.iomt_registry import (
    AlertRaised,
    DeviceBound,
    DeviceUnbound,
    ReadingsFiled,
)
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import RevokeHospital, SuspendDoctor, SuspendHospital
from node.contracts.iomt_registry import Batch, Binding, batch_id_of
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.pmr_token import EntryAdded, EntryKind
from node.contracts.reverts import RevertReason
from node.privacy.consent import Domain
from node.privacy.readings import ReadingBatch, Sample, sign_readings
from tests.contracts.recovering import recovered
from tests.contracts.stock_chain import CHAIN_ID
from tests.contracts.world import DAY, PMR_ID, TODAY, World, account, content, key_of

Record = Callable[[str, object], None]
HEART_RATE = "8867-4 /min"
KIND = HEART_RATE.encode().ljust(32, b"\0")
REASON = "ABOVE_BASELINE"
WORD = REASON.encode().ljust(32, b"\0")
V1 = account("v1")
NEXT_DAY = encode_pmr_id(85_437, TODAY + timedelta(days=1))


def _domain(world: World) -> Domain:
    return Domain(CHAIN_ID, world.suite.devices.address)


def _batch(world: World, count: int = 3, *, first: int = 0, device: str = "v1") -> ReadingBatch:
    samples = [Sample(1_611_619_200 + at, HEART_RATE, 70 + at) for at in range(count)]
    return sign_readings(
        samples,
        first_sequence=first,
        domain=_domain(world),
        signer=key_of(device),
        entropy=TreeEntropy(1, device, str(first)),
    )


def _binding(world: World, device: Address = V1, pmr_id: int = PMR_ID, hospital: int = 1) -> bytes:
    return world.suite.devices.bind_device(device, pmr_id=pmr_id, hospital_id=hospital)


def _filing(world: World, batch: ReadingBatch, name: str = "readings") -> bytes:
    return world.suite.devices.file_readings(
        batch.first_sequence,
        count=len(batch.readings),
        root=batch.root(_domain(world)),
        content=content(name),
    )


def _alert(
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
        proof=batch.proof(index, _domain(world)),
        reason=reason,
    )


def _send(world: World, sender: str, data: bytes):
    return world.send(sender, world.suite.devices.address, data)


def _refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.devices.address, data)


@pytest.fixture
def bound(world: World) -> World:
    _send(world, "d1", _binding(world))
    return world


@pytest.fixture
def filed(bound: World) -> World:
    _send(bound, "v1", _filing(bound, _batch(bound)))
    return bound


# binding


def test_a_device_is_given_to_the_patient_of_a_record(world: World) -> None:
    devices = world.suite.devices
    outcome = _send(world, "d1", _binding(world))
    assert world.events(outcome) == [DeviceBound(V1, 85_437, PMR_ID, 1, 1, 0)]
    assert world.view(devices.binding_of(V1)) == Binding(account("d1"), PMR_ID, 1, 0)
    assert world.view(devices.patient_of(V1)) == 85_437


def test_a_device_that_nobody_was_given_has_no_patient(world: World) -> None:
    assert world.view(world.suite.devices.patient_of(V1)) == 0
    assert not world.view(world.suite.devices.binding_of(V1)).is_bound


@pytest.mark.parametrize("caller", ["stranger", "h1", "p1", "l1", "v1", "member 0"])
def test_only_a_doctor_binds(world: World, caller: str) -> None:
    assert _refused(world, caller, _binding(world)).name == "DoctorNotActive"


def test_a_doctor_binds_for_an_own_hospital_only(world: World) -> None:
    assert _refused(world, "d1", _binding(world, hospital=2)).name == "DoctorNotActive"


def test_a_suspended_doctor_does_not_bind(world: World) -> None:
    world.enact(SuspendDoctor(1, world.chain.time_s + DAY))
    assert _refused(world, "d1", _binding(world)).name == "DoctorNotActive"


def test_nobody_binds_for_a_suspended_hospital(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert _refused(world, "d1", _binding(world)).name == "HospitalNotVerified"


def test_a_device_is_not_bound_to_a_record_that_is_not(world: World) -> None:
    data = _binding(world, pmr_id=NEXT_DAY)
    assert _refused(world, "d1", data).name == "ERC721NonexistentToken"


def _erase(world: World) -> None:
    world.send(
        "p1", world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, b"GDPR-17".ljust(32, b"\0"))
    )


def test_a_device_is_not_bound_to_an_erased_record(world: World) -> None:
    _erase(world)
    assert _refused(world, "d1", _binding(world)).name == "RecordErased"


@pytest.mark.parametrize("who", ["p1", "p2", "d1", "d2", "h1"])
def test_who_is_somebody_else_is_no_device(world: World, who: str) -> None:
    assert _refused(world, "d1", _binding(world, account(who))).name == "DeviceUnfit"


def test_a_suspended_doctor_is_no_device_either(world: World) -> None:
    world.enact(SuspendDoctor(2, 2**64 - 1))
    assert _refused(world, "d1", _binding(world, account("d2"))).name == "DeviceUnfit"


def test_nobody_and_a_contract_are_no_devices(world: World) -> None:
    for device in (ZERO_ADDRESS, world.suite.labs.address):
        assert _refused(world, "d1", _binding(world, device)).name == "DeviceUnfit"


@pytest.mark.parametrize("doctor", ["d1", "d2"])
def test_a_device_is_bound_to_one_patient_at_a_time(bound: World, doctor: str) -> None:
    data = _binding(bound, hospital=int(doctor[1]))
    assert _refused(bound, doctor, data).name == "DeviceTaken"


# unbinding


@pytest.mark.parametrize("caller", ["p1", "h1"])
def test_patient_and_hospital_take_a_device_off(bound: World, caller: str) -> None:
    devices = bound.suite.devices
    outcome = _send(bound, caller, devices.unbind(V1))
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
    assert _refused(bound, caller, bound.suite.devices.unbind(V1)).name == error


def test_a_device_that_is_not_bound_is_not_taken_off(world: World) -> None:
    assert _refused(world, "h1", world.suite.devices.unbind(V1)).name == "DeviceUnknown"


def test_the_patient_takes_a_device_off_although_the_hospital_is_revoked(bound: World) -> None:
    bound.enact(RevokeHospital(account("h1")))
    unbind = bound.suite.devices.unbind(V1)
    assert _refused(bound, "h1", unbind).name == "HospitalNotVerified"
    assert len(bound.events(_send(bound, "p1", unbind))) == 1


def test_after_a_recovery_the_new_account_takes_the_device_off(bound: World) -> None:
    recovered(bound)
    unbind = bound.suite.devices.unbind(V1)
    assert _refused(bound, "p1", unbind).name == "HospitalNotVerified"
    assert len(bound.events(_send(bound, "p1 anew", unbind))) == 1


def test_a_device_goes_on_counting_at_the_next_patient(filed: World) -> None:
    _send(filed, "p1", filed.suite.devices.unbind(V1))
    pmr = filed.suite.pmr
    other = encode_pmr_id(85_438, TODAY)
    filed.send("d2", pmr.address, pmr.consult(other, hospital_id=2, content=content("visit 2")))
    outcome = _send(filed, "d2", _binding(filed, pmr_id=other, hospital=2))
    assert filed.events(outcome) == [DeviceBound(V1, 85_438, other, 2, 2, 3)]
    replayed = _filing(filed, _batch(filed))
    assert _refused(filed, "v1", replayed) == RevertReason("SequenceNotNext", (3,))
    _send(filed, "v1", _filing(filed, _batch(filed, first=3)))


# readings


def test_filed_readings_are_kept_and_told(bound: World) -> None:
    devices, batch = bound.suite.devices, _batch(bound)
    outcome = _send(bound, "v1", _filing(bound, batch))
    root, batch_id = batch.root(_domain(bound)), batch_id_of(V1, 0)
    commitment, codec, digest = content("readings").as_abi()
    assert bound.events(outcome) == [
        EntryAdded(PMR_ID, 1, 1, 1, EntryKind.IOMT, codec, digest, commitment),
        ReadingsFiled(batch_id, PMR_ID, V1, 0, 3, root, 1),
    ]
    assert bound.view(devices.batch_of(batch_id)) == Batch(root, PMR_ID, 1, 3, 1)
    assert bound.view(devices.binding_of(V1)).next_sequence == 3
    assert bound.view(bound.suite.pmr.entry(PMR_ID, 1)).kind is EntryKind.IOMT


def test_batches_follow_each_other(filed: World) -> None:
    _send(filed, "v1", _filing(filed, _batch(filed, 2, first=3)))
    devices = filed.suite.devices
    assert filed.view(devices.batch_of(batch_id_of(V1, 3))).count == 2
    assert filed.view(devices.batch_of(batch_id_of(V1, 0))).count == 3


@pytest.mark.parametrize("first", [0, 2, 4, 2**32 - 1])
def test_replayed_and_reordered_readings_are_refused(filed: World, first: int) -> None:
    data = _filing(filed, _batch(filed, 1, first=first))
    assert _refused(filed, "v1", data) == RevertReason("SequenceNotNext", (3,))


@pytest.mark.parametrize("count", [0, 1_025])
def test_a_batch_has_one_to_1024_readings(bound: World, count: int) -> None:
    data = bound.suite.devices.file_readings(0, count=count, root=WORD, content=content("x"))
    assert _refused(bound, "v1", data).name == "BatchSize"


@pytest.mark.parametrize("count", [1, 1_024])
def test_smallest_and_largest_batch_are_taken(bound: World, count: int) -> None:
    data = bound.suite.devices.file_readings(0, count=count, root=WORD, content=content("x"))
    _send(bound, "v1", data)
    assert bound.view(bound.suite.devices.binding_of(V1)).next_sequence == count


def test_a_batch_without_root_is_refused(bound: World) -> None:
    data = bound.suite.devices.file_readings(0, count=1, root=bytes(32), content=content("x"))
    assert _refused(bound, "v1", data).name == "FieldMissing"


@pytest.mark.parametrize("who", ["v2", "d1", "h1", "p1"])
def test_only_a_bound_device_files(bound: World, who: str) -> None:
    assert _refused(bound, who, _filing(bound, _batch(bound))).name == "DeviceUnknown"


def test_a_device_that_was_taken_off_files_no_more(filed: World) -> None:
    _send(filed, "h1", filed.suite.devices.unbind(V1))
    data = _filing(filed, _batch(filed, first=3))
    assert _refused(filed, "v1", data).name == "DeviceUnknown"


def test_a_suspended_doctor_writes_through_no_device(filed: World) -> None:
    filed.enact(SuspendDoctor(1, filed.chain.time_s + DAY))
    data = _filing(filed, _batch(filed, first=3))
    assert _refused(filed, "v1", data).name == "DoctorNotActive"
    filed.chain.wait(DAY)
    _send(filed, "v1", data)


def test_devices_of_a_revoked_hospital_file_no_more(filed: World) -> None:
    filed.enact(RevokeHospital(account("h1")))
    data = _filing(filed, _batch(filed, first=3))
    assert _refused(filed, "v1", data).name == "HospitalNotVerified"


def test_an_erased_record_takes_no_readings(filed: World) -> None:
    _erase(filed)
    data = _filing(filed, _batch(filed, first=3))
    assert _refused(filed, "v1", data).name == "RecordErased"


# proofs


def test_every_reading_of_a_batch_is_proven_and_no_other(filed: World) -> None:
    devices, batch, domain = filed.suite.devices, _batch(filed), _domain(filed)
    leaves, batch_id = batch.leaves(domain), batch_id_of(V1, 0)
    for index, leaf in enumerate(leaves):
        assert filed.view(devices.is_reading(batch_id, leaf, batch.proof(index, domain)))
    foreign = _batch(filed, device="v2").leaves(domain)[0]
    assert not filed.view(devices.is_reading(batch_id, foreign, batch.proof(0, domain)))
    assert not filed.view(devices.is_reading(batch_id + 1, leaves[0], batch.proof(0, domain)))


def test_a_batch_that_is_not_has_no_readings(filed: World) -> None:
    assert not filed.view(filed.suite.devices.is_reading(batch_id_of(V1, 9), bytes(32), ()))


def test_the_contract_makes_the_same_leaves(filed: World) -> None:
    devices, batch = filed.suite.devices, _batch(filed)
    made = [filed.view(devices.leaf_of(V1, batch.shown(index))) for index in range(3)]
    assert tuple(made) == batch.leaves(_domain(filed))


def test_what_a_device_signs_is_typed_data(world: World) -> None:
    """eth-account builds the same digest from the declared types, Measure nested."""
    batch = _batch(world)
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


# alerts


@pytest.mark.parametrize("caller", ["v1", "h1"])
def test_an_alert_tells_all_but_the_value(filed: World, caller: str) -> None:
    outcome = _send(filed, caller, _alert(filed, _batch(filed), 1))
    batch_id = batch_id_of(V1, 0)
    assert filed.events(outcome) == [AlertRaised(85_437, V1, batch_id, 1, KIND, WORD)]
    devices = filed.suite.devices
    told = [filed.view(devices.is_alerted(V1, sequence)) for sequence in range(3)]
    assert told == [False, True, False]


@pytest.mark.parametrize("caller", ["v1", "h1"])
def test_a_reading_alerts_once(filed: World, caller: str) -> None:
    _send(filed, "v1", _alert(filed, _batch(filed), 1))
    assert _refused(filed, caller, _alert(filed, _batch(filed), 1)).name == "AlreadyAlerted"
    _send(filed, caller, _alert(filed, _batch(filed), 2))


@pytest.mark.parametrize(
    ("caller", "error"),
    [
        ("h2", "NotDeviceHospital"),
        ("v2", "HospitalNotVerified"),
        ("d1", "HospitalNotVerified"),
        ("p1", "HospitalNotVerified"),
    ],
)
def test_nobody_else_raises_an_alert(filed: World, caller: str, error: str) -> None:
    assert _refused(filed, caller, _alert(filed, _batch(filed))).name == error


def test_an_alert_of_no_batch_is_refused(filed: World) -> None:
    assert _refused(filed, "v1", _alert(filed, _batch(filed), of=1)).name == "BatchUnknown"


def test_an_alert_names_its_reason(filed: World) -> None:
    assert _refused(filed, "v1", _alert(filed, _batch(filed), reason="")).name == "ReasonMissing"


def test_a_reason_that_is_no_code_word_is_not_sent(filed: World) -> None:
    with pytest.raises(CallArgumentError):
        _alert(filed, _batch(filed), reason="x" * 33)


@pytest.mark.parametrize("field", range(4))
def test_a_reading_that_was_changed_is_unknown(filed: World, field: int) -> None:
    batch, devices = _batch(filed), filed.suite.devices
    shown = list(batch.shown(0))
    word = shown[field]
    shown[field] = word + 1 if isinstance(word, int) else bytes([word[0] ^ 1]) + word[1:]
    proof = batch.proof(0, _domain(filed))
    data = devices.raise_alert(
        batch_id_of(V1, 0),
        shown=tuple(shown),  # type: ignore[arg-type]
        proof=proof,
        reason=REASON,
    )
    assert _refused(filed, "v1", data).name == "ReadingUnknown"


@pytest.mark.parametrize("first", [0, 5, 8])
def test_a_reading_with_a_number_outside_its_batch_is_unknown(filed: World, first: int) -> None:
    """A device that signs numbers it has no right to gains nothing: 3 and 4 were filed."""
    forged = _batch(filed, 2, first=first)
    data = filed.suite.devices.file_readings(
        3, count=2, root=forged.root(_domain(filed)), content=content("forged")
    )
    _send(filed, "v1", data)
    assert _refused(filed, "v1", _alert(filed, forged, 0, of=3)).name == "ReadingUnknown"


def test_an_inner_node_of_the_tree_is_no_reading(filed: World) -> None:
    batch, domain = _batch(filed), _domain(filed)
    one, other, third = batch.leaves(domain)
    inner = keccak256(b"".join(sorted((one, other))))
    devices = filed.suite.devices
    assert filed.view(devices.is_reading(batch_id_of(V1, 0), inner, (third,)))
    # the tree knows the node, but no Reading has it as its leaf: no alert can show one
    data = devices.raise_alert(
        batch_id_of(V1, 0), shown=batch.shown(0), proof=(third,), reason=REASON
    )
    assert _refused(filed, "v1", data).name == "ReadingUnknown"


def test_an_erased_record_raises_no_alert(filed: World) -> None:
    _erase(filed)
    assert _refused(filed, "v1", _alert(filed, _batch(filed))).name == "RecordErased"


def test_a_device_of_another_patient_is_silent_about_the_last_one(filed: World) -> None:
    _send(filed, "p1", filed.suite.devices.unbind(V1))
    alert = _alert(filed, _batch(filed))
    assert _refused(filed, "v1", alert).name == "DeviceUnknown"
    assert len(filed.events(_send(filed, "h1", alert))) == 1


def test_what_was_filed_may_be_told_of_although_the_doctor_is_suspended(filed: World) -> None:
    filed.enact(SuspendDoctor(1, 2**64 - 1))
    assert len(filed.events(_send(filed, "v1", _alert(filed, _batch(filed))))) == 1


def test_no_value_and_no_salt_stands_in_what_an_alert_sends(filed: World) -> None:
    batch = _batch(filed)
    data = _alert(filed, batch)
    assert batch.readings[0].salt not in data
    assert (70).to_bytes(32) not in data


# gas


@pytest.mark.parametrize("round_", [0, 1])
def test_gas_of_what_devices_do(world: World, record_property: Record, round_: int) -> None:
    """For the first time (new slots), and once more: budgets of one transaction each."""
    count = 1_024
    for at in range(round_ + 1):
        batch = _batch(world, count, first=at * count)
        bind = _send(world, "d1", _binding(world)).gas
        file = _send(world, "v1", _filing(world, batch)).gas
        alert = _send(world, "v1", _alert(world, batch, 5)).gas
        unbind = _send(world, "p1", world.suite.devices.unbind(V1)).gas
    figures = {"bind device": bind, "file readings": file, "alert": alert, "unbind": unbind}
    for what, gas in figures.items():
        record_property(what, gas)
        print(f"{what}: {gas}")  # noqa: T201 - the figure is the point
    budgets = {"bind device": 115_000, "file readings": 200_000, "alert": 95_000, "unbind": 60_000}
    assert {what: gas for what, gas in figures.items() if gas > budgets[what]} == {}
