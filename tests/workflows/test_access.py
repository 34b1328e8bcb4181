from dataclasses import replace

import pytest

from node.privacy.consent import ALL_SECTIONS, Purpose, scope_of
from node.workflows.access import (
    REQUEST_SECONDS,
    deny,
    direct_request,
    grant,
    on_ledger,
    request_access,
    revoke,
)
from node.workflows.consult import Visit
from node.workflows.dealing import file_record
from node.workflows.requests import LeaveDeposit, Submit
from tests.workflows.stage import Stage, note

CUSTODIANS = 4


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0", "d1").register("p0", "p1")


@pytest.fixture(scope="module")
def visit(stage: Stage) -> Visit:
    return stage.visit()


def ask(stage: Stage, visit: Visit, *, doctor: str = "d1", patient: str = "p0", sections=None):
    who = stage.doctor(doctor), stage.patient(patient), visit.pmr_id
    return request_access(stage.ward, *who, purpose=Purpose.TREATMENT, sections=sections)


def give(stage: Stage, request, seconds: int = 600):
    return grant(stage.ward, request, seconds=seconds, entropy=stage.entropy())


def is_allowed(stage: Stage, visit: Visit, doctor: str = "d1") -> bool:
    account = stage.doctor(doctor).signer.address
    question = stage.contracts.consents.is_allowed(account, visit.pmr_id, stage.head_s())
    return stage.view(question)


def test_a_request_waits_on_the_ledger_for_the_patient(stage: Stage, visit: Visit) -> None:
    request = stage.do(ask(stage, visit))
    asked = stage.view(stage.contracts.consents.requested_of(request.request_id))
    assert asked == stage.patient("p0").patient_id
    assert (request.pmr_id, request.scope) == (visit.pmr_id, ALL_SECTIONS)
    assert REQUEST_SECONDS == 86_400


def test_a_request_may_name_sections(stage: Stage, visit: Visit) -> None:
    request = stage.do(ask(stage, visit, sections=("diagnosis", "later")))
    assert request.scope == scope_of(("diagnosis", "later"))


def test_a_request_opens_nothing(stage: Stage, visit: Visit) -> None:
    stage.do(ask(stage, visit))
    assert not is_allowed(stage, visit)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"doctor": "d2"}, "GranteeNotActive"),
        ({"patient": "p1"}, "NotPatient"),
        ({"patient": "p2"}, "PatientUnknown"),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    stage: Stage, visit: Visit, given: dict, error: str
) -> None:
    before = stage.traces()
    assert stage.revert(ask(stage, visit, **given)).name == error
    stage.run(3)
    assert stage.traces() == before


def test_a_grant_lasts_from_the_head_that_the_patient_sees(stage: Stage, visit: Visit) -> None:
    request = stage.do(ask(stage, visit))
    head_s = stage.head_s()
    made = stage.do(give(stage, request, 300))
    assert made.valid_from_s == head_s
    assert made.valid_until_s == head_s + 300
    assert is_allowed(stage, visit)
    assert stage.doctor("d1").grants[-1].grant_id == made.grant_id


def test_a_grant_is_relayed_by_the_doctors_hospital(stage: Stage, visit: Visit) -> None:
    patient, relay = visit.patient.signer.address, stage.hospital("h1").signer.address
    before = stage.traces(patient, relay)
    stage.grant(visit)
    after = stage.traces(patient, relay)
    assert after.nonces == (before.nonces[0], before.nonces[1] + 1)


def test_every_custodian_of_every_entry_gets_a_deposit(stage: Stage, visit: Visit) -> None:
    stage.visit("d1")
    made = stage.grant(visit)
    count = stage.view(stage.contracts.pmr.entry_count(visit.pmr_id))
    assert made.deposits == CUSTODIANS * count
    for core in stage.world.nodes.values():
        kept = [one for one, _ in core.custody.custodian.store.deposits() if one == made.grant_id]
        assert len(kept) == count


def test_a_record_of_which_the_ledger_knows_nothing_gets_no_deposit() -> None:
    """Its entry was refused, or the flow ran out of time: custodians would never take it."""
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    desk = stage.hospital("h0")
    stage.do(
        file_record(
            stage.ward,
            visit.patient,
            note("never written"),
            node=desk.node,
            dealer=desk.signer.address,
            pmr_id=visit.pmr_id,
            entropy=stage.entropy(),
        )
    )
    assert stage.grant(visit).deposits == CUSTODIANS
    assert len(stage.read(visit.pmr_id).entries) == 1


