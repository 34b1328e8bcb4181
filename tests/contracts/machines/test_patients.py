"""PatientRegistry with its recoveries beside a model: who a patient is at any second."""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.contracts.government_actions import SuspendHospital, VerifyHospital
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.world import account, content, x25519

FIRST = 85_437
PEOPLE = ("p1", "p2", "a", "b")
"""Accounts that are a patient's, or may become one's."""


@dataclass
class Running:
    """A recovery."""

    to: str
    ready_s: int = 0
    hospital: str = ""


class PatientsMachine(ContractMachine):
    """Two patients, one guardian who may also be a hospital, two free accounts."""

    def start(self) -> None:
        self.accounts = ["p1", "p2"]
        self.left: set[str] = set()
        self.identities = {"p1", "p2"}
        self.guardians = {0: "kin", 1: "kin"}
        self.running: dict[int, Running] = {}
        self.h2_is_verified = True
        for name in self.accounts:
            self.patients(None, name, self.suite.patients.set_guardian(account("kin")))

    def is_verified(self, name: str) -> bool:
        return name == "h1" or (name == "h2" and self.h2_is_verified)

    def taken(self, name: str) -> str | None:
        """Give the error for an account that cannot become a patient's."""
        return first_of(
            (name in ("h1", "h2") or name in self.accounts, "DuplicateRegistration"),
            (name in self.left, "AccountRetired"),
        )

    def patients(self, error: str | None, sender: str, data: bytes) -> bool:
        return self.expect(error, sender, self.suite.patients.address, data) is not None

    @rule(
        desk=st.sampled_from(("h1", "h2", "stranger")),
        name=st.sampled_from(PEOPLE),
        identity=st.sampled_from(("p1", "x", "y")),
    )
    def register(self, desk: str, name: str, identity: str) -> None:
        data = self.suite.patients.register(
            account(name), key=x25519(name), details=content(identity)
        )
        error = first_of(
            (not self.is_verified(desk), "HospitalNotVerified"),
            (identity in self.identities, "DuplicateRegistration"),
            (name in self.accounts, "DuplicateRegistration"),
            (name in self.left, "AccountRetired"),
        )
        if self.patients(error, desk, data):
            self.accounts.append(name)
            self.identities.add(identity)

    @rule(
        place=st.integers(0, 1),
        guardian=st.sampled_from(("kin", "kin", "h2", "self", "stranger")),
    )
    def name_a_guardian(self, place: int, guardian: str) -> None:
        sender = self.accounts[place]
        who = sender if guardian == "self" else guardian
        error = first_of(
            (guardian == "self", "GuardianUnfit"),
            (place in self.running, "RecoveryRunning"),
        )
        if self.patients(error, sender, self.suite.patients.set_guardian(account(who))):
            self.guardians[place] = who

    @rule(
        place=st.integers(0, 1),
        sender=st.sampled_from(("guardian", "guardian", "guardian", "stranger")),
        to=st.sampled_from((*PEOPLE, "h1", "guardian")),
    )
    def begin(self, place: int, sender: str, to: str) -> None:
        guardian = self.guardians.get(place)
        who = (guardian or "nobody") if sender == "guardian" else sender
        new = who if to == "guardian" else to
        error = first_of(
            (who != guardian, "NotGuardian"),
            (new == who, "GuardianUnfit"),
            (self.taken(new) is not None, self.taken(new) or ""),
        )
        data = self.suite.patients.start_recovery(
            FIRST + place, new_account=account(new), new_key=x25519(new)
        )
        if self.patients(error, who, data):
            self.running[place] = Running(new)

    @rule(place=st.integers(0, 1), hospital=st.sampled_from(("h1", "h2")))
    def begin_and_confirm(self, place: int, hospital: str) -> None:
        """Most recoveries come further than a draw of single steps would bring them."""
        free = [name for name in PEOPLE if self.taken(name) is None]
        if free and place in self.guardians:
            self.begin(place=place, sender="guardian", to=free[0])
            self.confirm(place=place, hospital=hospital, is_right=True)

    @rule(
        place=st.integers(0, 1),
        hospital=st.sampled_from(("h1", "h2", "stranger")),
        is_right=st.sampled_from((True, True, True, False)),
    )
    def confirm(self, place: int, hospital: str, is_right: bool) -> None:
        running = self.running.get(place)
        seen = running.to if running and is_right else "somebody else"
        error = first_of(
            (not self.is_verified(hospital), "HospitalNotVerified"),
            (running is None, "RecoveryUnknown"),
            (hospital == self.guardians.get(place), "GuardianUnfit"),
            (not is_right, "RecoveryDiffers"),
            (running is not None and running.ready_s != 0, "AlreadyConfirmed"),
        )
        data = self.suite.patients.confirm_recovery(
            FIRST + place, new_account=account(seen), new_key=x25519(seen)
        )
        if self.patients(error, hospital, data) and running is not None:
            running.ready_s = self.world.chain.time_s + 2 * 86_400
            running.hospital = hospital

    def is_over(self, running: Running) -> bool:
        return running.ready_s != 0 and self.next_s >= running.ready_s

    @rule(place=st.integers(0, 1))
    def object_to_it(self, place: int) -> None:
        running = self.running.get(place)
        error = first_of(
            (running is None, "RecoveryUnknown"),
            (
                running is not None
                and self.is_over(running)
                and self.is_verified(running.hospital),
                "RecoveryOver",
            ),
        )
        if self.patients(error, self.accounts[place], self.suite.patients.cancel_recovery()):
            del self.running[place]

    @rule(place=st.integers(0, 1), late_s=st.sampled_from((None, -1, 0, 1)))
    def finish(self, place: int, late_s: int | None) -> None:
        running = self.running.get(place)
        if running and running.ready_s and late_s is not None:
            self.wait_until(running.ready_s + late_s)
        found: str | None = "RecoveryUnknown"
        if running is not None:
            found = first_of(
                (not self.is_over(running), "RecoveryNotReady"),
                (not self.is_verified(running.hospital), "HospitalNotVerified"),
                (self.taken(running.to) is not None, self.taken(running.to) or ""),
            )
        data = self.suite.patients.finish_recovery(FIRST + place)
        if self.patients(found, "relay", data) and running is not None:
            self.left.add(self.accounts[place])
            self.accounts[place] = running.to
            del self.running[place]

    @rule()
    def the_other_hospital_falls_or_stands_again(self) -> None:
        action = SuspendHospital if self.h2_is_verified else VerifyHospital
        assert self.decide(None, action(account("h2")))
        self.h2_is_verified = not self.h2_is_verified

    @invariant()
    def the_two_patients_are_who_the_model_says(self) -> None:
        for place, name in enumerate(self.accounts[:2]):
            assert self.view(self.suite.patients.account_of(FIRST + place)) == account(name)

    def teardown(self) -> None:
        """Each number has one account, each account one number, and what was left has none."""
        registry = self.suite.patients
        for place, name in enumerate(self.accounts):
            assert self.view(registry.id_of(account(name))) == FIRST + place
        for name in self.left:
            assert self.view(registry.id_of(account(name))) == 0
        assert self.view(registry.next_patient_id()) == FIRST + len(self.accounts)
        for place, running in self.running.items():
            found = self.view(registry.recovery_of(FIRST + place))
            assert (found.new_account, found.ready_at) == (account(running.to), running.ready_s)


TestPatients = as_tests(PatientsMachine)
