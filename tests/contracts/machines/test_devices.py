"""IomtRegistry beside a model: bindings, sequences, batches, and alerts that stand once."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.base.types import ZERO_ADDRESS
from node.contracts.government_actions import SuspendDoctor, SuspendHospital, VerifyHospital
from node.contracts.iomt_registry import Binding, batch_id_of
from node.contracts.pmr_id import encode_pmr_id
from node.privacy.readings import ReadingBatch
from tests.contracts.devices import binding, domain_of, filing, measured
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.world import PMR_ID, TODAY, World, account, content, peopled

PATIENT_IDS = {"p1": 85_437, "p2": 85_438}
RECORDS = {"p1": PMR_ID, "p2": encode_pmr_id(85_438, TODAY)}
DEVICES = ("v1", "v2")
HOSPITAL_IDS = {"h1": 1, "h2": 2}
DOCTORS = {"d1": "h1", "d2": "h2"}
parties = st.sampled_from(("p1", "p2", "h1", "h2", "d1", "stranger", *DEVICES))
devices = st.sampled_from(DEVICES)


@dataclass
class Device:
    """What the registry knows of one."""

    doctor: str | None = None
    patient: str | None = None
    next: int = 0
    batches: dict[int, tuple[ReadingBatch, str, str]] = field(default_factory=dict)
    """First sequence to the batch, its patient and its hospital."""
    told: set[int] = field(default_factory=set)


def two_patients() -> World:
    """The usual people, a record of the second patient, and v1 at the first with three readings."""
    world = peopled()
    pmr = world.suite.pmr
    visit = pmr.consult(RECORDS["p2"], hospital_id=2, content=content("visit of p2"))
    world.send("d2", pmr.address, visit)
    registry = world.suite.devices
    world.send("d1", registry.address, binding(world))
    world.send("v1", registry.address, filing(world, measured(world)))
    return world


class DevicesMachine(ContractMachine):
    """Two devices, two patients, a doctor at each of two hospitals."""

    build = staticmethod(two_patients)

    def start(self) -> None:
        self.devices = {name: Device() for name in DEVICES}
        self.verified = dict.fromkeys(HOSPITAL_IDS, True)
        self.suspended_until_s = dict.fromkeys(DOCTORS, 0)
        self.erased: set[str] = set()
        filed = {0: (measured(self.world), "p1", "h1")}
        self.devices["v1"] = Device("d1", "p1", 3, filed)

    def writing_error(self, doctor: str) -> str | None:
        return first_of(
            (self.next_s < self.suspended_until_s[doctor], "DoctorNotActive"),
            (not self.verified[DOCTORS[doctor]], "HospitalNotVerified"),
        )

    def hospital_error(self, caller: str, hospital: str) -> str | None:
        """What is wrong with a caller who ought to be this hospital."""
        return first_of(
            (not self.verified.get(caller, False), "HospitalNotVerified"),
            (caller != hospital, "NotDeviceHospital"),
        )

    @rule(
        name=devices, doctor=st.sampled_from(list(DOCTORS)), patient=st.sampled_from(list(RECORDS))
    )
    def bind(self, name: str, doctor: str, patient: str) -> None:
        device = self.devices[name]
        error = self.writing_error(doctor) or first_of(
            (patient in self.erased, "RecordErased"),
            (device.patient is not None, "DeviceTaken"),
        )
        registry = self.suite.devices
        data = registry.bind_device(
            account(name), pmr_id=RECORDS[patient], hospital_id=HOSPITAL_IDS[DOCTORS[doctor]]
        )
        if self.expect(error, doctor, registry.address, data):
            device.doctor, device.patient = doctor, patient

    @rule(name=devices, who=st.sampled_from(("p1", "d2", "h1")))
    def bind_somebody_else(self, name: str, who: str) -> None:
        error = self.writing_error("d1") or first_of(
            ("p2" in self.erased, "RecordErased"), (True, "DeviceUnfit")
        )
        registry = self.suite.devices
        data = registry.bind_device(account(who), pmr_id=RECORDS["p2"], hospital_id=1)
        self.expect(error, "d1", registry.address, data)

    @rule(name=devices, caller=parties)
    def unbind(self, name: str, caller: str) -> None:
        device = self.devices[name]
        error: str | None = "DeviceUnknown"
        if device.patient is not None and device.doctor is not None:
            is_patient = caller == device.patient
            error = None if is_patient else self.hospital_error(caller, DOCTORS[device.doctor])
        registry = self.suite.devices
        if self.expect(error, caller, registry.address, registry.unbind(account(name))):
            device.doctor = device.patient = None

    @rule(
        name=devices,
        shift=st.sampled_from((0, 0, 0, -1, 1)),
        count=st.integers(0, 3),
    )
    def file(self, name: str, shift: int, count: int) -> None:
        device = self.devices[name]
        first = max(0, device.next + shift)
        error = first_of(
            (device.patient is None, "DeviceUnknown"),
            (first != device.next, "SequenceNotNext"),
            (count == 0, "BatchSize"),
        )
        if error is None and device.doctor is not None:
            error = self.writing_error(device.doctor)
        if error is None and device.patient in self.erased:
            error = "RecordErased"
        batch = measured(self.world, max(count, 1), first=first, device=name)
        registry = self.suite.devices
        data = registry.file_readings(
            first, count=count, root=batch.root(domain_of(self.world)), content=content("batch")
        )
        if self.expect(error, name, registry.address, data):
            assert device.patient is not None
            assert device.doctor is not None
            device.batches[first] = (batch, device.patient, DOCTORS[device.doctor])
            device.next += count

    @rule(
        name=devices,
        caller=st.just("itself") | parties,
        place=st.integers(0, 9),
        index=st.integers(0, 2),
    )
    def tell(self, name: str, caller: str, place: int, index: int) -> None:
        device = self.devices[name]
        caller = name if caller == "itself" else caller
        if not device.batches:
            return
        first = sorted(device.batches)[place % len(device.batches)]
        batch, patient, hospital = device.batches[first]
        index %= len(batch.readings)
        if caller == name:
            error = first_of((device.patient != patient, "DeviceUnknown"))
        else:
            error = self.hospital_error(caller, hospital)
        error = error or first_of(
            (patient in self.erased, "RecordErased"),
            (first + index in device.told, "AlreadyAlerted"),
        )
        registry = self.suite.devices
        data = registry.raise_alert(
            batch_id_of(account(name), first),
            shown=batch.shown(index),
            proof=batch.proof(index, domain_of(self.world)),
            reason="ABOVE_BASELINE",
        )
        if self.expect(error, caller, registry.address, data):
            device.told.add(first + index)

    @rule(doctor=st.sampled_from(list(DOCTORS)), seconds=st.sampled_from((0, 60)))
    def suspend_doctor(self, doctor: str, seconds: int) -> None:
        until_s = self.world.chain.time_s + seconds if seconds else 0
        number = list(DOCTORS).index(doctor) + 1
        self.world.enact(SuspendDoctor(number, until_s))
        self.suspended_until_s[doctor] = until_s

    @rule(hospital=st.sampled_from(list(HOSPITAL_IDS)))
    def turn_hospital(self, hospital: str) -> None:
        was = self.verified[hospital]
        action = SuspendHospital if was else VerifyHospital
        self.world.enact(action(account(hospital)))
        self.verified[hospital] = not was

    @rule(chance=st.integers(0, 3))
    def erase(self, chance: int) -> None:
        if chance == 0 and "p2" not in self.erased:
            pmr = self.suite.pmr
            data = pmr.erase(RECORDS["p2"], b"GDPR-17".ljust(32, b"\0"))
            self.expect(None, "p2", pmr.address, data)
            self.erased.add("p2")

    @invariant()
    def bindings_are_those_of_the_model(self) -> None:
        for name, device in self.devices.items():
            bound = device.doctor is not None and device.patient is not None
            expected = Binding(
                account(device.doctor) if device.doctor else ZERO_ADDRESS,
                RECORDS[device.patient] if device.patient else 0,
                HOSPITAL_IDS[DOCTORS[device.doctor]] if device.doctor else 0,
                device.next,
            )
            found = self.view(self.suite.devices.binding_of(account(name)))
            assert (found, found.is_bound) == (expected, bound)

    def teardown(self) -> None:
        """No number was given twice, and what was filed and told stands."""
        registry, domain = self.suite.devices, domain_of(self.world)
        for name, device in self.devices.items():
            assert sum(len(each[0].readings) for each in device.batches.values()) == device.next
            for first, (batch, patient, _) in device.batches.items():
                found = self.view(registry.batch_of(batch_id_of(account(name), first)))
                assert (found.root, found.count) == (batch.root(domain), len(batch.readings))
                assert found.pmr_id == RECORDS[patient]
            for sequence in range(device.next):
                told = self.view(registry.is_alerted(account(name), sequence))
                assert told == (sequence in device.told)


TestDevices = as_tests(DevicesMachine)
