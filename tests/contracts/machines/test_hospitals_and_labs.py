"""HospitalRegistry and LabRegistry beside a model: statuses, numbers, labs, orders filed once."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.contracts.government_actions import RevokeHospital, SuspendHospital, VerifyHospital
from node.contracts.hospital_registry import HospitalStatus
from node.contracts.lab_registry import OrderStatus, SharePlan
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.world import PMR_ID, TODAY, account, content

HOSPITALS = ("h1", "h2", "h3", "h4")
NUMBERS = ("IN/3", "IN/4")
LABS = ("l1", "l2", "l3")
ACTIONS = {"verify": VerifyHospital, "suspend": SuspendHospital, "revoke": RevokeHospital}


class HospitalsMachine(ContractMachine):
    """Two hospitals that are there, two that apply; three labs; orders of doctor d1 of h1."""

    def start(self) -> None:
        self.status = {"h1": HospitalStatus.VERIFIED, "h2": HospitalStatus.VERIFIED}
        self.numbers: dict[str, str] = {"IN/H1": "h1", "IN/H2": "h2"}
        self.ids = {"h1": 1, "h2": 2}
        self.labs = {"l1": "h1"}
        self.orders: list[tuple[str, bool]] = []  # lab, filed

    def is_verified(self, name: str) -> bool:
        return self.status.get(name) is HospitalStatus.VERIFIED

    @rule(name=st.sampled_from(HOSPITALS), number=st.sampled_from(NUMBERS))
    def apply(self, name: str, number: str) -> None:
        error = first_of(
            (name in self.status, "DuplicateRegistration"),
            (number in self.numbers, "DuplicateRegistration"),
        )
        data = self.world.application(name, number)
        if self.expect(error, name, self.suite.hospitals.address, data):
            self.status[name] = HospitalStatus.APPLIED
            self.numbers[number] = name

    @rule(name=st.sampled_from(HOSPITALS), what=st.sampled_from(tuple(ACTIONS)))
    def judge(self, name: str, what: str) -> None:
        if name == "h1" and what == "revoke":
            return  # its doctor writes the orders
        now = self.status.get(name, HospitalStatus.UNKNOWN)
        allowed = {
            "verify": (HospitalStatus.APPLIED, HospitalStatus.SUSPENDED),
            "suspend": (HospitalStatus.VERIFIED,),
            "revoke": (HospitalStatus.APPLIED, HospitalStatus.VERIFIED, HospitalStatus.SUSPENDED),
        }[what]
        wrong = "HospitalNotVerified" if what == "suspend" else "HospitalStatusWrong"
        if not self.decide(None if now in allowed else wrong, ACTIONS[what](account(name))):
            return
        if what == "revoke" and now is HospitalStatus.APPLIED:
            del self.status[name]
            self.numbers = {n: holder for n, holder in self.numbers.items() if holder != name}
            return
        if what == "verify" and now is HospitalStatus.APPLIED:
            self.ids[name] = max(self.ids.values()) + 1
        self.status[name] = {
            "verify": HospitalStatus.VERIFIED,
            "suspend": HospitalStatus.SUSPENDED,
            "revoke": HospitalStatus.REVOKED,
        }[what]

    @rule(hospital=st.sampled_from((*HOSPITALS, "stranger")), lab=st.sampled_from(LABS))
    def list_a_lab(self, hospital: str, lab: str) -> None:
        error = first_of(
            (not self.is_verified(hospital), "HospitalNotVerified"),
            (lab in self.labs, "DuplicateRegistration"),
        )
        data = self.suite.labs.list_lab(account(lab), "Lab")
        if self.expect(error, hospital, self.suite.labs.address, data):
            self.labs[lab] = hospital

    def lab_error(self, lab: str) -> str | None:
        return first_of(
            (lab not in self.labs, "LabNotListed"),
            (not self.is_verified(self.labs.get(lab, "")), "HospitalNotVerified"),
        )

    @rule(doctor=st.sampled_from(("d1", "d1", "stranger")), lab=st.sampled_from(LABS))
    def order(self, doctor: str, lab: str) -> None:
        error = first_of(
            (doctor != "d1", "DoctorNotActive"),
            (not self.is_verified("h1"), "HospitalNotVerified"),
            (self.lab_error(lab) is not None, self.lab_error(lab) or ""),
        )
        labs = self.suite.labs
        data = labs.order(PMR_ID, hospital_id=1, lab=account(lab), modality="CT", reason="R07.9")
        if self.expect(error, doctor, labs.address, data):
            self.orders.append((lab, False))

    @rule(which=st.integers(0, 10), sender=st.sampled_from(("its lab", "its lab", "l1", "l2")))
    def file(self, which: int, sender: str) -> None:
        number = which % (len(self.orders) + 1) + 1  # the last one is of no order
        known = number <= len(self.orders)
        lab, is_filed = self.orders[number - 1] if known else ("l1", True)
        who = lab if sender == "its lab" else sender
        error = first_of(
            (is_filed, "OrderNotOpen"),
            (who != lab, "NotOrderedLab"),
            (self.lab_error(who) is not None, self.lab_error(who) or ""),
        )
        data = self.suite.labs.file(
            number,
            modality="CT",
            captured=TODAY,
            reason="R07.9",
            content=content(f"study {number}"),
            plan=SharePlan(scheme_id=4, needed=3, total=5),
        )
        if self.expect(error, who, self.suite.labs.address, data):
            self.orders[number - 1] = (lab, True)

    @invariant()
    def active_hospitals_are_those_of_the_model(self) -> None:
        for name in HOSPITALS[1:]:
            found = self.view(self.suite.hospitals.is_active(account(name)))
            assert found == self.is_verified(name), name

    def teardown(self) -> None:
        """Numbers are never given twice, and every filed order is an entry of its own."""
        for name in HOSPITALS:
            found = self.view(self.suite.hospitals.hospital(account(name)))
            assert found.status == self.status.get(name, HospitalStatus.UNKNOWN)
            assert self.view(self.suite.hospitals.id_of(account(name))) == self.ids.get(name, 0)
        orders = [
            self.view(self.suite.labs.order_of(number + 1)) for number in range(len(self.orders))
        ]
        assert [each.status is OrderStatus.FILED for each in orders] == [
            is_filed for _, is_filed in self.orders
        ]
        filed = [each.entry_index for each in orders if each.entry_index is not None]
        assert sorted(filed) == list(range(1, len(filed) + 1))
        assert self.view(self.suite.pmr.entry_count(PMR_ID)) == 1 + len(filed)


TestHospitalsAndLabs = as_tests(HospitalsMachine)
