"""Workflow 11: a device is given to a patient, files what it measures, and tells of outliers.

The device signs each reading; the node of its hospital checks the signatures and seals the batch
like any record.  The ledger gets a Merkle root, and of a reading that an alert tells of all but
its value.  A flow that is cut off leaves no trace on the ledger, or the whole of its transaction:
the next batch begins where the ledger stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from node.base.limits_records import DEVICE_BATCHES_COUNT_MAX
from node.base.ports import Entropy
from node.contracts.bindings.iomt_registry import AlertRaised, ReadingsFiled
from node.contracts.iomt_registry import Binding, batch_id_of
from node.contracts.pmr_id import decode_pmr_id
from node.privacy.baseline import Deviation, deviations
from node.privacy.readings import ReadingBatch, Sample, sign_readings
from node.workflows.asking import await_inclusion, call, view
from node.workflows.consult import Visit
from node.workflows.dealing import UNWRITTEN, file_record
from node.workflows.errors import ContractRevertError, NothingUnusualError
from node.workflows.readings_check import device_domain
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Device, Doctor, Patient, Ward

DEVICE_GAS: Final = 300_000
"""Gas offered with a device's transaction: its role has 500,000 per block (limits.py)."""


@dataclass(frozen=True, slots=True)
class FiledReadings(Visit):
    """What filing a batch leaves: an entry of a PMR, and the readings in it."""

    batch: ReadingBatch

    @property
    def batch_id(self) -> int:
        """The name of the batch on the ledger."""
        return batch_id_of(self.batch.device, self.batch.first_sequence)


def bind_device(ward: Ward, doctor: Doctor, device: Device, visit: Visit) -> Flow[None]:
    """Give a device to the patient of a visit, as the doctor who sees them.

    A flow that was cut off can be done again: what the ledger has already is not sent twice.

    raises        ContractRevertError: DoctorNotActive, DeviceTaken, DeviceUnfit, RecordErased.
    """
    hospital = doctor.hospital.signer.address
    hospital_id = yield from view(doctor.node, ward.contracts.hospitals.id_of(hospital))
    devices, account = ward.contracts.devices, device.signer.address
    found = yield from view(doctor.node, devices.binding_of(account))
    wanted = Binding(doctor.signer.address, visit.pmr_id, hospital_id, found.next_sequence)
    if found != wanted:
        data = devices.bind_device(account, pmr_id=visit.pmr_id, hospital_id=hospital_id)
        bound = yield from transact(ward, doctor.node, doctor.signer, devices.address, data)
        # the device speaks through its own hospital's node, which must know it before
        yield from await_inclusion(device.node, bound.tx_hash, final=False)
    device.patient = visit.patient
    device.batches.clear()


def unbind_device(
    ward: Ward, device: Device, *, by: Patient | Literal["hospital"] = "hospital"
) -> Flow[None]:
    """Take a device off, as its patient or the hospital that gave it out.

    raises        ContractRevertError: DeviceUnknown, HospitalNotVerified, NotDeviceHospital.
    """
    party = device.hospital if by == "hospital" else by
    devices = ward.contracts.devices
    data = devices.unbind(device.signer.address)
    yield from transact(ward, party.node, party.signer, devices.address, data)
    device.patient = None
    device.batches.clear()


def file_readings(
    ward: Ward, device: Device, samples: Sequence[Sample], entropy: Entropy
) -> Flow[FiledReadings]:
    """Sign samples with the numbers that are next on the ledger, and file them.

    raises        as ``file_batch``; RecordError: a sample that no record takes.
    """
    account = device.signer.address
    binding = yield from view(device.node, ward.contracts.devices.binding_of(account))
    batch = sign_readings(
        samples,
        first_sequence=binding.next_sequence,
        domain=device_domain(ward),
        signer=device.signer,
        entropy=entropy,
    )
    return (yield from file_batch(ward, device, batch, entropy))