def test_a_grant_for_all_records_covers_those_of_other_days(stage: Stage, visit: Visit) -> None:
    doctor, patient = stage.doctor("d1"), stage.patient("p1")
    mine = stage.visit("d1", "p1")
    made = stage.do(give(stage, direct_request(doctor, patient, 0)))
    assert made.deposits == CUSTODIANS
    assert [one.pmr_id for one in doctor.grants if one.grant_id == made.grant_id] == [0]
    assert len(stage.read(mine.pmr_id).entries) == 1


def test_a_direct_grant_answers_no_request_and_covers_every_section(
    stage: Stage, visit: Visit
) -> None:
    request = direct_request(stage.doctor("d1"), visit.patient, visit.pmr_id)
    assert int.from_bytes(request.request_id) == 0
    assert (request.purpose, request.scope) == (Purpose.TREATMENT, ALL_SECTIONS)


@pytest.mark.parametrize("seconds", [0, -5, 400 * 86_400])
def test_a_window_that_is_none_or_too_long_is_refused(
    stage: Stage, visit: Visit, seconds: int
) -> None:
    longest = stage.view(stage.contracts.consents.grant_seconds_max())
    assert longest < 400 * 86_400
    request = direct_request(stage.doctor("d1"), visit.patient, visit.pmr_id)
    before, held = stage.traces(), len(stage.doctor("d1").grants)
    ended = stage.play(give(stage, request, seconds))
    assert ended.error is not None
    stage.run(3)
    assert stage.traces() == before
    assert len(stage.doctor("d1").grants) == held


def test_a_grant_of_less_than_the_wait_for_finality_is_good_for_its_time(
    stage: Stage, visit: Visit
) -> None:
    """Custodians judge by the time of their final block, and so does the window."""
    request = direct_request(stage.doctor("d1"), visit.patient, visit.pmr_id)
    made = stage.do(give(stage, request, 4))
    assert stage.head_s() >= made.valid_until_s
    assert stage.read(visit.pmr_id).entries


def test_nobody_signs_for_another_patients_record(stage: Stage, visit: Visit) -> None:
    request = direct_request(stage.doctor("d1"), stage.patient("p1"), visit.pmr_id)
    assert stage.revert(give(stage, request)).name == "NotPatient"


def test_a_denied_request_is_gone(stage: Stage, visit: Visit) -> None:
    request = stage.do(ask(stage, visit))
    stage.do(deny(stage.ward, request))
    consents = stage.contracts.consents
    assert stage.view(consents.requested_of(request.request_id)) == 0
    assert stage.revert(deny(stage.ward, request)).name == "RequestUnknown"


def test_only_the_patient_who_was_asked_denies(stage: Stage, visit: Visit) -> None:
    request = stage.do(ask(stage, visit))
    other = replace(request, patient=stage.patient("p1"))
    assert stage.revert(deny(stage.ward, other)).name == "NotPatient"


def test_a_revoked_grant_allows_nothing_and_cannot_be_revoked_again() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    made = stage.grant(visit)
    assert is_allowed(stage, visit)
    stage.do(revoke(stage.ward, made))
    assert not is_allowed(stage, visit)
    assert stage.revert(revoke(stage.ward, made)).name == "GrantUnknown"


def test_taking_back_a_list_that_was_cut_off_goes_on_with_the_rest() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    doctor, patient = stage.doctor("d1"), stage.patient("p0")
    asked = [
        direct_request(doctor, patient, visit.pmr_id, sections=(section,))
        for section in ("diagnosis", "insurance")
    ]
    made = stage.do(grant(stage.ward, *asked, seconds=600, entropy=stage.entropy()))
    stage.do(revoke(stage.ward, replace(made, others=())))
    assert is_allowed(stage, visit)
    stage.do(revoke(stage.ward, made))
    assert not is_allowed(stage, visit)
    assert stage.revert(revoke(stage.ward, made)).name == "GrantUnknown"


def test_no_other_patient_takes_a_grant_back(stage: Stage, visit: Visit) -> None:
    made = stage.grant(visit)
    other = replace(made, patient=stage.patient("p1"))
    assert stage.revert(revoke(stage.ward, other)).name == "GrantUnknown"
    assert is_allowed(stage, visit)


