"""Cases of complaints, emergencies and copies: each function has one."""

from node.bench.gas_care_cases import CASES
from tests.bench.gas_rows import gas_of


def test_what_a_hospital_a_doctor_a_member_a_patient_and_a_desk_pay() -> None:
    first = gas_of("ConsentRegistry.emergencyAccess: typical")
    assert gas_of("ConsentRegistry.emergencyAccess: while one runs") < first < 150_000
    assert gas_of("ConsentRegistry.reviewEmergency: typical") < 50_000
    assert gas_of("ConsentRegistry.requestCopy: all records") < 100_000
    assert gas_of("ConsentRegistry.issueCopy: by the desk") < 60_000
    assert gas_of("ConsentRegistry.complainOfGrant: typical") < 120_000
    assert gas_of("GovernmentRegistry.vote: enacts: complaint upheld") < 150_000
    assert len(CASES) == 6