def file_batch(
    ward: Ward, device: Device, batch: ReadingBatch, entropy: Entropy
) -> Flow[FiledReadings]:
    """Check, seal and file a batch that a device hands in.

    raises        ReadingSignatureError: a reading is of another device, chain or number.
                  ContractRevertError: DeviceUnknown, SequenceNotNext, DoctorNotActive, or
                  NotPatient: it is bound to somebody else than the device was given to.
                  In all these cases nothing was sealed or handed out.
    """
    domain = device_domain(ward)
    ReadingBatch(device.signer.address, batch.first_sequence, batch.readings).check(domain)
    devices, node, account = ward.contracts.devices, device.node, device.signer.address
    root, count = batch.root(domain), len(batch.readings)
    unwritten = devices.file_readings(
        batch.first_sequence, count=count, root=root, content=UNWRITTEN
    )
    yield from call(node, devices.address, unwritten, account)
    binding = yield from view(node, devices.binding_of(account))
    patient = device.patient
    if patient is None or decode_pmr_id(binding.pmr_id).patient_id != patient.patient_id:
        raise ContractRevertError("NotPatient", ())
    filed = yield from file_record(
        ward,
        patient,
        batch,
        node=node,
        dealer=account,
        pmr_id=binding.pmr_id,
        entropy=entropy,
    )
    data = devices.file_readings(
        batch.first_sequence, count=count, root=root, content=filed.content
    )
    inclusion = yield from transact(
        ward, node, device.signer, devices.address, data, gas=DEVICE_GAS
    )
    event = event_of(inclusion, devices.address, ReadingsFiled)
    assert isinstance(event, ReadingsFiled)
    device.batches.append(batch)
    del device.batches[:-DEVICE_BATCHES_COUNT_MAX]
    return FiledReadings(binding.pmr_id, event.entry_index, patient, filed, batch)


def raise_alert(
    ward: Ward,
    device: Device,
    filed: FiledReadings,
    *,
    by: Literal["device", "hospital"] = "device",
) -> Flow[tuple[AlertRaised, ...]]:
    """Hold a filed batch against what the device measured before, and tell of what deviates.

    A reading is compared with earlier ones of its kind only.  What was told already is left out,
    so a flow that was cut off goes on where it was.

    raises        NothingUnusualError: nothing deviates that was not told of.
                  ContractRevertError: DeviceUnknown, RecordErased, HospitalNotVerified, ...
    """
    devices, domain, batch = ward.contracts.devices, device_domain(ward), filed.batch
    party = device.signer if by == "device" else device.hospital.signer
    raised: list[AlertRaised] = []
    for index, side in outliers(device.batches, batch):
        sequence = batch.first_sequence + index
        if (yield from view(device.node, devices.is_alerted(batch.device, sequence))):
            continue
        data = devices.raise_alert(
            filed.batch_id,
            shown=batch.shown(index),
            proof=batch.proof(index, domain),
            reason=side.value,
        )
        inclusion = yield from transact(
            ward, device.node, party, devices.address, data, gas=DEVICE_GAS
        )
        event = event_of(inclusion, devices.address, AlertRaised)
        assert isinstance(event, AlertRaised)
        raised.append(event)
    if not raised:
        raise NothingUnusualError(device.name, len(batch.readings))
    return tuple(raised)


def outliers(
    known: Sequence[ReadingBatch], batch: ReadingBatch
) -> tuple[tuple[int, Deviation], ...]:
    """Give (index, side) of the readings of a batch that deviate from what was known before it."""
    before = [
        one.sample
        for each in known
        if each.first_sequence < batch.first_sequence
        for one in each.readings
    ]
    found: list[tuple[int, Deviation]] = []
    measured = [one.sample for one in batch.readings]
    for scale in dict.fromkeys((one.kind, one.decimals) for one in measured):
        places = [k for k, one in enumerate(measured) if (one.kind, one.decimals) == scale]
        earlier = [one.value for one in before if (one.kind, one.decimals) == scale]
        values = [measured[k].value for k in places]
        found += [(places[k], side) for k, side in deviations(values, earlier=earlier)]
    return tuple(sorted(found, key=lambda one: one[0]))