def test_a_grant_that_has_ended_is_not_revoked(stage: Stage, visit: Visit) -> None:
    made = stage.grant(visit, seconds=20)
    stage.until(lambda: stage.head_s() >= made.valid_until_s)
    assert stage.revert(revoke(stage.ward, made)).name == "GrantNotActive"


def test_the_contract_and_the_wallet_name_a_grant_alike(stage: Stage, visit: Visit) -> None:
    doctor = stage.doctor("d1")
    signed = visit.patient.wallet.consent(
        pmr_id=visit.pmr_id,
        grantee=doctor.signer.address,
        grantee_key=doctor.reader.sealing_public,
        purpose=Purpose.EMERGENCY,
        scope=scope_of(("insurance", "later")),
        valid_from_s=5,
        valid_until_s=6,
        nonce=7,
    )
    question = stage.contracts.consents.grant_id_of(on_ledger(signed.consent))
    assert stage.view(question) == signed.grant_id


def test_a_list_of_records_goes_in_one_transaction(stage: Stage) -> None:
    first, second = stage.visit(patient="p1"), stage.visit(patient="p1", doctor="d1")
    doctor, patient = stage.doctor("d0"), stage.patient("p1")
    later = direct_request(doctor, patient, 0, purpose=Purpose.RESEARCH, sections=("diagnosis",))
    requests = direct_request(doctor, patient, first.pmr_id), later
    before = stage.traces().transactions
    flow = grant(stage.ward, *requests, seconds=600, entropy=stage.entropy())
    made = stage.do(flow)
    assert stage.traces().transactions == before + 1
    assert [one.pmr_id for one in (made, *made.others)] == [first.pmr_id, 0]
    assert first.pmr_id == second.pmr_id  # one day, one token
    assert is_allowed(stage, first, "d0")
    stage.do(revoke(stage.ward, made))
    assert not is_allowed(stage, first, "d0")


# a grant that was cut off


def _until(flow, kind: type, times: int = 1):
    """The same flow, which ends where it asks for something the given time."""
    ask = next(flow)
    while True:
        times -= isinstance(ask.request, kind)
        if not times:
            flow.close()
            return
        answer = yield ask
        ask = flow.send(answer)


def _asked(stage: Stage, visit: Visit, doctor: str, *pmr_ids: int):
    who = stage.doctor(doctor)
    asked = [direct_request(who, visit.patient, one) for one in pmr_ids]
    return grant(stage.ward, *asked, seconds=600, entropy=stage.entropy())


@pytest.mark.parametrize("deposits", [1, 3, 5, 7])
def test_a_list_that_was_cut_off_behind_the_ledger_goes_on_with_the_next_grant(
    deposits: int,
) -> None:
    stage = Stage().onboard("d0", "d1", "d3").register("p0")
    visit = stage.visit()
    patient, doctor = visit.patient, stage.doctor("d1")
    stage.do(_until(_asked(stage, visit, "d1", visit.pmr_id, 0), LeaveDeposit, deposits))
    assert patient.granting
    assert is_allowed(stage, visit)
    assert stage.do(_asked(stage, visit, "d3", visit.pmr_id)).deposits == 4
    assert not patient.granting
    assert len(doctor.grants) == 2
    assert len(set(patient.lent)) == len(patient.lent) == 3
    assert stage.read(visit.pmr_id, "d1").entries
    assert stage.read(visit.pmr_id, "d3").entries


def test_a_grant_that_was_cut_off_before_the_ledger_is_absent() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    stage.do(_until(_asked(stage, visit, "d1", visit.pmr_id), Submit))
    assert not is_allowed(stage, visit)
    stage.do(_asked(stage, visit, "d0", visit.pmr_id))
    assert not is_allowed(stage, visit)
    assert not visit.patient.granting
    assert len(visit.patient.lent) == 1


def test_a_grant_that_was_cut_off_and_has_ended_stops_no_other() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    stage.do(_until(_asked(stage, visit, "d1", visit.pmr_id), LeaveDeposit))
    [(_, signed)] = visit.patient.granting.values()
    stage.until(lambda: stage.head_s() >= signed.consent.valid_until_s, limit_s=700)
    stage.do(_asked(stage, visit, "d0", visit.pmr_id))
    assert not visit.patient.granting
    assert not stage.doctor("d1").grants
