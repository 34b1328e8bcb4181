"""Emergencies and copies of ConsentRegistry beside a model, to the second."""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from node.base.types import Hash32
from node.contracts.care_book import copies, emergencies, overdue_copies, unreviewed
from node.contracts.government_actions import SuspendHospital, VerifyHospital
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.world import DAY, MEMBERS, PMR_ID, account, content

PATIENTS = {"p1": 85_437, "p2": 85_438}
HOSPITAL_OF = {"d1": "h1", "d2": "h2"}
NUMBERS = {"h1": 1, "h2": 2}
REVIEW_S = COPY_S = 3 * DAY


@dataclass
class Broken:
    """One emergency."""

    emergency_id: Hash32
    doctor: str
    patient_id: int
    at_s: int
    until_s: int
    is_reviewed: bool = False


@dataclass
class Asked:
    """One request for a copy."""

    patient_id: int
    at_s: int
    is_issued: bool = False


class CareMachine(ContractMachine):
    """Two doctors of two hospitals, two patients; the record is the first patient's."""

    def start(self) -> None:
        self.verified = {"h1": True, "h2": True}
        self.broken: list[Broken] = []
        self.asked: list[Asked] = []
        self.told: list = []

    @property
    def consents(self):
        return self.suite.consents

    def act(self, error: str | None, sender, data: bytes):
        outcome = self.expect(error, sender, self.consents.address, data)
        if outcome is None:
            return None
        [event] = self.events(outcome)
        self.told.append(event)
        return event

    @rule(
        sender=st.sampled_from(("d1", "d2", "p1")),
        hospital=st.sampled_from(("h1", "h2")),
        patient_id=st.sampled_from((*PATIENTS.values(), 1)),
        reason=st.sampled_from(("coma", "coma", "")),
        seconds=st.sampled_from((0, 1, 600, DAY, DAY + 1)),
    )
    def break_the_glass(
        self, sender: str, hospital: str, patient_id: int, reason: str, seconds: int
    ) -> None:
        error = first_of(
            (HOSPITAL_OF.get(sender) != hospital, "DoctorNotActive"),
            (not self.verified[hospital], "HospitalNotVerified"),
            (patient_id not in PATIENTS.values(), "PatientUnknown"),
            (not reason, "ReasonMissing"),
            (not 0 < seconds <= DAY, "ConsentPeriod"),
        )
        data = self.consents.emergency_access(
            patient_id, hospital_id=NUMBERS[hospital], reason=reason, seconds=seconds
        )
        event = self.act(error, sender, data)
        if event is not None:
            now = self.world.chain.time_s
            assert event.until == now + seconds
            made = Broken(event.emergency_id, sender, patient_id, now, now + seconds)
            assert all(one.emergency_id != made.emergency_id for one in self.broken)
            self.broken.append(made)

    @rule(
        place=st.integers(0, 9),
        sender=st.sampled_from((*MEMBERS[:2], account("d1"))),
        outcome=st.sampled_from(("ok", "ok", "")),
        is_justified=st.booleans(),
        border_s=st.sampled_from((None, -1, 0, 1)),
    )
    def review(
        self, place: int, sender, outcome: str, is_justified: bool, border_s: int | None
    ) -> None:
        one = self.broken[place] if place < len(self.broken) else None
        if one is not None and border_s is not None:
            self.wait_until(one.at_s + REVIEW_S + border_s)
        error = first_of(
            (sender not in MEMBERS, "NotAuthorityMember"),
            (one is None, "EmergencyUnknown"),
            (one is not None and one.is_reviewed, "AlreadyReviewed"),
            (not outcome, "ReasonMissing"),
        )
        emergency_id = Hash32(b"\x01" * 32) if one is None else one.emergency_id
        data = self.consents.review_emergency(
            emergency_id, outcome=outcome, is_justified=is_justified
        )
        event = self.act(error, sender, data)
        if event is not None and one is not None:
            one.is_reviewed = True
            now = self.world.chain.time_s
            if not is_justified:
                one.until_s = min(one.until_s, now)
            assert (event.late, event.until) == (now > one.at_s + REVIEW_S, one.until_s)

    @rule(sender=st.sampled_from((*PATIENTS, "d1")), pmr_id=st.sampled_from((0, PMR_ID)))
    def request(self, sender: str, pmr_id: int) -> None:
        error = first_of(
            (sender not in PATIENTS, "PatientUnknown"),
            (pmr_id != 0 and sender != "p1", "NotPatient"),
        )
        event = self.act(error, sender, self.consents.request_copy(pmr_id))
        if event is not None:
            assert event.copy_id == len(self.asked) + 1
            self.asked.append(Asked(PATIENTS[sender], self.world.chain.time_s))

    @rule(
        number=st.integers(1, 9),
        hospital=st.sampled_from(("h1", "h1", "h2")),
        pmr_id=st.sampled_from((0, PMR_ID)),
        border_s=st.sampled_from((None, 0, 1)),
    )
    def issue(self, number: int, hospital: str, pmr_id: int, border_s: int | None) -> None:
        """Both patients stand at h1's desk, and h1 wrote the one entry, of the first patient."""
        one = self.asked[number - 1] if number <= len(self.asked) else None
        if one is not None and border_s is not None:
            self.wait_until(one.at_s + COPY_S + border_s)
        is_keeper = hospital == "h1" and (
            pmr_id == 0 or (one is not None and one.patient_id == PATIENTS["p1"])
        )
        error = first_of(
            (not self.verified[hospital], "HospitalNotVerified"),
            (one is None, "CopyUnknown"),
            (one is not None and one.is_issued, "AlreadyIssued"),
            (not is_keeper, "NotRecordKeeper"),
        )
        data = self.consents.issue_copy(number, content("copy"), pmr_id=pmr_id)
        event = self.act(error, hospital, data)
        if event is not None and one is not None:
            one.is_issued = True
            assert event.late == (self.world.chain.time_s > one.at_s + COPY_S)

    @rule(hospital=st.sampled_from(("h1", "h2")))
    def judge_hospital(self, hospital: str) -> None:
        action = SuspendHospital if self.verified[hospital] else VerifyHospital
        self.world.enact(action(account(hospital)))
        self.verified[hospital] = not self.verified[hospital]

    @precondition(lambda self: self.broken)
    @rule(place=st.integers(0, 9), off_s=st.sampled_from((-1, 0, 1)))
    def wait_for_the_end_of_an_emergency(self, place: int, off_s: int) -> None:
        self.wait_until(self.broken[place % len(self.broken)].until_s + off_s)

    def teardown(self) -> None:
        """The contract's counters and what events tell are the model's."""
        if not hasattr(self, "told"):
            return
        assert self.view(self.consents.emergency_count()) == len(self.broken)
        assert self.view(self.consents.copy_count()) == len(self.asked)
        for one in self.broken:
            kept = self.view(self.consents.emergency_of(one.emergency_id))
            assert (kept.at_s, kept.until_s) == (one.at_s, one.until_s)
            assert kept.is_reviewed == one.is_reviewed
        ends = [one.until_s for one in emergencies(self.told)]
        assert ends == [one.until_s for one in self.broken]
        open_ids = [one.emergency_id for one in self.broken if not one.is_reviewed]
        assert [one.emergency_id for one in unreviewed(self.told)] == open_ids
        assert len(copies(self.told)) == len(self.asked)
        now = self.world.chain.time_s
        late = [one for one in self.asked if not one.is_issued and now > one.at_s + COPY_S]
        assert len(overdue_copies(self.told, now)) == len(late)


TestCare = as_tests(CareMachine)
