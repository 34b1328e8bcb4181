"""DoctorRegistry beside a model: numbers, affiliations, suspensions, and who may write."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.contracts.government_actions import (
    SUSPENDED_FOR_GOOD,
    RevokeHospital,
    SuspendDoctor,
    SuspendHospital,
    VerifyHospital,
)
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.world import World, account

HOSPITALS = ("h1", "h2", "h3")
DOCTORS = ("a", "b", "c")
REGISTRATIONS = ("UPRN-1", "UPRN-2", "UPRN-3")


@dataclass
class Doctor:
    """What the registry knows of one."""

    number: int
    name: str
    works_for: list[str] = field(default_factory=list)
    suspended_until_s: int = 0


def hospitals_alone() -> World:
    """Three Verified hospitals and nobody else."""
    world = World.deployed()
    for name in HOSPITALS:
        world.add_hospital(name)
    return world


class DoctorsMachine(ContractMachine):
    """Three hospitals, three people, three registration numbers."""

    build = staticmethod(hospitals_alone)

    def start(self) -> None:
        self.status = dict.fromkeys(HOSPITALS, "Verified")
        self.doctors: list[Doctor] = []
        self.by_registration: dict[str, Doctor] = {}

    def of(self, name: str) -> Doctor | None:
        return next((doctor for doctor in self.doctors if doctor.name == name), None)

    def is_verified(self, hospital: str) -> bool:
        return self.status.get(hospital) == "Verified"

    def is_active(self, doctor: Doctor, time_s: int) -> bool:
        return time_s >= doctor.suspended_until_s and any(map(self.is_verified, doctor.works_for))

    @rule(
        hospital=st.sampled_from((*HOSPITALS, "stranger")),
        name=st.sampled_from(DOCTORS),
        registration=st.sampled_from(REGISTRATIONS),
    )
    def onboard(self, hospital: str, name: str, registration: str) -> None:
        error = first_of(
            (not self.is_verified(hospital), "HospitalNotVerified"),
            (registration in self.by_registration, "DuplicateRegistration"),
            (self.of(name) is not None, "DuplicateRegistration"),
        )
        data = self.world.onboarding(name, registration)
        if self.expect(error, hospital, self.suite.doctors.address, data):
            doctor = Doctor(len(self.doctors) + 1, name, [hospital])
            self.doctors.append(doctor)
            self.by_registration[registration] = doctor

    @rule(hospital=st.sampled_from(HOSPITALS), number=st.integers(0, 4))
    def affiliate(self, hospital: str, number: int) -> None:
        doctor = self.doctors[number - 1] if 0 < number <= len(self.doctors) else None
        error = first_of(
            (not self.is_verified(hospital), "HospitalNotVerified"),
            (doctor is None, "DoctorUnknown"),
            (doctor is not None and hospital in doctor.works_for, "DuplicateRegistration"),
        )
        data = self.suite.doctors.affiliate(number)
        if self.expect(error, hospital, self.suite.doctors.address, data) and doctor is not None:
            doctor.works_for.append(hospital)

    @rule(
        place=st.integers(0, 2),
        until=st.sampled_from((0, 9, 10, 11, 3600, SUSPENDED_FOR_GOOD)),  # decided 10 s from now
    )
    def suspend(self, place: int, until: int) -> None:
        if not self.doctors:
            return
        doctor = self.doctors[place % len(self.doctors)]
        absolute = until in (0, SUSPENDED_FOR_GOOD)
        doctor.suspended_until_s = until if absolute else self.world.chain.time_s + until
        self.world.enact(SuspendDoctor(doctor.number, doctor.suspended_until_s))

    @rule(hospital=st.sampled_from(HOSPITALS), to=st.sampled_from(("Verified", "Suspended")))
    def judge_hospital(self, hospital: str, to: str) -> None:
        now = self.status[hospital]
        if now in (to, "Revoked"):
            return
        action = VerifyHospital if to == "Verified" else SuspendHospital
        self.world.enact(action(account(hospital)))
        self.status[hospital] = to

    @rule()
    def revoke_hospital(self) -> None:
        if self.status["h3"] != "Revoked":
            self.world.enact(RevokeHospital(account("h3")))
            self.status["h3"] = "Revoked"

    @rule(place=st.integers(0, 2), early_s=st.sampled_from((1, 0)))
    def wait_for_the_end_of_a_suspension(self, place: int, early_s: int) -> None:
        if self.doctors:
            until_s = self.doctors[place % len(self.doctors)].suspended_until_s
            if until_s != SUSPENDED_FOR_GOOD:
                self.world.chain.set_block(
                    self.world.chain.number, max(self.world.chain.time_s, until_s - early_s)
                )

    @invariant()
    def who_is_active_is_who_the_model_says(self) -> None:
        for doctor in self.doctors:
            found = self.view(self.suite.doctors.is_active(account(doctor.name)))
            assert found == self.is_active(doctor, self.world.chain.time_s), doctor

    def teardown(self) -> None:
        """Numbers went up by one, stayed, and every affiliation stands in its order."""
        registry = self.suite.doctors
        assert self.view(registry.doctor_count()) == len(self.doctors)
        for doctor in self.doctors:
            assert self.view(registry.id_of(account(doctor.name))) == doctor.number
        for registration, doctor in self.by_registration.items():
            assert self.view(registry.id_by_registration(registration)) == doctor.number
        numbers = {name: self.view(self.suite.hospitals.id_of(account(name))) for name in HOSPITALS}
        for doctor in self.doctors:
            expected = tuple(numbers[name] for name in doctor.works_for)
            assert self.view(self.suite.doctors.affiliations(doctor.number)) == expected


TestDoctors = as_tests(DoctorsMachine)
